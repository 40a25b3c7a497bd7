"""Curves with their names at their ends."""

import math

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogFormatter, NullLocator

from helpers.look.style import ROLES
from helpers.pictures.figure import FigurePicture
from helpers.pictures.picture import colors_of


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
            axis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.5)))  # between them, where they are few
    ends, middles = [], []
    for (label, y), hue in zip(lines.items(), hues * len(lines)):
        if len(y) != len(x):
            raise ValueError(f"the line {label!r} has {len(y)} numbers; wanted {len(x)}, one for each x.")
        axes.plot(x, y, color=hue, linewidth=2)
        finite = [float(value) for value in y if math.isfinite(value)] or [0.0]
        ends.append(finite[-1]), middles.append(np.median(finite))
    axes.autoscale_view()
    low, high = axes.get_xlim()
    if logx and math.floor(math.log10(high)) <= math.ceil(math.log10(low)):
        # With one power of ten, or none, the axis would not tell its scale: its own numbers do, nine at most.
        axes.xaxis.set_major_locator(FixedLocator(x[:: 1 + (len(x) - 1) // 9]))
        axes.xaxis.set_minor_locator(NullLocator())
    to_page = axes.transData - axes.transAxes
    heights = spread([to_page.transform((x[-1], end))[1] for end in ends], 0.075, middles)
    for label, height, line in zip(lines, heights, axes.lines):
        axes.text(
            1.02,
            height,
            label,
            transform=axes.transAxes,
            color=line.get_color(),
            va="center",
            fontsize=10,
            parse_math=False,
        )
    axes.set_xlabel(xlabel, color=paint["muted"])
    axes.set_ylabel(ylabel, color=paint["muted"])
    axes.set_title(title, color=paint["ink"], loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(paint["line"])
    axes.tick_params(colors=paint["muted"], which="both")
    axes.grid(axis="y", color=paint["line"], linewidth=0.6)
    return FigurePicture(figure, alt)


def spread(heights, apart, middles):
    """Labels that would overlap are pushed apart, as little as it takes, and stay on the page, from 0 to 1.

    middles: which of two that end at one height stands above the other, as its line does on the way there.
    """
    order, found = np.lexsort((middles, np.round(heights, 6))), np.array(heights, float)
    steps = apart * np.arange(len(order))
    low, places = (
        found[order] - steps,
        range(len(order)),
    )  # low may not fall from one to the next: where it would, a stretch takes its mean
    found[order] = steps + [
        max(min(low[i : j + 1].mean() for j in places[k:]) for i in places[: k + 1]) for k in places
    ]
    found[order] = np.clip(found[order], steps, 1 - steps[::-1])
    return found
