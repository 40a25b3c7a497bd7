"""What a function's code tells without its source: where it returns, and which lines compute no matrix."""

import dis

LOCAL = ("FAST", "DEREF", "CLOSURE")


def by_lines(function):
    """Pairs of a line's number and an instruction there, in order; none of what has no code of its own."""
    code = getattr(function, "__code__", None)
    starts, line = dict(dis.findlinestarts(code)) if code else {}, None
    for step in dis.get_instructions(code) if code else ():
        line = starts.get(step.offset, line)
        yield line, step


def is_local(step, what):
    return step.opname.startswith(tuple(f"{what}_{kind}" for kind in LOCAL)) and isinstance(step.argval, str)


def return_line(function):
    """The number of the line that returns; None if there are several."""
    found = {line for line, step in by_lines(function) if step.opname == "RETURN_VALUE"}
    return found.pop() if len(found) == 1 else None


def read_in(function, line):
    """The variables that a line reads."""
    return {step.argval for at, step in by_lines(function) if at == line and is_local(step, "LOAD")}


def plain_lines(function):
    """The lines that give a variable what is another's already, or the result of arithmetic: number by variable.

    ``wei = scores`` and ``scale = head_size**-0.5``, but not ``B, T, C = x.shape`` and ``h = C // heads``.
    """
    steps, found = [*by_lines(function)], {}
    for (_, before), (line, step) in zip(steps, steps[1:]):
        arithmetic = any(at == line and one.opname == "BINARY_OP" and one.argrepr != "//" for at, one in steps)
        if is_local(step, "STORE") and (is_local(before, "LOAD") or arithmetic):
            found[step.argval] = line
    return found
