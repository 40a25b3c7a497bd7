"""Which axis of a result is which: told by evidence, from sizes that differ, and never guessed.

An axis of length 4 may be T, where T is 4; so may it be C, if C is 4 as well, or have nothing to do with either. Only a
name whose size was the axis' length each time, at different sizes, and no other name's, is written there.
"""

from functools import lru_cache
from itertools import permutations, product

from helpers.look.style import AXES

LETTERS = {"T": "ts", "C": "ce", "head_size": "hg", "B": "b"}  # a second axis of the same size has the second letter
SPARE = [letter for letter in "ijklmoquwxyzadf" if letter not in AXES]
LARGE = 16  # larger ones may take a function long
MOST_TRIED = 6  # values of each size among which other sizes are looked for
MOST_SETTINGS = 100


class AxisNames:
    """What has been seen so far: at which sizes a result had which shape."""

    def __init__(self):
        self.seen = {}  # settings and number of axes: for each axis its possible names, a length, and if that varied

    def saw(self, settings, sizes, shape):
        """At these sizes, ``{"T": 8, "C": 4}``, and with these other settings, the result had this shape."""
        now = [({name for name, size in sizes.items() if size == length}, length, False) for length in shape]
        before = self.seen.get((settings, len(shape)), now)
        if len(self.seen) >= MOST_SETTINGS:
            del self.seen[next(iter(self.seen))]
        self.seen[settings, len(shape)] = [
            (names & possible, length, varied or length != other)
            for (names, other, varied), (possible, length, _) in zip(before, now)
        ]

    def names(self, settings, axes):
        """The name of each axis' size, or None where the evidence does not suffice."""
        return [self._name(axis, axes, *seen) for axis, seen in enumerate(self.seen[settings, axes])]

    def _name(self, axis, axes, names, _, varied):
        """The only name that is possible; what has not varied here must have had this name with other settings."""
        others = (seen[axis] for (_, number), seen in self.seen.items() if number == axes)
        if len(names) != 1 or not (varied or any(names == other and varied for other, _, varied in others)):
            return None
        return next(iter(names))


def letters(names, spare):
    """The letter of each axis: that of its name, or a spare one, which stands for nothing."""
    left = {name: iter(letters) for name, letters in LETTERS.items()}
    return [next(left.get(name, spare), None) or next(spare) for name in names]


def other_sizes(shown, ranges):
    """Sizes at which to look again: all differ from the shown ones, and no chance that fits both is left, if possible.

    shown: ``{"T": 8, "C": 4}``. ranges: lowest and highest of those that may change; the others stay as they are.

    >>> other_sizes({"T": 4, "C": 4}, {"T": (1, 16), "C": (1, 16)})
    {'T': 8, 'C': 6}
    """
    tried = [spread(*ranges[name], size) if name in ranges else [size] for name, size in shown.items()]
    found = [dict(zip(shown, sizes)) for sizes in sorted(product(*tried), key=sum)]
    return min(found, key=lambda sizes: chances(shown, sizes))


def spread(low, high, shown):
    """Some of the sizes from low to high, not too large, other than the shown one if there is one."""
    others = [size for size in range(low, min(high, max(LARGE, low + MOST_TRIED)) + 1) if size != shown]
    step = max(1, len(others) // MOST_TRIED)
    return others[::-step][:MOST_TRIED] or [shown]


def chances(shown, sizes):
    """How much could be taken for something else: sizes that stay or are alike, rules that fit both times."""
    pairs = [*permutations(shown, 2)]
    both = [relations(shown[a], shown[b]) & relations(sizes[a], sizes[b]) for a, b in pairs]
    stay = sum(shown[name] == sizes[name] for name in shown)
    return 10 * stay + 5 * sum(sizes[a] == sizes[b] for a, b in pairs) + sum(map(len, both))


@lru_cache(maxsize=10_000)
def relations(one, other):
    """The simple rules that make the other size from one: so much more, so many times, such a part of it."""
    found = {("more", other - one)}
    for k in (2, 3, 4):
        found |= {("times", k, more) for more in (-1, 0, 1) if other == k * one + more}
        found |= {("part", k, up) for up in (0, k - 1) if other == (one + up) // k}
    return frozenset(found)
