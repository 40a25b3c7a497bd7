"""Traces as the run of a function leaves them, with hidden steps and steps without a rule, that the tests share."""

import numpy as np

from helpers.trace.tables import table
from helpers.trace.trace import Trace


def seen(trace, name, value, axes, kind, inputs, rule="", **how):
    return trace.seen(name, value, axes, kind, rule, inputs, **how)


def moved(trace, name, value, axes, source, **how):
    """A view of one matrix; value: a function that makes it of the matrix."""
    whole = trace[source].value
    places = value(np.arange(whole.size).reshape(whole.shape))
    return seen(trace, name, value(whole), axes, "move", [source], places=places, **how)


def a_run(rng, T=3, C=2, known=False):
    """A head as a run leaves it: x is turned, projected and scaled by hidden steps, the weights are one.

    known: without the step whose derivative is not known.
    """
    trace = Trace("run", [f"w{t}" for t in range(T)])
    x = trace.given("x", rng.normal(size=(T, C)), "t c").value
    W = trace.given("W", rng.normal(size=(C, C)), "c h", parameter=True).value
    seen(trace, "2.0", 2.0, "", "given", [], hidden=True)
    seen(trace, "x @ W", x @ W, "t h", "sum-product", ["x", "W"], "t c, c h -> t h", hidden=True)
    moved(trace, "x.T", np.transpose, "c s", "x", hidden=True)
    half = seen(
        trace, "(x @ W) / 2.0", x @ W / 2, "t h", "quotient", ["x @ W", "2.0"], "t h,  -> t h", hidden=True
    ).value
    scores = half @ x.T
    seen(trace, "scores", scores, "t s", "sum-product", ["(x @ W) / 2.0", "x.T"], "t h, h s -> t s", role="scores")
    low = np.tril(np.ones((T, T), bool))
    places = np.where(low, np.arange(T * T).reshape(T, T), -1)
    seen(trace, "masked", np.where(low, scores, -9.0), "t s", "move", ["scores"], places=places)
    trace.step("weights", "softmax", "t r -> t s", "masked", role="weights", hidden=True)
    if known:
        trace.step("out", "sum-product", "t s, s c -> t c", "weights", "x", role="out")
        return trace
    runs = table((T,), [range(t * T, (t + 1) * T) for t in range(T)])
    rows = trace["weights"].value.prod(axis=1)
    seen(trace, "total", rows, "t", "opaque", ["weights"], table=runs, operation="prod")
    trace.step("out", "sum-product", "t s, s c -> t c", "weights", "x", role="out")
    return trace
