// Draws a laid-out Trace with a brush: on a canvas (the screen, PNG) or as SVG text (a file).

import { cellText, number } from "./rules.js";
import { COLUMNS, GUTTER, LONGEST, TOKENS, onPaper } from "./layout.js";

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

const widths = new Map();

export class CanvasBrush {
  constructor(context) {
    this.context = context;
  }

  rect(x, y, width, height, { fill, stroke, line = 1, dash = [] }) {
    const c = this.context;
    if (fill) {
      c.fillStyle = fill;
      c.fillRect(x, y, width, height);
    }
    if (stroke) {
      c.strokeStyle = stroke;
      c.lineWidth = line;
      c.setLineDash(dash);
      c.strokeRect(x, y, width, height);
      c.setLineDash([]);
    }
  }

  // A block of cells, each of one color: a tiny image, scaled without smoothing.
  cells(x, y, width, height, colors, columns) {
    const rows = colors.length / columns;
    const small = new OffscreenCanvas(columns, rows);
    const image = new ImageData(columns, rows);
    for (let i = 0; i < colors.length; i++) {
      [image.data[4 * i], image.data[4 * i + 1], image.data[4 * i + 2]] = colors[i];
      image.data[4 * i + 3] = 255;
    }
    small.getContext("2d").putImageData(image, 0, 0);
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(small, x, y, width, height);
  }

  lines(segments, color, line = 1) {
    const c = this.context;
    c.beginPath();
    for (const [x1, y1, x2, y2] of segments) {
      c.moveTo(x1, y1);
      c.lineTo(x2, y2);
    }
    c.strokeStyle = color;
    c.lineWidth = line;
    c.stroke();
  }

  curve([[x1, y1], [x2, y2], [x3, y3], [x4, y4]], color, line) {
    const c = this.context;
    c.beginPath();
    c.moveTo(x1, y1);
    c.bezierCurveTo(x2, y2, x3, y3, x4, y4);
    c.strokeStyle = color;
    c.lineWidth = line;
    c.stroke();
  }

  polygon(points, color) {
    const c = this.context;
    c.beginPath();
    points.forEach(([x, y]) => c.lineTo(x, y));
    c.fillStyle = color;
    c.fill();
  }

  text(text, x, y, { size, color, align = "center", bold = false, turned = false, most = 0 }) {
    const c = this.context;
    // Thousands of numbers are written in one frame: the context is told only what changes.
    const font = `${bold ? 600 : 400} ${size}px ${FONT}`;
    if (this.font !== font) c.font = this.font = font;
    if (this.align !== align) c.textAlign = this.align = align;
    if (this.baseline !== "middle") c.textBaseline = this.baseline = "middle";
    c.fillStyle = color;
    const args = most && this.width(text, font) > most ? [most] : [];
    if (!turned) {
      c.fillText(text, x, y, ...args);
      return;
    }
    c.save();
    c.translate(x, y);
    c.rotate(-Math.PI / 2);
    c.fillText(text, 0, 0, ...args);
    c.restore();
  }

  // Measuring is slow, and the same few numbers come again and again.
  width(text, font) {
    const key = `${font} ${text}`;
    if (!widths.has(key)) {
      if (widths.size > 10000) widths.clear();
      widths.set(key, this.context.measureText(text).width);
    }
    return widths.get(key);
  }

  measure(text, size) {
    const font = `400 ${size}px ${FONT}`;
    if (this.font !== font) this.context.font = this.font = font;
    return this.width(text, font);
  }
}

export class SvgBrush {
  constructor(measure) {
    this.parts = [];
    this.measure = measure;
  }

  rect(x, y, width, height, { fill = "none", stroke, line = 1, dash = [] }) {
    const border = stroke ? ` stroke="${stroke}" stroke-width="${line}" stroke-dasharray="${dash.join(" ")}"` : "";
    this.parts.push(`<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${fill}"${border}/>`);
  }

  cells(x, y, width, height, colors, columns) {
    const [w, h] = [width / columns, (height * columns) / colors.length];
    colors.forEach((color, i) =>
      this.rect(x + (i % columns) * w, y + Math.floor(i / columns) * h, w, h, { fill: `rgb(${color.join(",")})` }));
  }

