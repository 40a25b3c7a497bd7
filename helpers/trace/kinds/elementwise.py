"""One cell from each input: sums, differences, quotients, the larger and the smaller, comparisons."""

import math

import numpy as np

from helpers.trace.axes import einsum
from helpers.trace.formulas import bracketed, join, names, numbers
from helpers.trace.grammar import COMPARE, SIGNS, parse
from helpers.trace.kinds.kind import Kind, only_ones_vanish


class Between(Kind):
    """What the sum, the difference, the quotient and all else have in common that takes one cell from each input."""

    wants = "it reads two matrices, whose axes all stand in its result"
    example = "t c, t -> t c"
    sign = ""
    least, most = 2, 2

    def fits(self, rule):
        axes = [axis for named in rule.inputs for axis in named]
        return rule.is_plain and self.least <= len(rule.inputs) <= self.most and set(rule.output) <= set(axes)

    def inspect(self, rule, values, inputs, name):
        only_ones_vanish(rule, values, name)

    def value(self, rule, values, factor, sizes):
        return self.combined([einsum([value], [axes], rule.output, sizes) for value, axes in zip(values, rule.inputs)])

    def cell(self, step, index, inputs):
        (term,) = self.terms(step, index, inputs)
        return self.combined([np.float64(source.value[where]) for source, where in zip(inputs, term)])

    def formula(self, step, index, inputs):
        (term,) = self.terms(step, index, inputs)
        return [
            join([[show(i, where)] for i, where in enumerate(term)], self.sign)
            for show in (names(inputs), numbers(inputs))
        ]

    def mirrored(self, step, index, inputs):
        """Is it a number and the same number again?"""
        (term,) = self.terms(step, index, inputs)
        return len({(source.name, where) for source, where in zip(inputs, term)}) == 1


class Add(Between):
    """The sum of one cell from each input."""

    wants = "it adds matrices whose axes all stand in its result"
    example = "t c, c -> t c"
    sign, least, most, signs = " + ", 1, math.inf, None

    def combined(self, values):
        return sum(values[1:], start=values[0])

    def backward(self, step, walk):
        rule = parse(step.rule)
        for place, axes in enumerate(rule.inputs):
            sign = self.signs[place] if self.signs else 1.0
            code = "-" * (sign < 0) + walk.of(step) if axes == rule.output else ""
            inputs, lists = [walk.of(step)], [rule.output]
            walk.spread_out(inputs, lists, step.inputs[place], axes)
            walk.part(step, place, inputs, lists, axes, code, factor=sign)


class Subtract(Add):
    """The first input's cell minus the second's."""

    wants, example = Between.wants, Between.example
    sign, least, most, signs = " − ", 2, 2, (1.0, -1.0)

    def combined(self, values):
        return values[0] - values[1]

    def sources(self, step, index, inputs):
        # a number minus itself is 0 whatever the number
        return [] if self.mirrored(step, index, inputs) else super().sources(step, index, inputs)


class Quotient(Between):
    """The first input's cell divided by the second's."""

    example = "t s, t -> t s"
    sign = " / "

    def combined(self, values):
        return values[0] / values[1]

    def sources(self, step, index, inputs):
        if self.mirrored(step, index, inputs):
            return []  # a number divided by itself is 1 whatever the number
        (term,) = self.terms(step, index, inputs)
        above, below = (float(source.value[where]) for source, where in zip(inputs, term))
        if not math.isfinite(below):
            return []  # what is divided by infinity is 0
        moving = [True, above != 0 or below == 0]
        return [(source.name, where) for source, where, moves in zip(inputs, term, moving) if moves]

    def backward(self, step, walk):
        rule = parse(step.rule)
        below = walk.trace[step.inputs[1]]
        if walk.is_constant(below.name):
            inverse = walk.constant(f"1 / {below.called}", 1 / below.value, rule.inputs[1])
        else:
            inverse = walk.help(f"inverse_{below.name}", 1 / below.value, rule.inputs[1], f"1 / {below.called}")
        inputs, lists = [walk.of(step), inverse], [rule.output, rule.inputs[1]]
        walk.spread_out(inputs, lists, step.inputs[0], rule.inputs[0])
        walk.part(step, 0, inputs, lists, rule.inputs[0])
        if walk.is_constant(below.name):
            return
        inputs = [walk.of(step), walk.need(step.name), inverse]
        lists = [rule.output, rule.output, rule.inputs[1]]
        walk.part(step, 1, inputs, lists, rule.inputs[1], factor=-1.0)


class Choice(Between):
    """The larger, or the smaller, of one cell from each input."""

    sign = ", "

    def __init__(self, word, of):
        self.word, self.of = word, of

    def combined(self, values):
        return self.of(*values)

    def sources(self, step, index, inputs):
        # The other one may change a little, and the result stays.
        found = super().sources(step, index, inputs)
        values = {source.name: source.value for source in inputs}
        return [(name, where) for name, where in found if values[name][where] == step.value[index]]

    def formula(self, step, index, inputs):
        return [bracketed(pieces, f"{self.word}(") for pieces in super().formula(step, index, inputs)]

    def backward(self, step, walk):
        """Where both are the same number, they share: PyTorch's ``maximum`` does the same."""
        rule = parse(step.rule)
        values = [walk.trace[name].value.astype(float) for name in step.inputs]
        sizes = dict(zip(rule.output, step.value.shape))
        chosen = [einsum([value], [axes], rule.output, sizes) == step.value for value, axes in zip(values, rule.inputs)]
        for place, (name, axes) in enumerate(zip(step.inputs, rule.inputs)):
            if walk.is_constant(name):
                continue
            share = chosen[place] / np.maximum(sum(one.astype(int) for one in chosen), 1)
            inputs = [walk.help(f"share_{step.name}_{place}", share, step.axes), walk.of(step)]
            lists = [rule.output, rule.output]
            walk.spread_out(inputs, lists, name, axes)
            walk.part(step, place, inputs, lists, axes)


class Comparison(Between):
    """1 where the first input's cell is larger than the second's, or as the sign says, 0 where it is not.

    No small change of a number goes through it. Its sources are the two cells that it compares.
    """

    differentiable = 0

    def __init__(self, sign):
        self.sign, self.holds = f" {SIGNS.get(sign, sign)} ", COMPARE[sign]

    def combined(self, values):
        return np.asarray(self.holds(*values)).astype(int)

    def sources(self, step, index, inputs):
        # what is compared with itself comes out alike whatever the number
        return [] if self.mirrored(step, index, inputs) else super().sources(step, index, inputs)

    def backward(self, step, walk):
        """Here the way back ends."""
