// Where everything in a diagram stands: helpers/layout.py again, for the browser, where the width is known.

import { letters, tidy, wrap } from "./annotations.js";
import { dictionary } from "./grammar.js";

const NUMBERED = [
  [42, 28, 13, false],
  [36, 24, 12, false],
  [32, 21, 11, false],
  [28, 19, 10, false],
  [22, 17, 9.5, true],
  [20, 16, 9, true],
];
const COLORED = [12, 9, 7, 5, 4, 3, 2];
const ONE_SCREEN = 700;
const TALLEST = [2600, 1000];
export const [TITLE, COLUMNS, GUTTER, SUMS, GAP, RISE, MARGIN] = [34, 14, 19, 36, 22, 14, 12];
const ARCS = 30;
export const TOKENS = ["t", "s", "r"];
export const TILED = "n";
export const [TILE_NAME, TILE_SUMS, APART] = [16, 28, 4];
export const [LETTER, LONGEST] = [6, 8];
export const [NOTE, INDENT, LINE, AIR] = [130, 9, 14, 5];

const tileAxis = (step) => step.axes.slice(0, -2).indexOf(TILED);

// How many tiles a step is drawn with: one for each head, where heads are a higher axis; else one.
export const tiles = (step) => step.shape[tileAxis(step)] ?? 1;

// The axis and size of the rows and of the columns a step is drawn with; a lone token axis runs down.
export const onPaper = (step) =>
  downAndAcross(
    step,
    ["", 1],
    step.axes.map((axis, i) => [axis, step.shape[i]]),
  );

// Where the cell of an index is drawn: tile, row, column.
export const placeOf = (step, index) => [index[tileAxis(step)] ?? 0, ...downAndAcross(step, 0, index)];

// The index of the cell that is drawn there. pick: the index that is shown of each other higher axis.
export function indexAt(step, [tile, row, column], pick) {
  if (step.axes.length < 2) return step.axes.map(() => row + column); // one of them is 0
  return [...step.axes.slice(0, -2).map((axis) => (axis === TILED ? tile : pick[axis] || 0)), row, column];
}

// The higher axes of which one index is shown at a time, and where among the axes they are.
export const chosenAxes = (step) => [...step.axes.slice(0, -2).entries()].filter(([, axis]) => axis !== TILED);

function downAndAcross(step, empty, along) {
  const found = [empty, empty, ...along];
  if (step.axes.length === 1 && [...TOKENS, "b"].includes(step.axes[0])) return [found[2], found[0]];
  return found.slice(-2);
}

// Is it a parameter on the right of a matrix product, or added to each row, whose columns are those of the result?
function standsAbove(step, reader) {
  const [[axis], [same]] = [onPaper(step)[1], onPaper(reader)[1]];
  const joins = reader.kind === "sum-product" || (reader.kind === "add" && step.axes.length === 1);
  return (
    step.parameter &&
    joins &&
    reader.inputs[reader.inputs.length - 1] === step.name &&
    axis === same &&
    !TOKENS.includes(axis) &&
    tiles(step) === tiles(reader)
  );
}

// What the size of its i-th axis is called: "T", or "S" where there are more keys than queries.
export function sizeName(step, i, style) {
  const axis = step.axes[i];
  return step.sizes[i] ?? (Object.hasOwn(style.axes, axis) ? style.axes[axis][0] : axis);
}

export function shapeText(step, style) {
  return `(${step.axes.map((_, i) => `${sizeName(step, i, style)}=${step.shape[i]}`).join(", ")})`;
}

// The words along an axis, one for each of its places.
export const wordsOf = (trace, axis) => (Object.hasOwn(trace.tokens, axis) ? trace.tokens[axis] : []);

export function matrices(trace, style, notes = {}) {
  const longest = (axis) => Math.max(0, ...wordsOf(trace, axis).map((token) => [...token].length));
  return trace.steps.map((step) => {
    const [[row, rows], [column, columns]] = onPaper(step);
    const readers = trace.steps.filter((other) => other.inputs.includes(step.name));
    const above = readers.length === 1 && standsAbove(step, readers[0]) ? readers[0].name : "";
    const title = Math.max(7 * [...step.name].length + 12, 5.6 * [...shapeText(step, style)].length);
    const note = tidy(Object.hasOwn(notes, step.name) ? notes[step.name] : "");
    return {
      name: step.name,
      rows,
      columns,
      tiles: tiles(step),
      title: Math.floor(title),
      inputs: step.inputs,
      above,
      sums: step.role === "weights",
      labels: longest(row),
      heads: longest(column),
      note,
      noted: note ? Math.min(NOTE, INDENT + LETTER * letters(note)) : 0,
    };
  });
}

