// The live face of a Trace: what is shown, where the pointer and the keys are. All of it works without a kernel.

import { element, put } from "../live/element.js";
import { followTheme, isDark } from "../live/theme.js";
import { inWords } from "./annotations.js";
import { CanvasBrush } from "./brush.js";
import { Cells } from "./cells.js";
import { Copying } from "./copying.js";
import { folded, toggled, withinReach } from "./folding.js";
import { dictionary } from "./grammar.js";
import { keyDown } from "./keys.js";
import { chosenAxes, indexAt, layOut, matrices, shapeText } from "./layout.js";
import { highlight, sourcesOf } from "./light.js";
import { Notes } from "./notes.js";
import { paint, palette } from "./paint.js";
import { Painting } from "./painting.js";
import { Panel, sourceWords } from "./panel.js";
import { click, doubleClick, hover, leave, press } from "./pointer.js";
import { savePicture } from "./save.js";
import { Sight } from "./sight.js";
import { Tools } from "./tools.js";
import { isSamePicture, unpack } from "./unpack.js";

const FRAME = 16; // milliseconds
const ON_PAPER = 3; // times as many pixels as on the screen

// The names of the matrices that a gradient may be of: dq is q's, d(x @ W) that of x @ W.
const undone = (name) => [name.replace(/^d/, ""), name.replace(/^d\((.*)\)$/s, "$1")];

