// Where somebody is on a page, and how far somebody has read.

import { inBrowser } from "./storage.js";

const PASSED = 100; // pixels: a heading that is higher up was jumped to, and what is above it was not read

const anchorOf = (link) => link.getAttribute("href").slice(1);

// The table of contents: open where there is a column for it, and marked where somebody is.
function followPlace(contents, headings) {
  const links = [...contents.querySelectorAll("a")];
  const details = contents.querySelector("details");
  const hasColumn = matchMedia("(min-width: 1140px)");
  const fit = () => (details.open = hasColumn.matches);
  let marked;
  const look = () => {
    const here = headings.findLast((heading) => heading.getBoundingClientRect().top < innerHeight / 3)?.id;
    const link = links.find((one) => anchorOf(one) === here);
    if (link === marked) return;
    marked?.removeAttribute("aria-current");
    link?.setAttribute("aria-current", "true");
    contents.querySelector(".here").textContent = link?.textContent ?? "";
    const list = contents.querySelector("ol");
    list.scrollTop = link ? link.offsetTop - list.clientHeight / 2 : 0;
    marked = link;
  };
  hasColumn.addEventListener("change", fit);
  contents.addEventListener("click", ({ target }) => target.closest("a") && fit());
  addEventListener("scroll", look, { passive: true });
  fit();
  look();
}

// A section is read when its end came by.
function followProgress(page, contents, headings) {
  const read = new Set(inBrowser("read")?.[page]);
  const mark = () => {
    for (const link of contents.querySelectorAll("a")) link.classList.toggle("read", read.has(anchorOf(link)));
  };
  const ends = [...headings.slice(1), document.querySelector(".onward")];
  const look = new IntersectionObserver((seen) => {
    const passed = seen.filter((one) => one.isIntersecting && one.boundingClientRect.top > PASSED);
    if (!passed.length) return;
    for (const { target } of passed) read.add(headings[ends.indexOf(target)].id);
    inBrowser("read", { ...inBrowser("read"), [page]: [...read] });
    inBrowser("last", page);
    mark();
  });
  for (const end of headings.length ? ends : []) look.observe(end);
  mark();
}

export function followReading(page) {
  const contents = document.querySelector(".contents");
  const headings = [...document.querySelectorAll("main h2")];
  followPlace(contents, headings);
  followProgress(page, contents, headings);
}

// The front page: how much of each notebook was read, and which one last.
export function tellReading() {
  const read = inBrowser("read") ?? {};
  const last = inBrowser("last");
  for (const row of document.querySelectorAll("[data-sections]")) {
    const share = (read[row.dataset.page]?.length ?? 0) / (Number(row.dataset.sections) || 1);
    row.querySelector("progress").value = Math.min(1, share);
    if (row.dataset.page === last) goOn(row.querySelector("a"));
  }
}

function goOn({ href, textContent }) {
  const resume = document.querySelector(".resume");
  Object.assign(resume.querySelector("a"), { href, textContent });
  resume.hidden = false;
}
