// The page around the pictures.

import { play } from "./player.js";

const html = document.documentElement;
const theme = document.querySelector(".theme");
const sayTheme = () => {
  theme.textContent = html.dataset.theme === "dark" ? "Light" : "Dark";
};
theme.addEventListener("click", () => {
  html.dataset.theme = html.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("attention-theme", html.dataset.theme);
  sayTheme();
});
sayTheme();

window.attentionModels = [...document.querySelectorAll(".alive")].map(play);