  lines(segments, color, line = 1) {
    const d = segments.map(([x1, y1, x2, y2]) => `M${x1} ${y1}L${x2} ${y2}`).join("");
    this.parts.push(`<path d="${d}" stroke="${color}" stroke-width="${line}" fill="none"/>`);
  }

  curve(points, color, line) {
    const [start, ...rest] = points.map((point) => point.join(" "));
    this.parts.push(`<path d="M${start}C${rest.join(" ")}" stroke="${color}" stroke-width="${line}" fill="none"/>`);
  }

  polygon(points, color) {
    this.parts.push(`<polygon points="${points.map((point) => point.join(",")).join(" ")}" fill="${color}"/>`);
  }

  text(text, x, y, { size, color, align = "center", bold = false, turned = false, most = 0 }) {
    const anchor = { left: "start", center: "middle", right: "end" }[align];
    const squeeze = most && this.measure(text, size) > most ? ` textLength="${most}" lengthAdjust="spacingAndGlyphs"` : "";
    const turn = turned ? ` transform="rotate(-90 ${x} ${y})"` : "";
    this.parts.push(`<text x="${x}" y="${y}" font-size="${size}" fill="${color}" text-anchor="${anchor}" ` +
      `dominant-baseline="central" font-weight="${bold ? 600 : 400}"${squeeze}${turn}>${escape(text)}</text>`);
  }

  toString(width, height, alt) {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}" font-family="${escape(FONT)}" role="img"><title>${escape(alt)}</title>` +
      `${this.parts.join("\n")}</svg>`;
  }
}

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
  // Characters that XML cannot hold at all.
  .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const mix = (low, high, amount) => low.map((a, i) => Math.floor(a + (high[i] - a) * amount + 0.5));

// What the painter asks again and again about one theme.
export function palette(style, dark) {
  const theme = style.themes[dark ? "dark" : "light"];
  const [zero, negative, positive, weight, mask] = ["zero", "negative", "positive", "weight", "mask"]
    .map((name) => rgb(theme[name]));
  return {
    ...theme,
    role: (name) => style.roles[name][dark ? 1 : 0],
    axis: (name) => (Object.hasOwn(style.axes, name) ? style.axes[name][dark ? 2 : 1] : theme.muted),
    axisName: (name) => (Object.hasOwn(style.axes, name) ? style.axes[name][0] : name),
    fill: (value, role, top) => {
      if (value === -Infinity) return mask;
      if (!Number.isFinite(value)) return zero;
      if (role === "weights") return mix(zero, weight, Math.min(Math.max(value, 0), 1));
      return mix(zero, value > 0 ? positive : negative, top ? (0.8 * Math.abs(value)) / top : 0);
    },
  };
}

export function marked(value, role) {
  if (role === "weights" && (value < -1e-9 || value > 1 + 1e-9)) return true;
  return Number.isNaN(value) || value === Infinity;
}

export const short = (token) => ([...token].length > LONGEST ? `${[...token].slice(0, LONGEST - 1).join("")}…` : token);

// The numbers of a step that are drawn: its last two axes, the higher axes at the picked index.
export function shown(step, pick) {
  const [[, rows], [, columns]] = onPaper(step);
  const higher = step.axes.slice(0, -2).reduce((flat, axis, i) => flat * step.shape[i] + (pick[axis] || 0), 0);
  return step.value.subarray(higher * rows * columns, (higher + 1) * rows * columns);
}

export function paint(brush, plan, trace, colors, pick) {
  brush.rect(0, 0, plan.width, plan.height, { fill: colors.surface });
  for (const edge of plan.edges) paintEdge(brush, edge, colors.edge, 1);
  for (const step of trace.steps) paintMatrix(brush, plan, step, trace.tokens || [], colors, pick);
}

