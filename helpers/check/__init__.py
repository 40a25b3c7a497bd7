"""Checks for the exercises: ``check.mean_so_far(mean_so_far)`` tries your function on many shapes and tells what is
wrong.

Every exercise is a function here, by its name; ``dir(check)`` lists them. An ``nn.Module`` is welcome as well: a copy
of it gets the matrices that are tried. What is solved is kept by ``helpers.check.progress``.

    >>> from helpers import check
    >>> import numpy as np
    >>> check.mean_so_far(lambda x: np.cumsum(x, axis=0) / np.arange(1, len(x) + 1)[:, None])
    mean_so_far: right, on 14 shapes.
"""

import importlib

PARTS = (
    "tokens",
    "averaging",
    "matrix_product",
    "softmax",
    "one_head",
    "scale",
    "every_number",
    "gradients",
    "many_heads",
    "positions",
    "rotary",
    "feed_forward",
    "layer_norm",
    "training",
    "reading",
    "who_looks",
    "cross",
    "two_conventions",
    "flash",
    "flash_back",
    "fewer_keys",
    "sinks",
    "states",
    "ranks",
    "cached",
    "sampling",
    "cache_room",
)


def exercises():
    """All exercises by name, in the order of the course."""
    from helpers.check.exercise import EXERCISES

    for part in PARTS:
        importlib.import_module(f"helpers.check.{part}")
    return dict(sorted(EXERCISES.items(), key=lambda item: item[1].notebook))


def __getattr__(name):
    if name.startswith("_") or name not in exercises():
        raise AttributeError(f"there is no exercise {name!r}; there are {', '.join(exercises())}.")

    def check(function):
        from helpers.check import progress
        from helpers.check.judge import judge
        from helpers.check.shown import show
        from helpers.look.streams import tell

        verdict = judge(exercises()[name], function)
        place = verdict.find() if verdict.find else None
        said = [place.sentence] if place and place.is_telling and (place.is_certain or not verdict.named) else []
        tell("\n".join([verdict.text, *said]))
        if verdict.solved:
            progress.note(name)
        if place:
            show(place)

    check.__name__ = name
    return check


def __dir__():
    return list(exercises())
