"""The Diagram widget: sends a Trace to the browser, where the JavaScript beside this file draws it."""

import re
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from helpers.style import AXES, ROLES, THEMES

HERE = Path(__file__).parent
MODULES = ("rules.js", "layout.js", "paint.js", "panel.js", "light.js", "save.js", "diagram.js")


def module():
    """The JavaScript modules as one: a widget's module cannot import files beside it."""
    imports = re.compile(r'^import [^;]*;\n', re.MULTILINE)
    return "\n".join(imports.sub("", (HERE / name).read_text(encoding="utf-8")) for name in MODULES)


def payload(trace):
    """A Trace as the browser takes it: its steps, and all their numbers as one run of float64 bytes."""
    steps = [
        {"name": step.name, "axes": step.axes, "shape": step.value.shape, "kind": step.kind, "rule": step.rule,
         "inputs": step.inputs, "role": step.role, "code": step.code, "factor": step.factor, "digits": step.digits,
         "parameter": step.parameter}
        for step in trace
    ]
    values = np.concatenate([np.zeros(0), *(step.value.ravel() for step in trace)])
    return {"title": trace.title, "tokens": trace.tokens, "steps": steps, "values": values.astype("<f8").tobytes()}


class Diagram(anywidget.AnyWidget):
    """The live diagram of a Trace.

    trace: a Trace; set ``diagram.value`` to show another one. pinned: a cell that is pinned from the
    start, ``("out", (1, 0))``. error: a sentence shown above the diagram. readout: a line of text there.

    >>> from helpers.attention import average_past
    >>> Diagram(average_past([[1.0], [3.0]]), pinned=("out", (1, 0))).pinned
    ['out', [1, 0]]
    """

    _esm = module()
    _css = (HERE / "diagram.css").read_text(encoding="utf-8")
    appearance = traitlets.Dict({"roles": ROLES, "axes": AXES, "themes": THEMES}).tag(sync=True)
    trace = traitlets.Dict().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    pinned = traitlets.List(None, allow_none=True).tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    readout = traitlets.Unicode().tag(sync=True)

    def __init__(self, trace, pinned=None, **options):
        self._value = trace  # the check of pinned looks into it
        super().__init__(pinned=pinned, **options)
        self.value = trace

    @traitlets.validate("pinned")
    def _check_pinned(self, proposal):
        """A cell of the trace, counted from 0; raises what ``trace.why`` raises where there is no such cell."""
        if not proposal.value:
            return None
        name, index = proposal.value
        return [name, list(self._value.index(name, *index))]

    @property
    def value(self):
        """The Trace that is shown."""
        return self._value

    @value.setter
    def value(self, trace):
        self._value = trace
        with self.hold_sync():
            self.alt = f"Diagram of {trace.title}: " + ", ".join(f"{step.name} {step.shape}" for step in trace)
            self.trace = payload(trace)

    def __repr__(self):
        return repr(self._value)

    def _repr_mimebundle_(self, **options):
        """The widget, and beside it the still picture for places where no widget lives."""
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        still = self._value.picture()
        return {**data, "text/plain": repr(self), "text/html": still.html}, metadata
