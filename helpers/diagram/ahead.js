// Ahead of the hand: pictures of what the controls may show next, which Python sends while nobody asks for anything.
// Where the hand gets to one, it is painted at once; what Python answers takes its place.

const ROOM = 16_000_000; // bytes that are kept, as Python knows

export class Ahead {
  constructor(model, diagram, steps) {
    Object.assign(this, { model, diagram, steps });
    this.forget();
  }

  forget() {
    this.known = new Map(); // by where the controls stand
    this.names = []; // of the traits that say so
    this.bytes = 0;
    this.asked = false;
  }

  listen(root, signal) {
    const changes = {
      "msg:custom": (said, buffers) => said?.ahead && this.keep(said.ahead, buffers),
      "change:answered": () => this.answered(),
      "change:opened": () => this.forget(), // other parts of the code: other pictures
    };
    for (const [name, handler] of Object.entries(changes)) this.model.on(name, handler);
    this.steps.moved = () => this.guess();
    const ask = () => this.ask();
    for (const type of ["pointerover", "focusin"]) root.addEventListener(type, ask, { signal, passive: true });
    signal.addEventListener("abort", () => {
      for (const [name, handler] of Object.entries(changes)) this.model.off(name, handler);
    });
  }

  // A hand comes near: Python may begin.
  ask() {
    if (this.asked || !this.steps.alive) return;
    this.asked = true;
    this.model.send?.({ asks: "ahead" }); // on a page without a kernel nobody can be asked
  }

  keep({ at, ...picture }, [values]) {
    this.names = Object.keys(at);
    this.known.set(
      this.key((name) => at[name]),
      { ...picture, values },
    );
    this.bytes += size({ ...picture, values });
    for (const [key, old] of this.known) {
      if (this.bytes <= ROOM) break;
      this.bytes -= size(old);
      this.known.delete(key);
    }
  }

  key(of) {
    return JSON.stringify(this.names.map(of));
  }

  // Something was moved: if it is known what comes of it, show that.
  guess() {
    const found = this.known.get(this.key((name) => this.steps.get(name)));
    this.diagram.guess = found && this.diagram.side === "forward" ? opened(found) : null;
    if (this.diagram.guess) this.diagram.read();
  }

  // Python has spoken; while a newer step is under way, what is shown is nearer to what it will say.
  answered() {
    if (this.steps.underWay) return;
    this.diagram.guess = null;
    if (this.diagram.side !== "forward" || this.diagram.shows("forward")) this.diagram.say();
    else this.diagram.read();
  }
}

const size = ({ forward, values }) => forward.length + values.byteLength;

// A picture is kept as the text that it came as, and read when it is wanted.
const opened = ({ forward, values, ...told }) => ({ ...told, forward: { ...JSON.parse(forward), values } });
