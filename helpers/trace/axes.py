"""NumPy by the names of axes."""

import math
from functools import reduce
from operator import or_

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
    places = {axis: at for at, axis in enumerate(dict.fromkeys(axis for axes in named for axis in axes))}
    present = [axis for axis in output if axis in places]
    operands = [part for value, axes in zip(values, named) for part in (value, [places[axis] for axis in axes])]
    result = np.einsum(*operands, [places[axis] for axis in present])
    if len(present) == len(output):
        return result
    return np.broadcast_to(spread(result, present, output), [sizes[axis] for axis in output])


def product(values, named, every):
    """The product of values, cell by cell, over the axes ``every``."""
    return math.prod(spread(value, axes, every) for value, axes in zip(values, named))
