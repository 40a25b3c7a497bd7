"""The same computation with other numbers."""

from dataclasses import replace

import numpy as np

from helpers.look.given import told
from helpers.trace import rules
from helpers.trace.arrays import as_array
from helpers.trace.grammar import parse
from helpers.trace.kinds import KINDS
from helpers.trace.trace import Trace


def with_values(trace, values):
    """The Trace of the same computation, had some of its matrices other numbers.

    values: arrays by name, of the shapes that are there. Such a matrix is a given one then, whatever made it before;
    what is made of it is computed again by its rules, all else stays. Raises UnknownName for a matrix that is not in
    the trace, and ValueError for another shape and where no rule says what follows.

    >>> from helpers.attention import average_past
    >>> before = average_past([[1.0, 2.0], [3.0, 6.0]])
    >>> with_values(before, {"x": [[0.0, 0.0], [3.0, 6.0]]}).why("out", t=1, c=0)
    out[1,0] = (x[0,0] + x[1,0]) / 2 = (0 + 3) / 2 = 1.5
    """
    values = {name: fitting(trace[name], value) for name, value in values.items()}
    changed = Trace(trace.title, trace.tokens)
    for step in trace:
        if step.name in values:
            code = step.code if step.kind == "given" else ""  # that line makes other numbers
            step = replace(step.as_given(), value=values[step.name], code=code)
        elif any(changed[name].value is not trace[name].value for name in step.inputs):
            step = replace(step, value=made(step, changed))
        changed.adopt(step)
    return changed


def fitting(step, value):
    """The numbers that a step gets, as an array. Raises ValueError where they have another shape."""
    value = as_array(step.name, value)
    if value.shape != step.value.shape:
        raise ValueError(f"{step.name} has shape {step.shape}; you gave {told(value.shape)}.")
    return value


def made(step, trace):
    """The numbers of a step, made anew of those that its inputs have in a trace."""
    kind, sources = KINDS[step.kind], trace.inputs(step)
    arrays = [source.value for source in sources]
    if kind.ruled:
        sizes = zip(step.axes, step.value.shape)
        made = {axis: size for axis, size in sizes if axis in kind.makes(parse(step.rule))}
        return rules.evaluate(step.kind, step.rule, arrays, step.factor, step.name, step.inputs, **made)
    if step.kind == "move":
        flat = np.concatenate([np.ravel(array) for array in arrays])
        return np.where(step.places < 0, step.value, flat[step.places])
    if step.kind == "scatter":
        return np.array([kind.cell(step, at, sources) for at in np.ndindex(step.value.shape)]).reshape(step.value.shape)
    raise ValueError(f"{step.name} is made by {step.operation}: what follows from other numbers is not known.")
