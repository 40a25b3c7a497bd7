// A widget that has nothing but its controls.

import { widget } from "./live.js";

export default widget(() => {}, "alone");
