"""What a function does with an input that was changed on purpose."""

import numpy as np

from helpers.check.evidence import ENOUGH, is_telling
from helpers.check.exercise import Case
from helpers.check.tries import overflowed, same

SMALLER = 16  # times; a product of four such inputs is smaller by far more
MOST = 2 / 3  # of the tries


def sees_later_tokens(evidence):
    """Do earlier rows change with the last token? One change is proof for a shape; three shapes are for the function.

    Of one that fails on some shapes it is not said: what is wrong there comes first.
    """
    exercise, shapes = evidence.exercise, set()
    if not exercise.causal:
        return ""
    for one in evidence.all:
        if one.found is None:
            return ""
        if one.right or one.case.sizes["T"] < 2 or one.case.scale > 1 or one.shape in shapes:
            continue  # it does not show, or large scores may leave the last token no weight
        if evidence.trials.is_over or len(shapes) == ENOUGH:
            break
        if any(earlier_rows_change(evidence, one)):
            shapes.add(one.shape)
    if len(shapes) < ENOUGH:
        return ""
    changed = "the last token of x" if "x" in exercise.asks else "the last token"
    return f"It sees later tokens: where only {changed} is changed, earlier rows change, too."


def earlier_rows_change(evidence, one):
    """For each result, whether its rows before the last one are others where the last token is."""
    exercise = evidence.exercise
    other = evidence.trials.run(altered(one.case, with_another_end, exercise))
    for name, axes in exercise.gives.items():
        found, now = one.found[name], other.found[name] if other.found else None
        if now is None or np.shape(found) != np.shape(one.wanted[name]) or np.shape(now) != np.shape(found):
            yield False
            continue
        before = range(one.case.sizes["T"] - 1)
        earlier = [np.take(rows, before, axis=axes.split().index("T")) for rows in (found, now)]
        yield not same({name: earlier[0]}, {name: earlier[1]}, one.case.scale)


def altered(case, change, *more):
    """The case as ``change`` makes it, made once: what is wanted there stays known, too."""
    if change not in case.altered:
        case.altered[change] = change(case, *more)
    return case.altered[change]


def with_another_end(case, exercise):
    """The case with other numbers at the last place of every axis of tokens."""
    inputs = dict(case.inputs)
    for name, axes in exercise.asks.items():
        for place, axis in enumerate(axes.split()):
            if axis == "T":
                value = np.moveaxis(np.array(inputs[name]), place, 0)
                value[-1] = (value[-1] + 1) % (value.max() + 1) if value.dtype.kind in "iu" else 1.3 - value[-1]
                inputs[name] = np.moveaxis(value, 0, place)
    return Case(inputs, case.sizes, case.scale)


def outgrown(evidence):
    """Is it right but for large numbers? With NaN in each of these, powers of e have overflowed.

    It must be right with most numbers of a usual size: with very small ones a mistake may not show.
    """
    wrong = []
    for one in evidence.all:
        if not one.right:
            if one.found is None or one.case.scale < 1:
                return ""
            wrong.append(one)
    if not all(evidence.trials.run(altered(one.case, smaller)).right for one in wrong):
        return ""
    usual = [one for one in evidence.all if one.case.scale == 1 and is_telling(evidence.exercise, one.case)]
    if not usual or sum(one.right for one in usual) < MOST * len(usual):
        return ""
    if all(overflowed(one.found, one.wanted) for one in wrong):
        return (
            "It is right while the numbers are small; large ones give NaN: e to the power of a large score overflows. "
            "Subtract the largest score of each row first."
        )
    return (
        "It is right while the numbers are small, and wrong where they are large: is there a constant in it, such "
        "as a fill of -100, that these outgrow?"
    )


def smaller(case):
    """The case with all its plain numbers made smaller."""
    plain = {name: value for name, value in case.inputs.items() if np.ndim(value) and value.dtype.kind == "f"}
    times = {name: SMALLER * max(1.0, np.abs(value).max()) for name, value in plain.items()}
    inputs = {name: value / times[name] if name in times else value for name, value in case.inputs.items()}
    return Case(inputs, case.sizes, 1.0)
