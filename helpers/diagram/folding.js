// The parts of a learner's code, closed and opened: helpers/trace/folding.py again, for the browser. A part is its path,
// ["sa", "sa.heads.0"].

import { dictionary } from "./grammar.js";

const MOST_AT_ONCE = 15; // matrices
const pathText = (path) => path.join("\n");
const isWithin = (part, path) => path.every((name, i) => part[i] === name);

// The outermost part around a step that is not open, or undefined where all are open.
function closedPart({ part }, opened) {
  const depth = part.findIndex((_, i) => !opened.has(pathText(part.slice(0, i + 1))));
  return depth < 0 ? undefined : part.slice(0, depth + 1);
}

// The names of the shown steps that a step is made of, seen through hidden ones.
function readsThrough(step, steps) {
  if (!step.inputs.some((name) => steps[name].hidden)) return step.inputs;
  const [found, done, left] = [[], new Set(), [...step.inputs].reverse()];
  while (left.length) {
    const name = left.pop();
    if (done.has(name)) continue;
    done.add(name);
    if (steps[name].hidden) left.push(...[...steps[name].inputs].reverse());
    else found.push(name);
  }
  return found;
}

// A trace as it is shown while the parts in `opened`, a list of paths, are open and all others closed. Where more is open
// than has room, the part that was opened last is shown alone, or the last one that has room.
export function folded(trace, opened) {
  const hasRoom = (steps) => shownOf(steps).length <= MOST_AT_ONCE;
  let all = closedAndOpen(trace.all, opened);
  if (!hasRoom(all)) {
    const paths = new Set(opened.map(pathText));
    const reachable = [...opened]
      .reverse()
      .filter((path) => path.every((_, i) => paths.has(pathText(path.slice(0, i + 1)))));
    const views = reachable.map((path) => alone(all, path)).filter((view) => view);
    all = views.find(hasRoom) ?? views[0] ?? all;
  }
  const steps = dictionary(all.map((step) => [step.name, step]));
  for (const step of all) step.reads = readsThrough(step, steps);
  return { ...trace, all, steps: shownOf(all) };
}

const shownOf = (steps) => steps.filter(({ hidden }) => !hidden);

// All the steps, however many there are.
function closedAndOpen(steps, opened) {
  const paths = new Set(opened.map(pathText));
  const closed = dictionary(steps.map((step) => [step.name, closedPart(step, paths)]));
  const label = (name) => closed[name] && pathText(closed[name]);
  const [read, comesOut] = [new Set(), new Set()];
  for (const { name, inputs } of steps) {
    for (const input of inputs) {
      read.add(input);
      if (label(input) !== label(name)) comesOut.add(input);
    }
  }
  return steps.map((step) => {
    const part = closed[step.name];
    if (!part) return { ...step, folded: "" };
    const out = comesOut.has(step.name) || !(step.hidden || read.has(step.name));
    if (!out) return { ...step, hidden: true, folded: "" };
    return step.kind === "given" ? { ...step, folded: "" } : { ...step, hidden: false, folded: part.at(-1) };
  });
}

// One open part, and what it reads from outside; null where nothing of it is shown.
function alone(all, path) {
  const steps = dictionary(all.map((step) => [step.name, step]));
  const left = all.filter(({ part, hidden }) => isWithin(part, path) && !hidden).map(({ name }) => name);
  if (!left.length) return null;
  const kept = new Set();
  while (left.length) {
    const step = steps[left.pop()];
    kept.add(step.name);
    if (isWithin(step.part, path) || step.hidden) left.push(...step.inputs.filter((name) => !kept.has(name)));
  }
  return all.map((step) => (kept.has(step.name) ? step : { ...step, hidden: true }));
}

// The parts that can be opened or closed now, in the order of the code: those whose surroundings are open.
export function withinReach(steps, opened) {
  const paths = new Set(opened.map(pathText));
  const found = new Map();
  for (const { part } of steps) {
    for (let depth = 1; depth <= part.length; depth++) {
      const path = part.slice(0, depth);
      found.set(pathText(path), path);
      if (!paths.has(pathText(path))) break;
    }
  }
  return [...found.values()];
}

// The opened parts after one was opened or closed; what is in a part that is closed is closed, too.
export function toggled(opened, path) {
  return isOpen(opened, path) ? opened.filter((other) => !isWithin(other, path)) : [...opened, path];
}

export const isOpen = (opened, path) => opened.some((other) => pathText(other) === pathText(path));
