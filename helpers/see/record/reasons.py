"""What the errors of PyTorch leave unsaid: which matrices did not fit to each other, which number was out of range."""

import numpy as np

from helpers.look.style import cell_name
from helpers.trace.step import bracketed

ALIKE = ("add", "sub", "mul", "div", "masked_fill", "where")  # of these, all shapes must fit to each other
NOT_COUNTED = -100  # a target that cross_entropy leaves out


def reason(operation, matrices):
    """Why a call of this operation failed that read these matrices of a run, in half a sentence; "" where nobody knows.

    >>> from helpers.see.record.events import Matrix
    >>> reason("matmul", [Matrix(np.ones((2, 3)), variable=name) for name in "qk"])
    'q is (2, 3) and k is (2, 3), of which 3 meets 2: k.transpose(-2, -1) would fit'
    """
    if operation in ALIKE:
        return unlike(matrices)
    read = READERS.get(operation)
    return read(*matrices[:2]) if read and len(matrices) > 1 else ""


def called(matrix):
    """What a matrix is called, or the expression that made it."""
    return matrix.name or matrix.variable or (matrix.event and matrix.event.place.expression) or "what it got"


def unlike(matrices):
    """The shapes that do not fit to each other."""
    try:
        np.broadcast_shapes(*(matrix.shape for matrix in matrices))
        return ""
    except ValueError:
        return " and ".join(f"{called(one)} is {one.shape}" for one in matrices)


def product(left, right):
    """What meets in a matrix product, and is not the same size."""
    if min(left.value.ndim, right.value.ndim) < 2 or left.shape[-1] == right.shape[-2]:
        return ""
    met = f"{called(left)} is {left.shape} and {called(right)} is {right.shape}, of which {left.shape[-1]} meets "
    fits = f": {bracketed(called(right))}.transpose(-2, -1) would fit" if left.shape[-1] == right.shape[-1] else ""
    return f"{met}{right.shape[-2]}{fits}"


def linear(x, weight):
    """How many channels a layer takes."""
    if x.shape[-1:] == weight.shape[-1:]:
        return ""
    return f"{called(x)} is {x.shape}, and {called(weight)} takes {weight.shape[-1]} channels, not {x.shape[-1]}"


def embedding(ids, table):
    """The first id that is no row of the table."""
    return first_beyond(ids, len(table.value), f"{called(table)} has {len(table.value)} rows")


def cross_entropy(logits, targets):
    """The first target that is no class, or the axis that is taken for the classes."""
    axis = min(1, logits.value.ndim - 1)
    if logits.value.ndim > 2 and logits.shape[:-1] == targets.shape:
        return (
            f"{called(logits)} is {logits.shape}, and axis 1 is taken for the classes: "
            f"{bracketed(called(logits))}.flatten(0, -2) and {bracketed(called(targets))}.flatten() have a row for each"
        )
    return first_beyond(targets, logits.shape[axis], f"{called(logits)} has {logits.shape[axis]} classes", NOT_COUNTED)


def first_beyond(ids, count, has, other=None):
    """The first of these ids that is not from 0 to a count, and where it stands."""
    if ids.value.dtype.kind not in "iu":
        return ""
    unknown = np.argwhere(((ids.value < 0) | (ids.value >= count)) & (ids.value != other))
    if not len(unknown):
        return ""
    where = tuple(unknown[0].tolist())
    return f"{cell_name(bracketed(called(ids)), where)} is {ids.value[where]}, and {has}, from 0 to {count - 1}"


READERS = {"matmul": product, "linear": linear, "embedding": embedding, "cross_entropy": cross_entropy}
