// The kinds of step: helpers/trace/kinds again, for the browser. Each has, for one cell, its terms (for each, the index
// of the cell that each input gives to it), its sources (the cells with a non-zero derivative) and the middle parts of
// its formula (with names, then with numbers); some have a remark, and some can say where a number was moved from.

import { at, bracketed, cellOf, factors, join, names, number, numbers, shortened } from "./formulas.js";
import { boundTo, COMPARE, clauseHolds, comparisonText, flatten, holds, parse, SIGNS, valueAt } from "./grammar.js";
import { CONCATENATE, LOOKUP, REPEAT, RESHAPE, SLICE } from "./moves.js";
import { MOVE, OPAQUE, SCATTER } from "./tables.js";

const same = (a, b) => a.every((place, i) => place === b[i]);

// The terms of a rule that is read as an einsum is.
function ruleTerms(step, index, inputs) {
  const rule = parse(step.rule);
  const bound = boundTo(rule.output, index);
  const free = [];
  rule.inputs.forEach((axes, i) =>
    axes.forEach((axis, j) => {
      if (!(axis in bound)) {
        bound[axis] = 0;
        free.push([axis, inputs[i].shape[j]]);
      }
    }),
  );
  const found = [];
  const walk = (depth) => {
    if (depth < free.length) {
      const [axis, size] = free[depth];
      for (let i = 0; i < size; i++) {
        bound[axis] = i;
        walk(depth + 1);
      }
    } else if (holds(rule.guard, bound)) {
      found.push(rule.inputs.map((axes) => axes.map((axis) => bound[axis])));
    }
  };
  walk(0);
  return found;
}

// Where the numbers of each input begin, counted through all of them; the same matrix again has the same numbers.
function firsts(inputs) {
  let end = 0;
  return inputs.map((input, i) => {
    const again = inputs.findIndex(({ name }) => name === input.name);
    end += input.value.length;
    return again < i
      ? inputs.slice(0, again).reduce((sum, { value }) => sum + value.length, 0)
      : end - input.value.length;
  });
}

const everyCell = (found, inputs) => found.flatMap((term) => term.map((where, i) => [inputs[i].name, where]));
const bothWays = (inputs, write) => [write(names(inputs), 3), write(numbers(inputs), 8)];

const GIVEN = { terms: () => [], sources: () => [], formula: () => [] };

// -- many terms become one number ----------------------------------------------------------------

const orNothing = (word, written) => (step, index, inputs) => {
  const found = ruleTerms(step, index, inputs);
  return found.length ? written(step, found, inputs) : [[[`the ${word} of no terms`, ""]]];
};

const SUM_PRODUCT = {
  terms: ruleTerms,
  // Turned around: one number, and no factor.
  moved(step, index, inputs) {
    const { inputs: axes, output, guard, gone } = parse(step.rule);
    if (inputs.length > 1 || step.factor !== 1 || guard.length) return null;
    if (gone.some((axis) => inputs[0].shape[axes[0].indexOf(axis)] > 1)) return null;
    const bound = boundTo(output, index);
    return [0, axes[0].map((axis) => bound[axis] ?? 0)];
  },
  sources(step, index, inputs) {
    // A cell may stand in several terms, and these may cancel. Numbers as keys: there are thousands.
    const slopes = new Map();
    const first = firsts(inputs);
    for (const term of ruleTerms(step, index, inputs)) {
      const values = term.map((where, i) => valueAt(inputs[i], where));
      term.forEach((where, i) => {
        const others = values.reduce((product, value, j) => (j === i ? product : product * value), 1);
        const key = first[i] + flatten(inputs[i].shape, where);
        const known = slopes.get(key);
        if (known) known.slope += step.factor * others;
        else slopes.set(key, { cell: [inputs[i].name, where], slope: step.factor * others });
      });
    }
    return [...slopes.values()].filter(({ slope }) => slope !== 0).map(({ cell }) => cell);
  },
  formula: orNothing("sum", (step, found, inputs) => {
    const live = found.filter((term) => term.every((where, i) => valueAt(inputs[i], where) !== 0));
    const zeros = found.length - live.length;
    const folded = zeros > 2 ? [[[`${zeros} × 0`, ""]]] : [];
    const named = join(shortened(factors(found, names(inputs)), 3));
    const counted = join([...shortened(factors(folded.length ? live : found, numbers(inputs)), 8), ...folded]);
    if (step.factor === 1) return found.length === 1 && found[0].length === 1 ? [named] : [named, counted];
    const factor = number(step.factor, Math.max(step.digits, 3));
    const wrap = (pieces, wide) => bracketed(pieces, `${factor}·${wide ? "(" : ""}`, wide ? ")" : "");
    return [wrap(named, found.length > 1), wrap(counted, found.length > 1 || counted[0][0].startsWith("−"))];
  }),
};

