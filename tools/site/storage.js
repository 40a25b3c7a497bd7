// What this browser keeps, and nobody else gets; a page from a folder may not keep anything.
export function inBrowser(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(`attention-${name}`, JSON.stringify(value));
    return JSON.parse(localStorage.getItem(`attention-${name}`));
  } catch {
    return null;
  }
}
