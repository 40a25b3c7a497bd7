// "Save picture": the diagram as it stands, as an SVG or a PNG file.

import { element } from "../live/element.js";
import { CanvasBrush, SvgBrush } from "./brush.js";
import { paint } from "./paint.js";

export function savePicture(kind, { trace, plan, colors, pick }, alt) {
  const download = (blob) => {
    const link = element("a", "", { download: `${trace.title}.${kind}`, href: URL.createObjectURL(blob) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const page = element("canvas", "");
  const context = page.getContext("2d");
  if (kind === "svg") {
    const ruler = new CanvasBrush(context);
    const brush = new SvgBrush((text, size) => ruler.measure(text, size));
    paint(brush, plan, trace, colors, pick);
    download(new Blob([brush.toString(plan.width, plan.height, alt)], { type: "image/svg+xml" }));
    return;
  }
  [page.width, page.height] = [plan.width * 2, plan.height * 2];
  context.scale(2, 2);
  paint(new CanvasBrush(context), plan, trace, colors, pick);
  page.toBlob(download, "image/png");
}
