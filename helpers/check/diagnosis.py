"""From the tries of a wrong function to one sentence on its cause, which claims no more than they prove.

First what explains every number: a classic mistake, or a result that is right but for one thing. Then what the function
does wrong whatever else it does, a leak of the future, and at last where it is right: on which shapes, with which
numbers. So a rule that fits much never hides one that says more.
"""

from itertools import combinations, permutations

import numpy as np

from helpers.check.biases import only_a_bias
from helpers.check.evidence import divides
from helpers.check.experiments import outgrown, sees_later_tokens
from helpers.check.fills import a_finite_fill
from helpers.check.report import AXES

AS_A_LAYER = ("'Tensor' object is not callable", "'numpy.ndarray' object is not callable", "has no attribute 'weight'")
ALONE = {"B": "there is one sequence", "T": "there is one token"}


def diagnosis(evidence):
    """What the evidence says, in a sentence; nothing where it is not clear."""
    exercise = evidence.exercise
    for sentence, mistaken in exercise.mistakes.values():
        if evidence.shows(lambda one, mistaken=mistaken: exercise.mistaken(one.case, mistaken)):
            return f"It looks as if {sentence}."
    return (
        called_as_a_layer(evidence)
        or other_axes(evidence)
        or sequence_first(evidence)
        or transposed_matrices(evidence)
        or as_it_came(evidence)
        or something_added(evidence)
        or nothing_but_nan(evidence)
        or a_factor(evidence)
        or only_a_bias(evidence.exercise, evidence.tries)
        or a_finite_fill(evidence)
        or sees_later_tokens(evidence)
        or right_only_where(evidence)
        or outgrown(evidence)
    )


def called_as_a_layer(evidence):
    """A matrix was called, or asked for its weight, as an nn.Linear may be."""
    matrices = [name for name in evidence.exercise.asks if name.startswith("W")]
    if not matrices or not all(any(text in one.problem for text in AS_A_LAYER) for one in evidence.tries):
        return ""
    said = ", ".join(matrices[:-1]) + " and " + matrices[-1]
    return (
        f"{said} are matrices, not layers: wanted `x @ {matrices[0]}`. Of a layer, `lin.weight.T` is the matrix; "
        "and a whole nn.Module can be handed over as it is."
    )


# -- right, but for one thing -----------------------------------------------------------------------


def other_axes(evidence):
    """Right, with the axes of every result in another order."""
    gives = [axes.split() for axes in evidence.exercise.gives.values()]
    if len({len(axes) for axes in gives}) > 1:
        return ""
    axes = [AXES.get(axis, axis) for axis in gives[0]]
    for places in permutations(range(len(axes))):
        if evidence.shows(lambda one, places=places: {name: np.transpose(v, places) for name, v in one.wanted.items()}):
            if places[:-2] == tuple(range(len(places) - 2)):
                return "It is right, but transposed: its last two axes have changed places."
            said = ", ".join(axes[place] for place in places)
            return f"It is right, but its axes stand in another order: ({said}), wanted ({', '.join(axes)})."
    return ""


def sequence_first(evidence):
    """Right, if axis 0 of every input held the tokens and axis 1 the batch, as nn.MultiheadAttention has it."""
    exercise = evidence.exercise
    swapped = [name for name, axes in exercise.asks.items() if axes.split()[:2] == ["B", "T"]]
    if not swapped or any(axes.split().count("T") > 1 for axes in exercise.asks.values()):
        return ""

    def answer(one, back):
        found = other_inputs(exercise, one, {name: np.swapaxes(one.case.inputs[name], 0, 1) for name in swapped})
        return found and {name: np.swapaxes(v, 0, 1) if back and np.ndim(v) > 1 else v for name, v in found.items()}

    for back in (True, False):
        if evidence.shows(lambda one, back=back: answer(one, back)):
            return (
                "It takes axis 0 for the tokens and axis 1 for the batch, so the sequences of the batch are mixed: "
                f"wanted the batch first, {swapped[0]} is ({', '.join(exercise.asks[swapped[0]].split())})."
            )
    return ""


