"""The still face of a Trace, drawn with matplotlib: what stands where no widget can live.

Every picture carries a text alternative, and is the same bytes each time it is drawn.
"""

import base64
import io
import math
import re
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from helpers import layout
from helpers.annotations import checked_cell, checked_notes, in_words, withheld
from helpers.painter import NAME, NOTE, SHAPE, Painter, text_width
from helpers.palette import in_few_colors
from helpers.style import ROLES, THEMES, number

FORMATS = (".png", ".svg", ".pdf")
FIXED = {  # what a learner's own settings must not change
    "svg.hashsalt": "attention", "svg.fonttype": "none", "path.simplify": False, "hatch.linewidth": 1.0,
    "savefig.bbox": None, "savefig.transparent": False, "savefig.facecolor": "auto",
}


@dataclass
class Picture:
    """A still picture with a text alternative; display it, or ``save`` it.

    alt: what the picture shows, in words. figure: the matplotlib figure.
    """

    figure: Figure
    alt: str

    def save(self, path):
        """Write ``.png``, ``.svg`` or ``.pdf``, by the ending of the path; returns the path.

        Raises ValueError for another ending.
        """
        path = Path(path)
        if path.suffix not in FORMATS:
            raise ValueError(f"{path.name} ends in {path.suffix!r}; wanted one of {', '.join(FORMATS)}.")
        path.write_bytes(self.encoded(path.suffix[1:]))
        return path

    def encoded(self, kind, dpi=192):
        """The bytes of the picture as png, svg or pdf, without date or version."""
        title = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", self.alt)  # what XML cannot hold
        dates = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None, "Title": title},
                 "pdf": {"CreationDate": None, "Creator": None, "Producer": None, "Title": title}}
        buffer = io.BytesIO()
        with matplotlib.rc_context(FIXED):
            self.figure.savefig(buffer, format=kind, dpi=dpi, metadata=dates[kind])
        return buffer.getvalue()

    @cached_property
    def html(self):
        """An ``<img>`` that holds the picture and its text alternative; few colors keep it small."""
        from PIL import Image

        raw, buffer = io.BytesIO(), io.BytesIO()
        size = tuple(int(inches * 144) for inches in self.figure.get_size_inches())
        with matplotlib.rc_context(FIXED):
            self.figure.savefig(raw, format="rgba", dpi=144)
        image = Image.frombytes("RGBA", size, raw.getvalue()).convert("RGB")
        in_few_colors(image).save(buffer, "png", compress_level=6)
        data = base64.b64encode(buffer.getvalue()).decode()
        width = int(self.figure.get_figwidth() * 96)
        return f'<img alt="{escape(self.alt)}" width="{width}" src="data:image/png;base64,{data}">'

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self.html}

    def __repr__(self):
        return f"Picture: {self.alt}"


def picture(trace, *, width=1000, theme="light", pick=None, notes=None, blank=None, pinned=None):
    """Draw a Trace: every matrix with its name, shape, numbers and arrows.

    width: of the page in CSS pixels. theme: light or dark. pick: which index of each higher axis is
    shown, ``{"b": 0}``, but of heads, which stand side by side. notes: what stands over a matrix,
    ``{"weights": "rows sum to 1"}``. blank: a cell to ask for, ``("scores", (1, 0))``: its matrix, and
    what is made from it, is drawn without numbers. pinned: a cell, ``("out", (1, 0))``, that is framed with those it is made of.
    Returns a Picture. Raises ValueError for another theme, an index that is not there or a note on a matrix that is not
    there, and what ``trace.why`` raises for a blank or pinned cell that is not there.

    >>> from helpers.attention import average_past
    >>> picture(average_past([[1.0, 2.0], [3.0, 6.0]])).alt.splitlines()[0]
    'average_past, from left to right: x (T=2, C=2), out (T=2, C=2). out is 1.00 2.00; 2.00 4.00.'
    """
    paint, blank, pinned = colors_of(theme), checked_cell(blank, trace), checked_cell(pinned, trace)
    pick = pick if pick is not None else picked(trace, pinned)
    notes = checked_notes({} if notes is None else notes, trace.steps)
    for axis, at in pick.items():
        size = next((step.value.shape[step.axes.index(axis)] for step in trace if axis in step.axes[:-2]), 0)
        if size and axis == layout.TILED:
            raise ValueError(f"pick has {axis}={at}; heads are drawn side by side, and none is picked.")
        if at not in range(size):
            raise ValueError(f"pick has {axis}={at}; " + (f"wanted 0 to {size - 1}." if size else
                             f"no matrix of {trace.title} has a higher axis {axis}."))
    plan = layout.lay_out(layout.matrices(trace, notes), width)
    used = max([box["x"] + right_of(trace[name], box) for name, box in plan["boxes"].items()], default=0)
    plan["width"] = min(width, used + layout.MARGIN)
    with matplotlib.rc_context(FIXED):
        painter = Painter(trace, plan, paint, list(THEMES).index(theme), pick, blank, pinned)
    return Picture(painter.figure, describe(trace, notes, blank, pinned))


def picked(trace, pinned):
    """The index of each higher axis at which a pinned cell is seen."""
    if not pinned:
        return {}
    name, index = pinned
    return {axis: at for axis, at in zip(trace[name].axes[:-2], index) if axis != layout.TILED}


