// A diagram by itself.

import { element } from "../live/element.js";
import { widget } from "../live/live.js";
import { Diagram } from "./diagram.js";

const show = (model, root, signal) => {
  const place = element("div", "");
  root.append(place);
  new Diagram(model, place).listen(signal);
};

export default widget(show, "diagram", [
  "appearance",
  "forward",
  "backward",
  "pinned",
  "notes",
  "opened",
  "error",
  "readout",
]);
