"""The sizes that a function's arguments have, by the names of the course, and the same arguments at other sizes."""

import numpy as np

from helpers.inputs.examples import SHAPES
from helpers.see.axis_names import LETTERS
from helpers.see.copies import is_tensor

PARTS = {
    **SHAPES,
    "q": ("T", "head_size"),
    "k": ("T", "head_size"),
    "ids": ("T",),
}  # what a parameter can stand for: the sizes of its axes
IN_A_BATCH = ("x", "ids")  # which may have B before them


def parts_of(arguments, parts):
    """What each argument stands for, if anything: ``{"src": "x"}``; a name of the course stands for itself.

    parts: those of other names.
    """
    stand = {name: parts.get(name, name if name in SHAPES else None) for name in arguments}
    return {name: part for name, part in stand.items() if part in PARTS}


def sizes_of(arguments, parts):
    """T, C, head_size and B as the arguments have them: numbers by name, and the sizes of x, Wq, … where they agree.

    >>> sizes_of({"x": np.ones((4, 3)), "head_size": 2}, {"x": "x"})
    {'T': 4, 'C': 3, 'head_size': 2}
    """
    found = {}
    for name, value in arguments.items():
        is_size = name in LETTERS and is_whole(value)
        named = (name,) if is_size else names_of_axes(parts.get(name), value)
        for size, length in zip(named, [value] if is_size else shape_of(value)):
            found.setdefault(size, set()).add(int(length))
    return {name: min(sizes) for name, sizes in found.items() if len(sizes) == 1}


def names_of_axes(part, value):
    """What the sizes of its axes are called: ("T", "C") of an x, ("B", "T", "C") of a batch; () of others."""
    wanted, axes = PARTS.get(part, ()), len(shape_of(value))
    if wanted and axes == len(wanted) + 1 and part in IN_A_BATCH:
        return ("B", *wanted)
    return wanted if axes == len(wanted) else ()


def shape_of(value):
    """The shape of an array, a tensor or a list of rows; () of anything that has none."""
    try:
        if is_tensor(value) or isinstance(value, np.ndarray):
            return tuple(value.shape)
        return np.shape(value) if isinstance(value, list | tuple) else ()
    except (ValueError, RuntimeError):  # rows of different lengths, in a list or in a nested tensor
        return ()


def is_whole(value):
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def settings_of(arguments, parts):
    """What may change the meaning of an axis: switches, whole numbers and texts, and how many axes the inputs have."""
    switches = [
        (name, value)
        for name, value in arguments.items()
        if isinstance(value, bool | int | str) and name not in LETTERS and name not in parts and name != "seed"
    ]
    return (*switches, *((name, len(shape_of(arguments[name]))) for name in parts))


def resized(arguments, sizes, parts):
    """The arguments as they would be at other sizes: their rows and columns again and again, or fewer of them."""
    made = {}
    for name, value in arguments.items():
        named = names_of_axes(parts.get(name), value)
        if name in LETTERS and is_whole(value):
            made[name] = sizes.get(name, value)
        elif named and all(size in sizes for size in named):
            places = [np.arange(sizes[size]) % max(1, length) for size, length in zip(named, shape_of(value))]
            listed = isinstance(value, list | tuple)
            grown = (np.asarray(value, dtype=None if parts[name] != "tokens" else object) if listed else value)[
                np.ix_(*places)
            ]
            made[name] = type(value)(grown.tolist()) if listed else grown
        else:
            made[name] = value
    return made
