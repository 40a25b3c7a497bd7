"""Parts of matrices, and matrices made of parts: slices, concatenation, copies."""

import numpy as np

from helpers.look.given import whole_number
from helpers.look.style import size_name
from helpers.trace.axes import einsum
from helpers.trace.grammar import cut_text, parse
from helpers.trace.kinds.kind import OneSource


class Slice(OneSource):
    """A part of a matrix: ``"t[2:5] c -> s c"`` has its rows 2, 3 and 4."""

    wants = "it reads one matrix, cuts some of its axes and gives those new names in the same places"
    example = "t[2:5] c -> s c"

    def fits(self, rule):
        if len(rule.inputs) != 1 or rule.guard or rule.through or len(rule.inputs[0]) != len(rule.output):
            return False
        pairs = list(zip(rule.inputs[0], rule.output))
        return bool(rule.cuts) and all((new in rule.new) if old in rule.cuts else old == new for old, new in pairs)

    def sizes(self, rule, shapes, made, name):
        found = dict(zip(rule.inputs[0], shapes[0]))
        for axis, new in zip(rule.inputs[0], rule.output):
            if axis in rule.cuts:
                found[new] = len(range(*rule.cuts[axis].indices(found[axis])))
                if not found[new]:
                    raise ValueError(
                        f"{name} cuts [{cut_text(rule.cuts[axis])}] from {size_name(axis)}={found[axis]}: "
                        "nothing is left."
                    )
        return found

    def value(self, rule, values, factor, sizes):
        return values[0][tuple(rule.cuts.get(axis, slice(None)) for axis in rule.inputs[0])]

    def place(self, step, index, inputs):
        rule, shape = parse(step.rule), inputs[0].value.shape
        return 0, tuple(
            range(*rule.cuts[axis].indices(size))[at] if axis in rule.cuts else at
            for axis, size, at in zip(rule.inputs[0], shape, index)
        )

    def backward(self, step, walk):
        """Each number goes back to where it was cut from; the others get 0."""
        rule, source = parse(step.rule), walk.trace[step.inputs[0]]
        inputs, lists = [], []
        for axis, new, size in zip(rule.inputs[0], rule.output, source.value.shape):
            if axis in rule.cuts:
                several = f"_{new}" * (len(rule.cuts) > 1)
                line = f"torch.eye({size})[{cut_text(rule.cuts[axis])}]"
                places = walk.help(f"places_{step.name}{several}", np.eye(size)[rule.cuts[axis]], [new, axis], line)
                inputs.append(places)
                lists.append([new, axis])
        walk.part(step, 0, [*inputs, walk.of(step)], [*lists, rule.output], rule.inputs[0])


class Concatenate(OneSource):
    """Several matrices as one, the first one first: ``"p h, t h -> s h"`` puts the rows of t below those of p."""

    wants = "it reads two matrices or more and joins them along one axis, which gets a new name in the same place"
    example = "p h, t h -> s h"

    def fits(self, rule):
        if len(rule.inputs) < 2 or not rule.is_plain or len(rule.new) != 1:
            return False
        at = self.along(rule)
        return all(
            len(axes) == len(rule.output) and axes[:at] == rule.output[:at] and axes[at + 1 :] == rule.output[at + 1 :]
            for axes in rule.inputs
        )

    def along(self, rule):
        """Which of the axes they are joined along."""
        return rule.output.index(rule.new[0])

    def sizes(self, rule, shapes, made, name):
        found, at = super().sizes(rule, shapes, made, name), self.along(rule)
        return {**found, rule.output[at]: sum(shape[at] for shape in shapes)}

    def value(self, rule, values, factor, sizes):
        return np.concatenate(values, axis=self.along(rule))

    def place(self, step, index, inputs):
        at, index = self.along(parse(step.rule)), list(index)
        for which, source in enumerate(inputs):
            if index[at] < source.value.shape[at]:
                return which, tuple(index)
            index[at] -= source.value.shape[at]
        raise IndexError(f"{step.name} has no cell {index}.")

    def backward(self, step, walk):
        rule = parse(step.rule)
        at, start = self.along(rule), 0
        for place, name in enumerate(step.inputs):
            end = start + walk.trace[name].value.shape[at]
            ahead = ":, " * at
            walk.part(
                step,
                place,
                [walk.of(step)],
                [rule.output],
                rule.inputs[place],
                f"{walk.of(step)}[{ahead}{start}:{end}]",
                kind="slice",
                cuts={rule.output[at]: f"{start}:{end}"},
            )
            start = end


class Repeat(OneSource):
    """Copies along an axis: ``"m s h -> n s h"`` with n=4 gives each of 2 heads m to two heads n, side by side; an axis
    that replaces none, as in ``"s h -> n s h"``, has the whole matrix at each of its indices.
    """

    wants = "it reads one matrix, and its result has a new axis, in the place of an old one or beside them all"
    example = "m s h -> n s h"

    def fits(self, rule):
        if len(rule.inputs) != 1 or not rule.is_plain or len(rule.new) != 1:
            return False
        (axes,), (new,), old = rule.inputs, rule.new, rule.gone[:1]
        return axes == tuple(one for axis in rule.output for one in (old if axis == new else (axis,)))

    def makes(self, rule):
        return rule.new

    def sizes(self, rule, shapes, made, name):
        found, (new,) = dict(zip(rule.inputs[0], shapes[0])), rule.new
        if new not in made:
            raise ValueError(f"{name} repeats along {new}; give its size, as in {new}=4.")
        found[new] = whole_number(f"{name}: {new}", made[new], 1)
        if rule.gone and found[new] % found[rule.gone[0]]:
            raise ValueError(
                f"{name}: {new} is {found[new]}; wanted a multiple of {size_name(rule.gone[0])}={found[rule.gone[0]]}, "
                "so that each is copied as often as the others."
            )
        return found

    def value(self, rule, values, factor, sizes):
        if not rule.gone:
            return einsum(values, rule.inputs, rule.output, sizes)
        (new,), (old,) = rule.new, rule.gone
        return values[0].repeat(sizes[new] // sizes[old], axis=rule.inputs[0].index(old))

    def place(self, step, index, inputs):
        rule = parse(step.rule)
        (new,), shape = rule.new, dict(zip(rule.inputs[0], inputs[0].value.shape))
        bound = dict(zip(rule.output, index))
        if rule.gone:
            times = step.value.shape[rule.output.index(new)] // shape[rule.gone[0]]
            bound[rule.gone[0]] = bound[new] // times
        return 0, tuple(bound[axis] for axis in rule.inputs[0])

    def backward(self, step, walk):
        """A number that was copied gets what all its copies get."""
        rule, (axes,) = parse(step.rule), parse(step.rule).inputs
        inputs, lists = [walk.of(step)], [rule.output]
        if rule.gone:
            (new,), (old,) = rule.new, rule.gone
            size = walk.trace[step.inputs[0]].value.shape[axes.index(old)]
            times = step.value.shape[rule.output.index(new)] // size
            line = f"torch.eye({size}).repeat_interleave({times}, 0)"
            inputs = [walk.help(f"copies_{step.name}", np.eye(size).repeat(times, axis=0), [new, old], line), *inputs]
            lists = [[new, old], *lists]
        walk.part(step, 0, inputs, lists, axes)
