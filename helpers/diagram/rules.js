// What a cell of a step is made of: helpers/trace/rules.py again, for the browser.

import { at, number } from "./formulas.js";
import { valueAt } from "./grammar.js";
import { KINDS } from "./kinds.js";

const CUTTING = ["relu", "maximum", "minimum", "move"]; // what puts a plain 0 in the place of a number

export const terms = (step, index, inputs) => KINDS[step.kind].terms(step, index, inputs);

// What a formula begins with: the cell that it is of.
export const headOf = (step, index) => [at(index.length ? step.called : step.name, index), step.name];

// The cell's formula with names, then with numbers: a list of [text, name of the step it comes from].
// made: the step and the cell that its number is made in, where it was only moved from there; inputs are of that step.
export function formula(step, index, inputs, [maker, place] = [step, index]) {
  const kind = KINDS[maker.kind];
  // Exactly 0, whatever the decimals of the others.
  const cut = CUTTING.includes(maker.kind) && valueAt(maker, place) === 0;
  const result = [[number(valueAt(step, index), cut ? 0 : step.digits), step.name]];
  const parts = [...kind.formula(maker, place, inputs), result].flatMap((part) => [[" = ", ""], ...part]);
  const remark = kind.remark?.(maker, place, inputs);
  return [headOf(step, index), ...parts, ...(remark ? [[remark, ""]] : [])];
}
