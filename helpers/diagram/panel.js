// The words under a diagram: the way back to the tokens, the line of PyTorch, the formula; and what is spoken.

import { element, put } from "../live/element.js";
import { question } from "./annotations.js";
import { at, number } from "./formulas.js";
import { valueAt } from "./grammar.js";
import { shapeText, TILED, wordsOf } from "./layout.js";
import { formulaThrough } from "./through.js";

// Is it mainly a finger that points here?
export const isTouched = () => matchMedia("(pointer: coarse)").matches;

export class Panel {
  constructor(appearance, goTo) {
    this.appearance = appearance;
    this.goTo = goTo;
    this.element = element("div", "attention-panel");
    this.path = element("div", "attention-path", { role: "group", "aria-label": "From here back to the tokens" });
    this.code = element("code", "attention-code");
    this.formula = element("p", "attention-formula");
    this.note = element("p", "attention-remark", { hidden: "" });
    this.element.append(this.path, this.code, this.formula, this.note);
    this.spoken = element("p", "attention-spoken", { "aria-live": "polite" });
  }

  // cell: [name, index] or null; trail: the pinned cells; steps: by name; role: the color of a role.
  tell(cell, trail, steps, role) {
    this.formula.classList.toggle("attention-quiet", !cell);
    if (!cell) {
      this.path.replaceChildren();
      put(this.code, "");
      const said = isTouched()
        ? "Tap a number to see which numbers made it."
        : "Point at a number, or press Tab and the arrow keys.";
      put(this.formula, said);
      return;
    }
    const step = steps[cell[0]];
    const inputs = step.reads.map((name) => steps[name]);
    const shape = (one) => shapeText(one, this.appearance);
    const given = step.parameter ? "learned in training: " : step.kind === "given" ? "given: " : "";
    const from = inputs.length ? `${inputs.map((input) => `${input.name} ${shape(input)}`).join(", ")} → ` : given;
    this.code.textContent = `${step.code || step.name}   # ${from}${shape(step)}`;
    const pieces = formulaThrough(step, cell[1], steps);
    this.formula.replaceChildren(
      ...(step.blank ? question(pieces) : pieces).map(([text, source]) => {
        const span = element("span", source ? "attention-number" : "", {}, text);
        if (source) span.style.setProperty("--role", role(steps[source].role));
        return span;
      }),
    );
    this.path.replaceChildren(
      ...trail.map((one, i) => {
        const button = element("button", "attention-button", { type: "button" }, at(...one));
        if (i === trail.length - 1) button.setAttribute("aria-current", "step");
        button.addEventListener("click", () => this.goTo(i));
        return button;
      }),
    );
  }

  // The whole of a note that is cut short in the drawing.
  remark(text, role) {
    if (this.note.textContent === text) return;
    this.note.textContent = text;
    this.note.hidden = !text;
    this.note.style.setProperty("--role", role);
  }

  // Say aloud what the eye sees. Called for keys and clicks, not for every move of the pointer.
  // A note is said once, on the way into its matrix.
  speak(cell, steps, trace, source, note) {
    const before = this.said;
    this.said = cell?.[0];
    if (!cell) {
      this.spoken.textContent = "";
      return;
    }
    const [name, index] = cell;
    const places = steps[name].axes.map((axis, i) => {
      const word = wordsOf(trace, axis)[index[i]];
      return `${TILED.includes(axis) ? "head" : axis} ${index[i]}${word === undefined ? "" : ` “${word}”`}`;
    });
    this.spoken.textContent =
      `${name}, ${places.join(", ")}: ${this.formula.textContent}${source}` +
      (note && name !== before ? `. Note: “${note}”` : "");
  }

  // Keep the formula in sight while the cell it explains is: as sticky would, in any scrolling parent. It stands below
  // the stage; where it is seen may be on its way from elsewhere.
  float(room) {
    let over = 0;
    if (room) {
      let bottom = window.innerHeight;
      for (let parent = this.element.parentElement; parent; parent = parent.parentElement) {
        const { overflowY } = getComputedStyle(parent);
        if (overflowY !== "visible" && parent.scrollHeight > parent.clientHeight + 1) {
          bottom = Math.min(bottom, parent.getBoundingClientRect().bottom);
        }
      }
      const top = this.element.previousElementSibling.getBoundingClientRect().bottom;
      over = top + this.element.getBoundingClientRect().height - bottom + 6;
    }
    this.element.style.transform = over > 0 && over < room ? `translateY(${-over}px)` : "";
  }
}

// What is said of the source that the keys are on; a cell that is asked for names its sources only.
export function sourceWords(cell, direct, active, steps) {
  if (!direct.length) return ". Nothing lies further back.";
  const [name, index] = direct[active];
  const value = steps[cell[0]].blank ? "" : ` = ${number(valueAt(steps[name], index), 3)}`;
  return `. Source ${active + 1} of ${direct.length}: ${at(name, index)}${value}`;
}
