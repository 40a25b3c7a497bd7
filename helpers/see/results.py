"""What a function returned, taken apart: one matrix or several, each with a name and the code that takes it out."""

import dataclasses
from itertools import count
from typing import NamedTuple

import numpy as np

from helpers.look.again import again
from helpers.look.sentence import one_line
from helpers.see.numbers import NoNumbers, is_matrix, real_numbers

MOST_RESULTS = 16  # so many matrices stand beside each other; a longer list of matrices of one shape is one stack
DEEPEST = 5  # of tuples in tuples
LONGEST_NAME = 24


class Result(NamedTuple):
    """One of the matrices that came back.

    Its name, its numbers, what stands behind the call to take it out, and the thing that came back.
    """

    name: str
    value: np.ndarray
    path: str
    thing: object


def results(value, taken=()):
    """The matrices in what a function returned, and a remark on each thing beside them that is none: two lists.

    Those of a tuple or of a list are ``out``, ``out₂``, …, those of a dictionary, a named tuple or a dataclass have its
    names. A list of rows is one matrix. taken: names that stand for something else. Raises NoNumbers where there is no
    matrix at all.

    >>> [one.name for one in results((np.eye(2), np.ones((1, 3))))[0]]
    ['out', 'out₂']
    """
    if not is_several(value):
        return [Result("out", real_numbers(value), "", value)], []
    found, remarks, names = [], [], {*taken}
    for name, part, path in apart(value):
        try:
            array = real_numbers(part)
        except NoNumbers as error:
            if part is not None:
                remarks.append(f"what it returns as {path} is not drawn: it is {error.what}")
            continue
        found.append(Result(free(name, names), array, path, part))
        names.add(found[-1].name)
    if not found:
        raise NoNumbers(f"a {type(value).__name__} that holds no matrix", "Return the row or the matrix.")
    if len(found) > MOST_RESULTS:
        remarks.append(f"it returns {len(found)} matrices: the first {MOST_RESULTS} are drawn")
    return found[:MOST_RESULTS], remarks


def is_several(value):
    """Does it hold several results, each to be drawn by itself? Rows of one matrix are no such results."""
    if fields(value) is not None:
        return any(is_matrix(part) or is_several(part) for part in fields(value).values())
    if isinstance(value, tuple):
        return any(is_matrix(part) or fields(part) is not None or is_rows(part) for part in value)
    if not isinstance(value, list) or not value or not all(is_matrix(part) for part in value):
        return False
    shapes = {tuple(part.shape) for part in value}
    return len(shapes) > 1 or (value[0].ndim > 1 and len(value) <= MOST_RESULTS)


def is_rows(value):
    """Is it a list of lists?"""
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)


def apart(value, name="out", path="", depth=0):
    """Name, thing and path of every part of a nest of tuples, lists, dictionaries and dataclasses, in order."""
    named = fields(value)
    if depth == DEEPEST or (named is None and not isinstance(value, tuple) and not is_several(value)):
        yield name, value, path
    elif named is None:
        for at, part in enumerate(value):
            yield from apart(part, name, f"{path}[{at}]", depth + 1)
    else:
        for key, part in named.items():
            step = f"[{one_line(repr(key), LONGEST_NAME)}]" if isinstance(value, dict) else f".{key}"
            own = one_line(key, LONGEST_NAME).strip() if isinstance(key, str) else ""
            yield from apart(part, own or name, path + step, depth + 1)


def fields(value):
    """What a dictionary, a named tuple or a dataclass holds, by its names; None of anything else."""
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None) or structseq(value)
        return {name: getattr(value, name) for name in names} if names else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and not hasattr(value, "__array__"):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    return None


def structseq(value):
    """The names of what ``x.max(dim=1)`` returns: torch makes such tuples in C."""
    if type(value).__module__ != "torch.return_types":
        return []
    return list(type(value).__match_args__)[: len(value)]


def free(name, taken):
    """The name, or the name with the first number that is free: ``free("out", {"out"}) == "out₂"``."""
    return next(one for number in count(1) if (one := again(name, number)) not in taken)
