"""What an explorer, or a comparison of two functions, shows wherever its controls stand: pieces for tables."""

import copy
import json
import random
import re
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from helpers.diagram.diagram import outline, payload, words_of
from helpers.explore.compare import ComparedFunctions
from helpers.explore.comparison import SIDES, pairs
from helpers.see.contained import contained
from helpers.trace import Trace
from helpers.trace.differences import differences, told
from helpers.trace.other_numbers import made
from tools.site.factored import Factored

SEEDS = 3  # of "New numbers"
FULL = 32  # a whole-numbered slider of so many stops keeps them all
STOPS = 12  # of any other
HEAVY = 2_000_000  # letters of an explorer's tables, from which on numbers are rounded to single precision
SMALL = 1e-9
SMALL_SINGLE = 1e-5  # of numbers in single precision


class Functions:
    """The function of an explorer, or the two of a comparison, with controls that no page sees.

    stops: the values that each control has on a page.
    """

    def __init__(self, widget):
        subjects = widget.subjects if isinstance(widget, ComparedFunctions) else [widget.subject]
        self.subjects = [copy.copy(one) for one in subjects]
        self.controls = {name: replace(control) for name, control in widget.controls.items()}
        for subject in self.subjects:
            subject.controls = {name: self.controls[name] for name in subject.controls}
        self.stops = {control.trait: stops_of(control) for control in self.controls.values()}
        if any(subject.is_seeded for subject in self.subjects):
            self.stops["seed"] = [*range(SEEDS)]
        self.start = [getattr(widget, name) for name in self.stops]
        self.size = sum(len(one.steps) for one in (widget.traces if len(subjects) > 1 else [widget.trace]))

    def seen(self, state):
        """What each of them makes where the controls stand so: Seen, or the sentence that an error is."""
        for control in self.controls.values():
            control.start = state[control.trait]
        return [made_by(subject, state.get("seed", 0)) for subject in self.subjects]

    def answer(self, state):
        """The pieces of what is shown there, by key."""
        seen = self.seen(state)
        if len(seen) == 1:
            return texts(seen[0])
        if any(isinstance(one, str) for one in seen):  # both pictures stay then
            seen = [one if isinstance(one, str) else "" for one in seen]
            return {f"{side} error": json.dumps(one) for side, one in zip(SIDES, seen)}
        found = {f"{side} {key}": text for side, one in zip(SIDES, seen) for key, text in texts(one).items()}
        return found | {key: json.dumps(value) for key, value in told_of(*(one.trace for one in seen)).items()}


def tables(widget):
    """What an explorer, or a comparison of two functions, shows wherever its controls stand."""
    functions = Functions(widget)
    found = Factored(functions.stops, functions.answer, functions.start, functions.size, group_of)
    functions.seen(found.start)  # a function that changes things leaves them as they were
    sent = found.sent(written)
    if sum(map(len, sent["texts"])) <= HEAVY:
        return sent
    return {**found.sent(partial(written, single=True)), "single": True}


def group_of(key):
    """Keys that hang together: a step that is there or not changes those that read it; three tell of one difference."""
    found = re.match(r"(a |b )?steps?\b|pairs$|first$|told$", key)
    return found and (found[1] or "") + ("step" if "step" in found[0] else "told")


def tried(widget, tables, many):
    """What Python shows at some random states, for those who compare: pairs of a state, and for each function its
    Trace, as the browser takes it, its remarks and whether it is in single precision, or the sentence that an error is.
    """
    functions, chance, found = Functions(widget), random.Random(0), []
    start = dict(zip(functions.stops, functions.start))
    for _ in range(many):
        state = {name: chance.choice(values) for name, values in tables["stops"].items()}
        seen = functions.seen(state)
        found.append([state, [one if isinstance(one, str) else whole(one, tables) for one in seen]])
    functions.seen(start)
    return found


def whole(seen, tables):
    return [payload(seen.trace), seen.remarks, "single" in tables or is_single(seen.trace)]


def told_of(a, b):
    """What a comparison of two Traces says."""
    apart = differences(a, b)
    closed = pairs(a.folded([]), b.folded([])) if a.parts or b.parts else {}
    first = next((one.name for one in apart if one.beyond), "")
    return {"pairs": closed | pairs(a, b, apart), "first": first, "told": told(a, b, apart)}


class Seen(NamedTuple):
    """What a function made of its arguments, and what is said of it."""

    trace: Trace
    remarks: list


def made_by(subject, seed):
    """What a Subject makes where its controls stand: Seen, or the sentence that an error is."""
    subject.seed = seed
    try:
        with contained():
            seen = subject.seen()
    except Exception as error:  # noqa: BLE001 - what a function raises is what the page says
        return subject.explained(error)
    return Seen(seen.trace, subject.remarks(seen))


def stops_of(control):
    """The values that a control has on a page."""
    if not hasattr(control, "min"):
        return [False, True] if isinstance(control.value, bool) else [control.value]
    if control.digits == 0 and control.max - control.min < FULL:
        return [*range(control.min, control.max + 1)]
    even = (
        np.linspace(control.min, control.max, STOPS)
        if control.digits
        else np.geomspace(max(control.min, 1), control.max, STOPS)
    )
    rounded = {round(value / control.step) * control.step for value in even.tolist()}
    found = sorted({round(value, control.digits) for value in rounded} | {control.min, control.value, control.max})
    return [float(value) if control.digits else int(value) for value in found if control.min <= value <= control.max]


def texts(seen):
    """What a function made, in pieces, by what they are."""
    if not isinstance(seen, Seen):
        return {"error": json.dumps(seen)}
    trace, single = seen.trace, is_single(seen.trace)
    opened = trace.opened_at_first
    said = {"error": "", "remarks": seen.remarks, "title": trace.title, "opened": opened, "single": single}
    found = {key: json.dumps(value) for key, value in {**said, "steps": [*trace.steps]}.items()}
    found |= {f"words {axis}": json.dumps(words) for axis, words in words_of(trace).items()}
    for step in trace:
        found[f"step {step.name}"] = json.dumps(outline(step, trace))
        found[f"factor {step.name}"] = json.dumps(step.factor)
        found |= {f"size {i} {step.name}": str(size) for i, size in enumerate(step.value.shape)}
        found |= {f"{key} {step.name}": piece for key, piece in numbers_of(step, trace, single).items()}
    return found


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
    if step.kind in ("given", "opaque"):
        return True
    if not step.seen:  # its rule has made them
        return False
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
