// Is the page dark, and when does that change?

import { element } from "./element.js";

// JupyterLab, VS Code, Colab and marimo each say in their own way whether they are dark.
export function isDark() {
  const { body, documentElement: html } = document;
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
  if (body.dataset.vscodeThemeKind) return !body.dataset.vscodeThemeKind.includes("light");
  if (body.dataset.theme) return body.dataset.theme === "dark";
  if (html.getAttribute("theme")) return html.getAttribute("theme") === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

// Keep the class of an element in line with the theme; changed: what else is to be done then.
export function followTheme(root, signal, changed = () => {}) {
  const follow = () => {
    root.classList.toggle("attention-dark", isDark());
    changed();
  };
  const themes = new MutationObserver(follow);
  const attributeFilter = ["data-jp-theme-light", "data-vscode-theme-kind", "data-theme", "theme"];
  for (const one of [document.body, document.documentElement])
    themes.observe(one, { attributes: true, attributeFilter });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", follow, { signal });
  signal.addEventListener("abort", () => themes.disconnect());
  root.classList.toggle("attention-dark", isDark());
}

// Put a style on the page, once; marimo has a root of its own for each widget, which the page's styles do not reach.
export function wear(el, text) {
  const root = el.getRootNode();
  const place = root instanceof ShadowRoot ? root : document.head;
  if ([...place.querySelectorAll("style")].some(({ textContent }) => textContent === text)) return;
  place.append(element("style", "", {}, text));
}
