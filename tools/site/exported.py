"""What a widget is on a page without a kernel: what it shows, and where its controls are moved, what it shows then."""

import base64
import json
import re
from functools import partial

import numpy as np
from IPython.display import display

from helpers.by_hand.puzzle_catalog import alike
from helpers.by_hand.puzzles import ENOUGH, LARGEST, Board
from helpers.by_hand.slips import ROUGH, from_rough, made_of
from helpers.by_hand.walking import Walk
from helpers.diagram import Diagram
from helpers.diagram.diagram import payload
from helpers.explore.compare import ComparedFunctions
from helpers.explore.comparison import Comparison
from helpers.explore.explorer import Explorer
from helpers.explore.painting import Painting
from helpers.look.annotations import withheld
from helpers.trace import Trace
from tools.site.answers import tables, tried
from tools.site.pieces import number

KIND = "application/vnd.attention-course.page+json"
PRIVATE = {"_module", "_esm", "_css", "layout", "asked", "answered", "presses"}  # a page has its own
SECONDS = re.compile(r" · [\d,]+ (s|tokens/s)\b")
MODULES = {Comparison: "comparison", Diagram: "diagram"}


def install(shell, states=0):
    """Let a kernel say with every widget and every Trace that it shows what that is on a page.

    states: at so many random states it says what Python shows, too.
    """
    shown = shell.display_formatter.formatters["application/json"]
    formatter = type(shown)(parent=shell.display_formatter, format_type=KIND)
    shell.display_formatter.formatters[KIND] = formatter
    shell.display_formatter.active_types = [*shell.display_formatter.active_types, KIND]
    formatter.for_type(Trace, lambda trace: exported(Diagram(trace)))
    for kind in MODULES:
        formatter.for_type(kind, partial(exported, states=states))
    views = []  # of trainings: what a page shows of them is what has come of it when the cell has ended
    formatter.for_type_by_name("helpers.gpt.watching", "View", views.append)  # it imports torch

    def show_views(result):
        for view in dict.fromkeys(views):
            shown = exported(view)
            shown["state"]["rows"] = without_clock(shown["state"]["rows"])
            display({KIND: shown}, raw=True)
        views.clear()

    shell.events.register("post_run_cell", show_views)


def without_clock(rows):
    """The rows of a training without how long it took, which is another time in each run.

    >>> without_clock([[{"kind": "text", "runs": [["", "step 520 of 520 · 29 s · 12,345 tokens/s"]]}]])
    [[{'kind': 'text', 'runs': [['', 'step 520 of 520']]}]]
    """

    def cut(piece):
        return {**piece, "runs": [[tag, SECONDS.sub("", said)] for tag, said in piece["runs"]]}

    return [[cut(piece) if piece["kind"] == "text" else piece for piece in row] for row in rows]


def exported(widget, states=0):
    """Its module, its state and what answers its controls there: what JSON can hold."""
    module = next((name for kind, name in MODULES.items() if isinstance(widget, kind)), "alone")
    state = {name: value for name, value in widget.get_state().items() if name not in PRIVATE and name[0] != "_"}
    found = {"module": module, "state": state}
    if isinstance(widget, Explorer | ComparedFunctions):
        found["tables"] = tables(widget)
        found |= {"tried": tried(widget, found["tables"], states)} if states else {}
        state["rows"] = still(state["rows"], found["tables"]["stops"])
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
    return json.loads(json.dumps(found, default=plain, allow_nan=False))


def still(rows, stops):
    """The rows of an explorer: a control that has a single stop here is a text that says so."""
    alone = {name for name, values in stops.items() if len(values) == 1}
    kept = [[one for one in row if not ("seed" in alone and one["name"] == "new")] for row in rows]
    return [[as_text(one, stops) if one.get("trait") in alone else one for one in row] for row in kept]


def as_text(piece, stops):
    """What a control shows, as words."""
    (value,) = stops[piece["trait"]]
    runs = [["", f"{piece['label']} "], ["b", str(value)], ["", " (it moves in Jupyter only)"]]
    return {"kind": "text", "name": piece["name"], "hidden": piece["hidden"], "runs": runs, "role": ""}


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
    step = trace[name]
    return [] if step.kind == "given" else [number(np.float64(from_rough(trace, step, index, one))) for one in ROUGH]
