"""What a wrong number tells: the classic slips of working out a cell by hand, each with the number that it gives.

A slip is never guessed. Each one is worked out in full on the numbers of the trace, as somebody with
a pencil would do it, and is told only where the typed number is the one that it leads to.
"""

import math
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

import numpy as np

from helpers.by_hand.typed_number import echo, read
from helpers.by_hand.wrong_ways import Cell, ways
from helpers.look.style import number
from helpers.trace import rules, through
from helpers.trace.grammar import guard_text, parse
from helpers.trace.trace import Trace

ROUGH = 3, 2  # the decimals that numbers have on a picture
CLOSE = 0.05, 0.015  # off by no more than this: rounded too early to one decimal, and on the way to two


class Slip(NamedTuple):
    """A wrong way to a cell: what was done, in a sentence or two, and the number that it gives."""

    sentence: str
    value: float


class Answer(NamedTuple):
    """What ``diagnose`` says: is the number right, the sentence for the learner, the slips that give this number."""

    right: bool
    sentence: str
    slips: tuple = ()


def diagnose(trace, name, index, typed):
    """Say of a typed number whether it is the value of a cell, or which slip leads to it.

    typed: text (see ``helpers.by_hand.typed_number``), or a number. It is right if it is exact, or rounded to two
    decimals or more; somebody who went on from rounded numbers is right, too. Raises what
    ``trace.index`` raises where there is no such cell; nothing that is typed raises.

    >>> from helpers.attention import head
    >>> from helpers.inputs import by_hand
    >>> tokens, x, Wq, Wk, Wv, Wo = by_hand()
    >>> diagnose(head(x, Wq, Wk, Wv), "scaled", (1, 0), "0.75").sentence
    'You divided by head_size: divide by its root, √head_size = √4 = 2.'
    """
    step, index = trace[name], trace.index(name, *index)
    right = float(step.value[index])
    try:
        answer = read(typed)
    except ValueError as problem:
        return Answer(False, str(problem))
    if answer.agrees(right):
        return Answer(True, "Right.")
    if step.kind != "given" and any(answer.agrees(from_rough(trace, step, index, digits)) for digits in ROUGH):
        return Answer(True, f"Right, from rounded numbers. With all the decimals it is {number(right, step.digits)}.")
    off = abs(answer.value - right)
    if answer.decimals in (0, 1) and off <= CLOSE[0]:
        return Answer(False, "Close: give two decimals.")
    for sheet in chain([trace], (rough(trace, digits) for digits in ROUGH)):
        found = tuple(slip for slip in slips(sheet, name, index) if answer.agrees(slip.value))
        if found:
            more = len(found) - 1
            others = (
                f" {'Another slip gives' if more == 1 else f'{more} other slips give'} the same number." if more else ""
            )
            return Answer(False, found[0].sentence + others, found)
    if off <= CLOSE[1] and step.digits > 2:
        return Answer(False, "Very close: keep three decimals on the way, and round at the end.")
    return Answer(False, f"{echo(typed)} is not {step.written(index)[0]}. {made_of(trace, name, index)}")


def slips(trace, name, index):
    """The wrong ways to a cell that lead to another number than the right one, the likely ones first: a list of Slips.

    Raises UnknownName for a step and IndexError for a cell that is not there.

    >>> from helpers.attention import average_past
    >>> slips(average_past([[1.0], [3.0]]), "out", (1, 0))[0]
    Slip(sentence='You added up and did not divide: the mean of 2 numbers is their sum / 2.', value=4.0)
    """
    cell, found = Cell(trace, trace[name], trace.index(name, *index)), {}
    with np.errstate(all="ignore"):
        for sentence, value in ways(cell):
            if not math.isnan(value) and not math.isclose(value, cell.value, rel_tol=1e-9, abs_tol=1e-9):
                found.setdefault(sentence, float(value))
    return [Slip(*one) for one in found.items()]


def from_rough(trace, step, index, digits):
    """A cell worked out from the numbers that are read off a picture."""
    own, *inputs = rounded([step, *trace.inputs(step)], digits)
    return rules.cell(own, index, inputs)


def rough(trace, digits):
    """The trace with its numbers as they are read off a picture."""
    return Trace(trace.title, trace.tokens, {step.name: step for step in rounded([*trace], digits)})


def rounded(steps, digits):
    """Steps with so many decimals, halves up."""
    values = np.concatenate([step.value.ravel() for step in steps])  # all at once: this is done at every answer
    finite = np.isfinite(values)
    scaled = np.where(finite, values, 0) * 10**digits
    half_up = np.where(finite, np.sign(scaled) * np.floor(abs(scaled) + 0.5) / 10**digits, values)
    parts = np.split(half_up, np.cumsum([step.value.size for step in steps])[:-1])
    return [replace(step, value=part.reshape(step.value.shape)) for step, part in zip(steps, parts)]


def made_of(trace, name, index):
    """A sentence that says what a cell is made of, in names alone."""
    step = trace[name]
    if step.kind == "given":
        return f"{name} is given: read {step.written(index)[0]} off the matrix."
    if step.kind == "mask":
        before = through.inputs(trace, step)[0].written(index)[0]
        return f"It is {before} where {kept(trace, step, index)}, and −∞ elsewhere."
    formula = "".join(text for text, _ in through.formula(trace, step, index))
    return f"It is {formula.split(' = ')[1]}."


def kept(trace, step, index):
    """Where a mask keeps a number, in words: ``s ≤ t``, or ``tril[1,0] is not 0``."""
    rule = parse(step.rule)
    said = [guard_text(rule.guard).replace("<=", "≤").replace(">=", "≥")] if rule.guard else []
    bound = dict(zip(rule.output, index))
    for axes, mask in zip(rule.inputs[1:], through.inputs(trace, step)[1:]):
        said.append(f"{mask.written(tuple(bound.get(axis, 0) for axis in axes))[0]} is not 0")
    return " and ".join(said)
