// Lights up a cell and the cells it is made of, on a canvas above the diagram.

import { CanvasBrush } from "./brush.js";
import { at } from "./formulas.js";
import { paintEdge, rectOf } from "./paint.js";
import { sourcesThrough } from "./through.js";

const ENOUGH = 6000; // cells to walk back through before the rest stays unlit

export function sourcesOf([name, index], steps) {
  const found = sourcesThrough(steps[name], index, steps);
  return found.filter(([, place]) => place.every(Number.isInteger)); // which row a blank id names stays open
}

// Every cell that reaches these ones, however far back.
function ancestors(cells, steps) {
  const found = new Map();
  const queue = [...cells];
  while (queue.length && found.size < ENOUGH) {
    for (const source of sourcesOf(queue.pop(), steps)) {
      const key = at(...source);
      if (!found.has(key)) {
        found.set(key, source);
        queue.push(source);
      }
    }
  }
  return [...found.values()];
}

// view: steps by name, plan, colors, pick. focus: the cell; trail: the pinned cells; active: the chosen source.
export function highlight(context, { steps, plan, colors, pick }, focus, trail, active) {
  context.clearRect(0, 0, plan.width, plan.height);
  const direct = sourcesOf(focus, steps);
  const pinned = trail.length > 0;
  const rects = (cells) => cells.map(([name, index]) => rectOf(steps[name], index, plan, pick)).filter(Boolean);
  context.fillStyle = colors.surface;
  context.globalAlpha = pinned ? 0.62 : 0.3;
  for (const { tiles, y, height } of Object.values(plan.boxes)) {
    for (const [x, width] of tiles) context.fillRect(x - 1, y - 1, width + 2, height + 2);
  }
  const lift = (cells, veil) => {
    context.globalAlpha = veil;
    for (const rect of rects(cells)) {
      context.clearRect(...rect);
      context.fillRect(...rect);
    }
  };
  // What lies further back is half lit: every number that reaches the pinned one.
  if (pinned) lift(ancestors(direct, steps), 0.3);
  lift([...direct, focus, ...trail], 0);
  context.globalAlpha = 1;

  const brush = new CanvasBrush(context);
  const edges = plan.edges.filter((edge) => edge.to === focus[0]);
  for (const edge of edges) paintEdge(brush, edge, colors.role(steps[edge.from].role), 2);
  // Where two of them run together they have the color of what they make.
  edges.forEach((edge, i) => {
    const joined = edges.slice(0, i).map((other) => ending(edge.points, other.points));
    for (const points of joined)
      if (points.length > 1) paintEdge(brush, { points }, colors.role(steps[focus[0]].role), 2);
  });
  for (const name of new Set(direct.map(([source]) => source))) {
    outline(brush, rects(direct.filter(([source]) => source === name)), plan.cell, colors.role(steps[name].role));
  }
  const frame = (cells, style) => rects(cells).forEach((rect) => brush.rect(...rect, style));
  frame(trail.slice(0, -1), { stroke: colors.muted, line: 2 });
  if (pinned && direct.length) frame([direct[active]], { stroke: colors.ink, line: 2, dash: [3, 2] });
  frame([focus], { stroke: colors.ink, line: 2.5 });
}

// The way that two arrows have in common at their end.
function ending(one, other) {
  let shared = 0;
  const back = (points, i) => points[points.length - 1 - i];
  while (shared < Math.min(one.length, other.length) && String(back(one, shared)) === String(back(other, shared)))
    shared++;
  const found = one.slice(one.length - shared);
  const [a, b, end] = [back(one, shared), back(other, shared), found[0]];
  if (!a || !b || !end) return found;
  const [along, far] = a[0] === end[0] ? [1, 0] : [0, 1]; // which of x and y changes on the way to the first point in common
  const [before, after] = [a[along] - end[along], b[along] - end[along]];
  if (a[far] !== b[far] || before * after <= 0) return found;
  return [Math.abs(before) < Math.abs(after) ? a : b, ...found];
}

// One outline around neighboring cells.
function outline(brush, rects, [width, height], color) {
  const lit = new Set(rects.map(([x, y]) => `${x},${y}`));
  const segments = [];
  for (const [x, y] of rects) {
    if (!lit.has(`${x},${y - height}`)) segments.push([x, y, x + width, y]);
    if (!lit.has(`${x},${y + height}`)) segments.push([x, y + height, x + width, y + height]);
    if (!lit.has(`${x - width},${y}`)) segments.push([x, y, x, y + height]);
    if (!lit.has(`${x + width},${y}`)) segments.push([x + width, y, x + width, y + height]);
  }
  brush.lines(segments, color, 2.5);
}
