"""A training run, live in a notebook: a progress bar, the loss as it falls, and the floor that it cannot pass."""

import math
import time
from html import escape
from itertools import pairwise
from numbers import Real

import ipywidgets as widgets
from IPython.display import display

from helpers.look.given import told, whole_number
from helpers.look.style import ROLES, THEMES
from helpers.pictures.plots import curves, spread

WIDTH, HEIGHT = 640, 220  # of the picture, in CSS pixels; it is narrower where the page is
TOP, RIGHT, BOTTOM, LEFT = 12, 62, 26, 44  # the room around the curves: for numbers, and for the lines' names
LETTERS = 13  # the height of a line's name
BAR = {"width": "320px", "min_width": "100px", "flex": "0 1 320px"}
EVERY = 0.25  # seconds between two pictures: drawing must not slow the training down
SMOOTH = 20  # steps in the running mean
LINES = {"training": "query", "test": "key", "floor": "value"}


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
    display(view)

    def each(training):
        if training.step % between == 0 or training.step == training.steps:
            view.test()
        view.update()

    try:
        training.run(each)
    finally:
        view.update(last=True)
    return view


class View(widgets.VBox):
    """What ``watch`` shows. tests: step to the loss on the text that was kept away."""

    def __init__(self, training, floor=None):
        self.training, self.floor, self.tests, self.drawn = training, floor, getattr(training, "tests", {}), 0.0
        training.tests = self.tests
        self.bar = widgets.IntProgress(value=training.step, max=training.steps, layout=BAR)
        self.line, self.plot = widgets.HTML(), widgets.HTML()
        super().__init__([widgets.Box([self.bar, self.line], layout={"flex_flow": "row wrap"}), self.plot])
        self.update(last=True)

    def test(self):
        """Try the model on the text that was kept away."""
        self.tests[self.training.step] = self.training.test(seen=self.training.context // 2, most=4000)

    def update(self, last=False):
        """Draw anew, but not more often than somebody could see."""
        if not last and time.monotonic() - self.drawn < EVERY:
            return
        training, self.drawn = self.training, time.monotonic()
        loss = f"loss {smooth(training.losses)[-1]:.3f} · " if training.losses else ""
        speed = f" · {training.tokens_a_second:,.0f} tokens/s" if training.seconds else ""
        self.bar.value = training.step
        self.line.value = f"{loss}step {training.step} of {training.steps} · {training.seconds:.0f} s{speed}"
        self.plot.value = drawing(self.lines(), training.steps)

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
    """The curves as HTML, as wide as there is room; colors follow the page's theme.

    The curves are stretched to the width, the letters are not: they stand beside them, by shares of the width.
    """
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
        paths.append(f'<path d="M0 {y:.1f}H100" class="grid"/>')
        texts.append(f'<span style="right:calc(100% + 6px);top:{y:.1f}px">{value:.1f}</span>')
    texts.append(f'<span style="right:0;top:{high + 14}px">step {steps}</span>')
    ends = [points[-1] for points in lines.values()]
    ranks = range(len(ends), 0, -1)  # of lines that end at one height, the first stands on top
    heights = spread([1 - (TOP + down(value)) / HEIGHT for _, value in ends], LETTERS / HEIGHT, ranks)
    for (name, points), (step, _), height in zip(lines.items(), ends, heights):
        path = "L".join(f"{across(at):.2f} {down(value):.1f}" for at, value in points)
        place = f"left:calc({across(step):.2f}% + 6px);top:{HEIGHT * (1 - height) - TOP:.1f}px"
        paths.append(f'<path d="M{path}" class="{name}"/>')
        texts.append(f'<span style="{place}" class="{name}">{escape(name)}</span>')
    return (
        f'<style>{style()}</style><div class="watch" role="img" aria-label="The loss, step by step"><div>'
        f'<svg viewBox="0 0 100 {high}" preserveAspectRatio="none" aria-hidden="true">{"".join(paths)}</svg>'
        f"{''.join(texts)}</div></div>"
    )


def style():
    """Where the parts of the drawing stand, and their colors in a light and a dark page."""
    (light, dark), names = zip(*(ROLES[role] for role in LINES.values())), list(LINES)

    def rules(colors, theme, scope=""):
        own = "".join(
            f"{scope} .watch path.{name}{{stroke:{color}}}{scope} .watch span.{name}{{color:{color}}}"
            for name, color in zip(names, colors)
        )
        return f"{scope} .watch .grid{{stroke:{theme['line']}}}{scope} .watch span{{color:{theme['muted']}}}{own}"

    return (
        f".watch{{position:relative;max-width:{WIDTH}px;height:{HEIGHT}px}}"
        f".watch>div{{position:absolute;inset:{TOP}px {RIGHT}px {BOTTOM}px {LEFT}px}}"
        ".watch svg{position:absolute;width:100%;height:100%;overflow:visible}"
        ".watch path{fill:none;stroke-width:2;vector-effect:non-scaling-stroke}.watch .grid{stroke-width:.6}"
        ".watch span{position:absolute;transform:translateY(-50%);font:11px/1 sans-serif;white-space:nowrap}"
        + rules(light, THEMES["light"])
        + rules(dark, THEMES["dark"], "[data-jp-theme-light=false]")
    )
