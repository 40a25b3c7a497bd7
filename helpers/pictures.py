"""The still face of a Trace, drawn with matplotlib: what stands where no widget can live.

Every picture carries a text alternative, and is the same bytes each time it is drawn.
"""

import base64
import io
import math
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from html import escape
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, PathPatch, Polygon, Rectangle
from matplotlib.path import Path as Curve
from matplotlib.textpath import text_to_path

from helpers import layout
from helpers.style import AXES, ROLES, THEMES, cell_text, fill, marked, number, size_name

FORMATS = (".png", ".svg", ".pdf")
NAME, SHAPE = 13, 10.5  # font sizes of a title's two lines
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
        # The commonest colors are the fills, which so stay exact; what an edge of a letter turns into does not matter.
        common = sorted(image.getcolors(size[0] * size[1]), key=lambda entry: (-entry[0], entry[1]))[:256]
        palette = Image.new("P", (1, 1))
        palette.putpalette([channel for _, color in common for channel in color])
        image.quantize(palette=palette, dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
        data = base64.b64encode(buffer.getvalue()).decode()
        width = int(self.figure.get_figwidth() * 96)
        return f'<img alt="{escape(self.alt)}" width="{width}" src="data:image/png;base64,{data}">'

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self.html}

    def __repr__(self):
        return f"Picture: {self.alt}"


def picture(trace, *, width=1000, theme="light", pick=None):
    """Draw a Trace: every matrix with its name, shape, numbers and arrows.

    width: of the page in CSS pixels. theme: light or dark. pick: which index of each higher axis is
    shown, ``{"b": 0}``. Returns a Picture. Raises ValueError for another theme, or an index that is not there.

    >>> from helpers.attention import average_past
    >>> picture(average_past([[1.0, 2.0], [3.0, 6.0]])).alt.splitlines()[0]
    'average_past, from left to right: x (T=2, C=2), out (T=2, C=2). out is 1.00 2.00; 2.00 4.00.'
    """
    paint, pick = colors_of(theme), pick or {}
    for axis, at in pick.items():
        size = next((step.value.shape[step.axes.index(axis)] for step in trace if axis in step.axes[:-2]), 0)
        if at not in range(size):
            raise ValueError(f"pick has {axis}={at}; " + (f"wanted 0 to {size - 1}." if size else
                             f"no matrix of {trace.title} has a higher axis {axis}."))
    plan = layout.lay_out(layout.matrices(trace), width)
    used = max([box["x"] + max(box["width"] + layout.SUMS, *title_widths(trace[name])) for name, box in plan["boxes"].items()],
               default=0)
    plan["width"] = min(width, used + layout.MARGIN)
    with matplotlib.rc_context(FIXED):
        painter = Painter(trace, plan, paint, list(THEMES).index(theme), pick)
    return Picture(painter.figure, describe(trace))


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
            axis.set_major_formatter(lambda value, _: f"{value:g}")
    ends = []
    for (label, y), hue in zip(lines.items(), hues * len(lines)):
        if len(y) != len(x):
            raise ValueError(f"the line {label!r} has {len(y)} numbers; wanted {len(x)}, one for each x.")
        axes.plot(x, y, color=hue, linewidth=2)
        ends.append(([value for value in y if math.isfinite(value)] or [0])[-1])
    axes.autoscale_view()
    to_page = axes.transData - axes.transAxes
    heights = spread([to_page.transform((x[-1], end))[1] for end in ends], 0.075)
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


def spread(heights, apart):
    """Labels that would overlap are pushed apart: up from the lowest, then down from the top of the page, 1."""
    order, found = np.argsort(heights, kind="stable"), np.array(heights)
    for low, high in pairwise(order):
        found[high] = max(found[high], found[low] + apart)
    for high, low in pairwise([None, *order[::-1]]):
        found[low] = min(found[low], 1 if high is None else found[high] - apart)
    return found


