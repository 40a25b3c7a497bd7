"""The Diagram widget: sends a Trace to the browser, where the JavaScript beside this file draws it."""

from pathlib import Path

import numpy as np
import traitlets

from helpers.live.bundle import LIVE, STYLE, joined
from helpers.live.live import Live
from helpers.look.annotations import checked_cell, checked_notes, in_words, withheld
from helpers.look.style import AXES, ROLES, THEMES

HERE = Path(__file__).parent
MODULES = (
    "grammar.js",
    "formulas.js",
    "moves.js",
    "tables.js",
    "kinds.js",
    "rules.js",
    "through.js",
    "folding.js",
    "annotations.js",
    "lanes.js",
    "layout.js",
    "digits.js",
    "brush.js",
    "labels.js",
    "paint.js",
    "panel.js",
    "light.js",
    "save.js",
    "cells.js",
    "pointer.js",
    "keys.js",
    "copy.js",
    "copying.js",
    "editor.js",
    "painting.js",
    "sight.js",
    "notes.js",
    "tools.js",
    "unpack.js",
    "diagram.js",
    "ahead.js",
)
DRAWING = [*LIVE, *(HERE / name for name in MODULES)]
CSS = STYLE + (HERE / "diagram.css").read_text(encoding="utf-8")


def module():
    """The JavaScript of the diagram, with that of its controls."""
    return joined([*DRAWING, HERE / "one.js"], CSS)


def payload(trace, blank=None):
    """A Trace as the browser takes it: its steps, and all their numbers as one run of float64 bytes.

    After these come, as int32, the tables of those steps that have some: ``tables`` says how long each is.

    blank: the cell that is asked for, ``["scores", [1, 0]]``. The numbers of its matrix, and of those
    made from it, are not sent: NaN stands in their places.
    """
    blank = blank if blank and blank[0] in trace else None
    empty = withheld(trace, blank)
    steps = [
        {
            **described(step, trace),
            "shape": step.value.shape,
            "digits": step.digits,
            "tables": [one.size for one in tables(step)],
            "blank": step.name in empty,
            "asked": blank[1] if blank and blank[0] == step.name else None,
        }
        for step in trace
    ]
    whole = [np.ascontiguousarray(one, "<i4") for step in trace for one in tables(step)]
    values = [np.full(step.value.shape, np.nan) if step.name in empty else step.value for step in trace]
    chain = f"Diagram of {trace.title}: " + ", ".join(f"{step.name} {step.shape}" for step in trace.shown)
    return {
        "title": trace.title,
        "tokens": {axis: words for axis, words in words_of(trace).items() if words is not None},
        "alt": ". ".join([chain, *in_words({}, blank)]),
        "steps": steps,
        "opened": trace.opened_at_first,
        # one copy: there may be millions
        "values": b"".join([*(np.ascontiguousarray(value, "<f8") for value in values), *whole]),
    }


def described(step, trace):
    """What a page is told of a step, but for its numbers."""
    return {
        "name": step.name,
        "called": step.called,
        "axes": step.axes,
        "whole": step.value.dtype.kind == "i",
        "kind": step.kind,
        "rule": step.rule,
        "inputs": step.inputs,
        "reads": trace.reads(step),
        "role": step.role,
        "code": step.code,
        "factor": step.factor,
        "parameter": step.parameter,
        "hidden": step.hidden,
        "part": step.part,
        "operation": step.operation,
        "sizes": [step.names.get(axis) for axis in step.axes],
    }


def words_of(trace):
    """The words along each axis that is shown; None where it has none."""
    axes = dict.fromkeys(axis for step in trace.shown for axis in step.axes)
    return {axis: trace.words(axis) for axis in axes}


def tables(step):
    """The whole numbers that say which cells a step reads, where no rule does."""
    return [] if step.places is None and step.table is None else [step.places] if step.table is None else step.table


