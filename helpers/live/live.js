// A widget of the course on the page: its controls, and below them what it shows.

import { Controls } from "./controls.js";
import { element } from "./element.js";
import { kept } from "./kept.js";
import { followTheme } from "./theme.js";

// show(root, signal): what stands below the controls. module, names: what draws it again once the kernel is gone, and
// the traits that it then reads.
export const widget = (show, module, names = []) => ({
  names,
  render({ model, el }) {
    const root = element("div", "attention-live");
    root.keep = () => kept(model, module, names);
    el.append(root);
    const gone = new AbortController();
    followTheme(root, gone.signal);
    const controls = new Controls(model, root);
    controls.listen(gone.signal);
    show(model, root, gone.signal, controls.steps);
    return () => {
      gone.abort();
      root.remove();
    };
  },
});
