// A widget without a kernel: its model is a dictionary, and what its controls ask, tables answer.

import { revived } from "../../helpers/live/kept.js";

import { Painted, Puzzle, Walk } from "./by_hand.js";
import { Tables } from "./tables.js";

// What a widget holds, with the face of a model of Jupyter's.
class Model {
  constructor(state, answer) {
    Object.assign(this, { state, answer, handlers: {} });
  }

  get(name) {
    return this.state[name];
  }

  set(name, value) {
    this.state[name] = value;
    this.tell(`change:${name}`);
  }

  tell(event) {
    for (const handler of this.handlers[event] ?? []) handler();
  }

  save_changes() {
    const { asked, answered, typed, stroke } = this.state;
    if (asked <= answered && !typed?.name && !stroke?.name) return; // a note, which is kept here
    this.answer(this);
    this.set("answered", this.state.asked);
  }

  on(event, handler) {
    this.handlers[event] ??= new Set();
    this.handlers[event].add(handler);
  }

  off(event, handler) {
    this.handlers[event]?.delete(handler);
  }
}

// What answers the controls of a widget, if it has some.
function answering({ tables, puzzle, painting, walk }, state) {
  if (tables) return new Tables(tables, state);
  if (puzzle) return new Puzzle(puzzle, state);
  if (painting) return new Painted(painting, state);
  return walk && new Walk(walk);
}

// Bring to life what a page holds of a widget.
export function play(place) {
  const { module, state, tables, puzzle, painting, walk } = revived(place.querySelector("script").textContent);
  Object.assign(state, { asked: 1, answered: 0, presses: {}, typed: {}, stroke: {} });
  const answers = answering({ tables, puzzle, painting, walk }, state);
  const model = new Model(state, (asking) => answers?.answer(asking));
  model.save_changes();
  WIDGETS[module].render({ model, el: place });
  return model;
}
