"""What a cell of a step is made of: the index rules, read one cell at a time, and for a whole step at once.

``helpers.trace.grammar`` says how a rule is written, ``helpers.trace.kinds`` what each kind of step does with it:

    given        a number that you gave
    sum-product  factor · sum over terms of the product of their cells
    mean         the mean of the terms
    max, min     the largest, the smallest of the terms
    add          the sum of one cell from each input
    subtract     the first input's cell minus the second's
    quotient     the first input's cell divided by the second's
    maximum, minimum
                 the larger, the smaller of two inputs' cells
    <, <=, >, >=, ==, !=
                 1 where the first input's cell is smaller than the second's, or as the sign says, else 0
    mask         its term, or -inf where the guard, or a matrix of True and False, says no
    softmax      e^own / sum of e^term, along the axis that the rule names anew
    normalize    own / sum of terms, along the axis that the rule names anew
    lookup       the row of a table that an id names: ``"v c, t -> t c"``
    exp, log, sqrt, rsqrt, sigmoid, tanh, relu, gelu, gelu-tanh, silu, softplus, erf, abs, sin, cos
                 that function of its term; rsqrt is 1 / √(its term + 0.00001), gelu-tanh the GELU of GPT-2
    reshape      its term: the same numbers in another shape. ``"t c -> t n h -> n t h"`` cuts c into n and
                 h, in the order in which the numbers stand, and then moves n to the front
    slice        its term, from a part of the input: ``"t[2:5] c -> s c"``
    concatenate  its term, from one of several inputs: ``"p h, t h -> s h"``
    repeat       its term, copied along an axis: ``"m s h -> n s h"``

An axis of size 1 that only the result has may be kept where the terms are gathered: ``"t c -> t i"`` with i=1. Where
cells are taken one from each input, one that the result has not may vanish: ``"t c, t i -> t c"``.

These have no rule; what each cell reads stands in a table of the step, and only ``Trace.seen`` makes them:

    move         its term, from anywhere in the inputs, or a number that is filled in
    scatter      the sum of its terms
    opaque       an operation that nothing is known of but which cells it reads

``diagram/rules.js`` is this again, for the browser; a test holds the two equal on random traces.
"""

import math
from functools import lru_cache

import numpy as np

from helpers.look.given import told
from helpers.look.style import cell_name, number
from helpers.trace.grammar import Malformed, parse
from helpers.trace.kinds import KINDS

CUTTING = ("relu", "maximum", "minimum", "move")  # what puts a plain 0 in the place of a number
LASTING = (str, int, tuple)
MOST = 2**27  # numbers in one matrix: a gigabyte


def checked(name, kind, rule, made=()):
    """A rule in its parts, if a step of this kind can read it. made: the sizes that are given with it.

    Raises ValueError as ``checked_rule`` does.
    """
    return once(checked_rule, name, kind, rule, **dict(made))


@lru_cache(maxsize=4096)
def checked_rule(name, kind, rule, /, **made):
    """A rule in its parts, as ``checked`` gives it: a slider makes the same steps again and again.

    Raises ValueError, in one sentence, for an unknown kind, a rule that breaks
    the grammar or is none for this kind, and a size that it has no use for.
    """
    of = KINDS.get(kind) if isinstance(kind, str) else None
    if of is None or not of.ruled:
        ruled = ", ".join(one for one, of in KINDS.items() if of.ruled)
        raise ValueError(f"{name} is of kind {told(kind)}; wanted one of {ruled}.")
    if not isinstance(rule, str):
        raise ValueError(f"the rule of {name} is {told(rule, 80)}; wanted a text such as {of.example!r}.")
    try:
        parsed = parse(rule)
    except Malformed as error:
        raise ValueError(f"the rule {told(rule, 80)} of {name} {error}.") from None
    if not of.fits(parsed):
        raise ValueError(f"the rule {told(rule, 80)} of {name} is none for {kind}: {of.wants}, as in {of.example!r}.")
    for axis, size in made.items():
        if axis not in of.makes(parsed):
            raise ValueError(
                f"{name} is given {axis}={told(size)}, which a step of kind {kind!r} with the rule {told(rule, 80)} "
                "has no use for."
            )
    passed = [axis for axes in parsed.through for axis in axes if axis not in (*parsed.inputs[0], *parsed.output)]
    if passed:
        raise ValueError(
            f"the rule {told(rule, 80)} of {name} passes through {passed[0]}, which neither its first nor its last "
            "shape has: make it two steps."
        )
    return parsed


