// The index rules, read one cell at a time: helpers/rules.py again, for the browser.
// A step has name, axes, shape, kind, rule, inputs (names), factor, digits and value (a flat array).

const COMPARE = { "<=": (a, b) => a <= b, "<": (a, b) => a < b, ">=": (a, b) => a >= b, ">": (a, b) => a > b };
const AROUND = { relu: ["max(0, ", ")"], rsqrt: ["1 / √(", " + 0.00001)"] }; // what their formulas write around the term
const parsed = new Map();

// A dictionary for names that a learner chose: in a plain object "constructor" would be there already.
export const dictionary = (entries = []) => Object.assign(Object.create(null), Object.fromEntries(entries));

export function parse(rule) {
  if (!parsed.has(rule)) {
    const [body, guard = ""] = rule.split("|");
    const links = body.split("->");
    const [left, right] = [links[0], links.length > 1 ? links.at(-1) : ""];
    const words = (text) => text.split(/\s+/).filter(Boolean);
    const inputs = left.trim() ? left.split(",").map(words) : [];
    parsed.set(rule, { inputs, output: words(right), guard: guard.trim() ? words(guard) : null });
  }
  return parsed.get(rule);
}

// Where the number stood before a reshape: back through its chain of shapes, link by link.
function origin(step, index, source) {
  const links = step.rule.split("->").map((part) => part.split(/\s+/).filter(Boolean));
  const sizes = dictionary();
  links[0].forEach((axis, i) => (sizes[axis] = source.shape[i]));
  links.at(-1).forEach((axis, i) => (sizes[axis] = step.shape[i]));
  for (let i = links.length - 1; i > 0; i--) {
    const [after, before] = [links[i], links[i - 1]];
    if (after.length === before.length && after.every((axis) => before.includes(axis))) {
      index = before.map((axis) => index[after.indexOf(axis)]);
    } else {
      let flat = after.reduce((sum, axis, j) => sum * sizes[axis] + index[j], 0);
      index = before
        .map((axis) => sizes[axis])
        .reverse()
        .map((size) => {
          const at = flat % size;
          flat = (flat - at) / size;
          return at;
        })
        .reverse();
    }
  }
  return index;
}

export function valueAt(step, index) {
  let flat = 0;
  index.forEach((at, i) => (flat = flat * step.shape[i] + at));
  return step.value[flat];
}

const allowed = (guard, bound) => !guard || COMPARE[guard[1]](bound[guard[0]], bound[guard[2]]);

