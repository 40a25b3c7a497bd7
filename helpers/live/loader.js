// What each widget brings to the page: it loads the module of its kind, once a page. A page keeps every module that it
// ever read, this one, too, and a cell may be run hundreds of times.

globalThis.attentionModules ??= new Map();

function load({ model }) {
  const text = model.get("_module");
  if (!attentionModules.has(text))
    attentionModules.set(text, import(URL.createObjectURL(new Blob([text], { type: "text/javascript" }))));
  return attentionModules.get(text);
}

export default {
  initialize: async (given) => (await load(given)).default.initialize(given),
  render: async (given) => {
    const { default: widget, style } = await load(given);
    return widget.render(given, style);
  },
};
