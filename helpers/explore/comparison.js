// Two diagrams, a and b, that a hand moves through at once; b can be turned into the difference of the two.

import { Diagram } from "../diagram/diagram.js";
import { dictionary } from "../diagram/grammar.js";
import { layOut, matrices } from "../diagram/layout.js";
import { element } from "../live/element.js";
import { widget } from "../live/live.js";

const [BESIDE, GAP_BESIDE, HIGHER] = [800, 12, 1.35];
const UNKNOWN = { alike: false, note: "not compared", cell: null };
const OWN = ["forward", "error", "readout"]; // what each of the two has of its own in the model

// The model as one of the two sees it.
class Side {
  constructor(model, name) {
    Object.assign(this, { model, name });
  }

  get(trait) {
    if (trait === "backward") return this.name === "b" && this.pairs().some(({ alike }) => alike);
    if (trait === "editable" || trait === "paintable") return [];
    if (trait === "opened") return this.model.get("opened") ?? this.openedAtFirst();
    return this.model.get(OWN.includes(trait) ? `${trait}_${this.name}` : trait);
  }

  pairs() {
    return Object.values(this.model.get("pairs"));
  }

  // What is open in one of them at first is open in both.
  openedAtFirst() {
    const paths = ["a", "b"].flatMap((name) => this.model.get(`forward_${name}`).opened);
    return [...new Map(paths.map((path) => [path.join("\n"), path])).values()];
  }

  set(trait, value) {
    this.model.set(trait, value);
  }

  save_changes() {
    this.model.save_changes();
  }

  on(event, handler) {
    for (const heard of this.heard(event)) this.model.on(heard, handler);
  }

  off(event, handler) {
    for (const heard of this.heard(event)) this.model.off(heard, handler);
  }

  // A difference changes with each of the two.
  heard(event) {
    const trait = event.replace("change:", "");
    if (trait === "backward") return ["change:forward_a", "change:forward_b", "change:pairs"];
    return [OWN.includes(trait) ? `${event}_${this.name}` : event];
  }
}

// A matrix of one side, as the difference reads it.
function given(side, step) {
  const [name, called] = [`${side}.${step.name}`, `${side}.${step.called}`];
  return { ...step, name, called, kind: "given", inputs: [], hidden: true };
}

// A matrix as the difference of two of its name. Its number is made in the browser, for both are here.
function subtracted(step, [a, b], { alike, note, beyond }) {
  const role = step.role === "weights" ? "scores" : step.role; // of the same hue, and not from 0 to 1
  const shown = { ...step, role, parameter: false, reads: [], folded: "" };
  if (!alike) return { ...shown, kind: "given", inputs: [], blank: true, code: `${step.name}: ${note}` };
  const value = step.value.map((_, i) => (beyond && !Object.is(a.value[i], b.value[i]) ? a.value[i] - b.value[i] : 0));
  const axes = step.axes.join(" ");
  return {
    ...shown,
    value,
    kind: step.axes.length ? "subtract" : "given",
    rule: `${axes}, ${axes} -> ${axes}`,
    inputs: [a.name, b.name],
    digits: Math.max(a.digits, b.digits),
    code: `${a.called} - ${b.called}`,
  };
}

class Twin extends Diagram {
  constructor(model, root, name, first) {
    super(new Side(model, name), root);
    this.tools.element.querySelector(".attention-help").hidden = !first; // once is enough
    if (first) [this.other, first.other] = [first, this];
  }

  sides() {
    return { forward: "Values", backward: "Difference" };
  }

  twins({ name }) {
    return [name];
  }

  label() {
    return `${this.model.name}: ${super.label()}`;
  }

  pair(name) {
    return this.model.get("pairs")[name] ?? UNKNOWN;
  }

