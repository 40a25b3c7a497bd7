"""Positions as a slope: scores that fall with the distance (ALiBi, Press et al. 2022)."""

import math

import numpy as np

from helpers.attention.parts import attend, compare, project, start


def sloped_head(x, Wq, Wk, Wv, *, slope=0.5, tokens=None):
    """One causal head whose scores lose ``slope`` for each token between query and key: ALiBi, of one head.

    x: (T, C) or (B, T, C); Wq, Wk, Wv: (C, h). slope: 0 tells no position at all. Raises ValueError for other shapes
    and numbers that are not finite. Source: Press et al. 2022.

    >>> from helpers.inputs import example
    >>> e = example(T=3, C=2)
    >>> sloped_head(e.x, e.Wq, e.Wk, e.Wv, slope=1)["bias"].value.tolist()[2]
    [-2.0, -1.0, 0.0]
    """
    if not (hasattr(slope, "__float__") and math.isfinite(slope) and slope >= 0):
        raise ValueError(
            f"slope is {slope!r}; wanted a number from 0 up: what a score loses for each token of distance."
        )
    trace, b = start("sloped_head", x, tokens)
    project(trace, "c h", f"{b}t h", b, Wq, Wk, Wv)
    last, T = compare(trace, b, "q", "k"), trace["x"].value.shape[-2]
    distance = np.arange(T)[:, None] - np.arange(T)  # (T, 1) - (T,) -> (T, T)
    bias = -float(slope) * np.maximum(distance, 0) + 0.0  # + 0.0 turns -0.0 into 0.0
    trace.given("bias", bias, "t s", role="scores", code=f"bias = -{slope:g} * (t - s)")
    rule, code = f"{b}t s, t s -> {b}t s", f"sloped = {last} + bias"
    trace.step("sloped", "add", rule, last, "bias", role="scores", code=code)
    attend(trace, "sloped", causal=True, b=b)
    return trace
