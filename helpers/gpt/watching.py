"""A training run, live in a notebook: a progress bar, the loss as it falls, and the floor that it cannot pass."""

import math
import time
from itertools import pairwise
from numbers import Real

import IPython.display

from helpers.live.live import Live
from helpers.live.pieces import Bar, Curves, Text
from helpers.look.given import told, whole_number
from helpers.pictures.plots import curves, spread

WIDTH, HEIGHT = 640, 220  # of the picture, in CSS pixels; it is narrower where the page is
TOP, RIGHT, BOTTOM, LEFT = 12, 62, 26, 44  # the room around the curves: for numbers, and for the lines' names
LETTERS = 13  # the height of a line's name
EVERY = 0.25  # seconds between two pictures: drawing must not slow the training down
SMOOTH = 20  # steps in the running mean


def watch(training, floor=None, tests=8):
    """Run a Training, show how it goes, and return it. Stop it with the square button: what was reached stays.

    floor: the loss that no model can beat, in nats. tests: how often the text that was kept away is tried.
    Run the cell again and it goes on. Raises ValueError for what is no Training, and numbers that cannot be.
    """
    if not hasattr(training, "run") or not hasattr(training, "losses"):
        raise ValueError(f"you gave {told(training)}; wanted a Training, as Training(model, text) makes one.")
    if floor is not None and not (isinstance(floor, Real) and not isinstance(floor, bool) and math.isfinite(floor)):
        raise ValueError(f"floor is {told(floor)}; wanted a number, or nothing.")
    between = max(1, training.steps // whole_number("tests", tests, 1))
    view = View(training, floor)
    IPython.display.display(view)  # the one that is there now: marimo puts its own in the place

    def each(training):
        if training.step % between == 0 or training.step == training.steps:
            view.test()
        view.update()

    try:
        training.run(each)
    finally:
        view.update(last=True)
    return view


class View(Live):
    """What ``watch`` shows: a bar, a line and the curves. tests: step to the loss on the text that was kept away."""

    def __init__(self, training, floor=None):
        self.training, self.floor, self.tests, self.drawn = training, floor, getattr(training, "tests", {}), 0.0
        training.tests = self.tests
        self.bar, self.line = Bar("bar", "Steps of training", training.steps), Text("line")
        self.plot = Curves("plot", "The loss, step by step", WIDTH, HEIGHT, (TOP, RIGHT, BOTTOM, LEFT))
        super().__init__([[self.bar, self.line], [self.plot]])
        self.update(last=True)

    def test(self):
        """Try the model on the text that was kept away."""
        self.tests[self.training.step] = self.training.test(seen=self.training.context // 2, most=2000)

    def update(self, last=False):
        """Draw anew, but not more often than somebody could see."""
        if not last and time.monotonic() - self.drawn < EVERY:
            return
        training, self.drawn = self.training, time.monotonic()
        loss = f"loss {smooth(training.losses)[-1]:.3f} · " if training.losses else ""
        speed = f" · {training.tokens_a_second:,.0f} tokens/s" if training.seconds else ""
        with self.hold_sync():
            self.bar.amount, self.bar.done = training.step, training.step == training.steps
            self.line.say(f"{loss}step {training.step} of {training.steps} · {training.seconds:.0f} s{speed}")
            self.plot.paths, self.plot.texts = drawing(self.lines(), training.steps)

    def lines(self):
        """The curves by name, each a list of (step, loss)."""
        training = self.training
        found = {"training": list(enumerate(smooth(training.losses), 1)), "test": list(self.tests.items())}
        if self.floor is not None:
            found["floor"] = [(0, self.floor), (training.steps, self.floor)]
        return {name: points for name, points in found.items() if len(points) > 1}

    def picture(self):
        """The curve so far as a still picture, with alt text."""
        steps = list(range(1, self.training.step + 1))
        found = {"training": smooth(self.training.losses)}
        if self.tests:
            found["test"] = [at(list(self.tests.items()), step) for step in steps]
        if self.floor is not None:
            found["floor"] = [self.floor] * len(steps)
        return curves(
            steps,
            found,
            xlabel="step",
            ylabel="loss, nats a character",
            title="Loss",
            alt=f"The loss over {self.training.step} steps: {', '.join(found)}.",
        )

    def __repr__(self):
        return f"a training of {self.training.steps} steps"


def smooth(losses):
    """The mean of the last steps, at each step: a single batch is too noisy to read."""
    found, total = [], 0.0
    for i, loss in enumerate(losses):
        total += loss - (losses[i - SMOOTH] if i >= SMOOTH else 0)
        found.append(total / min(i + 1, SMOOTH))
    return found


def at(points, step):
    """The value of a line through (step, value) points; before the first point there is none."""
    for (x1, y1), (x2, y2) in pairwise(points):
        if x1 <= step <= x2:
            return y1 + (y2 - y1) * (step - x1) / (x2 - x1)
    return points[-1][1] if step >= points[-1][0] else float("nan")


def drawing(lines, steps):
    """The curves as Curves takes them: pairs of a name and a path, and names with their places and words."""
    top = max((value for points in lines.values() for _, value in points), default=1.0)
    high = HEIGHT - TOP - BOTTOM  # of the part with the curves

    def across(step):
        return 100 * step / steps  # per cent of its width

    def down(value):
        return high * (1 - value / top)

    paths, texts = [], []
    apart = 1.0 if top > 2 else 0.5
    for value in (apart * i for i in range(int(top / apart) + 1)):
        y = down(value)
        paths.append(["grid", f"M0 {y:.1f}H100"])
        texts.append(["", {"right": "calc(100% + 6px)", "top": f"{y:.1f}px"}, f"{value:.1f}"])
    texts.append(["", {"right": "0", "top": f"{high + 14}px"}, f"step {steps}"])
    ends = [points[-1] for points in lines.values()]
    ranks = range(len(ends), 0, -1)  # of lines that end at one height, the first stands on top
    heights = spread([1 - (TOP + down(value)) / HEIGHT for _, value in ends], LETTERS / HEIGHT, ranks)
    for (name, points), (step, _), height in zip(lines.items(), ends, heights):
        path = "L".join(f"{across(at):.2f} {down(value):.1f}" for at, value in points)
        paths.append([name, f"M{path}"])
        place = {"left": f"calc({across(step):.2f}% + 6px)", "top": f"{HEIGHT * (1 - height) - TOP:.1f}px"}
        texts.append([name, place, name])
    return paths, texts
