"""Matrices too large to draw whole: fewer cells, each for many numbers."""

from dataclasses import replace

import numpy as np

from helpers.look import layout
from helpers.look.style import size_name

LONGEST = 256  # cells along an axis, to begin with; half as many until the page holds them
REMARK = 20  # the line that says so
TALLEST = 2000  # pixels: a still is not scrolled through as a diagram is


def lay_out(matrices, width):
    """The plan of ``layout.lay_out``, and in it ``longest``: how many cells an axis is drawn with at most, or None."""
    matrices = [replace(m, title=min(m.title, width // 2)) for m in matrices]  # what is longer is cut
    plan, longest = {**layout.lay_out(matrices, width), "longest": None}, LONGEST
    while too_large(plan) and longest:
        fewer = [
            replace(m, rows=drawn(m.rows, longest), columns=drawn(m.columns, longest), labels=0, heads=0)
            for m in matrices
        ]
        plan = {**layout.lay_out(fewer, width), "longest": longest}
        plan["height"] += REMARK
        longest //= 2
    return plan


def too_large(plan):
    return plan["overflow"] or (not plan["numbers"] and plan["height"] > TALLEST)


def together(size, longest):
    """How many numbers in a row share a cell: ``together(512, 128) == 4``."""
    return -(-size // longest) if longest else 1


def drawn(size, longest):
    """How many cells an axis of this size is drawn with: ``drawn(500, 128) == 125``."""
    return -(-size // together(size, longest))


def strongest(values, longest):
    """The numbers that the cells show: of those that share one, the finite one furthest from zero.

    values: (tiles, rows, columns). A cell is −∞ where all of it is masked, NaN where one of its numbers is NaN or ∞.

    >>> strongest(np.array([[[1.0, -3.0, -np.inf, -np.inf]]]), 2).tolist()
    [[[-3.0, -inf]]]
    """
    tiles, *sizes = values.shape
    down, across = (together(size, longest) for size in sizes)
    if down == across == 1:
        return values
    rows, columns = (drawn(size, longest) for size in sizes)
    padding = [(0, 0), (0, rows * down - sizes[0]), (0, columns * across - sizes[1])]
    blocks = np.pad(values, padding, constant_values=-np.inf)  # the last cells may have fewer numbers
    blocks = blocks.reshape(tiles, rows, down, columns, across).swapaxes(2, 3)
    blocks = blocks.reshape(tiles, rows, columns, down * across)
    far = np.where(np.isfinite(blocks), np.abs(blocks), -1).argmax(axis=-1)  # (tiles, rows, columns)
    found = np.take_along_axis(blocks, far[..., None], axis=-1)[..., 0]
    found[(np.isnan(blocks) | (blocks == np.inf)).any(axis=-1)] = np.nan
    return found


def sentence(trace, longest):
    """What a cell stands for, in words; nothing where each number has a cell of its own.

    >>> from helpers.attention import average_past
    >>> sentence(average_past(np.ones((512, 2))), 128)
    'Each cell stands for 4 numbers along T, and shows the one furthest from zero'
    """
    many = {}
    for step in trace.shown:
        for axis, size in layout.on_paper(step):
            if together(size, longest) > 1:
                many[size_name(axis)] = f"{together(size, longest)} numbers along {size_name(axis)}"
    return f"Each cell stands for {' and '.join(many.values())}, and shows the one furthest from zero" if many else ""
