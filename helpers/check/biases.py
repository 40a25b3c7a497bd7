"""A bias that nobody asked for, as every nn.Linear brings one along."""

import numpy as np

from helpers.check.evidence import ENOUGH
from helpers.check.tries import close

ROWS = 3  # in which the same is added: two may be alike by chance


def only_a_bias(exercise, tries):
    """Is it right, but for one row that is added to the rows of all tokens? So it must be in each try."""
    matrices = [name for name in exercise.asks if name.startswith("W")]
    if not matrices or any(name.startswith("b") for name in exercise.asks) or len(exercise.gives) > 1:
        return ""
    shapes = set()
    for one in tries:
        ((name, wanted),) = one.wanted.items()
        wanted = np.asarray(wanted, float)
        if one.found is None or one.found[name].shape != wanted.shape or wanted.ndim < 2:
            return ""
        added = (one.found[name] - wanted).reshape(-1, wanted.shape[-1])  # (tokens, C)
        spread = one.found[name] - added.mean(axis=0)
        if not close(spread, wanted, one.case.scale).all():
            return ""
        if not one.right and len(added) >= ROWS:
            shapes.add(one.shape)
    if len(shapes) < ENOUGH:
        return ""
    return (
        "It is right, but for a bias: one row is added to the rows of all tokens. An nn.Linear brings a bias along: "
        "say `bias=False`, or set it to 0."
    )
