"""How large a run may be so that each of its numbers can be asked, and what to cut where it is larger."""

from math import prod

from helpers.inputs.examples import LARGEST

ONCE = 2**21  # numbers in one matrix of a run that is looked at once
AGAIN = 2**18  # the same, where it is looked at again at each step of a slider
LONGEST = 8 * LARGEST  # of the rows and columns of an input
CUT = f"cut T or C to {LARGEST} or less, or B"


def too_large(what, shape, most=ONCE):
    """A sentence on a matrix that has more numbers than can be asked each, or None.

    >>> too_large("q @ k.mT", (2048, 2048))
    'q @ k.mT has shape (2048, 2048), 4,194,304 numbers, and up to 2,097,152 can be asked each: cut T or C to 128 or \
less, or B'
    """
    if prod(shape) <= most:
        return None
    return f"{what} has shape {tuple(shape)}, {prod(shape):,} numbers, and up to {most:,} can be asked each: {CUT}"


def too_long(what, shape):
    """A sentence on an input with more numbers, rows or columns than can be asked, or None."""
    if len(shape) > 1 and max(shape[-2:]) > LONGEST:
        return f"{what} has shape {tuple(shape)}, and up to {LONGEST:,} rows and columns can be asked: {CUT}"
    return too_large(what, shape)


def too_much(recording, most=ONCE):
    """A sentence on the first matrix of a run that has more numbers than can be asked each, or None."""
    made = [(matrix, event.place) for event in recording.events for matrix in event.results]
    sentences = (too_large(called(matrix, place), matrix.shape, most) for matrix, place in made)
    return next((one for one in sentences if one), None)


def called(matrix, place):
    """What a matrix that was made in a run is called there, and where."""
    line = f" in line {place.line}" if place.line else ""
    return (matrix.name or place.expression or matrix.event.operation) + line
