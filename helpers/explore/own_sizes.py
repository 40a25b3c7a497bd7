"""The sizes that a function's own matrices ask for: a layer of 4 channels takes no other x, a mask ends at 6.

What its parts look like says which sizes are worth a try; only a try says which of them fit.
"""

import contextlib
import time
from itertools import product
from typing import NamedTuple

import numpy as np

from helpers.inputs.examples import LARGEST
from helpers.see.calling import Call
from helpers.see.own_things import likely_channels, likely_lengths, own_head_sizes, vocabularies

LONGEST = 2.0  # seconds of work on tries
PATIENCE = 10.0  # seconds of tries on a machine that has much else to do
FEW = 2  # tokens for which any mask has room


class Fit(NamedTuple):
    """Sizes that a function takes, and lowest and highest of those for which that is known: ``{"C": (4, 4)}``."""

    sizes: dict
    limits: dict


def fit(subject, highest, **sizes):
    """The Fit of a subject's function; None where it has no matrices of its own, or takes none of their sizes.

    highest: of the sizes that may be changed, ``{"T": 16, "C": 16}``. sizes: to start with, beside those that are
    shown. Where the function looks its input up in a table, the explorer gives it ids from then on.
    """
    modules, arrays = subject.own
    if not subject.parts or not (modules or arrays):
        return None

    def found():
        start = {**subject.sizes(), **sizes}
        return fitted(in_time(subject), start, highest, modules, arrays)

    first, known = next(iter(subject.parts)), vocabularies(modules)
    before = subject.parts[first]
    for part in dict.fromkeys([before, "ids"] if before == "x" and known else [before]):
        subject.fill(first, part)
        for vocabulary in known if part == "ids" and known else [subject.vocabulary]:
            subject.vocabulary = vocabulary
            if (fit := found()) and (part != "ids" or takes_ids(subject, fit.sizes)):
                return fit
    subject.fill(first, before)
    return None


def works(subject, arguments):
    """Does the function work with these arguments? Tried on a copy."""
    return isinstance(subject.function.tried(arguments, subject.seed), Call)


class OutOfTime(Exception):
    """It took too long to try all sizes."""


def in_time(subject):
    """A function that says whether the subject's takes such sizes; raises OutOfTime after some seconds of tries."""
    work, end = time.thread_time() + LONGEST, time.monotonic() + PATIENCE

    def takes(sizes):
        if time.thread_time() > work or time.monotonic() > end:
            raise OutOfTime
        try:
            arguments = subject.arguments(**sizes)
        except ValueError:  # of sizes that are none
            return False
        return works(subject, arguments)

    return takes


def takes_ids(subject, sizes):
    """Does the function know all ids below the vocabulary?"""
    arguments = subject.arguments(**sizes)
    for name, part in subject.parts.items():
        arguments[name] = np.full_like(arguments[name], subject.vocabulary - 1) if part == "ids" else arguments[name]
    return works(subject, arguments)


def fitted(takes, start, highest, modules, arrays):
    """The Fit of a function that has these modules and arrays, or None. takes: does it take such sizes?"""
    options = {name: [size] for name, size in start.items()}
    if "C" in highest:
        options["C"] += [size for size in likely_channels(modules, arrays) if size <= LARGEST]
    if "head_size" in highest:
        options["head_size"] += own_head_sizes(modules)
    if "T" in highest:
        options["T"] += [FEW, *(size for size in likely_lengths(modules, arrays) if size <= LARGEST)][:3]
    tried = (dict(zip(options, sizes)) for sizes in product(*options.values()))
    try:
        found = next((sizes for sizes in unique(tried) if takes(sizes)), None)
    except OutOfTime:
        return None
    if found is None:
        return None

    limits = {}
    with contextlib.suppress(OutOfTime):
        for name, span in (("C", only), ("head_size", only), ("T", up_to)):
            if name in highest:
                low, high = span(lambda size: takes({**found, name: size}), found[name], highest[name])  # noqa: B023
                limits |= {name: (low, high)} if high < highest[name] or low == high else {}
    return Fit(found, limits)


def unique(several):
    """Each of several dictionaries once."""
    seen = []
    for one in several:
        if one not in seen:
            seen.append(one)
            yield one


def only(takes, size, highest):
    """The size twice where it is the only one of its kind that is taken; else 1 and the highest."""
    if any(takes(other) for other in (size + 1, 2 * size, size - 1, size // 2) if other >= 1):
        return 1, max(size, highest)
    return size, size


def up_to(takes, size, highest):
    """Lowest and largest of the sizes that are taken: all up to the largest one, or that one alone."""
    low, high = size, max(size, highest) + 1
    if takes(high - 1):
        return 1, high - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if takes(middle) else (low, middle)
    return (low, low) if low == size > 1 and not takes(size - 1) else (1, low)