def right_of(step, box):
    """How far to the right of its first cell a matrix reaches, with its sums, title and note."""
    notes = [layout.INDENT + min(text_width(line, NOTE, italic=True), box["room"] - layout.INDENT) for line in box["note"]]
    return max(box["width"] + layout.SUMS, 12 + text_width(step.name, NAME, True), text_width(step.shape, SHAPE), *notes)


def colors_of(theme):
    """The colors of a theme; raises ValueError for one that is not there."""
    if theme not in THEMES:
        raise ValueError(f"theme is {theme!r}; wanted one of {', '.join(THEMES)}.")
    return THEMES[theme]


def curves(x, lines, *, xlabel="", ylabel="", title="", alt="", logx=False, logy=False, theme="light"):
    """A line plot with a label at the end of each line, instead of a legend.

    x: numbers; lines: label to numbers, ``{"/1": y}``. alt: what the plot shows, in words; needed.
    logx, logy: logarithmic axes. Returns a Picture. Raises ValueError without alt text, for another
    theme, or for a line that is not as long as x.

    >>> curves([1, 2], {"up": [1, 2]}, alt="a line that rises")
    Picture: a line that rises
    """
    if not alt:
        raise ValueError("curves needs alt: say in words what the plot shows, for those who cannot see it.")
    paint, hues = colors_of(theme), [ROLES[role][theme == "dark"] for role in ("query", "key", "value", "scores", "x")]
    figure = Figure(figsize=(7.2, 3.8), facecolor=paint["surface"])
    FigureCanvasAgg(figure)
    axes = figure.add_axes([0.1, 0.15, 0.64, 0.74], facecolor=paint["surface"])
    axes.set(xscale="log" if logx else "linear", yscale="log" if logy else "linear")
    for axis, logarithmic in ((axes.xaxis, logx), (axes.yaxis, logy)):
        if logarithmic:
            axis.set_major_formatter(lambda value, _: np.format_float_positional(value, trim="-"))
    ends, middles = [], []
    for (label, y), hue in zip(lines.items(), hues * len(lines)):
        if len(y) != len(x):
            raise ValueError(f"the line {label!r} has {len(y)} numbers; wanted {len(x)}, one for each x.")
        axes.plot(x, y, color=hue, linewidth=2)
        finite = [float(value) for value in y if math.isfinite(value)] or [0.0]
        ends.append(finite[-1]), middles.append(np.median(finite))
    axes.autoscale_view()
    to_page = axes.transData - axes.transAxes
    heights = spread([to_page.transform((x[-1], end))[1] for end in ends], 0.075, middles)
    for label, height, line in zip(lines, heights, axes.lines):
        axes.text(1.02, height, label, transform=axes.transAxes, color=line.get_color(), va="center", fontsize=10,
                  parse_math=False)
    axes.set_xlabel(xlabel, color=paint["muted"])
    axes.set_ylabel(ylabel, color=paint["muted"])
    axes.set_title(title, color=paint["ink"], loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(paint["line"])
    axes.tick_params(colors=paint["muted"], which="both")
    axes.grid(axis="y", color=paint["line"], linewidth=0.6)
    return Picture(figure, alt)


def spread(heights, apart, middles):
    """Labels that would overlap are pushed apart, as little as it takes, and stay on the page, from 0 to 1.

    middles: which of two that end at one height stands above the other, as its line does on the way there.
    """
    order, found = np.lexsort((middles, np.round(heights, 6))), np.array(heights, float)
    steps = apart * np.arange(len(order))
    low, places = found[order] - steps, range(len(order))  # low may not fall from one to the next: where it would, a stretch takes its mean
    found[order] = steps + [max(min(low[i : j + 1].mean() for j in places[k:]) for i in places[: k + 1]) for k in places]
    found[order] = np.clip(found[order], steps, 1 - steps[::-1])
    return found


def told(step):
    """The numbers of a step in words, a sentence for each of its tiles."""
    heads = [("", step.value)]
    if layout.tiles(step) > 1:
        heads = [(f"head {i} of ", head) for i, head in enumerate(np.moveaxis(step.value, step.axes.index(layout.TILED), 0))]
    for of, value in heads:
        rows = value.reshape(-1, value.shape[-1] if value.ndim else 1)
        yield f"{of}{step.name} is " + "; ".join(" ".join(number(one, 2) for one in row) for row in rows)


def describe(trace, notes=None, blank=None, pinned=None):
    """A Trace in words: its matrices with their shapes, the last one's numbers while they are few, what is pinned or asked, the notes."""
    chain = ", ".join(f"{step.name} {step.shape}" for step in trace)
    sentences = [f"{trace.title}, from left to right: {chain}"]
    for step in list(trace)[-1:]:
        if step.value.size <= 32 and step.name not in withheld(trace, blank):
            sentences += told(step)
    if pinned and pinned[0] not in withheld(trace, blank):
        sentences.append(f"Pinned: {trace.why(pinned[0], *pinned[1])}")
    ordered = {step.name: notes[step.name] for step in trace if step.name in (notes or {})}
    return ". ".join([*sentences, *in_words(ordered, blank)]) + "."
