"""What a widget is on a page without a kernel: what it shows, and where its controls are moved, what it shows then."""

import base64
import copy
import json
from dataclasses import replace

import numpy as np

from helpers.diagram import Diagram
from helpers.diagram.diagram import payload
from helpers.explore.comparison import Comparison
from helpers.explore.explorer import Explorer
from helpers.trace import Trace
from helpers.trace.other_numbers import made
from tools.site.factored import Factored

KIND = "application/vnd.attention-course.page+json"
SEEDS = 3  # of "New numbers"
FULL = 32  # a whole-numbered slider of so many stops keeps them all
STOPS = 12  # of any other
PRIVATE = {"_module", "_esm", "_css", "layout", "asked", "answered", "presses"}  # a page has its own
SMALL = 1e-9


def install(shell):
    """Let a kernel say with every widget and every Trace that it shows what that is on a page."""
    shown = shell.display_formatter.formatters["application/json"]
    formatter = type(shown)(parent=shell.display_formatter, format_type=KIND)
    shell.display_formatter.formatters[KIND] = formatter
    shell.display_formatter.active_types = [*shell.display_formatter.active_types, KIND]
    formatter.for_type(Trace, lambda trace: exported(Diagram(trace)))
    for kind in (Diagram, Comparison):
        formatter.for_type(kind, exported)


def exported(widget):
    """Its module, its state and, of an explorer, its tables: what JSON can hold."""
    module = "comparison" if isinstance(widget, Comparison) else "diagram"
    state = {name: value for name, value in widget.get_state().items() if name not in PRIVATE and name[0] != "_"}
    found = {"module": module, "state": state}
    if isinstance(widget, Explorer):
        found["tables"] = tables(widget)
        state["forward"] = None  # the tables have it
    return json.loads(json.dumps(found, default=plain))


def plain(value):
    """Bytes and numbers of NumPy as JSON has them."""
    if isinstance(value, bytes | memoryview):
        return {"base64": base64.b64encode(value).decode()}
    return value.tolist()


def tables(explorer):
    """What an explorer shows wherever its controls stand."""
    subject = copy.copy(explorer.subject)
    subject.controls = {name: replace(control) for name, control in subject.controls.items()}
    stops = {control.trait: stops_of(control) for control in subject.controls.values()}
    if subject.is_seeded:
        stops["seed"] = [*range(SEEDS)]

    def answer(state):
        for control in subject.controls.values():
            control.start = state[control.trait]
        subject.seed = state.get("seed", 0)
        try:
            seen = subject.seen()
        except Exception as error:  # noqa: BLE001 - what a function raises is what the page says
            return {"error": json.dumps(subject.explained(error))}
        return {"remarks": json.dumps(subject.remarks(seen)), **texts(seen.trace)}

    start = [getattr(explorer, name) for name in stops]
    return Factored(stops, answer, start).sent()


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


def texts(trace):
    """A Trace in pieces, by what they are."""
    sent = payload(trace)
    found = {
        "title": json.dumps(trace.title),
        "opened": json.dumps(sent["opened"]),
        "steps": json.dumps([*trace.steps]),
    }
    for axis, words in sent["tokens"].items():
        found[f"words {axis}"] = json.dumps(words)
    for step, one in zip(trace, sent["steps"]):
        stored = is_stored(step, trace)
        places = [] if step.places is None else np.ravel(step.places).tolist()
        of_table = [] if step.table is None else [np.ravel(part).tolist() for part in step.table]
        apart = ("shape", "tables", "digits")  # what has a key of its own, and what the page finds out
        found[f"step {step.name}"] = json.dumps({**{k: v for k, v in one.items() if k not in apart}, "stored": stored})
        found[f"shape {step.name}"] = json.dumps(step.value.shape)
        if places or of_table:
            found[f"tables {step.name}"] = json.dumps([places] if places else of_table)
        if stored or (places and min(places) < 0):
            found[f"value {step.name}"] = json.dumps([number(value) for value in np.ravel(step.value)])
    return found


def is_stored(step, trace):
    """Are its numbers sent, since they are given, or since the page could not make them?"""
    if step.kind in ("given", "opaque"):
        return True
    with np.errstate(all="ignore"):
        again = made(step, trace)
        apart = np.abs(again - step.value) > SMALL * (1 + np.abs(step.value))
    return bool(apart.any())


def number(value):
    """A number as JSON has it; what JSON has not, as a text. A whole one is shorter as such."""
    value = value.item()
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return int(value) if value == int(value) and not np.signbit(value) else value
