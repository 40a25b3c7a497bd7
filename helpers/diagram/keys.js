// The keys: from cell to cell, from matrix to matrix, and back to the tokens.

import { indexAt, onPaper, placeOf, tiles } from "./layout.js";
import { sourcesOf } from "./light.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function keyDown(view, event) {
  const cell = view.focus || view.lastCell();
  if (event.target === view.stage && view.focus && event.key === "c" && (event.ctrlKey || event.metaKey)) {
    event.stopPropagation(); // JupyterLab would copy the cell of the notebook
    return;
  }
  if (event.target !== view.stage || event.ctrlKey || event.metaKey || event.altKey || !cell) return;
  const pinned = view.trail.length > 0;
  const direct = pinned ? sourcesOf(cell, view.steps) : [];
  if (view.painting.key(cell, event.key)) {
    if (pinned) view.unpin(cell);
  } else if (event.key in ARROWS) {
    const [dx, dy] = ARROWS[event.key];
    if (direct.length) view.active = (view.active + dx + dy + direct.length) % direct.length;
    view.look(pinned || !view.focus ? cell : moved(view, cell, dx, dy));
  } else if (event.key === "Enter" || event.key === " ") {
    if (!pinned) view.pin([cell]);
    else if (direct.length) view.pin([...view.trail, direct[view.active]]);
  } else if (event.key === "Backspace" && pinned) {
    if (view.trail.length > 1) view.pin(view.trail.slice(0, -1));
    else view.unpin(cell);
  } else if (event.key === "Escape") {
    view.unpin(pinned ? cell : null);
  } else if (event.key === "PageUp" || event.key === "PageDown") {
    view.unpin(neighbor(view, cell, event.key === "PageUp" ? -1 : 1));
  } else if (event.key === "n" || event.key === "N") {
    view.notes.write(view.stage, cell[0]);
  } else if (event.key === "c" || event.key === "C") {
    view.copying.open(view.stage);
  } else if (view.cells.begins(cell, event.key)) {
    view.cells.open(cell, event.key === "F2" ? undefined : event.key);
  } else {
    return;
  }
  // JupyterLab has its own meaning for these keys.
  event.preventDefault();
  event.stopPropagation();
}

// The cell beside this one; past the left or right edge, the same row of the tile or the matrix before or after.
function moved(view, cell, dx, dy) {
  const step = view.steps[cell[0]];
  const [[, rows], [, columns]] = onPaper(step);
  const [tile, row, column] = placeOf(step, cell[1]);
  const across = tile * columns + column + dx; // counted from the first tile on
  if (across < 0) return neighbor(view, cell, -1, [Infinity, row, Infinity]);
  if (across >= tiles(step) * columns) return neighbor(view, cell, 1, [0, row, 0]);
  const down = Math.min(Math.max(row + dy, 0), rows - 1);
  return [cell[0], indexAt(step, [Math.floor(across / columns), down, across % columns], view.pick)];
}

function neighbor(view, cell, by, [tile, row, column] = placeOf(view.steps[cell[0]], cell[1])) {
  const order = view.trace.steps;
  const next = order[order.findIndex((step) => step.name === cell[0]) + by];
  if (!next) return cell;
  const [[, rows], [, columns]] = onPaper(next);
  const place = [Math.min(tile, tiles(next) - 1), Math.min(row, rows - 1), Math.min(column, columns - 1)];
  return [next.name, indexAt(next, place, view.pick)];
}
