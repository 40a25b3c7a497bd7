"""The sizes that a function's arguments have, by the names of the course, and the same arguments at other sizes."""

import numpy as np

from helpers.inputs.examples import SHAPES
from helpers.see.axis_names import LETTERS
from helpers.see.copies import is_tensor


def sizes_of(arguments):
    """T, C, head_size and B as the arguments have them: numbers by name, and the sizes of x, Wq, … where they agree.

    >>> sizes_of({"x": np.ones((4, 3)), "head_size": 2})
    {'T': 4, 'C': 3, 'head_size': 2}
    """
    found = {}
    for name, value in arguments.items():
        named = (name,) if name in LETTERS and is_whole(value) else names_of_axes(name, value)
        for size, length in zip(named, [value] if name in LETTERS else shape_of(value)):
            found.setdefault(size, set()).add(int(length))
    return {name: min(sizes) for name, sizes in found.items() if len(sizes) == 1}


def names_of_axes(name, value):
    """What the sizes of its axes are called: ("T", "C") of an x, ("B", "T", "C") of a batch; () of others."""
    wanted, axes = SHAPES.get(name, ()), len(shape_of(value))
    if wanted and axes == len(wanted) + 1 and name == "x":
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


def settings_of(arguments):
    """What may change the meaning of an axis: switches, whole numbers and texts, and how many axes the inputs have."""
    switches = [
        (name, value)
        for name, value in arguments.items()
        if isinstance(value, bool | int | str) and name not in LETTERS and name not in SHAPES and name != "seed"
    ]
    return (*switches, *((name, len(shape_of(arguments[name]))) for name in arguments if name in SHAPES))


def resized(arguments, sizes):
    """The arguments as they would be at other sizes: their rows and columns again and again, or fewer of them."""
    made = {}
    for name, value in arguments.items():
        named = names_of_axes(name, value)
        if name in LETTERS and is_whole(value):
            made[name] = sizes.get(name, value)
        elif named and all(size in sizes for size in named):
            places = [np.arange(sizes[size]) % max(1, length) for size, length in zip(named, shape_of(value))]
            listed = isinstance(value, list | tuple)
            grown = (np.asarray(value, dtype=None if name != "tokens" else object) if listed else value)[
                np.ix_(*places)
            ]
            made[name] = type(value)(grown.tolist()) if listed else grown
        else:
            made[name] = value
    return made
