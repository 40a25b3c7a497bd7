"""Steps that no index rule describes: numbers moved anywhere, and operations of which only the sources are known.

Each cell of theirs has its sources in a table of its own: ``Step.places`` or ``Step.table``.
"""

import numpy as np

from helpers.trace.formulas import bracketed, join, listed, names, numbers
from helpers.trace.kinds.kind import Kind, OneSource
from helpers.trace.tables import cells, inverted, table


def shapes(inputs):
    return [source.value.shape for source in inputs]


def each_input(step, walk):
    """The steps that a step reads, and the position of the first number of each."""
    first = 0
    for name in step.inputs:
        yield first, walk.trace[name]
        first += walk.trace[name].value.size


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
        found = step.places[index]
        return None if found < 0 else cells(shapes(inputs), found.reshape(1))[0]

    def backward(self, step, walk):
        """A number goes back to where it came from; one that was read several times gets what all of them get."""
        dy = walk.gradients[walk.of(step)].value.ravel()
        for place, (first, target) in enumerate(each_input(step, walk)):
            here = step.places.ravel() - first
            cells = np.flatnonzero((here >= 0) & (here < target.value.size))
            value = np.bincount(here[cells], dy[cells], target.value.size).reshape(target.value.shape)
            if np.bincount(here[cells], minlength=1).max() > 1:
                made = table(value.shape, inverted(here[cells], cells, target.value.size))
                walk.table(step, place, "scatter", value, table=made)
            else:
                places = np.full(target.value.size, -1)
                places[here[cells]] = cells
                walk.table(step, place, "move", value, places=places.reshape(value.shape))

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

    def backward(self, step, walk):
        dy = walk.gradients[walk.of(step)].value.ravel()
        for place, _, made in self.back(step, walk):
            sums = [dy[made.of(number)].sum() for number in range(len(made.starts) - 1)]
            walk.table(step, place, "scatter", np.array(sums)[made.which], table=made)

    def back(self, step, walk):
        """For each input: which it is, the step, and a table of the cells that each of its numbers goes into."""
        positions, found = step.table.pairs()
        for place, (first, target) in enumerate(each_input(step, walk)):
            inside = (positions >= first) & (positions < first + target.value.size)
            users = inverted(positions[inside] - first, found[inside], target.value.size)
            yield place, target, table(target.value.shape, users)

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

    def backward(self, step, walk):
        if step.pull is None:
            raise ValueError(
                f"{step.name} {step.shape} is made by {step.operation}, whose derivative is not known here: there is "
                "no way back through it."
            )
        values = step.pull(walk.gradients[walk.of(step)].value.copy())
        for place, target, made in self.back(step, walk):
            value = np.zeros(target.value.shape) if values[place] is None else values[place]
            walk.table(step, place, "opaque", value, table=made, operation=f"{step.operation} backward")

    def formula(self, step, index, inputs):
        before = f"{step.operation}("
        return [bracketed(pieces, before) for pieces in self.parts(step, index, inputs, ", ")]

    def remark(self, step, index, inputs):
        return ": which numbers it is made of is known, not how" if len(step.table.at(index)) else ""
