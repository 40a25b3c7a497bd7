"""The arguments of a recorded call, and what is needed to make the call again."""

import numpy as np

from helpers.see.record.events import Matrix


def argument(event, at, *names, default=None):
    """An argument by its place or by any of its names.

    >>> from helpers.see.record.events import Event
    >>> argument(Event("sum", sum, (1, -1), {}), 1, "dim", "axis")
    -1
    """
    for name in names:
        if name in event.kwargs:
            return event.kwargs[name]
    return event.args[at] if at is not None and at < len(event.args) else default


def plain_number(value):
    """Is it a number as Python has it, and no truth value?"""
    return isinstance(value, int | float) and not isinstance(value, bool)


def of_numpy(function):
    """Is it a function of NumPy, a method of an array, or a part of one of these?

    >>> of_numpy(np.add), of_numpy(np.add.reduce), of_numpy(np.ndarray.sum), of_numpy(sum)
    (True, True, True, False)
    """
    owner = getattr(function, "__self__", None)
    kind = getattr(owner, "__objclass__", getattr(function, "__objclass__", None))
    if kind is not None:
        return issubclass(kind, np.ndarray | np.generic)
    of = isinstance(function, np.ufunc) or isinstance(owner, np.ufunc)
    return of or str(getattr(function, "__module__", "")).startswith("numpy")


def tensors(value):
    """All tensors and arrays in a nest of lists, tuples and dictionaries, in order."""
    if hasattr(value, "detach") or isinstance(value, np.ndarray | np.generic):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [one for part in value for one in tensors(part)] if isinstance(value, list | tuple) else []


def as_tensor(matrix):
    """A tensor of a matrix' numbers, in float64 where they are fractions."""
    import torch

    return torch.from_numpy(np.array(matrix.value if isinstance(matrix, Matrix) else matrix))
