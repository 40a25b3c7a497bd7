// A diagram by itself.

import { element } from "../live/element.js";
import { widget } from "../live/live.js";
import { Diagram } from "./diagram.js";

export default widget((model, root, signal) => {
  const place = element("div", "");
  root.append(place);
  new Diagram(model, place).listen(signal);
});