export function paintEdge(brush, { points }, color, line) {
  brush.curve(points, color, line);
  const [[x1, y1], [x2, y2]] = points.slice(-2);
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  const back = [x2 - 6 * dx, y2 - 6 * dy];
  brush.polygon([[x2, y2], [back[0] - 3 * dy, back[1] + 3 * dx], [back[0] + 3 * dy, back[1] - 3 * dx]], color);
}

function paintMatrix(brush, plan, step, tokens, colors, pick) {
  const box = plan.boxes[step.name];
  const [width, height] = plan.cell;
  const [[, rows], [, columns]] = onPaper(step);
  const values = shown(step, pick);
  let top = 0;
  for (const value of values) if (Number.isFinite(value)) top = Math.max(top, Math.abs(value));
  brush.cells(box.x, box.y, box.width, box.height, Array.from(values, (v) => colors.fill(v, step.role, top)), columns);
  if (plan.numbers) {
    const grid = [];
    for (let r = 1; r < rows; r++) grid.push([box.x, box.y + r * height, box.x + box.width, box.y + r * height]);
    for (let c = 1; c < columns; c++) grid.push([box.x + c * width, box.y, box.x + c * width, box.y + box.height]);
    brush.lines(grid, colors.line, 0.6);
  }
  const hatch = [];
  values.forEach((value, i) => {
    const [x, y] = [box.x + (i % columns) * width, box.y + Math.floor(i / columns) * height];
    if (value === -Infinity && plan.numbers) {
      for (const d of [0.33, 0.67, 1]) {
        hatch.push([x, y + height * d, x + width * d, y]);
        hatch.push([x + width * (1 - d), y + height, x + width, y + height * (1 - d)]);
      }
    }
    if (marked(value, step.role)) brush.polygon([[x, y], [x + width / 3, y], [x, y + height / 3]], colors.alarm);
  });
  if (hatch.length) brush.lines(hatch, colors.hatch, 0.6);
  if (plan.numbers) {
    values.forEach((value, i) => {
      if (value === -Infinity && plan.compact) return; // the hatch says it
      brush.text(cellText(value, step.digits, plan.compact), box.x + ((i % columns) + 0.5) * width,
        box.y + (Math.floor(i / columns) + 0.5) * height,
        { size: plan.font, color: value === 0 ? colors.muted : colors.ink, most: width - 3 });
    });
  }
  brush.rect(box.x, box.y, box.width, box.height,
    { stroke: colors.role(step.role), line: 2, dash: step.parameter ? [5, 3] : [] });
  paintTitle(brush, step, box, colors);
  if (plan.numbers) paintLabels(brush, plan, step, box, tokens, values, colors);
}

function paintTitle(brush, step, box, colors) {
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
    write(`${colors.axisName(axis)}=${step.shape[i]}`, colors.axis(axis));
  });
  write(")", colors.muted);
}

function paintLabels(brush, plan, step, box, tokens, values, colors) {
  const [width, height] = plan.cell;
  const [[row, rows], [column, columns]] = onPaper(step);
  for (let r = 0; r < rows; r++) {
    const y = box.y + (r + 0.5) * height;
    brush.text(String(r), box.x - 5, y, { size: 9.5, color: colors.axis(row), align: "right" });
    if (box.words && tokens[r] !== undefined && TOKENS.includes(row)) {
      brush.text(short(tokens[r]), box.x - GUTTER, y, { size: 10.5, color: colors.muted, align: "right", most: 46 });
    }
    if (step.role === "weights") {
      let total = 0;
      for (let c = 0; c < columns; c++) total += values[r * columns + c];
      brush.text(`Σ ${number(total, 2)}`, box.x + box.width + 5, y, { size: 9.5, color: colors.muted, align: "left" });
    }
  }
  for (let c = 0; c < columns; c++) {
    const x = box.x + (c + 0.5) * width;
    brush.text(String(c), x, box.y - 8, { size: 9.5, color: colors.axis(column) });
    if (tokens[c] !== undefined && TOKENS.includes(column)) {
      brush.text(short(tokens[c]), x, box.y - COLUMNS - 1, { size: 10.5, color: colors.muted, align: "left", turned: true, most: 46 });
    }
  }
}
