"""Traces with heads, which the tests of tiles share."""

import numpy as np

from helpers.trace.trace import Trace

WORDS = ["the", "cat", "sat", "by", "an extraordinarily long token", "🙂", "", "watched"]


def heads_of(T=3, C=4, heads=2, B=None, seed=0, tokens=True, h=None):
    """Several heads, each with its own matrices: (heads, C, h) above (heads, T, h)."""
    rng = np.random.default_rng(seed)
    b, h = "b " * (B is not None), h or max(C // heads, 1)
    trace = Trace("heads", [WORDS[t % len(WORDS)] for t in range(T)] if tokens else None)
    trace.given("x", rng.normal(size=(T, C) if B is None else (B, T, C)).round(1), f"{b}t c")
    for name, role in (("q", "query"), ("k", "key"), ("v", "value")):
        trace.given(f"W{name}", rng.normal(size=(heads, C, h)).round(1), "n c h", role=role, parameter=True)
        trace.step(name, "sum-product", f"{b}t c, n c h -> {b}n t h", "x", f"W{name}", role=role)
    trace.step("scores", "sum-product", f"{b}n t h, {b}n s h -> {b}n t s", "q", "k", role="scores")
    trace.step("masked", "mask", f"{b}n t s -> {b}n t s | s <= t", "scores", role="scores")
    trace.step("weights", "softmax", f"{b}n t r -> {b}n t s", "masked", role="weights")
    trace.step("out", "sum-product", f"{b}n t s, {b}n s h -> {b}n t h", "weights", "v", role="out")
    return trace


def random_heads(seed):
    """Heads of random sizes, and n wherever an axis can stand: before b, as rows, as columns, alone, in a parameter
    or not.
    """
    rng = np.random.default_rng(seed)
    T, C, heads, h = (int(size) for size in rng.integers(1, (12, 12, 9, 6)))
    B = int(rng.integers(1, 4)) if rng.random() < 0.4 else None
    trace = heads_of(T, C, heads, B, seed, bool(rng.random() < 0.7), h)
    sizes = {"t": T, "c": C, "n": heads, "h": h, "b": B or 2}
    for i in rng.permutation(9)[: rng.integers(10)]:
        axes = ("n b t h", "t n h", "n", "n t", "h n", "b n t h", "n t c", "n c", "t n b h")[i]
        role = rng.choice(["x", "weights"])
        trace.given(f"given_{i}", rng.normal(size=[sizes[axis] for axis in axes.split()]), axes, role=role)
    b = "b " * (B is not None)
    rule = rng.choice(
        [
            f"{b}n t h, c h -> {b}n t h",
            f"{b}n t h, n c h -> {b}t h",
            f"{b}n t h, n c h -> {b}n t h",
            f"{b}n t h, n h -> {b}t n h",
        ]
    )
    axes = rule.split(" -> ")[0].split(", ")[1]
    trace.given("W", rng.normal(size=[sizes[axis] for axis in axes.split()]), axes, parameter=True)
    trace.step("made", "sum-product", str(rule), "q", "W", role=rng.choice(["x", "weights"]))
    return trace
