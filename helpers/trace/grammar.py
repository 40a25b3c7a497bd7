"""The grammar of the index rules: a rule taken apart, once, and put together again.

A rule names axes as an einsum does: ``"t h, s h -> t s"`` says that cell ``[t,s]`` takes, for every ``h``, the cells
``[t,h]`` and ``[s,h]`` of its two inputs. A guard after a bar leaves terms out. Its comparisons must all hold where a
comma stands between them, one of them where there is an ``or``: ``"s c -> t c | s <= t, s > t - 3 or s < 1"``. Square
brackets cut an axis as Python does: ``"t[2:5] c -> s c"``. A reshape names every shape that it goes through:
``"t e -> t n h -> n t h"``.

``diagram/grammar.js`` is this module again, for the browser, which meets only rules that have passed here.
"""

import re
from functools import cached_property, lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import NamedTuple

from helpers.look.given import told

COMPARE = {"<=": le, ">=": ge, "==": eq, "!=": ne, "<": lt, ">": gt}
SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠"}  # as they are printed
MOST_AXES = 16  # of a rule; the axes of a whole block, batch and heads among them, are 7
AXIS = r"[^\W\d]\w*"
CUT_AXIS = re.compile(rf"({AXIS})(?:\[(-?\d{{1,9}})?:(-?\d{{1,9}})?(?::(\d{{1,9}}))?\])?")
SIDE = re.compile(rf"({AXIS})(?:\s*([+-])\s*(\d{{1,9}}))?|(-?\d{{1,9}})")
SIGN = re.compile("|".join(COMPARE))


class Malformed(ValueError):
    """What is wrong with a rule, as the end of a sentence that begins with the rule."""


class Side(NamedTuple):
    """One side of a comparison: an axis and what is added to its index, or a number alone."""

    axis: str
    offset: int

    def __str__(self):
        if not self.axis:
            return str(self.offset)
        return self.axis + (f" {'+' if self.offset > 0 else '-'} {abs(self.offset)}" if self.offset else "")

    def at(self, bound):
        """Its number, where the axes have these indices."""
        return (bound[self.axis] if self.axis else 0) + self.offset


class Comparison(NamedTuple):
    """``s > t - 3``"""

    left: Side
    sign: str
    right: Side

    def __str__(self):
        return f"{self.left} {self.sign} {self.right}"

    def holds(self, bound):
        return COMPARE[self.sign](self.left.at(bound), self.right.at(bound))


class Parts(NamedTuple):
    """The parts of a rule.

    inputs: the axes of each input; output: those of the result. guard: clauses that must all hold, each of them
    comparisons of which one must. cuts: by axis, the part of it that is read. through: the shapes in between. text: the
    rule as it was written.
    """

    inputs: tuple
    output: tuple
    guard: tuple = ()
    cuts: dict = {}  # noqa: RUF012 - a NamedTuple's default; nobody writes into it
    through: tuple = ()
    text: str = ""


class Rule(Parts):
    """A rule in its parts, and what follows from these: once, since every step that has the rule reads it again."""

    @cached_property
    def is_plain(self):
        """Does it name axes alone, without a guard, a cut or a shape in between?"""
        return not (self.guard or self.cuts or self.through)

    @cached_property
    def new(self):
        """The axes that only the output has."""
        read = {axis for axes in self.inputs for axis in axes}
        return tuple(axis for axis in self.output if axis not in read)

    @cached_property
    def gone(self):
        """The axes that only inputs have, in the order in which they are read."""
        return tuple(dict.fromkeys(axis for axes in self.inputs for axis in axes if axis not in self.output))

    @cached_property
    def compared(self):
        """The axes that the guard looks at."""
        return compared(self.guard)


def compared(guard):
    """The axes that a guard looks at."""
    sides = [side for clause in guard for comparison in clause for side in (comparison.left, comparison.right)]
    return tuple(dict.fromkeys(side.axis for side in sides if side.axis))


def holds(guard, bound):
    """Does the guard hold where the axes have these indices?

    >>> holds(parse("t s -> t s | s <= t").guard, {"t": 1, "s": 0})
    True
    """
    return all(any(comparison.holds(bound) for comparison in clause) for clause in guard)


