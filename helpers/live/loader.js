// What each widget brings to the page: it loads the module of its kind, once a page. A page keeps every module that it
// ever read, and a cell may be run hundreds of times.

globalThis.attentionModules ??= new Map();

async function read(text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return await import(/* webpackIgnore: true */ url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

export default {
  async render(given) {
    const { attentionModules: known } = globalThis;
    const text = given.model.get("_module");
    if (!known.has(text)) known.set(text, read(text));
    const { default: widget } = await known.get(text);
    return widget.render(given);
  },
};
