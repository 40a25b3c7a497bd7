"""What a page and its kernel endure: storms of events, many diagrams, restarts, a lost connection, two views, saving.

    python -m bench.endurance

Each trial has a page of JupyterLab and a kernel of its own. It tells whether the page shows at the end what Python
holds, how long that takes after the last event, and what kernel and page hold more than after a first, short round of
the same: what Python has allocated, the JavaScript heap, the nodes of the document and its listeners, each after the
garbage collectors have run. Of the page's heap, up to 16 MB are pictures ahead of the hand. What a cell that is run
again and again leaves behind is measured by `bench/memory.py`.
"""

import argparse
import os
import platform
import random
import sys
import tempfile
import time

from bench.memory import MEGABYTE, Counted
from tests.browser.lab import Lab, launch, write_notebooks
from tests.browser.test_front_ends import SAVE
from tests.browser.test_random_in_lab import ASK, RESTART, SHOWN

MAKE = """
from helpers.attention.heads import head
from helpers.explore.explorer import explore
e = explore(head, T=(1, 8, 6), C=(1, 8, 4), head_size=4)
e
"""
MANY = 50
NOTEBOOKS = {"one": MAKE, "two": [MAKE, "e"], "fifty": [MAKE] * MANY}
LOST = "run this cell again to wake them"
COUNT_EVENTS = "() => { window.moved = 0; addEventListener('input', () => { window.moved += 1; }, true); }"
# Show one cell of many, in the middle of the window.
SCROLL = "place => window.jupyterapp.shell.currentWidget.content.scrollToItem(place, 'center')"
IS_DRAWN = """place => {
    const cell = window.jupyterapp.shell.currentWidget.content.widgets[place].node;
    const [canvas] = cell.querySelectorAll(".attention-diagram[data-paints] canvas");
    if (!canvas?.width) return false;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, Math.min(canvas.height, 400));
    return data.some((value, i) => value !== data[i % 4]);
}"""
CONNECTED = """wanted => {
    const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
    return (kernel.connectionStatus === "connected") === wanted;
}"""


class Line:
    """The line between a page and its kernel, which can be cut: a browser that is told to be offline keeps it."""

    def __init__(self, context):
        self.context, self.ends, self.is_cut = context, [], False
        context.route_web_socket("**/channels*", self.connect)

    def connect(self, end):
        if self.is_cut:
            end.close()
        else:
            self.ends += [end, end.connect_to_server()]

    def cut(self):
        self.is_cut = True
        self.context.set_offline(True)
        while self.ends:
            self.ends.pop().close()

    def mend(self):
        self.is_cut = False
        self.context.set_offline(False)


class Trial(Counted):
    """A notebook that is open, worked and watched."""

    def __init__(self, sheet):
        super().__init__(sheet)
        self.page, self.chance, self.late = sheet.page, random.Random(0), 0.0
        self.tools.send("Performance.enable")
        self.line = None

    def held(self):
        """Bytes of Python and of the page, and how many nodes and listeners the page has."""
        python, _, heap = super().held()
        metrics = {one["name"]: one["value"] for one in self.tools.send("Performance.getMetrics")["metrics"]}
        return python, heap, metrics["Nodes"], metrics["JSEventListeners"]

    def make(self, place=0):
        """Run a cell and wait for its picture."""
        self.sheet.run_cell(place)
        self.page.locator(".attention-diagram[data-paints]").first.wait_for()

    def slider(self, which):
        return self.page.locator(".attention-slider input").nth(which)

    def storm(self, events):
        """Move two sliders by the arrow keys and by the mouse, without a pause, until they have told so many events."""
        self.page.evaluate(COUNT_EVENTS)
        while self.page.evaluate("window.moved") < events:
            self.keys(50)
            self.drag(50)

    def keys(self, count, which=None):
        self.slider(self.chance.randrange(2) if which is None else which).focus()
        while count > 0:
            key, times = self.chance.choice(["ArrowLeft", "ArrowRight"]), self.chance.randint(1, 12)
            for _ in range(times):  # as a key that is held down repeats itself
                self.page.keyboard.down(key)
            self.page.keyboard.up(key)
            count -= times

    def drag(self, count, which=None):
        box = self.slider(self.chance.randrange(2) if which is None else which).bounding_box()
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        for _ in range(0, count, 10):
            x = box["x"] + self.chance.random() * box["width"]
            self.page.mouse.move(x, box["y"] + box["height"] / 2, steps=10)
        self.page.mouse.up()

    def rest(self, seconds=120):
        """Wait until the page shows what Python holds, and note how long that took."""
        begin = time.monotonic()
        while time.monotonic() < begin + seconds:
            if self.page.evaluate(ASK, "") == self.page.evaluate(SHOWN):
                self.late = max(self.late, time.monotonic() - begin)
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"Python holds {self.page.evaluate(ASK, '')}, the page shows {self.page.evaluate(SHOWN)}")


