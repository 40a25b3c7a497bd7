// The pointer: what it is on, what it lights, and what a click pins.

import { indexAt } from "./layout.js";
import { sourcesOf } from "./light.js";

export function hover(view, event) {
  const place = inDrawing(view, event);
  const cell = cellAt(view, place);
  if (view.painting.stroke) view.painting.add(cell);
  const noted = view.notes.at(place);
  view.stage.style.cursor = cell || noted ? "pointer" : "";
  if (!view.trail.length && String(cell) !== String(view.focus)) view.show(cell);
  if (noted !== view.pointed) view.notes.remark(noted || view.focus?.[0]);
  view.pointed = noted;
}

export function leave(view) {
  if (!view.trail.length && !view.stage.matches(":focus-visible")) view.show(null);
}

// What may be painted is painted from here on, until the button is up.
export function press(view, event) {
  const cell = cellAt(view, inDrawing(view, event));
  if (event.button || !view.painting.takes(cell) || view.notes.at(inDrawing(view, event))) return;
  view.stage.setPointerCapture?.(event.pointerId);
  if (view.trail.length) view.unpin(cell);
  view.painting.begin(cell);
}

// A number is pinned or walked back to, a note is written anew.
export function click(view, event) {
  const place = inDrawing(view, event);
  if (view.painting.takes(cellAt(view, place)) && !view.notes.at(place)) return;
  const noted = view.notes.at(place);
  if (noted) view.notes.write(view.stage, noted);
  else choose(view, cellAt(view, place));
}

// The number of a matrix that may be changed is typed anew.
export function doubleClick(view, event) {
  const cell = cellAt(view, inDrawing(view, event));
  if (view.cells.takes(cell)) view.cells.open(cell);
}

function choose(view, cell) {
  const last = view.trail[view.trail.length - 1];
  const is = (one) => String(one) === String(cell);
  const earlier = view.trail.findIndex(is);
  if (!cell || (last && is(last))) view.unpin(cell);
  else if (earlier >= 0) view.pin(view.trail.slice(0, earlier + 1));
  else if (last && sourcesOf(last, view.steps).some(is)) view.pin([...view.trail, cell]);
  else view.pin([cell]);
}

// A place on the page as one in the drawing.
function inDrawing(view, event) {
  const area = view.canvas.getBoundingClientRect();
  const zoom = area.width / (view.plan?.width || 1); // a page that is scaled, not zoomed
  return [(event.clientX - area.left) / zoom, (event.clientY - area.top) / zoom];
}

function cellAt(view, [x, y]) {
  if (!view.plan) return null;
  const [width, height] = view.plan.cell;
  for (const step of view.trace.steps) {
    const box = view.plan.boxes[step.name];
    const tile = box.tiles.findIndex(([left, wide]) => x >= left && x < left + wide);
    if (tile < 0 || y < box.y || y >= box.y + box.height) continue;
    const place = [tile, Math.floor((y - box.y) / height), Math.floor((x - box.tiles[tile][0]) / width)];
    return [step.name, indexAt(step, place, view.pick)];
  }
  return null;
}
