"""A walk through a Trace: one stage after the other, and at each one number to work out before it is shown.

Importing this module imports neither torch nor matplotlib.
"""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from helpers.by_hand.slips import diagnose
from helpers.by_hand.stages import plan
from helpers.diagram import Diagram
from helpers.live.live import Choice
from helpers.live.pieces import Button, Field, Text
from helpers.trace.trace import Trace

MOST = 24  # walks that are alive at once


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
    if found is None:
        found = Walk(trace, stops, memories.setdefault(place, Memory()))
    else:
        found.whole, found.stages = trace, stops
        found.show()
    alive[place] = found
    while len(alive) > MOST:
        alive.pop(next(iter(alive))).close()
    return found


class Walk(Diagram):
    """What ``walk`` returns: a Diagram of the ``whole`` Trace as far as the ``stage`` that is seen, the ``stages``, and
    a ``memory`` of what was done.
    """

    answer = Choice("").tag(sync=True)

    def __init__(self, trace, stages, memory):
        self.whole, self.stages, self.memory = trace, stages, memory
        self.back = Button("back", "Back", "The stage before", lambda: self.go(-1))
        self.next = Button("next", "Next", "The next stage; this one is filled in", lambda: self.go(1))
        self.restart = Button("reset", "Reset", "Forget what was typed, and begin again", self.reset)
        self.check = Button("check", "Check", "Is it right? Enter checks, too", lambda: self.try_it(pressed=True))
        self.reveal = Button("show", "Show me", "Fill in this stage", self.fill_in)
        self.where, self.meaning, self.said = Text("where"), Text("meaning"), Text("said", role="alert")
        # Enter, or to leave the box. Where the text is still the one that was checked, its answer still stands there.
        self.box = Field("box", "answer", "Your turn", "", "0.73, −2, 1/2 or −inf", live=False)
        rows = [
            [self.back, self.next, self.restart, self.where],
            [self.meaning],
            [self.box, self.check, self.reveal],
            [self.said],
        ]
        super().__init__(Trace(trace.title), pieces=rows)
        self.show()

    @property
    def diagram(self):
        """The diagram that is shown: this widget itself."""
        return self

    def update(self):
        """What was typed is checked."""
        self.try_it()

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

    def try_it(self, pressed=False):
        """Keep what stands in the box, and say whether it is right; if it is, the stage is filled in."""
        if self.stage.asked is None:
            return
        self.memory.typed[self.stage.name] = self.answer
        if diagnose(self.whole, self.stage.name, self.stage.asked, self.answer).right:
            self.memory.seen.add(self.stage.name)
        self.show(pressed)

    def show(self, pressed=False):
        """Bring everything on the page in line with the memory."""
        name, sentence, asked = self.stage
        last = len(self.stages) - 1
        with self.hold_sync(), self.quietly():
            self.back.disabled, self.next.disabled = self.memory.stage == 0, self.memory.stage == last
            self.where.runs = [["b", f"Stage {self.memory.stage + 1} of {last + 1}: {name}"]]
            if name in self.whole and self.whole[name].code:
                self.where.runs = [*self.where.runs, ["code", self.whole[name].code]]
            self.meaning.say(sentence)
            for piece in (self.box, self.check, self.reveal, self.said):
                piece.hidden = asked is None
            if asked is not None:
                self.box.label = f"Your turn: what is {self.whole[name].written(asked)[0]}?"
                self.answer = self.memory.typed.get(name, "")
                self.reveal.disabled = self.is_filled_in
                self.said.say(self.words(pressed))
            self.opened = self.open_parts
            self.trace = self.part()
            self.blank = None if self.is_filled_in else [name, asked]
            self.pinned = [name, asked] if self.is_filled_in and asked is not None else None

    def words(self, pressed):
        """The line under the question: what the typed number tells, and how the cell is made once it may be seen."""
        name, _, asked = self.stage
        typed = self.memory.typed.get(name, "")
        told = [diagnose(self.whole, name, asked, typed).sentence] if typed or pressed else []
        return " ".join(told + [self.whole.why(name, *asked)] * self.is_filled_in)

    @property
    def open_parts(self):
        """The parts of the code that are open: those that have room, and those around a stage that was chosen."""
        if not self.whole.parts:
            return None
        folded = self.whole.folded()
        chosen = [self.whole[name].part for name, *_ in self.stages[1:] if folded[name].hidden]
        around = [path[:depth] for path in chosen for depth in range(1, len(path) + 1)]
        return [list(path) for path in dict.fromkeys([*self.whole.opened_at_first, *around])]

    def part(self):
        """The trace as far as this stage: what is given, the steps up to here, and the hidden ones between these."""
        folded, names = self.whole.folded(self.open_parts), list(self.whole.steps)
        far = names.index(self.stage.name) if self.stage.name in names else -1
        kept = {name for at, name in enumerate(names) if folded[name].kind == "given" or at <= far}
        left, needed = [name for name in kept if not folded[name].hidden], set()
        while left:
            name = left.pop()
            if name not in needed:
                needed.add(name)
                left += folded[name].inputs
        return Trace(self.whole.title, self.whole.tokens, {name: folded[name] for name in names if name in needed})

    def __repr__(self):
        return f"walk, stage {self.memory.stage + 1} of {len(self.stages)}: {self.stage.name}\n{super().__repr__()}"


def fingerprint(trace):
    """The same for two traces with the same title, names, shapes and numbers."""
    found = hashlib.sha256(
        repr((trace.title, [(step.name, step.value.shape) for step in trace])).encode("utf-8", "replace")
    )
    for step in trace:
        found.update(step.value.astype(np.float64).tobytes())
    return found.hexdigest()
