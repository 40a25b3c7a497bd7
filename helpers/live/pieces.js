// What a widget is worked with: a slider, a check box, a field, a button, a bar of progress, a text. Each is a native
// element of the page, and is made here alone. Python says what they show (`pieces.py`).

import { curves } from "./curves.js";
import { element, put } from "./element.js";

let made = 0; // for ids, which a page has once

const labeled = (className, input, after = []) => {
  const label = element("label", "", { for: input.id });
  const piece = element("span", `attention-piece ${className}`);
  piece.append(label, input, ...after);
  return { piece, label };
};

function slider(steps) {
  const id = `attention-${++made}`;
  const input = element("input", "", { type: "range", id });
  const readout = element("output", "", { for: id });
  const { piece, label } = labeled("attention-slider", input, [readout]);
  let state = {};
  const tell = (value) => {
    put(readout, value.toFixed(state.digits).replace("-", "−"));
  };
  input.addEventListener("input", () => {
    tell(Number(input.value));
    steps.change({ [state.trait]: Number(input.value) });
  });
  return [
    piece,
    (now, value) => {
      state = now;
      put(label, now.label);
      for (const name of ["min", "max", "step"]) input.setAttribute(name, now[name]);
      readout.style.minWidth = `${Math.max(...[now.min, now.max].map((end) => end.toFixed(now.digits).length))}ch`;
      input.value = value;
      tell(value);
    },
  ];
}

function checkBox(steps) {
  const input = element("input", "", { type: "checkbox", id: `attention-${++made}` });
  const piece = element("span", "attention-piece attention-check");
  const label = element("label", "", { for: input.id });
  piece.append(input, label);
  let state = {};
  input.addEventListener("change", () => steps.change({ [state.trait]: input.checked }));
  return [
    piece,
    (now, value) => {
      state = now;
      put(label, now.label);
      input.checked = value;
    },
  ];
}

function textField(steps) {
  const input = element("input", "attention-text", {
    type: "text",
    id: `attention-${++made}`,
    autocomplete: "off",
    spellcheck: "false",
    dir: "auto",
  });
  const { piece, label } = labeled("attention-field", input);
  let state = {};
  const keep = () => steps.change({ [state.trait]: input.value });
  input.addEventListener("input", () => state.live && keep());
  input.addEventListener("change", () => state.live || keep());
  return [
    piece,
    (now, value) => {
      state = now;
      put(label, now.label);
      input.placeholder = now.placeholder;
      if (input.value !== value) input.value = value; // setting it moves the cursor
    },
  ];
}

function pushButton(steps) {
  const piece = element("button", "attention-button attention-piece", { type: "button" });
  let state = {};
  piece.addEventListener("click", () => steps.press(state.name));
  return [
    piece,
    (now) => {
      state = now;
      put(piece, now.label);
      piece.title = now.title;
      piece.disabled = now.disabled;
    },
  ];
}

function progressBar() {
  const piece = element("progress", "attention-bar attention-piece");
  return [
    piece,
    (now) => {
      piece.max = now.max;
      piece.value = now.amount;
      piece.setAttribute("aria-label", now.label);
      piece.classList.toggle("attention-done", now.done);
    },
  ];
}

function spokenText() {
  const piece = element("p", "attention-piece attention-words");
  return [
    piece,
    (now) => {
      if (now.role) piece.setAttribute("role", now.role); // what is new in it is read out
      const runs = now.runs.map(([tag, said]) => (tag ? element(tag, "", {}, said) : said));
      if (piece.textContent !== now.runs.map(([, said]) => said).join("")) piece.replaceChildren(...runs);
    },
  ];
}

const MAKERS = {
  slider,
  check: checkBox,
  field: textField,
  button: pushButton,
  bar: progressBar,
  text: spokenText,
  curves,
};

// A piece: its element, and what brings that in line with what Python says of it, and with its value.
export function make(kind, steps) {
  const [root, update] = MAKERS[kind](steps);
  return { root, update };
}
