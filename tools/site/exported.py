"""What a widget is on a page without a kernel: what it shows, and where its controls are moved, what it shows then."""

import base64
import copy
import json
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from helpers.by_hand.puzzle_catalog import alike
from helpers.by_hand.puzzles import ENOUGH, LARGEST, Board
from helpers.by_hand.slips import made_of, rounded
from helpers.by_hand.walking import Walk
from helpers.diagram import Diagram
from helpers.diagram.diagram import payload
from helpers.explore.compare import ComparedFunctions
from helpers.explore.comparison import SIDES, Comparison, pairs
from helpers.explore.explorer import Explorer
from helpers.explore.painting import Painting
from helpers.look.annotations import withheld
from helpers.trace import Trace
from helpers.trace.differences import differences, told
from helpers.trace.other_numbers import made
from helpers.trace.rules import cell
from tools.site.factored import Factored

KIND = "application/vnd.attention-course.page+json"
SEEDS = 3  # of "New numbers"
FULL = 32  # a whole-numbered slider of so many stops keeps them all
STOPS = 12  # of any other
PRIVATE = {"_module", "_esm", "_css", "layout", "asked", "answered", "presses"}  # a page has its own
SMALL = 1e-9
MODULES = {Comparison: "comparison", Diagram: "diagram"}


def install(shell):
    """Let a kernel say with every widget and every Trace that it shows what that is on a page."""
    shown = shell.display_formatter.formatters["application/json"]
    formatter = type(shown)(parent=shell.display_formatter, format_type=KIND)
    shell.display_formatter.formatters[KIND] = formatter
    shell.display_formatter.active_types = [*shell.display_formatter.active_types, KIND]
    formatter.for_type(Trace, lambda trace: exported(Diagram(trace)))
    for kind in MODULES:
        formatter.for_type(kind, exported)
    formatter.for_type_by_name("helpers.gpt.watching", "View", exported)  # it imports torch


def exported(widget):
    """Its module, its state and what answers its controls there: what JSON can hold."""
    module = next((name for kind, name in MODULES.items() if isinstance(widget, kind)), "alone")
    state = {name: value for name, value in widget.get_state().items() if name not in PRIVATE and name[0] != "_"}
    found = {"module": module, "state": state}
    if isinstance(widget, Explorer | ComparedFunctions):
        found["tables"] = tables(widget)
        state |= dict.fromkeys(
            name for name in ("forward", "forward_a", "forward_b") if name in state
        )  # tables have it
    if isinstance(widget, Board):
        found["puzzle"] = puzzle(widget)
    if isinstance(widget, Painting):
        found["painting"] = painting(widget)
    if isinstance(widget, Walk):
        found["walk"] = walked(widget)
        state["forward"] = None
    return json.loads(json.dumps(found, default=plain))


def plain(value):
    """Bytes and numbers of NumPy as JSON has them."""
    if isinstance(value, bytes | memoryview):
        return {"base64": base64.b64encode(value).decode()}
    return value.tolist()


def painting(widget):
    """Which matrix is painted, and what its buttons put there, by the name of the button."""
    masks = {f"mask{place}": mask for place, mask in enumerate(widget.masks.values())} | {"reset": widget.start}
    return {"mask": widget.mask, "masks": {name: np.ravel(mask).astype(int).tolist() for name, mask in masks.items()}}


def puzzle(board):
    """What tells how well each row of weights does: which cells count, or how close it is to the plain average."""
    empty = np.zeros_like(board.trace["weights"].value)
    if board.puzzle.shares is alike:
        return {"enough": ENOUGH, "largest": LARGEST, "alike": True}
    each = np.array([board.puzzle.shares(one) for one in units(empty)])  # (cells of weights, rows)
    return {"enough": ENOUGH, "largest": LARGEST, "rows": [np.flatnonzero(row).tolist() for row in each.T]}


def units(empty):
    """Matrices of this shape with a single 1: one for each cell."""
    for at in np.ndindex(empty.shape):
        one = empty.copy()
        one[at] = 1
        yield one


def walked(walk):
    """What each stage says, shows and asks, and which numbers are right there."""
    whole, memory, found = walk.whole, walk.memory, []
    for at, stage in enumerate(walk.stages):
        memory.stage, memory.seen = at, set()
        part, asked = walk.part(), stage.asked
        walk.show()
        one = {"rows": walk.rows, "name": stage.name, "asked": asked, "steps": [*part.steps]}
        if asked is not None:
            one["empty"] = [*withheld(part, [stage.name, asked])]
            right = float(whole[stage.name].value[asked])
            one |= {
                "right": number(np.float64(right)),
                "why": whole.why(stage.name, *asked),
                "of": made_of(whole, stage.name, asked),
            }
            one["rounded"] = rough(whole, stage.name, asked)
        found.append(one)
    memory.stage = 0
    walk.show()
    return {"stages": found, "whole": payload(whole)}


def rough(trace, name, index):
    """What comes out where somebody goes on from rounded numbers."""
    sheets = [rounded(trace, digits) for digits in (3, 2)]
    step = trace[name]
    return [] if step.kind == "given" else [float(cell(sheet[name], index, sheet.inputs(step))) for sheet in sheets]


def tables(widget):
    """What an explorer, or a comparison of two functions, shows wherever its controls stand."""
    subjects = [
        copy.copy(one) for one in (widget.subjects if isinstance(widget, ComparedFunctions) else [widget.subject])
    ]
    controls = {name: replace(control) for name, control in widget.controls.items()}
    for subject in subjects:
        subject.controls = {name: controls[name] for name in subject.controls}
    stops = {control.trait: stops_of(control) for control in controls.values()}
    if any(subject.is_seeded for subject in subjects):
        stops["seed"] = [*range(SEEDS)]

    def answer(state):
        for control in controls.values():
            control.start = state[control.trait]
        seen = [made_by(subject, state.get("seed", 0)) for subject in subjects]
        if len(seen) == 1:
            return texts(seen[0])
        found = {f"{side} {key}": text for side, one in zip(SIDES, seen) for key, text in texts(one).items()}
        if all(isinstance(one, Seen) for one in seen):
            found |= {key: json.dumps(value) for key, value in told_of(*(one.trace for one in seen)).items()}
        return found

    start = [getattr(widget, name) for name in stops]
    return Factored(stops, answer, start).sent()


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
    trace, sent = seen.trace, payload(seen.trace)
    found = {"title": trace.title, "opened": sent["opened"], "steps": [*trace.steps], "remarks": seen.remarks}
    found = {key: json.dumps(value) for key, value in found.items()}
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
