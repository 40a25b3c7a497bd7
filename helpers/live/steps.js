// What a hand changes, on its way to the kernel: one step at a time. While one is under way only the newest state
// waits, so that none piles up, and the last always arrives.

const SLOW = 150; // milliseconds after which a step shows that it is under way
const SILENT = 10_000; // milliseconds after which a kernel that says nothing may be gone

export class Steps {
  // busy(is): a step takes long; silent(is): it takes so long that the kernel may be gone.
  constructor(model, busy, silent) {
    Object.assign(this, { model, busy, silent });
    this.underWay = false;
    this.waits = false;
    this.alive = true;
  }

  // Changes of the widget's traits, by name.
  change(changes) {
    for (const [name, value] of Object.entries(changes)) this.model.set(name, value);
    this.waits = true;
    this.send();
  }

  // A button is a count of how often it was pressed: presses that wait for the kernel are added up.
  press(name) {
    const presses = this.model.get("presses");
    this.change({ presses: { ...presses, [name]: (presses[name] ?? 0) + 1 } });
  }

  send() {
    if (!this.waits || this.underWay || !this.alive) return;
    this.waits = false;
    this.underWay = true;
    this.timers = [setTimeout(() => this.busy(true), SLOW), setTimeout(() => this.isSilent(), SILENT)];
    this.model.set("asked", this.model.get("asked") + 1);
    this.model.save_changes();
  }

  answered() {
    if (this.model.get("answered") < this.model.get("asked")) return;
    this.end();
    this.send();
  }

  // No answer: what is moved now is sent all the same, for the step before may have been interrupted.
  isSilent() {
    this.underWay = false;
    this.silent(true);
  }

  end() {
    for (const timer of this.timers ?? []) clearTimeout(timer);
    this.underWay = false;
    this.busy(false);
    this.silent(false);
  }
}
