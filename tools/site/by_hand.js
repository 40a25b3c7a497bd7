// What somebody does by hand on a page without a kernel: a puzzle, and a walk.

import { at, number } from "../../helpers/diagram/formulas.js";
import { dictionary, flatten } from "../../helpers/diagram/grammar.js";
import { inputsOf } from "../../helpers/diagram/through.js";
import { unpack } from "../../helpers/diagram/unpack.js";
import { evaluate } from "../../helpers/diagram/without_kernel/values.js";
import { exactDigits, packed } from "./tables.js";
import { agrees, typed } from "./typed.js";

const UNREAD = "type one such as 0.73, −2 or 1/2.";

// The rows of a widget with some of its pieces changed. changes: by name.
const withPieces = (rows, changes) => rows.map((row) => row.map((piece) => ({ ...piece, ...changes[piece.name] })));
const pressed = (model, before) =>
  Object.entries(model.get("presses")).flatMap(([name, count]) => Array(count - (before[name] ?? 0)).fill(name));

export class Puzzle {
  constructor({ enough, largest, rows, alike }, state) {
    Object.assign(this, { enough, largest, wanted: rows, alike, start: state.forward, presses: {} });
    this.editable = state.editable;
    this.reset();
  }

  reset() {
    const whole = unpack(this.start);
    this.steps = whole.all;
    this.trace = { title: whole.title, tokens: whole.tokens, alt: whole.alt, opened: whole.opened };
  }

  answer(model) {
    let error = "";
    if (pressed(model, this.presses).includes("reset")) this.reset();
    else if (model.get("typed").name) error = this.type(model.get("typed"));
    this.presses = { ...model.get("presses") };
    model.set("typed", {});
    if (!error) model.set("forward", packed(this.trace, this.steps));
    model.set("error", error);
    const score = this.score();
    const done = score >= this.enough;
    const said = done
      ? [
          ["b", "Solved."],
          ["", ` Every row has ${this.enough} or more where it should be; the worst one ${number(score, 3)}.`],
        ]
      : [["", `The worst row has ${number(score, 3)} of ${number(this.enough, 3)}.`]];
    model.set("rows", withPieces(model.get("rows"), { bar: { amount: score, done }, line: { runs: said } }));
  }

  // Put a number into its cell, and make anew what follows; a sentence where that cannot be.
  type({ name, index, text }) {
    const found = typed(text);
    if (!found) return `I could not read '${text.slice(0, 60)}' as a number: ${UNREAD}`;
    if (!(Math.abs(found.value) <= this.largest))
      return `${at(name, index)} would be ${text.trim().slice(0, 20)}; wanted a number from −${this.largest} to ${this.largest}.`;
    const steps = dictionary(this.steps.map((step) => [step.name, step]));
    const value = steps[name].value.slice();
    value[flatten(steps[name].shape, index)] = found.value;
    steps[name].value = value;
    remade(this.steps);
    return "";
  }

  // How well the worst row does what is asked, from 0 to 1.
  score() {
    const { value, shape } = this.steps.find(({ name }) => name === "weights");
    if (!this.alike) return Math.min(...this.wanted.map((cells) => cells.reduce((sum, cell) => sum + value[cell], 0)));
    const T = shape.at(-1);
    const close = Array.from({ length: T }, (_, t) => {
      let apart = 0;
      for (let s = 0; s < T; s++) apart += Math.abs(value[t * T + s] - (s <= t ? 1 / (t + 1) : 0));
      return 1 - apart / 2;
    });
    return Math.min(...close);
  }
}

// A mask that is painted: what follows is made anew by the rules.
export class Painted {
  constructor({ mask, masks }, state) {
    Object.assign(this, { mask, masks, presses: {}, drawn: 0 });
    const whole = unpack(state.forward);
    this.steps = whole.all;
    this.trace = { title: whole.title, tokens: whole.tokens, alt: whole.alt, opened: whole.opened };
  }

  answer(model) {
    const steps = dictionary(this.steps.map((step) => [step.name, step]));
    const mask = steps[this.mask];
    const value = mask.value.slice();
    for (const name of pressed(model, this.presses)) value.set(this.masks[name]);
    this.presses = { ...model.get("presses") };
    const { cells, value: painted, count } = model.get("stroke");
    if (count) for (const cell of cells) value[flatten(mask.shape, cell)] = painted;
    model.set("stroke", {});
    mask.value = value;
    remade(this.steps);
    model.set("forward", packed(this.trace, this.steps));
    model.set("rows", withPieces(model.get("rows"), { line: { runs: [["", this.words(mask)]] } }));
  }

