// What a widget shows, as a text that a notebook can hold, and back.

// module: the one that draws it. names: the traits that it reads, beside those of the controls.
export function kept(model, module, names) {
  const traits = model.get("rows").flatMap((row) => row.map(({ trait }) => trait).filter(Boolean));
  const state = Object.fromEntries([...names, "rows", ...traits].map((name) => [name, model.get(name)]));
  return JSON.stringify({ module, state }, asText);
}

export const revived = (text) => JSON.parse(text, asBytes);

const asText = (_, value) => (ArrayBuffer.isView(value) ? { base64: btoa(characters(value)) } : value);

const asBytes = (_, value) =>
  typeof value?.base64 === "string"
    ? new DataView(Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0)).buffer)
    : value;

const characters = ({ buffer, byteOffset, byteLength }) =>
  Array.from(new Uint8Array(buffer, byteOffset, byteLength), (byte) => String.fromCharCode(byte)).join("");
