// Where everything in a diagram stands: helpers/look/layout.py again, for the browser, where the width is known.

import { letters, tidy, wrap } from "./annotations.js";
import { dictionary } from "./grammar.js";
import { CLEAR, crisp, deep, drawn, EDGE, LANE, OFF, passing, room, route, TURN } from "./lanes.js";

const GROWN = [
  [64, 42, 18, false],
  [56, 37, 16.5, false],
  [48, 32, 14.5, false],
];
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
const LOW = 450;
const TALLEST = [2600, 1000];
export const [TITLE, COLUMNS, GUTTER, SUMS, GAP, RISE, MARGIN] = [34, 14, 19, 36, 24, 14, 12];
export const TOKENS = ["t", "s", "r"];
export const TILED = ["n", "m"];
export const [TILE_NAME, TILE_SUMS, APART] = [16, 28, 4];
export const [LETTER, LONGEST] = [6, 8];
export const [NOTE, INDENT, LINE, AIR] = [130, 9, 14, 5];

// Where among the axes the one stands whose indices are tiles side by side; -1 where there is none.
export const tileAxis = (step) => step.axes.slice(0, -2).findIndex((axis) => TILED.includes(axis));

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
  return [...step.axes.slice(0, -2).map((axis, i) => (i === tileAxis(step) ? tile : pick[axis] || 0)), row, column];
}

// The higher axes of which one index is shown at a time, and where among the axes they are.
export const chosenAxes = (step) => [...step.axes.slice(0, -2).entries()].filter(([i]) => i !== tileAxis(step));

function downAndAcross(step, empty, along) {
  const found = [empty, empty, ...along];
  if (step.axes.length === 1 && [...TOKENS, "b"].includes(step.axes[0])) return [found[2], found[0]];
  return found.slice(-2);
}

// Is it a parameter on the right of a matrix product, or added to each row, whose columns are those of the result?
// reader: what reads it, last.
function standsAbove(step, reader) {
  const [[axis], [same]] = [onPaper(step)[1], onPaper(reader)[1]];
  const joins = reader.kind === "sum-product" || (reader.kind === "add" && step.axes.length === 1);
  return step.parameter && joins && axis === same && !TOKENS.includes(axis) && tiles(step) === tiles(reader);
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
  const same = (one, other) => JSON.stringify(wordsOf(trace, one)) === JSON.stringify(wordsOf(trace, other));
  const whose = (axis) => ["", ...Object.keys(trace.tokens)].find((other) => same(axis, other));
  return trace.steps.map((step) => {
    const [[row, rows], [column, columns]] = onPaper(step);
    const readers = trace.steps.filter((other) => other.reads.includes(step.name));
    const isLast = readers.length === 1 && readers[0].reads.at(-1) === step.name;
    const above = isLast && standsAbove(step, readers[0]) ? readers[0].name : "";
    const title = Math.max(9 * [...step.name].length + 13, 6.2 * [...shapeText(step, style)].length);
    const note = tidy(Object.hasOwn(notes, step.name) ? notes[step.name] : "");
    return {
      name: step.name,
      rows,
      columns,
      tiles: tiles(step),
      title: Math.floor(title),
      inputs: step.reads,
      above,
      sums: step.role === "weights",
      labels: longest(row),
      heads: longest(column),
      note,
      noted: note ? Math.min(NOTE, INDENT + LETTER * letters(note)) : 0,
      whose: whose(row),
    };
  });
}

// grow: may cells be larger than usual, where the page is so wide that all stand in one band?
export function layOut(matrices, width, grow = false) {
  if (!matrices.length) {
    const nothing = { boxes: {}, edges: [], cell: [1, 1], font: 9, compact: true };
    return { width, height: 40, ...nothing, numbers: false, overflow: false };
  }
  let [page, written] = [null, null];
  for (const [cellWidth, cellHeight, font, compact] of [...(grow ? GROWN : []), ...NUMBERED]) {
    const tried = new Page(matrices, width, cellWidth, cellHeight, true);
    const grown = cellWidth > NUMBERED[0][0];
    if (tried.overflow || tried.least > (grown ? LOW : TALLEST[0]) || (grown && tried.bands.length > 1)) continue;
    [page, written] = [tried, { font, compact, numbers: true }];
    if (page.least <= ONE_SCREEN && page.plan.height <= ONE_SCREEN) break;
  }
  if (!page) {
    for (const size of COLORED) {
      page = new Page(matrices, width, size, size, false);
      written = { font: 9, compact: true, numbers: false };
      if (!page.overflow && page.least <= TALLEST[1]) break;
    }
  }
  return { ...page.plan, ...written };
}

