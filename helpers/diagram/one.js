// A diagram by itself.

import { element } from "../live/element.js";
import { widget } from "../live/live.js";
import { Ahead } from "./ahead.js";
import { Diagram } from "./diagram.js";

const show = (model, root, signal, steps) => {
  const place = element("div", "");
  root.append(place);
  const diagram = new Diagram(model, place);
  diagram.listen(signal);
  new Ahead(model, diagram, steps).listen(root, signal);
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
