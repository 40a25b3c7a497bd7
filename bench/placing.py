"""How many unforeseen mistakes a check names or places at the right line: ``python -m bench.placing [share [seed]]``.

Right solutions in several styles get one small change each: another operator, name, number or function, arguments that
change places, a line that is missing. A witness that watches both programs line by line says where they first differ.
"""

import ast
import random
import sys
from collections import Counter

import numpy as np
import torch

from helpers import check
from helpers.check.calls import Deadline
from helpers.check.diagnosis import diagnosis
from helpers.check.evidence import Evidence
from helpers.check.handed_in import order
from helpers.check.judge import tried
from helpers.check.placing import SEED, SIZES, placed
from helpers.check.tries import Trials, arguments
from tests.first_difference import first_difference, typed
from tests.small_changes import version
from tests.styles import STYLES

MOST = 400  # changes of one program
KINDS = ("named", "placed", "between", "untold", "wrong")


def outcome(name, right, code, dropped, names_first=True):
    """What the check says of a wrong program: one of KINDS and the sentence; None where it is right or raises.

    names_first: is it looked for a name of the mistake where its place is known, too? That takes its time.
    """
    exercise = check.exercises()[name]
    function = typed(name, code)
    with Deadline(5) as deadline:
        trials = Trials(exercise, function, order(function, exercise.asks), deadline)
        tries = tried(trials, exercise.cases(0, 4))
        if all(one.right for one in tries) or not any(one.found for one in tries):
            return None
        if any(one.raised for one in tries):
            return None
        found = placed(trials, tries)
        is_clear = found is not None and found.is_certain
        cause = diagnosis(Evidence(trials, tries)) if names_first or not is_clear else ""
    truth = first_line(exercise, typed(name, right), function, dropped, tries)
    said = f"{found.sentence if found else ''} | truth: line {truth} | {cause}"
    if found and found.is_certain and found.first != truth:
        return "wrong", said
    if found and truth is not None and not found.first <= truth <= found.last:
        return "wrong", said
    if cause:
        return "named", said
    return ("untold" if found is None else "placed" if found.is_certain else "between"), said


def first_line(exercise, right, wrong, dropped, tries):
    """The first line that differs on any of the inputs that the check looks at."""
    rng = np.random.default_rng(SEED)
    cases = [exercise.case(rng, dict(sizes), 1.0) for sizes in SIZES] + [one.case for one in tries if not one.right][:2]
    lines = []
    for case in cases:

        def given(case=case):
            return [*arguments(exercise, case).values()]

        lines.append(first_difference(right, wrong, given, dropped))
    return min((line for line in lines if line is not None), default=None)


def wrong_programs(share=1.0, seed=0):
    """(exercise, right code, wrong code, dropped line) of all styles and changes, or of a share of them."""
    rng = random.Random(seed)
    for name, codes in STYLES.items():
        for code in codes:
            right = ast.unparse(ast.parse(code))
            for number in range(MOST):
                made = version(right, number) if rng.random() < share else None
                if made and made[0]:
                    yield name, right, *made


def main(share=0.05, seed=0):
    torch.manual_seed(0)
    counts, total = {}, Counter()
    for name, right, code, dropped in wrong_programs(share, seed):
        try:
            found = outcome(name, right, code, dropped)
        except Exception:
            print(name, code, dropped)
            raise
        if found:
            counts.setdefault(name, Counter())[found[0]] += 1
            total[found[0]] += 1
            if found[0] in ("wrong", "untold", "between"):
                print(f"---- {name}: {found}\n{code}")
    for name, row in [*counts.items(), ("all", total)]:
        print(f"{name:<20}" + "".join(f"{row[kind]:>9}" for kind in KINDS) + f"{sum(row.values()):>9}")
    told = total["named"] + total["placed"]
    print(f"named or placed at the line: {told / sum(total.values()):.1%} of {sum(total.values())}")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:3]))
