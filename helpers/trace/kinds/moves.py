"""The same numbers in other places: a lookup, another shape."""

import math
from itertools import pairwise

import numpy as np

from helpers.look.given import whole_number
from helpers.look.style import cell_name, number, shape_text, size_name
from helpers.trace.grammar import parse
from helpers.trace.kinds.kind import Kind, OneSource
from helpers.trace.pytorch import reshapes


class Lookup(Kind):
    """The row of a table that an id names."""

    wants = "it reads a table and ids, and its result has the axes of the ids, then those of a row of the table"
    example = "v c, t -> t c"
    differentiable = 1
    keeps = True

    def fits(self, rule):
        if len(rule.inputs) != 2 or not rule.is_plain:
            return False
        table, ids = rule.inputs
        return len(table) > 0 and table[0] not in rule.output and rule.output == (*ids, *table[1:])

    def inspect(self, rule, values, inputs, name):
        table, ids = values
        if ids.dtype.kind not in "iu":
            at = first(ids != np.floor(ids))  # NaN is no whole number, too
            raise ValueError(
                f"{name} looks up {number(ids[at])}, which is {cell_name(inputs[1], at)}; wanted whole numbers, as "
                f"{inputs[1]}.astype(int) has them."
            )
        odd = (ids < 0) | (ids >= len(table))
        if odd.any():
            at = first(odd)
            wanted = f"0 to {len(table) - 1}" if len(table) > 1 else "0"
            raise ValueError(
                f"{name} looks up {ids[at]}, which is {cell_name(inputs[1], at)}; wanted {wanted}, for {inputs[0]} has "
                f"{len(table)} row{'s' * (len(table) > 1)}."
            )

    def value(self, rule, values, factor, sizes):
        return values[0][values[1]]

    def terms(self, step, index, inputs):
        rule = parse(step.rule)
        bound = dict(zip(rule.output, index))
        where = tuple(bound[axis] for axis in rule.inputs[1])
        return [((int(inputs[1].value[where]), *(bound[axis] for axis in rule.inputs[0][1:])), where)]

    def cell(self, step, index, inputs):
        ((where, _),) = self.terms(step, index, inputs)
        return inputs[0].value[where]

    def sources(self, step, index, inputs):
        ((where, _),) = self.terms(step, index, inputs)
        return [(inputs[0].name, where)]

    def formula(self, step, index, inputs):
        (((row, *rest), where),), (table, ids) = self.terms(step, index, inputs), inputs
        tail = "".join(f",{place}" for place in rest) + "]"
        named = [(f"{table.called}[", table.name), ids.written(where), (tail, table.name)]
        return [named, [table.written((row, *rest))]]

    def moved(self, step, index, inputs):
        ((where, _),) = self.terms(step, index, inputs)
        return 0, where

    def backward(self, step, walk):
        rule = parse(step.rule)
        (table, ids), name = rule.inputs, step.inputs[1]
        given = walk.trace[name]
        rows = walk.trace[step.inputs[0]].value.shape[0]
        one_hot = (given.value[..., None] == np.arange(rows)).astype(float)  # (..., T) -> (..., T, v)
        made = walk.help(f"one_hot_{name}", one_hot, [*given.axes, table[0]])
        walk.part(step, 0, [made, walk.of(step)], [[*ids, table[0]], rule.output], table)


def first(where):
    """The place of the first True, or of the first of all where none is true."""
    return np.unravel_index(np.argmax(where), where.shape)


class Reshape(OneSource):
    """The same numbers in another shape, in the order in which they stand: ``"t c -> t n h -> n t h"`` cuts c into n
    and h, and then moves n to the front.
    """

    wants = "it reads one matrix and keeps its numbers"
    example = "t e -> t n h -> n t h"

    def fits(self, rule):
        return len(rule.inputs) == 1 and not rule.guard and not rule.cuts

    def links(self, rule):
        """The shapes that it goes through."""
        return [rule.inputs[0], *rule.through, rule.output]

    def makes(self, rule):
        return [axis for link in self.links(rule) for axis in link]

    def sizes(self, rule, shapes, made, name):
        links, (lengths,) = self.links(rule), shapes
        sizes, shape, numbers = dict(zip(links[0], lengths)), shape_text(links[0], lengths), math.prod(lengths)
        for axis, size in made.items():
            size = whole_number(f"{name}: {axis}", size, 1)
            if sizes.setdefault(axis, size) != size:
                raise ValueError(f"{name}: {axis} is {size}, but the matrix that it is made from has shape {shape}.")
        for before, after in pairwise(links):
            if set(before) == set(after):
                continue
            unknown = [axis for axis in after if axis not in sizes]
            known = math.prod(sizes.get(axis, 1) for axis in after)
            if len(unknown) > 1:
                raise ValueError(
                    f"{name}: the rule {rule.text!r} leaves {' and '.join(unknown)} open; give each of them a size "
                    f"but one, as in {unknown[0]}=2."
                )
            if numbers % known or (not unknown and numbers != known):
                wanted = ", ".join(size_name(axis) + (f"={sizes[axis]}" if axis in sizes else "") for axis in after)
                raise ValueError(
                    f"{name} is made from a matrix of shape {shape}; its {numbers} numbers do not fill ({wanted})."
                )
            sizes.update((axis, numbers // known) for axis in unknown)
        return sizes

    def value(self, rule, values, factor, sizes):
        (value,) = values
        for before, after in pairwise(self.links(rule)):
            if set(before) == set(after):
                value = value.transpose([before.index(axis) for axis in after])
            else:
                value = value.reshape([sizes[axis] for axis in after])
        return value

    def place(self, step, index, inputs):
        """Back through the shapes, link by link."""
        links = self.links(parse(step.rule))
        sizes = {**dict(zip(links[0], inputs[0].value.shape)), **dict(zip(links[-1], step.value.shape))}
        for after, before in pairwise(reversed(links)):
            if set(after) == set(before):
                index = [index[after.index(axis)] for axis in before]
            else:
                flat, index = 0, list(index)
                for axis, at in zip(after, index):
                    flat = flat * sizes[axis] + at
                index = []
                for axis in reversed(before):
                    flat, at = divmod(flat, sizes[axis])
                    index.insert(0, at)
        return 0, tuple(index)

    def backward(self, step, walk):
        last, *through, first = links = self.links(parse(step.rule))[::-1]
        sizes = dict(zip([*last, *first], [*step.value.shape, *walk.trace[step.inputs[0]].value.shape]))
        code = f"{walk.of(step)}{reshapes(links, sizes)}"
        walk.part(step, 0, [walk.of(step)], [last], first, code, kind="reshape", through=through)