export class Diagram {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.appearance = model.get("appearance");
    this.side = "forward"; // what is shown: the trait that holds the values, or "backward", the gradients
    this.pick = {}; // the index shown of each higher axis, but of heads, which are all shown
    this.focus = null; // the cell whose formula is shown: [name, index]
    this.trail = []; // the pinned cell, and the ones walked back to from it
    this.active = 0; // which of the pinned cell's sources the keys are on
    this.finer = 1; // times as many pixels as the screen has
    this.paints = 0;
    this.guess = null; // traits as Python will say that they are, most likely (ahead.js)
    this.build();
    this.read();
    this.pinFromPython();
  }

  build() {
    this.root.classList.add("attention-diagram");
    this.error = element("p", "attention-error", { role: "alert" });
    this.shapes = element("p", "attention-shapes", { role: "status" });
    this.stage = element("div", "attention-stage", {
      tabindex: "0",
      role: "application",
      "aria-roledescription": "diagram",
    });
    this.canvas = element("canvas", "attention-canvas", { "aria-hidden": "true" });
    this.light = element("canvas", "attention-light", { "aria-hidden": "true" });
    this.notes = new Notes(this);
    this.cells = new Cells(this);
    this.painting = new Painting(this);
    this.sight = new Sight(this.stage);
    this.stage.append(this.canvas, this.light, this.notes.editor.element, this.cells.input);
    this.panel = new Panel(this.appearance, (i) => {
      this.pin(this.trail.slice(0, i + 1));
      this.stage.focus({ preventScroll: true }); // the button that was pressed is gone
    });
    this.copying = new Copying(this);
    this.tools = new Tools(
      {
        turn: (side) => this.turn(side),
        pick: (axis, index) => this.pickIndex(axis, index),
        open: (path) => this.openPart(path),
        note: (opener) => this.notes.toggle(opener),
        save: (kind) => savePicture(kind, this, this.label()),
        sides: this.sides(),
      },
      this.copying,
    );
    this.root.append(this.error, this.stage, this.panel.element, this.shapes, this.tools.element, this.panel.spoken);
  }

  // What can be shown, in words.
  sides() {
    return { forward: "Values", backward: "Gradients" };
  }

  listen(signal) {
    const on = (target, type, handler, options = {}) => target.addEventListener(type, handler, { signal, ...options });
    on(this.stage, "pointermove", (event) => event.pointerType !== "touch" && hover(this, event));
    on(this.stage, "pointerleave", () => leave(this));
    on(this.stage, "pointerdown", (event) => press(this, event));
    for (const type of ["pointerup", "pointercancel"]) on(this.stage, type, () => this.painting.end());
    on(this.stage, "click", (event) => click(this, event));
    on(this.stage, "dblclick", (event) => doubleClick(this, event));
    on(this.stage, "keydown", (event) => keyDown(this, event));
    on(this.stage, "copy", (event) => this.copying.take(event));
    on(this.stage, "focus", () => {
      if (this.stage.matches(":focus-visible") && !this.focus) this.look(this.lastCell());
    });
    const changes = {
      forward: () => this.side === "forward" && !this.guess && !this.shows("forward") && this.read(),
      opened: () => this.read(),
      backward: () => this.readBackward(),
      notes: () => this.readNotes(),
      error: () => this.say(),
      readout: () => this.say(),
      pinned: () => this.pinFromPython(),
    };
    for (const [name, handler] of Object.entries(changes)) this.model.on(`change:${name}`, handler);
    const redraw = () => this.schedule();
    // A new trace changes the height, too: only a new width needs another drawing.
    const size = new ResizeObserver(() => {
      this.wide = this.stage.clientWidth;
      if (this.plan?.width !== this.width()) redraw();
    });
    size.observe(this.root);
    followTheme(this.root, signal, redraw);
    on(window, "resize", redraw); // a zoom changes the pixels, not the size
    on(window, "beforeprint", () => this.drawFiner(ON_PAPER));
    on(window, "afterprint", () => this.drawFiner(1));
    const scrolled = () => {
      this.sight.forget();
      if (this.focus) this.float();
    };
    on(window, "scroll", scrolled, { capture: true, passive: true });
    signal.addEventListener("abort", () => {
      for (const [name, handler] of Object.entries(changes)) this.model.off(`change:${name}`, handler);
      size.disconnect();
      cancelAnimationFrame(this.frame);
      clearTimeout(this.rest);
    });
  }

  // -- what there is to show ----------------------------------------------------------------------

  read() {
    this.load();
    // The first answer to a hand is drawn at once; what follows within the same frame waits for the next.
    if (performance.now() - (this.drawnAt ?? 0) > FRAME) this.draw();
    else this.schedule();
  }

  load() {
    this.trace = this.take(this.side);
    this.steps = dictionary(this.trace.all.map((step) => [step.name, step]));
    if (!this.trail.every((cell) => this.exists(cell))) this.trail = [];
    if (this.focus && !this.exists(this.focus)) this.focus = null;
    this.active = 0;
    this.plan = null; // until the next draw the places on the page are those of the trace before
    this.tools.showSide(this.side, this.model.get("backward"));
    this.tools.showParts(this.parts, this.opened);
    this.showPicks();
    this.readNotes();
    const asked = this.trace.steps.find((step) => step.asked);
    const question = asked && [asked.name, asked.asked];
    if (question && String(question) !== String(this.asked)) this.turnTo(question);
    this.asked = question;
    if (this.trail.length) this.turnTo(this.trail[0]);
    this.say();
  }

  // What is shown of a trait: Python's, or the guess at what it will be.
  held(name) {
    return this.guess?.[name] ?? this.model.get(name);
  }

  // Is it what Python says of a side that is drawn?
  shows(side) {
    return isSamePicture(this.taken, this.model.get(side));
  }

  // What is held of a side, with the parts of the code that are open.
  take(side) {
    this.taken = this.held(side);
    const whole = unpack(this.taken);
    this.opened = this.model.get("opened") ?? whole.opened;
    this.parts = withinReach(whole.all, this.opened);
    return folded(whole, this.opened);
  }

  // What stands over the matrices, by name.
  noted() {
    return this.model.get("notes");
  }

  readBackward() {
    const gone = !this.model.get("backward");
    this.tools.showSide(this.side, !gone);
    if (this.side === "forward") return;
    if (gone) this.side = "forward";
    this.read();
  }

  readNotes() {
    this.notes.read();
    this.stage.setAttribute("aria-label", this.label());
    this.schedule();
  }

  // The picture in words.
  label() {
    const names = () => this.trace.steps.map((step) => `${step.name} ${shapeText(step, this.appearance)}`);
    const chain = this.parts.length ? `Diagram of ${this.trace.title}: ${names().join(", ")}` : this.trace.alt;
    return [chain, ...inWords(this.notes.texts)].join(". ");
  }

  // Values or gradients; a pin on q[1,0] becomes one on dq[1,0], and back.
  turn(side) {
    if (side === this.side || !this.model.get(side)) return;
    const [pinned, cell] = [this.trail.length > 0, this.trail.at(-1) || this.focus];
    const names = cell ? this.twins(this.steps[cell[0]], side) : [];
    [this.side, this.trail, this.focus] = [side, [], null];
    this.load();
    const place = names.map((name) => [name, cell[1]]).find((one) => this.exists(one)) || null;
    if (place) this.turnTo(place);
    if (pinned && place) this.trail = [place];
    this.draw();
    this.look(place);
  }

  // What a matrix may be called on the other side.
  twins({ name, called }, side) {
    return [...(side === "forward" ? undone(name) : [`d${called}`]), name];
  }

  // Open a part of the code, or close it.
  openPart(path) {
    this.model.set("opened", toggled(this.opened, path));
    this.model.save_changes();
  }

  exists([name, index]) {
    const step = this.steps[name];
    return step && !step.hidden && index.length === step.shape.length && index.every((i, axis) => i < step.shape[axis]);
  }

  pinFromPython() {
    const pinned = this.model.get("pinned");
    if (pinned && !this.exists(pinned)) return;
    this.trail = pinned ? [pinned] : [];
    this.active = 0;
    if (pinned) this.turnTo(pinned);
    this.show(pinned);
  }

  // Show the sequence that a cell lies in.
  turnTo([name, index]) {
    for (const [i, axis] of chosenAxes(this.steps[name])) this.pick[axis] = index[i];
    this.showPicks();
    this.schedule();
  }

  lastCell() {
    const step = this.trace.steps[this.trace.steps.length - 1];
    return step ? [step.name, indexAt(step, [0, 0, 0], this.pick)] : null;
  }

  // Which b is shown: the one before, if it is still there.
  showPicks() {
    const axes = new Map();
    for (const step of this.trace.steps) for (const [i, axis] of chosenAxes(step)) axes.set(axis, step.shape[i]);
    this.pick = Object.fromEntries(
      [...axes].map(([axis, size]) => [axis, this.pick[axis] < size ? this.pick[axis] : 0]),
    );
    const several = new Map([...axes].filter(([, size]) => size > 1)); // where there is one, there is no choice
    this.tools.showPicks(several, this.pick);
  }

  pickIndex(axis, index) {
    this.pick[axis] = index;
    this.unpin(null);
    this.schedule();
  }

  // -- drawing and telling ------------------------------------------------------------------------

  schedule() {
    this.frame = this.frame || requestAnimationFrame(() => this.draw());
  }

  drawFiner(times) {
    this.finer = times;
    this.wide = null; // paper may have another width than the screen
    this.draw();
  }

  draw() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.rest);
    this.frame = 0;
    this.drawnAt = performance.now();
    const width = this.width();
    if (!width) return;
    this.plan = layOut(matrices(this.trace.laid ?? this.trace, this.appearance, this.notes.texts), width, true);
    this.colors = palette(this.appearance, isDark());
    this.stage.style.height = `${this.plan.height}px`;
    const context = this.fit(this.canvas);
    // What a hand moves and the eye sees comes first; what is out of sight waits until that is on the screen.
    const waits = this.paints && this.finer === 1 ? this.sight.missed() : () => false;
    const rest = paint(new CanvasBrush(context), this.plan, this.trace, this.colors, this.pick, waits);
    this.rest = setTimeout(() => {
      rest();
      this.sight.look();
    }, 2 * FRAME);
    this.notes.editor.update(this.plan, this.notes.texts);
    this.show(this.focus);
    this.root.dataset.paints = ++this.paints;
  }

  // A canvas at least as large as the plan, ready to be drawn on; making it anew is slow, so it only grows.
  fit(canvas) {
    const scale = (window.devicePixelRatio || 1) * this.finer;
    const { width, height } = this.plan;
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== w || canvas.height < h) [canvas.width, canvas.height] = [w, h];
    [canvas.style.width, canvas.style.height] = [`${width}px`, `${canvas.height / scale}px`];
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, Math.floor(height) - 1, width, 4); // a stage may end within a pixel, which would keep what was there
    return context;
  }

  // To ask the page for it would lay it out once more at each step.
  width() {
    return Math.floor(this.wide ?? this.stage.clientWidth);
  }

  show(cell) {
    this.focus = cell;
    if (!this.plan) return; // the first draw shows it
    this.light.hidden = !cell; // an empty canvas costs a frame as much as a full one
    if (cell) highlight(this.fit(this.light), this, cell, this.trail, this.active);
    this.panel.tell(cell, this.trail, this.steps, this.colors.role);
    this.notes.remark(cell?.[0]);
    this.float();
  }

  look(cell) {
    this.show(cell);
    const source =
      cell && this.trail.length ? sourceWords(cell, sourcesOf(cell, this.steps), this.active, this.steps) : "";
    this.panel.speak(cell, this.steps, this.trace, source, this.notes.texts[cell?.[0]]);
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
    for (const [place, text] of [
      [this.error, this.held("error")],
      [this.shapes, this.held("readout")],
    ]) {
      put(place, text);
      place.hidden = !text;
    }
  }

  unpin(cell) {
    this.trail = [];
    this.look(cell);
  }
}
