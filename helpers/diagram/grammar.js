// The grammar of the index rules: helpers/trace/grammar.py again, for the browser, which meets only rules that have
// passed there. A step has name, axes, shape, kind, rule, inputs (names), factor, digits and value (a flat array).

export const COMPARE = {
  "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
};
const parsed = new Map();

// A dictionary for names that a learner chose: in a plain object "constructor" would be there already.
export const dictionary = (entries = []) => Object.assign(Object.create(null), Object.fromEntries(entries));

const words = (text) => text.split(/\s+/).filter(Boolean);

// A rule in its parts: inputs, output and through as lists of axes, guard as clauses, cuts by axis.
export function parse(rule) {
  if (!parsed.has(rule)) {
    const [body, guard = ""] = rule.split("|");
    const links = body.split("->");
    const cuts = dictionary();
    const inputs = links[0].split(",").map((axes) => words(axes).map((word) => uncut(word, cuts)));
    const output = words(links.at(-1));
    const through = links.slice(1, -1).map(words);
    const read = new Set(inputs.flat());
    const fresh = output.filter((axis) => !read.has(axis)); // the axes that only the output has
    const gone = [...read].filter((axis) => !output.includes(axis)); // those that only inputs have
    const clauses = guard.trim() ? guard.split(",").map((clause) => clause.split(/\bor\b/).map(comparison)) : [];
    parsed.set(rule, { inputs, output, guard: clauses, cuts, through, fresh, gone });
  }
  return parsed.get(rule);
}

// The name of an axis; what is cut from it, "t[2:5]", goes into `cuts` as [start, stop, stride].
function uncut(word, cuts) {
  const [axis, cut] = word.split("[");
  if (cut !== undefined) cuts[axis] = cut.slice(0, -1).split(":");
  return axis;
}

function comparison(text) {
  const [, left, sign, right] = text.match(/^(.*?)(<=|>=|==|!=|<|>)(.*)$/s);
  return { left: side(left), sign, right: side(right) };
}

function side(text) {
  const compact = text.replace(/\s+/g, "");
  if (/^-?\d+$/.test(compact)) return { axis: "", offset: Number(compact) };
  const [, axis, offset = "0"] = compact.match(/^(.*?)([+-]\d+)?$/s);
  return { axis, offset: Number(offset) };
}

const numberOf = ({ axis, offset }, bound) => (axis ? bound[axis] : 0) + offset;

// Does one of the comparisons of a clause hold, where the axes have these indices?
export const clauseHolds = (clause, bound) =>
  clause.some(({ left, sign, right }) => COMPARE[sign](numberOf(left, bound), numberOf(right, bound)));

export const holds = (guard, bound) => guard.every((clause) => clauseHolds(clause, bound));

export const SIGNS = { "<=": "≤", ">=": "≥", "!=": "≠" }; // as they are printed

// A comparison with its numbers: "s=1 ≤ t=0".
export function comparisonText({ left, sign, right }, bound) {
  const minus = (value) => String(value).replace("-", "−");
  const shift = (offset) => (offset ? ` ${offset > 0 ? "+" : "−"} ${Math.abs(offset)}` : "");
  const text = (one) =>
    one.axis ? `${one.axis}${shift(one.offset)}=${minus(numberOf(one, bound))}` : minus(one.offset);
  return `${text(left)} ${SIGNS[sign] ?? sign} ${text(right)}`;
}

// The indices of an axis of this size that a cut leaves, as Python's slices do.
export function cutIndices([start, stop, stride], size) {
  const limit = (text, otherwise) => {
    if (!text) return otherwise;
    const at = Number(text);
    return at < 0 ? Math.max(at + size, 0) : Math.min(at, size);
  };
  const found = [];
  for (let at = limit(start, 0); at < limit(stop, size); at += Number(stride || 1)) found.push(at);
  return found;
}

// The axes of a rule with the places of an index.
export const boundTo = (axes, index) => dictionary(axes.map((axis, i) => [axis, index[i]]));

// Where a cell stands in the flattened numbers of a matrix.
export function flatten(shape, index) {
  let flat = 0;
  index.forEach((at, i) => (flat = flat * shape[i] + at));
  return flat;
}

export const valueAt = (step, index) => step.value[flatten(step.shape, index)];
