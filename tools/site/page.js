// The page around the pictures: its theme, its code, and how far somebody has read.

import { watchFrames } from "./frames.js";
import { preparePaper } from "./paper.js";
import { play } from "./player.js";
import { followReading, tellReading } from "./reading.js";
import { search } from "./search.js";
import { inBrowser } from "./storage.js";
import { wake } from "./waking.js";

function listenToTheme() {
  const html = document.documentElement;
  const button = document.querySelector(".theme");
  const other = () => (html.getAttribute("theme") === "dark" ? "light" : "dark");
  const say = () => {
    const word = other() === "dark" ? "Dark" : "Light";
    button.querySelector("span").textContent = word;
    button.setAttribute("aria-label", `${word} theme`);
  };
  button.addEventListener("click", () => {
    inBrowser("theme", other());
    html.setAttribute("theme", other());
    say();
  });
  say();
}

// A page from a folder may not write to the clipboard everywhere: then its code is selected, to be copied by hand.
async function copyCode(code) {
  try {
    await navigator.clipboard.writeText(code.textContent.trimEnd());
    return "Copied";
  } catch {
    getSelection().selectAllChildren(code);
    return "Selected";
  }
}

function addCopyButtons() {
  for (const code of document.querySelectorAll(".code")) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "copy" });
    button.setAttribute("aria-label", "Copy this code");
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      button.textContent = await copyCode(code.querySelector("pre"));
      button.classList.add("copied");
      setTimeout(() => {
        button.textContent = "Copy";
        button.classList.remove("copied");
      }, 1500);
    });
    code.append(button);
  }
}

listenToTheme();
addCopyButtons();
watchFrames();
preparePaper();
if (document.querySelector(".contents")) followReading(document.body.dataset.page);
tellReading();
search(document.querySelector(".search"));
Object.defineProperty(window, "attentionModels", { get: wake([...document.querySelectorAll(".alive")], play) });
