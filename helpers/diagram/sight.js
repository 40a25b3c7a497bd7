// What of a picture the window shows. Where it stands is asked while nothing moves: in the midst of a step that would
// lay the page out once more.

export class Sight {
  constructor(stage) {
    this.stage = stage;
    this.top = null; // where the stage begins in the window, as far as it is known
  }

  look() {
    this.top = this.stage.getBoundingClientRect().top;
  }

  forget() {
    this.top = null;
  }

  // Tells of a box of the plan whether it is above or below the window.
  missed() {
    if (this.top === null) this.look();
    return (box) => this.top + box.y + box.height < 0 || this.top + box.top > window.innerHeight;
  }
}
