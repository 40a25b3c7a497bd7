"""Where two Traces differ: matrix by matrix, by more than rounding.

Numbers are rounded after every operation, so two right ways differ in the last digits. What counts as rounding
follows from the kind of number: 256 steps between neighboring ones, of the size of the matrix.
"""

from dataclasses import dataclass

import numpy as np

from helpers.look.style import cell_name, number

VERY_LOW = -1e8  # a fill that stands for -inf: no measure of how large the numbers beside it are
STEPS = 256
DOUBLE, SINGLE = STEPS * np.finfo(np.float64).eps, STEPS * np.finfo(np.float32).eps
LEAST = {DOUBLE: 1.0, SINGLE: 0.01}  # what is smaller may be all that is left of larger numbers that cancel
MANY = 6  # names that a sentence can hold


@dataclass(frozen=True)
class Difference:
    """The largest difference of two matrices of one name.

    largest: its size. index: its cell, which holds ``a`` in the first and ``b`` in the second matrix. beyond: is it
    more than rounding?
    """

    name: str
    largest: float
    index: tuple
    a: float
    b: float
    beyond: bool

    def __str__(self):
        """``at [3,1] it is 0.620 in a and 0.500 in b``, with as many digits as show the difference."""
        digits = next((some for some in (3, 6, 9, 12) if number(self.a, some) != number(self.b, some)), 15)
        where = f"at {cell_name('', self.index)} " if self.index else ""
        return f"{where}it is {number(self.a, digits)} in a and {number(self.b, digits)} in b"

    @property
    def size(self):
        """How large it is, in words: ``0.120``, or ``2.0e-05`` where three digits show nothing."""
        return number(self.largest) if self.largest >= 0.0005 else f"{self.largest:.1e}"


def differences(a, b):
    """The largest Difference of each two matrices of one name and shape, in the order of the first Trace.

    >>> from helpers.attention import average_matmul, average_past
    >>> x = [[1.0, 2.0], [3.0, 6.0]]
    >>> [(one.name, one.beyond) for one in differences(average_past(x), average_matmul(x))]
    [('x', False), ('out', False)]
    """
    found, rounding = [], DOUBLE
    for step in a.shown:
        if why_apart(step.name, a, b):
            continue
        one, other = step.value, b[step.name].value
        if is_single(one) or is_single(other):  # what is made of it is no more exact
            rounding = SINGLE
        found.append(largest(step.name, one, other, rounding))
    return found


def why_apart(name, a, b):
    """Why two Traces cannot be compared in a matrix of this name, as the end of a sentence; nothing where they can.

    >>> from helpers.attention import average_matmul, average_past
    >>> why_apart("tril", average_past([[1.0]]), average_matmul([[1.0]]))
    'is in b alone'
    """
    here, there = (name in one and not one[name].hidden for one in (a, b))
    if not (here and there):
        return f"is in {'a' if here else 'b'} alone"
    if a[name].value.shape != b[name].value.shape:
        return f"is {a[name].shape} in a and {b[name].shape} in b"
    return ""


def largest(name, a, b, rounding):
    """The largest Difference of two arrays of one shape; where some are more than rounding, the largest of these."""
    sizes = difference(a, b)
    beyond = apart(a, b, rounding, LEAST[rounding])
    at = np.unravel_index(np.argmax(np.where(beyond, sizes, -1.0) if beyond.any() else sizes), sizes.shape)
    return Difference(name, float(sizes[at]), tuple(map(int, at)), float(a[at]), float(b[at]), bool(beyond.any()))


def difference(a, b):
    """How far each number is from the other: 0 for two that are infinite alike, or no numbers; else infinite there."""
    with np.errstate(invalid="ignore", over="ignore"):
        sizes = np.abs(np.asarray(a, float) - np.asarray(b, float))
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0.0, np.where(np.isnan(sizes), np.inf, sizes))


def apart(found, known, rounding, least):
    """Which cells of two arrays of one shape differ by more than this share of the largest known number.

    least: a number that the largest one counts as, if it is smaller.
    """
    finite, heights = np.isfinite(known), np.abs(known)
    measure = heights[finite & (known > VERY_LOW)].max(initial=least)
    with np.errstate(invalid="ignore"):
        near = np.abs(found - known) <= rounding * np.maximum(measure, heights)
    return ~(np.where(finite, near, found == known) | (np.isnan(found) & np.isnan(known)))


def is_single(value):
    """Are these numbers of single precision? Such as any kind of number holds exactly do not tell."""
    finite = value[np.isfinite(value)]
    with np.errstate(over="ignore"):
        fine = (finite == finite.astype(np.float32)).all()
        return bool(fine and (finite != finite.astype(np.float16)).any() and (finite % 1 != 0).any())


def told(a, b, found):
    """What two Traces have in common, and where they first differ, in sentences. found: their differences.

    >>> from helpers.attention import average_matmul, average_past
    >>> x = [[1.0, 2.0], [3.0, 6.0]]
    >>> both = average_past(x), average_matmul(x)
    >>> told(*both, differences(*both))
    'tril and weights are in b alone. x and out are equal.'
    """
    names = dict.fromkeys(step.name for one in (a, b) for step in one.shown)
    return " ".join([*told_apart({name: why for name in names if (why := why_apart(name, a, b))}), in_words(found)])


def told_apart(reasons):
    """What cannot be compared, a sentence for each reason."""
    for reason in dict.fromkeys(reasons.values()):
        names = [name for name, why in reasons.items() if why == reason]
        yield f"{listed(names)} {'are' + reason[2:] if len(names) > 1 else reason}."


def in_words(found):
    """The sentence on some Differences."""
    if not found:
        return "No matrix of one name and shape is in both."
    at = next((place for place, one in enumerate(found) if one.beyond), len(found))
    equal = [one.name for one in found[:at]]
    alike = f"{listed(equal)} {'are' if len(equal) > 1 else 'is'} equal" if equal else ""
    if at == len(found):
        return f"{alike}{', but for rounding' if any(one.largest for one in found) else ''}."
    first = found[at]
    size = f", by {first.size} at most" if np.isfinite(first.largest) else ""
    return f"{f'{alike}; ' if alike else ''}{first.name} is the first that differs{size}: {first}."


def listed(names):
    """``q, k and v``; of many, the first ones."""
    if len(names) > MANY:
        return f"{', '.join(names[: MANY - 1])} and {len(names) - MANY + 1} more"
    return ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1]
