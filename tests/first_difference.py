"""Which line of a wrong program is the first whose tensor differs from a right one's: watched line by line.

It is a witness for tests: it knows nothing of recorded calls, and compares the variables of two programs that differ in
one line while they run.
"""

import linecache
import math
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from helpers.check.alike import equal


def typed(name, code):
    """The function that a cell defines, whose source Python can find."""
    file = f"<cell {name} {abs(hash(code))}>"
    linecache.cache[file] = len(code), None, code.splitlines(keepends=True), file
    names = {"np": np, "torch": torch, "nn": nn, "F": F, "math": math}
    exec(compile(code, file, "exec"), names)
    return names[name]


def made_by_lines(function, arguments):
    """Pairs of a line's number and the arrays that it made, by variable; what is returned has the name ""."""
    found, before, line = [], {}, None

    def snapshot(variables):
        return {f"{name}": arrays(value) for name, value in variables.items() if arrays(value) is not None}

    def watch(frame, event, value):
        nonlocal before, line
        if frame.f_code is not function.__code__:
            return None
        now = snapshot(frame.f_locals)
        if line is not None:
            new = {name: one for name, one in now.items() if name not in before or not alike(one, before[name])}
            if event == "return":
                new[""] = arrays(value)
            found.append((line, new))
        before, line = now, frame.f_lineno
        return watch

    sys.settrace(watch)
    try:
        function(*arguments)
    finally:
        sys.settrace(None)
    return found


def arrays(value):
    """A copy of the numbers of a tensor, an array, or several of these; None of anything else."""
    if isinstance(value, torch.Tensor):
        return [value.detach().double().numpy().copy()]
    if isinstance(value, np.ndarray | np.floating):
        return [np.array(value, float)]
    if isinstance(value, tuple | list) and value:
        parts = [arrays(one) for one in value]
        return None if any(one is None for one in parts) else [array for part in parts for array in part]
    return None


def alike(some, others):
    return some is not None and others is not None and len(some) == len(others) and all(map(equal, some, others))


def first_difference(right, wrong, arguments, dropped=None):
    """The number of the first line of ``wrong`` that makes another array than ``right`` does; None if there is none.

    dropped: the number of the line that is missing in it. Raises what one of them raises.
    """
    there = {}
    for line, made in made_by_lines(right, arguments()):
        there.setdefault(line, []).append(made)
    rounds = {}
    for line, made in made_by_lines(wrong, arguments()):
        before = line if dropped is None or line < dropped else line + 1
        number = rounds[line] = rounds.get(line, -1) + 1
        others = there.get(before, [])
        other = others[number] if number < len(others) else {}
        if any(not alike(one, other.get(name)) for name, one in made.items()) or {*other} - {*made}:
            return line
    return None
