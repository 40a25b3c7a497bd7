// What is wider than the window moves in its own frame: by finger, or by the arrow keys when the frame has the focus.

const FRAMES = ".wide, .formula, .code pre, .words pre, .words table";

function fitFrame(frame) {
  const hidden = frame.scrollWidth - frame.clientWidth;
  frame.classList.toggle("more", hidden - frame.scrollLeft > 1);
  if (hidden > 1) frame.tabIndex = 0;
  else frame.removeAttribute("tabindex");
}

export function watchFrames() {
  const sizes = new ResizeObserver((seen) => {
    for (const { target } of seen) fitFrame(target.closest(FRAMES));
  });
  for (const frame of document.querySelectorAll(FRAMES)) {
    frame.addEventListener("scroll", () => fitFrame(frame), { passive: true });
    for (const one of [frame, ...frame.children]) sizes.observe(one);
  }
}