# -- trials: each does its work so many times ---------------------------------------------------------


def storm(trial, events):
    """10,000 slider events by keys and mouse."""
    trial.storm(events)
    trial.rest()


def restarts(trial, times):
    """The kernel restarted, and the cell run again."""
    for _ in range(times):
        trial.page.evaluate(RESTART)
        trial.page.get_by_text(LOST).wait_for()
        trial.make()
        trial.page.get_by_text(LOST).wait_for(state="hidden")
        trial.drag(10)
        trial.rest()


def lost_connections(trial, times):
    """The connection lost while a slider is dragged, and its return."""
    for _ in range(times):
        trial.drag(20)  # some of it may be on its way
        trial.line.cut()
        trial.page.wait_for_function(CONNECTED, arg=False)
        trial.drag(20)
        trial.line.mend()
        trial.page.wait_for_function(CONNECTED, arg=True, timeout=120_000)  # JupyterLab tries less and less often
        trial.rest()


def two_views(trial, times):
    """A second view of one widget, made again, and both dragged."""
    for _ in range(times):
        trial.make(1)
        trial.page.locator(".attention-diagram[data-paints]").nth(1).wait_for()
        for which in (0, 3):  # of each view
            trial.drag(10, which)
            trial.rest()
            first, second = [trial.page.locator(".attention-live").nth(i).inner_text() for i in range(2)]
            assert first == second


def saves(trial, times):
    """Saved, opened again with its kernel alive, and moved."""
    for _ in range(times):
        trial.page.evaluate(SAVE)
        trial.page.reload()
        trial.sheet.wait()
        trial.page.locator(".attention-diagram[data-paints]").wait_for()
        trial.drag(10)
        trial.rest()


def fifty(trial, times):
    """50 explorers on a page, each looked at, and all run again."""
    for _ in range(times):
        trial.sheet.run_all(timeout=300)
        for place in range(MANY):
            trial.page.evaluate(SCROLL, place)
            trial.page.wait_for_function(IS_DRAWN, arg=place, polling=50)


TRIALS = {  # what is done, in which notebook, how often first, and how often then
    "{} slider events by keys and mouse": (storm, "one", 500, 10_000),
    "{} restarts, the cell run again": (restarts, "one", 2, 8),
    "{} connections lost and back": (lost_connections, "one", 1, 4),
    "{} times a second view, both dragged": (two_views, "two", 4, 40),
    "saved and opened again {} times": (saves, "one", 1, 4),
    "50 explorers on a page, run {} times": (fifty, "fifty", 1, 4),
}


def endure(lab, work, name, first, times):
    """What is held more after so many times, and the longest wait for rest, in seconds."""
    with lab.open(name, height=900) as sheet:
        trial = Trial(sheet)
        if work is lost_connections:
            trial.line = Line(sheet.context)
            sheet.page.reload()
            sheet.wait()
        if work is not fifty:
            trial.make()
        trial.held()  # from here on Python counts what it allocates
        work(trial, first)
        trial.late, before = 0.0, trial.held()
        work(trial, times)
        after = trial.held()
        if errors := [error for error in sheet.errors() if "ERR_INTERNET_DISCONNECTED" not in error]:
            raise AssertionError("\n".join(errors))
    return [late - early for early, late in zip(before, after)], trial.late


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--only", default="", help="a piece of the name of what is tried")
    only = arguments.parse_args().only
    sys.stdout.reconfigure(line_buffering=True)  # a row when it is there
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, JupyterLab\n")
    print("| | at rest after | kernel grows by | page by | nodes | listeners |\n| --- |" + " ---: |" * 5)
    with tempfile.TemporaryDirectory() as folder:
        write_notebooks(folder, NOTEBOOKS)
        with launch() as browser, Lab(browser, folder) as lab:
            for label, (work, name, first, times) in TRIALS.items():
                if only in label:
                    (python, heap, nodes, listeners), late = endure(lab, work, name, first, times)
                    waited = f"{late:.1f} s" if late else "–"
                    sizes = f"{python / MEGABYTE:.1f} MB | {heap / MEGABYTE:.1f} MB"
                    print(f"| {label.format(times)} | {waited} | {sizes} | {nodes:+.0f} | {listeners:+.0f} |")


if __name__ == "__main__":
    main()
