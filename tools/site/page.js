// The page around the pictures: its theme, its code, and how far somebody has read.

import { play } from "./player.js";
import { search } from "./search.js";

const html = document.documentElement;
const page = document.body.dataset.page;

function listenToTheme() {
  const button = document.querySelector(".theme");
  const other = () => (html.getAttribute("theme") === "dark" ? "light" : "dark");
  const say = () => {
    button.textContent = other() === "dark" ? "Dark" : "Light";
  };
  button.addEventListener("click", () => {
    inBrowser("theme", other());
    html.setAttribute("theme", other());
    say();
  });
  say();
}

// What this browser keeps, and nobody else gets; a page from a folder may not keep anything.
function inBrowser(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(`attention-${name}`, JSON.stringify(value));
    return JSON.parse(localStorage.getItem(`attention-${name}`));
  } catch {
    return null;
  }
}

function addCopyButtons() {
  for (const code of document.querySelectorAll(".code")) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy" });
    button.setAttribute("aria-label", "Copy this code");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.querySelector("pre").textContent.trimEnd());
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    code.append(button);
  }
}

// A section is read when its end was on the page.
function followReading() {
  const read = new Set(inBrowser("read")?.[page] ?? []);
  const links = [...document.querySelectorAll(".contents a")];
  const headings = [...document.querySelectorAll("main h2")];
  const mark = () => {
    for (const link of links) link.classList.toggle("read", read.has(decodeURIComponent(link.hash.slice(1))));
  };
  const look = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting, boundingClientRect } of seen) {
      const at = headings.indexOf(target);
      const before = headings[(at < 0 ? headings.length : at) - 1];
      if (before && (isIntersecting || boundingClientRect.top < 0)) read.add(before.id);
    }
    mark();
    inBrowser("read", { ...inBrowser("read"), [page]: [...read] });
  });
  for (const one of [...headings, document.querySelector(".onward")]) look.observe(one);
  mark();
}

// The front page: how much of each notebook was read.
function tellProgress() {
  const read = inBrowser("read") ?? {};
  for (const row of document.querySelectorAll("tr[data-sections]")) {
    const share = (read[row.dataset.page]?.length ?? 0) / (Number(row.dataset.sections) || 1);
    row.querySelector("progress").value = Math.min(1, share);
  }
}

listenToTheme();
addCopyButtons();
if (document.querySelector(".contents")) followReading();
tellProgress();
search(document.querySelector(".search"));
window.attentionModels = [...document.querySelectorAll(".alive")].map(play);