export function layOut(matrices, width) {
  if (!matrices.length) {
    return {
      width,
      height: 40,
      boxes: {},
      edges: [],
      cell: [1, 1],
      font: 9,
      compact: true,
      numbers: false,
      overflow: false,
    };
  }
  let chosen = null;
  for (const [cellWidth, cellHeight, font, compact] of NUMBERED) {
    const plan = place(matrices, width, cellWidth, cellHeight, true);
    if (plan.overflow || plan.height > TALLEST[0]) continue;
    chosen = { ...plan, cell: [cellWidth, cellHeight], font, compact, numbers: true };
    if (plan.height <= ONE_SCREEN) break;
  }
  if (!chosen) {
    for (const size of COLORED) {
      const plan = place(matrices, width, size, size, false);
      chosen = { ...plan, cell: [size, size], font: 9, compact: true, numbers: false };
      if (!plan.overflow && plan.height <= TALLEST[1]) break;
    }
  }
  chosen.edges = edges(matrices, chosen.boxes, chosen.numbers);
  const lowest = Math.max(...Object.values(chosen.boxes).map((box) => box.y + box.height));
  const arcs = Math.max(0, ...chosen.edges.flatMap((edge) => edge.points.map(([, y]) => y)));
  chosen.height = Math.max(lowest, arcs) + MARGIN;
  return chosen;
}

const sum = (values) => values.reduce((a, b) => a + b, 0);

function place(matrices, width, cellWidth, cellHeight, words) {
  const above = dictionary(matrices.filter((m) => m.above).map((m) => [m.above, m]));
  const blocks = matrices.filter((m) => !m.above).map((m) => [m, above[m.name]]);
  const label = (count) => (words ? LETTER * Math.min(count, LONGEST) : 0);
  const over = (m) => label(m.heads === 1 ? 2 : m.heads);
  const stride = (m) => m.columns * cellWidth + (words ? beside(m) : 0) + Math.max(Math.floor(cellWidth / 3), APART);
  const span = (m) => m.columns * cellWidth + (m.tiles - 1) * stride(m);
  const [room, notes] = [dictionary(), dictionary()];
  for (const block of blocks) {
    const parties = block.filter(Boolean);
    const cells = span(block[0]) + (words ? beside(block[0]) : 0);
    for (const { name, note } of parties) {
      room[name] = Math.max(cells, ...parties.map((party) => Math.max(party.title, party.noted)));
      notes[name] = wrap(note, Math.floor((room[name] - INDENT) / LETTER));
    }
  }

  const across = ([matrix], first) => {
    const left = GUTTER + (first ? label(matrix.labels) : 0);
    return [left, left + room[matrix.name]];
  };
  const centers = (bands) => {
    const found = dictionary();
    for (const band of bands) {
      let x = MARGIN;
      band.forEach((block, i) => {
        const [left, needed] = across(block, i === 0);
        found[block[0].name] = x + left + span(block[0]) / 2;
        x += needed + GAP;
      });
    }
    return found;
  };
  const fits = (band) => sum(band.map((block, i) => across(block, i === 0)[1] + GAP)) - GAP + 2 * MARGIN <= width;
  const stretch = (bands) => {
    const at = centers(bands);
    return sum(blocks.flatMap(([m]) => m.inputs.filter((s) => s in at).map((s) => Math.abs(at[m.name] - at[s]))));
  };
  const written = (m) =>
    TITLE +
    LINE * notes[m.name].length +
    (notes[m.name].length && AIR) +
    (m.tiles > 1 && words ? TILE_NAME : 0) +
    COLUMNS;
  const height = (band) => {
    const heads = Math.max(...band.map(([m]) => written(m) + over(m)));
    const up = Math.max(...band.map(([m, p]) => (p ? written(m) + RISE + p.rows * cellHeight + written(p) : 0)));
    return Math.max(up, heads) + Math.max(...band.map(([m]) => m.rows)) * cellHeight;
  };

  // Low pictures with short arrows are the easiest to read.
  const cost = (bands) => stretch(bands) + 2 * sum(bands.map(height));
  const best = splits(blocks, fits)
    .map((bands) => [cost(bands), bands])
    .reduce((a, b) => (b[0] < a[0] ? b : a))[1];
  const boxes = dictionary();
  let y = MARGIN / 2;
  best.forEach((band, number) => {
    let x = MARGIN;
    const bottom = y + height(band);
    band.forEach((block, i) => {
      const [matrix, parameter] = block;
      const [left, needed] = across(block, i === 0);
      const high = matrix.rows * cellHeight;
      const top = bottom - high - written(matrix) - over(matrix);
      const box = {
        x: x + left,
        y: bottom - high,
        top,
        band: number,
        left,
        room: room[matrix.name],
        words: words && i === 0 && matrix.labels > 0,
        note: notes[matrix.name],
        width: span(matrix),
        height: high,
        tiles: Array.from({ length: matrix.tiles }, (_, tile) => [
          x + left + tile * stride(matrix),
          matrix.columns * cellWidth,
        ]),
      };
      boxes[matrix.name] = box;
      if (parameter) {
        const tall = parameter.rows * cellHeight;
        const up = top - RISE - tall;
        boxes[parameter.name] = {
          ...box,
          y: up,
          top: up - written(parameter),
          height: tall,
          words: false,
          note: notes[parameter.name],
        };
      }
      x += needed + GAP;
    });
    y = bottom + ARCS + MARGIN / 2;
  });
  return { width, height: y, boxes, overflow: !best.every(fits) };
}

