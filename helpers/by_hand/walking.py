"""A walk through a Trace: one stage after the other, and at each one number to work out before it is shown.

Importing this module imports neither torch nor matplotlib.
"""

import hashlib
from dataclasses import dataclass, field
from html import escape

import ipywidgets as widgets
import numpy as np

from helpers.by_hand.slips import diagnose
from helpers.by_hand.stages import plan
from helpers.diagram import Diagram
from helpers.trace.trace import Trace

MOST = 24  # walks that are alive at once
PLAIN = 'class="mathjax_ignore tex2jax_ignore"'  # a dollar sign that was typed begins no formula
ROW = {"flex_flow": "row wrap", "align_items": "center", "grid_gap": "2px 10px"}


@dataclass
class Memory:
    """How far somebody came. stage: which one is seen; typed: a text by stage; seen: the stages that are no longer
    blank.
    """

    stage: int = 0
    typed: dict = field(default_factory=dict)
    seen: set = field(default_factory=set)


memories, alive = {}, {}  # by what is walked through, so that a cell that is run again goes on where it was


def walk(trace, stages=None, ask=None, key=None):
    """Build up a Trace stage by stage; at each stage one number is asked for before the matrix is filled in.

    stages: the names of the steps to stop at, all that are shown if left out; or a dictionary from names to sentences.
    ask: the cells to ask for, ``{"scores": (1, 0)}``, None for a stage without a question; where it names none, the
    cell in the last row that most numbers go into, if these are not too many. What no rule describes is not asked for.
    key: any text, to have two walks through the same numbers.

    Returns a Walk. Run again with the same numbers, it returns the same one, with all that was typed.
    Raises TypeError for something that is no Trace, ValueError for a stage or a question that the trace has no
    step for, and what ``trace.index`` raises.

    >>> from helpers.attention import average_matmul
    >>> walk(average_matmul([[1.0], [3.0]]), ask={"out": (1, 0)})
    walk, stage 1 of 3: what you start with
    average_matmul
    x     (T=2, C=1)
    tril  (T=2, T=2)  tril = torch.tril(torch.ones(T, T))
    tril =
         1.000   0.000
         1.000   1.000
    """
    if not isinstance(trace, Trace):
        raise TypeError(
            f"trace is of type {type(trace).__name__}; wanted a Trace, such as head(x, Wq, Wk, Wv) returns."
        )
    stops = plan(trace, stages, ask or {})
    place = key, fingerprint(trace), tuple((stop.name, stop.asked) for stop in stops)
    found = alive.pop(place, None)
    if found is None or found.comm is None:  # never made, or closed since
        found = Walk(trace, stops, memories.setdefault(place, Memory()))
    else:
        found.trace, found.stages = trace, stops
        found.show()
    alive[place] = found
    while len(alive) > MOST:
        close(alive.pop(next(iter(alive))))
    return found