def evaluate(kind, rule, values, factor=1.0, name="the step", inputs="abcdefgh", **made):
    """The value of a whole step at once: what ``cell`` gives cell by cell.

    values: the input arrays; inputs: their names; made: the sizes of axes that a reshape or a repeat makes. Returns the
    output array. Raises ValueError if an axis differs in size from one input to another, for numbers that the kind
    cannot take, and for a result of more than 2^27 numbers.

    >>> evaluate("max", "t s -> t", [np.array([[1.0, 3.0], [2.0, 0.0]])])
    array([3., 2.])
    """
    of, parsed = KINDS[kind], parse(rule)
    of.inspect(parsed, values, inputs, name)
    values = values if of.keeps else [value.astype(np.float64) for value in values]
    sizes = once(sizes_of, kind, rule, tuple([value.shape for value in values]), name, **made)
    with np.errstate(all="ignore"):  # an overflow is ∞ and shown as such
        return of.value(parsed, values, factor, sizes)


@lru_cache(maxsize=4096)
def sizes_of(kind, rule, shapes, name, /, **made):
    """The size of every axis of a step. Raises ValueError as ``evaluate`` does."""
    parsed = parse(rule)
    sizes = KINDS[kind].sizes(parsed, shapes, made, name)
    # A guard is weighed over all axes at once; without one, only the result is held.
    held = math.prod(sizes[axis] for axis in (*parsed.output, *(parsed.gone if parsed.guard else ())))
    if held > MOST:
        raise ValueError(f"{name} would hold {held:,} numbers; at most {MOST:,} have room.")
    return sizes


def once(function, /, *given, **made):
    """What a function with a memory gives; of things that could be another the next time, it remembers nothing."""
    lasting = all(type(one) in LASTING for one in (*given, *made.values()))
    return (function if lasting else function.__wrapped__)(*given, **made)


def terms(step, index, inputs):
    """The terms of one cell: for each, the index of the cell that each input gives to it."""
    return KINDS[step.kind].terms(step, tuple(index), inputs)


def cell(step, index, inputs):
    """The value of one cell, computed from its rule alone."""
    with np.errstate(all="ignore"):
        return KINDS[step.kind].cell(step, tuple(index), inputs)


def sources(step, index, inputs):
    """The cells that this cell depends on: (input name, index), those with a non-zero derivative."""
    with np.errstate(all="ignore"):
        return list(dict.fromkeys(KINDS[step.kind].sources(step, tuple(index), inputs)))


def formula(step, index, inputs, made=None):
    """The cell's formula with names, then with numbers: a list of (text, name of the step it comes from).

    made: the step and the cell that its number is made in, where it was only moved from there; inputs are of that step.
    """
    index = tuple(index)
    maker, place = made or (step, index)
    of = KINDS[maker.kind]
    cut = maker.kind in CUTTING and maker.value[place] == 0  # exactly 0, whatever the decimals of the others
    with np.errstate(all="ignore"):
        middle, remark = of.formula(maker, place, inputs), of.remark(maker, place, inputs)
    pieces = [(cell_name(step.called if index else step.name, index), step.name)]
    for part in [*middle, [(number(step.value[index], 0 if cut else step.digits), step.name)]]:
        pieces += [(" = ", ""), *part]
    return pieces + ([(remark, "")] if remark else [])
