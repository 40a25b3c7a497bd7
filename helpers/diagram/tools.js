// The row under a diagram: values or gradients, which sequence of a batch, help, notes, copying, saving.

import { element } from "../live/element.js";
import { isOpen } from "./folding.js";
import { isTouched } from "./panel.js";

const HINT =
  "Point at a number to see which numbers made it. Click it, or press Enter, to pin it; " +
  "then go back, stage by stage: click a lit number, or choose one with the arrow keys and press Enter. " +
  "Backspace takes one step forward again, Escape leaves. Page Up and Page Down go from matrix to matrix. " +
  "N writes a note over the matrix. Ctrl+C or ⌘C copies the formula of the number, and C opens a menu that copies its " +
  "matrix for PyTorch, for NumPy or for a spreadsheet.";

const HINT_OF_TOUCH =
  "Tap a number to see which numbers made it; then go back, stage by stage: tap one of those that are lit. " +
  "Tap beside the matrices to leave.";

export class Tools {
  // What the row asks of the diagram: turn(side), pick(axis, index), open(path), note(opener), save(kind). sides: what
  // there is to turn to, in words. copying: the menu that copies.
  constructor({ turn, pick, open, note, save, sides }, copying) {
    this.pick = pick;
    this.open = open;
    this.element = element("div", "attention-tools");
    this.sides = Object.entries(sides).map(([side, text]) => button(text, { value: side }, () => turn(side)));
    this.toggle = element("span", "attention-toggle", { role: "group", "aria-label": "What the diagram shows" });
    this.toggle.append(...this.sides);
    this.parts = element("span", "attention-parts", {
      role: "group",
      "aria-label": "Parts of the code",
    });
    this.picks = element("span", "attention-picks");
    const help = element("details", "attention-help");
    help.append(element("summary", "", {}, "How to read it"), element("p", "", {}, isTouched() ? HINT_OF_TOUCH : HINT));
    const write = button("Note", { title: "Write a note over a matrix (N)" }, () => note(write));
    const files = ["SVG", "PNG"].map((kind) =>
      button(`Save ${kind}`, { title: `Save this picture as ${kind}` }, () => save(kind.toLowerCase())),
    );
    this.element.append(this.toggle, this.parts, this.picks, help, copying.said, write, copying.opener, ...files);
    this.element.append(copying.row);
  }

  // side: what is shown; both: is there anything else to show?
  showSide(side, both) {
    this.toggle.hidden = !both;
    for (const one of this.sides) one.setAttribute("aria-pressed", one.value === side);
  }

  // A button for each part of the code that can be opened or closed now. The one that has the focus keeps it.
  showParts(paths, opened) {
    this.parts.hidden = !paths.length;
    const focused = [...this.parts.children].indexOf(document.activeElement);
    const path = this.paths?.[focused]?.join("\n");
    this.paths = paths;
    this.parts.replaceChildren(
      ...paths.map((one) => {
        const open = isOpen(opened, one);
        const title = open ? `Show only what comes out of ${one.at(-1)}` : `Show what happens in ${one.at(-1)}`;
        return button(one.at(-1), { title, "aria-pressed": open }, () => this.open(one));
      }),
    );
    if (focused >= 0) this.parts.children[paths.findIndex((one) => one.join("\n") === path)]?.focus();
  }

  // A choice for each higher axis. axes: a Map from axis to size; chosen: the index that is shown of each.
  showPicks(axes, chosen) {
    const wanted = [...axes].join();
    if (wanted !== this.picked) {
      this.picked = wanted;
      this.picks.replaceChildren(
        ...[...axes].map(([axis, size]) => {
          const label = element("label", "attention-pick", {}, `Show ${axis} = `);
          const select = element("select", "", { name: axis });
          for (let i = 0; i < size; i++) select.append(element("option", "", { value: i }, String(i)));
          select.addEventListener("change", () => this.pick(axis, Number(select.value)));
          label.append(select);
          return label;
        }),
      );
    }
    for (const select of this.picks.querySelectorAll("select")) select.value = chosen[select.name];
  }
}

function button(text, attributes, act) {
  const made = element("button", "attention-button", { type: "button", ...attributes }, text);
  made.addEventListener("click", act);
  return made;
}
