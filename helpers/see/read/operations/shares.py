"""A row becomes shares of 1: softmax, its logarithm, and the loss that is made of it."""

import numpy as np

from helpers.see.read.arguments import argument
from helpers.see.read.operations.elementwise import curve, times
from helpers.see.read.operations.labels import along, of


def softened(read, thing, dim, **more):
    """The softmax of a matrix along an axis, a draft."""
    shape = read.view(thing).shape
    (at,) = along(dim, len(shape))
    labels = of(shape)
    output = tuple("z" if i == at else label for i, label in enumerate(labels))
    return read.make("softmax", [(thing, labels)], output, runs={"z": labels[at]}, **more)


def softmax(read, event):
    return softened(read, argument(event, 0, "input", "self"), argument(event, 1, "dim", "axis"))


def log_softmax(read, event):
    return logarithm(read, argument(event, 0, "input", "self"), argument(event, 1, "dim", "axis"))


def logarithm(read, thing, dim, **more):
    """The logarithm of the softmax, by way of it."""
    shares = softened(read, thing, dim, hidden=True)
    shares.text = f"softmax({read.text(thing)})"
    return curve(read, "log", shares, **more)


def cross_entropy(read, event):
    """The mean of −log of the share that each row gives to its target."""
    thing, target = argument(event, 0, "input"), argument(event, 1, "target")
    plain = event.kwargs.get("weight") is None and not event.kwargs.get("label_smoothing")
    shape = read.view(thing).shape
    if not plain or target.value.dtype.kind != "i" or (target.value < 0).any() or len(event.args) > 3:
        return None
    dim = 1 if len(shape) > 1 else 0
    shares = softened(read, thing, dim)
    shares.text = f"softmax({read.text(thing)})"
    logs = curve(read, "log", shares)
    logs.text = f"log {shares.text}"
    return picked(read, event, logs, target, dim)


def picked(read, event, logs, target, dim=1):
    """The numbers that the targets name, with the opposite sign: their mean, their sum, or each of them."""
    how = event.kwargs.get("reduction", "mean")
    numbers = np.arange(logs.value.size).reshape(logs.shape)
    places = np.take_along_axis(numbers, np.expand_dims(target.value, dim), axis=dim).squeeze(dim)
    view = read.view(logs).then(places)
    if how == "none":
        return times(read, view, -1.0)
    factor = -1 / places.size if how == "mean" else -1.0
    labels = of(places.shape)
    chosen = read.whole(view)
    chosen.text = f"{logs.text}[target]"
    return read.make("sum-product", [(chosen, labels)], (), factor=factor)


def negative_log_likelihood(read, event):
    thing, target = argument(event, 0, "input"), argument(event, 1, "target")
    if len(event.args) > 2 or event.kwargs.get("weight") is not None or (target.value < 0).any():
        return None
    dim = 1 if len(read.view(thing).shape) > 1 else 0
    logs = read.whole(thing)
    return picked(read, event, logs, target, dim)


READERS = {
    "softmax": softmax,
    "log_softmax": log_softmax,
    "cross_entropy": cross_entropy,
    "nll_loss": negative_log_likelihood,
}
