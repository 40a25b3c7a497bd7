"""Are the numbers of a rule those of the run, which rounds?"""

import numpy as np

from helpers.see.read.drafts import View
from helpers.trace import rules
from helpers.trace.grammar import rule_text

ADDING = ("sum-product", "mean", "add", "subtract")
ROUNDING = {"float64": 1e-9, "float16": 4e-3, "bfloat16": 3e-2}  # of numbers of the run; 1e-5 of float32


def right(found, result):
    """Has a draft or a view the numbers of the run, up to its rounding? result: a matrix of the run."""
    if found is None or tuple(found.shape) != tuple(result.shape):
        return False
    if isinstance(found, View):
        return close(numbers_of(found, result), result.value, result.kind)
    return close(found.value, result.value, result.kind) or (
        found.kind in ADDING and close(found.value, result.value, result.kind, magnitude(found))
    )


def magnitude(draft):
    """How large the numbers are that were added up: what they leave when they cancel is rounded as they are."""
    if draft.kind not in ADDING or draft.guard:
        return np.abs(draft.value)
    own = [source.key is None and source.origin == "made" for source in draft.inputs]
    values = [magnitude(one) if made else np.abs(one.value) for one, made in zip(draft.inputs, own)]
    core = [label for label in draft.output if any(label in labels for labels in draft.labels)]
    kind = "add" if draft.kind == "subtract" else draft.kind
    return rules.evaluate(kind, rule_text(draft.labels, core), values, abs(draft.factor)).reshape(draft.shape)


def numbers_of(view, result):
    """The numbers of a view; where they come from no draft, they are those of the result."""
    if view.places is None:
        return view.pieces[0].value
    if len(view.pieces) == 1 and (view.places >= 0).all():
        return view.pieces[0].value.reshape(-1)[view.places]
    flat = np.concatenate([*(piece.value.reshape(-1).astype(float) for piece in view.pieces), [0.0]])
    return np.where(view.places < 0, result.value, flat[view.places])


def close(mine, value, kind, magnitude=0.0):
    """Are these the same numbers, up to the rounding of this kind of number? magnitude: of what each was made of."""
    if mine.shape != value.shape:
        return False
    if (mine == value).all():
        return True
    if kind in ("float32", "float16"):  # what is too large for it is infinite
        with np.errstate(over="ignore"):
            mine = mine.astype(kind)
    mine, value = mine.astype(float), value.astype(float)
    same = (mine == value) | (np.isnan(mine) & np.isnan(value))
    if same.all():
        return True
    rounding = ROUNDING.get(kind, 1e-5 if kind.startswith("float") else 0)
    with np.errstate(invalid="ignore", over="ignore"):
        top = np.abs(value[np.isfinite(value)]).max(initial=0)
        near = np.abs(mine - value) <= rounding * (np.abs(value) + top + magnitude) + 1e-30
    return bool((same | (near & np.isfinite(value) & np.isfinite(mine))).all())
