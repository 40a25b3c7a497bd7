"""The judge: runs a learner's function on many shapes, and says by evidence what is wrong with it."""

from dataclasses import dataclass

from helpers.check import report
from helpers.check.biases import only_a_bias
from helpers.check.calls import SECONDS, Deadline
from helpers.check.chance import random_numbers_kept, unsteady
from helpers.check.diagnosis import diagnosis
from helpers.check.evidence import Evidence
from helpers.check.handed_in import has_loop, is_stub, order, unusable
from helpers.check.tries import Trials, overflowed


@dataclass
class Verdict:
    """solved: True, False, or None where nothing was tried yet. text: what the learner reads."""

    solved: bool | None
    text: str


def judge(exercise, function, seed=0, count=4):
    """The Verdict on a learner's function. seed, count: of the random shapes that are tried beside the chosen ones."""
    if problem := unusable(function, exercise.asks):
        return Verdict(False, f"{exercise.name}: {problem}")
    if is_stub(function):
        return Verdict(None, f"{exercise.name}: not tried yet.")
    with Deadline(SECONDS) as deadline, random_numbers_kept():
        trials = Trials(exercise, function, order(function, exercise.asks), deadline)
        tries = tried(trials, exercise.cases(seed, count))
        if changing := unsteady(trials, [one for one in tries if one.found is not None]):
            return Verdict(False, report.stopped(exercise, changing, cause=only_a_bias(exercise, tries)))
        if all(one.right for one in tries):
            tries += outgrown(trials, exercise.outsized_cases())
        wrong = next((one for one in tries if not one.right), None)
        if wrong:
            cause = diagnosis(Evidence(trials, tries)) if wrong.found or wrong.raised else ""
            return Verdict(False, report.wrong(exercise, wrong, tries, cause))
    if not exercise.loops and has_loop(function):
        return Verdict(False, f"{exercise.name}: it is right, but with a Python loop: now without.")
    return Verdict(True, f"{exercise.name}: right, on {len(tries)} shapes.")


def outgrown(trials, cases):
    """The tries of cases with huge numbers, where some of them are wrong; else none.

    What overflows there may do so: how large the numbers are that a function has to bear is said by its other cases.
    """
    tries = [trials.run(case) for case in cases if not trials.is_over]
    return [one for one in tries if not one.right and one.found and not overflowed(one.found, one.wanted)]


def tried(trials, cases):
    """A Try of each case; none after one that was stopped for a reason which needs no further evidence."""
    tries = []
    for case in cases:
        tries.append(trials.run(case))
        if tries[-1].problem and not tries[-1].raised:
            break
    return tries
