"""Two Traces in one widget: matrices of one name stand together, and the cursor moves in both."""

from html import escape
from pathlib import Path

import numpy as np
import traitlets

from helpers.diagram.diagram import DRAWING, Diagram, payload, still
from helpers.live.bundle import joined
from helpers.live.live import Live
from helpers.look.annotations import checked_cell, checked_notes
from helpers.look.style import AXES, ROLES, THEMES, cell_name
from helpers.trace.differences import differences, told, why_apart

HERE = Path(__file__).parent
SIDES = ("a", "b")
CSS = Diagram.css + (HERE / "comparison.css").read_text(encoding="utf-8")


def module():
    """The JavaScript of a comparison, with that of its two diagrams."""
    return joined([*DRAWING, HERE / "comparison.js"], CSS)


class Comparison(Live):
    """Two Traces, compared. ``compare`` makes it.

    traces: the two; set ``comparison.traces = a, b`` to compare others. pinned, notes, opened: as those of a Diagram,
    in both. ``differences`` are those of all matrices that can be compared, in the order of the first Trace;
    ``first_difference`` is the first that is more than rounding, or None. ``told`` says so in sentences.
    """

    _module = traitlets.Unicode(module()).tag(sync=True)
    css = CSS
    appearance = traitlets.Dict({"roles": ROLES, "axes": AXES, "themes": THEMES}).tag(sync=True)
    forward_a = traitlets.Dict().tag(sync=True)
    forward_b = traitlets.Dict().tag(sync=True)
    error_a = traitlets.Unicode().tag(sync=True)
    error_b = traitlets.Unicode().tag(sync=True)
    readout_a = traitlets.Unicode().tag(sync=True)
    readout_b = traitlets.Unicode().tag(sync=True)
    titles = traitlets.List(traitlets.Unicode()).tag(sync=True)
    pairs = traitlets.Dict().tag(sync=True)  # of each matrix: what its difference is, where, and whether there is one
    first = traitlets.Unicode().tag(sync=True)  # the name of the first matrix that differs
    told = traitlets.Unicode().tag(sync=True)
    pinned = traitlets.List(None, allow_none=True).tag(sync=True)
    notes = traitlets.Dict().tag(sync=True)
    opened = traitlets.List(None, allow_none=True).tag(sync=True)

    def __init__(self, a, b, *, pinned=None, notes=None, **options):
        self._traces, self._noted = (a, b), {}  # the checks of the traits look into them
        super().__init__(**{"titles": [a.title, b.title], **self._sent(), **options})
        self.notes = {} if notes is None else notes
        self.pinned = pinned

    @property
    def traces(self):
        """The two Traces that are shown."""
        return self._traces

    @traces.setter
    def traces(self, traces):
        a, b = traces
        self._traces = a, b
        self.fill()
        if self.comm is None:
            self.empty()

    @property
    def first_difference(self):
        """The Difference of the first matrix that differs by more than rounding, or None."""
        return next((one for one in self.differences if one.beyond), None)

    def empty(self):
        """Drop what only a page needs: the numbers as bytes."""
        self.forward_a, self.forward_b = {}, {}

    def fill(self):
        """Have again what a page needs."""
        with self.hold_sync():
            for name, value in self._sent().items():
                setattr(self, name, value)

    def _sent(self):
        """What the page gets to know of the two."""
        a, b = self._traces
        self.differences = differences(a, b)
        first = self.first_difference
        closed = pairs(a.folded([]), b.folded([])) if a.parts or b.parts else {}
        return {
            "forward_a": payload(a),
            "forward_b": payload(b),
            "pairs": closed | pairs(a, b, self.differences),
            "first": first.name if first else "",
            "told": told(a, b, self.differences),
        }

    @traitlets.validate("pinned")
    def _check_cell(self, proposal):
        a, b = self._traces
        known = proposal.value and any(proposal.value[0] in one for one in (a, b))
        return checked_cell(proposal.value, b if known and proposal.value[0] not in a else a)

    @traitlets.validate("notes")
    def _check_notes(self, proposal):
        shown = [step.name for one in self._traces for step in one.shown]
        self._noted = checked_notes(proposal.value, [*dict.fromkeys([*shown, *self._noted])])
        return self._noted

    def __repr__(self):
        return "\n".join([*(f"{side}: {one!r}" for side, one in zip(SIDES, self._traces)), self.told])

    def _repr_mimebundle_(self, **options):
        """The widget, and beside it the two still pictures for places where no widget lives."""
        data, metadata = super()._repr_mimebundle_(**options)
        shown = [f"<p>{escape(self.told)}</p>"]
        for side, title, trace in zip(SIDES, self.titles, self._traces):
            picture = still(trace, self.opened, self.notes, self.pinned)
            shown.append(f"<p><b>{side}</b> {escape(title)}</p>{picture.html}")
        return {**data, "text/html": "".join(shown)}, metadata


def pairs(a, b, found=None):
    """What the page says of every matrix of two Traces, by name. found: their differences, if known."""
    paired = {one.name: pair(one) for one in (differences(a, b) if found is None else found)}
    names = [step.name for one in (a, b) for step in one.shown]
    return {name: paired.get(name) or unpaired(name, a, b) for name in names}


def pair(one):
    """What the page says of a Difference, where it stands, and whether it is one."""
    where = f" at {cell_name('', one.index)}" if one.index else ""
    size = f"up to {one.size}{where}" if np.isfinite(one.largest) else f"differs{where}"
    note = size if one.beyond else "equal, but for rounding" if one.largest else "equal"
    return {"note": note, "cell": [*one.index] if one.beyond else None, "alike": True, "beyond": one.beyond}


def unpaired(name, a, b):
    """What the page says of a matrix that cannot be compared."""
    both = all(name in one and not one[name].hidden for one in (a, b))
    note = f"{a[name].shape} in a" if both else why_apart(name, a, b).removeprefix("is ")
    return {"note": note, "cell": None, "alike": False}
