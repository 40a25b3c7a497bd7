// A page on paper: nothing folded, light, and pictures as wide as the sheet at most.

const OF_PAPER = 670; // pixels: what A4 has between its margins

export function preparePaper() {
  const html = document.documentElement;
  let undo = [];
  addEventListener("beforeprint", () => {
    const theme = html.getAttribute("theme");
    html.setAttribute("theme", "light");
    undo = [() => html.setAttribute("theme", theme)];
    for (const folded of document.querySelectorAll(".words details:not([open])")) {
      folded.open = true;
      undo.push(() => (folded.open = false));
    }
    for (const picture of document.querySelectorAll(".alive")) {
      const width = picture.clientWidth;
      Object.assign(picture.style, { width: `${width}px`, zoom: Math.min(1, OF_PAPER / width) });
      undo.push(() => Object.assign(picture.style, { width: "", zoom: "" }));
    }
  });
  addEventListener("afterprint", () => {
    for (const back of undo) back();
  });
}
