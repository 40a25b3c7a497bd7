// What is written around a matrix: its name and shape, its note, its indices, words and sums.

import { number } from "./formulas.js";
import {
  AIR,
  COLUMNS,
  GUTTER,
  INDENT,
  LETTER,
  LINE,
  LONGEST,
  onPaper,
  TILE_NAME,
  TILE_SUMS,
  TILED,
  TITLE,
  wordsOf,
} from "./layout.js";

const short = (token) => ([...token].length > LONGEST ? `${[...token].slice(0, LONGEST - 1).join("")}…` : token);

export function paintTitle(brush, step, box, colors) {
  brush.rect(box.x, box.top + 5, 8, 8, { fill: colors.role(step.role) });
  brush.text(step.name, box.x + 13, box.top + 9.5, { size: 13.5, color: colors.ink, align: "left", bold: true });
  let x = box.x;
  const write = (text, color) => {
    brush.text(text, x, box.top + 25, { size: 11, color, align: "left" });
    x += brush.measure(text, 11);
  };
  write("(", colors.muted);
  step.axes.forEach((axis, i) => {
    if (i) write(", ", colors.muted);
    write(`${colors.sizeName(step, i)}=${step.shape[i]}`, colors.axis(axis));
  });
  write(")", colors.muted);
}

export function paintNote(brush, { x, top, note, room }, role, colors) {
  const y = top + TITLE;
  note.forEach((line, i) =>
    brush.text(line, x + INDENT, y + (i + 0.5) * LINE, {
      size: 11,
      color: colors.muted,
      align: "left",
      italic: true,
      most: room - INDENT,
    }),
  );
  if (note.length) brush.rect(x, y + 1, 2, note.length * LINE - 2, { fill: role });
}

// Which head is which: in full, or its number where a tile is narrow.
export function paintTileNames(brush, plan, box, colors) {
  const { note, tiles: places } = box;
  const above = box.top + TITLE + LINE * note.length + (note.length && AIR) + 0.4 * TILE_NAME;
  const y = plan.numbers ? above : box.y - 8; // there are the columns' indices and words below it, or not
  const fits = (text) => brush.measure(text, 9.5) <= places[1][0] - places[0][0] - 4;
  const last = places.length - 1;
  if (!fits(String(last))) return;
  const name = fits(`head ${last}`) ? "head " : "";
  places.forEach(([x, width], tile) =>
    brush.text(`${name}${tile}`, x + width / 2, y, { size: 9.5, color: colors.axis(TILED[0]) }),
  );
}

export function paintLabels(brush, plan, step, box, trace, parts, colors) {
  const [width, height] = plan.cell;
  const [[row, rows], [column, columns]] = onPaper(step);
  const [beside, above] = [wordsOf(trace, row), wordsOf(trace, column)];
  const letters = above.every((word) => [...word].length < 2);
  const below = LETTER * Math.max(0, ...above.map((word) => [...short(word)].length)); // for a word below the shape
  const reach = box.note.length ? box.room : brush.measure(colors.shapeText(step), 11);
  // First the indices, then the words: to change from one font to another takes time.
  const yOf = (r) => box.y + (r + 0.5) * height;
  const xOf = (part, c) => part.x + (c + 0.5) * width;
  for (let r = 0; r < rows; r++)
    brush.text(String(r), box.x - 5, yOf(r), { size: 9.5, color: colors.axis(row), align: "right" });
  for (const part of parts) {
    if (step.role === "weights" && !step.blank) paintSums(brush, plan, part, parts.length > 1, columns, colors);
    for (let c = 0; c < columns; c++)
      brush.text(String(c), xOf(part, c), box.y - 8, { size: 9.5, color: colors.axis(column) });
  }
  const word = { size: 10.5, color: colors.muted };
  for (let r = 0; box.words && r < rows; r++) {
    if (beside[r] !== undefined)
      brush.text(short(beside[r]), box.x - GUTTER, yOf(r), { ...word, align: "right", most: 46 });
  }
  for (const part of parts) {
    for (let c = 0; c < columns; c++) {
      if (above[c] === undefined) continue;
      const x = xOf(part, c);
      const most = x - LETTER - box.x < reach ? below : 46;
      const written = letters ? { most: width } : { align: "left", turned: true, most };
      brush.text(short(above[c]), x, box.y - COLUMNS - (letters ? LETTER : 1), { ...word, ...written });
    }
  }
}

// The sum of each row; between tiles there is room for one Σ, over all of them.
function paintSums(brush, plan, { x, y, width, values }, tiled, columns, colors) {
  const written = { size: 9.5, color: colors.muted, align: "left", most: tiled ? TILE_SUMS - 5 : 0 };
  if (tiled) brush.text("Σ", x + width + 5, y - 8, written);
  for (let r = 0; r * columns < values.length; r++) {
    let total = 0;
    for (let c = 0; c < columns; c++) total += values[r * columns + c];
    brush.text(`${tiled ? "" : "Σ "}${number(total, 2)}`, x + width + 5, y + (r + 0.5) * plan.cell[1], written);
  }
}
