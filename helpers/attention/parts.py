"""What every attention shares: projections, scores, mask, softmax, and the checks of what goes in."""

import math

import numpy as np

from helpers.trace.arrays import as_array
from helpers.trace.trace import Trace

ROLE_OF = {"q": "query", "k": "key", "v": "value"}


def project(trace, axes, made, b, Wq, Wk, Wv):
    """The start that every head shares: q, k and v from x."""
    for (name, role), W in zip(ROLE_OF.items(), (Wq, Wk, Wv)):
        trace.given(f"W{name}", checked(f"W{name}", W), axes, role=role, parameter=True)
    for name, role in ROLE_OF.items():
        x = "x.unsqueeze(-3)" if axes == "n c h" and b else "x"  # (B, T, C) -> (B, 1, T, C), which meets every head's W
        trace.step(
            name, "sum-product", f"{b}t c, {axes} -> {made}", "x", f"W{name}", role=role, code=f"{name} = {x} @ W{name}"
        )


def between_heads(trace, b, causal, q, k, v):
    """Scores to out, in every head for itself."""
    attend(trace, compare(trace, f"{b}n ", q, k), causal=causal, b=f"{b}n ", values=v)


def concatenate(trace, b, Wo):
    """The heads side by side again, and the output projection that mixes them."""
    trace.step(
        "concatenated",
        "reshape",
        f"{b}n t h -> {b}t n h -> {b}t e",
        "out",
        role="out",
        code="concatenated = out.transpose(-3, -2).flatten(-2)",
    )
    return project_out(trace, b, "concatenated", "e", Wo)


def project_out(trace, b, out, axis, Wo):
    """The end: the output projection, if there is one; axis: of the columns of out. Returns the trace."""
    if Wo is not None:
        trace.given("Wo", checked("Wo", Wo), f"{axis} c", role="out", parameter=True)
        trace.step(
            "projected",
            "sum-product",
            f"{b}t {axis}, {axis} c -> {b}t c",
            out,
            "Wo",
            role="out",
            code=f"projected = {out} @ Wo",
        )
    return trace


def compare(trace, b, q, k, scale=True, temperature=1.0):
    """Every query with every key, scaled. Returns the name of the last step."""
    trace.step(
        "scores",
        "sum-product",
        f"{b}t h, {b}s h -> {b}t s",
        q,
        k,
        role="scores",
        code=f"scores = {q} @ {k}.transpose(-2, -1)",
    )
    if not scale and temperature == 1:
        return "scores"
    factor = (trace[k].value.shape[-1] ** -0.5 if scale else 1.0) / temperature
    code = "scaled = scores" + " * head_size**-0.5" * bool(scale) + f" / {temperature:g}" * (temperature != 1)
    return trace.step(
        "scaled", "sum-product", f"{b}t s -> {b}t s", "scores", role="scores", factor=factor, code=code
    ).name


def attend(trace, scores, *, causal, b="", v=None, values="v"):
    """The end that every attention shares: mask, softmax over s, weights times v (given here, or in the trace)."""
    share(trace, hide_future(trace, scores, b) if causal else scores, b)
    if v is not None:
        trace.given("v", v, "s h", role="value")
    mix(trace, b, values)


def hide_future(trace, scores, b):
    """Scores that no token has for a later one. Returns their name."""
    code = f'masked = {scores}.masked_fill(tril == 0, float("-inf"))'
    return trace.step("masked", "mask", f"{b}t s -> {b}t s | s <= t", scores, role="scores", code=code).name


def share(trace, scores, b, name="weights"):
    """Scores become shares of 1, along s."""
    code = f"{name} = {scores}.softmax(dim=-1)"
    trace.step(name, "softmax", f"{b}t r -> {b}t s", scores, role="weights", code=code)


def mix(trace, b, values):
    """Weights times values."""
    rule = f"{b}t s, {b}s h -> {b}t h"
    trace.step("out", "sum-product", rule, "weights", values, role="out", code=f"out = weights @ {values}")


def start(title, x, tokens):
    """A Trace that holds x, and the rule's prefix for the batch axis: ``"b "`` or nothing."""
    x = checked("x", x)
    if x.ndim not in (2, 3):
        hint = " Write x[None, :] to make one token of it." if x.ndim == 1 else ""
        raise ValueError(f"x has shape {x.shape}; wanted (T, C), or (B, T, C) for a batch.{hint}")
    trace = Trace(title, tokens)
    b = "b " * (x.ndim == 3)
    trace.given("x", x, f"{b}t c")
    return trace, b


def checked(name, value, infinite=False):
    """The value as an array of floats; raises ValueError where a number is NaN or infinite."""
    value = as_array(name, value).astype(np.float64)
    bad = np.isnan(value) | (value == math.inf if infinite else np.isinf(value))
    if bad.any():
        where = ", ".join(map(str, np.argwhere(bad)[0]))
        raise ValueError(
            f"{name} holds {value[bad][0]} at [{where}]: every number must be finite{', or -inf' * infinite}. "
            "Look for a division by zero or a logarithm of zero before it."
        )
    return value


def square(name, value):
    """Raise ValueError unless the matrix is (T, T)."""
    if value.ndim != 2 or value.shape[0] != value.shape[1]:
        raise ValueError(f"{name} has shape {value.shape}; wanted (T, T): one score for every pair of tokens.")
