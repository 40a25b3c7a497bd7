"""One number from each matrix: sums, differences, products, quotients, powers."""

import math

from helpers.see.read.arguments import argument, plain_number
from helpers.see.read.operations.labels import of, spread
from helpers.see.record.events import Matrix
from helpers.trace.kinds.curves import EPSILON


def pair(read, event, backwards=False):
    """The two things that meet, in the order in which they count."""
    one, other = argument(event, 0, "input", "self"), argument(event, 1, "other", "exponent")
    return (other, one) if backwards else (one, other)


def shape_of(read, thing):
    return read.view(thing).shape


def between(read, kind, one, other, **more):
    """A step of a kind that reads one number from each of two matrices."""
    lists, output = spread(shape_of(read, one), shape_of(read, other))
    return read.make(kind, [(one, lists[0]), (other, lists[1])], output, **more)


def times(read, thing, number, **more):
    """A matrix times a number; where it is a product without a name that is read only here, its factor grows."""
    view = read.view(thing)
    base = view.pieces[0] if view.places is None else None
    if base is not None and base.kind == "sum-product" and read.fleeting(base):
        base.hidden = True
        terms = list(zip(base.inputs, base.labels))
        return read.make(base.kind, terms, base.output, base.guard, base.factor * number, runs=base.runs, **more)
    labels = of(view.shape)
    return read.make("sum-product", [(thing, labels)], labels, factor=number, **more)


def add(read, event):
    return summed(read, *pair(read, event), event.kwargs.get("alpha", 1), "add")


def subtract(read, event, backwards=False):
    return summed(read, *pair(read, event, backwards), event.kwargs.get("alpha", 1), "subtract")


def summed(read, one, other, alpha, kind):
    if alpha != 1:
        other = other * alpha if plain_number(other) else times(read, other, float(alpha), hidden=True)
    return between(read, kind, one, other)


def multiply(read, event):
    one, other = pair(read, event)
    for matrix, number in ((one, other), (other, one)):
        if plain_number(number) and math.isfinite(number):
            return times(read, matrix, float(number))
    return between(read, "sum-product", one, other)


def divide(read, event, backwards=False):
    if event.kwargs.get("rounding_mode") is not None:
        return None
    one, other = pair(read, event, backwards)
    if plain_number(other) and other and math.isfinite(1 / other):
        return times(read, one, 1 / other)
    return between(read, "quotient", one, other)


def power(read, event, backwards=False):
    base, exponent = pair(read, event, backwards)
    if isinstance(exponent, Matrix) and not exponent.shape and not read.alive(exponent):
        exponent = float(exponent.value)
    if plain_number(base):  # 2 ** x is e^(x log 2)
        inner = times(read, exponent, math.log(base), hidden=True)
        inner.text = f"{read.text(exponent)} * log({base})"
        return curve(read, "exp", inner)
    return raised(read, base, exponent) if plain_number(exponent) else None


def raised(read, base, exponent):
    """A matrix to the power of a number, where products, roots and quotients can say it."""
    labels = of(shape_of(read, base))
    if exponent in (1, 2, 3, 4):
        return read.make("sum-product", [(base, labels)] * int(exponent), labels)
    if exponent == 0.5:
        return curve(read, "sqrt", base)
    if exponent == -0.5:
        return inverse_root(read, base)
    if exponent in (-1, -2):
        below = base
        if exponent == -2:
            below = read.make("sum-product", [(base, labels)] * 2, labels, hidden=True, text=f"{read.text(base)} ** 2")
        return between(read, "quotient", 1, below)
    return None


def inverse_root(read, thing):
    """1 / √x; where x is a number and 0.00001, as in a LayerNorm, there is a kind for both."""
    view = read.view(thing)
    sum_ = view.pieces[0] if view.places is None else None
    if sum_ is not None and sum_.kind == "add" and len(sum_.inputs) == 2 and read.fleeting(sum_):
        inside, epsilon = sum_.inputs
        if epsilon.origin == "number" and float(epsilon.value) == EPSILON and sum_.labels[0] == sum_.output:
            sum_.hidden = True
            return read.make("rsqrt", [(inside, sum_.labels[0])], sum_.output)
    root = curve(read, "sqrt", thing, hidden=True)
    root.text = f"√({read.text(thing)})"
    return between(read, "quotient", 1, root)


def curve(read, name, thing, **more):
    labels = of(shape_of(read, thing))
    return read.make(name, [(thing, labels)], labels, **more)


def negative(read, event):
    return times(read, argument(event, 0, "input"), -1.0)


def square(read, event):
    return raised(read, argument(event, 0, "input"), 2)


def inverse(read, event):
    return between(read, "quotient", 1, argument(event, 0, "input"))


def inverse_square_root(read, event):
    return inverse_root(read, argument(event, 0, "input"))


def backwards(reader):
    """The reader of an operation that Python calls the other way round: ``1 - x`` is ``rsub`` of x and 1."""

    def read_backwards(read, event):
        return reader(read, event, backwards=True)

    return read_backwards


READERS = {
    **dict.fromkeys(["add", "radd", "iadd"], add),
    **dict.fromkeys(["sub", "subtract", "isub"], subtract),
    "rsub": backwards(subtract),
    **dict.fromkeys(["mul", "multiply", "rmul", "imul"], multiply),
    **dict.fromkeys(["div", "divide", "true_divide", "truediv", "idiv", "itruediv"], divide),
    **dict.fromkeys(["rdiv", "rtruediv"], backwards(divide)),
    **dict.fromkeys(["pow", "ipow"], power),
    "rpow": backwards(power),
    **dict.fromkeys(["neg", "negative"], negative),
    "square": square,
    "reciprocal": inverse,
    "rsqrt": inverse_square_root,
}
