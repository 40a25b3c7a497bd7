"""A head of your own in the place of the course's in a puzzle: it is seen as it stands, with the names of its code."""

import inspect

import numpy as np

from helpers.look.given import told
from helpers.see import see


class OwnHead:
    """A function of x, Wq, Wk and Wv, or of scores, or of source, too, as a puzzle has them: by these names, or in this
    order.

    names: what the puzzle's matrices are called in it. Raises ValueError for another function, and what ``see`` raises.
    """

    def __init__(self, puzzle, function):
        self.puzzle, self.function = puzzle, function
        x = {name: one for name, one in (("x", puzzle.x), ("source", puzzle.source)) if one is not None}
        wanted = [*x, *puzzle.start]
        called = [*taken(function, len(wanted))]
        if len(called) != len(wanted):
            raise ValueError(f"you gave {told(function)}; wanted a function of {', '.join(wanted)}.")
        self.given = x
        self.called = {name: name for name in wanted} if {*called} == {*wanted} else dict(zip(wanted, called))
        self.names = {self.called[name]: name for name in puzzle.start}
        self.weights(self.trace(**puzzle.start))

    def trace(self, **matrices):
        """The Trace of one call."""
        inputs = {self.called[name]: value for name, value in {**self.given, **matrices}.items()}
        tokens = self.puzzle.tokens
        return see(self.function, tokens=tokens if isinstance(tokens, list) else None, **inputs)

    def weights(self, trace):
        """Its weights, the last shares of tokens among tokens: (T, S) or (n, T, S). Raises ValueError without such."""
        tokens = self.puzzle.tokens
        T, S = map(len, (tokens["t"], tokens["s"]) if isinstance(tokens, dict) else (tokens, tokens))
        among = [step for step in trace if step.kind != "given" and step.value.shape[-2:] == (T, S)]
        shares = [step for step in among if (step.value >= 0).all() and np.allclose(step.value.sum(-1), 1, atol=1e-5)]
        found = [step.value for step in shares if step.role == "weights"] or [step.value for step in shares]
        if not found:
            raise ValueError(
                f"{trace.title} makes no weights, rows of {S} shares that sum to 1; wanted a softmax of its scores, "
                f"({T}, {S})."
            )
        return found[-1]


def taken(function, count):
    """The names of the parameters that a function needs; of some that are built in, nobody knows them."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    named = [one for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    needed = [one.name for one in named if one.default is one.empty]
    return [one.name for one in named][: max(count, len(needed))]  # what has a default stays as it is