def describe(trace):
    """A Trace in words: its matrices with their shapes, and the last one's numbers while they are few."""
    chain = ", ".join(f"{step.name} {step.shape}" for step in trace)
    text = f"{trace.title}, from left to right: {chain}."
    for step in list(trace)[-1:]:
        rows = step.value.reshape(-1, step.value.shape[-1] if step.value.ndim else 1)
        if rows.size <= 32:
            text += f" {step.name} is " + "; ".join(" ".join(number(value, 2) for value in row) for row in rows) + "."
    return text


def shown(step, pick):
    """The two axes of a step that are drawn, as a (rows, columns) array: higher axes at the picked index."""
    value = step.value
    for axis in step.axes[:-2]:
        value = value[pick.get(axis, 0)]
    rows, columns = layout.on_paper(step)
    return value.reshape(rows[1], columns[1])


class Painter:
    """Draws one Trace on one matplotlib figure, whose data units are CSS pixels from the top left."""

    def __init__(self, trace, plan, theme, dark, pick):
        self.trace, self.plan, self.theme, self.dark, self.pick = trace, plan, theme, dark, pick
        self.figure = Figure(figsize=(plan["width"] / 96, plan["height"] / 96), facecolor=theme["surface"])
        FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes([0, 0, 1, 1])
        self.axes.set(xlim=(0, plan["width"]), ylim=(plan["height"], 0))
        self.axes.axis("off")
        for edge in plan["edges"]:
            arrow = FancyArrowPatch(path=Curve(edge["points"], [1, 4, 4, 4]), arrowstyle="-|>", mutation_scale=7,
                                    color=theme["edge"], linewidth=0.8)
            self.axes.add_patch(arrow)
        self.texts = []  # (text, x, y, color), as drawn
        self.glyphs = defaultdict(list)  # color: outlines of the texts
        for step in trace:
            self.matrix(step, plan["boxes"][step.name])
        for color, outlines in self.glyphs.items():
            path = Curve(np.concatenate([v for v, _ in outlines]), np.concatenate([c for _, c in outlines]))
            # add_artist, not add_patch: the limits are set, and measuring every curve again takes a second.
            self.axes.add_artist(PathPatch(path, facecolor=color, linewidth=0))

    def text(self, x, y, text, size, color, align="center", bold=False, turned=False, most=0):
        """Write as outlines: one path for all texts of a color is many times faster than a text for each.

        most: the widest it may be; what is wider is written smaller.
        """
        self.texts.append((str(text), x, y, color))
        vertices, codes = outline(str(text), bold)
        if not len(vertices):
            return
        width = text_width(str(text), size, bold)
        if most and width > most:
            width, size = most, size * most / width
        shift = {"left": 0, "center": width / 2, "right": width}[align]
        # Letters grow up from the baseline, pages down; 0.36 of the size is half a digit's height.
        placed = vertices * [size, -size] + [-shift, 0.36 * size]
        self.glyphs[color].append((placed[:, ::-1] * [1, -1] + [x, y] if turned else placed + [x, y], codes))

    def matrix(self, step, box):
        plan, theme = self.plan, self.theme
        values, (width, height) = shown(step, self.pick), plan["cell"]
        finite = np.abs(values[np.isfinite(values)])
        top = finite.max() if finite.size else 0
        cells = [(value, box["x"] + c * width, box["y"] + r * height) for (r, c), value in np.ndenumerate(values)]
        colors = [fill(value, step.role, top, theme) for value, _, _ in cells]
        self.axes.add_collection(PatchCollection(
            [Rectangle((x, y), width, height) for _, x, y in cells], facecolor=colors,
            edgecolor=theme["line"] if plan["numbers"] else "none", linewidth=0.5))
        masked = [Rectangle((x, y), width, height) for value, x, y in cells if value == -np.inf]
        self.axes.add_collection(PatchCollection(
            masked, facecolor="none", edgecolor=theme["hatch"], hatch="////" if plan["numbers"] else None, linewidth=0))
        alarms = [Polygon([(x, y), (x + width / 3, y), (x, y + height / 3)]) for value, x, y in cells
                  if marked(value, step.role)]
        self.axes.add_collection(PatchCollection(alarms, facecolor=theme["alarm"]))
        if plan["numbers"]:
            for value, x, y in cells:
                if value == -np.inf and plan["compact"]:
                    continue  # the hatch says it
                # matplotlib's own font is wide, its minus above all: an en dash and a smaller size fit.
                text = cell_text(value, step.digits, plan["compact"]).replace("−", "–")
                self.text(x + width / 2, y + height / 2, text, 0.88 * plan["font"],
                          theme["muted" if value == 0 else "ink"], most=width - 2)
        role = ROLES[step.role][self.dark]
        self.axes.add_patch(Rectangle((box["x"], box["y"]), box["width"], box["height"], fill=False, edgecolor=role,
                                      linewidth=1.5, linestyle="--" if step.parameter else "-"))
        self.title(step, box, role)
        self.labels(step, box, values)

    def title(self, step, box, role):
        self.axes.add_patch(Rectangle((box["x"], box["top"] + 5), 8, 8, color=role, linewidth=0))
        self.text(box["x"] + 12, box["top"] + 9, step.name, NAME, self.theme["ink"], align="left", bold=True,
                  most=self.plan["width"] - box["x"] - 12)
        pieces = [("(", None)]
        for axis, size in zip(step.axes, step.value.shape):
            pieces += [(", ", None), (f"{size_name(axis)}={size}", axis)]
        pieces, before = [pieces[0], *pieces[2:], (")", None)], ""
        for text, axis in pieces:
            x = box["x"] + text_width(before, SHAPE)
            self.text(x, box["top"] + 24, text, SHAPE, self.axis_color(axis), align="left")
            before += text

    def axis_color(self, axis):
        return AXES[axis][1 + self.dark] if axis in AXES else self.theme["muted"]

    def labels(self, step, box, values):
        width, height = self.plan["cell"]
        (rows, _), (columns, _) = layout.on_paper(step)
        tokens = [token if len(token) <= layout.LONGEST else token[: layout.LONGEST - 1] + "…"
                  for token in self.trace.tokens or []]
        written = {"size": 10, "color": self.theme["muted"], "most": layout.LETTER * layout.LONGEST}
        if self.plan["numbers"]:
            for r in range(values.shape[0]):
                y = box["y"] + (r + 0.5) * height
                self.text(box["x"] - 5, y, r, 9, self.axis_color(rows), align="right")
                if box["words"] and r < len(tokens) and rows in layout.TOKENS:
                    self.text(box["x"] - layout.GUTTER, y, tokens[r], **written, align="right")
            for c in range(values.shape[1]):
                x = box["x"] + (c + 0.5) * width
                self.text(x, box["y"] - 7, c, 9, self.axis_color(columns))
                if c < len(tokens) and columns in layout.TOKENS:
                    self.text(x, box["y"] - layout.COLUMNS, tokens[c], **written, align="left", turned=True)
            if step.role == "weights":
                for r, row in enumerate(values):
                    self.text(box["x"] + box["width"] + 4, box["y"] + (r + 0.5) * height,
                              "Σ " + number(row.sum(), 2), 9, self.theme["muted"], align="left")


@lru_cache(8192)
def outline(text, bold=False):
    """The outlines of a text at size 1: vertices and codes. A $ is a $: nothing is read as a formula."""
    font = FontProperties(weight="bold" if bold else "normal")
    vertices, codes = text_to_path.get_text_path(font, text)
    return np.array(vertices) / text_to_path.FONT_SCALE, codes


def title_widths(step):
    """How wide the two lines of a title are: its square and name, and its shape."""
    return 12 + text_width(step.name, NAME, True), text_width(step.shape, SHAPE)


@lru_cache(8192)
def text_width(text, size, bold=False):
    """How wide a text is in CSS pixels."""
    # Spaces at the end have no outline: measure up to a bar, and take the bar off again.
    return size * (outline(f"{text}|", bold)[0][:, 0].max() - outline("|", bold)[0][:, 0].max()) if text else 0