@lru_cache(maxsize=4096)
def parse(text):
    """A rule in its parts; raises Malformed for what is none.

    >>> parse("s c -> t c | s <= t").inputs
    (('s', 'c'),)
    >>> parse("t c")
    Traceback (most recent call last):
    helpers.trace.grammar.Malformed: has no arrow '->' between what is read and what is made
    """
    body, bar, guard = text.partition("|")
    links = body.split("->")
    if len(links) < 2:
        raise Malformed("has no arrow '->' between what is read and what is made")
    cuts, (left, *through, right) = {}, links
    inputs = tuple(shape(axes, cuts) for axes in left.split(","))
    rule = Rule(inputs, shape(right), clauses(guard) if bar else (), cuts, tuple(map(shape, through)), text)
    if any(len({*axes}) < len(axes) for axes in (*inputs, rule.output, *rule.through)):
        raise Malformed("names two axes of a matrix alike; wanted a name for each, as in 't h, s h -> t s'")
    named = {axis for axes in (*inputs, rule.output, *rule.through) for axis in axes}
    if len(named) > MOST_AXES:
        raise Malformed(f"names {len(named)} axes; at most {MOST_AXES} have room")
    unknown = [axis for axis in rule.compared if axis not in named]
    if unknown:
        raise Malformed(f"compares {unknown[0]} in its guard, which is no axis of it")
    return rule


def shape(text, cuts=None):
    """The axes that a part of a rule names; what is cut from one goes into ``cuts``, where cuts are allowed."""
    found = []
    for word in text.split():
        match = CUT_AXIS.fullmatch(word)
        if not match or word == "or" or (cuts is None and "[" in word):
            raise Malformed(
                f"has {told(word)} where the name of an axis should stand; wanted letters, with spaces between the "
                "axes, as in 't h, s h -> t s'"
            )
        axis, *limits = match.groups()
        found.append(axis)
        if "[" in word:
            start, stop, stride = (None if limit is None else int(limit) for limit in limits)
            if stride == 0:
                raise Malformed(f"cuts with {told(word)}; wanted a stride of 1 or more")
            cuts[axis] = slice(start, stop, stride)
    return tuple(found)


def clauses(text):
    """What a guard says: clauses that must all hold, each a tuple of comparisons of which one must."""
    return tuple(tuple(comparison(part) for part in re.split(r"\bor\b", clause)) for clause in text.strip().split(","))


def comparison(text):
    """``s > t - 3`` in its parts."""
    signs = SIGN.findall(text)
    sides = [SIDE.fullmatch(part.strip()) for part in SIGN.split(text)]
    if len(signs) != 1 or not all(sides) or not any(side[1] for side in sides):
        raise Malformed(
            f"has {told(text.strip())} in its guard; wanted comparisons of axes, as in 's <= t' or "
            "'s <= t, s > t - 3 or s < 1'"
        )
    left, right = (
        Side(axis or "", int(number or 0) if not axis else int((sign or "") + (offset or "0")))
        for axis, sign, offset, number in (side.groups() for side in sides)
    )
    return Comparison(left, signs[0], right)


def cut_text(cut):
    """A cut as it is written: ``cut_text(slice(2, 5)) == "2:5"``."""
    start, stop = ("" if limit is None else str(limit) for limit in (cut.start, cut.stop))
    return f"{start}:{stop}" + (f":{cut.step}" if cut.step not in (None, 1) else "")


def guard_text(guard, names=None):
    """A guard as it is written after the bar, its axes renamed where ``names`` says so."""
    names = names or {}

    def renamed(side):
        return str(side._replace(axis=names.get(side.axis, side.axis)))

    return ", ".join(
        " or ".join(f"{renamed(left)} {sign} {renamed(right)}" for left, sign, right in clause) for clause in guard
    )


def rule_text(inputs, output, guard=(), through=(), cuts=None):
    """Parts put together again: ``rule_text([["t", "h"], ["s", "h"]], ["t", "s"]) == "t h, s h -> t s"``."""
    cuts = cuts or {}
    read = ", ".join(" ".join(axis + (f"[{cuts[axis]}]" if axis in cuts else "") for axis in axes) for axes in inputs)
    links = [read, *(" ".join(link) for link in through), " ".join(output)]
    return " -> ".join(links) + (f" | {guard}" if guard else "")
