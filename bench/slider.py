"""How fast a picture follows the hand: slider step to paint, and hover to paint, in JupyterLab in Chromium.

    make bench

Prints the table that the README quotes. The rival is what one would write first: `interact` around
annotated matplotlib, with the same seven matrices of the same head. The clock starts with the browser's
own time stamp of the key press or pointer move, and stops after the frame that shows the new picture.
"""

import os
import platform
import statistics
import tempfile

from tests.browser.lab import Lab, launch, write_notebooks

STEPS = 30
REST = 200  # milliseconds between two steps
SLIDER = ".attention-slider input, .noUi-handle"  # ours, and ipywidgets' own
WARM_UP = 20  # until the browser has compiled what it runs often

EXPLORER = """
from helpers.attention.heads import head
from helpers.explore.explorer import explore
explore(head, T=(1, {most}, {size}), C=(1, {most}, {size}), head_size=(1, {most}, {size}))
"""

RIVAL = """
import matplotlib.pyplot as plt
import numpy as np
from ipywidgets import interact
from helpers.attention.heads import head
from helpers.inputs import example
names = ["x", "q", "k", "v", "scores", "weights", "out"]

def draw(T):
    e = example(T=T, C=16, head_size=16)
    trace = head(e.x, e.Wq, e.Wk, e.Wv)
    figure, axes = plt.subplots(1, 7, figsize=(28, 4))
    for axis, name in zip(axes, names):
        values = trace[name].value
        axis.imshow(values)
        axis.set_title(name)
        for (row, column), value in np.ndenumerate(values):
            axis.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=5)
    plt.show()

interact(draw, T=(1, 16))
"""

# Gives a page afterFrame(done), which calls `done` just after the next frame.
AFTER_FRAME = """
void (window.afterFrame = done => requestAnimationFrame(() => {  // void: evaluate() would call a function that it gets
  const after = new MessageChannel();
  after.port1.onmessage = done;
  after.port2.postMessage(0);
}));
"""
# Times from the event's own stamp to just after the frame that shows the answer.
CLOCK = """
() => {
  window.times = [];
  const painted = (start) => afterFrame(() => window.times.push(performance.now() - start));
  let start = 0;
  const begin = (event) => { start = event.timeStamp; };
  addEventListener("keydown", begin, true);
  const diagram = document.querySelector(".attention-diagram");
  if (diagram) {
    new MutationObserver(() => { if (start) painted(start); start = 0; })
      .observe(diagram, { attributes: true, attributeFilter: ["data-paints"] });
    diagram.addEventListener("pointermove", (event) => painted(event.timeStamp));
  } else {
    new MutationObserver((changes) => {
      const images = changes.flatMap((change) => [...change.addedNodes]).filter((node) => node.querySelector)
        .flatMap((node) => [...node.querySelectorAll("img")].concat(node.tagName === "IMG" ? [node] : []));
      for (const image of images) {
        const begun = start;
        if (begun) image.decode().then(() => painted(begun));
        start = 0;
      }
    }).observe(document.body, { childList: true, subtree: true });
  }
}
"""


def collect(page, act, count):
    """Do something ``count`` times, each when the page has come to rest after the one before; returns milliseconds,
    warm.
    """
    for i in range(count + WARM_UP):
        act(i)
        page.wait_for_function(f"window.times.length > {i}", timeout=60_000)
        page.wait_for_timeout(REST)
    return page.evaluate("window.times")[WARM_UP : count + WARM_UP]


def slider_steps(page, count=STEPS):
    """Press the arrow keys on the T slider, to and fro between two sizes."""
    page.locator(SLIDER).first.focus()
    return collect(page, lambda i: page.keyboard.press(("ArrowLeft", "ArrowRight")[i % 2]), count)


def hovers(page, count=STEPS):
    """Move the pointer from cell to cell across the diagram's lower half."""
    page.evaluate("window.times.length = 0")
    stage = page.locator(".attention-stage").first.bounding_box()

    def move(i):
        page.mouse.move(stage["x"] + 70 + 19 * (i % 12), stage["y"] + 190 + 16 * (i % 7))

    return collect(page, move, count)


def measure(lab, name, *actions):
    """Open a notebook, run it, and time the actions."""
    sheet = lab.open(name)
    sheet.run_all()
    sheet.page.locator(SLIDER).first.wait_for()
    sheet.page.wait_for_timeout(1500)  # until the page has settled
    sheet.page.evaluate(AFTER_FRAME)
    sheet.page.evaluate(CLOCK)
    times = [action(sheet.page) for action in actions]
    sheet.close()
    return times


def main():
    with tempfile.TemporaryDirectory() as folder:
        write_notebooks(
            folder,
            {"small": EXPLORER.format(most=16, size=16), "large": EXPLORER.format(most=64, size=64), "rival": RIVAL},
        )
        with launch() as browser, Lab(browser, folder) as lab:
            step, hover = measure(lab, "small", slider_steps, hovers)
            (large,) = measure(lab, "large", slider_steps)
            (rival,) = measure(lab, "rival", lambda page: slider_steps(page, 8))
    rows = [
        ("slider step to paint, T=16, C=16", step),
        ("the same by interact and matplotlib", rival),
        ("slider step to paint, T=64, C=64", large),
        ("hover to paint, T=16, C=16", hover),
    ]
    print(
        f"\n{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, JupyterLab "
        "in headless Chromium\n"
    )
    print("| | median | slowest of ten |\n| --- | ---: | ---: |")
    for label, times in rows:
        print(f"| {label} | {statistics.median(times):.0f} ms | {statistics.quantiles(times, n=10)[-1]:.0f} ms |")
    print(f"\ninteract takes {statistics.median(rival) / statistics.median(step):.0f} times as long")


if __name__ == "__main__":
    main()
