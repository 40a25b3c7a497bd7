"""A mask that fills with a finite number: whichever it is, the function's own results tell it."""

import numpy as np

from helpers.check.evidence import is_rounded
from helpers.check.tries import close
from helpers.check.wrong_heads import hidden, soft

LOWEST, STEPS = -1e7, 44  # of the search, which halves what is left in each step
PLAIN = 0.1  # of the largest difference of a try: smaller ones are too near to what float32 rounds away
REACHED = 0.9999  # of the way from the wanted number to the one that came out: a float32 tells no more
LEAST = 0.01  # of a difference that tells the number well enough

# each sentence, the highest number that it is said of, and how such a number makes weights of scores
FILLS = {
    "the scores of the future became a finite number, not -inf: a token hears its future wherever other scores are as "
    "low": (50.0, lambda fill: lambda scores: soft(hidden(scores, fill=fill))),
    "the scores of the future were lowered by a finite number, not to -inf: a token hears its future wherever other "
    "scores are as low": (-1e-2, lambda fill: lambda scores: soft(scores + hidden(0 * scores, fill=fill))),
}


def a_finite_fill(evidence):
    """Does one number in the place of -inf explain every result? It is not told which: of a very low one, no more is
    known than that it is not low enough.
    """
    exercise = evidence.exercise
    if not exercise.weighing or not all("T" in axes.split() for axes in exercise.gives.values()):
        return ""
    wrong = []
    for one in evidence.all:
        if not one.right:
            if not is_right_at_the_end(exercise, one):
                return ""
            wrong.append(one)
    for sentence, (highest, weigh) in FILLS.items():

        def answer(one, fill, weigh=weigh):
            return exercise.answer(one.case, lambda *given: exercise.weighing(*given, weigh=weigh(fill)))

        alone = [one for one in wrong if one.case.sizes.get("n", 1) == 1]  # of several heads each has its share
        for tries in ([one for one in alone if one.case.scale <= 1], alone, wrong):  # small scores are the more precise
            fill = LOWEST
            for one in tries:
                fill = lowest_fill(one, answer, fill, highest)
                if not is_rounded(one.found, answer(one, fill)):
                    break  # no fill explains this one
            else:
                for tried in (fill, fill + 8):  # the one that was found may be no more than a bound
                    if evidence.shows(lambda one, answer=answer, tried=tried: answer(one, tried)):
                        return f"It looks as if {sentence}."
    return ""


def is_right_at_the_end(exercise, one):
    """Is the shape right, and the row of the last token, which has no future?"""
    if one.found is None:
        return False
    for name, axes in exercise.gives.items():
        found, wanted = one.found[name], np.asarray(one.wanted[name], float)
        if found.shape != wanted.shape:
            return False
        rows = axes.split().index("T")  # of weights, (T, T), the first T
        if not close(found.take(-1, rows), wanted.take(-1, rows), one.case.scale).all():
            return False
    return True


def lowest_fill(one, answer, low, high):
    """The lowest fill, from ``low`` to ``high``, with which the wrong numbers of a try move as far as they did."""
    (name, wanted) = next(iter(one.wanted.items()))
    away = one.found[name] - wanted
    plain = np.abs(away) > PLAIN * np.abs(away).max()

    def is_enough(fill):
        return ((answer(one, fill)[name] - wanted)[plain] / away[plain]).min() >= REACHED

    if not (np.isfinite(away).all() and np.abs(away).max() >= LEAST) or is_enough(low):
        return low
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
