"""Ahead of the hand: what an explorer would show where its controls may be moved next.

It is made while nobody asks for anything, and the page keeps it: a step that it knows is painted at once, and what
Python answers takes the place of that guess. Only for functions of the course, which give the same each time.
"""

import asyncio
import json

from helpers.diagram.diagram import payload
from helpers.live.turns import TURN
from helpers.see.contained import contained

REST = 0.1  # seconds without a step, after which there is time
PAUSE = 0.005  # seconds in which a step can come between
MOST = 48  # pictures that one rest may send
LARGEST = 4_000_000  # bytes of them
ROOM = 16_000_000  # bytes that a page keeps


class Ahead:
    """Sends the pictures around the one that an Explorer shows, the nearest first, to a page that asked for them."""

    def __init__(self, explorer):
        self.explorer = explorer
        self.loop = self.timer = None  # of the thread that answers the page
        self.kept, self.coming, self.bytes = {}, [], 0  # what the page has, with its bytes; what it gets next
        self.here = {}

    def begin(self):
        """A page is there, and has nothing yet."""
        self.kept, self.loop = {}, asyncio.get_running_loop()
        self._rest()

    def plan(self):
        """Something was moved: other pictures are near now."""
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._rest)

    def _rest(self):
        if self.timer is not None:
            self.timer.cancel()
        with TURN:
            controls, before = self.explorer.controls.values(), self.here
            self.here = {control.trait: control.value for control in controls} | {"seed": self.explorer.seed}
            moved = [name for name, value in self.here.items() if before.get(name) != value]
            self.coming, self.bytes = around(controls, self.here, moved), 0
        self.timer = self.loop.call_later(REST, self._next)

    def _next(self):
        self.coming = [state for state in self.coming if key(state) not in self.kept]
        if not self.coming or self.bytes > LARGEST:
            return
        with TURN:
            self._send(self.coming.pop(0))
        self.timer = self.loop.call_later(PAUSE, self._next)

    def _send(self, state):
        explorer, subject = self.explorer, self.explorer.subject.at(state)
        if explorer.comm is None or explorer.blank:
            self.coming = []
            return
        subject.seed = state["seed"]
        try:
            with contained():
                seen = subject.seen()
            told = {"error": "", "readout": explorer.told(subject.remarks(seen), seen)}
            forward = payload(seen.trace)
        except Exception:  # noqa: BLE001 - an error is told where somebody asks for it
            return
        values = forward.pop("values")
        text = json.dumps(forward)  # as the page keeps it: the objects that it stands for take several times as much
        self.kept[key(state)] = len(values) + len(text)
        while sum(self.kept.values()) > ROOM:
            del self.kept[next(iter(self.kept))]
        self.bytes += len(values) + len(text)
        explorer.send({"ahead": {"at": state, "forward": text, **told}}, buffers=[values])


def key(state):
    """A state as a key."""
    return tuple(state.values())


def around(controls, here, moved=()):
    """The states in which one control stands elsewhere, by trait: first those of what has just moved, which most often
    moves again, and those that are fewer steps away.

    >>> from helpers.live.pieces import Check, Slider
    >>> controls = [Slider("T", "T", "T", 2, 1, 4), Check("mask", "mask", "mask", True)]
    >>> around(controls, {"T": 2, "mask": True})
    [{'T': 1, 'mask': True}, {'T': 3, 'mask': True}, {'T': 2, 'mask': False}, {'T': 4, 'mask': True}]
    >>> [state["mask"] for state in around(controls, {"T": 2, "mask": True}, ["mask"])]
    [False, True, True, True]
    """
    found = [
        (control.trait not in moved, distance, {**here, control.trait: value})
        for control in controls
        for distance, value in other_stops(control)
    ]
    return [state for *_, state in sorted(found, key=lambda one: one[:2])][:MOST]


def other_stops(control):
    """The other values that a control can have, each with the number of steps to it."""
    if isinstance(control.value, bool):
        return [(1, not control.value)]
    if not hasattr(control, "min"):
        return []  # nobody knows what will be typed
    steps = round((control.max - control.min) / control.step)
    near = {
        distance: control.value + distance * control.step for distance in range(-min(steps, MOST), min(steps, MOST) + 1)
    }
    values = {distance: round(value, control.digits) if control.digits else value for distance, value in near.items()}
    return [
        (abs(distance), value) for distance, value in values.items() if distance and control.min <= value <= control.max
    ]
