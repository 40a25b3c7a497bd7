// The menu "Copy" under a diagram, and Ctrl+C on a number. Where the page may not write to the clipboard, the text
// stands in a field, chosen, for the keys that copy.

import { element } from "../live/element.js";
import { asFormula, OFFERS, titleOf } from "./copy.js";
import { at } from "./formulas.js";

const MOVES = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const TOLD = 4000; // milliseconds

export class Copying {
  constructor(view) {
    this.view = view;
    this.opener = element(
      "button",
      "attention-button",
      {
        type: "button",
        title: "Copy a matrix or a formula (C)",
        "aria-haspopup": "menu",
        "aria-expanded": "false",
      },
      "Copy",
    );
    this.opener.addEventListener("click", () => (this.isOpen ? this.close() : this.open(this.opener)));
    this.row = element("div", "attention-copying", { hidden: "" });
    this.title = element("span", "attention-copied", { "aria-hidden": "true" });
    this.menu = element("span", "attention-menu", { role: "menu" });
    this.field = element("textarea", "attention-taken", { readonly: "", rows: "4", hidden: "" });
    this.field.setAttribute("aria-label", "The text to copy: press Ctrl+C, or Command+C");
    this.items = OFFERS.map((offer) => {
      const item = element(
        "button",
        "attention-button",
        { type: "button", role: "menuitem", tabindex: "-1" },
        offer.label,
      );
      item.addEventListener("click", () => this.choose(offer));
      return item;
    });
    this.menu.append(...this.items);
    this.row.append(this.title, this.menu, this.field);
    this.said = element("span", "attention-copied", { role: "status" });
    this.row.addEventListener("keydown", (event) => this.key(event));
    this.row.addEventListener("focusout", (event) => {
      if (this.isOpen && !this.row.contains(event.relatedTarget) && event.relatedTarget !== this.opener) this.hide();
    });
  }

  get isOpen() {
    return !this.row.hidden;
  }

  // back: what gets the keys when the menu closes.
  open(back) {
    const { view } = this;
    this.cell = view.focus ?? view.lastCell();
    if (!this.cell) return;
    this.back = back;
    const words = titleOf(view.steps[this.cell[0]], view.appearance);
    this.title.textContent = words;
    this.menu.setAttribute("aria-label", `Copy ${words}`);
    this.items[0].title = `The formula of ${at(...this.cell)}`;
    // The numbers of a matrix that is asked for are not here.
    OFFERS.forEach(({ take }, i) => {
      this.items[i].disabled = take !== asFormula && view.steps[this.cell[0]].blank;
    });
    [this.menu.hidden, this.field.hidden, this.row.hidden] = [false, true, false];
    this.opener.setAttribute("aria-expanded", "true");
    this.items[0].focus();
  }

  hide() {
    this.row.hidden = true;
    this.opener.setAttribute("aria-expanded", "false");
  }

  close() {
    this.hide();
    this.back.focus({ preventScroll: true });
  }

  key(event) {
    const items = this.items.filter((item) => !item.disabled);
    const here = items.indexOf(event.target);
    const go = (place) => items[(place + items.length) % items.length].focus();
    if (event.key === "Escape") this.close();
    else if (here >= 0 && event.key in MOVES) go(here + MOVES[event.key]);
    else if (here >= 0 && event.key === "Home") go(0);
    else if (here >= 0 && event.key === "End") go(-1);
    else {
      if (event.key !== "Tab") event.stopPropagation(); // JupyterLab has its own meaning for letters
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  async choose({ label, take }) {
    const { cell, view } = this;
    if (!view.steps[cell[0]]) return this.close(); // it is gone since the menu opened
    const text = take(cell, view.steps);
    const what = take === asFormula ? `the formula of ${at(...cell)}` : `${cell[0]} as ${label}`;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return this.show(text);
    }
    this.close();
    this.tell(`Copied: ${what}.`);
  }

  // The text to be copied by hand.
  show(text) {
    [this.menu.hidden, this.field.hidden] = [true, false];
    this.field.value = text;
    this.field.focus();
    this.field.select();
    this.title.textContent = "Press Ctrl+C, or ⌘C:";
  }

  // Ctrl+C on a number. Whoever has marked words wants these.
  take(event) {
    const { view } = this;
    if (event.target !== view.stage || !view.focus || !document.getSelection().isCollapsed) return;
    event.clipboardData.setData("text/plain", asFormula(view.focus, view.steps));
    event.preventDefault();
    this.tell(`Copied: the formula of ${at(...view.focus)}.`);
  }

  tell(words) {
    clearTimeout(this.timer);
    this.said.textContent = words;
    this.timer = setTimeout(() => {
      this.said.textContent = "";
    }, TOLD);
  }
}
