"""What a page without a kernel costs its reader: bytes, the wait until it answers, and how fast it follows the hand.

    make bench

Measures the pages in build/site, or in the folder that is named. `page` is what comes over the wire for the first page
that somebody opens, compressed as servers do: the page itself, and what all pages share. `answers` is the time from the
start of the navigation until the first widget of the page has answered a key. `step` is from the browser's own time
stamp of a key press to the frame that shows the new picture, at T=16 and C=16 where the page has such sliders; the page
is at rest before, as in bench/slider.py. `held` is the same where each press follows the picture of the one before: a
screen that shows sixty pictures in a second lets none come in less than 17 ms then.
"""

import argparse
import gzip
import os
import platform
import statistics
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import TimeoutError

from bench.slider import AFTER_FRAME, REST, STEPS, WARM_UP
from tests.browser.lab import REPO, launch

WINDOWS = 3  # a page is opened so often
SHARED = ("course.js", "course.css", "first.js")
GOALS = {"page": 1000, "answers": 1000, "median": 16}  # kilobytes, milliseconds, milliseconds
SLIDER = ".attention-slider input"

# From a page's script on: the first answer of a widget to a key, by the clock that began with the navigation.
ANSWERS = """
addEventListener("DOMContentLoaded", function answer() {
  const stage = document.querySelector(".attention-stage");
  if (!stage) return requestAnimationFrame(answer);  // not alive yet
  const slider = stage.closest(".alive").querySelector(".attention-slider input");
  if (slider) {
    slider.value = Number(slider.value) + (slider.value === slider.max ? -1 : 1);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  } else {
    stage.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  }
  afterFrame(() => (window.answered = performance.now()));
});
"""
# Times from a key's own stamp to just after the frame that shows the answer.
CLOCK = """
widget => {
  window.times = [];
  let start = 0;
  addEventListener("keydown", (event) => (start = event.timeStamp), true);
  const painted = () => afterFrame(() => window.times.push(performance.now() - start));
  new MutationObserver(painted).observe(widget.querySelector(".attention-diagram"), { attributes: true,
    attributeFilter: ["data-paints"] });
}
"""
SIXTEEN = """
widget => {
  for (const slider of widget.querySelectorAll(".attention-slider input")) {
    const name = slider.labels[0].textContent;
    if (!/^[TC]\\b/.test(name)) continue;
    slider.value = 16;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
"""


def sent(path):
    """Kilobytes of a file, compressed."""
    return len(gzip.compress(path.read_bytes(), 9, mtime=0)) / 1000


def answered(browser, path):
    """Milliseconds until a widget of a new window has answered; None where the page has none."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(AFTER_FRAME + ANSWERS)
    page.goto(path.as_uri(), wait_until="load")
    found = None
    with suppress(TimeoutError):
        page.wait_for_function("window.answered", timeout=5000)
        found = page.evaluate("window.answered")
    page.close()
    return found


def steps(browser, path):
    """Milliseconds of each slider step of the page's largest explorer, warm: from rest, and held; both are [] where it
    has none, or paints none.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    page.evaluate("attentionModels.length")  # all are alive
    widgets = page.locator(".alive", has=page.locator(SLIDER)).filter(has=page.locator(".attention-diagram"))
    if not widgets.count():
        page.close()
        return [], []
    most = [
        sum(float(one) for one in widgets.nth(i).locator(SLIDER).evaluate_all("all => all.map(one => one.max)"))
        for i in range(widgets.count())
    ]
    widget = widgets.nth(most.index(max(most)))
    widget.evaluate(SIXTEEN)
    page.evaluate(AFTER_FRAME)
    widget.evaluate(CLOCK)
    widget.locator(SLIDER).first.focus()
    for i in range(WARM_UP + 2 * STEPS):
        page.keyboard.press(("ArrowLeft", "ArrowRight")[i % 2])
        try:
            page.wait_for_function(f"window.times.length > {i}", timeout=3000)
        except TimeoutError:  # it shows a sentence, and the picture stays
            break
        if i < WARM_UP + STEPS:
            page.wait_for_timeout(REST)
    times = page.evaluate("window.times")[WARM_UP:]
    page.close()
    return times[:STEPS], times[STEPS:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=REPO / "build" / "site", help="where the pages are")
    folder = parser.parse_args().folder.resolve()
    shared = sum(sent(folder / name) for name in SHARED)
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, headless Chromium, from the folder\n")
    print("| page | page, kB | answers, ms | step, median, ms | step, worst, ms | held, median, ms |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    with launch() as browser:
        for path in sorted(folder.glob("*.html")):
            waits = [wait for wait in (answered(browser, path) for _ in range(WINDOWS)) if wait]
            times, held = steps(browser, path)
            found = [(waits, statistics.median), (times, statistics.median), (times, max), (held, statistics.median)]
            row = [
                path.stem,
                f"{sent(path) + shared:.0f}",
                *(f"{told(many):.0f}" if many else "" for many, told in found),
            ]
            print(f"| {' | '.join(row)} |", flush=True)
    print(f"\nWanted: at most {GOALS['page']} kB, {GOALS['answers']} ms, and a median of {GOALS['median']} ms.")


if __name__ == "__main__":
    main()
