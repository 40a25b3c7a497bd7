"""The arguments of a recorded call, and the call made again on other numbers."""

import numpy as np

from helpers.see.events import Matrix, replaced


def argument(event, at, *names, default=None):
    """An argument by its place or by any of its names.

    >>> from helpers.see.events import Event
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


def called_again(event, new):
    """What the call returns where ``new(matrix)`` stands in the place of each matrix: a list of tensors.

    Raises what the function raises.
    """
    import torch  # the function that was called is one of its own

    with torch.no_grad():
        return tensors(event.function(*replaced(event.args, new), **replaced(event.kwargs, new)))


def tensors(value):
    """All tensors in a nest of lists, tuples and dictionaries, in order."""
    if hasattr(value, "detach"):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [one for part in value for one in tensors(part)] if isinstance(value, list | tuple) else []


def as_tensor(matrix):
    """A tensor of a matrix' numbers, in float64 where they are fractions."""
    import torch

    return torch.from_numpy(np.array(matrix.value if isinstance(matrix, Matrix) else matrix))