def transposed_matrices(evidence):
    """Right, if some of the matrices were used transposed, as an nn.Linear keeps them; where that does not fit, it
    fails.
    """
    exercise = evidence.exercise
    matrices = [name for name, axes in exercise.asks.items() if name.startswith("W") and len(axes.split()) == 2]

    def answer(one, chosen):
        turned = {name: np.transpose(one.case.inputs[name]) for name in chosen}
        if any(np.shape(turned[name]) != np.shape(one.case.inputs[name]) for name in chosen):
            return None
        return other_inputs(exercise, one, turned)

    for size in range(1, len(matrices) + 1):
        for chosen in combinations(matrices, size):
            if evidence.shows(lambda one, chosen=chosen: answer(one, chosen)):
                names = ", ".join(chosen[:-1]) + " and " * (size > 1) + chosen[-1]
                axes = exercise.asks[chosen[0]].replace(" ", ", ").replace("h", "head_size")
                return (
                    f"It looks as if {names} {'were' if size > 1 else 'was'} transposed: an nn.Linear keeps its matrix "
                    f"that way, but here {chosen[0]} is ({axes}), so wanted `@ {chosen[0]}`."
                )
    return ""


def other_inputs(exercise, one, inputs):
    """The wanted results, had some inputs of a try been others."""
    case = type(one.case)({**one.case.inputs, **inputs}, one.case.sizes, one.case.scale)
    return exercise.answer(case, exercise.oracle)


def as_it_came(evidence):
    """One of the inputs, and nothing done to it."""
    for name in [name for name, value in evidence.tries[0].case.inputs.items() if np.ndim(value)]:
        if evidence.shows(lambda one, name=name: dict.fromkeys(one.wanted, np.asarray(one.case.inputs[name], float))):
            return f"It gives back {name} as it came."
    return ""


def something_added(evidence):
    """Right, with x added to it."""

    def answer(one):
        try:
            return {name: value + np.asarray(one.case.inputs["x"]) for name, value in one.wanted.items()}
        except ValueError:  # the shapes do not fit
            return None

    if "x" in evidence.exercise.asks and evidence.shows(answer):
        return (
            "It is right, but x was added to it: that is the residual connection, which belongs to a block; wanted "
            "the result alone."
        )
    return ""


def nothing_but_nan(evidence):
    """NaN in every place, on every shape."""
    if not evidence.shows(lambda one: {name: np.full(np.shape(value), np.nan) for name, value in one.wanted.items()}):
        return ""
    return (
        "Every number of it is NaN, whatever goes in: 0 times infinity is NaN, as in `(1 - tril) * float('-inf')`, and "
        "so are infinity minus infinity and 0 divided by 0."
    )


def a_factor(evidence):
    """Right, but for one factor in all numbers of all tries."""
    factor = next((ratio(one) for one in evidence.tries if np.isfinite(ratio(one))), None)
    if factor is None:
        return ""
    if not evidence.shows(lambda one: {name: factor * np.asarray(value) for name, value in one.wanted.items()}):
        return ""
    if abs(factor) < 1e-6:
        return "Every number of it is 0, whatever goes in: was the result ever filled?"
    if abs(factor + 1) < 1e-3:
        return "It is right, but for its sign: every number is minus the wanted one."
    return f"It is right, but for a factor: every number is {factor:.3f} times the wanted one, on every shape."


def ratio(one):
    """The largest wanted number of a try, and how many times as large it came out; NaN where that cannot be said."""
    if one.found is None:
        return np.nan
    name, wanted = next(iter(one.wanted.items()))
    found, wanted = one.found[name], np.asarray(wanted, float)
    if np.shape(found) != wanted.shape or not np.abs(wanted).max(initial=0) > 0.1:
        return np.nan
    at = np.unravel_index(np.abs(wanted).argmax(), wanted.shape)
    return float(found[at] / wanted[at]) if np.isfinite(wanted[at]) else np.nan


# -- where it is right ------------------------------------------------------------------------------


def right_only_where(evidence):
    """Right on all shapes with something in common, and on no other: three of each at least."""
    exercise = evidence.exercise
    if not any(one.right for one in evidence.tries):
        return ""
    used = dict.fromkeys(axis for axes in (*exercise.asks.values(), *exercise.gives.values()) for axis in axes.split())
    for a, b in combinations(used, 2):
        if divides(evidence, lambda sizes, a=a, b=b: sizes[a] == sizes[b], by=a):
            return f"It is right only where {AXES.get(a, a)} equals {AXES.get(b, b)}: is one taken for the other?"
    for axis, words in ALONE.items():
        if axis in used and divides(evidence, lambda sizes, axis=axis: sizes[axis] == 1):
            return f"It is right only where {words}."
    return ""
