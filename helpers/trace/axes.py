"""NumPy by the names of axes."""

import math
from functools import lru_cache, reduce
from operator import or_
from string import ascii_letters

import numpy as np

from helpers.trace.grammar import COMPARE


def spread(value, named, every):
    """A view of ``value`` with its axes in the order of ``every``, of size 1 where it has none of that name."""
    order = sorted(range(len(named)), key=lambda at: every.index(named[at]))
    shape = iter(value.shape[at] for at in order)
    return value.transpose(order).reshape([next(shape) if axis in named else 1 for axis in every])


def truth(guard, every, sizes):
    """Where a guard holds: an array of True and False that spreads over the axes ``every``."""

    def numbers(side):
        if not side.axis:
            return np.array(side.offset)
        return spread(np.arange(sizes[side.axis]) + side.offset, (side.axis,), every)

    kept = np.ones((1,) * len(every), bool)
    for clause in guard:
        kept = kept & reduce(or_, (COMPARE[sign](numbers(left), numbers(right)) for left, sign, right in clause))
    return kept


def einsum(values, named, output, sizes):
    """``np.einsum`` by names; along an axis of the output that no value has, the result repeats."""
    if len(values) == 1 and named[0] == output:
        return values[0]  # as it is
    letters, present = lettered(tuple(map(tuple, named)), tuple(output))
    result = np.einsum(letters, *values)
    if len(present) == len(output):
        return result
    return np.broadcast_to(spread(result, present, output), [sizes[axis] for axis in output])


@lru_cache(10_000)
def lettered(named, output):
    """The subscripts of an einsum, a letter for each axis; and those axes of the output that some input has."""
    letters = dict(zip(dict.fromkeys(axis for axes in named for axis in axes), ascii_letters))
    present = [axis for axis in output if axis in letters]
    *inputs, result = ("".join(letters[axis] for axis in axes) for axes in (*named, present))
    return f"{','.join(inputs)}->{result}", present


def product(values, named, every):
    """The product of values, cell by cell, over the axes ``every``."""
    return math.prod(spread(value, axes, every) for value, axes in zip(values, named))
