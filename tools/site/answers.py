"""What an explorer, or a comparison of two functions, shows wherever its controls stand: pieces for tables."""

import json
import random
import re
from functools import partial

import numpy as np

from helpers.diagram.diagram import payload
from helpers.explore.compare import ComparedFunctions
from helpers.explore.comparison import SIDES, pairs
from helpers.see.calling import calls_in_a_row
from helpers.see.contained import contained
from helpers.trace.differences import differences, told
from tools.site.factored import Factored
from tools.site.pieces import Seen, is_single, texts, written

SEEDS = 3  # of "New numbers"
FULL = 32  # a whole-numbered slider of so many stops keeps them all
STOPS = 12  # of any other
HEAVY = 2_000_000  # letters of an explorer's tables, from which on numbers are rounded to single precision


class Functions:
    """The function of an explorer, or the two of a comparison, wherever their controls stand.

    stops: the values that each control has on a page.
    """

    def __init__(self, widget):
        self.subjects = widget.subjects if isinstance(widget, ComparedFunctions) else [widget.subject]
        self.stops = {control.trait: stops_of(control) for control in widget.controls.values()}
        if any(subject.is_seeded for subject in self.subjects):
            self.stops["seed"] = [*range(SEEDS)]
        self.start = [getattr(widget, name) for name in self.stops]
        self.size = sum(len(one.steps) for one in (widget.traces if len(self.subjects) > 1 else [widget.trace]))
        self.known = {}

    def seen(self, state):
        """What each of them makes where the controls stand so: Seen, or the sentence that an error is."""
        key = (*state.values(),)
        if key not in self.known:
            self.known[key] = [made_by(subject.at(state), state.get("seed", 0)) for subject in self.subjects]
        return self.known[key]

    def answer(self, state):
        """The pieces of what is shown there, by key."""
        seen = self.seen(state)
        if len(seen) == 1:
            return texts(seen[0], self.earlier(state, 0))
        if any(isinstance(one, str) for one in seen):  # both pictures stay then
            seen = [one if isinstance(one, str) else "" for one in seen]
            return {f"{side} error": json.dumps(one) for side, one in zip(SIDES, seen)}
        found = {}
        for place, (side, one) in enumerate(zip(SIDES, seen)):
            found |= {f"{side} {key}": piece for key, piece in texts(one, self.earlier(state, place)).items()}
        return found | {key: json.dumps(value) for key, value in told_of(*(one.trace for one in seen)).items()}

    def earlier(self, state, place):
        """What gives what one of them makes at earlier steps, if it has a control of that name."""
        return partial(self.steps_before, state, place) if "step" in self.stops else None

    def steps_before(self, state, place):
        """The earlier steps, each with its Trace: first the one before, then the others from the first on."""
        steps = [step for step in self.stops["step"] if step < state["step"]]
        for step in steps[-1:] + steps[:-1]:
            seen = self.seen({**state, "step": step})[place]
            if not isinstance(seen, str):
                yield step, seen.trace


@calls_in_a_row()
def tables(widget):
    """What an explorer, or a comparison of two functions, shows wherever its controls stand."""
    functions = Functions(widget)
    found = Factored(functions.stops, functions.answer, functions.start, functions.size, group_of)
    functions.known.clear()
    functions.seen(found.start)  # a function that changes things leaves them as they were
    sent = found.sent(written)
    if sum(map(len, sent["texts"])) <= HEAVY:
        return sent
    return {**found.sent(partial(written, single=True)), "single": True}


def group_of(key):
    """Keys that hang together: a step that is there or not changes those that read it; three tell of one difference."""
    found = re.match(r"(a |b )?(?:forward )?steps?\b|pairs$|first$|told$", key)
    return found and (found[1] or "") + ("step" if "step" in found[0] else "told")


@calls_in_a_row()
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
    functions.known.clear()
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
