// A Trace as Python sends it, each step with its own numbers and tables. steps: those that are shown; all: all.
export function unpack({ values, steps, ...trace }) {
  const buffer = values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength);
  let start = 0; // in bytes
  const take = (Kind, count) => {
    const part = new Kind(buffer, start, count);
    start += part.byteLength;
    return part;
  };
  const size = (shape) => shape.reduce((a, b) => a * b, 1);
  const filled = steps.map((step) => ({ ...step, value: take(Float64Array, size(step.shape)) }));
  for (const step of filled) step.tables = step.tables.map((count) => take(Int32Array, count));
  return { ...trace, steps: filled.filter(({ hidden }) => !hidden), all: filled };
}

const withoutNumbers = ({ values, ...rest }) => JSON.stringify(rest);

const bytes = ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength);

// Do two pictures, as Python sends them, show the same?
export function isSamePicture(a, b) {
  if (a === b) return true;
  const [x, y] = [bytes(a.values), bytes(b.values)];
  return x.length === y.length && x.every((byte, i) => byte === y[i]) && withoutNumbers(a) === withoutNumbers(b);
}
