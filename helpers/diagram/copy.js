// What can be taken along: a matrix as code or as a table, a formula as text. All digits: each number reads back as the
// same float64.

import { question } from "./annotations.js";
import { dictionary } from "./grammar.js";
import { shapeText } from "./layout.js";
import { formulaThrough } from "./through.js";

const TORCH = { NaN: "torch.nan", Infinity: "torch.inf", "-Infinity": "-torch.inf" };
const NUMPY = { NaN: "np.nan", Infinity: "np.inf", "-Infinity": "-np.inf" };
const SHEET = { NaN: "#N/A", Infinity: "inf", "-Infinity": "-inf" };

// A number as code: the shortest that reads back as the same. words: what the target calls those that are none.
function spelled(value, whole, words) {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return words[text] ?? (whole || /[.e]/.test(text) ? text : `${text}.0`);
}

// The numbers of a step in nested brackets, a row a line, each line below the one before. before: what stands in front.
function nested({ shape, value, whole }, words, before) {
  const write = (axis, start, size) => {
    if (axis === shape.length) return spelled(value[start], whole, words);
    const part = size / shape[axis];
    const inside = Array.from({ length: shape[axis] }, (_, i) => write(axis + 1, start + i * part, part));
    const apart = axis === shape.length - 1 ? ", " : `,${"\n".repeat(shape.length - 1 - axis)}${indent(axis + 1)}`;
    return `[${inside.join(apart)}]`;
  };
  const indent = (deep) => " ".repeat(before.length + deep);
  return before + write(0, 0, value.length);
}

export const asTorch = (step) => `${nested(step, TORCH, "torch.tensor(")}${step.whole ? "" : ", dtype=torch.float64"})`;

export const asNumpy = (step) => `${nested(step, NUMPY, "np.array(")})`;

// Rows and columns for a spreadsheet. Of higher axes each block has a line that says which it is.
export function asTable({ axes, shape, value, whole }) {
  const columns = shape.at(-1) ?? 1;
  const size = columns * (shape.at(-2) ?? 1);
  const blocks = [];
  for (let start = 0; start < value.length; start += size) {
    const higher = shape.slice(0, -2);
    let rest = start / size;
    const place = [...higher].reverse().map((many) => {
      const at = rest % many;
      rest = (rest - at) / many;
      return at;
    });
    const title = higher.length
      ? [
          place
            .reverse()
            .map((at, i) => `${axes[i]}=${at}`)
            .join("\t"),
        ]
      : [];
    const rows = [];
    for (let row = start; row < start + size; row += columns) {
      rows.push(
        [...value.slice(row, row + columns)].map((one) => spelled(one, whole || one % 1 === 0, SHEET)).join("\t"),
      );
    }
    blocks.push([...title, ...rows].join("\n"));
  }
  return blocks.join("\n\n");
}

// The formula of a cell, each number with all its digits; one that is asked for tells none. steps: all of them, by name.
export function asFormula([name, index], steps) {
  const exact = dictionary(
    Object.entries(steps).map(([one, step]) => [one, Object.assign(Object.create(step), { digits: Infinity })]),
  );
  const pieces = formulaThrough(exact[name], index, exact);
  return (steps[name].blank ? question(pieces) : pieces).map(([text]) => text).join("");
}

// What the menu offers. take(cell, steps): the text.
const ofMatrix =
  (write) =>
  ([name], steps) =>
    write(steps[name]);
export const OFFERS = [
  { label: "Formula", take: asFormula },
  { label: "torch.tensor(…)", take: ofMatrix(asTorch) },
  { label: "NumPy", take: ofMatrix(asNumpy) },
  { label: "Table", take: ofMatrix(asTable) },
];

export const titleOf = (step, appearance) => `${step.name} ${shapeText(step, appearance)}`;
