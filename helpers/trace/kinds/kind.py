"""What every kind of step can tell of itself."""

from itertools import product

from helpers.trace.formulas import names
from helpers.trace.grammar import holds, parse


class Kind:
    """All that the course knows of one kind of step.

    wants: what a rule of this kind says, as the end of a sentence; example: such a rule. differentiable: how many of
    the inputs have a derivative, the first ones; None for all. keeps: whether whole numbers stay whole.
    ruled: whether an index rule says what it does.

    A kind is a table's entry: one object of it serves every step. ``rule`` is a parsed rule, ``inputs`` are the steps
    that a step reads, ``index`` is a cell.
    """

    wants = ""
    example = ""
    differentiable = None
    keeps = False
    ruled = True

    def fits(self, rule):
        """Can this kind read the rule?"""
        raise NotImplementedError

    def makes(self, rule):
        """The axes whose sizes may be given with the rule."""
        return ()

    def sizes(self, rule, shapes, made, name):
        """The size of every axis of a rule. shapes: those of the inputs. made: the sizes that are given with it.

        Raises ValueError where two inputs disagree about one.
        """
        found = {}
        for axes, shape in zip(rule.inputs, shapes):
            for axis, size in zip(axes, shape):
                if found.setdefault(axis, size) != size:
                    raise ValueError(
                        f"{name}: the axis {axis} of the rule {rule.text!r} has size {found[axis]} in one input "
                        f"and {size} in another."
                    )
        # An axis that only the output has runs along with the one it replaces: t with s in "s c -> t c".
        found.update(zip(rule.new, [found[axis] for axis in rule.gone]))
        return found

    def inspect(self, rule, values, inputs, name):
        """Raise ValueError for numbers that this kind cannot work with."""

    def weigh(self, name, value, sources, **how):
        """Raise ValueError where what a step of a run comes with, ``how``, does not fit its value or its sources."""

    def value(self, rule, values, factor, sizes):
        """The whole step at once, an array with the axes of the output."""
        raise NotImplementedError

    def terms(self, step, index, inputs):
        """The terms of one cell: for each, the index of the cell that each input gives to it."""
        rule = parse(step.rule)
        bound = dict(zip(rule.output, index, strict=True))
        sizes = {axis: n for axes, source in zip(rule.inputs, inputs) for axis, n in zip(axes, source.value.shape)}
        free, found = [axis for axis in sizes if axis not in bound], []
        every = {axis: at for at, axis in enumerate((*bound, *free))}
        wanted = [[every[axis] for axis in axes] for axes in rule.inputs]
        for places in product(*(range(sizes[axis]) for axis in free)):
            places = (*index, *places)
            if not rule.guard or holds(rule.guard, dict(zip(every, places))):
                found.append(tuple([tuple([places[at] for at in axes]) for axes in wanted]))
        return found

    def cell(self, step, index, inputs):
        """The value of one cell, computed from its terms alone."""
        raise NotImplementedError

    def sources(self, step, index, inputs):
        """The cells that this cell depends on, those with a non-zero derivative: a list of (input name, index)."""
        found = self.terms(step, index, inputs)
        return [(source.name, where) for term in found for source, where in zip(inputs, term)]

    def moved(self, step, index, inputs):
        """Where a number that is only moved comes from: which input, and the cell there; None for any other."""

    def formula(self, step, index, inputs):
        """The middle parts of the formula, first with names, then with numbers, each a list of pieces."""
        raise NotImplementedError

    def remark(self, step, index, inputs):
        """What a formula ends with: a text."""
        return ""

    def backward(self, step, walk):
        """Write the gradients of its inputs. walk: the ``Backward`` that asks."""
        raise NotImplementedError


def only_ones_vanish(rule, values, name):
    """Raise ValueError for an axis that the result has not, and that is larger than 1."""
    for axes, value in zip(rule.inputs, values):
        for axis, size in zip(axes, value.shape):
            if axis in rule.gone and size > 1:
                raise ValueError(
                    f"{name}: the rule {rule.text!r} drops the axis {axis} of size {size}; only one of size 1 may go."
                )


class Given(Kind):
    """A number that you gave."""

    ruled = False

    def terms(self, step, index, inputs):
        return []

    def cell(self, step, index, inputs):
        return step.value[index]

    def formula(self, step, index, inputs):
        return []

    def backward(self, step, walk):
        """Here the way back ends."""


class OneSource(Kind):
    """A kind whose cells are each one cell of an input, in another place."""

    keeps = True

    def place(self, step, index, inputs):
        """Which input that is, and the cell there; None for a number that is filled in."""
        raise NotImplementedError

    def terms(self, step, index, inputs):
        """The one cell, with None for the inputs that it does not come from."""
        found = self.place(step, index, inputs)
        return [tuple(found[1] if i == found[0] else None for i in range(len(inputs)))] if found else []

    def moved(self, step, index, inputs):
        return self.place(step, index, inputs)

    def cell(self, step, index, inputs):
        found = self.place(step, index, inputs)
        return inputs[found[0]].value[found[1]] if found else step.value[index]

    def sources(self, step, index, inputs):
        found = self.place(step, index, inputs)
        return [(inputs[found[0]].name, found[1])] if found else []

    def formula(self, step, index, inputs):
        found = self.place(step, index, inputs)
        return [[names(inputs)(*found)]] if found else []