const sum = (values) => values.reduce((a, b) => a + b, 0);

// A function of two whole numbers that remembers what it gave.
function remembered(compute) {
  const known = new Map();
  return (start, stop) => {
    const key = start * 4096 + stop;
    if (!known.has(key)) known.set(key, compute(start, stop));
    return known.get(key);
  };
}

// One try to place the matrices, at one cell size. bands: where the row of matrices is cut, [start, stop] each.
class Page {
  constructor(matrices, width, cellWidth, cellHeight, words) {
    Object.assign(this, { matrices, width, cell: [cellWidth, cellHeight], words });
    const above = dictionary(matrices.filter((m) => m.above).map((m) => [m.above, m]));
    this.blocks = matrices.filter((m) => !m.above).map((m) => [m, above[m.name]]);
    [this.room, this.notes] = [dictionary(), dictionary()];
    for (const block of this.blocks) {
      const parties = block.filter(Boolean);
      const cells = this.span(block[0]) + (words ? beside(block[0]) : 0);
      for (const { name, note } of parties) {
        this.room[name] = Math.max(cells, ...parties.map((party) => Math.max(party.title, party.noted)));
        this.notes[name] = wrap(note, Math.floor((this.room[name] - INDENT) / LETTER));
      }
    }
    const readers = new Map(this.blocks.map(([m]) => [m.name, []]));
    this.blocks.forEach(([m], i) => {
      for (const source of new Set(m.inputs)) readers.get(source)?.push(i);
    });
    this.readers = [...readers.values()];
    for (const name of ["places", "fits", "height"]) this[name] = remembered(this[name].bind(this));
    // Low pictures with short arrows are the easiest to read.
    this.bands = splits(this.blocks.length, this.fits)
      .map((bands) => [this.cost(bands), bands])
      .reduce((a, b) => (b[0] < a[0] ? b : a))[1];
    this.overflow = !this.bands.every((band) => this.fits(...band));
    const heights = this.bands.map((band) => this.height(...band));
    this.least = 1.5 * MARGIN + sum(heights) + CLEAR * (heights.length - 1); // how high it is at least, with few arrows
  }

  // From one tile to the next, a third of a cell apart.
  stride(m) {
    const [wide] = this.cell;
    return m.columns * wide + (this.words ? beside(m) : 0) + Math.max(Math.floor(wide / 3), APART);
  }

  // From the first cell to the last.
  span(m) {
    return m.columns * this.cell[0] + (m.tiles - 1) * this.stride(m);
  }

  label(count) {
    return this.words ? LETTER * Math.min(count, LONGEST) : 0;
  }

  over(m) {
    return this.label(m.heads === 1 ? 2 : m.heads);
  }

  // The height of what stands over the cells.
  written(m) {
    const lines = this.notes[m.name].length;
    return TITLE + LINE * lines + (lines && AIR) + (m.tiles > 1 && this.words ? TILE_NAME : 0) + COLUMNS;
  }

  // Where the labels and the cells of each matrix of a band begin, and where its last title ends. Words stand beside the
  // first matrix that has them, and where they change.
  places(start, stop) {
    let [left, known] = [TURN + EDGE, ""];
    const found = this.blocks.slice(start, stop).map(([m]) => {
      const place = [left, left + GUTTER + (m.whose === known ? 0 : this.label(m.labels))];
      known = m.labels ? m.whose : known;
      left = place[1] + this.room[m.name] + GAP;
      return place;
    });
    return [found, left - GAP];
  }

  // Is the page wide enough for this band and for the arrows that go past it?
  fits(start, stop) {
    const spare = this.width - MARGIN - this.places(start, stop)[1];
    const streets = stop - start + 1 - (start > 0 && this.blocks[start][1] ? 1 : 0);
    return spare >= 0 && spare >= LANE * (passing(this.readers, start, stop) - streets);
  }

  // How high a band is.
  height(start, stop) {
    const band = this.blocks.slice(start, stop);
    const heads = Math.max(...band.map(([m]) => this.written(m) + this.over(m)));
    const reach = ([m, p]) => (p ? this.written(m) + RISE + p.rows * this.cell[1] + this.written(p) : 0);
    return Math.max(heads, ...band.map(reach)) + Math.max(...band.map(([m]) => m.rows)) * this.cell[1];
  }

