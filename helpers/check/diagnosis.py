"""From the tries of a wrong function to one sentence on its cause, which claims no more than they prove.

First what explains every number: a classic mistake, or a result that is right but for one thing. Then what the function
does wrong whatever else it does, and at last where it is right.
"""

from itertools import combinations, permutations

import numpy as np

from helpers.check.experiments import outgrown, sees_later_tokens
from helpers.check.report import AXES
from helpers.check.tries import overflowed, same

ENOUGH = 3  # a claim is proven by so many shapes; fewer may be chance
ALONE = {"B": "there is one sequence", "T": "there is one token"}


class Evidence:
    """The tries of a function: those of the check, and more where these do not suffice."""

    def __init__(self, trials, tries):
        self.trials, self.tries, self.exercise = trials, tries, trials.exercise
        self.added = None

    @property
    def all(self):
        """The tries, and those of some more cases, which are run when they are first asked for."""
        if self.added is None:
            self.added = []
            for case in self.exercise.more_cases():
                if self.trials.is_over:
                    break
                self.added.append(self.trials.run(case))
        return self.tries + self.added

    def shows(self, answer):
        """Does the function give this answer, not the wanted one? answer: of a Try, the results by name, None where
        it has none.

        It must on every try, and on three shapes at least it must tell the two apart. Where there is no answer, the
        function has to fail, too.
        """
        told = set()
        if not all(agrees(one, answer, told) for one in self.tries):
            return False
        if len(told) >= ENOUGH:
            return True
        return all(agrees(one, answer, told) for one in self.all[len(self.tries) :]) and len(told) >= ENOUGH


def agrees(one, answer, told):
    """Is it the answer, at one try? Where it is not the wanted one, ``told`` gets the try's shape."""
    said = answer(one)
    if said is None or one.found is None:
        return said is None and one.raised
    if not same(one.found, said, one.case.scale) and not blown_up(one, said):
        # large numbers may overflow in one formula and not in another
        return one.case.scale > 1 and overflowed(one.found, said)
    if not one.right:
        told.add(one.shape)
    return True


def blown_up(one, answer):
    """Are they the same but for numbers that are huge in both, such as what is divided by a sum of nearly 0?"""
    for name, wanted in one.wanted.items():
        found, said = one.found[name], np.asarray(answer[name], float)
        if np.shape(found) != np.shape(said):
            return False
        most = 1000 * max(1.0, np.abs(wanted).max(initial=0))
        huge = ~(np.abs(found) < most) & ~(np.abs(said) < most)
        if not same({name: np.where(huge, 0, found)}, {name: np.where(huge, 0, said)}, one.case.scale):
            return False
    return True


def diagnosis(evidence):
    """What the evidence says, in a sentence; nothing where it is not clear."""
    exercise = evidence.exercise
    for sentence, mistaken in exercise.mistakes.values():
        if evidence.shows(lambda one, mistaken=mistaken: exercise.answer(one.case, mistaken)):
            return f"It looks as if {sentence}."
    return (
        other_axes(evidence)
        or sequence_first(evidence)
        or transposed_matrices(evidence)
        or as_it_came(evidence)
        or something_added(evidence)
        or nothing_but_nan(evidence)
        or a_factor(evidence)
        or outgrown(evidence)
        or sees_later_tokens(evidence)
        or right_only_where(evidence)
    )


# -- right, but for one thing -----------------------------------------------------------------------


def other_axes(evidence):
    """Right, with the axes of every result in another order."""
    gives = [axes.split() for axes in evidence.exercise.gives.values()]
    if len({len(axes) for axes in gives}) > 1:
        return ""
    for places in sorted(permutations(range(len(gives[0]))), key=lambda places: places[-2:] != (-1, -2)):
        if places == tuple(sorted(places)):
            continue
        if evidence.shows(lambda one, places=places: {name: np.transpose(v, places) for name, v in one.wanted.items()}):
            if places[:-2] == tuple(range(len(places) - 2)):
                return "It is right, but transposed: its last two axes have changed places."
            said = [" (" + ", ".join(AXES.get(axes[i], axes[i]) for i in places) + ")" for axes in gives]
            wanted = [" (" + ", ".join(AXES.get(axis, axis) for axis in axes) + ")" for axes in gives]
            return f"It is right, but its axes stand in another order:{said[0]}, wanted{wanted[0]}."
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
    names = [name for name, value in evidence.tries[0].case.inputs.items() if np.ndim(value)]
    for name in names:
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
        "Every number of it is NaN, whatever goes in: 0 times infinity is NaN, and so are infinity minus infinity and "
        "0 divided by 0."
    )


def a_factor(evidence):
    """Right, but for one factor in all numbers of all tries."""
    seen = [one for one in evidence.tries if one.found is not None]
    factor = None
    for one in seen:
        for name, wanted in one.wanted.items():
            if np.shape(one.found[name]) != np.shape(wanted):
                return ""
            if factor is None and np.size(wanted) and np.abs(wanted).max() > 0.1:
                at = np.unravel_index(np.abs(wanted).argmax(), np.shape(wanted))
                factor = float(np.asarray(one.found[name])[at] / np.asarray(wanted)[at])
    if factor is None or not np.isfinite(factor):
        return ""
    if not evidence.shows(lambda one: {name: factor * np.asarray(value) for name, value in one.wanted.items()}):
        return ""
    if abs(factor) < 1e-6:
        return "Every number of it is 0, whatever goes in: was the result ever filled?"
    if abs(factor + 1) < 1e-3:
        return "It is right, but for its sign: every number is minus the wanted one."
    return f"It is right, but for a factor: every number is {factor:.3f} times the wanted one, on every shape."


# -- where it is right ------------------------------------------------------------------------------


def right_only_where(evidence):
    """Right on all shapes with something in common, and on no other: three of each at least."""
    exercise = evidence.exercise
    used = dict.fromkeys(axis for axes in (*exercise.asks.values(), *exercise.gives.values()) for axis in axes.split())
    for a, b in combinations(used, 2):
        if divides(evidence, lambda sizes, a=a, b=b: sizes[a] == sizes[b], by=a):
            return f"It is right only where {AXES.get(a, a)} equals {AXES.get(b, b)}: is one taken for the other?"
    for axis, words in ALONE.items():
        if axis in used and divides(evidence, lambda sizes, axis=axis: sizes[axis] == 1):
            return f"It is right only where {words}."
    return ""


def divides(evidence, holds, by=None):
    """Is the function right where ``holds(sizes)``, and wrong elsewhere? by: an axis that must take two sizes at least
    where it holds. Very large and very small numbers may hide a mistake, so what is right there proves nothing.
    """
    inside, outside = [], []
    for one in evidence.all:
        if one.right and one.case.scale != 1:
            continue
        if one.right != holds(one.case.sizes):
            return False
        (inside if one.right else outside).append(one)
    inside = [one for one in inside if is_telling(evidence.exercise, one)]
    return all(len({one.shape for one in side}) >= ENOUGH for side in (inside, outside)) and (
        by is None or len({one.case.sizes[by] for one in inside}) > 1
    )


def is_telling(exercise, one):
    """Are most classic mistakes wrong here? Where all weights are 1, as with one token, anything may be right."""
    answers = [exercise.answer(one.case, mistaken) for _, mistaken in exercise.mistakes.values()]
    wrong = [answer for answer in answers if answer is None or not same(answer, one.wanted, one.case.scale)]
    return len(wrong) > 0.7 * len(answers)