const MEAN = {
  terms: ruleTerms,
  sources: (step, index, inputs) => everyCell(ruleTerms(step, index, inputs), inputs),
  formula: orNothing("mean", (_, found, inputs) =>
    bothWays(inputs, (show, most) =>
      bracketed(join(shortened(factors(found, show), most)), "(", `) / ${found.length}`),
    ),
  ),
};

const extreme = (name, word) => ({
  terms: ruleTerms,
  sources(step, index, inputs) {
    const mine = valueAt(step, index);
    const found = ruleTerms(step, index, inputs).filter(([where]) => valueAt(inputs[0], where) === mine);
    return everyCell(found, inputs);
  },
  formula: orNothing(word, (_, found, inputs) =>
    bothWays(inputs, (show, most) => bracketed(join(shortened(factors(found, show), most), ", "), `${name}(`)),
  ),
});

// -- one cell from each input --------------------------------------------------------------------

const between = (sign, sources) => ({
  terms: ruleTerms,
  sources(step, index, inputs) {
    const [term] = ruleTerms(step, index, inputs);
    // A number minus itself is 0 whatever the number, and divided by itself it is 1.
    const mirrored = new Set(term.map((where, i) => at(inputs[i].name, where))).size === 1;
    const found = everyCell([term], inputs);
    return sources(found, mirrored, term, inputs, valueAt(step, index));
  },
  formula(step, index, inputs) {
    const [term] = ruleTerms(step, index, inputs);
    return bothWays(inputs, (show) =>
      join(
        term.map((where, i) => [show(i, where)]),
        sign,
      ),
    );
  },
});

const QUOTIENT = between(" / ", (found, mirrored, term, inputs) => {
  const [above, below] = term.map((where, i) => valueAt(inputs[i], where));
  if (mirrored || !Number.isFinite(below)) return []; // what is divided by infinity is 0
  return found.filter((_, i) => i === 0 || above !== 0 || below === 0);
});

// The larger, or the smaller, of two cells.
function choice(word) {
  const { terms, sources, formula } = between(", ", (found, _mirrored, term, inputs, mine) =>
    found.filter((_, i) => valueAt(inputs[i], term[i]) === mine),
  );
  const inBrackets = (...asked) => formula(...asked).map((pieces) => bracketed(pieces, `${word}(`));
  return { terms, sources, formula: inBrackets };
}

// What is compared with itself comes out alike whatever the number.
const compared = (sign) => between(` ${SIGNS[sign] ?? sign} `, (found, mirrored) => (mirrored ? [] : found));

// A function of one number; flat: where, other than at −∞, a small change of it moves nothing.
const written = (parts, flat = () => false) => ({
  terms: ruleTerms,
  sources(step, index, inputs) {
    const [[where]] = ruleTerms(step, index, inputs);
    const x = valueAt(inputs[0], where);
    // At −∞ every curve here has an end that is flat.
    return x === -Infinity || flat(x) ? [] : [[inputs[0].name, where]];
  },
  formula(step, index, inputs) {
    const [[where]] = ruleTerms(step, index, inputs);
    return bothWays(inputs, (show) => {
      const [text, name] = show(0, where);
      const term = { x: [text, name], "(x)": [text.startsWith("−") ? `(${text})` : text, name] };
      return parts.map((part) => term[part] ?? [part, ""]);
    });
  },
});

// -- masks and shares ----------------------------------------------------------------------------

const maskTerms = (step, index, inputs) =>
  ruleTerms(step, index, inputs).filter((term) => term.every((where, i) => i === 0 || valueAt(inputs[i], where) !== 0));

const MASK = {
  terms: maskTerms,
  sources: (step, index, inputs) => maskTerms(step, index, inputs).map(([where]) => [inputs[0].name, where]),
  formula: (step, index, inputs) => maskTerms(step, index, inputs).map(([where]) => [names(inputs)(0, where)]),
  // Why a cell is masked: ", because s=1 ≤ t=0 is false".
  remark(step, index, inputs) {
    const rule = parse(step.rule);
    const bound = boundTo(rule.output, index);
    const failed = rule.guard.find((clause) => !clauseHolds(clause, bound));
    if (failed) return `, because ${failed.map((one) => comparisonText(one, bound)).join(" or ")} is false`;
    for (let i = 1; i < inputs.length; i++) {
      const where = rule.inputs[i].map((axis) => bound[axis] ?? 0); // an axis of size 1 may vanish
      if (valueAt(inputs[i], where) === 0) return `, because ${cellOf(inputs[i], where)[0]} = 0`;
    }
    return "";
  },
};

