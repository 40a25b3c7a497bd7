// What an explorer shows wherever its controls stand: tables of what is given, and rules for all else.

import { dictionary, flatten } from "../../helpers/diagram/grammar.js";
import { shapeText } from "../../helpers/diagram/layout.js";
import { inputsOf } from "../../helpers/diagram/through.js";
import { evaluate } from "../../helpers/diagram/without_kernel/values.js";

const MOST_KEPT = 50; // Traces

// How many decimals show all these numbers exactly: 0, 1 or 2, else 3. `exact_digits` of Python.
export function exactDigits(value) {
  const finite = value.filter(Number.isFinite);
  const isExact = (digits) =>
    finite.every((one) => Math.abs(one * 10 ** digits - Math.round(one * 10 ** digits)) < 1e-9);
  return [0, 1, 2].find(isExact) ?? 3;
}

// What an explorer shows wherever its controls stand.
export class Tables {
  constructor({ stops, texts, tables }, state) {
    Object.assign(this, { stops, texts, tables, read: [], kept: new Map() });
    this.start = Object.fromEntries(Object.keys(stops).map((name) => [name, state[name] ?? 0]));
    this.pressed = {};
  }

  // What the tables say under a key, where the controls stand so: what JSON it is, or undefined.
  get(key, chosen) {
    if (!(key in this.tables)) return undefined;
    const [names, numbers] = this.tables[key];
    const place = names.reduce((at, name) => at * this.stops[name].length + this.stops[name].indexOf(chosen[name]), 0);
    const which = numbers[place];
    if (which < 0) return undefined;
    this.read[which] ??= JSON.parse(this.texts[which]);
    return this.read[which];
  }

  answer(model) {
    const chosen = this.moved(model);
    const sides = "a steps" in this.tables ? ["a", "b"] : [""];
    const errors = sides.map((side) => this.get(side ? `${side} error` : "error", chosen) ?? "");
    sides.forEach((side, i) => {
      const [before, after] = side ? [`${side} `, `_${side}`] : ["", ""];
      if (!errors.some(Boolean)) {
        const forward = this.forward(chosen, model.get("appearance"), before);
        model.set(`forward${after}`, forward.sent);
        const remarks = this.get(`${before}remarks`, chosen) ?? [];
        const shapes = side ? [] : [`Shapes: ${forward.shapes.join(", ")}.`];
        model.set(`readout${after}`, [...remarks, ...shapes].join(" "));
      }
      model.set(`error${after}`, errors[i]);
    });
    for (const name of ["pairs", "first", "told"]) {
      const text = this.get(name, chosen);
      if (text !== undefined) model.set(name, text);
    }
  }

  // Where the controls stand now: each at the nearest of its stops.
  moved(model) {
    const presses = model.get("presses");
    const times = (name) => (presses[name] ?? 0) - (this.pressed[name] ?? 0);
    const chosen = {};
    for (const [name, stops] of Object.entries(this.stops)) {
      const value = times("reset") ? this.start[name] : (model.get(name) ?? 0);
      chosen[name] =
        typeof value === "number"
          ? stopAt(stops, value, this.chosen?.[name])
          : stops.includes(value)
            ? value
            : stops[0];
    }
    if ("seed" in this.stops) chosen.seed = (chosen.seed + times("new")) % this.stops.seed.length;
    this.pressed = { ...presses };
    for (const [name, value] of Object.entries(chosen)) if (model.get(name) !== value) model.set(name, value);
    this.chosen = chosen;
    return chosen;
  }

  // A Trace as Python sends it, its made matrices made here.
  forward(chosen, appearance, before) {
    const get = (key) => this.get(before + key, chosen);
    const every = Object.values(this.steps(chosen, before));
    const tokens = {};
    for (const axis of new Set(every.filter(({ hidden }) => !hidden).flatMap(({ axes }) => axes))) {
      const words = get(`words ${axis}`);
      if (words) tokens[axis] = words;
    }
    const title = get("title");
    const shapes = every.filter(({ hidden }) => !hidden).map((step) => `${step.name} ${shapeText(step, appearance)}`);
    const alt = `Diagram of ${title}: ${shapes.join(", ")}`;
    return { shapes, sent: packed({ title, tokens, alt, opened: get("opened") }, every) };
  }

