// The live face of a Trace: what is shown, where the pointer and the keys are. All of it works without a kernel.

import { at } from "./rules.js";
import { layOut, matrices, onPaper } from "./layout.js";
import { CanvasBrush, paint, palette } from "./paint.js";
import { Panel, element, sourceWords } from "./panel.js";
import { highlight, sourcesOf } from "./light.js";
import { savePicture } from "./save.js";

const HINT = "Point at a number to see which numbers made it. Click it, or press Enter, to pin it; " +
  "then go back, stage by stage: click a lit number, or choose one with the arrow keys and press Enter. " +
  "Backspace takes one step forward again, Escape leaves. Page Up and Page Down go from matrix to matrix.";
const FRAME = 16; // milliseconds
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// JupyterLab, VS Code and Colab each say in their own way whether they are dark.
function isDark() {
  const { body, documentElement: html } = document;
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
  if (body.dataset.vscodeThemeKind) return !body.dataset.vscodeThemeKind.includes("light");
  if (html.getAttribute("theme")) return html.getAttribute("theme") === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

class Diagram {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.appearance = model.get("appearance");
    this.pick = {}; // the index shown of each higher axis
    this.focus = null; // the cell whose formula is shown: [name, index]
    this.trail = []; // the pinned cell, and the ones walked back to from it
    this.active = 0; // which of the pinned cell's sources the keys are on
    this.paints = 0;
    this.build();
    this.read();
    this.pinFromPython();
  }

  build() {
    this.root.classList.add("attention-diagram");
    this.error = element("p", "attention-error", { role: "alert" });
    this.shapes = element("p", "attention-shapes", { role: "status" });
    this.stage = element("div", "attention-stage", { tabindex: "0", role: "application", "aria-roledescription": "diagram" });
    this.canvas = element("canvas", "attention-canvas", { "aria-hidden": "true" });
    this.light = element("canvas", "attention-light", { "aria-hidden": "true" });
    this.stage.append(this.canvas, this.light);
    this.panel = new Panel(this.appearance, (i) => {
      this.pin(this.trail.slice(0, i + 1));
      this.stage.focus({ preventScroll: true }); // the button that was pressed is gone
    });
    const tools = element("div", "attention-tools");
    this.picks = element("span", "attention-picks");
    const help = element("details", "attention-help");
    help.append(element("summary", "", {}, "How to read it"), element("p", "", {}, HINT));
    tools.append(this.picks, help, ...["SVG", "PNG"].map((kind) => {
      const button = element("button", "attention-button", { type: "button", title: `Save this picture as ${kind}` }, `Save ${kind}`);
      button.addEventListener("click", () => savePicture(kind.toLowerCase(), this, this.model.get("alt")));
      return button;
    }));
    this.root.append(this.error, this.stage, this.panel.element, this.shapes, tools, this.panel.spoken);
  }

  listen(signal) {
    const on = (target, type, handler, options = {}) => target.addEventListener(type, handler, { signal, ...options });
    on(this.stage, "pointermove", (event) => event.pointerType !== "touch" && this.hover(event));
    on(this.stage, "pointerleave", () => this.leave());
    on(this.stage, "click", (event) => this.click(this.cellAt(event)));
    on(this.stage, "keydown", (event) => this.key(event));
    on(this.stage, "focus", () => {
      if (this.stage.matches(":focus-visible") && !this.focus) this.look(this.lastCell());
    });
    const changes = { trace: () => this.read(), error: () => this.say(), readout: () => this.say(), pinned: () => this.pinFromPython() };
    for (const [name, handler] of Object.entries(changes)) this.model.on(`change:${name}`, handler);
    const redraw = () => this.schedule();
    // A new trace changes the height, too: only a new width needs another drawing.
    const size = new ResizeObserver(() => this.plan?.width !== this.width() && redraw());
    size.observe(this.root);
    const themes = new MutationObserver(redraw);
    const watched = { attributes: true, attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind", "theme"] };
    themes.observe(document.body, watched);
    themes.observe(document.documentElement, watched);
    on(matchMedia("(prefers-color-scheme: dark)"), "change", redraw);
    on(window, "resize", redraw); // a zoom changes the pixels, not the size
    on(window, "scroll", () => this.focus && this.float(), { capture: true, passive: true });
    signal.addEventListener("abort", () => {
      for (const [name, handler] of Object.entries(changes)) this.model.off(`change:${name}`, handler);
      size.disconnect();
      themes.disconnect();
      cancelAnimationFrame(this.frame);
    });
  }

  // -- what there is to show ----------------------------------------------------------------------

  read() {
    const { values, ...trace } = this.model.get("trace");
    const all = new Float64Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength));
    let start = 0;
    for (const step of trace.steps) {
      const count = step.shape.reduce((a, b) => a * b, 1);
      step.value = all.subarray(start, start + count);
      start += count;
    }
    this.trace = trace;
    this.steps = Object.fromEntries(trace.steps.map((step) => [step.name, step]));
    if (!this.trail.every((cell) => this.exists(cell))) this.trail = [];
    if (this.focus && !this.exists(this.focus)) this.focus = null;
    this.active = 0;
    this.plan = null; // until the next draw the places on the page are those of the trace before
    this.stage.setAttribute("aria-label", this.model.get("alt"));
    this.buildPicks();
    if (this.trail.length) this.turnTo(this.trail[0]);
    this.say();
    // The first answer to a hand is drawn at once; what follows within the same frame waits for the next.
    if (performance.now() - (this.drawnAt ?? 0) > FRAME) this.draw();
    else this.schedule();
  }

  exists([name, index]) {
    const step = this.steps[name];
    return step && index.length === step.shape.length && index.every((i, axis) => i < step.shape[axis]);
  }

  pinFromPython() {
    const pinned = this.model.get("pinned");
    if (pinned && !this.exists(pinned)) return;
    this.trail = pinned ? [pinned] : [];
    this.active = 0;
    if (pinned) this.turnTo(pinned);
    this.show(pinned);
  }

  // Show the sequence (or head) that a cell lies in.
  turnTo([name, index]) {
    this.steps[name].axes.slice(0, -2).forEach((axis, i) => (this.pick[axis] = index[i]));
    for (const select of this.picks.querySelectorAll("select")) select.value = this.pick[select.name];
    this.schedule();
  }

  lastCell() {
    const step = this.trace.steps[this.trace.steps.length - 1];
    return step ? [step.name, this.fullIndex(step, 0, 0)] : null;
  }

  // Which b (or head) is shown of each higher axis, as a choice under the diagram.
  buildPicks() {
    const axes = new Map();
    for (const step of this.trace.steps) step.axes.slice(0, -2).forEach((axis, i) => axes.set(axis, step.shape[i]));
    const wanted = [...axes].join();
    if (wanted === this.picked) return;
    this.picked = wanted;
    this.pick = Object.fromEntries([...axes].map(([axis, size]) => [axis, this.pick[axis] < size ? this.pick[axis] : 0]));
    this.picks.replaceChildren(...[...axes].map(([axis, size]) => {
      const label = element("label", "attention-pick", {}, `Show ${axis} = `);
      const select = element("select", "", { name: axis });
      for (let i = 0; i < size; i++) select.append(element("option", "", { value: i }, String(i)));
      select.value = this.pick[axis];
      select.addEventListener("change", () => {
        this.pick[axis] = Number(select.value);
        this.trail = [];
        this.look(null);
        this.schedule();
      });
      label.append(select);
      return label;
    }));
  }

  // -- drawing and telling ------------------------------------------------------------------------

  schedule() {
    this.frame = this.frame || requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.drawnAt = performance.now();
    const width = this.width();
    if (!width) return;
    const dark = isDark();
    this.root.classList.toggle("attention-dark", dark);
    this.plan = layOut(matrices(this.trace, this.appearance), width);
    this.colors = palette(this.appearance, dark);
    this.stage.style.height = `${this.plan.height}px`;
    const context = this.fit(this.canvas);
    paint(new CanvasBrush(context), this.plan, this.trace, this.colors, this.pick);
    this.show(this.focus);
    this.root.dataset.paints = ++this.paints;
  }

  // A canvas at least as large as the plan, ready to be drawn on; making it anew is slow, so it only grows.
  fit(canvas) {
    const scale = window.devicePixelRatio || 1;
    const { width, height } = this.plan;
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== w || canvas.height < h) [canvas.width, canvas.height] = [w, h];
    [canvas.style.width, canvas.style.height] = [`${width}px`, `${canvas.height / scale}px`];
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    return context;
  }

  width() {
    return Math.floor(this.stage.clientWidth);
  }

  show(cell) {
    this.focus = cell;
    if (!this.plan) return; // the first draw shows it
    this.light.hidden = !cell; // an empty canvas costs a frame as much as a full one
    if (cell) highlight(this.fit(this.light), this, cell, this.trail, this.active);
    this.panel.tell(cell, this.trail, this.steps, this.colors.role);
    this.float();
  }

  look(cell) {
    this.show(cell);
    const source = cell && this.trail.length ? sourceWords(sourcesOf(cell, this.steps), this.active, this.steps) : "";
    this.panel.speak(cell, this.steps, this.trace.tokens || [], source);
  }

  pin(trail) {
    this.trail = trail;
    this.active = 0;
    this.look(trail.length ? trail[trail.length - 1] : null);
  }

  float() {
    this.panel.float(this.focus ? this.stage.clientHeight - 40 : 0);
  }

  say() {
    for (const [place, text] of [[this.error, this.model.get("error")], [this.shapes, this.model.get("readout")]]) {
      place.textContent = text;
      place.hidden = !text;
    }
  }

  // -- the pointer --------------------------------------------------------------------------------

  fullIndex(step, row, column) {
    const [, [, columns]] = onPaper(step);
    if (step.axes.length < 2) return step.axes.map(() => (columns === 1 ? row : column));
    return [...step.axes.slice(0, -2).map((axis) => this.pick[axis] || 0), row, column];
  }

  cellAt(event) {
    if (!this.plan) return null;
    const area = this.canvas.getBoundingClientRect();
    const zoom = area.width / this.plan.width; // a page that is scaled, not zoomed
    const [x, y] = [(event.clientX - area.left) / zoom, (event.clientY - area.top) / zoom];
    const [width, height] = this.plan.cell;
    for (const step of this.trace.steps) {
      const box = this.plan.boxes[step.name];
      if (x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height) {
        return [step.name, this.fullIndex(step, Math.floor((y - box.y) / height), Math.floor((x - box.x) / width))];
      }
    }
    return null;
  }

  hover(event) {
    const cell = this.cellAt(event);
    this.stage.style.cursor = cell ? "pointer" : "";
    if (!this.trail.length && String(cell) !== String(this.focus)) this.show(cell);
  }

  leave() {
    if (!this.trail.length && !this.stage.matches(":focus-visible")) this.show(null);
  }

  click(cell) {
    const last = this.trail[this.trail.length - 1];
    const is = (one) => String(one) === String(cell);
    const earlier = this.trail.findIndex(is);
    if (!cell || (last && is(last))) {
      this.trail = [];
      this.look(cell);
    } else if (earlier >= 0) this.pin(this.trail.slice(0, earlier + 1));
    else if (last && sourcesOf(last, this.steps).some(is)) this.pin([...this.trail, cell]);
    else this.pin([cell]);
  }

  // -- the keys -----------------------------------------------------------------------------------

  key(event) {
    const cell = this.focus || this.lastCell();
    if (event.target !== this.stage || event.ctrlKey || event.metaKey || event.altKey || !cell) return;
    const pinned = this.trail.length > 0;
    const direct = pinned ? sourcesOf(cell, this.steps) : [];
    if (event.key in ARROWS) {
      const [dx, dy] = ARROWS[event.key];
      if (direct.length) this.active = (this.active + dx + dy + direct.length) % direct.length;
      this.look(pinned || !this.focus ? cell : this.moved(cell, dx, dy));
    } else if (event.key === "Enter" || event.key === " ") {
      if (!pinned) this.pin([cell]);
      else if (direct.length) this.pin([...this.trail, direct[this.active]]);
    } else if (event.key === "Backspace" && pinned) {
      if (this.trail.length > 1) this.pin(this.trail.slice(0, -1));
      else this.unpin(cell);
    } else if (event.key === "Escape") {
      this.unpin(pinned ? cell : null);
    } else if (event.key === "PageUp" || event.key === "PageDown") {
      this.unpin(this.neighbor(cell, event.key === "PageUp" ? -1 : 1));
    } else {
      return;
    }
    // JupyterLab has its own meaning for these keys.
    event.preventDefault();
    event.stopPropagation();
  }

  unpin(cell) {
    this.trail = [];
    this.look(cell);
  }

  // The cell beside this one; past the left or right edge, the same row of the matrix before or after.
  moved(cell, dx, dy) {
    const step = this.steps[cell[0]];
    const [[, rows], [, columns]] = onPaper(step);
    const [row, column] = this.place(cell);
    if (column + dx < 0) return this.neighbor(cell, -1, Infinity);
    if (column + dx >= columns) return this.neighbor(cell, 1, 0);
    return [cell[0], this.fullIndex(step, Math.min(Math.max(row + dy, 0), rows - 1), column + dx)];
  }

  place([name, index]) {
    if (index.length > 1) return index.slice(-2);
    const [, [, columns]] = onPaper(this.steps[name]);
    return columns === 1 ? [index[0] || 0, 0] : [0, index[0]];
  }

  neighbor(cell, by, column = this.place(cell)[1]) {
    const order = this.trace.steps;
    const next = order[order.findIndex((step) => step.name === cell[0]) + by];
    if (!next) return cell;
    const [[, rows], [, columns]] = onPaper(next);
    return [next.name, this.fullIndex(next, Math.min(this.place(cell)[0], rows - 1), Math.min(column, columns - 1))];
  }
}

export default {
  render({ model, el }) {
    const root = element("div", "");
    el.append(root);
    const gone = new AbortController();
    new Diagram(model, root).listen(gone.signal);
    return () => gone.abort();
  },
};
