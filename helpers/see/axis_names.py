"""Which axis of a result is which: told by evidence, from sizes that differ, and never guessed.

An axis of length 4 may be T, where T is 4; so may it be C, if C is 4 as well, or have nothing to do with either. Only a
name whose size was the axis' length each time, at several sizes, and no other name's, is written there.
"""

from dataclasses import dataclass, field
from itertools import count

from helpers.look.again import again
from helpers.look.style import AXES

LETTERS = {"T": "ts", "C": "ce", "head_size": "hg", "B": "b"}  # a second axis of the same size has the second letter
SPARE = [letter for letter in "ijklmoquwxyzadf" if letter not in AXES]
SEVERAL = 3  # an axis has followed a size once it did so at so many different values
MOST_SETTINGS, MOST_SEEN = 100, 64


@dataclass
class Evidence:
    """What is known of one axis: the names that its length has always been the size of, and all its lengths."""

    names: set
    lengths: list = field(default_factory=list)


class AxisNames:
    """What has been seen so far: at which sizes the results had which shapes."""

    def __init__(self):
        self.seen = {}  # settings, name of the result and number of axes: the evidence for each axis

    def saw(self, settings, sizes, shapes):
        """At these sizes, ``{"T": 8, "C": 4}``, and with these other settings, the results had these shapes."""
        for name, shape in shapes.items():
            key = settings, name, len(shape)
            while len(self.seen) >= MOST_SETTINGS * len(shapes) and key not in self.seen:
                del self.seen[next(iter(self.seen))]
            axes = self.seen.setdefault(key, [Evidence({*sizes}) for _ in shape])
            for axis, length in zip(axes, shape):
                axis.names = {name for name in axis.names if sizes.get(name) == length}
                if len(axis.lengths) < MOST_SEEN or (len({*axis.lengths}) < SEVERAL and length not in axis.lengths):
                    axis.lengths.append(length)

    def names(self, settings, name, axes):
        """The name of the size of each axis of a result, or None where the evidence does not suffice."""
        return [self._name(name, axes, at, axis) for at, axis in enumerate(self.seen[settings, name, axes])]

    def evidence(self, settings, name, axes):
        """For each axis of a result its name, or None, and all names that it may have, as far as is known: a set."""
        return [*zip(self.names(settings, name, axes), (axis.names for axis in self.seen[settings, name, axes]))]

    def _name(self, name, axes, at, axis):
        """The only name that is possible; what has varied too little here must have had it with other settings."""
        others = [seen[at] for (_, result, number), seen in self.seen.items() if (result, number) == (name, axes)]
        proven = any(other.names == axis.names and len({*other.lengths}) >= SEVERAL for other in others)
        return next(iter(axis.names)) if len(axis.names) == 1 and proven else None

    def history(self, settings, name, shape):
        """For each axis of a result, the lengths that it had, and has now: what had the same ones may be the same."""
        axes = self.seen[settings, name, len(shape)]
        return [(*axis.lengths, length) for axis, length in zip(axes, shape)]


def letters(names, spare, histories=(), alike=None):
    """The letter of each axis: that of its name, or a spare one, which stands for nothing.

    histories: all lengths that each axis had; those that were always as long as one in another matrix share its letter.
    alike: the letters given so far by these, which is added to.
    """
    left, mine, alike = {name: iter(letters) for name, letters in LETTERS.items()}, [], {} if alike is None else alike
    for at, name in enumerate(names):
        letter = next(left.get(name, iter(())), None)
        if letter is None:
            shared = alike.setdefault(histories[at], []) if histories else []
            letter = next((one for one in shared if one not in mine), None) or next(spare)
            shared += [letter] * (letter not in shared)
        mine.append(letter)
    return mine


def spare_letters():
    """Letters that stand for nothing, without end: i, j, …, i₂, j₂, …"""
    for number in count(1):
        for letter in SPARE:
            yield again(letter, number)
