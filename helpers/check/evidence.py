"""What the tries of a wrong function prove."""

import numpy as np

from helpers.check.tries import drowned, overflowed, same

ENOUGH = 3  # a claim is proven by so many shapes; fewer may be chance
ROUNDED = 0.05  # of the largest number of a result


class Evidence:
    """The tries of a function: those of the check, and more where these do not suffice.

    The others are the same in each check, so that what is said does not hang on the numbers that were drawn.
    """

    def __init__(self, trials, tries):
        self.trials, self.tries, self.exercise = trials, tries, trials.exercise
        self.added = []

    @property
    def all(self):
        """The tries, and more, one by one."""
        yield from self.tries
        yield from self.more

    @property
    def more(self):
        """The tries of some more cases, each run when it is first asked for: most claims fall at the first of them."""
        for place, case in enumerate(self.exercise.outsized_cases() + self.exercise.more_cases()):
            if place == len(self.added):
                if self.trials.is_over:
                    return
                self.added.append(self.trials.run(case))
            yield self.added[place]

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
        return all(agrees(one, answer, told) for one in self.more) and len(told) >= ENOUGH


def agrees(one, answer, told):
    """Is it the answer, at one try? Where it is not the wanted one, ``told`` gets the try's shape."""
    said = answer(one)
    if said is None or one.found is None:
        return said is None and one.raised
    if not same(one.found, said, one.case.scale) and not blown_up(one, said):
        return one.case.scale > 1 and (
            is_rounded(one.found, said) or overflowed(one.found, said) or drowned(one.found, said)
        )
    if not one.right and not same(one.wanted, said, one.case.scale):  # also where some cells may be anything
        told.add(one.shape)
    return True


def is_rounded(found, answer):
    """Are they the same but for what float32 rounds away of large scores, before powers of e are taken of them?"""
    pairs = [(found[name], np.asarray(value, float)) for name, value in answer.items()]
    with np.errstate(invalid="ignore"):  # -inf less -inf
        return all(
            np.shape(one) == other.shape and (np.abs(one - other) <= ROUNDED * np.abs(other).max(initial=0)).all()
            for one, other in pairs
        )


def blown_up(one, answer):
    """Of two that are not the same: are they so but for numbers that are huge in both, such as what is divided by a sum
    of nearly 0?
    """
    found, said, any_huge = {}, {}, False
    for name, wanted in one.wanted.items():
        found[name], said[name] = one.found[name], np.asarray(answer[name], float)
        if found[name].shape != said[name].shape:
            return False
        most = 1000 * max(1.0, np.abs(wanted).max(initial=0))
        huge = ~(np.abs(found[name]) < most) & ~(np.abs(said[name]) < most)
        if huge.any():
            found[name], said[name] = np.where(huge, 0, found[name]), np.where(huge, 0, said[name])
            any_huge = True
    return any_huge and same(found, said, one.case.scale)


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
    inside = [one for one in inside if is_telling(evidence.exercise, one.case)]
    return all(len({one.shape for one in side}) >= ENOUGH for side in (inside, outside)) and (
        by is None or len({one.case.sizes[by] for one in inside}) > 1
    )


def is_telling(exercise, case):
    """Are most classic mistakes wrong here? Where all weights are 1, as with one token, anything may be right."""
    if case.telling is None:
        wanted = exercise.wanted(case)
        answers = [exercise.mistaken(case, mistaken) for _, mistaken in exercise.mistakes.values()]
        wrong = [answer for answer in answers if answer is None or not same(answer, wanted, case.scale)]
        case.telling = len(wrong) > 0.7 * len(answers)
    return case.telling
