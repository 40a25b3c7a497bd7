// Steps that no index rule describes: helpers/trace/kinds/unruled.py and tables.py again, for the browser. A move has
// one table, of places; the others have three: which set is each cell's, where the runs of each set start, and the runs.

import { bracketed, join, listed, names, numbers } from "./formulas.js";
import { flatten } from "./grammar.js";
import { oneSource } from "./moves.js";

// Which input a position in the numbers of all of them lies in, and the cell there.
function cellAtPosition(inputs, position) {
  let number = 0;
  while (position >= inputs[number].value.length) position -= inputs[number++].value.length;
  const { shape } = inputs[number];
  const index = [...shape];
  for (let i = shape.length - 1; i >= 0; i--) {
    index[i] = position % shape[i];
    position = (position - index[i]) / shape[i];
  }
  return [number, index];
}

const placeIn = ({ tables: [places], shape }, index) => places[flatten(shape, index)];

export const MOVE = {
  ...oneSource((step, index, inputs) => {
    const place = placeIn(step, index);
    return place < 0 ? null : cellAtPosition(inputs, place);
  }),
  remark: (step, index) => (placeIn(step, index) < 0 ? ", filled in" : ""),
};

// The positions that a cell is made of.
function positions({ tables: [which, starts, runs], shape }, index) {
  const set = which[flatten(shape, index)];
  const found = [];
  for (let i = starts[set]; i < starts[set + 1]; i++) {
    for (let place = runs[2 * i]; place < runs[2 * i + 1]; place++) found.push(place);
  }
  return found;
}

const eachSource = (step, index, inputs) => positions(step, index).map((place) => cellAtPosition(inputs, place));

function parts(step, index, inputs, sign) {
  const found = positions(step, index);
  return [
    [names(inputs), 3],
    [numbers(inputs), 8],
  ].map(([show, most]) =>
    join(
      listed(found, (place) => show(...cellAtPosition(inputs, place)), most),
      sign,
    ),
  );
}

// The sum of the cells that a table names.
export const SCATTER = {
  terms: (step, index, inputs) =>
    eachSource(step, index, inputs).map(([number, where]) => inputs.map((_, i) => (i === number ? where : null))),
  sources: (step, index, inputs) =>
    eachSource(step, index, inputs).map(([number, where]) => [inputs[number].name, where]),
  // One number is the result, none has no formula.
  formula: (step, index, inputs) => parts(step, index, inputs, " + ").slice(0, positions(step, index).length),
};

// An operation that nobody here can read: which numbers a cell is made of is known, and not how.
export const OPAQUE = {
  ...SCATTER,
  formula: (step, index, inputs) =>
    parts(step, index, inputs, ", ").map((pieces) => bracketed(pieces, `${step.operation}(`)),
  remark: (step, index) => (positions(step, index).length ? ": which numbers it is made of is known, not how" : ""),
};
