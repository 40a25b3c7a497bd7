// What a widget shows, as a notebook can hold it, and back.

// module: the one that draws it. names: the traits that it reads, beside those of the controls.
export function kept(model, module, names) {
  const rows = model.get("rows");
  const traits = rows.flat().map(({ trait }) => trait);
  const state = [...names, "rows", ...traits.filter(Boolean)].map((name) => [name, model.get(name)]);
  return { module, state: JSON.parse(JSON.stringify(Object.fromEntries(state), asText)) };
}

export const revived = (state) => JSON.parse(JSON.stringify(state), asBytes);

const asText = (_, value) => (ArrayBuffer.isView(value) ? { base64: btoa(characters(value)) } : value);

const asBytes = (_, value) =>
  typeof value?.base64 === "string"
    ? new DataView(Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0)).buffer)
    : value;

const characters = ({ buffer, byteOffset, byteLength }) =>
  Array.from(new Uint8Array(buffer, byteOffset, byteLength), (byte) => String.fromCharCode(byte)).join("");
