"""A recorded run, gone through again with other numbers in the place of some: without the learner's function.

The calls of PyTorch and NumPy that the run has noted are made again, those alone that the other numbers reach.
"""

import sys
import warnings

import numpy as np

from helpers.see.record.events import replaced
from helpers.see.record.holders import Kept, found_in, numbers

WHOLE = ("int64", "int32", "bool")


class Unknown(Exception):
    """The calls cannot be made again."""


def leading_to(matrix):
    """All events that a matrix is made by."""
    found, left = set(), [matrix]
    while left:
        event = left.pop().event
        if event is not None and event not in found:
            found.add(event)
            left += read_by(event)
    return found


def read_by(event):
    """The matrices that an event is made of: what it reads, and what it writes into."""
    return [*event.reads, *[event.in_place] * (event.in_place is not None)]


def replayed(events, others, last, tensors):
    """The numbers of the matrix ``last``, had some matrices had other numbers.

    events: in order, those that lead to it, each with what it reads. others: arrays by matrix. tensors: are they
    PyTorch's? Raises Unknown where a call cannot be made again, and what it raises.
    """
    now = dict(others)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for event, read in events.items():
            if not any(matrix in now for matrix in read) or all(matrix in others for matrix in event.results):
                continue
            if event.broken or not event.results:
                raise Unknown
            for matrix, value in zip(event.results, again(event, now, tensors)):
                now.setdefault(matrix, value)
    return now.get(last, last.value)


def again(event, now, tensors):
    """The results of one call: arrays, in the order of the event's."""
    if event.function is None:
        return [rearranged(event, now)]
    holders = {}

    def holder(matrix):
        if matrix not in holders:
            holders[matrix] = held(now.get(matrix, matrix.value), matrix.kind, tensors and not is_numpy(event.function))
        return holders[matrix]

    args, kwargs = replaced(event.args, holder), replaced(event.kwargs, holder)
    returned = event.function(*args, **kwargs)
    given = {id(one) for one in holders.values()}
    found = [one for one in found_in(returned, kinds()) if id(one) not in given]
    if event.in_place is not None:
        found.append(holder(event.in_place))
    if len(found) != len(event.results):
        raise Unknown
    return [numbers(np.asarray(one)) if isinstance(one, np.generic) else numbers(one) for one in found]


def rearranged(event, now):
    """A matrix that was written into by way of others: its cells are theirs."""
    if event.places is None:
        raise Unknown
    parts = [np.ravel(now.get(matrix, matrix.value)) for matrix in event.reads]
    return np.where(event.places < 0, event.results[0].value, np.concatenate(parts)[event.places])


def held(value, kind, as_tensor):
    """Numbers as the call had them: a tensor or an array of this type, or of fractions where these are such."""
    if kind in WHOLE and not (np.isfinite(value).all() and np.array_equal(value, np.asarray(value).astype(kind))):
        kind = "float32" if as_tensor else "float64"
    if not as_tensor:
        return np.array(value, dtype=kind)
    import torch  # the run has used it

    return torch.from_numpy(np.array(value)).to(getattr(torch, kind))


def is_numpy(function):
    return isinstance(function, np.ufunc) or str(getattr(function, "__module__", "")).partition(".")[0] == "numpy"


def kinds():
    torch = sys.modules.get("torch")
    return (np.ndarray, np.generic, Kept, *[torch.Tensor] * bool(torch))
