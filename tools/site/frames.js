// What is wider than the window moves in its own frame: by finger, or by the arrow keys when the frame has the focus.

const FRAMES = ".wide, .formula, .code pre, .words pre, .words table";

// All are measured before any is changed: a change between two of them would have the page laid out in between.
function fitFrames(frames) {
  const measured = Array.from(frames, (frame) => [frame, frame.scrollWidth - frame.clientWidth, frame.scrollLeft]);
  for (const [frame, hidden, left] of measured) {
    frame.classList.toggle("more", hidden - left > 1);
    if (hidden > 1) frame.tabIndex = 0;
    else frame.removeAttribute("tabindex");
  }
}

export function watchFrames() {
  const sizes = new ResizeObserver((seen) => {
    fitFrames(new Set(seen.map(({ target }) => target.closest(FRAMES))));
  });
  for (const frame of document.querySelectorAll(FRAMES)) {
    frame.addEventListener("scroll", () => fitFrames([frame]), { passive: true });
    for (const one of [frame, ...frame.children]) sizes.observe(one);
  }
}
