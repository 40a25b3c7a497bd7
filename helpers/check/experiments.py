"""What a function does with an input that was changed on purpose."""

import numpy as np

from helpers.check.evidence import ENOUGH
from helpers.check.exercise import Case
from helpers.check.tries import overflowed, same

SMALLER = 16  # times; a product of four such inputs is smaller by far more


def sees_later_tokens(evidence):
    """Do earlier rows change with the last token? Only where every wrong try of three tokens or more shows it: of two,
    the first may have one weight alone, which is 1 in any case.
    """
    exercise, shapes = evidence.exercise, set()
    if not exercise.causal:
        return ""
    for one in evidence.tries:
        if one.right or one.case.sizes["T"] < 3 or one.case.scale > 1:
            continue  # it does not show, or large scores may leave the last token no weight
        if one.found is None or evidence.trials.is_over or not any(earlier_rows_change(evidence, one)):
            return ""
        shapes.add(one.shape)
    if len(shapes) < ENOUGH:
        return ""
    changed = "the last token of x" if "x" in exercise.asks else "the last token"
    return f"It sees later tokens: where only {changed} is changed, earlier rows change, too."


def earlier_rows_change(evidence, one):
    """For each result, whether its rows before the last one are others where the last token is."""
    exercise = evidence.exercise
    other = evidence.trials.run(with_another_end(exercise, one.case))
    for name, axes in exercise.gives.items():
        found, now = one.found[name], other.found[name] if other.found else None
        if now is None or np.shape(found) != np.shape(one.wanted[name]) or np.shape(now) != np.shape(found):
            yield False
            continue
        before = range(one.case.sizes["T"] - 1)
        earlier = [np.take(rows, before, axis=axes.split().index("T")) for rows in (found, now)]
        yield not same({name: earlier[0]}, {name: earlier[1]}, one.case.scale)


def with_another_end(exercise, case):
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
    """Is it right but for large numbers? With NaN in each of these, powers of e have overflowed."""
    wrong = [one for one in evidence.tries if not one.right]
    if not wrong or any(one.found is None or one.case.scale <= 1 for one in wrong):
        return ""
    if not all(evidence.trials.run(smaller(one.case)).right for one in wrong):
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
    inputs = {
        name: value / SMALLER if np.ndim(value) and np.asarray(value).dtype.kind == "f" else value
        for name, value in case.inputs.items()
    }
    return Case(inputs, case.sizes, 1.0)
