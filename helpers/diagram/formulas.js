// How formulas and numbers are written: helpers/trace/formulas.py and parts of helpers/look/style.py again. A formula is
// a list of pieces, [text, name of the step it comes from].

import { valueAt } from "./grammar.js";

export const at = (name, index) => (index.length ? `${name}[${index.join(",")}]` : name);

// A cell of a step in a formula, and the name of the step that gives the color.
export const cellOf = (step, where) => step.seen?.(where) ?? [at(step.called, where), step.name];

// Functions that name a cell of the i-th input, and that give its number; 0 without decimals.
export const names = (inputs) => (i, where) => cellOf(inputs[i], where);
export const numbers = (inputs) => (i, where) => {
  const here = valueAt(inputs[i], where);
  return [number(here, here === 0 ? 0 : inputs[i].digits), cellOf(inputs[i], where)[1]];
};

// Each term as a list of pieces, one for each factor.
export const factors = (terms, show) => terms.map((term) => term.map((where, i) => show(i, where)));

// The terms, or the first ones, an ellipsis and the last when there are more than `most`.
export const shortened = (terms, most) =>
  terms.length <= most ? terms : [...terms.slice(0, most - 1), [["…", ""]], terms[terms.length - 1]];

// The first and the last of many places, as terms: what is left out is not asked for.
export const listed = (places, show, most) =>
  (places.length <= most ? places : [...places.slice(0, most - 1), null, places.at(-1)]).map((place) =>
    place === null ? [["…", ""]] : [show(place)],
  );

// Put · between factors and a sign between terms, and brackets around negative numbers after a sign.
export function join(terms, sign = " + ") {
  const pieces = [];
  for (const term of terms) {
    if (pieces.length) pieces.push([sign, ""]);
    term.forEach(([text, name], i) => {
      if (i) pieces.push(["·", ""]);
      pieces.push([text.startsWith("−") && pieces.length && sign !== ", " ? `(${text})` : text, name]);
    });
  }
  return pieces;
}

export const bracketed = (pieces, before = "(", after = ")") => [[before, ""], ...pieces, [after, ""]];

// A number as the course prints it: rounded half up, with a true minus sign. digits: Infinity is all of them.
export function number(value, digits) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = digits === Infinity ? String(size) : size >= 1e5 ? size.toExponential(2) : size.toFixed(digits);
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