class Walk(widgets.VBox):
    """What ``walk`` returns: the ``trace``, its ``stages``, the ``diagram``, and a ``memory`` of what was done."""

    def __init__(self, trace, stages, memory):
        self.trace, self.stages, self.memory, self.showing = trace, stages, memory, False
        self.back = button("Back", "The stage before", lambda: self.go(-1))
        self.next = button("Next", "The next stage; this one is filled in", lambda: self.go(1))
        self.restart = button("Reset", "Forget what was typed, and begin again", self.reset)
        self.check = button("Check", "Is it right? Enter checks, too", lambda: self.answer(pressed=True))
        self.reveal = button("Show me", "Fill in this stage", self.fill_in)
        self.where, self.meaning = widgets.HTML(), widgets.HTML()
        self.said = widgets.HTML(layout={"min_height": "28px"})  # the diagram below stays where it is
        self.box = widgets.Text(
            continuous_update=False,
            placeholder="0.73, −2, 1/2 or −inf",
            style={"description_width": "initial"},
            layout={"width": "400px"},
        )
        # Enter, or to leave the box. Where the text is still the one that was checked, its answer still stands there.
        self.box.observe(lambda change: self.answer(), "value")
        self.turn = widgets.VBox([widgets.HBox([self.box, self.check, self.reveal], layout=ROW), self.said])
        self.diagram = Diagram(Trace(trace.title))
        super().__init__(
            [
                widgets.HBox([self.back, self.next, self.restart, self.where], layout=ROW),
                self.meaning,
                self.turn,
                self.diagram,
            ]
        )
        self.show()

    @property
    def stage(self):
        """The Stage that is seen."""
        return self.stages[self.memory.stage]

    @property
    def is_filled_in(self):
        """Is the stage filled in?"""
        return self.stage.asked is None or self.stage.name in self.memory.seen

    def go(self, steps):
        """So many stages on, or back; a stage that is left behind is filled in."""
        if steps > 0:
            self.memory.seen.add(self.stage.name)
        self.memory.stage = min(max(self.memory.stage + steps, 0), len(self.stages) - 1)
        self.show()

    def fill_in(self):
        """Fill in the stage."""
        self.memory.seen.add(self.stage.name)
        self.show()

    def reset(self):
        """Forget what was typed and shown, and begin again."""
        self.memory.stage = 0
        self.memory.typed.clear()
        self.memory.seen.clear()
        self.show()

    def answer(self, pressed=False):
        """Keep what stands in the box, and say whether it is right; if it is, the stage is filled in."""
        if self.showing or self.stage.asked is None:
            return
        self.memory.typed[self.stage.name] = self.box.value
        if diagnose(self.trace, self.stage.name, self.stage.asked, self.box.value).right:
            self.memory.seen.add(self.stage.name)
        self.show(pressed)

    def show(self, pressed=False):
        """Bring everything on the page in line with the memory."""
        self.showing = True  # the box is filled here, not by a learner
        name, sentence, asked = self.stage
        last = len(self.stages) - 1
        self.back.disabled, self.next.disabled = self.memory.stage == 0, self.memory.stage == last
        code = escape(self.trace[name].code) if name in self.trace else ""
        self.where.value = (
            f"<span {PLAIN}><b>Stage {self.memory.stage + 1} of {last + 1}: {escape(name)}</b> &emsp; "
            f"<code>{code}</code></span>"
        )
        self.meaning.value = f"<div {PLAIN}>{escape(sentence)}</div>"
        self.turn.layout.display = "none" if asked is None else None
        if asked is not None:
            self.box.description = f"Your turn: what is {self.trace[name].written(asked)[0]}?"
            self.box.value = self.memory.typed.get(name, "")
            self.reveal.disabled = self.is_filled_in
            # What is new in a page is read out if it has this role.
            self.said.value = f'<div role="alert" {PLAIN}>{escape(self.words(pressed))}</div>'
        with self.diagram.hold_sync():
            self.diagram.opened = self.opened
            self.diagram.value = self.part()
            self.diagram.blank = None if self.is_filled_in else [name, asked]
            self.diagram.pinned = [name, asked] if self.is_filled_in and asked is not None else None
        self.showing = False

    def words(self, pressed):
        """The line under the question: what the typed number tells, and how the cell is made once it may be seen."""
        name, _, asked = self.stage
        typed = self.memory.typed.get(name, "")
        told = [diagnose(self.trace, name, asked, typed).sentence] if typed or pressed else []
        return " ".join(told + [self.trace.why(name, *asked)] * self.is_filled_in)

    @property
    def opened(self):
        """The parts of the code that are open: those that have room, and those around a stage that was chosen."""
        if not self.trace.parts:
            return None
        folded = self.trace.folded()
        chosen = [self.trace[name].part for name, *_ in self.stages[1:] if folded[name].hidden]
        around = [path[:depth] for path in chosen for depth in range(1, len(path) + 1)]
        return [list(path) for path in dict.fromkeys([*self.trace.opened_at_first, *around])]

    def part(self):
        """The trace as far as this stage: what is given, the steps up to here, and the hidden ones between these."""
        folded, names = self.trace.folded(self.opened), list(self.trace.steps)
        far = names.index(self.stage.name) if self.stage.name in names else -1
        kept = {name for at, name in enumerate(names) if folded[name].kind == "given" or at <= far}
        left, needed = [name for name in kept if not folded[name].hidden], set()
        while left:
            name = left.pop()
            if name not in needed:
                needed.add(name)
                left += folded[name].inputs
        return Trace(self.trace.title, self.trace.tokens, {name: folded[name] for name in names if name in needed})

    def __repr__(self):
        return f"walk, stage {self.memory.stage + 1} of {len(self.stages)}: {self.stage.name}\n{self.diagram!r}"

    def _repr_mimebundle_(self, **options):
        """The walk, and beside it the still picture for places where no widget lives."""
        still = self.diagram._repr_mimebundle_(**options)[0]
        return {**super()._repr_mimebundle_(**options), "text/plain": repr(self), "text/html": still["text/html"]}


def fingerprint(trace):
    """The same for two traces with the same title, names, shapes and numbers."""
    found = hashlib.sha256(
        repr((trace.title, [(step.name, step.value.shape) for step in trace])).encode("utf-8", "replace")
    )
    for step in trace:
        found.update(step.value.astype(np.float64).tobytes())
    return found.hexdigest()


def button(text, tooltip, action):
    """A button that does something."""
    made = widgets.Button(description=text, tooltip=tooltip, layout={"width": "auto"})
    made.on_click(lambda _: action())
    return made


def close(widget):
    """Close a widget with all that it is made of."""
    for part in [*getattr(widget, "children", ()), widget.layout, getattr(widget, "style", None)]:
        if isinstance(part, widgets.DOMWidget):
            close(part)
        elif part is not None:
            part.close()
    widget.close()
