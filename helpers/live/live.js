// A widget of the course on the page: its controls, and below them what it shows.

import { Controls } from "./controls.js";
import { element } from "./element.js";
import { followTheme } from "./theme.js";

// show(root, signal): what stands below the controls.
export const widget = (show) => ({
  render({ model, el }) {
    const root = element("div", "attention-live");
    el.append(root);
    const gone = new AbortController();
    followTheme(root, gone.signal);
    const controls = new Controls(model, root);
    controls.listen(gone.signal);
    show(model, root, gone.signal, controls.steps);
    return () => gone.abort();
  },
});
