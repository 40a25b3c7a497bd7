// The same numbers in other places: helpers/trace/kinds/moves.py and parts.py again, for the browser.

import { cellOf, names } from "./formulas.js";
import { boundTo, cutIndices, dictionary, parse, valueAt } from "./grammar.js";

const isSame = (before, after) => before.length === after.length && after.every((axis) => before.includes(axis));

// A kind whose cells are each one cell of an input: `find` gives the number of the input and the cell there, or null for
// a number that is filled in.
export const oneSource = (find) => ({
  moved: find,
  terms(step, index, inputs) {
    const found = find(step, index, inputs);
    return found ? [inputs.map((_, i) => (i === found[0] ? found[1] : null))] : [];
  },
  sources(step, index, inputs) {
    const found = find(step, index, inputs);
    return found ? [[inputs[found[0]].name, found[1]]] : [];
  },
  formula(step, index, inputs) {
    const found = find(step, index, inputs);
    return found ? [[names(inputs)(...found)]] : [];
  },
});

// Where the number stood before a reshape: back through its shapes, link by link.
export const RESHAPE = oneSource((step, index, inputs) => {
  const rule = parse(step.rule);
  const links = [rule.inputs[0], ...rule.through, rule.output];
  const sizes = dictionary();
  links[0].forEach((axis, i) => (sizes[axis] = inputs[0].shape[i]));
  rule.output.forEach((axis, i) => (sizes[axis] = step.shape[i]));
  for (let i = links.length - 1; i > 0; i--) {
    const [after, before] = [links[i], links[i - 1]];
    if (isSame(before, after)) {
      index = before.map((axis) => index[after.indexOf(axis)]);
      continue;
    }
    let flat = after.reduce((sum, axis, j) => sum * sizes[axis] + index[j], 0);
    index = before.map((axis) => sizes[axis]);
    for (let j = index.length - 1; j >= 0; j--) {
      const size = index[j];
      index[j] = flat % size;
      flat = (flat - index[j]) / size;
    }
  }
  return [0, index];
});

export const SLICE = oneSource((step, index, inputs) => {
  const { inputs: axes, cuts } = parse(step.rule);
  const places = index.map((place, i) => {
    const cut = cuts[axes[0][i]];
    return cut ? cutIndices(cut, inputs[0].shape[i])[place] : place;
  });
  return [0, places];
});

export const CONCATENATE = oneSource((step, index, inputs) => {
  const { output, fresh } = parse(step.rule);
  const along = output.indexOf(fresh[0]);
  const where = [...index];
  let number = 0;
  while (where[along] >= inputs[number].shape[along]) where[along] -= inputs[number++].shape[along];
  return [number, where];
});

export const REPEAT = oneSource((step, index, inputs) => {
  const { inputs: axes, output, fresh, gone } = parse(step.rule);
  const bound = boundTo(output, index);
  if (gone.length) {
    const times = step.shape[output.indexOf(fresh[0])] / inputs[0].shape[axes[0].indexOf(gone[0])];
    bound[gone[0]] = Math.floor(bound[fresh[0]] / times);
  }
  return [0, axes[0].map((axis) => bound[axis])];
});

export const LOOKUP = {
  terms(step, index, inputs) {
    const [table, ids] = parse(step.rule).inputs;
    const bound = boundTo(parse(step.rule).output, index);
    const where = ids.map((axis) => bound[axis]);
    return [[[valueAt(inputs[1], where), ...table.slice(1).map((axis) => bound[axis])], where]];
  },
  moved: (step, index, inputs) => [0, LOOKUP.terms(step, index, inputs)[0][0]],
  sources: (step, index, inputs) => [[inputs[0].name, LOOKUP.terms(step, index, inputs)[0][0]]],
  formula(step, index, inputs) {
    const [[row, ids]] = LOOKUP.terms(step, index, inputs);
    const [{ name, called }, idsOf] = inputs;
    const tail = row.slice(1).map((place) => `,${place}`);
    return [[[`${called}[`, name], cellOf(idsOf, ids), [`${tail.join("")}]`, name]], [names(inputs)(0, row)]];
  },
};
