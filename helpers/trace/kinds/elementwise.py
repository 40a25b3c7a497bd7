"""One cell from each input: sums, differences, quotients, and the usual functions of one number."""

import math
import re
from typing import NamedTuple

import numpy as np

from helpers.trace.axes import einsum
from helpers.trace.formulas import join, names, numbers
from helpers.trace.grammar import parse
from helpers.trace.kinds.kind import Kind, only_ones_vanish
from helpers.trace.pytorch import reshapes

EPSILON = 1e-5  # what rsqrt adds, so that it never divides by 0; PyTorch's LayerNorm adds the same


class Between(Kind):
    """What the sum, the difference and the quotient of matrices have in common."""

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

    wants = "it reads two matrices, whose axes all stand in its result"
    example = "t c, t -> t c"
    sign, least, most, signs = " − ", 2, 2, (1.0, -1.0)

    def combined(self, values):
        return values[0] - values[1]

    def sources(self, step, index, inputs):
        # a number minus itself is 0 whatever the number
        return [] if self.mirrored(step, index, inputs) else super().sources(step, index, inputs)


class Quotient(Between):
    """The first input's cell divided by the second's."""

    wants = "it reads two matrices, whose axes all stand in its result"
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


class Curve(NamedTuple):
    """A function of one number.

    of: the function. written: its formula, ``x`` for the number and ``(x)`` where a negative one needs brackets. slope:
    its derivative at x, where it is y; line: the same in PyTorch, ``x`` and ``y`` for the matrices.
    """

    of: object
    written: tuple
    slope: object = None
    line: str = ""


def bell(x):
    """The normal distribution's density."""
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def bell_below(x):
    """Φ: how much of the normal distribution lies below x."""
    return (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2))) / 2


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


CURVES = {
    "exp": Curve(np.exp, ("e^", "x"), lambda x, y: y, "y"),
    "log": Curve(np.log, ("log(", "x", ")"), lambda x, y: 1 / x, "1 / x"),
    "sqrt": Curve(np.sqrt, ("√(", "x", ")"), lambda x, y: 0.5 / y, "0.5 / y"),
    "rsqrt": Curve(  # its way back is a product of what is there already
        lambda x: np.where(x > -EPSILON, np.abs(x + EPSILON) ** -0.5, math.nan), ("1 / √(", "x", " + 0.00001)")
    ),
    "sigmoid": Curve(sigmoid, ("1 / (1 + e^(−", "(x)", "))"), lambda x, y: y * (1 - y), "y * (1 - y)"),
    "tanh": Curve(np.tanh, ("tanh(", "x", ")"), lambda x, y: 1 - y * y, "1 - y**2"),
    "relu": Curve(lambda x: np.maximum(x, 0.0), ("max(0, ", "x", ")"), lambda x, y: x > 0),
    "gelu": Curve(
        lambda x: x * bell_below(x),
        ("x", "·Φ(", "x", ")"),
        lambda x, y: bell_below(x) + x * bell(x),
        "torch.special.ndtr(x) + x * torch.exp(-x**2 / 2) / (2 * torch.pi) ** 0.5",
    ),
    "silu": Curve(
        lambda x: x * sigmoid(x),
        ("x", " / (1 + e^(−", "(x)", "))"),
        lambda x, y: sigmoid(x) * (1 + x * (1 - sigmoid(x))),
        "x.sigmoid() * (1 + x * (1 - x.sigmoid()))",
    ),
}


class Function(Kind):
    """A function of one number, for each cell of one input."""

    wants = "it reads one matrix and keeps its axes"

    def __init__(self, name, example):
        self.name, self.example, self.curve = name, example, CURVES[name]

    def fits(self, rule):
        return rule.is_plain and len(rule.inputs) == 1 and {*rule.inputs[0]} == {*rule.output}

    def value(self, rule, values, factor, sizes):
        return self.curve.of(einsum(values, rule.inputs, rule.output, sizes))

    def cell(self, step, index, inputs):
        ((where,),) = self.terms(step, index, inputs)
        return float(self.curve.of(np.float64(inputs[0].value[where])))

    def sources(self, step, index, inputs):
        ((where,),) = self.terms(step, index, inputs)
        x = inputs[0].value[where]
        # What relu cuts off moves nothing, and at −∞ every curve here has an end that is flat.
        flat = x == -math.inf or (self.name == "relu" and x <= 0)
        return [] if flat else [(inputs[0].name, where)]

    def formula(self, step, index, inputs):
        ((where,),) = self.terms(step, index, inputs)
        parts = []
        for show in (names(inputs), numbers(inputs)):
            text, name = show(0, where)
            wrapped = f"({text})" if text.startswith("−") else text
            term = {"x": (text, name), "(x)": (wrapped, name)}
            parts.append([term.get(part, (part, "")) for part in self.curve.written])
        return parts

    def backward(self, step, walk):
        rule, x, y = parse(step.rule), step.inputs[0], step.name
        dy, (axes,), turned = walk.of(step), rule.inputs, reshapes([rule.output, rule.inputs[0]])
        if self.name == "rsqrt":  # the derivative of 1/√x is −1/2 · (1/√x)³
            code = f"-0.5 * {step.called}{turned}**3 * {dy}{turned}"
            walk.part(step, 0, [walk.need(y)] * 3 + [dy], [rule.output] * 4, axes, code, factor=-0.5)
            return
        value = walk.trace[x].value.astype(float)
        with np.errstate(all="ignore"):
            slope = np.asarray(self.curve.slope(value, self.curve.of(value)), float)
        called = f"positive_{x}" if self.name == "relu" else f"slope_{y}"
        line = "".join(
            {"x": walk.trace[x].called, "y": f"{step.called}{turned}"}.get(part, part)
            for part in letters(self.curve.line)
        )
        name = walk.help(called, slope, walk.trace[x].axes, line)
        walk.part(step, 0, [name, dy], [axes, rule.output], axes, f"{name} * {dy}{turned}")


def letters(line):
    """A line of PyTorch cut at the lone letters x and y: ``["1 - ", "y", "**2"]``."""
    return re.split(r"(?<![\w.])([xy])(?!\w)", line)
