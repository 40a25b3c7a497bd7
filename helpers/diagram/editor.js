// The field for a note: it opens over the matrix where the note will stand.

import { element } from "../live/element.js";
import { TITLE } from "./layout.js";

export class Editor {
  // keep(name, text): the learner's note, for a matrix.
  constructor(keep) {
    this.keep = keep;
    this.element = element("div", "attention-editor", { role: "group", "aria-label": "Write a note", hidden: "" });
    this.select = element("select", "", { "aria-label": "Matrix" });
    this.input = element("input", "", {
      type: "text",
      "aria-label": "Note",
      placeholder: "Your note",
      autocomplete: "off",
      dir: "auto",
    });
    const button = (text, name, act) => {
      const made = element("button", "attention-button", { type: "button", title: name, "aria-label": name }, text);
      made.addEventListener("click", act);
      return made;
    };
    this.element.append(
      this.select,
      this.input,
      button("Save", "Save the note (Enter)", () => this.save()),
      button("×", "Leave without saving (Escape)", () => this.close()),
    );
    this.select.addEventListener("change", () => this.turnTo(this.select.value));
    this.element.addEventListener("keydown", (event) => this.key(event));
    // What happens in the field is neither JupyterLab's concern nor the diagram's.
    for (const type of ["keydown", "pointermove", "click"]) {
      this.element.addEventListener(type, (event) => event.stopPropagation());
    }
  }

  get isOpen() {
    return !this.element.hidden;
  }

  // plan: where the matrices stand; notes: by name; opener: what gets the focus back.
  open(name, plan, notes, opener) {
    this.opener = opener;
    this.element.hidden = false;
    this.update(plan, notes);
    this.turnTo(name);
    this.input.focus();
    this.input.select();
  }

  // A new drawing moves the field; it closes where its matrix is gone.
  update(plan, notes) {
    [this.plan, this.notes] = [plan, notes];
    if (!this.isOpen) return;
    const name = this.select.value;
    this.select.replaceChildren(...Object.keys(plan.boxes).map((one) => element("option", "", { value: one }, one)));
    if (name && !(name in plan.boxes)) this.close();
    else if (name) this.place(name);
  }

  turnTo(name) {
    this.input.value = this.notes[name] ?? "";
    this.place(name);
  }

  place(name) {
    this.select.value = name;
    const { x, top } = this.plan.boxes[name];
    const within = (at, most) => Math.max(4, Math.min(at, most - 4));
    this.element.style.left = `${within(x, this.plan.width - this.element.offsetWidth)}px`;
    this.element.style.top = `${within(top + TITLE - 4, this.plan.height - this.element.offsetHeight)}px`;
  }

  key(event) {
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && event.target === this.input && !event.isComposing) this.save();
    else return;
    event.preventDefault();
  }

  save() {
    const [name, text] = [this.select.value, this.input.value];
    this.close();
    this.keep(name, text);
  }

  close() {
    this.element.hidden = true;
    this.select.replaceChildren();
    this.opener.focus({ preventScroll: true });
  }
}
