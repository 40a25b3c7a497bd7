"""The controls of an explorer: a slider, a check box or a field for each parameter of a function."""

import math

from helpers.diagram import Diagram
from helpers.live.pieces import Check, Field, Slider

SIZES = ("T", "C", "head_size", "B")
RANGES = {  # what a slider shows when you leave its range out: lowest, highest, start
    "T": (1, 16, 8),
    "C": (1, 16, 4),
    "head_size": (1, 16, None),  # starts at half of C
    "B": (1, 8, 4),
    "temperature": (0.1, 5.0, 1.0),
}
LABELS = {
    "T": "T, tokens",
    "C": "C, channels",
    "head_size": "head_size",
    "B": "B, sequences",
    "temperature": "temperature",
}
TAKEN = {  # names that an explorer has, beside those of a diagram
    *("seed", "controls", "diagram", "title", "remarks", "start", "subject", "hint", "reset", "new_numbers"),
    *("pieces", "pressed", "holding", "moved"),
    *("traces", "titles", "told", "pairs", "first", "differences", "first_difference"),
    *("subjects", "errors", "settings"),
    *(f"{name}_{side}" for name in ("forward", "error", "readout") for side in "ab"),
}
LARGEST = 10**15  # a slider's numbers: beyond, its steps would be no longer exact


def make_controls(names, defaults, ranges, fixed):
    """A control for each name that needs one: a dictionary, sizes first.

    names: of the parameters. defaults: of those that have one. ranges: (lowest, highest, start) by name. fixed: names
    that get no control. Raises ValueError for a range that is not in order.
    """
    order = [*[size for size in SIZES if size in names], *[name for name in names if name not in SIZES]]
    controls = {}
    for name in [name for name in order if name not in fixed]:
        made = slider(name, *ranges[name]) if name in ranges else of_default(name, defaults.get(name), controls)
        if made is not None:
            controls[name] = made
    return controls


def of_default(name, default, controls):
    """The control that fits a parameter's default, or a size without one; None where there is none."""
    if isinstance(default, bool):
        return Check(name, trait_of(name), name, default)
    if isinstance(default, str):
        return Field(name, trait_of(name), LABELS.get(name, name), default)
    if isinstance(default, int | float) and abs(default) < LARGEST / 2:
        low, high, _ = RANGES.get(name) or (min(0, 2 * default), max(2 * default, default + 1), default)
        return slider(name, min(low, default), max(high, default), default)
    if default is None and name in RANGES:
        low, high, start = RANGES[name]
        half = (controls["C"].value + 1) // 2 if "C" in controls else 2
        return slider(name, low, high, min(half, high) if start is None else start)
    return None


def slider(name, low, high, start):
    """A slider with a worded label, for whole numbers or for fractions."""
    if not -LARGEST <= low <= start <= high <= LARGEST:
        raise ValueError(f"{name}=({low}, {high}, {start}) is out of order; wanted (lowest, highest, start).")
    label = LABELS.get(name, name.replace("_", " "))
    if all(isinstance(value, int) for value in (low, high, start)):
        return Slider(name, trait_of(name), label, start, low, high)
    tens = math.floor(math.log10((high - low) / 20 or 1))  # steps of 0.1 or 0.01 reach round numbers
    return Slider(name, trait_of(name), label, float(start), low, high, 10.0**tens, max(2, -tens))


def trait_of(name):
    """The trait that a control moves: its name, with ``_`` after it where a widget has such a name already."""
    return name if not hasattr(Diagram, name) and name not in TAKEN else f"{name}_"


def is_range(value):
    """Is it a slider's (lowest, highest, start)?"""
    return isinstance(value, tuple) and len(value) == 3 and all(isinstance(one, int | float) for one in value)
