// Numbers as copies of digits: each digit is drawn once for a font and a color, and thousands of numbers are written
// pixel by pixel, which takes a fraction of the time of as many texts.

const CHARACTERS = "0123456789.e+–"; // all that finite numbers are written with; an en dash is a narrow minus
const CODES = new Uint8Array(128).map((_, code) => CHARACTERS.indexOf(String.fromCharCode(code)));
const DASH = CHARACTERS.indexOf("–");
const WITHIN = 4; // places within a pixel at which a character may begin
const HALO = 2; // pixels around a character
const SEVERAL = 128; // to keep

const fonts = new Map();
let pixels = new Uint8ClampedArray(0); // of one matrix: as many as the largest has

// Of a font: how far its line lies below the middle; and its characters, each with its step to the next, in pixels before
// it is squeezed, and its ink for each place within a pixel: how far to the right, how far down, how much of 256.
function digits(font, color, squeeze, scale) {
  const key = `${font} ${color} ${squeeze} ${scale}`;
  if (!fonts.has(key)) {
    if (fonts.size >= SEVERAL) fonts.clear();
    fonts.set(key, inksOf(font, color, squeeze, scale));
  }
  return fonts.get(key);
}

function inksOf(font, color, squeeze, scale) {
  const sheet = new OffscreenCanvas(1, 1);
  const context = sheet.getContext("2d", { willReadFrequently: true });
  context.font = font;
  const above = (baseline) => {
    context.textBaseline = baseline;
    return context.measureText(CHARACTERS).actualBoundingBoxAscent;
  };
  const below = (above("alphabetic") - above("middle")) * scale;
  const steps = [...CHARACTERS].map((character) => context.measureText(character).width * scale);
  const width = Math.ceil(Math.max(...steps)) + 2 * HALO + 1;
  const half = Math.ceil(Number.parseFloat(/[\d.]+px/.exec(font)[0]) * scale);
  [sheet.width, sheet.height] = [width * CHARACTERS.length, 2 * half * WITHIN];
  context.setTransform(scale * squeeze, 0, 0, scale, 0, 0);
  [context.font, context.fillStyle] = [font, color];
  const places = Array.from({ length: WITHIN }, (_, place) => place);
  const cornerOf = (i, place) => [i * width, 2 * half * place];
  for (const place of places)
    steps.forEach((_, i) => {
      const [x, y] = cornerOf(i, place);
      context.fillText(CHARACTERS[i], (x + HALO + place / WITHIN) / (scale * squeeze), (y + half) / scale);
    });
  const { data } = context.getImageData(0, 0, sheet.width, sheet.height);
  const characters = steps.map((step, i) => ({
    step,
    inks: places.map((place) => {
      const [x, y] = cornerOf(i, place);
      const ink = [];
      for (let down = 0; down < 2 * half; down++)
        for (let right = 0; right < width; right++) {
          const alpha = data[4 * ((y + down) * sheet.width + x + right) + 3];
          if (alpha) ink.push(right - HALO, down - half, Math.round((alpha * 256) / 255));
        }
      return Int16Array.from(ink);
    }),
  }));
  return { below, characters };
}

// A block of cells with a number in each. colors: of the cells, four bytes in a row; texts: an empty one is not
// written; inks: the color of each text; most: how wide a text may be before it is squeezed, 0 if none is too wide.
export function writeNumbers(context, [x, y, width, height], columns, colors, { texts, inks, font, most }) {
  const scale = context.getTransform().a;
  const rows = texts.length / columns;
  const [left, top] = [Math.round(x * scale), Math.round(y * scale)];
  const right = Array.from({ length: columns + 1 }, (_, i) => Math.round((x + (width * i) / columns) * scale) - left);
  const down = Array.from({ length: rows + 1 }, (_, i) => Math.round((y + (height * i) / rows) * scale) - top);
  const [wide, high] = [right[columns], down[rows]];
  if (pixels.length < 4 * wide * high) pixels = new Uint8ClampedArray(4 * wide * high);
  const data = pixels.subarray(0, 4 * wide * high);
  const whole = new Uint32Array(data.buffer, 0, wide * high); // a pixel's four bytes at once
  const fills = new Uint32Array(colors.buffer, colors.byteOffset, texts.length);
  for (let row = 0; row < rows; row++) {
    const line = down[row] * wide;
    for (let column = 0; column < columns; column++)
      whole.fill(fills[row * columns + column], line + right[column], line + right[column + 1]);
    for (let next = down[row] + 1; next < down[row + 1]; next++) whole.copyWithin(next * wide, line, line + wide);
  }
  const pens = new Map();
  texts.forEach((text, i) => {
    if (!text) return;
    if (!pens.has(inks[i])) pens.set(inks[i], pen(font, inks[i], scale, most));
    const [row, column] = [Math.floor(i / columns), i % columns];
    const [centre, middle] = [x + (width * (column + 0.5)) / columns, y + (height * (row + 0.5)) / rows];
    pens.get(inks[i])(data, wide, text, centre * scale - left, middle * scale - top);
  });
  context.putImageData(new ImageData(data, wide), left, top);
}

// Writes texts of one color, each around a place in an image.
function pen(font, color, scale, most) {
  const [red, green, blue] = [1, 3, 5].map((i) => Number.parseInt(color.slice(i, i + 2), 16));
  const loose = digits(font, color, 1, scale);
  return (data, wide, text, centre, middle) => {
    let length = 0;
    for (let i = 0; i < text.length; i++) length += loose.characters[codeOf(text, i)].step;
    // In few steps, for every new font takes time.
    const squeeze = most && length > most * scale ? Math.floor((64 * most * scale) / length) / 64 : 1;
    const { below, characters } = squeeze === 1 ? loose : digits(font, color, squeeze, scale);
    const line = Math.round(middle + below);
    let at = centre - (length * squeeze) / 2 + 0.5 / WITHIN; // the nearest place is taken
    for (let i = 0; i < text.length; i++) {
      const { step, inks } = characters[codeOf(text, i)];
      const start = Math.floor(at);
      const ink = inks[Math.floor((at - start) * WITHIN)];
      for (let dot = 0; dot < ink.length; dot += 3) {
        const pixel = 4 * ((line + ink[dot + 1]) * wide + start + ink[dot]);
        const share = ink[dot + 2];
        data[pixel] += ((red - data[pixel]) * share) >> 8;
        data[pixel + 1] += ((green - data[pixel + 1]) * share) >> 8;
        data[pixel + 2] += ((blue - data[pixel + 2]) * share) >> 8;
      }
      at += step * squeeze;
    }
  };
}

const codeOf = (text, i) => {
  const code = text.charCodeAt(i);
  return code < CODES.length ? CODES[code] : DASH;
};
