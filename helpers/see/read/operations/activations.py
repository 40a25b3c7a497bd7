"""What stands between two layers: functions of one number, and gates."""

import numpy as np

from helpers.see.read.arguments import argument
from helpers.see.read.operations.comparisons import limited
from helpers.see.read.operations.elementwise import between, curve, times
from helpers.see.read.operations.labels import of

PLAIN = ("exp", "log", "sqrt", "sigmoid", "tanh", "relu", "silu", "erf", "abs", "sin", "cos")


def function(name):
    """The reader of a function of one number that the course has a kind for."""

    def read_function(read, event):
        return curve(read, name, argument(event, 0, "input", "self"))

    return read_function


def gelu(read, event):
    tanh = event.kwargs.get("approximate") == "tanh"
    return curve(read, "gelu-tanh" if tanh else "gelu", argument(event, 0, "input"))


def softplus(read, event):
    """log(1 + e^(beta · x)) / beta."""
    thing, beta = argument(event, 0, "input"), float(argument(event, 1, "beta", default=1))
    if beta == 1:
        return curve(read, "softplus", thing)
    inner = times(read, thing, beta, hidden=True, text=f"{beta:g} * {read.text(thing)}")
    soft = curve(read, "softplus", inner, hidden=True, text=f"softplus({inner.text})")
    return times(read, soft, 1 / beta)


def log_sigmoid(read, event):
    """log(1 / (1 + e^−x)) = −log(1 + e^−x)."""
    thing = argument(event, 0, "input")
    inner = times(read, thing, -1.0, hidden=True, text=f"-{read.text(thing)}")
    soft = curve(read, "softplus", inner, hidden=True, text=f"softplus({inner.text})")
    return times(read, soft, -1.0)


def leaky_relu(read, event):
    """The larger of x and a small part of it."""
    thing, slope = argument(event, 0, "input"), float(argument(event, 1, "negative_slope", default=0.01))
    small = times(read, thing, slope, hidden=True, text=f"{slope:g} * {read.text(thing)}")
    return between(read, "maximum", thing, small)


def elu(read, event):
    """max(x, 0) + min(alpha · (e^x − 1), 0)."""
    thing, alpha = argument(event, 0, "input"), float(argument(event, 1, "alpha", default=1))
    name = read.text(thing)
    power = curve(read, "exp", thing, hidden=True, text=f"exp({name})")
    less = between(read, "subtract", power, 1, hidden=True, text=f"exp({name}) − 1")
    if alpha != 1:
        less = times(read, less, alpha, hidden=True, text=f"{alpha:g} * ({less.text})")
    above = between(read, "maximum", thing, 0, hidden=True, text=f"max({name}, 0)")
    below = between(read, "minimum", less, 0, hidden=True, text=f"min({less.text}, 0)")
    return between(read, "add", above, below)


def relu6(read, event):
    return limited(read, argument(event, 0, "input"), 0, 6)


def hardtanh(read, event):
    limits = argument(event, 1, "min_val", default=-1.0), argument(event, 2, "max_val", default=1.0)
    return limited(read, argument(event, 0, "input"), *limits)


def gated(read, event):
    """glu: the first half times the sigmoid of the second."""
    thing, dim = argument(event, 0, "input"), argument(event, 1, "dim", default=-1)
    view = read.view(thing)
    numbers = np.arange(int(np.prod(view.shape))).reshape(view.shape)
    first, second = (view.then(half) for half in np.split(numbers, 2, axis=dim))
    gate = curve(read, "sigmoid", second, text=f"gate of {read.text(thing)}")
    labels = of(first.shape)
    return read.make("sum-product", [(first, labels), (gate, labels)], labels)


READERS = {
    **{name: function(name) for name in PLAIN},
    "gelu": gelu,
    "softplus": softplus,
    **dict.fromkeys(["logsigmoid", "log_sigmoid"], log_sigmoid),
    "leaky_relu": leaky_relu,
    "elu": elu,
    "relu6": relu6,
    "hardtanh": hardtanh,
    "glu": gated,
}
