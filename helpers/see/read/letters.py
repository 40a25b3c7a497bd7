"""A letter for each axis: that of what it stands for, ``t`` of T; else i, j, …"""

from itertools import chain

from helpers.see.axis_names import SPARE
from helpers.see.read.axis_families import FAMILIES


class Letters:
    """The letters of axes: one size for each letter, and no two alike in one matrix."""

    def __init__(self, axes):
        self.axes, self.of, self.used, self.own = axes, {}, {}, {}

    def give(self, draft):
        """Letters for the axes of a draft, those of the axes that it has them from where it can."""
        origin = {}
        for source, labels in zip(draft.inputs, draft.labels):
            for axis, label in enumerate(labels):
                origin.setdefault(label, self.of[source][axis])
        found = [None] * len(draft.shape)
        for axis, label in enumerate(draft.output):
            letter = origin.get(draft.runs.get(label, label)) if draft.kind != "move" else None
            mine = letter and letter not in found and (draft, axis) not in self.axes.apart
            if mine and self.fits(letter, draft, axis):
                found[axis] = letter
        for axis in range(len(found)):
            if found[axis] is None:
                found[axis] = self.new((draft, axis), found)
        self.of[draft] = tuple(found)
        return self.of[draft]

    def fits(self, letter, draft, axis):
        return self.used.get(letter, (None,))[0] == draft.shape[axis]

    def new(self, node, taken):
        """A letter for an axis: the next of its family, or a spare one."""
        root, size = self.axes.find(node), self.axes.size[node]
        family = self.axes.families.get(root)
        owner = ("size", size) if family is None else root
        known = self.own.setdefault(owner, [])
        for letter in known:
            if letter not in taken:
                return letter
        letters = FAMILIES.get(family, "")
        for letter in chain(letters, self.spare()):
            if letter not in self.used:
                self.used[letter] = (size, owner)
                known.append(letter)
                return letter
        raise AssertionError("there is always one more letter")

    def spare(self):
        yield from SPARE
        number = 2
        while True:
            yield from (f"{letter}{number}" for letter in SPARE)
            number += 1


def rule_letters(draft, letters):
    """The letters of each label in a draft's rule: those of its axes, then those of what it reads, all different."""
    found = dict(zip(draft.output, letters.of[draft]))
    for source, labels in zip(draft.inputs, draft.labels):
        for label, letter in zip(labels, letters.of[source]):
            if label not in found:
                found[label] = free(letter, {*found.values()})
    return found


def free(letter, taken):
    """The letter, or another one that is not taken."""
    if letter not in taken:
        return letter
    same = next((family for family in FAMILIES.values() if letter in family), "")
    return next(one for one in [*same, *SPARE, *(f"{letter}{n}" for n in range(2, 99))] if one not in taken)
