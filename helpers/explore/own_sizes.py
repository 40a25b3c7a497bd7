"""The sizes that a function's own matrices ask for: a layer of 4 channels takes no other x, a mask ends at 6.

What its parts look like says which sizes are worth a try; only a try says which of them fit.
"""

from itertools import product
from typing import NamedTuple

import numpy as np

from helpers.see.calling import Call
from helpers.see.own_things import LARGEST, likely_channels, likely_lengths, vocabularies

FEW = 2  # tokens for which any mask has room


class Fit(NamedTuple):
    """Sizes that a function takes, and lowest and highest of those for which that is known: ``{"C": (4, 4)}``."""

    sizes: dict
    limits: dict


def fit(explorer, highest, **sizes):
    """The Fit of an explorer's function; None where it has no matrices of its own, or takes none of their sizes.

    highest: of the sizes that may be changed, ``{"T": 16, "C": 16}``. sizes: to start with, beside those that are
    shown. Where the function looks its input up in a table, the explorer gives it ids from then on.
    """
    modules, arrays = explorer.own
    if not explorer.parts or not (modules or arrays):
        return None

    def found():
        start = {**explorer.sizes(), **sizes}
        return fitted(lambda sizes: works(explorer, explorer.arguments(**sizes)), start, highest, modules, arrays)

    first, known = next(iter(explorer.parts)), vocabularies(modules)
    before = explorer.parts[first]
    for part in dict.fromkeys([before, "ids"] if before == "x" and known else [before]):
        explorer.fill(first, part)
        for vocabulary in known if part == "ids" and known else [explorer.vocabulary]:
            explorer.vocabulary = vocabulary
            if (fit := found()) and (part != "ids" or takes_ids(explorer, fit.sizes)):
                return fit
    explorer.fill(first, before)
    return None


def works(explorer, arguments):
    """Does the function work with these arguments? Tried on a copy."""
    return isinstance(explorer.function.tried(arguments, explorer.seed), Call)


def takes_ids(explorer, sizes):
    """Does the function know all ids below the vocabulary?"""
    arguments = explorer.arguments(**sizes)
    for name, part in explorer.parts.items():
        arguments[name] = np.full_like(arguments[name], explorer.vocabulary - 1) if part == "ids" else arguments[name]
    return works(explorer, arguments)


def fitted(takes, start, highest, modules, arrays):
    """The Fit of a function that has these modules and arrays, or None. takes: does it take such sizes?"""
    options = {name: [size] for name, size in start.items()}
    if "C" in highest:
        options["C"] += [size for size in likely_channels(modules, arrays) if size <= LARGEST]
    if "T" in highest:
        options["T"] += [FEW, *(size for size in likely_lengths(modules, arrays) if size <= LARGEST)][:3]
    tried = (dict(zip(options, sizes)) for sizes in product(*options.values()))
    found = next((sizes for sizes in unique(tried) if takes(sizes)), None)
    if found is None:
        return None

    def with_one(name):
        return lambda size: takes({**found, name: size})

    limits = {}
    if "C" in highest and is_alone(with_one("C"), found["C"]):
        limits["C"] = (found["C"], found["C"])
    if "T" in highest:
        longest = last(with_one("T"), found["T"], max(highest["T"], found["T"]))
        if longest < highest["T"]:
            alone = longest == found["T"] and longest > 1 and not takes({**found, "T": longest - 1})
            limits["T"] = (longest if alone else 1, longest)
    return Fit(found, limits)


def unique(several):
    """Each of several dictionaries once."""
    seen = []
    for one in several:
        if one not in seen:
            seen.append(one)
            yield one


def is_alone(takes, size):
    """Does it take this size, and none like it?"""
    return not any(takes(other) for other in (size + 1, 2 * size, size - 1, size // 2) if other >= 1)


def last(takes, size, high):
    """The largest size up to the highest one that it takes, if it takes all smaller ones; it takes the first one."""
    if takes(high):
        return high
    while high - size > 1:
        middle = (size + high) // 2
        size, high = (middle, high) if takes(middle) else (size, middle)
    return size
