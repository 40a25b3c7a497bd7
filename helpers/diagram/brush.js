// The two brushes: one paints on a canvas (the screen, PNG), one writes SVG (a file).

import { writeNumbers } from "./digits.js";

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

const fontOf = ({ size, bold, italic }) => `${italic ? "italic " : ""}${bold ? 600 : 400} ${size}px ${FONT}`;

const widths = new Map();

export class CanvasBrush {
  constructor(context) {
    this.context = context;
  }

  rect(x, y, width, height, { fill, stroke, line = 1, dash = [] }) {
    const c = this.context;
    if (fill) {
      c.fillStyle = this.ink = fill;
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

  // A block of cells, each of one color, four bytes in a row, with a number in each or without.
  cells(x, y, width, height, colors, columns, numbers) {
    if (numbers) {
      const written = { ...numbers, font: fontOf(numbers) };
      writeNumbers(this.context, [x, y, width, height], columns, colors, written);
      return;
    }
    // A tiny image, scaled without smoothing.
    const small = new OffscreenCanvas(columns, colors.length / 4 / columns);
    small.getContext("2d").putImageData(new ImageData(colors, columns), 0, 0);
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

  // A line with round corners: a start, then three points a corner (where it begins, the corner, where it ends), an end.
  way(points, color, line) {
    const c = this.context;
    c.beginPath();
    c.moveTo(...points[0]);
    for (let i = 1; i < points.length - 1; i += 3) {
      c.lineTo(...points[i]);
      c.quadraticCurveTo(...points[i + 1], ...points[i + 2]);
    }
    c.lineTo(...points.at(-1));
    c.strokeStyle = color;
    c.lineWidth = line;
    c.stroke();
  }

  polygon(points, color) {
    const c = this.context;
    c.beginPath();
    points.forEach(([x, y]) => c.lineTo(x, y));
    c.fillStyle = this.ink = color;
    c.fill();
  }

  text(text, x, y, { size, color, align = "center", bold = false, italic = false, turned = false, most = 0 }) {
    const c = this.context;
    // Thousands of numbers are written in one frame: the context is told only what changes.
    const font = fontOf({ size, bold, italic });
    if (this.font !== font) c.font = this.font = font;
    if (this.align !== align) c.textAlign = this.align = align;
    if (this.baseline !== "middle") c.textBaseline = this.baseline = "middle";
    if (this.ink !== color) c.fillStyle = this.ink = color;
    const widest = most && this.width(text, font) > most ? most : undefined;
    if (!turned) {
      c.fillText(text, x, y, widest);
      return;
    }
    c.save();
    c.translate(x, y);
    c.rotate(-Math.PI / 2);
    c.fillText(text, 0, 0, widest);
    c.restore();
  }

  // Measuring is slow, and the same few numbers come again and again.
  width(text, font) {
    if (!widths.has(font)) widths.set(font, new Map());
    const known = widths.get(font);
    if (!known.has(text)) {
      if (known.size > 5000) known.clear();
      known.set(text, this.context.measureText(text).width);
    }
    return known.get(text);
  }

  measure(text, size) {
    const font = fontOf({ size });
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

  cells(x, y, width, height, colors, columns, numbers) {
    const count = colors.length / 4;
    const [w, h] = [width / columns, (height * columns) / count];
    for (let i = 0; i < count; i++) {
      const fill = `rgb(${colors.slice(4 * i, 4 * i + 3).join(",")})`;
      this.rect(x + (i % columns) * w, y + Math.floor(i / columns) * h, w, h, { fill });
    }
    numbers?.texts.forEach((text, i) => {
      const { size, most, inks } = numbers;
      const [middle, centre] = [x + ((i % columns) + 0.5) * w, y + (Math.floor(i / columns) + 0.5) * h];
      if (text) this.text(text, middle, centre, { size, most, color: inks[i] });
    });
  }

  lines(segments, color, line = 1) {
    const d = segments.map(([x1, y1, x2, y2]) => `M${x1} ${y1}L${x2} ${y2}`).join("");
    this.parts.push(`<path d="${d}" stroke="${color}" stroke-width="${line}" fill="none"/>`);
  }

  way(points, color, line) {
    let d = `M${points[0].join(" ")}`;
    for (let i = 1; i < points.length - 1; i += 3)
      d += `L${points[i].join(" ")}Q${points[i + 1].join(" ")} ${points[i + 2].join(" ")}`;
    d += `L${points.at(-1).join(" ")}`;
    this.parts.push(`<path d="${d}" stroke="${color}" stroke-width="${line}" fill="none"/>`);
  }

  polygon(points, color) {
    this.parts.push(`<polygon points="${points.map((point) => point.join(",")).join(" ")}" fill="${color}"/>`);
  }

  text(text, x, y, { size, color, align = "center", bold = false, italic = false, turned = false, most = 0 }) {
    const anchor = { left: "start", center: "middle", right: "end" }[align];
    const squeeze =
      most && this.measure(text, size) > most ? ` textLength="${most}" lengthAdjust="spacingAndGlyphs"` : "";
    const turn = turned ? ` transform="rotate(-90 ${x} ${y})"` : "";
    this.parts.push(
      `<text x="${x}" y="${y}" font-size="${size}" fill="${color}" text-anchor="${anchor}" ` +
        `dominant-baseline="central" font-weight="${bold ? 600 : 400}"${italic ? ' font-style="italic"' : ""}${squeeze}${turn}>${escaped(text)}</text>`,
    );
  }

  toString(width, height, alt) {
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}" font-family="${escaped(FONT)}" role="img"><title>${escaped(alt)}</title>` +
      `${this.parts.join("\n")}</svg>`
    );
  }
}

const escaped = (text) =>
  String(text)
    .replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML cannot hold
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");
