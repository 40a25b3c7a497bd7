// The live face of a Trace: hover, keys, pins and pictures. Everything here works without a kernel.

import { at, formula, number, sources, valueAt } from "./rules.js";
import { layOut, matrices, onPaper, shapeText } from "./layout.js";
import { CanvasBrush, SvgBrush, paint, paintEdge, palette } from "./paint.js";

const HINT = "Point at a number to see which numbers made it. Click it, or press Enter, to pin it; " +
  "then go back, stage by stage: click a lit number, or choose one with the arrow keys and press Enter. " +
  "Backspace takes one step forward again, Escape leaves.";

const element = (tag, className, attributes = {}, text = "") => {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
};

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
    this.appearance = model.get("appearance");
    this.pick = {};
    this.trail = []; // the pinned cell, and the ones walked back to from it: [name, index]
    this.focus = null; // the cell whose formula is shown
    this.active = 0; // which of the pinned cell's sources the keys are on
    this.paints = 0;
    this.build(root);
    this.read();
  }

  build(root) {
    root.classList.add("attention-diagram");
    this.root = root;
    this.error = element("p", "attention-error", { role: "alert", hidden: "" });
    this.stage = element("div", "attention-stage", { tabindex: "0", role: "application", "aria-roledescription": "diagram" });
    this.canvas = element("canvas", "attention-canvas", { "aria-hidden": "true" });
    this.light = element("canvas", "attention-light", { "aria-hidden": "true" });
    this.stage.append(this.canvas, this.light);
    this.panel = element("div", "attention-panel");
    this.path = element("nav", "attention-path", { "aria-label": "From here back to the tokens" });
    this.code = element("code", "attention-code");
    this.formula = element("p", "attention-formula");
    this.panel.append(this.path, this.code, this.formula);
    this.tools = element("div", "attention-tools");
    this.picks = element("span", "attention-picks");
    const save = (kind) => {
      const button = element("button", "attention-button", { type: "button", title: `Save this picture as ${kind}` }, `Save ${kind}`);
      button.addEventListener("click", () => this.save(kind.toLowerCase()));
      return button;
    };
    const help = element("details", "attention-help");
    help.append(element("summary", "", {}, "How to read it"), element("p", "", {}, HINT));
    this.tools.append(this.picks, help, save("SVG"), save("PNG"));
    this.shapes = element("p", "attention-shapes", { role: "status" });
    this.spoken = element("p", "attention-spoken", { "aria-live": "polite" });
    root.append(this.error, this.shapes, this.stage, this.panel, this.tools, this.spoken);
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
    const change = (name, handler) => {
      this.model.on(`change:${name}`, handler);
      signal.addEventListener("abort", () => this.model.off(`change:${name}`, handler));
    };
    change("trace", () => this.read());
    change("error", () => this.say());
    change("readout", () => this.say());
    change("pinned", () => this.pinFromPython());
    const redraw = () => this.schedule();
    const size = new ResizeObserver(redraw);
    size.observe(this.root);
    const themes = new MutationObserver(redraw);
    const watched = { attributes: true, attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind", "theme"] };
    themes.observe(document.body, watched);
    themes.observe(document.documentElement, watched);
    on(matchMedia("(prefers-color-scheme: dark)"), "change", redraw);
    on(window, "resize", redraw); // a zoom changes the pixels, not the size
    on(window, "scroll", () => this.float(), { capture: true, passive: true });
    signal.addEventListener("abort", () => {
      size.disconnect();
      themes.disconnect();
      cancelAnimationFrame(this.frame);
    });
  }

  // -- what there is to show ----------------------------------------------------------------------

  read() {
    const { values, ...trace } = this.model.get("trace");
    const bytes = values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength);
    const all = new Float64Array(bytes);
    let start = 0;
    for (const step of trace.steps) {
      const count = step.shape.reduce((a, b) => a * b, 1);
      step.value = all.subarray(start, start + count);
      step.factor = step.factor ?? 1;
      start += count;
    }
    this.trace = trace;
    this.steps = Object.fromEntries(trace.steps.map((step) => [step.name, step]));
    const exists = ([name, index]) => this.steps[name] && index.length === this.steps[name].shape.length &&
      index.every((i, axis) => i < this.steps[name].shape[axis]);
    for (const axis of Object.keys(this.pick)) this.pick[axis] = 0;
    if (!this.trail.every(exists)) this.trail = [];
    if (this.focus && !exists(this.focus)) this.focus = null;
    if (!this.started) {
      this.started = true;
      this.pinFromPython();
    }
    this.stage.setAttribute("aria-label", this.model.get("alt"));
    this.buildPicks();
    this.say();
    this.schedule();
  }

  inputs(step) {
    return step.inputs.map((name) => this.steps[name]);
  }

  sourcesOf([name, index]) {
    return sources(this.steps[name], index, this.inputs(this.steps[name]));
  }

  lastCell() {
    const step = this.trace.steps[this.trace.steps.length - 1];
    return [step.name, this.fullIndex(step, 0, 0)];
  }

  pinFromPython() {
    const pinned = this.model.get("pinned");
    this.trail = pinned && this.steps[pinned[0]] ? [pinned] : [];
    this.show(this.trail[0] || null);
  }

  // The picked b (or head) of each higher axis, as a choice above the diagram.
  buildPicks() {
    const axes = new Map();
    for (const step of this.trace.steps) {
      step.axes.slice(0, -2).forEach((axis, i) => axes.set(axis, step.shape[i]));
    }
    const wanted = [...axes].join();
    if (wanted === this.picked) return;
    this.picked = wanted;
    this.pick = {};
    this.picks.replaceChildren(...[...axes].map(([axis, size]) => {
      const label = element("label", "attention-pick", {}, `Show ${axis} = `);
      const select = element("select", "");
      for (let i = 0; i < size; i++) select.append(element("option", "", { value: i }, String(i)));
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

  // -- drawing ------------------------------------------------------------------------------------

  schedule() {
    this.frame = this.frame || requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = 0;
    const width = Math.floor(this.stage.clientWidth);
    if (!width) return;
    const scale = window.devicePixelRatio || 1;
    const dark = isDark();
    const plan = layOut(matrices(this.trace, this.appearance), width);
    this.root.classList.toggle("attention-dark", dark);
    this.plan = plan;
    this.colors = palette(this.appearance, dark);
    for (const canvas of [this.canvas, this.light]) {
      const [w, h] = [Math.round(width * scale), Math.round(plan.height * scale)];
      if (canvas.width !== w || canvas.height !== h) {
        canvas.width = w;
        canvas.height = h;
        canvas.style.width = `${width}px`;
        canvas.style.height = `${plan.height}px`;
      }
      canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
    }
    paint(new CanvasBrush(this.canvas.getContext("2d")), plan, this.trace, this.colors, this.pick);
    this.show(this.focus);
    this.root.dataset.paints = ++this.paints;
  }

  rect([name, index]) {
    const step = this.steps[name];
    const box = this.plan.boxes[name];
    const [width, height] = this.plan.cell;
    const [[, rows], [, columns]] = onPaper(step);
    const higher = step.axes.slice(0, -2);
    if (higher.some((axis, i) => (this.pick[axis] || 0) !== index[i])) return null;
    const flat = index.slice(higher.length).reduce((sum, at, i) => sum * step.shape[higher.length + i] + at, 0);
    return [box.x + (flat % columns) * width, box.y + (Math.floor(flat / columns) % rows) * height, width, height];
  }

  // Light up the cell in focus and what it is made of; all else steps back.
  highlight() {
    const c = this.light.getContext("2d");
    c.clearRect(0, 0, this.plan.width, this.plan.height);
    if (!this.focus) return;
    const direct = this.sourcesOf(this.focus);
    const pinned = this.trail.length > 0;
    c.globalAlpha = pinned ? 0.62 : 0.3;
    c.fillStyle = this.colors.surface;
    for (const step of this.trace.steps) {
      const box = this.plan.boxes[step.name];
      c.fillRect(box.x - 1, box.y - 1, box.width + 2, box.height + 2);
    }
    const lift = (cells, veil) => {
      c.globalAlpha = veil;
      for (const rect of cells.map((cell) => this.rect(cell)).filter(Boolean)) {
        c.clearRect(...rect);
        c.fillRect(...rect);
      }
    };
    // What lies further back is half lit: every number that reaches the pinned one.
    if (pinned) lift(this.ancestors(direct), 0.3);
    lift([...direct, this.focus, ...this.trail], 0);
    c.globalAlpha = 1;
    const step = this.steps[this.focus[0]];
    const brush = new CanvasBrush(c);
    for (const edge of this.plan.edges) {
      if (edge.to === step.name) paintEdge(brush, edge, this.colors.role(this.steps[edge.from].role), 2);
    }
    this.outline(c, direct);
    for (const cell of this.trail.slice(0, -1)) this.frameCell(c, cell, this.colors.muted, 2);
    if (pinned && direct.length) this.frameCell(c, direct[this.active % direct.length], this.colors.ink, 2, [3, 2]);
    this.frameCell(c, this.focus, this.colors.ink, 2.5);
  }

  frameCell(c, cell, color, line, dash = []) {
    const rect = this.rect(cell);
    if (rect) new CanvasBrush(c).rect(rect[0], rect[1], rect[2], rect[3], { stroke: color, line, dash });
  }

  // One outline around neighboring lit cells, in the color of their matrix.
  outline(c, cells) {
    const groups = {};
    for (const cell of cells) (groups[cell[0]] ||= []).push(this.rect(cell));
    for (const [name, rects] of Object.entries(groups)) {
      const [width, height] = this.plan.cell;
      const lit = new Set(rects.filter(Boolean).map(([x, y]) => `${x},${y}`));
      const segments = [];
      for (const [x, y] of rects.filter(Boolean)) {
        if (!lit.has(`${x},${y - height}`)) segments.push([x, y, x + width, y]);
        if (!lit.has(`${x},${y + height}`)) segments.push([x, y + height, x + width, y + height]);
        if (!lit.has(`${x - width},${y}`)) segments.push([x, y, x, y + height]);
        if (!lit.has(`${x + width},${y}`)) segments.push([x + width, y, x + width, y + height]);
      }
      new CanvasBrush(c).lines(segments, this.colors.role(this.steps[name].role), 2.5);
    }
  }

  // Every cell that reaches these ones, however far back.
  ancestors(cells) {
    const found = new Map();
    const queue = [...cells];
    while (queue.length && found.size < 6000) {
      for (const source of this.sourcesOf(queue.pop())) {
        const key = at(...source);
        if (!found.has(key)) {
          found.set(key, source);
          queue.push(source);
        }
      }
    }
    return [...found.values()];
  }

  // -- words --------------------------------------------------------------------------------------

  show(cell) {
    this.focus = cell;
    if (this.plan) this.highlight();
    const key = cell ? `${at(...cell)}|${this.trail.map((one) => at(...one))}|${this.paints}` : "";
    if (key === this.told) return;
    this.told = key;
    if (!cell) {
      this.path.replaceChildren();
      this.code.textContent = "";
      this.formula.textContent = "Point at a number, or press Tab and the arrow keys.";
      this.formula.classList.add("attention-quiet");
      return;
    }
    const [name, index] = cell;
    const step = this.steps[name];
    const inputs = this.inputs(step);
    const shapes = inputs.map((input) => `${input.name} ${shapeText(input, this.appearance)}`).join(", ");
    const given = step.parameter ? "learned in training" : "given";
    this.code.textContent = `${step.code || name}   # ${inputs.length ? `${shapes} → ` : `${given}: `}${shapeText(step, this.appearance)}`;
    this.formula.classList.remove("attention-quiet");
    const pieces = formula(step, index, inputs);
    this.formula.replaceChildren(...pieces.map(([text, from]) => {
      const span = element("span", "", {}, text);
      if (from && this.colors) span.style.setProperty("--role", this.colors.role(this.steps[from].role));
      if (from) span.className = "attention-number";
      return span;
    }));
    this.path.replaceChildren(...this.trail.map((one, i) => {
      const button = element("button", "attention-button", { type: "button" }, at(...one));
      if (i === this.trail.length - 1) button.setAttribute("aria-current", "step");
      button.addEventListener("click", () => {
        this.trail = this.trail.slice(0, i + 1);
        this.show(one);
      });
      return button;
    }));
    this.float();
  }

  // Say aloud what the eye sees: only for the keyboard and a pin, not for every move of the pointer.
  speak() {
    if (!this.focus) {
      this.spoken.textContent = "";
      return;
    }
    const [name, index] = this.focus;
    const step = this.steps[name];
    const tokens = this.trace.tokens || [];
    const places = step.axes.map((axis, i) =>
      ["t", "s", "r"].includes(axis) && tokens[index[i]] !== undefined ? `${axis} ${index[i]} “${tokens[index[i]]}”` : `${axis} ${index[i]}`);
    let words = `${name}, ${places.join(", ")}: ${this.formula.textContent}`;
    if (this.trail.length) {
      const direct = this.sourcesOf(this.focus);
      const chosen = direct[this.active % (direct.length || 1)];
      words += chosen ? `. Source ${(this.active % direct.length) + 1} of ${direct.length}: ${at(...chosen)} = ` +
        number(valueAt(this.steps[chosen[0]], chosen[1]), 3) : ". Nothing lies further back.";
    }
    this.spoken.textContent = words;
  }

  say() {
    this.error.textContent = this.model.get("error");
    this.error.hidden = !this.model.get("error");
    this.shapes.textContent = this.model.get("readout");
    this.shapes.hidden = !this.model.get("readout");
  }

  // Keep the formula in sight while the cell it explains is: as sticky would, in any scrolling parent.
  float() {
    this.panel.style.transform = "";
    if (!this.focus) return;
    let bottom = window.innerHeight;
    for (let parent = this.root.parentElement; parent; parent = parent.parentElement) {
      const { overflowY } = getComputedStyle(parent);
      if (overflowY !== "visible" && parent.scrollHeight > parent.clientHeight + 1) {
        bottom = Math.min(bottom, parent.getBoundingClientRect().bottom);
      }
    }
    const over = this.panel.getBoundingClientRect().bottom - bottom + 6;
    const most = this.stage.clientHeight - 40;
    if (over > 0 && over < most) this.panel.style.transform = `translateY(${-over}px)`;
  }

  // -- pointer and keys ---------------------------------------------------------------------------

  fullIndex(step, row, column) {
    const [, [, columns]] = onPaper(step);
    const higher = step.axes.slice(0, -2).map((axis) => this.pick[axis] || 0);
    if (step.axes.length === 0) return [];
    if (step.axes.length === 1) return [columns === 1 ? row : column];
    return [...higher, row, column];
  }

  cellAt(event) {
    if (!this.plan) return null;
    const area = this.canvas.getBoundingClientRect();
    const zoom = area.width / this.plan.width; // a page that is scaled, not zoomed
    const [x, y] = [(event.clientX - area.left) / zoom, (event.clientY - area.top) / zoom];
    for (const step of this.trace.steps) {
      const box = this.plan.boxes[step.name];
      if (x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height) {
        const [width, height] = this.plan.cell;
        return [step.name, this.fullIndex(step, Math.floor((y - box.y) / height), Math.floor((x - box.x) / width))];
      }
    }
    return null;
  }

  hover(event) {
    const cell = this.cellAt(event);
    this.stage.style.cursor = cell ? "pointer" : "";
    if (!this.trail.length && (cell ? at(...cell) : "") !== (this.focus ? at(...this.focus) : "")) this.show(cell);
    this.root.dataset.hovers = (Number(this.root.dataset.hovers) || 0) + 1;
  }

  leave() {
    if (!this.trail.length && !this.stage.matches(":focus-visible")) this.show(null);
  }

  click(cell) {
    const last = this.trail[this.trail.length - 1];
    const name = cell && at(...cell);
    const earlier = this.trail.findIndex((one) => at(...one) === name);
    if (!cell || (last && at(...last) === name)) this.trail = [];
    else if (earlier >= 0) this.trail = this.trail.slice(0, earlier + 1);
    else if (last && this.sourcesOf(last).some((one) => at(...one) === name)) this.trail = [...this.trail, cell];
    else this.trail = [cell];
    this.active = 0;
    this.look(cell);
  }

  look(cell) {
    this.show(cell);
    this.speak();
  }

  key(event) {
    if (event.target !== this.stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const cell = this.focus || this.lastCell();
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] || [0, 0];
    const pinned = this.trail.length > 0;
    const direct = pinned ? this.sourcesOf(cell) : [];
    if (dx || dy) {
      if (pinned) this.active = direct.length ? (this.active + dx + dy + direct.length) % direct.length : 0;
      this.look(pinned ? cell : this.focus ? this.moved(cell, dx, dy) : cell);
    } else if (event.key === "Enter" || event.key === " ") {
      if (!pinned) this.trail = [cell];
      else if (direct.length) this.trail = [...this.trail, direct[this.active % direct.length]];
      this.active = 0;
      this.look(this.trail[this.trail.length - 1]);
    } else if (event.key === "Backspace" && pinned) {
      this.trail = this.trail.slice(0, -1);
      this.active = 0;
      this.look(this.trail[this.trail.length - 1] || cell);
    } else if (event.key === "Escape") {
      this.trail = [];
      this.look(pinned ? cell : null);
    } else if (event.key === "PageUp" || event.key === "PageDown") {
      this.trail = [];
      this.look(this.neighbor(cell, event.key === "PageUp" ? -1 : 1));
    } else {
      return;
    }
    // JupyterLab has its own meaning for these keys.
    event.preventDefault();
    event.stopPropagation();
  }

  // The cell beside this one; past the left or right edge, the same row of the matrix before or after.
  moved([name, index], dx, dy) {
    const step = this.steps[name];
    const [[, rows], [, columns]] = onPaper(step);
    const [row, column] = this.place([name, index]);
    if (column + dx < 0) return this.neighbor([name, index], -1, Infinity);
    if (column + dx >= columns) return this.neighbor([name, index], 1, 0);
    return [name, this.fullIndex(step, Math.min(Math.max(row + dy, 0), rows - 1), column + dx)];
  }

  place([name, index]) {
    const step = this.steps[name];
    const [, [, columns]] = onPaper(step);
    const last = index.slice(-2);
    return last.length === 2 ? last : columns === 1 ? [last[0] || 0, 0] : [0, last[0] || 0];
  }

  neighbor(cell, by, column = this.place(cell)[1]) {
    const order = this.trace.steps;
    const next = order[order.findIndex((step) => step.name === cell[0]) + by];
    if (!next) return cell;
    const [[, rows], [, columns]] = onPaper(next);
    return [next.name, this.fullIndex(next, Math.min(this.place(cell)[0], rows - 1), Math.min(column, columns - 1))];
  }

  // -- pictures -----------------------------------------------------------------------------------

  save(kind) {
    const name = `${this.trace.title}.${kind}`;
    const download = (blob) => {
      const link = element("a", "", { download: name, href: URL.createObjectURL(blob) });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    };
    const measure = (text, size) => new CanvasBrush(document.createElement("canvas").getContext("2d")).measure(text, size);
    if (kind === "svg") {
      const brush = new SvgBrush(measure);
      paint(brush, this.plan, this.trace, this.colors, this.pick);
      download(new Blob([brush.toString(this.plan.width, this.plan.height, this.model.get("alt"))], { type: "image/svg+xml" }));
      return;
    }
    const page = element("canvas", "");
    [page.width, page.height] = [this.plan.width * 2, this.plan.height * 2];
    const context = page.getContext("2d");
    context.scale(2, 2);
    paint(new CanvasBrush(context), this.plan, this.trace, this.colors, this.pick);
    page.toBlob(download, "image/png");
  }
}

export default {
  render({ model, el }) {
    const root = element("div", "");
    el.append(root);
    const gone = new AbortController();
    const diagram = new Diagram(model, root);
    diagram.listen(gone.signal);
    return () => gone.abort();
  },
};
