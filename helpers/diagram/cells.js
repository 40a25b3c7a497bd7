// The field for a number of a matrix that may be changed: it opens over its cell. Python reads what was typed.

import { element } from "../live/element.js";
import { at, cellText } from "./formulas.js";
import { valueAt } from "./grammar.js";
import { rectOf } from "./paint.js";

const FIRST = /^[-+−.,\d√∞]$/; // the keys that begin a number
const WIDTH = 64;

export class Cells {
  constructor(view) {
    this.view = view;
    this.count = 0;
    this.input = element("input", "attention-cell", { type: "text", autocomplete: "off", hidden: "" });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.cell && this.keep());
    // What happens in the field is neither JupyterLab's concern nor the diagram's.
    for (const type of ["keydown", "pointermove", "click", "dblclick"]) {
      this.input.addEventListener(type, (event) => event.stopPropagation());
    }
  }

  // May this cell be changed?
  takes(cell) {
    return Boolean(cell) && this.view.side === "forward" && this.view.model.get("editable").includes(cell[0]);
  }

  // Does this key begin to change it?
  begins(cell, key) {
    return this.takes(cell) && (key === "F2" || FIRST.test(key));
  }

  // text: what stands in the field at first; the number that is there if left out.
  open(cell, text) {
    const { view, input } = this;
    const rect = view.plan && rectOf(view.steps[cell[0]], cell[1], view.plan, view.pick);
    if (!rect) return;
    const step = view.steps[cell[0]];
    this.cell = cell;
    input.value = text ?? cellText(valueAt(step, cell[1]), step.digits, false);
    input.setAttribute("aria-label", `A number for ${at(...cell)}`);
    input.hidden = false;
    const [x, y, width, height] = rect;
    const wide = Math.max(width, WIDTH);
    input.style.cssText = `left:${Math.max(0, Math.min(x + width / 2 - wide / 2, view.plan.width - wide))}px;top:${y}px;width:${wide}px;height:${height}px`;
    input.focus({ preventScroll: true });
    if (text === undefined) input.select();
  }

  key(event) {
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && !event.isComposing) this.keep();
    else return;
    event.preventDefault();
  }

  keep() {
    const [name, index] = this.cell;
    const { model } = this.view;
    const text = this.input.value;
    this.close();
    model.set("typed", { name, index, text, count: ++this.count });
    model.save_changes();
  }

  close() {
    this.cell = null;
    this.input.hidden = true;
    this.view.stage.focus({ preventScroll: true });
  }
}
