// Draws a laid-out Trace with a brush.

import { cellText } from "./formulas.js";
import { paintLabels, paintNote, paintTileNames, paintTitle } from "./labels.js";
import { rounded } from "./lanes.js";
import { chosenAxes, onPaper, placeOf, shapeText, sizeName, tileAxis, tiles } from "./layout.js";

const HEAD = 6; // the length of an arrow's head
const SMALLEST = 0.75; // of the font: numbers that are wider still are squeezed

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const mix = (low, high, amount) => low.map((a, i) => Math.floor(a + (high[i] - a) * amount + 0.5));

// What the painter asks again and again about one theme.
export function palette(style, dark) {
  const theme = style.themes[dark ? "dark" : "light"];
  const [zero, negative, positive, weight, mask] = ["zero", "negative", "positive", "weight", "mask"].map((name) =>
    rgb(theme[name]),
  );
  return {
    ...theme,
    role: (name) => style.roles[name][dark ? 1 : 0],
    axis: (name) => (Object.hasOwn(style.axes, name) ? style.axes[name][dark ? 2 : 1] : theme.muted),
    asked: (role) => `rgb(${mix(rgb(theme.surface), rgb(role), 0.16).join(",")})`,
    sizeName: (step, i) => sizeName(step, i, style),
    shapeText: (step) => shapeText(step, style),
    // Of each number: red, green, blue and opaque. Of thousands of them, so nothing is made for one alone.
    fills: (values, role, top) => {
      const found = new Uint8ClampedArray(4 * values.length).fill(255);
      values.forEach((value, i) => {
        const finite = Number.isFinite(value);
        const high = role === "weights" ? weight : value > 0 ? positive : negative;
        const share = role === "weights" ? Math.min(Math.max(value, 0), 1) : top ? (0.8 * Math.abs(value)) / top : 0;
        const low = value === -Infinity ? mask : zero;
        for (let j = 0; j < 3; j++)
          found[4 * i + j] = finite ? Math.floor(low[j] + (high[j] - low[j]) * share + 0.5) : low[j];
      });
      return found;
    },
  };
}

export function marked(value, role) {
  if (role === "weights" && (value < -1e-9 || value > 1 + 1e-9)) return true;
  return Number.isNaN(value) || value === Infinity;
}

// The numbers of a step that are drawn, tile by tile: its last two axes, the higher axes at the picked index.
export function shown(step, pick) {
  const [[, rows], [, columns]] = onPaper(step);
  return Array.from({ length: tiles(step) }, (_, tile) => {
    const at = (axis, i) => (i === tileAxis(step) ? tile : pick[axis] || 0);
    const higher = step.axes.slice(0, -2).reduce((flat, axis, i) => flat * step.shape[i] + at(axis, i), 0);
    return step.value.subarray(higher * rows * columns, (higher + 1) * rows * columns);
  });
}

// Where a cell stands: x, y, width, height; null if it lies at another index of a higher axis.
export function rectOf(step, index, plan, pick) {
  if (chosenAxes(step).some(([i, axis]) => (pick[axis] || 0) !== index[i])) return null;
  const [tile, row, column] = placeOf(step, index);
  const [width, height] = plan.cell;
  const box = plan.boxes[step.name];
  return [box.tiles[tile][0] + column * width, box.y + row * height, width, height];
}

// waits: is a box painted later? Returns what paints all of these.
export function paint(brush, plan, trace, colors, pick, waits = () => false) {
  const later = trace.steps.filter((step) => waits(plan.boxes[step.name]));
  const paintSteps = (steps, between = () => {}) => {
    // All images come first: before each, a browser finishes what was drawn until then.
    const matrices = steps.map((step) => paintCells(brush, plan, step, colors, pick));
    between();
    for (const matrix of matrices) paintAround(brush, plan, matrix, trace, colors, pick);
  };
  brush.rect(0, 0, plan.width, plan.height, { fill: colors.surface });
  paintSteps(
    trace.steps.filter((step) => !later.includes(step)),
    () => plan.edges.forEach((edge) => paintEdge(brush, edge, colors.edge, 1)),
  );
  return () => paintSteps(later);
}

export function paintEdge(brush, { points }, color, line) {
  const [[x1, y1], [x2, y2]] = points.slice(-2);
  const [dx, dy] = [Math.sign(x2 - x1), Math.sign(y2 - y1)];
  const back = [x2 - HEAD * dx, y2 - HEAD * dy];
  const inside = [x2 - (HEAD * dx) / 2, y2 - (HEAD * dy) / 2]; // of the head: a thick line does not show at its tip
  brush.way([points[0], ...rounded(points).flat(), inside], color, line);
  brush.polygon(
    [
      [x2, y2],
      [back[0] - 3 * dy, back[1] + 3 * dx],
      [back[0] + 3 * dy, back[1] - 3 * dx],
    ],
    color,
  );
}