export function terms(step, index, inputs) {
  if (step.kind === "reshape") return [[origin(step, index, inputs[0])]];
  const { inputs: axes, output, guard } = parse(step.rule);
  const bound = dictionary(output.map((axis, i) => [axis, index[i]]));
  if (step.kind === "lookup")
    bound[axes[0][0]] = valueAt(
      inputs[1],
      axes[1].map((axis) => bound[axis]),
    );
  const free = [];
  axes.forEach((names, i) =>
    names.forEach((axis, j) => {
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
    } else if (allowed(guard, bound)) {
      found.push(axes.map((names) => names.map((axis) => bound[axis])));
    }
  };
  walk(0);
  return found;
}

// For softmax and normalize: the input cell that stands where this cell stands.
function own(step, index) {
  const {
    inputs: [names],
    output,
  } = parse(step.rule);
  const bound = dictionary(output.map((axis, i) => [axis, index[i]]));
  const fresh = output.find((axis) => !names.includes(axis));
  return names.map((axis) => (axis in bound ? bound[axis] : bound[fresh]));
}

const same = (a, b) => a.every((at, i) => at === b[i]);

export function sources(step, index, inputs) {
  if (step.kind === "given") return [];
  const found = terms(step, index, inputs);
  const first = found.map(([where]) => where);
  let cells;
  if (step.kind === "sum-product") {
    // A cell may stand in several terms, and these may cancel.
    const slopes = new Map();
    for (const term of found) {
      const values = term.map((where, i) => valueAt(inputs[i], where));
      term.forEach((where, i) => {
        const others = values.reduce((product, value, j) => (j === i ? product : product * value), 1);
        const place = [inputs[i].name, where];
        const [, slope] = slopes.get(at(...place)) ?? [place, 0];
        slopes.set(at(...place), [place, slope + step.factor * others]);
      });
    }
    cells = [...slopes.values()].filter(([, slope]) => slope !== 0).map(([place]) => place);
  } else if (step.kind === "softmax") {
    const seen = first.filter((where) => valueAt(inputs[0], where) !== -Infinity);
    const alone = seen.length < 2 || valueAt(inputs[0], own(step, index)) === -Infinity;
    cells = alone ? [] : seen.map((where) => [inputs[0].name, where]);
  } else if (step.kind === "normalize") {
    const mine = own(step, index);
    const total = first.reduce((sum, where) => sum + valueAt(inputs[0], where), 0);
    cells = first
      .filter((where) => (same(where, mine) ? total : 0) !== valueAt(inputs[0], mine))
      .map((where) => [inputs[0].name, where]);
  } else if (step.kind === "lookup") {
    cells = [[inputs[0].name, first[0]]];
  } else if (step.kind === "relu" && valueAt(step, index) === 0) {
    cells = [];
  } else if (step.kind === "subtract" && inputs[0].name === inputs[1].name && same(...found[0])) {
    cells = []; // a number minus itself is 0 whatever the number
  } else {
    cells = found.flatMap((term) => term.map((where, i) => [inputs[i].name, where]));
  }
  const unique = new Map(cells.map((cell) => [at(...cell), cell]));
  return [...unique.values()];
}

// The cell's formula with names, then with numbers: a list of [text, name of the step it comes from].
export function formula(step, index, inputs) {
  const head = [[at(step.name, index), step.name]];
  const cut = step.kind === "relu" && valueAt(step, index) === 0; // exactly 0, whatever the decimals of the others
  const result = [
    [" = ", ""],
    [number(valueAt(step, index), cut ? 0 : step.digits), step.name],
  ];
  if (step.kind === "given") return [...head, ...result];
  const found = terms(step, index, inputs);
  const name = (i, where) => [at(inputs[i].name, where), inputs[i].name];
  const value = (i, where) => {
    const here = valueAt(inputs[i], where);
    return [number(here, here === 0 ? 0 : inputs[i].digits), inputs[i].name];
  };
  const products = (chosen, show) => chosen.map((term) => term.map((where, i) => show(i, where)));
  let named = [];
  let counted = [];
  if (!found.length && ["sum-product", "mean"].includes(step.kind)) {
    return [...head, [` = the ${step.kind === "mean" ? "mean" : "sum"} of no terms`, ""], ...result];
  }
  if (step.kind === "sum-product") {
    const live = found.filter((term) => term.every((where, i) => valueAt(inputs[i], where) !== 0));
    const zeros = found.length - live.length;
    const folded = zeros > 2 ? [[[`${zeros} × 0`, ""]]] : [];
    named = some(products(found, name), 3);
    counted = join([...someTerms(products(folded.length ? live : found, value), 8), ...folded]);
    if (found.length === 1 && found[0].length === 1 && step.factor === 1) counted = []; // it is the result
    if (step.factor !== 1) {
      const factor = number(step.factor, 3);
      const bracket = (wrap, parts) => [[`${factor}·${wrap ? "(" : ""}`, ""], ...parts, [wrap ? ")" : "", ""]];
      named = bracket(found.length > 1, named);
      counted = bracket(found.length > 1 || counted[0][0].startsWith("−"), counted);
    }
  } else if (step.kind === "mean") {
    const count = [`) / ${found.length}`, ""];
    named = [["(", ""], ...some(products(found, name), 3), count];
    counted = [["(", ""], ...some(products(found, value), 8), count];
  } else if (step.kind === "add" || step.kind === "subtract") {
    const sign = step.kind === "add" ? " + " : " − ";
    named = join(
      found[0].map((where, i) => [name(i, where)]),
      sign,
    );
    counted = join(
      found[0].map((where, i) => [value(i, where)]),
      sign,
    );
  } else if (step.kind === "mask") {
    if (!found.length) {
      const {
        output,
        guard: [left, sign, right],
      } = parse(step.rule);
      const place = (axis) => `${axis}=${index[output.indexOf(axis)]}`;
      const compare = sign.replace("<=", "≤").replace(">=", "≥");
      return [...head, ...result, [`, because ${place(left)} ${compare} ${place(right)} is false`, ""]];
    }
    named = [name(0, found[0][0])];
  } else if (step.kind in AROUND) {
    [named, counted] = [name, value].map((show) => [
      [AROUND[step.kind][0], ""],
      show(0, found[0][0]),
      [AROUND[step.kind][1], ""],
    ]);
  } else if (step.kind === "reshape") {
    named = [name(0, found[0][0])];
  } else if (step.kind === "lookup") {
    const [row, ids] = found[0];
    const rest = `${row
      .slice(1)
      .map((place) => `,${place}`)
      .join("")}]`;
    named = [[`${inputs[0].name}[`, inputs[0].name], name(1, ids), [rest, inputs[0].name]];
    counted = [name(0, row)];
  } else {
    [named, counted] = quotients(step, index, inputs[0], found);
  }
  return [...head, [" = ", ""], ...named, ...(counted.length ? [[" = ", ""], ...counted] : []), ...result];
}

// The two middle parts of a softmax's or a normalization's formula.
function quotients(step, index, source, found) {
  const power = step.kind === "softmax" ? "e^" : "";
  const mine = own(step, index);
  const seen = found.map(([where]) => where).filter((where) => !(power && valueAt(source, where) === -Infinity));
  const below = seen.length ? seen : found.map(([where]) => where);
  const name = (where) => [[power + at(source.name, where), source.name]];
  const value = (where) => [[power + number(valueAt(source, where), source.digits), source.name]];
  const bracket = (parts) =>
    below.length > 1 || parts[0][0].startsWith("−") ? [["(", ""], ...parts, [")", ""]] : parts;
  const named = [...name(mine), [" / ", ""], ...bracket(some(below.map(name), 3))];
  if (!seen.length) return [named, [["0 / 0", ""]]];
  return [named, [...value(mine), [" / ", ""], ...bracket(some(seen.map(value), 8))]];
}

export const at = (name, index) => (index.length ? `${name}[${index.join(",")}]` : name);

// The terms, or the first ones, an ellipsis and the last when there are more than `most`.
const someTerms = (parts, most) =>
  parts.length <= most ? parts : [...parts.slice(0, most - 1), [["…", ""]], parts[parts.length - 1]];

// Put · between factors and a sign between terms, and brackets around negative numbers after the first.
function join(parts, sign = " + ") {
  const pieces = [];
  for (const term of parts) {
    if (pieces.length) pieces.push([sign, ""]);
    term.forEach(([text, name], i) => {
      if (i) pieces.push(["·", ""]);
      pieces.push([text.startsWith("−") && pieces.length ? `(${text})` : text, name]);
    });
  }
  return pieces;
}

const some = (parts, most) => join(someTerms(parts, most));

// A number as the course prints it: rounded half up, with a true minus sign.
export function number(value, digits) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = size >= 1e5 ? size.toExponential(2) : size.toFixed(digits);
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

// A number as a cell of a matrix shows it; compact drops what a narrow cell cannot hold.
export function cellText(value, digits, compact) {
  digits = Math.min(digits, 2);
  if (!compact || digits === 0 || !Number.isFinite(value)) return number(value, digits);
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = number(value, Math.min(digits, size < 0.995 ? 2 : size < 9.95 ? 1 : 0));
  return size < 1 && text.slice(0, 3).includes("0.") ? text.replace("0.", ".") : text;
}
