// A whole step at once: what helpers/trace/rules.py calls `evaluate`, for the browser. Cell by cell, and so a step whose
// inputs have changed is made anew without Python.

import { COMPARE, dictionary, flatten, parse } from "../grammar.js";
import { KINDS } from "../kinds.js";

const EPSILON = 1e-5; // what rsqrt adds

// How far apart the numbers of a matrix stand along each of some axes; 0 along one that it has not.
function stridesAlong(every, axes, shape) {
  const own = dictionary();
  let step = 1;
  for (let i = axes.length - 1; i >= 0; i--) {
    own[axes[i]] = step;
    step *= shape[i];
  }
  return every.map((axis) => own[axis] ?? 0);
}

// Go through all indices of some axes, the last one fastest. visit(places, index): where each of several matrices stands.
function sweep(sizes, strides, visit) {
  if (sizes.includes(0)) return;
  const index = sizes.map(() => 0);
  const places = strides.map(() => 0);
  for (;;) {
    visit(places, index);
    let axis = sizes.length - 1;
    for (; axis >= 0; axis--) {
      const isLast = ++index[axis] === sizes[axis];
      const jump = isLast ? 1 - sizes[axis] : 1;
      for (let k = 0; k < places.length; k++) places[k] += strides[k][axis] * jump;
      if (!isLast) break;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

// A guard as a function of an index along these axes.
function guardOver(every, guard) {
  const side = ({ axis, offset }) => [axis ? every.indexOf(axis) : -1, offset];
  const clauses = guard.map((clause) =>
    clause.map(({ left, sign, right }) => [side(left), COMPARE[sign], side(right)]),
  );
  const worth = ([at, offset], index) => (at < 0 ? 0 : index[at]) + offset;
  return (index) =>
    clauses.every((clause) => clause.some(([left, holds, right]) => holds(worth(left, index), worth(right, index))));
}

// Go through the terms of all cells. visit(place of the cell, places of its inputs, index).
function eachTerm(step, inputs, visit) {
  const rule = parse(step.rule);
  const every = [...rule.output, ...rule.gone];
  const sizes = dictionary();
  rule.inputs.forEach((axes, i) => axes.forEach((axis, j) => (sizes[axis] = inputs[i].shape[j])));
  rule.output.forEach((axis, i) => (sizes[axis] = step.shape[i]));
  const strides = [step, ...inputs].map(({ shape }, i) =>
    stridesAlong(every, i ? rule.inputs[i - 1] : rule.output, shape),
  );
  const isKept = rule.guard.length ? guardOver(every, rule.guard) : null;
  sweep(
    every.map((axis) => sizes[axis]),
    strides,
    (places, index) => visit(places, !isKept || isKept(index)),
  );
}

const fresh = (step, number = 0) => new Float64Array(step.shape.reduce((a, b) => a * b, 1)).fill(number);

// -- many terms become one number ----------------------------------------------------------------

function summed(step, inputs) {
  const found = fresh(step);
  const values = inputs.map(({ value }) => value);
  eachTerm(step, inputs, (places, isKept) => {
    if (!isKept) return;
    let product = 1;
    for (let i = 0; i < values.length; i++) product *= values[i][places[i + 1]];
    found[places[0]] += product;
  });
  return step.factor === 1 ? found : found.map((sum) => step.factor * sum);
}

function averaged(step, [{ value, shape }]) {
  const [found, counted] = [fresh(step), fresh(step)];
  eachTerm(step, [{ value, shape }], ([cell, place], isKept) => {
    if (!isKept) return;
    found[cell] += value[place];
    counted[cell] += 1;
  });
  return found.map((sum, i) => sum / counted[i]); // the mean of no terms is NaN
}

const utmost = (of, end) => (step, inputs) => {
  const found = fresh(step, end);
  eachTerm(step, inputs, ([cell, place], isKept) => {
    if (isKept) found[cell] = of(found[cell], inputs[0].value[place]);
  });
  return found;
};

// -- one cell from each input --------------------------------------------------------------------

const combined = (of) => (step, inputs) => {
  const found = fresh(step);
  eachTerm(step, inputs, ([cell, ...places]) => {
    found[cell] = places.map((place, i) => inputs[i].value[place]).reduce(of);
  });
  return found;
};

const curved = (of) => (step, inputs) => {
  const found = fresh(step);
  eachTerm(step, inputs, ([cell, place]) => (found[cell] = of(inputs[0].value[place])));
  return found;
};

// The error function: its series, and far out the continued fraction of what is left to 1.
function erf(x) {
  const size = Math.abs(x);
  if (!(size < 6)) return Number.isNaN(x) ? x : Math.sign(x);
  const bell = (2 / Math.sqrt(Math.PI)) * Math.exp(-size * size);
  if (size > 2.5) {
    let below = size;
    for (let n = 60; n > 0; n--) below = size + n / 2 / below;
    return Math.sign(x) * (1 - bell / 2 / below);
  }
  let [term, sum] = [size, size];
  for (let n = 1; term > 1e-17 * sum; n++) sum += term *= (2 * size * size) / (2 * n + 1);
  return Math.sign(x) * bell * sum;
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const bent = (x) => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);

// -- masks and shares ----------------------------------------------------------------------------

function masked(step, inputs) {
  const found = fresh(step, -Infinity);
  const [{ value }, ...masks] = inputs;
  eachTerm(step, inputs, ([cell, place, ...others], isKept) => {
    if (isKept && others.every((other, i) => masks[i].value[other] !== 0)) found[cell] = value[place];
  });
  return found;
}

// Each row along the axis that has a new name, through a function of its numbers.
const alongRows =
  (of) =>
  (step, [{ value, shape }]) => {
    const { inputs, gone } = parse(step.rule);
    const along = inputs[0].indexOf(gone[0]);
    const apart = shape.slice(along + 1).reduce((a, b) => a * b, 1);
    const found = fresh(step);
    for (let start = 0; start < value.length; start++) {
      if (Math.floor(start / apart) % shape[along]) continue;
      const row = Array.from({ length: shape[along] }, (_, i) => value[start + i * apart]);
      of(row).forEach((share, i) => (found[start + i * apart] = share));
    }
    return found;
  };

function softened(row) {
  const top = row.reduce((a, b) => Math.max(a, b)); // taken off, it changes nothing but keeps e^x from overflowing
  const powers = row.map((score) => Math.exp(score - top));
  const total = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / total);
}

function divided(row) {
  const total = row.reduce((a, b) => a + b);
  return row.map((own) => (total === 0 ? NaN : own / total));
}

// -- the same numbers in other places ------------------------------------------------------------

// A number that comes from nowhere is filled in, and stays.
function relocated(step, inputs) {
  const found = fresh(step);
  const { moved: find } = KINDS[step.kind];
  const index = step.shape.map(() => 0);
  for (let cell = 0; cell < found.length; cell++) {
    const from = find(step, [...index], inputs);
    found[cell] = from ? inputs[from[0]].value[flatten(inputs[from[0]].shape, from[1])] : step.value[cell];
    for (let axis = index.length - 1; axis >= 0 && ++index[axis] === step.shape[axis]; axis--) index[axis] = 0;
  }
  return found;
}

function scattered({ tables: [which, starts, runs] }, inputs) {
  const every = inputs.flatMap(({ value }) => [...value]);
  return Float64Array.from(which, (set) => {
    let sum = 0;
    for (let i = starts[set]; i < starts[set + 1]; i++) {
      for (let place = runs[2 * i]; place < runs[2 * i + 1]; place++) sum += every[place];
    }
    return sum;
  });
}

const VALUES = {
  "sum-product": summed,
  mean: averaged,
  max: utmost(Math.max, -Infinity),
  min: utmost(Math.min, Infinity),
  add: combined((a, b) => a + b),
  subtract: combined((a, b) => a - b),
  quotient: combined((a, b) => a / b),
  maximum: combined((a, b) => Math.max(a, b)),
  minimum: combined((a, b) => Math.min(a, b)),
  ...Object.fromEntries(Object.entries(COMPARE).map(([sign, of]) => [sign, combined((a, b) => Number(of(a, b)))])),
  mask: masked,
  softmax: alongRows(softened),
  normalize: alongRows(divided),
  exp: curved(Math.exp),
  log: curved(Math.log),
  sqrt: curved(Math.sqrt),
  rsqrt: curved((x) => (x > -EPSILON ? Math.abs(x + EPSILON) ** -0.5 : NaN)),
  sigmoid: curved(sigmoid),
  tanh: curved(Math.tanh),
  relu: curved((x) => Math.max(x, 0)),
  gelu: curved((x) => (x * (1 + erf(x / Math.SQRT2))) / 2),
  "gelu-tanh": curved((x) => 0.5 * x * (1 + Math.tanh(bent(x)))),
  silu: curved((x) => x * sigmoid(x)),
  softplus: curved((x) => (x === Infinity ? x : Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))))),
  erf: curved(erf),
  abs: curved(Math.abs),
  sin: curved(Math.sin),
  cos: curved(Math.cos),
  ...Object.fromEntries(
    ["lookup", "reshape", "slice", "concatenate", "repeat", "move"].map((kind) => [kind, relocated]),
  ),
  scatter: scattered,
};

// The numbers of a step, made of its inputs; null where no rule says them.
export const evaluate = (step, inputs) => VALUES[step.kind]?.(step, inputs) ?? null;