class Diagram(Live):
    """The live diagram of a Trace.

    trace: a Trace; set ``diagram.trace`` to show another one. pinned: a cell that is pinned from the
    start, ``("out", (1, 0))``. notes: what stands over a matrix, ``{"weights": "rows sum to 1"}``; a
    learner's own notes arrive here too, and one whose matrix is gone waits until it is back.
    blank: a cell to ask for, ``("scores", (1, 0))``: it shows a question mark, and the numbers of its
    matrix stay in Python. gradients: a second Trace, which a toggle under the diagram shows instead.
    editable: the names of matrices whose numbers may be typed anew; what is typed arrives in ``typed``, as a
    dictionary of name, index and text, and is left to whoever observes it. paintable: the names of matrices of 0 and 1
    whose cells may be painted; a stroke of the brush arrives in ``stroke``, as a dictionary of name, cells and value.
    opened: the parts of the code that are open, ``[("sa",), ("sa", "sa.heads.0")]``, None for as many as have room;
    buttons under the diagram open and close them.
    error: a sentence shown above the diagram. readout: a line of text there.

    A new trace drops the gradients, which were those of the old one. Change several of these in one
    ``with diagram.hold_sync():`` and the browser gets them at once.

    Raises ValueError for a note on a matrix that is not there, and what ``trace.why`` raises for a
    pinned or blank cell that is not there.

    >>> from helpers.attention import average_past
    >>> shown = Diagram(average_past([[1.0], [3.0]]), pinned=("out", (1, 0)), notes={"out": "means"})
    >>> shown.pinned, shown.notes
    (['out', [1, 0]], {'out': 'means'})
    """

    _module = traitlets.Unicode(module()).tag(sync=True)
    css = CSS
    appearance = traitlets.Dict({"roles": ROLES, "axes": AXES, "themes": THEMES}).tag(sync=True)
    forward = traitlets.Dict().tag(sync=True)
    backward = traitlets.Dict(None, allow_none=True).tag(sync=True)
    pinned = traitlets.List(None, allow_none=True).tag(sync=True)
    notes = traitlets.Dict().tag(sync=True)
    editable = traitlets.List(traitlets.Unicode()).tag(sync=True)
    typed = traitlets.Dict().tag(sync=True)
    paintable = traitlets.List(traitlets.Unicode()).tag(sync=True)
    stroke = traitlets.Dict().tag(sync=True)
    opened = traitlets.List(None, allow_none=True).tag(sync=True)
    blank = traitlets.List(None, allow_none=True)  # it travels with the trace, whose numbers it withholds
    error = traitlets.Unicode().tag(sync=True)
    readout = traitlets.Unicode().tag(sync=True)

    def __init__(self, trace, pinned=None, notes=None, blank=None, gradients=None, opened=None, **options):
        self._trace, self._gradients, self._noted = trace, gradients, {}  # the checks of the traits look into them
        blank = checked_cell(blank, trace)
        sent = {"forward": payload(trace, blank), "backward": None if gradients is None else payload(gradients, blank)}
        notes = {} if notes is None else notes
        super().__init__(pinned=pinned, notes=notes, blank=blank, opened=opened, **sent, **options)
        self.observe(lambda change: self._publish(), "blank")

    @traitlets.validate("pinned", "blank")
    def _check_cell(self, proposal):
        return checked_cell(proposal.value, self._trace)

    @traitlets.validate("notes")
    def _check_notes(self, proposal):
        shown = [step.name for trace in (self._trace, self._gradients) if trace for step in trace.shown]
        self._noted = checked_notes(proposal.value, [*dict.fromkeys([*shown, *self._noted])])
        return self._noted

    @property
    def trace(self):
        """The Trace that is shown."""
        return self._trace

    @trace.setter
    def trace(self, trace):
        with self.hold_sync():
            self._trace, self._gradients = trace, None
            if self.blank and not has(trace, self.blank):
                self.blank = None
            self._publish()

    @property
    def gradients(self):
        """The Trace behind the toggle "Values | Gradients", or None."""
        return self._gradients

    @gradients.setter
    def gradients(self, trace):
        self._gradients = trace
        self._publish()

    def empty(self):
        """Drop what only a page needs: the numbers as bytes."""
        self.forward, self.backward = {}, None

    def fill(self):
        """Have again what a page needs."""
        self.forward = payload(self._trace, self.blank)
        self.backward = None if self._gradients is None else payload(self._gradients, self.blank)

    def _publish(self):
        if self.comm is None:
            return
        with self.hold_sync():
            self.fill()

    def __repr__(self):
        if not self.blank:
            return repr(self._trace)
        name, index = self.blank
        return f"{self._trace.title}\n{self._trace.shapes()}\n{self._trace[name].written(index)[0]} = ?"

    def _repr_mimebundle_(self, **options):
        """The widget, and beside it the still picture for places where no widget lives."""
        data, metadata = super()._repr_mimebundle_(**options)
        picture = still(self._trace, self.opened, self.notes, self.pinned, self.blank)
        return {**data, "text/html": picture.html}, metadata


def still(trace, opened, notes, pinned, blank=None):
    """The picture of a Trace as a diagram shows it: what is folded away has no note and no pin."""
    folded = trace.folded(opened)
    shown = {step.name for step in folded.shown}
    notes = {name: text for name, text in notes.items() if name in shown}
    return folded.picture(notes=notes, blank=blank, pinned=pinned if pinned and has(folded, pinned) else None)


def has(trace, cell):
    """Is there such a cell in the trace?"""
    name, index = cell
    shown = name in trace and not trace[name].hidden
    shape = trace[name].value.shape if shown else ()
    return shown and len(index) == len(shape) and all(i < size for i, size in zip(index, shape))