  // How far all arrows run sideways, and how high the picture is.
  cost(bands) {
    const at = dictionary();
    for (const [start, stop] of bands) {
      this.places(start, stop)[0].forEach(([, x], i) => {
        const [m] = this.blocks[start + i];
        at[m.name] = x + this.span(m) / 2;
      });
    }
    const aside = ([m]) => m.inputs.filter((source) => source in at).map((source) => Math.abs(at[m.name] - at[source]));
    return sum(this.blocks.flatMap(aside)) + 2 * sum(bands.map((band) => this.height(...band)));
  }

  // The matrices as their arrows see them.
  stops() {
    return this.bands.flatMap(([start, stop], band) =>
      this.places(start, stop)[0].map(([left, x], i) => {
        const [m, parameter] = this.blocks[start + i];
        const width = this.span(m);
        const end = x + width + (this.words ? beside(m) : 0);
        const inputs = [...new Set(m.inputs)].filter((source) => source !== parameter?.name);
        const right = x + this.room[m.name];
        return { name: m.name, band, left, x, width, end, right, inputs, roofed: Boolean(parameter) };
      }),
    );
  }

  get plan() {
    this.planned ??= this.draw();
    return this.planned;
  }

  // Boxes and arrows, and how high all of it is.
  draw() {
    const [stops, boxes, feet] = [this.stops(), dictionary(), []];
    const [tracks, ways] = route(stops, this.width);
    let y = MARGIN / 2;
    stops.forEach((stop, i) => {
      const [m, parameter] = this.blocks[i];
      if (stop.band === feet.length) {
        feet.push(y + this.height(...this.bands[stop.band]));
        y = feet.at(-1) + room(tracks[stop.band]);
      }
      const box = this.box(m, stop, feet.at(-1));
      boxes[m.name] = box;
      if (!parameter) return;
      const above = this.box(parameter, stop, box.top - RISE);
      boxes[parameter.name] = { ...above, tiles: box.tiles, width: box.width, words: false };
    });
    return {
      width: this.width,
      height: feet.at(-1) + deep(tracks.at(-1)) + MARGIN,
      cell: this.cell,
      boxes,
      edges: edges(this.matrices, boxes, drawn(ways, stops, boxes, feet)),
      overflow: this.overflow,
    };
  }

  // What the plan tells of a matrix whose cells end at this height.
  box(m, stop, foot) {
    const y = foot - m.rows * this.cell[1];
    return {
      x: stop.x,
      y,
      top: y - this.written(m) - this.over(m),
      band: stop.band,
      left: stop.x - stop.left,
      room: this.room[m.name],
      words: this.words && stop.x - stop.left > GUTTER,
      note: this.notes[m.name],
      width: stop.width,
      height: m.rows * this.cell[1],
      tiles: Array.from({ length: m.tiles }, (_, i) => [stop.x + i * this.stride(m), m.columns * this.cell[0]]),
    };
  }
}

const beside = (m) => (m.sums ? (m.tiles === 1 ? SUMS : TILE_SUMS) : 0);

// The ways to cut a row of blocks into the fewest bands that fit (one way, if there are many).
function splits(count, fits) {
  const cuts = [0];
  for (let i = 1; i < count; i++) if (!fits(cuts.at(-1), i + 1)) cuts.push(i);
  const greedy = cuts.map((start, i) => [start, cuts[i + 1] ?? count]);
  let many = 1;
  for (let i = 1; i < cuts.length; i++) many = (many * (count - i + 1)) / i;
  if (many > 150) return [greedy];
  const ways = [];
  const cut = (bands, start, left) => {
    if (!left) {
      if (fits(start, count)) ways.push([...bands, [start, count]]);
      return;
    }
    for (let end = start + 1; end <= count - left; end++) {
      if (fits(start, end)) cut([...bands, [start, end]], end, left - 1);
    }
  };
  cut([], 0, cuts.length - 1);
  return ways.length ? ways : [greedy];
}

// The arrows of the data flow, each with the points of its way, from its source to the matrix that is computed.
function edges(matrices, boxes, ways) {
  return matrices.flatMap(({ name, inputs }) =>
    [...new Set(inputs)].map((source) => {
      const [above, below] = [boxes[source], boxes[name]];
      const x = crisp(below.x + below.width / 2);
      const [begin, tip] = [above.y + above.height + OFF, below.top - 1];
      const down = [begin, tip].map((y) => [x, y]); // from a parameter
      return { from: source, to: name, points: ways.get(source)?.get(name) ?? down };
    }),
  );
}
