// Seeing through hidden steps: helpers/trace/through.py again, for the browser. steps: all of them, by name.

import { bracketed, cellOf, join, listed, names, number, numbers } from "./formulas.js";
import { flatten, valueAt } from "./grammar.js";
import { KINDS } from "./kinds.js";
import { formula, headOf } from "./rules.js";

export const inputsOf = (step, steps) => step.inputs.map((name) => steps[name]);

const directOf = (step, index, steps) => KINDS[step.kind].sources(step, index, inputsOf(step, steps));

// The cells that one cell depends on, seen through hidden steps: [step name, index] of each.
export function sourcesThrough(step, index, steps) {
  const [found, done, left] = [[], new Map(), directOf(step, index, steps).reverse()];
  while (left.length) {
    const cell = left.pop();
    const [name, place] = cell;
    const source = steps[name];
    const known = done.get(name) ?? new Set();
    const key = flatten(source.shape, place);
    if (known.has(key)) continue;
    done.set(name, known.add(key));
    if (!source.hidden) {
      found.push(cell);
    } else if (place.every(Number.isInteger)) {
      // which row a blank id names stays open
      for (const one of directOf(source, place, steps).reverse()) left.push(one);
    }
  }
  return found;
}

// The cell that a number was moved from, back through hidden steps, to one that is shown, computed or filled in.
function origin(step, index, steps) {
  while (step.hidden) {
    const inputs = inputsOf(step, steps);
    const found = KINDS[step.kind].moved?.(step, index, inputs);
    if (!found) break;
    [step, index] = [inputs[found[0]], found[1]];
  }
  return [step, index];
}

// The steps that a step reads, as its formula names them: a hidden one calls its cells after where they come from.
const inputsThrough = (step, steps) =>
  inputsOf(step, steps).map((input) => {
    if (!input.hidden) return input;
    const seen = (where) => {
      const [source, place] = origin(input, where, steps);
      if (source.hidden && source.kind === "move") return [number(valueAt(source, place), source.digits), ""];
      return cellOf(source, place);
    };
    return Object.assign(Object.create(input), { seen });
  });

// The formula of a cell; a number that was moved has that of where it was made.
export function formulaThrough(step, index, steps) {
  if (step.folded) return closedFormula(step, index, steps);
  let made = [step, index];
  const inputs = inputsOf(step, steps);
  const found = KINDS[step.kind].moved?.(step, index, inputs);
  if (found) {
    const [source, place] = origin(inputs[found[0]], found[1], steps);
    if (source.hidden && (source.kind !== "given" || !source.axes.length)) made = [source, place];
  }
  return formula(step, index, inputsThrough(made[0], steps), made);
}

// Cells in the order of their matrices, then of their places.
function inOrder([i, one], [j, other]) {
  const at = one.findIndex((place, axis) => place !== other[axis]);
  return i - j || (at < 0 ? 0 : one[at] - other[at]);
}

// The formula of a cell that stands for a closed part of the code: which cells went in, and not how.
function closedFormula(step, index, steps) {
  const found = sourcesThrough(step, index, steps);
  const order = [...new Set(found.map(([name]) => name))];
  const read = order.map((name) => steps[name]);
  const cells = found.map(([name, where]) => [order.indexOf(name), where]).sort(inOrder);
  const inBrackets = (show, most) => {
    const terms = listed(cells, ([i, where]) => show(i, where), most);
    return bracketed(join(terms, ", "), `${step.folded}(`);
  };
  const parts = cells.length ? [inBrackets(names(read), 3), inBrackets(numbers(read), 8)] : [];
  const result = [[number(valueAt(step, index), step.digits), step.name]];
  return [headOf(step, index), ...[...parts, result].flatMap((part) => [[" = ", ""], ...part])];
}