  take(side) {
    const trace = super.take("forward");
    const first = this.model.get("first");
    if (side === "forward") {
      const framed = ({ name }) => (name === first ? this.pair(name).cell : null);
      return { ...trace, steps: trace.steps.map((step) => Object.assign(step, { framed: framed(step) })) };
    }
    const theirs = dictionary(this.other.take("forward").all.map((step) => [step.name, step]));
    const inputs = [];
    const steps = trace.steps.map((step) => {
      const pair = this.pair(step.name);
      const both = pair.alike ? [given("a", theirs[step.name]), given("b", step)] : [];
      inputs.push(...both);
      return { ...subtracted(step, both, pair), framed: pair.cell };
    });
    return { ...trace, title: "a − b", steps, all: [...inputs, ...steps], laid: trace };
  }

  // In the difference, each matrix says how large it is.
  noted() {
    const notes = this.model.get("notes");
    if (this.side === "forward") return notes;
    return { ...Object.fromEntries(this.trace.steps.map(({ name }) => [name, this.pair(name).note])), ...notes };
  }

  // -- the cursor of the other ----------------------------------------------------------------------

  draw() {
    const before = this.follows;
    this.follows = true; // to draw is not to move
    super.draw();
    this.follows = before;
  }

  show(cell) {
    super.show(cell);
    if (!this.follows) this.other?.follow(this);
  }

  // Which of the two it is, is said first.
  look(cell) {
    super.look(cell);
    if (cell) this.panel.spoken.prepend(`${this.model.name}: `);
    if (!this.follows) this.other?.follow(this, true);
  }

  // aloud: a key or a click moved it there.
  follow(leader, aloud = false) {
    this.follows = true;
    const { trail, active, focus, pick } = leader;
    this.trail = trail.filter((cell) => this.exists(cell));
    this.active = this.trail.length === trail.length ? active : 0;
    const moved = Object.keys(this.pick).filter((axis) => axis in pick && this.pick[axis] !== pick[axis]);
    for (const axis of moved) this.pick[axis] = pick[axis];
    if (moved.length) {
      this.showPicks();
      this.schedule();
    }
    const cell = focus && this.exists(focus) ? focus : null;
    if (aloud) this.look(cell);
    else this.show(cell);
    this.follows = false;
  }
}

// Is there room for both, side by side? Each is then narrower, and may be a little higher for it.
function fitBeside(views, width) {
  if (width < BESIDE) return false;
  const plans = (room) => views.map(({ trace, appearance }) => layOut(matrices(trace, appearance), room, true));
  const highest = (found) => Math.max(...found.map(({ height }) => height));
  const [whole, half] = [plans(width), plans(Math.floor((width - GAP_BESIDE) / 2))];
  return half.every(({ numbers, compact }) => numbers && !compact) && highest(half) <= HIGHER * highest(whole);
}

const showBoth = (model, root, signal) => {
  const told = element("p", "attention-told", { role: "status" });
  const both = element("div", "attention-pair");
  root.append(told, both);
  const views = [];
  ["a", "b"].forEach((name, i) => {
    const heading = element("div", "attention-heading");
    const half = element("div", "", { role: "group", "aria-label": `${name}: ${model.get("titles")[i]}` });
    const place = element("div", "");
    const title = element("p", "", { "aria-hidden": "true" });
    title.append(element("b", "", {}, name), model.get("titles")[i]);
    heading.append(title);
    half.append(heading, place);
    both.append(half);
    views.push(new Twin(model, place, name, views[0]));
    if (i) heading.append(views[i].tools.toggle);
  });
  const arrange = () => {
    both.classList.toggle("attention-beside", fitBeside(views, both.clientWidth));
  };
  const size = new ResizeObserver(arrange);
  size.observe(both);
  signal.addEventListener("abort", () => size.disconnect());
  for (const view of views) view.listen(signal);
  const tell = () => {
    told.textContent = model.get("told");
  };
  const changes = { "change:told": tell, "change:forward_a": arrange, "change:forward_b": arrange };
  for (const [event, handler] of Object.entries(changes)) model.on(event, handler);
  signal.addEventListener("abort", () => {
    for (const [event, handler] of Object.entries(changes)) model.off(event, handler);
  });
  tell();
};

export default widget(showBoth, "comparison", [
  "appearance",
  "forward_a",
  "forward_b",
  "error_a",
  "error_b",
  "readout_a",
  "readout_b",
  "titles",
  "pairs",
  "first",
  "told",
  "pinned",
  "notes",
  "opened",
]);
