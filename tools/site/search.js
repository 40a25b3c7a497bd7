// Search over the course: the sections of all pages, fetched when somebody begins to type.

const MOST = 12;
const AROUND = 70; // characters of a section beside what was found

const newElement = (tag, its) => Object.assign(document.createElement(tag), its);

const loaded = () =>
  new Promise((done) => {
    if (window.courseSections) return done(window.courseSections);
    const script = Object.assign(document.createElement("script"), { src: "sections.js" });
    script.onload = () => done(window.courseSections);
    document.head.append(script);
  });

// The sections in which all words stand: those with one in their heading first.
function matching(sections, words) {
  const scored = sections.map((section) => {
    const [heading, text] = [section.heading.toLowerCase(), section.text.toLowerCase()];
    const all = words.every((word) => heading.includes(word) || text.includes(word));
    const inHeading = words.filter((word) => heading.includes(word)).length;
    const times = words.reduce((sum, word) => sum + text.split(word).length - 1, 0);
    return { ...section, score: all ? 100 * inHeading + Math.min(times, 99) : 0 };
  });
  return scored
    .filter(({ score }) => score)
    .sort((a, b) => b.score - a.score)
    .slice(0, MOST);
}

// A piece of a text as nodes, the word in it marked.
function around(text, word) {
  const at = text.toLowerCase().indexOf(word);
  if (at < 0) return [`${text.slice(0, 2 * AROUND)}…`];
  const start = at > AROUND ? text.indexOf(" ", at - AROUND) + 1 : 0;
  const end = at + word.length;
  const mark = newElement("mark", { textContent: text.slice(at, end) });
  return [`${start ? "…" : ""}${text.slice(start, at)}`, mark, `${text.slice(end, end + AROUND)}…`];
}

function asItem({ page, anchor, title, heading, text }, word) {
  const link = newElement("a", { href: `${page}.html${anchor ? `#${anchor}` : ""}` });
  const small = newElement("small", {});
  small.append(`${title}: `, ...around(text, word));
  link.append(newElement("b", { textContent: heading || title }), small);
  const item = newElement("li", {});
  item.append(link);
  return item;
}

export function search(place) {
  const input = newElement("input", { type: "search", placeholder: "Search" });
  input.setAttribute("aria-label", "Search the course");
  const found = newElement("div", { className: "found", hidden: true });
  const list = newElement("ol", {});
  const say = newElement("p", { className: "spoken" });
  say.setAttribute("role", "status");
  const none = newElement("p", { textContent: "No section has all these words." });
  found.append(none, list);
  place.append(input, say, found);
  input.addEventListener("input", async () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const sections = words.length ? matching(await loaded(), words) : [];
    found.hidden = !words.length;
    say.textContent = words.length ? `${sections.length || "No"} section${sections.length === 1 ? "" : "s"} found` : "";
    none.hidden = sections.length > 0;
    list.replaceChildren(...sections.map((section) => asItem(section, words[0])));
  });
  const close = () => {
    found.hidden = true;
  };
  place.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    close();
    input.focus();
  });
  place.addEventListener("focusout", ({ relatedTarget }) => place.contains(relatedTarget) || close());
  list.addEventListener("click", close);
}
