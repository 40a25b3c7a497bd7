"""What a function made, in pieces, and what is said of each matrix: what a page puts together again."""

import json
from typing import NamedTuple

import numpy as np

from helpers.diagram.diagram import described, words_of
from helpers.trace import Trace
from helpers.trace.other_numbers import made
from tools.site.factored import close

SMALL = 1e-9
SMALL_SINGLE = 1e-5  # of numbers in single precision
BEFORE = "_before"  # what a matrix is called that an earlier step of the same computation has left


class Seen(NamedTuple):
    """What a function made of its arguments, and what is said of it."""

    trace: Trace
    remarks: list


def texts(seen, earlier):
    """What a function made, in pieces, by what they are. earlier: gives earlier steps with their Traces; or None."""
    if not isinstance(seen, Seen):
        return {"error": json.dumps(seen)}
    trace = seen.trace
    said = {"error": "", "remarks": seen.remarks, "title": trace.title, "opened": trace.opened_at_first}
    said |= {f"words {axis}": words for axis, words in words_of(trace).items()}
    found = {key: json.dumps(value) for key, value in said.items()} | steps_of(trace, left_by(trace, earlier))
    if trace.forward is not None:
        found |= {f"forward {key}": piece for key, piece in steps_of(trace.forward, {}).items()}
    return found


def steps_of(trace, left):
    """The steps of a Trace, in pieces. left: what is known of where some given matrices come from, by name."""
    single = is_single(trace)
    found = {"single": json.dumps(single), "steps": json.dumps([*trace.steps])}
    for step in trace:
        told = described(step, trace)
        found[f"factor {step.name}"] = json.dumps(told.pop("factor"))  # it changes where nothing else does
        found[f"step {step.name}"] = json.dumps(told)
        found |= {f"size {axis}": str(size) for axis, size in zip(step.axes, step.value.shape)}
        if step.name in left:
            found |= {f"tables {step.name}": "null", f"value {step.name}": json.dumps(left[step.name])}
        else:
            found |= {f"{key} {step.name}": piece for key, piece in numbers_of(step, trace, single).items()}
    return found


def left_by(trace, earlier):
    """Where given matrices come from that were made before: by name, of which matrix, and of which step."""
    given = [step for step in trace if step.kind == "given"]
    forward = {} if trace.forward is None else trace.forward.steps
    found = {step.name: {"of": step.name} for step in given if is_of(forward, step)}
    left = [step for step in given if step.name.endswith(BEFORE)]
    return found | left_before(left, given, earlier) if left and earlier else found


def is_of(forward, step):
    """Is it a matrix of the way forward?"""
    return step.name in forward and forward[step.name].value is step.value


def left_before(steps, given, earlier):
    """What an earlier step has left: ``{"m_before": {"of": "m", "step": 3}}``, or 0 and −∞, from which it begins:
    ``{"l_before": {"filled": 0}}``. Nothing where they come from elsewhere.
    """
    first = {step.name: step.value.flat[0] for step in steps}
    if all(first[step.name] in (0, -np.inf) and (step.value == first[step.name]).all() for step in steps):
        return {name: {"filled": number(one)} for name, one in first.items()}
    of, found = {step.name: step.name.removesuffix(BEFORE) for step in steps}, None
    for i, (at, trace) in enumerate(earlier()):
        if all(has(trace, of[step.name], step.value) for step in steps):
            found = at
        if found is not None if i == 0 else all(has(trace, step.name, step.value) for step in given):
            break  # it is the step before, or one that shows the same as this one, as do those between them
    return {} if found is None else {name: {"of": one, "step": found} for name, one in of.items()}


def has(trace, name, value):
    """Has a Trace these numbers, but for their last bits, under this name?"""
    there = trace[name].value if name in trace else np.empty(0)
    return close(there, value, rtol=SMALL, atol=SMALL)


def numbers_of(step, trace, single):
    """What the numbers of a step are made of, in pieces: the numbers themselves where no rule makes them."""
    if step.places is None:
        table = "null" if step.table is None else json.dumps([np.ravel(part).tolist() for part in step.table])
        return {"tables": table, "value": step.value if is_stored(step, trace, single) else "null"}
    if (found := strides_of(step.places)) is None:
        found = {"tables": json.dumps([np.ravel(step.places).tolist()])}
    empty = step.places < 0  # these cells are filled in
    return {**found, "value": np.where(empty, step.value, 0), "empty": empty.astype(int)}


def strides_of(places):
    """How a view walks through the numbers of its source: where it begins, and a step along each axis; or None."""
    kept = np.argwhere(places >= 0)
    if not len(kept):
        return {}
    first, steps = tuple(kept[0]), []
    for axis in range(places.ndim):
        one, other = (np.take(places, range(side, places.shape[axis] - 1 + side), axis) for side in (0, 1))
        apart = (other - one)[(one >= 0) & (other >= 0)]
        steps.append(int(apart[0]) if apart.size else None)
    walk = [step or 0 for step in steps]
    start = int(places[first] - np.dot(walk, first))
    if any(places[tuple(index)] != start + np.dot(walk, index) for index in kept):
        return None
    strides = {f"stride {axis}": str(step) for axis, step in enumerate(steps) if step is not None}
    return {"offset": str(start), **strides}


def is_stored(step, trace, single):
    """Are its numbers sent, since they are given, or since the page could not make them?"""
    if step.kind in ("given", "opaque") or not step.seen:  # what was not seen in a run is made by its rule
        return step.kind in ("given", "opaque")
    small = SMALL_SINGLE if single else SMALL
    with np.errstate(all="ignore"):
        apart = np.abs(made(step, trace) - step.value) > small * (1 + np.abs(step.value))
    return bool(apart.any())


def is_single(trace):
    """Were its matrices made in single precision, as those of PyTorch mostly are?"""
    return any(step.seen for step in trace) and all(
        np.array_equal(step.value, step.value.astype(np.float32), equal_nan=True) for step in trace if step.value.ndim
    )


def written(array, single=False):
    """An array as JSON has it; one in single precision with no more digits than tell its numbers apart."""
    single = single or np.array_equal(array, array.astype(np.float32), equal_nan=True)
    short = [float(str(one)) for one in array.astype(np.float32).flat] if single else array.flat
    numbers = [number(np.float64(one)) for one in short]
    return json.dumps({"shape": array.shape, "single": single, "numbers": numbers})


def number(value):
    """A number as JSON has it; what JSON has not, as a text. A whole one is shorter as such."""
    value = value.item()
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return int(value) if value == int(value) and not np.signbit(value) else value
