"""The widget that all of the course's are: controls in rows, one message a step, and an end."""

import sys
from contextlib import contextmanager
from functools import cache

import anywidget
import traitlets

from helpers.live import places
from helpers.live.bundle import LOADER, STYLE, alone
from helpers.live.pieces import Button, Valued
from helpers.live.turns import TURN, answers_the_page

OF_ANYWIDGET = {"_esm", "_anywidget_id"}


class Choice(traitlets.TraitType):
    """A trait that a piece of the widget moves and checks: raises TraitError with a sentence for what cannot be."""

    def validate(self, widget, value):
        piece = next((one for row in widget.pieces for one in row if getattr(one, "trait", None) == self.name), None)
        try:
            return value if piece is None else piece.checked(value)
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None


class Live(anywidget.AnyWidget):
    """A widget with rows of pieces. Those with a value are traits: ``widget.T = 5``, ``widget.observe(f, "T")``.

    What a hand changes arrives as one step, however many traits it moves, and ``update`` is called once; in Python,
    ``with widget.at_once():`` does the same. ``close()`` takes it off all pages and frees what it holds; to show it
    again wakes it.
    """

    _esm = LOADER
    css = STYLE  # its module has it, too
    _module = traitlets.Unicode(alone()).tag(sync=True)  # what it loads
    layout = traitlets.Any(None, read_only=True).tag(sync=True)  # ipywidgets' is a widget more; the course's style does
    rows = traitlets.List().tag(sync=True)  # what the pieces show
    presses = traitlets.Dict().tag(sync=True)  # how often each button was pressed
    asked = traitlets.Int(0).tag(sync=True)  # the page counts its steps
    answered = traitlets.Int(0).tag(sync=True)  # the last one that is done

    def __init__(self, pieces=(), **options):
        self.pieces, self.pressed = [list(row) for row in pieces], {}
        self.holding, self.moved = False, False
        starts = {one.trait: one.start for row in self.pieces for one in row if isinstance(one, Valued)}
        super().__init__(rows=self._states(), **starts, **options)
        for one in (one for row in self.pieces for one in row):
            one.widget = self
        self.observe(self._hear, "presses")
        if starts:
            self.observe(self._move, [*starts])
        places.made(self)

    def add_traits(self, **traits):
        """What anywidget adds is the same for each widget of a kind: the class that has it is made once."""
        if {*traits} != OF_ANYWIDGET:
            super().add_traits(**traits)
            return
        kind = type(self)
        if "_whole" not in vars(kind):
            kind._whole = type(kind)(kind.__name__, (kind,), {"__module__": kind.__module__, **traits})
        self.__class__ = kind._whole
        for name in traits:
            getattr(kind._whole, name).instance_init(self)

    def __setattr__(self, name, value):
        with TURN:  # a trait, and all that follows from it
            super().__setattr__(name, value)

    def draw_rows(self):
        """Let the page show what the pieces say."""
        with TURN:
            self.rows = self._states()

    def update(self):
        """What is to be done when a control was moved."""

    @contextmanager
    def at_once(self):
        """Changes inside are one step: ``update`` is called once, at the end, if a control was moved."""
        with TURN:
            outermost, self.holding = not self.holding, True
            try:
                yield
            finally:
                if outermost:
                    moved, self.holding, self.moved = self.moved, False, False
                    if moved:
                        self.update()

    @contextmanager
    def quietly(self):
        """Controls that are moved inside call no ``update``: it is Python that moves them."""
        with TURN:
            before, self.holding = (self.holding, self.moved), True
            try:
                yield
            finally:
                self.holding, self.moved = before

    @contextmanager
    def hold_sync(self):
        """Changes inside go to the page as one message, at the end."""
        with TURN, super().hold_sync():
            yield

    def set_state(self, sync_data):
        """What the page sends."""
        with answers_the_page(), self.hold_sync():  # the answer is one message
            try:
                with self.at_once():
                    super().set_state(sync_data)
            finally:
                self.answered = sync_data.get("asked", self.answered)  # an interrupt, too, is an answer

    def notify_change(self, change):
        """A trait has changed: what follows from it goes to the page in the same message."""
        with self.hold_sync():
            super().notify_change(change)

    def close(self):
        """Take it off all pages and free what it holds; to show it again wakes it."""
        if self.comm is None:
            return
        super().close()
        self.__dict__.pop("_repr_mimebundle_", None)  # ipywidgets hides it from a closed widget
        self.empty()

    def wake(self):
        """Bring a closed widget back to life."""
        if self.comm is not None and self.comm._closed:  # marimo does so to what a cell showed, when that runs again
            self.comm = self._model_id = None
        if self.comm is None:
            self.fill()
            self.open()

    def empty(self):
        """Drop what only a page needs."""

    def fill(self):
        """Have again what a page needs."""

    def _states(self):
        return [[one.state() for one in row] for row in self.pieces]

    def _move(self, change):
        self.moved = True
        if not self.holding:
            self.moved = False
            self.update()

    def _hear(self, change):
        buttons = {one.name: one for row in self.pieces for one in row if isinstance(one, Button)}
        if self.moved:  # what was moved before the button was pressed comes first
            self.moved = False
            self.update()
        for name, count in change.new.items():
            times, self.pressed[name] = count - self.pressed.get(name, 0), count
            for _ in range(times if name in buttons else 0):
                buttons[name].click()

    def _display_(self):
        """The widget as marimo shows it, which asks for nothing else."""
        self.wake()
        return sys.modules["marimo"].ui.anywidget(self)

    def _repr_mimebundle_(self, **options):
        """The widget, where it is shown; ``text/plain`` beside it."""
        self.wake()
        places.shown(self)
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/plain": repr(self)}, metadata


@cache
def with_choices(kind, names):
    """The kind of widget that has these traits, too, for pieces to move: a class, made once for each set of names."""
    traits = {name: Choice().tag(sync=True) for name in names}
    return type(kind)(kind.__name__, (kind,), {"__module__": kind.__module__, **traits})