  // The steps of a Trace, by name; the last ones are kept, as the next step goes on with what they have left.
  steps(chosen, before) {
    const state = before + Object.values(chosen);
    if (!this.kept.has(state)) {
      if (this.kept.size > MOST_KEPT) this.kept.clear();
      this.kept.set(state, this.made(chosen, before));
    }
    return this.kept.get(state);
  }

  made(chosen, before) {
    const get = (key) => this.get(before + key, chosen);
    const steps = dictionary();
    for (const name of get("steps")) {
      const step = { ...get(`step ${name}`), factor: get(`factor ${name}`) };
      step.shape = step.axes.map((axis) => get(`size ${axis}`));
      step.tables = tablesOf(step, (key) => get(`${key} ${name}`));
      step.value = this.valueOf(get(`value ${name}`), step, chosen, before);
      if (!step.value || step.kind === "move") step.value = evaluate(step, inputsOf(step, steps));
      if (get("single") && step.shape.length) step.value = step.value.map(Math.fround);
      step.digits = exactDigits(step.value);
      steps[name] = step;
    }
    return steps;
  }

  // The numbers of a matrix that no rule makes: sent, or left by an earlier step, or made on the way forward.
  valueOf(value, { shape }, chosen, before) {
    if (!value || value.numbers) return value && corner(value, shape);
    if ("filled" in value) return new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(Number(value.filled));
    const left =
      "step" in value ? this.steps({ ...chosen, step: value.step }, before) : this.steps(chosen, `${before}forward `);
    return left[value.of].value;
  }
}

// The numbers in the corner of an array that has this shape.
function corner({ shape, numbers, single }, wanted) {
  const read = single ? (text) => Math.fround(Number(text)) : Number;
  const found = new Float64Array(wanted.reduce((a, b) => a * b, 1));
  eachCell(wanted, (index, cell) => {
    found[cell] = read(numbers[flatten(shape, index)]);
  });
  return found;
}

function eachCell(shape, visit) {
  const index = shape.map(() => 0);
  const count = shape.reduce((a, b) => a * b, 1);
  for (let cell = 0; cell < count; cell++) {
    visit(index, cell);
    for (let axis = index.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
}

// The tables that a step has. A view walks through the numbers of its source in strides, but for cells that are empty.
function tablesOf({ kind, shape }, get) {
  const written = get("tables");
  if (kind !== "move" || written) return (written ?? []).map((one) => Int32Array.from(one));
  const places = new Int32Array(shape.reduce((a, b) => a * b, 1));
  const isEmpty = corner(get("empty"), shape);
  const [offset, strides] = [get("offset") ?? 0, shape.map((_, axis) => get(`stride ${axis}`) ?? 0)];
  eachCell(shape, (index, cell) => {
    places[cell] = isEmpty[cell] ? -1 : index.reduce((sum, at, axis) => sum + at * strides[axis], offset);
  });
  return [places];
}

// The stop for a value; a step away from one is a step to the next, however far that is.
function stopAt(stops, value, before) {
  const at = stops.indexOf(nearest(stops, value));
  const onward = stops[at] === before ? Math.sign(value - before) : 0;
  return stops[Math.max(0, Math.min(stops.length - 1, at + onward))];
}

const nearest = (stops, value) => stops.reduce((a, b) => (Math.abs(b - value) < Math.abs(a - value) ? b : a));

// Steps as they are sent: all numbers as one run of bytes, then the tables.
export function packed(trace, every) {
  const sum = (sizes) => sizes.reduce((a, b) => a + b, 0);
  const count = sum(every.map(({ value }) => value.length));
  const whole = sum(every.flatMap(({ tables }) => tables.map(({ length }) => length)));
  const buffer = new ArrayBuffer(8 * count + 4 * whole);
  const [floats, ints] = [new Float64Array(buffer, 0, count), new Int32Array(buffer, 8 * count, whole)];
  let [at, place] = [0, 0];
  for (const { value, tables } of every) {
    floats.set(value, at);
    at += value.length;
    for (const one of tables) {
      ints.set(one, place);
      place += one.length;
    }
  }
  const steps = every.map(({ value, ...step }) => ({ ...step, tables: step.tables.map(({ length }) => length) }));
  return { ...trace, steps, values: new DataView(buffer) };
}
