// The notes over the matrices: read from the model, which Python shares where there is a kernel, and written here.

import { tidy } from "./annotations.js";
import { Editor } from "./editor.js";
import { dictionary } from "./grammar.js";
import { LINE, TITLE } from "./layout.js";

export class Notes {
  constructor(view) {
    this.view = view;
    this.texts = dictionary(); // by name, of the matrices that are shown
    this.editor = new Editor((name, text) => this.keep(name, text));
  }

  read() {
    const given = dictionary(Object.entries(this.view.noted()));
    const noted = this.view.trace.steps.filter(({ name }) => given[name]);
    this.texts = dictionary(noted.map(({ name }) => [name, given[name]]));
  }

  // opener: what gets the keys back when the field closes.
  write(opener, name = this.view.lastCell()?.[0]) {
    const { plan } = this.view;
    if (plan && name in plan.boxes) this.editor.open(name, plan, this.texts, opener);
  }

  // The button that opens the field closes it, too.
  toggle(opener) {
    if (this.editor.isOpen) this.editor.close();
    else this.write(opener, this.view.focus?.[0]);
  }

  keep(name, text) {
    const { model, panel } = this.view;
    const others = Object.entries(model.get("notes")).filter(([other]) => other !== name);
    model.set("notes", Object.fromEntries(tidy(text) ? [...others, [name, tidy(text)]] : others));
    model.save_changes();
    panel.spoken.textContent = tidy(text) ? `The note on ${name} is kept.` : `No note on ${name}.`;
  }

  // The matrix whose note is at a place of the drawing.
  at([x, y]) {
    const found = Object.entries(this.view.plan?.boxes ?? {}).find(
      ([, box]) =>
        x >= box.x && x < box.x + box.room && y >= box.top + TITLE && y < box.top + TITLE + LINE * box.note.length,
    );
    return found?.[0];
  }

  // Show the whole of a note that is cut short in the drawing.
  remark(name) {
    const { plan, panel, steps, colors } = this.view;
    const cut = this.texts[name] && plan?.boxes[name].note.at(-1)?.endsWith("…");
    panel.remark(cut ? `${name}: ${tidy(this.texts[name])}` : "", cut ? colors.role(steps[name].role) : "");
  }
}
