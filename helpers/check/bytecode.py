"""What a function's code tells without its source: where it returns, and where a variable is just another's name."""

import dis


def by_lines(function):
    """Pairs of a line's number and an instruction there, in order; none of what has no code of its own."""
    code = getattr(function, "__code__", None)
    starts, line = dict(dis.findlinestarts(code)) if code else {}, None
    for step in dis.get_instructions(code) if code else ():
        line = starts.get(step.offset, line)
        yield line, step


def return_line(function):
    """The number of the line that returns; None if there are several."""
    found = {line for line, step in by_lines(function) if step.opname == "RETURN_VALUE"}
    return found.pop() if len(found) == 1 else None


def second_names(function):
    """The lines such as ``wei = scores``, where nothing is computed: number by variable."""
    steps = [*by_lines(function)]
    pairs = [
        (name, line)
        for (_, load), (line, store) in zip(steps, steps[1:])
        if load.opname.startswith("LOAD_") and store.opname.startswith("STORE_") and is_local(load) and is_local(store)
        for name in [store.argval]
    ]
    return {name: line for name, line in pairs if isinstance(name, str)}


def is_local(step):
    return step.opname.partition("_")[2].startswith(("FAST", "DEREF", "CLOSURE"))


def read_in(function, line):
    """The variables that a line reads."""
    return {
        step.argval for at, step in by_lines(function) if at == line and step.opname.startswith("LOAD_") and is_local(step)
    }
