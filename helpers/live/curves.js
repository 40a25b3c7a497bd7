// Curves as they grow: the loss of a training, step by step. Python says where the lines run and the letters stand.

import { element } from "./element.js";

const SVG = "http://www.w3.org/2000/svg";

const svgElement = (tag, attributes) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

export function curves() {
  const piece = element("div", "attention-curves attention-piece", { role: "img" });
  const inside = element("div", "");
  piece.append(inside);
  return [
    piece,
    ({ label, width, height, room: [top, right, bottom, left], paths, texts }) => {
      piece.setAttribute("aria-label", label);
      piece.style.cssText = `max-width:${width}px;height:${height}px`;
      inside.style.inset = `${top}px ${right}px ${bottom}px ${left}px`;
      // The curves are stretched to the width, the letters are not: they stand beside them, by shares of the width.
      const svg = svgElement("svg", {
        viewBox: `0 0 100 ${height - top - bottom}`,
        preserveAspectRatio: "none",
        "aria-hidden": "true",
      });
      svg.append(...paths.map(([role, d]) => svgElement("path", { class: role, d })));
      const letters = texts.map(([role, place, words]) => {
        const made = element("span", role, {}, words);
        Object.assign(made.style, place);
        return made;
      });
      inside.replaceChildren(svg, ...letters);
    },
  ];
}
