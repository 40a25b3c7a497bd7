// What each widget brings to the page: it loads the module of its kind and puts on its style, once a page. A page keeps
// every module that it ever read, and a cell may be run hundreds of times.

globalThis.attentionModules ??= new Map();

async function read(text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return await import(/* webpackIgnore: true */ url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

// marimo has a root of its own for each widget, which the page's styles do not reach.
function wear(el, text) {
  const root = el.getRootNode();
  const place = root instanceof ShadowRoot ? root : document.head;
  if ([...place.querySelectorAll("style")].some(({ textContent }) => textContent === text)) return;
  const style = document.createElement("style");
  style.textContent = text;
  place.append(style);
}

function load(model) {
  const { attentionModules: known } = globalThis;
  const text = model.get("_module");
  if (!known.has(text)) known.set(text, read(text));
  return known.get(text);
}

export default {
  // JupyterLab remembers each widget that ever was on the page, closed ones, too: little is left of them to remember.
  initialize({ model }) {
    model.on("destroy", async () => {
      const { default: widget } = await load(model);
      for (const name of [...widget.names, "rows", "_module"]) model.set(name, null);
    });
  },
  async render(given) {
    const { default: widget, style } = await load(given.model);
    wear(given.el, style);
    return widget.render(given);
  },
};
