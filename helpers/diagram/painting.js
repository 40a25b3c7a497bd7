// A matrix of True and False that may be painted: with the mouse, cell after cell, or with the keys. Python hears of it.

import { valueAt } from "./grammar.js";

const FLIP = " ";

export class Painting {
  constructor(view) {
    this.view = view;
    this.count = 0; // the page counts its strokes
    this.stroke = null; // the one that is being made: which matrix, its cells, and what they become
  }

  // May this cell be painted?
  takes(cell) {
    return Boolean(cell) && this.view.side === "forward" && (this.view.model.get("paintable") ?? []).includes(cell[0]);
  }

  // Does this key paint the cell? The space bar turns it round, 0 and 1 say what it becomes.
  key(cell, key) {
    if (!this.takes(cell) || ![FLIP, "0", "1"].includes(key)) return false;
    this.begin(cell, key === FLIP ? undefined : Number(key));
    this.end();
    return true;
  }

  // A stroke begins: its first cell is turned round, and all others become what that one is now.
  begin([name, index], value) {
    const now = valueAt(this.view.steps[name], index);
    this.stroke = { name, value: value ?? (now ? 0 : 1), cells: [], count: ++this.count };
    this.add([name, index]);
  }

  // Each message has all cells of the stroke so far: one that is lost is made up for by the next.
  add(cell) {
    const { stroke, view } = this;
    if (!cell || cell[0] !== stroke.name || stroke.cells.some((one) => String(one) === String(cell[1]))) return;
    stroke.cells.push(cell[1]);
    view.model.set("stroke", { ...stroke, cells: [...stroke.cells] });
    view.model.save_changes();
  }

  end() {
    this.stroke = null;
  }
}
