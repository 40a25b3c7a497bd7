"""Where a wrong function goes wrong: its runs, matrix by matrix, beside the steps of a right one.

Nothing is guessed. A line is right where all that it hands on equals known steps, in every run; sizes and numbers all
differ, so that it cannot be chance. It is where the function goes wrong if it is the first that is not right, and if
all comes out right with a known step in the place of what it made: so nothing after it is wrong. Where these are two
lines, the mistake is somewhere from one to the other, and no more is said.
"""

import numpy as np

from helpers.check.alike import Known
from helpers.check.own_run import OwnRun
from helpers.check.replay import Unknown
from helpers.check.search import Search

# no two sizes of a case alike, and none the same in two of them
SIZES = [dict(zip("BTChn", sizes)) for sizes in [(2, 3, 5, 4, 5), (3, 5, 7, 6, 4), (4, 6, 3, 5, 2)]]
SEED = 7
ENOUGH = 2  # runs that are wrong


def placed(trials, tries=()):
    """Where the function of some Trials goes wrong: a Placed; None where that cannot be told.

    tries: of the check; some that were wrong are looked at again where the mistake shows nowhere else.
    """
    rng = np.random.default_rng(SEED)
    cases = [trials.exercise.case(rng, dict(sizes), 1.0) for sizes in SIZES]
    try:
        runs = [OwnRun(trials, case) for case in cases]
        if sum(run.is_wrong for run in runs) < ENOUGH:
            runs += [OwnRun(trials, one.case) for one in tries if one.found and not one.right][:ENOUGH]
        knowns = [Known(trials.exercise, run.case) for run in runs]
        found = []
        for at in range(len(trials.exercise.gives)):
            wrong = sum(not run.is_right(at) for run in runs)
            if 0 < wrong < ENOUGH:
                return None
            if wrong:
                found.append(Search(runs, knowns, at).place())
    except Unknown:
        return None
    found = sorted(found, key=lambda one: (one.first, one.last))
    if not found or (len(found) > 1 and found[0].last >= found[1].first and found[0].first != found[1].last):
        return None
    return found[0]
