"""Steps that no index rule describes: numbers moved anywhere, and operations of which only the sources are known.

Each cell of theirs has its sources in a table of its own: ``Step.places`` or ``Step.table``.
"""

import numpy as np

from helpers.trace.formulas import bracketed, join, listed, names, numbers
from helpers.trace.kinds.kind import Kind, OneSource
from helpers.trace.tables import cells


def shapes(inputs):
    return [source.value.shape for source in inputs]


def within(name, value, what, places, sources, read=None):
    """Raise ValueError where there is not one place for each cell, or one beyond the end of what is read."""
    if places is None or np.shape(places) != value.shape:
        raise ValueError(f"{name} has shape {value.shape}; wanted {what} of that shape, not {np.shape(places)}.")
    count, read = sum(source.value.size for source in sources), places if read is None else read
    if np.size(read) and np.max(read) >= count:
        raise ValueError(f"{name} reads number {np.max(read)} of its inputs; they have {count}, counted from 0.")


class Move(OneSource):
    """Each cell is one cell of one of the inputs, or a number that is filled in: a view, an index, a roll."""

    ruled = False

    def weigh(self, name, value, sources, places=None, **how):
        within(name, value, "places", places, sources)

    def place(self, step, index, inputs):
        """Which input that is, and the cell there; None for a number that is filled in."""
        found = step.places[index]
        return None if found < 0 else cells(shapes(inputs), found.reshape(1))[0]

    def terms(self, step, index, inputs):
        return super().terms(step, index, inputs) if step.places[index] >= 0 else []

    def cell(self, step, index, inputs):
        return super().cell(step, index, inputs) if step.places[index] >= 0 else step.value[index]

    def sources(self, step, index, inputs):
        return super().sources(step, index, inputs) if step.places[index] >= 0 else []

    def formula(self, step, index, inputs):
        return super().formula(step, index, inputs) if step.places[index] >= 0 else []

    def remark(self, step, index, inputs):
        return ", filled in" if step.places[index] < 0 else ""


class Scatter(Kind):
    """The sum of the cells that a table names."""

    ruled = False

    def weigh(self, name, value, sources, table=None, **how):
        within(name, value, "a table", table and table.which, sources, table and table.runs - 1)

    def terms(self, step, index, inputs):
        """A term for each source, with None for the inputs that it does not stand in."""
        found = self.read(step, index, inputs)
        return [tuple(where if i == which else None for i in range(len(inputs))) for which, where in found]

    def read(self, step, index, inputs):
        """The sources of one cell: which input, and the cell there."""
        return cells(shapes(inputs), step.table.at(index))

    def sources(self, step, index, inputs):
        return [(inputs[which].name, where) for which, where in self.read(step, index, inputs)]

    def cell(self, step, index, inputs):
        return sum(inputs[which].value[where] for which, where in self.read(step, index, inputs))

    def parts(self, step, index, inputs, sign):
        """The sources with names, then with numbers, a sign between them."""
        found = self.read(step, index, inputs)
        return [join(listed(found, show, most), sign) for show, most in ((names(inputs), 3), (numbers(inputs), 8))]

    def formula(self, step, index, inputs):
        named, counted = self.parts(step, index, inputs, " + ")
        count = len(step.table.at(index))
        return [named, counted][:count]  # one number is the result, none has no formula


class Opaque(Scatter):
    """An operation that nobody here can read: which numbers a cell is made of is known, and not how."""

    def cell(self, step, index, inputs):
        return step.value[index]

    def formula(self, step, index, inputs):
        before = f"{step.operation}("
        return [bracketed(pieces, before) for pieces in self.parts(step, index, inputs, ", ")]

    def remark(self, step, index, inputs):
        return ": which numbers it is made of is known, not how" if len(step.table.at(index)) else ""
