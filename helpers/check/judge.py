"""The judge: runs a learner's function on many shapes, and says by evidence what is wrong with it."""

from dataclasses import dataclass
from functools import partial

from helpers.check import report
from helpers.check.biases import only_a_bias
from helpers.check.calls import SECONDS, Deadline, TooLong
from helpers.check.chance import unsteady
from helpers.check.diagnosis import diagnosis
from helpers.check.evidence import Evidence
from helpers.check.handed_in import has_loop, is_stub, order, unusable
from helpers.check.libraries import in_the_other_library
from helpers.check.modules import as_function, is_module
from helpers.check.placing import placed
from helpers.check.report import AXES
from helpers.check.tries import Trials, overflowed
from helpers.see.calling import random_numbers_kept


@dataclass
class Verdict:
    """solved: True, False, or None where nothing was tried yet. text: what the learner reads.

    find: a function that gives the Placed of a wrong one, or None; None where it has no run to look into. named: is the
    mistake known?
    """

    solved: bool | None
    text: str
    find: object = None
    named: bool = False


def judge(exercise, function, seed=0, count=4, seconds=None):
    """The Verdict on a learner's function. seed, count: of the random shapes that are tried beside the chosen ones.
    seconds: for all its calls together; those of a check where they are left out.
    """
    if of_module := is_module(function):
        exercise, function, problem = as_function(exercise, function)
    else:
        problem = unusable(function, exercise.asks)
    if problem:
        return Verdict(False, f"{exercise.name}: {problem}")
    if is_stub(function) and not of_module:
        return Verdict(None, f"{exercise.name}: not tried yet.")
    with Deadline(seconds or SECONDS) as deadline, random_numbers_kept():
        trials = Trials(exercise, function, [*exercise.asks] if of_module else order(function, exercise.asks), deadline)
        tries = tried(trials, cases := exercise.cases(seed, count))
        if changing := unsteady(trials, [one for one in tries if one.found is not None]):
            return Verdict(False, report.stopped(exercise, changing, cause=only_a_bias(exercise, tries)))
        if all(one.right for one in tries):
            tries += outgrown(trials, exercise.outsized_cases())
        wrong = next((one for one in tries if not one.right), None)
        if wrong and wrong.raised and (said := in_the_other_library(trials, cases)):
            return Verdict(False, f"{exercise.name}: {said}")
        if wrong:
            cause = diagnosis(Evidence(trials, tries)) if wrong.found or wrong.raised else ""
            find = partial(finding, trials, tries) if wrong.found else None
            return Verdict(False, report.wrong(exercise, wrong, tries, cause), find, bool(cause))
    if not exercise.loops and not of_module and has_loop(function):
        return Verdict(False, f"{exercise.name}: it is right, but with a Python loop: now without.")
    own = ", ".join(f"{AXES.get(axis, axis)}={size}" for axis, size in exercise.fixed.items() if axis != "T")
    said = f", with {own} as in the module" if own else ""
    return Verdict(True, f"{exercise.name}: right, on {len(tries)} shapes{said}.")


def finding(trials, tries):
    """Where the function goes wrong: a Placed, or None. It comes on top of the verdict, which must not fail for it."""
    try:
        with Deadline(SECONDS) as deadline, random_numbers_kept():
            return placed(Trials(trials.exercise, trials.function, trials.order, deadline), tries)
    except (Exception, TooLong):  # noqa: BLE001 - whatever a learner's run may hold
        return None


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