// The cells of a matrix with their numbers, but the odd ones, which are written over what is drawn on their cells.
function paintCells(brush, plan, step, colors, pick) {
  const box = plan.boxes[step.name];
  const values = shown(step, pick);
  const parts = box.tiles.map(([x, width], tile) => ({ x, y: box.y, width, height: box.height, values: values[tile] }));
  if (step.blank) {
    for (const { x, y, width, height } of parts) brush.rect(x, y, width, height, { fill: colors.surface });
    return { step, parts };
  }
  let top = 0;
  for (const tile of values) for (const value of tile) if (Number.isFinite(value)) top = Math.max(top, Math.abs(value));
  const numbers = plan.numbers ? numbersOf(brush, plan, step, values) : null;
  const odd = [];
  parts.forEach(({ x, y, width, height, values }, tile) => {
    const texts = numbers?.texts[tile];
    values.forEach((value, i) => {
      if (Number.isFinite(value) && !marked(value, step.role)) return;
      odd.push({ value, tile, i, text: texts?.[i] });
      if (texts) texts[i] = "";
    });
    const written = numbers && { ...numbers, texts, inks: Array.from(values, (value) => inkOf(value, colors)) };
    brush.cells(x, y, width, height, colors.fills(values, step.role, top), onPaper(step)[1][1], written);
  });
  return { step, parts, numbers, odd };
}

const inkOf = (value, colors) => (value === 0 ? colors.muted : colors.ink);

// All numbers of a matrix are of one size: the largest at which the widest of them fits. An en dash is a narrow minus.
function numbersOf(brush, plan, step, values) {
  const textOf = (value) => cellText(value, step.digits, plan.compact).replace("−", "–");
  const texts = values.map((tile) => Array.from(tile, textOf));
  const most = plan.cell[0] - 3;
  let length = 0;
  for (const tile of texts) for (const text of tile) length = Math.max(length, text.length);
  // Digits are all of one width: texts that differ in them alone are measured once.
  const long = new Set();
  for (const tile of texts) for (const text of tile) if (text.length === length) long.add(text.replace(/\d/g, "0"));
  const widest = Math.max(...[...long].map((text) => brush.measure(text, plan.font)));
  // In half pixels, for every new size of a font takes time.
  const size = Math.floor(2 * plan.font * Math.min(1, Math.max(most / widest, SMALLEST))) / 2;
  return { texts, size, most: widest * size > most * plan.font ? most : 0 };
}

function paintAround(brush, plan, { step, parts, numbers, odd }, trace, colors, pick) {
  const box = plan.boxes[step.name];
  const role = colors.role(step.role);
  if (plan.numbers) paintGrid(brush, plan, step, parts, colors);
  if (odd?.length) paintOdd(brush, plan, step, parts, colors, numbers, odd);
  const frame = { stroke: role, line: 2, dash: step.parameter ? [5, 3] : [] };
  for (const { x, y, width, height } of parts) brush.rect(x, y, width, height, frame);
  const asked = step.asked && rectOf(step, step.asked, plan, pick);
  if (asked) paintAsked(brush, plan, asked, role, colors);
  const framed = step.framed && rectOf(step, step.framed, plan, pick);
  if (framed) brush.rect(...framed, { stroke: colors.alarm, line: plan.numbers ? 2.5 : 1 });
  paintTitle(brush, step, box, colors);
  paintNote(brush, box, role, colors);
  if (parts.length > 1) paintTileNames(brush, plan, box, colors);
  if (plan.numbers) paintLabels(brush, plan, step, box, trace, parts, colors);
}

function paintGrid(brush, plan, step, parts, colors) {
  const [wide, high] = plan.cell;
  const [[, rows], [, columns]] = onPaper(step);
  const grid = [];
  for (const { x, y, width, height } of parts) {
    for (let r = 1; r < rows; r++) grid.push([x, y + r * high, x + width, y + r * high]);
    for (let c = 1; c < columns; c++) grid.push([x + c * wide, y, x + c * wide, y + height]);
  }
  brush.lines(grid, colors.line, 0.6);
}

// What is not a number as others are: hatched or marked, and written over that.
function paintOdd(brush, plan, step, parts, colors, numbers, odd) {
  const [width, height] = plan.cell;
  const columns = onPaper(step)[1][1];
  const places = odd.map(({ tile, i }) => [
    parts[tile].x + (i % columns) * width,
    parts[tile].y + Math.floor(i / columns) * height,
  ]);
  const hatch = [];
  odd.forEach(({ value }, n) => {
    const [x, y] = places[n];
    if (value === -Infinity && numbers) {
      for (const d of [0.33, 0.67, 1]) {
        hatch.push([x, y + height * d, x + width * d, y]);
        hatch.push([x + width * (1 - d), y + height, x + width, y + height * (1 - d)]);
      }
    }
    if (marked(value, step.role))
      brush.polygon(
        [
          [x, y],
          [x + width / 3, y],
          [x, y + height / 3],
        ],
        colors.alarm,
      );
  });
  if (hatch.length) brush.lines(hatch, colors.hatch, 0.6);
  if (!numbers) return;
  const { size, most } = numbers;
  odd.forEach(({ value, text }, n) => {
    if (value === -Infinity && plan.compact) return; // the hatch says it
    const [x, y] = places[n];
    brush.text(text, x + width / 2, y + height / 2, { size, color: inkOf(value, colors), most });
  });
}

// The cell that is asked for: a question mark in a frame.
function paintAsked(brush, plan, [x, y, width, height], role, colors) {
  brush.rect(x, y, width, height, { fill: colors.asked(role), stroke: role, line: plan.numbers ? 3 : 1 });
  if (plan.numbers)
    brush.text("?", x + width / 2, y + height / 2, { size: plan.font + 2, color: colors.ink, bold: true });
}