const beside = (m) => (m.sums ? (m.tiles === 1 ? SUMS : TILE_SUMS) : 0);

// The ways to cut the row of blocks into the fewest bands that fit (one way, if there are many).
function splits(blocks, fits) {
  const greedy = [[]];
  for (const block of blocks) {
    const last = greedy[greedy.length - 1];
    if (last.length && !fits([...last, block])) greedy.push([block]);
    else last.push(block);
  }
  const ways = [];
  let count = 1;
  for (let i = 1; i < greedy.length; i++) count = (count * (blocks.length - i + 1)) / i;
  if (count > 150) return [greedy];
  const cut = (bands, start, left) => {
    if (!left) {
      ways.push([...bands, blocks.slice(start)]);
      return;
    }
    for (let end = start + 1; end <= blocks.length - left; end++) {
      cut([...bands, blocks.slice(start, end)], end, left - 1);
    }
  };
  cut([], 0, greedy.length - 1);
  const fitting = ways.filter((bands) => bands.every(fits));
  return fitting.length ? fitting : [greedy];
}

function edges(matrices, boxes, numbers) {
  const order = matrices.filter((m) => !m.above).map((m) => m.name);
  const sums = dictionary(matrices.map((m) => [m.name, numbers ? beside(m) : 0]));
  const above = dictionary(matrices.filter((m) => m.above).map((m) => [m.above, m.name]));
  return matrices.flatMap((matrix) =>
    matrix.inputs.map((source) => {
      const [a, b] = [boxes[source], boxes[matrix.name]];
      const [fromX, toX] = [a.x + a.width / 2, b.x + b.width / 2];
      const [below, top] = [a.y + a.height + 3, b.top - 1];
      const apart = order.includes(source) ? order.indexOf(matrix.name) - order.indexOf(source) : 0;
      let points;
      if (!apart) {
        points = straight(toX, below, toX, top);
      } else if (a.band !== b.band) {
        const half = below + ARCS / 2;
        const over = boxes[above[matrix.name] ?? matrix.name].top - 1;
        points = [
          [fromX, below],
          [fromX, half],
          [toX, half],
          [toX, over],
        ];
      } else if (apart === 1) {
        const y = b.y + b.height - Math.min(a.height, b.height) / 2;
        points = straight(a.x + a.width + sums[source] + 3, y, b.x - b.left - 1, y);
      } else {
        const low = Math.max(below, b.y + b.height + 3);
        const sag = low + Math.min(14 + 4 * apart, 36);
        points = [
          [fromX, low],
          [fromX, sag],
          [toX, sag],
          [toX, low],
        ];
      }
      const [low, high] = [Math.min(fromX, toX), Math.max(fromX, toX)];
      const across = Object.values(boxes).some(
        (box) => a.band < box.band && box.band < b.band && box.x - box.left < high && low < box.x + box.width,
      );
      return { from: source, to: matrix.name, points, across };
    }),
  );
}

const straight = (x1, y1, x2, y2) => [
  [x1, y1],
  [(2 * x1 + x2) / 3, (2 * y1 + y2) / 3],
  [(x1 + 2 * x2) / 3, (y1 + 2 * y2) / 3],
  [x2, y2],
];
