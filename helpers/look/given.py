"""What somebody gave, put in a few words for a sentence about it, and numbers that must be whole, or above 0."""

import operator
from numbers import Number, Real

LONGEST, FEW = 40, 8  # characters of what was given, and things in a list, that a sentence shows


def told(value, longest=LONGEST):
    """What somebody gave, in a few words of one line, whatever it is.

    >>> print(told("one text"), told(5), told([1, 2]), told([0] * 99), told(None), told(int), told(operator), sep="; ")
    'one text'; 5; [1, 2]; a list of 99; None; the class int; a module
    """
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, str | bytes):
        return repr(value) if len(value) <= longest else f"{value[:longest]!r} …"
    if isinstance(value, int) and value.bit_length() > 4 * longest:  # Python refuses to write out very long ones
        return "a number that fills more than a line"
    is_group = isinstance(value, list | tuple | dict | set | frozenset)
    if value is None or isinstance(value, Number) or (is_group and len(value) <= FEW):
        text = shown(value)
        if text and len(text) <= longest and "\n" not in text:
            return text
    name = type(value).__name__
    text = f"{'an' if name[0] in 'AEIOUaeio' else 'a'} {name}"
    if isinstance(shape := getattr(value, "shape", None), tuple):
        return f"{text} of shape {tuple(shape)}"
    return f"{text} of {len(value)}" if is_group else text


def as_text(value):
    """A value as a text, whatever it is: ``as_text(3) == "3"``."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a thing of the learner's own, whose str may do anything
        return f"a {type(value).__name__}"


def shown(value):
    """What Python shows of a value, or nothing."""
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a thing of the learner's own, whose repr may do anything
        return ""


def listed(value):
    """What a list, an array or a tensor holds, as a list; None for what is one thing: a number, a text, a 0-d array.

    >>> listed((1, 2)), listed(5), listed("text")
    ([1, 2], None, None)
    """
    value = value.tolist() if hasattr(value, "tolist") else value
    return list(value) if hasattr(value, "__iter__") and not isinstance(value, str | bytes) else None


def whole_number(name, value, low, high=None):
    """The value as an int: ``whole_number("T", 3, 1)``. Raises ValueError where it is none, or out of range.

    A truth value is none, nor is 3.0.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < low or (high is not None and number > high):
        wanted = f"from {low} up" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name} is {told(value)}; wanted a whole number {wanted}.")
    return number


def positive(name, value, most=None):
    """The value, if it is a number above 0: ``positive("rate", 0.5)``. most: and not above this one.

    Raises ValueError where it is none.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not value > 0 or (most is not None and value > most):
        wanted = "above 0" if most is None else f"above 0, and {most} at most"
        raise ValueError(f"{name} is {told(value)}; wanted a number {wanted}.")
    return value
