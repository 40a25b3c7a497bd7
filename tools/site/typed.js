// A number as it is typed: 0.73, 0,73, −2, 1/2, −inf. Jupyter reads sums and roots as well.

const TYPED = /^([+-]?)(\d+\.?\d*|\.\d+|inf|infinity|∞)(?:\/(\d+\.?\d*|\.\d+))?$/;

// Its value, and with how many decimals it was given, null if it is exact; null where it is no number.
export function typed(text) {
  const plain = text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[−–—]/g, "-")
    .replace(/,/g, ".")
    .replace(/[\s=≈~]/g, "");
  const [, sign, above, below] = plain.match(TYPED) ?? [];
  if (!above) return null;
  const size = /\d/.test(above) ? Number(above) / (below ? Number(below) : 1) : Infinity;
  if (Number.isNaN(size)) return null;
  const decimals = below ? null : (above.split(".")[1] ?? "").length;
  return { value: sign === "-" ? -size : size, decimals };
}

// Is it this value, or this value rounded to the decimals that were typed, if these are two or more?
export function agrees({ value, decimals }, right) {
  if (!(Number.isFinite(value) && Number.isFinite(right))) return Object.is(value, right);
  const slack = (decimals ?? 0) >= 2 ? 0.5 * 10 ** -decimals + 1e-9 : 0;
  return Math.abs(value - right) <= Math.max(1e-6, slack, 1e-9 * Math.max(Math.abs(value), Math.abs(right)));
}
