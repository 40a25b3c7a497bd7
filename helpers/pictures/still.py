"""The still face of a Trace: what stands where no widget can live.

Every picture carries a text alternative, and is the same bytes each time it is drawn. In a notebook it is SVG, written
by our own brush: it takes a twentieth of the time that matplotlib takes for a PNG image, and a third of the room.
"""

import math
from functools import cached_property

import numpy as np

from helpers.look import layout
from helpers.look.annotations import checked_cell, checked_notes, in_words, withheld
from helpers.look.style import THEMES, number
from helpers.pictures import thin
from helpers.pictures.letters import width as text_width
from helpers.pictures.painter import NAME, NOTE, SHAPE, Painter
from helpers.pictures.picture import Picture, colors_of
from helpers.pictures.svg import SvgBrush


class Still(Picture):
    """The picture of a Trace, laid out in a plan and drawn when it is asked for.

    paint: what draws it with the brush that it is given. surface: the color of the page. most: the width that it may
    have on the screen.
    """

    def __init__(self, alt, plan, paint, surface, most):
        super().__init__(alt, min(plan["width"], most))
        self.plan, self.paint, self.surface = plan, paint, surface

    @property
    def image(self):
        """An SVG image without its title: the text alternative stands beside it."""
        return "svg+xml", self.svg("", SvgBrush()).encode()

    def svg(self, title, brush):
        self.paint(brush)
        return brush.document(self.plan["width"], self.plan["height"], title)

    @cached_property
    def figure(self):
        """The same picture as a matplotlib figure, which only PNG and PDF files need."""
        from helpers.pictures.outlines import FigureBrush

        brush = FigureBrush(self.plan["width"], self.plan["height"], self.surface)
        self.paint(brush)
        brush.settle()
        return brush.figure

    def encoded(self, kind, dpi=192):
        """The bytes of the picture as png, svg or pdf, without date or version."""
        if kind == "svg":
            return f'<?xml version="1.0" encoding="UTF-8"?>\n{self.svg(self.alt, SvgBrush(shapes=True))}'.encode()
        from helpers.pictures.figure import FigurePicture

        return FigurePicture(self.figure, self.alt).encoded(kind, dpi)


def picture(trace, *, width=1000, theme="light", pick=None, notes=None, blank=None, pinned=None):
    """Draw a Trace: every matrix with its name, shape, numbers and arrows.

    width: of the page in CSS pixels. theme: light or dark. pick: which index of each higher axis is
    shown, ``{"b": 0}``, but of heads, which stand side by side. notes: what stands over a matrix,
    ``{"weights": "rows sum to 1"}``. blank: a cell to ask for, ``("scores", (1, 0))``: its matrix, and
    what is made from it, is drawn without numbers. pinned: a cell, ``("out", (1, 0))``, that is framed with those it
    is made of.
    Returns a Picture. Raises ValueError for another theme, an index that is not there or a note on a matrix that is not
    there, and what ``trace.why`` raises for a blank or pinned cell that is not there.

    >>> from helpers.attention import average_past
    >>> picture(average_past([[1.0, 2.0], [3.0, 6.0]])).alt.splitlines()[0]
    'average_past, from left to right: x (T=2, C=2), out (T=2, C=2). out is 1.00 2.00; 2.00 4.00.'
    """
    paint, blank, pinned = colors_of(theme), checked_cell(blank, trace), checked_cell(pinned, trace)
    pick = pick if pick is not None else picked(trace, pinned)
    notes = checked_notes({} if notes is None else notes, [step.name for step in trace.shown])
    for axis, at in pick.items():
        size = next((step.value.shape[step.axes.index(axis)] for step in trace.shown if axis in step.axes[:-2]), 0)
        if size and axis in layout.TILED:
            raise ValueError(f"pick has {axis}={at}; heads are drawn side by side, and none is picked.")
        if at not in range(size):
            raise ValueError(
                f"pick has {axis}={at}; "
                + (f"wanted 0 to {size - 1}." if size else f"no matrix of {trace.title} has a higher axis {axis}.")
            )
    plan = thin.lay_out(layout.matrices(trace, notes), width)
    boxes = plan["boxes"]
    used = max([box["x"] + right_of(trace[name], box, width) for name, box in boxes.items()], default=0)
    page = math.ceil(used + layout.MARGIN)
    plan["width"] = page if plan["overflow"] else min(width, page)
    alt = describe(trace, notes, blank, pinned)
    if plan["longest"]:
        alt += f" {thin.sentence(trace, plan['longest'])}."

    def draw(brush):
        Painter(brush, trace, plan, paint, list(THEMES).index(theme), pick, blank, pinned).paint()

    return Still(alt, plan, draw, paint["surface"], width)


def picked(trace, pinned):
    """The index of each higher axis at which a pinned cell is seen."""
    if not pinned:
        return {}
    name, index = pinned
    step = trace[name]
    return {axis: at for axis, at in zip(step.axes[:-2], index) if axis != layout.tile_axis(step)}


def right_of(step, box, width):
    """How far to the right of its first cell a matrix reaches, with its sums, title and note."""
    notes = [layout.INDENT + min(text_width(line, NOTE), box["room"] - layout.INDENT) for line in box["note"]]
    words = [13 + text_width(step.name, NAME, True), text_width(step.shape, SHAPE), *notes]
    return max(box["width"] + layout.SUMS, *(min(long, width - layout.MARGIN - box["x"]) for long in words))


def told(step):
    """The numbers of a step in words, a sentence for each of its tiles."""
    heads = [("", step.value)]
    if layout.tiles(step) > 1:
        heads = [
            (f"head {i} of ", head)
            for i, head in enumerate(np.moveaxis(step.value, step.axes.index(layout.tile_axis(step)), 0))
        ]
    for of, value in heads:
        rows = value.reshape(-1, value.shape[-1] if value.ndim else 1)
        yield f"{of}{step.name} is " + "; ".join(" ".join(number(one, 2) for one in row) for row in rows)


def describe(trace, notes=None, blank=None, pinned=None):
    """A Trace in words: its matrices with their shapes, the last one's numbers while they are few, what is pinned or
    asked, the notes.
    """
    chain = ", ".join(f"{step.name} {step.shape}" for step in trace.shown)
    sentences = [f"{trace.title}, from left to right: {chain}"]
    for step in trace.shown[-1:]:
        if step.value.size <= 32 and step.name not in withheld(trace, blank):
            sentences += told(step)
    if pinned and pinned[0] not in withheld(trace, blank):
        sentences.append(f"Pinned: {trace.why(pinned[0], *pinned[1])}")
    ordered = {step.name: notes[step.name] for step in trace.shown if step.name in (notes or {})}
    return ". ".join([*sentences, *in_words(ordered, blank)]) + "."
