"""Before there is a query: averages of the past by loop, by matrix product and by softmax, each as a Trace."""

import numpy as np

from helpers.attention.parts import attend, checked, square, start
from helpers.trace.trace import Trace


def average_past(x, *, tokens=None):
    """Each token becomes the mean of itself and the tokens before it.

    x: (T, C) or (B, T, C). Raises ValueError for another shape or a number that is not finite.

    >>> average_past([[1.0, 2.0], [3.0, 6.0]])["out"].value.tolist()
    [[1.0, 2.0], [2.0, 4.0]]
    """
    trace, b = start("average_past", x, tokens)
    trace.step("out", "mean", f"{b}s c -> {b}t c | s <= t", "x", role="out", code="out[t] = x[:t + 1].mean(0)")
    return trace


def average_matmul(x, *, tokens=None):
    """The same averages as one matrix product: a triangle of ones, its rows divided by their sums, times x.

    x: (T, C) or (B, T, C). Raises ValueError for another shape or a number that is not finite.

    >>> average_matmul([[1.0, 2.0], [3.0, 6.0]])["weights"].value.tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    trace, b = start("average_matmul", x, tokens)
    T = trace["x"].value.shape[-2]
    trace.given("tril", np.tril(np.ones((T, T))), "t s", role="weights", code="tril = torch.tril(torch.ones(T, T))")
    trace.step(
        "weights", "normalize", "t r -> t s", "tril", role="weights", code="weights = tril / tril.sum(1, keepdim=True)"
    )
    trace.step("out", "sum-product", f"t s, {b}s c -> {b}t c", "weights", "x", role="out", code="out = weights @ x")
    return trace


def masked_softmax(scores, v, *, causal=True, tokens=None):
    """Scores become weights: -inf above the diagonal, softmax along each row, then weights times v.

    scores: (T, T); v: (T, h). Raises ValueError for other shapes, or for NaN.

    >>> masked_softmax([[0.0, 9.0], [0.0, 0.0]], [[1.0], [3.0]])["out"].value.tolist()
    [[1.0], [2.0]]
    """
    trace = Trace("masked_softmax", tokens)
    scores = checked("scores", scores, infinite=True)
    square("scores", scores)
    trace.given("scores", scores, "t s", role="scores")
    attend(trace, "scores", causal=causal, v=checked("v", v))
    return trace
