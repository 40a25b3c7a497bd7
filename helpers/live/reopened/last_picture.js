// What a widget of the course showed last, drawn from what was kept of it: by the modules that draw it alive, with a
// model that is a dictionary.

import { revived } from "./live/kept.js";

const MODULES = { diagram: "./diagram/one.js", comparison: "./explore/comparison.js", alone: "./live/alone.js" };
const STYLES = ["./live/live.css", "./diagram/diagram.css", "./explore/comparison.css"];
let styled;

// Its element; lose(): the controls sleep, and a line says how to wake them; end(): it is not needed any more.
export async function draw(kept) {
  const { module, state } = revived(kept);
  styled ??= Promise.all(STYLES.map(style));
  const [{ default: widget }] = await Promise.all([import(MODULES[module]), styled]);
  const model = dictionary({ ...state, editable: [] }); // nobody would take what is typed
  const element = document.createElement("div");
  const end = widget.render({ model, el: element });
  return { element, end, lose: () => model.tell("comm_live_update") };
}

function style(path) {
  const link = document.createElement("link");
  const done = new Promise((loaded) => {
    link.onload = link.onerror = loaded;
  });
  Object.assign(link, { rel: "stylesheet", href: new URL(path, import.meta.url) });
  document.head.append(link);
  return done;
}

function dictionary(state) {
  const handlers = {};
  const tell = (event) => {
    for (const handler of handlers[event] ?? []) handler();
  };
  return {
    tell,
    get: (name) => state[name],
    set: (name, value) => {
      state[name] = value;
      tell(`change:${name}`);
    },
    save_changes: () => {},
    on: (event, handler) => {
      handlers[event] ??= new Set();
      handlers[event].add(handler);
    },
    off: (event, handler) => handlers[event]?.delete(handler),
  };
}
