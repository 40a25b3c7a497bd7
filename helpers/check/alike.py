"""Known steps in every form in which they may stand in a program: transposed, joined, row by row in a loop."""

from functools import cached_property
from itertools import permutations

import numpy as np

from helpers.check import later_steps  # noqa: F401 - it adds to the steps that are known
from helpers.check.steps import steps
from helpers.trace.differences import VERY_LOW, apart

PRECISE, LEAST = 3e-5, 1e-3  # of the largest number, or of this one: what float32 rounds away
ONE_WAY = ("tril", "future", "fill", "mean weights")  # triangles, which are others when transposed


class Known:
    """The steps of one case. ``self.forms``: arrays by key, the name of a step and what was done to its axes."""

    def __init__(self, exercise, case):
        self.forms = {}
        for name, value in steps(exercise, case).items():
            every = forms(value) if name not in ONE_WAY else [("", value)]
            self.forms |= {(name, how): one for how, one in every}
        self.by_shape = {}
        for key, value in self.forms.items():
            self.by_shape.setdefault(bare(value.shape), []).append(key)

    def of_shape(self, shape):
        """The keys of all forms that have this shape, but for axes of size 1."""
        return self.by_shape.get(bare(shape), [])

    @cached_property
    def by_rows(self):
        """The keys of all forms by how many rows they have along an axis, and the shape of these."""
        found = {}
        for key, form in self.forms.items():
            for axis, count in enumerate(form.shape):
                found.setdefault((count, row_shape(form, axis)), []).append((*key, axis))
        return found

    def fit(self, key, values):
        """The arrays of this form for each of the matrices that one place in the code made; None if there are none.

        values: their numbers, one by one; of a loop there are several, which are the rows of one form.
        """
        name, how, *axis = key
        form = self.forms.get((name, how))
        if form is None or (axis and (form.ndim <= axis[0] or form.shape[axis[0]] != len(values))):
            return None
        shape = row_shape(form, *axis)
        if any(bare(np.shape(value)) != shape for value in values):
            return None
        rows = np.moveaxis(form, axis[0], 0) if axis else [form] * len(values)
        return [row.reshape(np.shape(value)) for row, value in zip(rows, values)]

    def candidates(self, values):
        """The keys of all forms that could stand in the place of these matrices."""
        shape, *others = {bare(np.shape(value)) for value in values}
        if others:
            return []
        return self.of_shape(shape) + (self.by_rows.get((len(values), shape), []) if len(values) > 1 else [])


def forms(value):
    """All forms of an array: (how, array)."""
    yield "", value
    for axes in permutations(range(value.ndim)):
        if value.ndim < 5 and axes != tuple(range(value.ndim)):
            yield axes, np.transpose(value, axes)
    if value.ndim == 4:  # (B, n, T, h): the heads joined, or beside the batch
        yield "joined", value.swapaxes(1, 2).reshape(len(value), value.shape[2], -1)
        yield "beside", value.reshape(-1, *value.shape[2:])
        yield "beside, turned", value.reshape(-1, *value.shape[2:]).swapaxes(1, 2)
    if value.ndim > 2:
        yield "flat", value.reshape(-1, value.shape[-1])


def row_shape(form, axis=None):
    """The bare shape of a form's rows along an axis; that of the form itself without one."""
    return bare(form.shape if axis is None else form.shape[:axis] + form.shape[axis + 1 :])


def bare(shape):
    """A shape without its axes of size 1."""
    return tuple(size for size in shape if size != 1)


def equal(found, known):
    """Are they the same numbers, but for what float32 rounds away?"""
    found, known = np.asarray(found, float), np.asarray(known, float)
    if found.shape != known.shape:
        return False
    return not apart(np.where(found <= VERY_LOW, -np.inf, found), known, PRECISE, LEAST).any()
