"""Many numbers become one: sum, mean, variance, length, and sums so far."""

import math

from helpers.see.read.arguments import argument, of_numpy
from helpers.see.read.operations.elementwise import between, curve
from helpers.see.read.operations.labels import along, of, reduced


def asked(event):
    """What is reduced, along which axes, and are these kept?"""
    dims = argument(event, 1, "dim", "axis")
    keep = argument(event, 2, "keepdim", "keepdims", default=False)
    return argument(event, 0, "input", "self"), dims, bool(keep)


def reduce(kind):
    """The reader of a sum or a mean."""

    def read_reduction(read, event):
        thing, dims, keep = asked(event)
        return made(read, kind, thing, dims, keep)

    return read_reduction


def made(read, kind, thing, dims, keep=False, **more):
    labels, left = reduced(read.view(thing).shape, dims, keep)
    return read.make(kind, [(thing, labels)], left, **more)


def deviations(read, thing, dims, **more):
    """Each number minus the mean of its row: the mean and the differences, two drafts."""
    shape = read.view(thing).shape
    labels, left = reduced(shape, dims, True)
    mean = read.make("mean", [(thing, labels)], left, **more)
    mean.text = f"mean({read.text(thing)})"
    apart = read.make("subtract", [(thing, labels), (mean, left)], labels, **more)
    apart.text = f"{read.text(thing)} − mean"
    return mean, apart


def spread_of(read, event):
    """The dims, the correction and keepdim of var and std, in each of their forms."""
    second = argument(event, 1, "dim", "axis")
    unbiased = event.kwargs.get("unbiased")
    correction = event.kwargs.get("correction", event.kwargs.get("ddof", 0 if of_numpy(event.function) else 1))
    if isinstance(second, bool):
        second, unbiased = None, second
    third = argument(event, 2)
    if isinstance(third, bool):
        unbiased = third
    if unbiased is not None:
        correction = int(unbiased)
    keep = argument(event, 3, "keepdim", "keepdims", default=False)
    return argument(event, 0, "input", "self"), second, correction, bool(keep)


def variance(read, event, root=False):
    """The mean of the squared deviations, or with n - 1 below."""
    thing, dims, correction, keep = spread_of(read, event)
    draft = varied(read, thing, dims, correction, keep, hidden=True)
    if root:
        draft.hidden, draft.text = True, f"variance of {read.text(thing)}"
        return curve(read, "sqrt", draft)
    draft.hidden = False
    return draft


def varied(read, thing, dims, correction, keep, **more):
    """The draft of a variance; what is between is made as ``more`` says."""
    shape = read.view(thing).shape
    _, apart = deviations(read, thing, dims, **more)
    count = math.prod(shape[at] for at in along(dims, len(shape)))
    labels, left = reduced(shape, dims, keep)
    return read.make("sum-product", [(apart, labels)] * 2, left, factor=1 / (count - correction))


def deviation(read, event):
    return variance(read, event, root=True)


def sums_so_far(read, event):
    """cumsum: the sum of the numbers up to here, along one axis."""
    thing, dim = argument(event, 0, "input", "self"), argument(event, 1, "dim", "axis")
    shape = read.view(thing).shape
    (at,) = along(dim, len(shape))
    output = of(shape)
    labels = tuple("z" if i == at else label for i, label in enumerate(output))
    guard = f"z <= {output[at]}"
    return read.make("sum-product", [(thing, labels)], output, guard, runs={output[at]: "z"})


def log_of_summed_powers(read, event):
    thing, dims, keep = asked(event)
    powers = curve(read, "exp", thing, hidden=True)
    powers.text = f"exp({read.text(thing)})"
    total = made(read, "sum-product", powers, dims, keep, hidden=True)
    total.text = f"sum of {powers.text}"
    return curve(read, "log", total)


def length(read, event):
    """norm: the root of the sum of squares."""
    order = argument(event, 1, "p", "ord", default=2)
    if order not in (2, "fro", None):
        return None
    thing, dims = argument(event, 0, "input", "self", "x", "A"), argument(event, 2, "dim")
    return length_of(read, thing, dims, bool(argument(event, 3, "keepdim", default=False)))


def length_of(read, thing, dims, keep):
    """The root of the sum of the squares along some axes, a draft."""
    labels, left = reduced(read.view(thing).shape, dims, keep)
    squares = read.make("sum-product", [(thing, labels)] * 2, left, hidden=True)
    squares.text = f"sum of {read.text(thing)} ** 2"
    return curve(read, "sqrt", squares)


def squared_error(read, event):
    """mse_loss: the mean, or the sum, of the squared differences."""
    apart = between(read, "subtract", argument(event, 0, "input"), argument(event, 1, "target"), hidden=True)
    apart.text = "input − target"
    labels, how = of(apart.shape), argument(event, 4, "reduction", default="mean")
    if how == "none":
        return read.make("sum-product", [(apart, labels)] * 2, labels)
    factor = 1 / apart.value.size if how == "mean" else 1.0
    return read.make("sum-product", [(apart, labels)] * 2, (), factor=factor)


READERS = {
    "sum": reduce("sum-product"),
    "mean": reduce("mean"),
    "var": variance,
    "std": deviation,
    "cumsum": sums_so_far,
    "logsumexp": log_of_summed_powers,
    **dict.fromkeys(["norm", "vector_norm", "linalg_norm", "linalg_vector_norm"], length),
    "mse_loss": squared_error,
}
