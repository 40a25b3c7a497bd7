// A notebook that is opened again: its widgets are gone with their kernel. What each showed when the notebook was saved
// is kept beside it, and drawn from there.

import { draw } from "./last_picture.js";

const VIEW = "application/vnd.jupyter.widget-view+json";
const KEPT = "application/vnd.attention-course.kept"; // tools/notebooks.py keeps it out of what is committed
const LARGEST = 1_000_000; // characters of one widget; above it the still beside it has to do
const SILENT = 5_000; // milliseconds after which nobody may be there to answer

export const reopened = (tracker) => ({
  id: "attention-course:reopened",
  autoStart: true,
  optional: [tracker],
  activate: (_, notebooks) => {
    notebooks?.forEach(follow);
    notebooks?.widgetAdded.connect((_, panel) => follow(panel));
  },
});

function follow({ content: { rendermime }, context }) {
  const places = new Set();
  const create = rendermime.createRenderer.bind(rendermime);
  rendermime.createRenderer = (type, ...more) => {
    const renderer = create(type, ...more);
    if (type === VIEW) places.add(new Place(renderer, rendermime, (place) => places.delete(place)));
    return renderer;
  };
  context.saveState.connect((_, state) => {
    if (state === "started") for (const place of places) place.keep();
  });
}

// Where a widget is shown, or what is left of it.
class Place {
  constructor(renderer, rendermime, forget) {
    Object.assign(this, { renderer, rendermime, turn: 0, end: () => {} });
    this.render = renderer.renderModel.bind(renderer);
    renderer.renderModel = (output) => this.show(output);
    renderer.disposed.connect(() => {
      this.end();
      forget(this);
    });
  }

  async show(output) {
    const id = output.data[VIEW].model_id;
    if (this.alive && this.alive === id) return; // only what is kept of it is new
    this.end();
    Object.assign(this, { output, alive: null, end: () => {} });
    const turn = ++this.turn;
    const silence = new Promise((done) => setTimeout(done, SILENT));
    const shown = this.render(output).then(() => {
      if (turn === this.turn && this.renderer.widgets.length) this.alive = id;
    });
    if (!id) return; // it was closed
    const picture = await this.lastPicture(output);
    if (turn !== this.turn) return;
    if (picture && !this.alive) this.put(picture);
    await Promise.race([shown, silence]);
    if (turn !== this.turn || this.alive) return;
    const left = picture ?? (await this.still(output));
    if (turn !== this.turn || !left) return;
    this.put(left);
    picture?.lose();
    await shown; // a kernel that is late
    if (this.alive) this.end();
    else if (turn === this.turn) this.put(left);
  }

  // What was kept, drawn; null where nothing was, or where it cannot be drawn.
  async lastPicture(output) {
    if (!output.data[KEPT]) return null;
    return draw(output.data[KEPT]).catch((error) => console.warn(error) ?? null);
  }

  put(picture) {
    this.end = picture.end;
    this.renderer.node.replaceChildren(picture.element);
  }

  // What stands beside the widget in its output, and a line on how to wake it; null where nothing does.
  async still(output) {
    const { [VIEW]: _, [KEPT]: __, ...others } = output.data;
    const type = this.rendermime.preferredMimeType(others, "any");
    if (!type) return null;
    const drawn = this.rendermime.createRenderer(type);
    await drawn.renderModel(output);
    const element = document.createElement("div");
    const told = document.createElement("p");
    told.textContent = "Run this cell to see it alive.";
    element.append(drawn.node, told);
    return { element, end: () => drawn.dispose() };
  }

  // Beside the widget, for the day when its kernel is gone.
  keep() {
    const kept = this.renderer.node.querySelector(".attention-live")?.keep?.();
    if (!kept || kept.length > LARGEST || kept === this.output.data[KEPT]) return;
    this.output.setData({ data: { ...this.output.data, [KEPT]: kept }, metadata: this.output.metadata });
  }
}
