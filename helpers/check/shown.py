"""The learner's own run, alive, with the first wrong cell pinned."""

import sys

import numpy as np

WORDS = "here it goes wrong"


def show(placed):
    """Show where it goes wrong under the report, where something live can be shown: in a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is None:
        return
    if shown := diagram(placed):
        from IPython.display import display  # the kernel has it

        display(shown)


def diagram(placed):
    """The Diagram of the run that a Placed speaks of; None where no certain cell is to be pinned, or none is shown."""
    if not placed.is_certain or placed.cell is None:
        return None
    from helpers.diagram.diagram import Diagram  # for those alone whose function goes wrong
    from helpers.see.seeing import trace_of

    matrix, at = placed.cell
    try:
        trace = trace_of(placed.run.recording, placed.run.exercise.name)
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
    return Diagram(trace, pinned=(name, tuple(map(int, at))), notes={name: WORDS})
