// What a hand changes, on its way to the kernel: one step at a time. While one is under way only the newest state
// waits, so that none piles up, and the last always arrives.

const SLOW = 150; // milliseconds after which a step shows that it is under way
const SILENT = 10_000; // milliseconds after which a kernel that says nothing may be gone

export class Steps {
  // busy(is): a step takes long; silent(is): it takes so long that the kernel may be gone.
  constructor(model, busy, silent) {
    Object.assign(this, { model, busy, silent });
    this.underWay = false;
    this.waiting = {}; // changes that are not sent yet: the model may still be told what it was before
    this.alive = true;
    this.moved = () => {}; // told of each change, also of one that waits
  }

  // Changes of the widget's traits, by name.
  change(changes) {
    Object.assign(this.waiting, changes);
    this.send();
    this.moved();
  }

  // What a trait is, or will be.
  get(name) {
    return this.waiting[name] ?? this.model.get(name);
  }

  // A button is a count of how often it was pressed: presses that wait for the kernel are added up.
  press(name) {
    const presses = this.get("presses");
    this.change({ presses: { ...presses, [name]: (presses[name] ?? 0) + 1 } });
  }

  send() {
    const changes = Object.entries(this.waiting);
    if (!changes.length || this.underWay || !this.alive) return;
    this.waiting = {};
    this.underWay = true;
    this.timers = [setTimeout(() => this.busy(true), SLOW), setTimeout(() => this.isSilent(), SILENT)];
    for (const [name, value] of changes) this.model.set(name, value);
    this.model.set("asked", this.model.get("asked") + 1);
    this.model.save_changes();
  }

  answered() {
    if (this.model.get("answered") < this.model.get("asked")) return;
    this.end();
    this.send();
  }

  // No answer: what waits is sent all the same, and what is moved now, for the step before may have been lost.
  isSilent() {
    this.underWay = false;
    this.silent(true);
    this.send();
  }

  // Nobody is there to hear more.
  stop() {
    this.alive = false;
    this.waiting = {};
    this.end();
  }

  end() {
    for (const timer of this.timers ?? []) clearTimeout(timer);
    this.underWay = false;
    this.busy(false);
    this.silent(false);
  }
}
