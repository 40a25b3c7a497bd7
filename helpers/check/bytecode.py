"""What a function's code tells without its source: where it returns, and which lines compute no matrix."""

import dis
import re
from itertools import pairwise

SIZES = ("len", "size", "int", "range")  # what is computed by these is a size
NO_ARITHMETIC = ("//", "//=", "[]", "BINARY_SUBSCR", "BINARY_SLICE", "BINARY_FLOOR_DIVIDE", "INPLACE_FLOOR_DIVIDE")


def by_lines(function):
    """What its instructions do, in order: the line, a word, and the local variable or "".

    The word is "LOAD", "STORE", "CONSTANT", "RETURN", "ARITHMETIC" or "".

    One of several Pythons puts two of these into one instruction.
    """
    code = getattr(function, "__code__", None)
    starts, line = dict(dis.findlinestarts(code)) if code else {}, None
    for step in dis.get_instructions(code) if code else ():
        line = starts.get(step.offset, line)
        local = re.findall(r"(LOAD|STORE)_(?:FAST|DEREF|CLOSURE)", step.opname)
        names = step.argval if isinstance(step.argval, tuple) else (step.argval,)
        if local and len(local) == len(names):
            yield from ((line, *pair) for pair in zip(local, names))
        elif step.opname == "LOAD_CONST":
            yield line, "CONSTANT", ""
        elif step.opname == "RETURN_VALUE":
            yield line, "RETURN", ""
        else:
            counts = step.opname.startswith(("BINARY_", "INPLACE_", "UNARY_"))
            counts = counts and not {step.opname, step.argrepr} & {*NO_ARITHMETIC}
            called = step.opname.startswith(("LOAD_METHOD", "LOAD_GLOBAL")) and step.argval not in SIZES
            yield line, "ARITHMETIC" if counts or called else "", ""


def return_line(function):
    """The number of the line that returns; None if there are several."""
    found = {line for line, act, _ in by_lines(function) if act == "RETURN"}
    return found.pop() if len(found) == 1 else None


def read_in(function, line):
    """The variables that a line reads."""
    return {name for at, act, name in by_lines(function) if (at, act) == (line, "LOAD")}


def stores(function):
    """The lines that give a variable a value, in order: (line, variable, is it plain?).

    Plain is another variable's value, or one that is computed: ``wei = scores`` and ``scale = head_size**-0.5``, but
    not ``B, T, C = x.shape`` and ``h = C // heads``.
    """
    steps = [*by_lines(function)]
    counting = {line for line, act, _ in steps if act == "ARITHMETIC"}
    return [
        (line, name, before in ("LOAD", "CONSTANT") or line in counting)
        for (_, before, _), (line, act, name) in pairwise(steps)
        if act == "STORE"
    ]