// The cells of a row; the cell where this cell stands is the same, for the axes are in the same places.
const rowOf = (step, index, inputs) => ruleTerms(step, index, inputs).map(([where]) => where);
const NOTHING = -745; // e to the power of this is the smallest number that is not 0
const unmasked = (source, row) => {
  const top = Math.max(...row.map((where) => valueAt(source, where)));
  return row.filter((where) => !vanishes(valueAt(source, where), top));
};
const vanishes = (score, top) => score === -Infinity || score - top < NOTHING;

const share = (power, counts, sources) => ({
  terms: ruleTerms,
  sources: (step, index, inputs) =>
    sources(inputs[0], index, rowOf(step, index, inputs)).map((where) => [inputs[0].name, where]),
  formula(step, index, inputs) {
    const [source] = inputs;
    const row = rowOf(step, index, inputs);
    const seen = counts(source, row);
    const below = seen.length ? seen : row;
    const name = (where) => {
      const [text, color] = cellOf(source, where);
      return [[power + text, color]];
    };
    const count = (where) => [[power + number(valueAt(source, where), source.digits), cellOf(source, where)[1]]];
    const wrapped = (parts) => (below.length > 1 || parts[0][0].startsWith("−") ? bracketed(parts) : parts);
    const named = [...name(index), [" / ", ""], ...wrapped(join(shortened(below.map(name), 3)))];
    if (!seen.length) return [named, [["0 / 0", ""]]];
    return [named, [...count(index), [" / ", ""], ...wrapped(join(shortened(seen.map(count), 8)))]];
  },
});

const SOFTMAX = share("e^", unmasked, (source, mine, row) => {
  // A masked cell is 0 whatever the scores; a lone cell is 1 whatever its score.
  const seen = unmasked(source, row);
  return seen.length < 2 || !seen.some((where) => String(where) === String(mine)) ? [] : seen;
});

const NORMALIZE = share(
  "",
  (_, row) => row,
  (source, mine, row) => {
    const total = row.reduce((sum, where) => sum + valueAt(source, where), 0);
    return row.filter((where) => (same(where, mine) ? total : 0) !== valueAt(source, mine));
  },
);

export const KINDS = {
  given: GIVEN,
  "sum-product": SUM_PRODUCT,
  mean: MEAN,
  max: extreme("max", "largest"),
  min: extreme("min", "smallest"),
  add: between(" + ", (found) => found),
  subtract: between(" − ", (found, mirrored) => (mirrored ? [] : found)),
  quotient: QUOTIENT,
  maximum: choice("max"),
  minimum: choice("min"),
  ...Object.fromEntries(Object.keys(COMPARE).map((sign) => [sign, compared(sign)])),
  mask: MASK,
  softmax: SOFTMAX,
  normalize: NORMALIZE,
  lookup: LOOKUP,
  exp: written(["e^", "x"]),
  log: written(["log(", "x", ")"]),
  sqrt: written(["√(", "x", ")"]),
  rsqrt: written(["1 / √(", "x", " + 0.00001)"]),
  sigmoid: written(["1 / (1 + e^(−", "(x)", "))"]),
  tanh: written(["tanh(", "x", ")"]),
  relu: written(["max(0, ", "x", ")"], (x) => x <= 0),
  gelu: written(["x", "·Φ(", "x", ")"]),
  "gelu-tanh": written(["0.5·", "(x)", "·(1 + tanh(0.798·(", "x", " + 0.045·", "(x)", "³)))"]),
  silu: written(["x", " / (1 + e^(−", "(x)", "))"]),
  softplus: written(["log(1 + e^", "x", ")"]),
  erf: written(["erf(", "x", ")"]),
  abs: written(["|", "x", "|"], (x) => x === 0),
  sin: written(["sin(", "x", ")"]),
  cos: written(["cos(", "x", ")"], (x) => x === 0),
  reshape: RESHAPE,
  slice: SLICE,
  concatenate: CONCATENATE,
  repeat: REPEAT,
  move: MOVE,
  scatter: SCATTER,
  opaque: OPAQUE,
};
