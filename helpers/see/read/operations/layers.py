"""Layers that PyTorch has as one call, opened into their steps."""

import math

from helpers.see.read.arguments import argument
from helpers.see.read.operations.elementwise import between, inverse_root
from helpers.see.read.operations.labels import of, reduced
from helpers.see.read.operations.reductions import deviations, length_of


def scaled_rows(read, thing, normed, axes, weight, bias):
    """The last part of a normalization: times a weight and plus a bias for each channel, where there are such."""
    labels = of(normed.shape)
    own = labels[len(labels) - axes :]
    for kind, parameter in (("sum-product", weight), ("add", bias)):
        if parameter is not None:
            normed.text = normed.text or f"normalized {read.text(thing)}"
            after = read.make(kind, [(normed, labels), (parameter, own)], labels)
            if normed.text.startswith("scaled"):
                normed.hidden = True
            after.text = f"scaled {read.text(thing)}"
            normed = after
    normed.text = ""
    return normed


def divided_by_root(read, apart, epsilon, square, axes):
    """Each number times 1 / √(mean of squares + ε) of its row. apart: what is divided; square: what is averaged."""
    labels, left = reduced(apart.shape, list(range(len(apart.shape) - axes, len(apart.shape))), True)
    count = math.prod(apart.shape[len(apart.shape) - axes :])
    mean = read.make("sum-product", [(square, labels)] * 2, left, factor=1 / count)
    inner = read.text(square)
    mean.text = f"mean of {inner if inner.isidentifier() else f'({inner})'}²"
    if epsilon == 1e-5:  # there is a kind for it
        root = read.make("rsqrt", [(mean, left)], left)
    else:
        more = between(read, "add", mean, epsilon, hidden=True)
        more.text = f"{mean.text} + {epsilon:g}"
        root = inverse_root(read, more)
    root.text = f"1 / √({mean.text})"
    made = read.make("sum-product", [(apart, labels), (root, left)], labels)
    made.text = f"normalized {read.text(apart)}"
    return made


def layer_norm(read, event):
    """mean, differences, their variance, 1 / √(variance + ε), the product, times weight, plus bias."""
    thing, axes = argument(event, 0, "input"), len(argument(event, 1, "normalized_shape"))
    weight, bias = argument(event, 2, "weight"), argument(event, 3, "bias")
    epsilon = argument(event, 4, "eps", default=1e-5)
    shape = read.view(thing).shape
    _, apart = deviations(read, thing, list(range(len(shape) - axes, len(shape))))
    normed = divided_by_root(read, apart, epsilon, apart, axes)
    normed.text = f"normalized {read.text(thing)}"
    return scaled_rows(read, thing, normed, axes, weight, bias)


def rms_norm(read, event):
    thing, axes = argument(event, 0, "input"), len(argument(event, 1, "normalized_shape"))
    weight, epsilon = argument(event, 2, "weight"), argument(event, 3, "eps")
    epsilon = {"float64": 2**-52, "float32": 2**-23}[event.results[0].kind] if epsilon is None else epsilon
    whole = read.whole(thing)
    normed = divided_by_root(read, whole, epsilon, whole, axes)
    normed.text = f"normalized {read.text(thing)}"
    return scaled_rows(read, thing, normed, axes, weight, None)


def normalize(read, event):
    """Each row divided by its length, or by ε where it is shorter than that."""
    thing, order = argument(event, 0, "input"), argument(event, 1, "p", default=2.0)
    dims, epsilon = argument(event, 2, "dim", default=1), argument(event, 3, "eps", default=1e-12)
    if order != 2:
        return None
    below = length_of(read, thing, dims, keep=True)
    below.text = f"length of {read.text(thing)}"
    if (below.value < epsilon).any():
        short, below.hidden = below, True
        below = between(read, "maximum", short, epsilon, text=f"max({short.text}, {epsilon:g})")
    return between(read, "quotient", thing, below)


READERS = {"layer_norm": layer_norm, "rms_norm": rms_norm, "normalize": normalize}
