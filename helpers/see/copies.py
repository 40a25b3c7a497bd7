"""Copies of what a learner's function is given: what it writes into them is noticed, and never reaches the original."""

import copy
import pickle
import random
import sys

import numpy as np

RANDOM = (np.random.Generator, np.random.RandomState, random.Random)  # drawing from one changes it


def is_tensor(value):
    """Is it a torch tensor? Asked without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, getattr(torch, "Tensor", ()))


def copied(value):
    """A copy of arrays, tensors, tables, generators of random numbers, and of lists, tuples and dictionaries of these.

    A tensor's copy asks for a gradient if the tensor did, and gets one of its own. Anything else, a model say, is
    given as it is.

    >>> mine = [np.zeros(2)]
    >>> copied(mine)[0][0] = 1.0
    >>> mine
    [array([0., 0.])]
    """
    if is_tensor(value):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if type(value) is np.ndarray and not value.dtype.hasobject:
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(copied(one) for one in value)
    if type(value) is dict:
        return {key: copied(one) for key, one in value.items()}
    if not is_copied(value):
        return value
    try:
        return copy.deepcopy(value)
    except Exception as error:
        raise ValueError(
            f"{type(value).__name__} cannot be copied, so that a function could change yours: give an array or a list."
        ) from error


def is_copied(value):
    """Is it one of the things that are copied for each call?"""
    kinds = (*RANDOM, list, tuple, dict, set, bytearray)
    return is_tensor(value) or isinstance(value, kinds) or hasattr(type(value), "__array__")


def contents(value):
    """What an array, a tensor or a list holds, as something that can be compared; anything else as it is."""
    if is_tensor(value):
        torch = sys.modules["torch"]
        flat = value.detach().to_dense().cpu().contiguous().flatten()
        return tuple(value.shape), value.dtype, flat.view(torch.uint8).numpy().tobytes()  # NaN equals itself
    if isinstance(value, np.ndarray):
        raw = pickle.dumps(value) if value.dtype.hasobject or np.ma.isMaskedArray(value) else value.tobytes()
        return value.shape, value.dtype, raw
    if isinstance(value, list | tuple):
        return [contents(one) for one in value]
    if isinstance(value, dict):
        return {key: contents(one) for key, one in value.items()}
    return value


def has_contents(value):
    """Does it hold numbers of its own, which a function could write into?"""
    return is_tensor(value) or isinstance(value, np.ndarray | list | tuple | dict)


def written(before, after):
    """The names of those arguments that hold something else than before: a list."""
    return [name for name, value in before.items() if has_contents(value) and differ(value, after[name])]


def differ(one, other):
    """Do two arrays, tensors or lists hold different numbers? No, where that cannot be told."""
    try:
        return bool(contents(one) != contents(other))
    except Exception:  # noqa: BLE001 - numbers that cannot be read, of a quantized tensor say
        return False
