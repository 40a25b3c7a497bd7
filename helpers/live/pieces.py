"""The pieces that a widget is worked with: a slider, a check box, a field, a button, a bar of progress, a text.

Each says what it shows in its fields; where one is changed, the page follows. ``pieces.js`` makes them in the page.
"""

import math
from dataclasses import dataclass, field, fields

PRIVATE = {"sent": False}


@dataclass(eq=False)
class Piece:
    """A piece of a widget. name: what it is known by. hidden: it is not to be seen now."""

    name: str
    hidden: bool = field(default=False, kw_only=True)
    widget = None  # the one it stands in

    def __setattr__(self, name, value):
        changed = getattr(self, name, None) != value
        super().__setattr__(name, value)
        if changed and self.widget is not None and name != "widget":
            self.widget.draw_rows()

    def state(self):
        """What the page gets to know."""
        sent = {one.name: getattr(self, one.name) for one in fields(self) if one.metadata.get("sent", True)}
        return {"kind": type(self).__name__.lower(), **{name: list_or(value) for name, value in sent.items()}}


def list_or(value):
    return list(value) if isinstance(value, tuple) else value


@dataclass(eq=False)
class Valued(Piece):
    """A piece with a value, which is a trait of its widget. trait: its name. start: what it is at first."""

    trait: str
    label: str
    start: object = field(metadata=PRIVATE)

    @property
    def value(self):
        """What it is set to; a new one is checked as the trait checks it."""
        return self.start if self.widget is None else getattr(self.widget, self.trait)

    @value.setter
    def value(self, value):
        if self.widget is None:
            self.start = self.checked(value)
        else:
            setattr(self.widget, self.trait, value)

    def checked(self, value):
        """The value, if it can be; raises ValueError with a sentence."""
        return value


@dataclass(eq=False)
class Slider(Valued):
    """A slider from ``min`` to ``max``, for whole numbers or, with ``digits``, for fractions."""

    min: float
    max: float
    step: float = 1
    digits: int = 0

    def checked(self, value):
        whole = self.digits == 0
        number = isinstance(value, int | float) or (hasattr(value, "dtype") and getattr(value, "shape", None) == ())
        if isinstance(value, bool) or not number or not math.isfinite(value) or (whole and value != int(value)):
            raise ValueError(f"{self.trait} is {value!r}; wanted a {'whole ' * whole}number.")
        if not self.min <= value <= self.max:
            raise ValueError(f"{self.trait} is {value}; wanted a number from {self.min} to {self.max}.")
        return int(value) if whole else float(value)


@dataclass(eq=False)
class Check(Valued):
    """A box to check: yes or no."""

    def checked(self, value):
        if value not in (True, False):
            raise ValueError(f"{self.trait} is {value!r}; wanted True or False.")
        return bool(value)


@dataclass(eq=False)
class Field(Valued):
    """A field for a text. live: each letter counts; otherwise Enter, or to leave the field."""

    placeholder: str = ""
    live: bool = True

    def checked(self, value):
        if not isinstance(value, str):
            raise ValueError(f"{self.trait} is {value!r}; wanted a text.")
        return value


@dataclass(eq=False)
class Button(Piece):
    """A button that does something. title: what it says when it is pointed at."""

    label: str
    title: str
    action: object = field(metadata=PRIVATE)
    disabled: bool = False

    def click(self):
        """What a hand does; a button that is disabled does nothing."""
        if not self.disabled:
            self.action()


@dataclass(eq=False)
class Bar(Piece):
    """A bar of progress. label: what is progressing, in words."""

    label: str
    max: float = 1.0
    amount: float = 0.0
    done: bool = False


@dataclass(eq=False)
class Text(Piece):
    """Words. runs: pairs of an element, "" for none, and a text: ``[("b", "Puzzle."), ("", "Make it so.")]``.

    role: "status" or "alert" lets what is new in it be read out.
    """

    runs: list = field(default_factory=list)
    role: str = ""

    @property
    def words(self):
        """The text alone."""
        return "".join(text for _, text in self.runs)

    def say(self, text):
        """Let it say this, and no more."""
        self.runs = [["", text]]


@dataclass(eq=False)
class Curves(Piece):
    """Curves in a frame of so many CSS pixels. room: around them, from the top clockwise. paths: pairs of a role and an
    SVG path. texts: a role, where it stands in CSS, and the words.
    """

    label: str
    width: int
    height: int
    room: tuple
    paths: list = field(default_factory=list)
    texts: list = field(default_factory=list)
