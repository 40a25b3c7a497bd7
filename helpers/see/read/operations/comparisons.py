"""Two numbers side by side: which is the larger, is it larger at all; and what is made of truth values."""

from helpers.see.read.arguments import argument
from helpers.see.read.operations.elementwise import between, pair
from helpers.see.read.operations.reductions import asked, made

SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def one_of_two(kind):
    """The reader of what has a kind of its own: a comparison, the larger or the smaller of two numbers."""

    def read_pair(read, event):
        return between(read, kind, *pair(read, event))

    return read_pair


def extreme(kind, of_two):
    """The reader of max and min: of all numbers, of those along some axes, or of two matrices, cell by cell.

    With the numbers along an axis come the places where they are; those have no derivative.
    """

    def read_extreme(read, event):
        thing, dims, keep = asked(event)
        if isinstance(dims, int | tuple | list) or (dims is None and "other" not in event.kwargs):
            return made(read, kind, thing, dims, keep)
        return between(read, of_two, *pair(read, event))

    return read_extreme


def limited(read, thing, lowest=None, highest=None):
    """No number below the lowest, none above the highest; each of them may be a number, a matrix or None."""
    if highest is None:
        return between(read, "maximum", thing, lowest)
    if lowest is not None:
        text = f"max({read.text(thing)}, {read.text(lowest)})"
        thing = between(read, "maximum", thing, lowest, hidden=True, text=text)
    return between(read, "minimum", thing, highest)


def clamp(read, event):
    limits = argument(event, 1, "min", "a_min"), argument(event, 2, "max", "a_max")
    return limited(read, argument(event, 0, "input", "self", "a"), *limits)


def clamp_min(read, event):
    return limited(read, argument(event, 0, "input", "self"), argument(event, 1, "min"))


def clamp_max(read, event):
    return limited(read, argument(event, 0, "input", "self"), None, argument(event, 1, "max"))


def of_truth(reader):
    """The reader of an operation that is read where all that it reads is True or False."""

    def read_truth(read, event):
        return reader(read, event) if all(matrix.kind == "bool" for matrix in event.reads) else None

    return read_truth


def opposite(read, event):
    """not: 1 − x of truth values."""
    return between(read, "subtract", 1, argument(event, 0, "input", "self"))


READERS = {
    **{name: one_of_two(sign) for name, sign in SIGNS.items()},
    **{name: one_of_two(name) for name in ("maximum", "minimum")},
    "amax": extreme("max", "maximum"),
    "max": extreme("max", "maximum"),
    "amin": extreme("min", "minimum"),
    "min": extreme("min", "minimum"),
    "clamp": clamp,
    "clamp_min": clamp_min,
    "clamp_max": clamp_max,
    **dict.fromkeys(["bitwise_and", "logical_and"], of_truth(one_of_two("minimum"))),
    **dict.fromkeys(["bitwise_or", "logical_or"], of_truth(one_of_two("maximum"))),
    **dict.fromkeys(["bitwise_xor", "logical_xor"], of_truth(one_of_two("!="))),
    **dict.fromkeys(["bitwise_not", "logical_not"], of_truth(opposite)),
    "any": of_truth(extreme("max", "maximum")),
    "all": of_truth(extreme("min", "minimum")),
}
