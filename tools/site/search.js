// Search over the course: the sections of all pages, fetched when somebody begins to type.

const MOST = 12;
const AROUND = 70; // characters of a section beside what was found

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
  return scored.filter(({ score }) => score).sort((a, b) => b.score - a.score).slice(0, MOST);
}

function around(text, word) {
  const at = Math.max(0, text.toLowerCase().indexOf(word));
  const start = Math.max(0, at - AROUND);
  return `${start ? "…" : ""}${text.slice(start, at + word.length + AROUND)}…`;
}

export function search(place) {
  const input = Object.assign(document.createElement("input"), { type: "search", placeholder: "Search the course" });
  input.setAttribute("aria-label", "Search the course");
  const list = document.createElement("ol");
  list.hidden = true;
  const say = document.createElement("p");
  say.setAttribute("role", "status");
  say.className = "spoken";
  place.append(input, say, list);
  input.addEventListener("input", async () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const sections = words.length ? matching(await loaded(), words) : [];
    list.hidden = !sections.length;
    say.textContent = words.length ? `${sections.length || "No"} section${sections.length === 1 ? "" : "s"} found` : "";
    list.replaceChildren(
      ...sections.map(({ page, anchor, title, heading, text }) => {
        const link = Object.assign(document.createElement("a"), { href: `${page}.html${anchor ? `#${anchor}` : ""}` });
        const strong = Object.assign(document.createElement("b"), { textContent: heading || title });
        const small = Object.assign(document.createElement("small"), { textContent: `${title}: ${around(text, words[0])}` });
        link.append(strong, small);
        const item = document.createElement("li");
        item.append(link);
        return item;
      }),
    );
  });
  const close = () => {
    list.hidden = true;
  };
  place.addEventListener("keydown", (event) => event.key === "Escape" && (close(), input.focus()));
  place.addEventListener("focusout", ({ relatedTarget }) => place.contains(relatedTarget) || close());
  list.addEventListener("click", close);
}
