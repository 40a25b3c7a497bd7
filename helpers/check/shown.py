"""The learner's own run, alive, with the first wrong cell pinned, beside the same run with that step made right."""

import sys

import numpy as np

from helpers.check.tries import close
from helpers.trace.other_numbers import with_values

WORDS = "the first that differs"


def show(placed):
    """Show where it goes wrong under the report, where something live can be shown: in a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is None:
        return
    if shown := picture(placed):
        from IPython.display import display  # the kernel has it

        display(shown)


def picture(placed):
    """The run that a Placed speaks of, compared with what it would be were that step right; the Diagram of the run
    alone where that cannot be had, and None where no certain cell is to be pinned, or none is shown.
    """
    if not placed.is_certain or placed.cell is None:
        return None
    from helpers.diagram.diagram import Diagram  # for those alone whose function goes wrong
    from helpers.explore.comparison import Comparison
    from helpers.see.seeing import trace_of

    (matrix, at, right), called = placed.cell, placed.run.exercise.name
    try:
        trace = trace_of(placed.run.recording, called)
    except ValueError:  # there is nothing to be seen, or too much
        return None
    same = [
        step.name
        for step in trace.shown
        if step.value.shape == matrix.shape and np.array_equal(step.value, matrix.value, equal_nan=True)
    ]
    if not same:
        return None
    name = matrix.name if matrix.name in same else same[-1]
    how = {"pinned": (name, tuple(map(int, at))), "notes": {name: WORDS}}
    mended = right_run(placed.run, trace, name, right)
    if mended is None:
        return Diagram(trace, **how)
    return Comparison(trace, mended, titles=[f"{called}, yours", f"the same, with {name} made right"], **how)


def right_run(run, trace, name, right):
    """The Trace of the run, were the numbers of this step right; None where what it returns would not be right then."""
    try:
        mended = with_values(trace, {name: right})
    except ValueError:  # no rule says what follows
        return None
    if len(run.results) > 1:
        return mended
    *_, last = mended.shown
    wanted = run.wanted(0)
    alike = last.value.shape == wanted.shape and close(last.value, wanted, run.case.scale).all()
    return mended if alike else None
