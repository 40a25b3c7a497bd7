// Pictures come to life one after another: what the window shows at once, the rest while nothing else is to do.

const isSeen = (place) => {
  const { top, bottom } = place.getBoundingClientRect();
  return top < innerHeight && bottom >= 0;
};

const named = () => document.getElementById(decodeURIComponent(location.hash.slice(1)));

const stands = (place, before) => before.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_PRECEDING;

// Does somebody come back, to where the page was left? Then it must be as high as it was.
const isBack = () => performance.getEntriesByType("navigation")[0]?.type !== "navigate";

// play: makes what brings a place to life its model. Returns a function that gives the models of all, alive by then.
export function wake(places, play) {
  const models = new Map();
  const one = (place) => {
    if (!models.has(place)) models.set(place, play(place));
    return models.get(place);
  };
  const all = () => places.map(one);
  const next = () => {
    const left = places.filter((place) => !models.has(place));
    if (!left.length) return;
    one(left.find(isSeen) ?? left[0]);
    requestAnimationFrame(() => setTimeout(next));
  };
  const [target, hasAll] = [named(), isBack()];
  for (const [i, place] of places.entries()) {
    if (i === 0 || hasAll || isSeen(place) || (target && stands(place, target))) one(place);
  }
  requestAnimationFrame(() => setTimeout(next));
  addEventListener("beforeprint", all, { capture: true });
  addEventListener("keydown", ({ key }) => key === "Tab" && all(), { capture: true });
  addEventListener("hashchange", () => {
    all();
    named()?.scrollIntoView(); // what stands above it may have grown
  });
  return all;
}
