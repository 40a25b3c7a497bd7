// The theme that was chosen, before anything is drawn.
{
  let chosen = null;
  try {
    chosen = JSON.parse(localStorage.getItem("attention-theme"));
  } catch {
    // a page from a folder may not keep anything
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.setAttribute("theme", chosen ?? (dark ? "dark" : "light"));
}
