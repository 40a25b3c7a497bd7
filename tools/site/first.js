// The theme that was chosen, before anything is drawn.
document.documentElement.dataset.theme =
  localStorage.getItem("attention-theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
