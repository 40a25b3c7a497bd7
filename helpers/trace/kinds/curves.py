"""The usual functions of one number."""

import math
import re
from typing import NamedTuple

import numpy as np

from helpers.trace.axes import einsum
from helpers.trace.formulas import names, numbers
from helpers.trace.grammar import parse
from helpers.trace.kinds.kind import Kind
from helpers.trace.pytorch import reshapes

EPSILON = 1e-5  # what rsqrt adds, so that it never divides by 0; PyTorch's LayerNorm adds the same
ROOT, CUBED = math.sqrt(2 / math.pi), 0.044715  # of the GELU of GPT-2


class Curve(NamedTuple):
    """A function of one number.

    of: the function. written: its formula, ``x`` for the number and ``(x)`` where a negative one needs brackets. slope:
    its derivative at x, where it is y; line: the same in PyTorch, ``x`` and ``y`` for the matrices. flat: where, other
    than at −∞, a small change of x moves nothing.
    """

    of: object
    written: tuple
    slope: object = None
    line: str = ""
    flat: object = lambda x: False


erf = np.vectorize(math.erf, otypes=[float])


def bell(x):
    """The normal distribution's density."""
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def bell_below(x):
    """Φ: how much of the normal distribution lies below x."""
    return (1 + erf(x / math.sqrt(2))) / 2


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def bent(x):
    """What GPT-2's GELU takes the tanh of."""
    return ROOT * (x + CUBED * x**3)


CURVES = {
    "exp": Curve(np.exp, ("e^", "x"), lambda x, y: y, "y"),
    "log": Curve(np.log, ("log(", "x", ")"), lambda x, y: 1 / x, "1 / x"),
    "sqrt": Curve(np.sqrt, ("√(", "x", ")"), lambda x, y: 0.5 / y, "0.5 / y"),
    "rsqrt": Curve(  # its way back is a product of what is there already
        lambda x: np.where(x > -EPSILON, np.abs(x + EPSILON) ** -0.5, math.nan), ("1 / √(", "x", " + 0.00001)")
    ),
    "sigmoid": Curve(sigmoid, ("1 / (1 + e^(−", "(x)", "))"), lambda x, y: y * (1 - y), "y * (1 - y)"),
    "tanh": Curve(np.tanh, ("tanh(", "x", ")"), lambda x, y: 1 - y * y, "1 - y**2"),
    "relu": Curve(lambda x: np.maximum(x, 0.0), ("max(0, ", "x", ")"), lambda x, y: x > 0, flat=lambda x: x <= 0),
    "gelu": Curve(
        lambda x: x * bell_below(x),
        ("x", "·Φ(", "x", ")"),
        lambda x, y: bell_below(x) + x * bell(x),
        "torch.special.ndtr(x) + x * torch.exp(-x**2 / 2) / (2 * torch.pi) ** 0.5",
    ),
    "gelu-tanh": Curve(  # Hendrycks and Gimpel, arXiv:1606.08415; the GELU of GPT-2
        lambda x: 0.5 * x * (1 + np.tanh(bent(x))),
        ("0.5·", "(x)", "·(1 + tanh(0.798·(", "x", " + 0.045·", "(x)", "³)))"),
        lambda x, y: (1 + np.tanh(bent(x))) / 2 + x / 2 * (1 - np.tanh(bent(x)) ** 2) * ROOT * (1 + 3 * CUBED * x**2),
    ),
    "silu": Curve(
        lambda x: x * sigmoid(x),
        ("x", " / (1 + e^(−", "(x)", "))"),
        lambda x, y: sigmoid(x) * (1 + x * (1 - sigmoid(x))),
        "x.sigmoid() * (1 + x * (1 - x.sigmoid()))",
    ),
    "softplus": Curve(
        lambda x: np.logaddexp(0, x), ("log(1 + e^", "x", ")"), lambda x, y: sigmoid(x), "torch.sigmoid(x)"
    ),
    "erf": Curve(
        erf,
        ("erf(", "x", ")"),
        lambda x, y: 2 / math.sqrt(math.pi) * np.exp(-x * x),
        "2 / torch.pi**0.5 * torch.exp(-x**2)",
    ),
    "abs": Curve(np.abs, ("|", "x", "|"), lambda x, y: np.sign(x), "torch.sign(x)", lambda x: x == 0),
    "sin": Curve(np.sin, ("sin(", "x", ")"), lambda x, y: np.cos(x), "torch.cos(x)"),
    "cos": Curve(np.cos, ("cos(", "x", ")"), lambda x, y: -np.sin(x), "-torch.sin(x)", lambda x: x == 0),
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
        # At −∞ every curve here has an end that is flat.
        return [] if x == -math.inf or self.curve.flat(x) else [(inputs[0].name, where)]

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
