// The rows above a picture, as Python says them, and one line where the kernel is gone.

import { element, put } from "./element.js";
import { make } from "./pieces.js";
import { Steps } from "./steps.js";

const GONE = "The kernel that answered these controls is gone: run this cell again to wake them.";
const NO_ANSWER = "No answer yet. If the kernel was restarted, run this cell again to wake these controls.";

export class Controls {
  constructor(model, root) {
    this.model = model;
    this.element = element("div", "attention-controls", { role: "group", "aria-label": "Controls" });
    // JupyterLab has its own meaning for arrows and letters.
    this.element.dataset.lmSuppressShortcuts = "true";
    this.element.addEventListener("keydown", (event) => event.ctrlKey || event.metaKey || event.stopPropagation());
    this.lost = element("p", "attention-lost", { role: "status", hidden: "" });
    this.steps = new Steps(
      model,
      (busy) => root.classList.toggle("attention-busy", busy),
      (silent) => this.tell(silent ? NO_ANSWER : ""),
    );
    this.pieces = [];
    root.append(this.element, this.lost);
    this.read();
  }

  listen(signal) {
    const changes = {
      "change:rows": () => this.read(),
      "change:answered": () => this.steps.answered(),
      comm_live_update: () => this.lose(), // JupyterLab says so where the kernel was restarted
    };
    // The traits that the pieces move are known from the start: a row may come and go, but none gets another trait.
    for (const { state } of this.pieces) if (state.trait) changes[`change:${state.trait}`] = () => this.read();
    for (const [name, handler] of Object.entries(changes)) this.model.on(name, handler);
    signal.addEventListener("abort", () => {
      for (const [name, handler] of Object.entries(changes)) this.model.off(name, handler);
      this.steps.end();
    });
  }

  read() {
    const rows = this.model.get("rows") ?? [];
    const plan = JSON.stringify(rows.map((row) => row.map(({ kind, name }) => [kind, name])));
    if (plan !== this.plan) this.build(rows);
    this.plan = plan;
    const states = rows.flat();
    this.pieces.forEach((piece, i) => {
      piece.state = states[i];
      piece.root.hidden = piece.state.hidden;
      piece.update(piece.state, this.steps.get(piece.state.trait));
    });
  }

  build(rows) {
    this.pieces = rows.flat().map(({ kind }) => make(kind, this.steps));
    let place = 0;
    this.element.replaceChildren(
      ...rows.map((row) => {
        const line = element("div", "attention-row");
        line.append(...row.map(() => this.pieces[place++].root));
        return line;
      }),
    );
    this.element.hidden = !rows.length;
  }

  lose() {
    this.steps.stop();
    this.read(); // what was not sent was never done
    for (const control of this.element.querySelectorAll("input, button")) control.disabled = true;
    this.tell(GONE);
  }

  tell(words) {
    if (!this.pieces.length) return;
    put(this.lost, words);
    this.lost.hidden = !words;
  }
}