  // The mask in words: how many may look, and which rows may look at nobody.
  words({ value, shape: [T, S] }) {
    const rows = Array.from({ length: T }, (_, t) => value.slice(t * S, (t + 1) * S).reduce((a, b) => a + b, 0));
    const words = this.trace.tokens.t ?? [];
    const nobody = rows.flatMap((sum, t) => (sum ? [] : [words[t] === undefined ? `${t}` : `${t} (${words[t]})`]));
    const said = `${rows.reduce((a, b) => a + b, 0)} of ${T * S} pairs may look.`;
    if (!nobody.length) return said;
    return `${said} Nobody is left for row${nobody.length > 1 ? "s" : ""} ${nobody.join(", ")}.`;
  }
}

// All made matrices made anew, of those before them.
function remade(every) {
  const steps = dictionary(every.map((step) => [step.name, step]));
  for (const step of every) {
    step.value = evaluate(step, inputsOf(step, steps)) ?? step.value;
    step.digits = exactDigits(step.value);
  }
}

export class Walk {
  constructor({ stages, whole }) {
    Object.assign(this, { stages, whole, at: 0, texts: {}, seen: new Set(), said: {}, presses: {}, last: "" });
  }

  get stage() {
    return this.stages[this.at];
  }

  get isFilledIn() {
    return !this.stage.asked || this.seen.has(this.stage.name);
  }

  answer(model) {
    const acts = pressed(model, this.presses);
    this.presses = { ...model.get("presses") };
    const text = model.get("answer") ?? "";
    if (this.stage.asked && (text !== (this.texts[this.stage.name] ?? "") || acts.includes("check"))) this.check(text);
    for (const act of acts) this.act(act);
    this.show(model);
  }

  act(name) {
    if (name === "next" || name === "show") this.seen.add(this.stage.name);
    if (name === "reset") Object.assign(this, { at: 0, texts: {}, said: {}, seen: new Set() });
    const step = { next: 1, back: -1 }[name] ?? 0;
    this.at = Math.max(0, Math.min(this.stages.length - 1, this.at + step));
  }

  // Is it right, also where somebody went on from rounded numbers?
  check(text) {
    const { name, right, rounded, of, asked } = this.stage;
    const found = typed(text);
    const isRight = found && agrees(found, Number(right));
    const isNear = found && !isRight && rounded.some((one) => agrees(found, Number(one)));
    this.texts[name] = text;
    if (isRight || isNear) this.seen.add(name);
    if (!text.trim()) this.said[name] = "Type a number first.";
    else if (!found) this.said[name] = `I could not read '${text.slice(0, 60)}' as a number: ${UNREAD}`;
    else if (isRight) this.said[name] = "Right.";
    else if (isNear) this.said[name] = "Right, from rounded numbers.";
    else this.said[name] = `${text.trim().slice(0, 60)} is not ${at(name, asked)}. ${of}`;
  }

  show(model) {
    const { name, rows, asked, steps, empty = [], why = "" } = this.stage;
    const whole = unpack(this.whole);
    const hidden = this.isFilledIn ? new Set() : new Set(empty);
    const part = whole.all.filter((step) => steps.includes(step.name));
    for (const step of part) {
      step.blank = hidden.has(step.name);
      step.asked = step.blank && step.name === name ? asked : null;
      if (step.blank) step.value = step.value.map(() => Number.NaN);
    }
    const { title, tokens, opened } = whole;
    const said = [this.said[name] ?? "", this.isFilledIn && asked ? why : ""].filter(Boolean).join(" ");
    const changes = { said: { runs: [["", said]] }, show: { disabled: this.isFilledIn } };
    model.set("rows", withPieces(rows, changes));
    model.set("answer", this.texts[name] ?? "");
    model.set("forward", packed({ title, tokens, opened, alt: `Diagram of ${title}: ${steps.join(", ")}` }, part));
    model.set("pinned", this.isFilledIn && asked ? [name, asked] : null);
  }
}
