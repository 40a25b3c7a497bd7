"""A head under any mask, and what becomes of a row that may look at nothing."""

import numpy as np

from helpers.attention.masks import true_or_false
from helpers.attention.parts import checked, compare, mix, project, share, start
from helpers.look.given import told

NOBODY = ("nan", "zeros")


def masked_head(x, Wq, Wk, Wv, *, allowed=None, real=None, bias=None, nobody="nan", tokens=None):
    """One head of self-attention under any mask.

    x: (T, C) or (B, T, C); Wq, Wk, Wv: (C, h). allowed: (T, T), True where row t may look at column s. real: (T,) or
    (B, T), True where a key is a token and no padding. bias: (T, T), numbers that are added to the scaled scores, -inf
    among them. nobody: what a row that may look at nothing becomes, "nan" as softmax has it, or "zeros" as
    ``F.scaled_dot_product_attention`` has it. Raises ValueError for other shapes and numbers.

    >>> import numpy as np
    >>> x, W = np.ones((2, 1)), np.ones((1, 1))
    >>> masked_head(x, W, W, W, allowed=[[0, 0], [1, 1]], nobody="zeros")["weights"].value.tolist()
    [[0.0, 0.0], [0.5, 0.5]]
    """
    trace, b = start("masked_head", x, tokens)
    project(trace, "c h", f"{b}t h", b, Wq, Wk, Wv)
    weigh(trace, compare(trace, b, "q", "k"), b, "", allowed=allowed, real=real, bias=bias, nobody=nobody)
    mix(trace, b, "v")
    return trace


def weigh(trace, scores, b, n, *, allowed, real, bias=None, nobody="nan"):
    """From scaled scores to weights. b, n: the rule's letters for the batch and the heads, ``"b "`` or nothing."""
    if nobody not in NOBODY:
        raise ValueError(f"nobody is {told(nobody)}; wanted 'nan' or 'zeros': what a row becomes that sees nothing.")
    whole = f"{b}{n}t s"
    if bias is not None:
        given(trace, "bias", checked("bias", bias, infinite=True), "t s", scores)
        code = f"biased = {scores} + bias"
        scores = trace.step("biased", "add", f"{whole}, t s -> {whole}", scores, "bias", role="scores", code=code).name
    masks = []
    if allowed is not None:
        masks.append(("allowed", "t s", "allowed"))
        given(trace, "allowed", true_or_false("allowed", allowed).astype(float), "t s", scores)
    if real is not None:
        real = true_or_false("real", real).astype(float)
        axes = f"{b}s" if real.ndim == 2 else "s"
        given(trace, "real", real, axes, scores)
        rows = f"real[:, {'None, ' * bool(n)}None, :]"  # (B, S) -> (B, 1, S), which meets every row and every head
        masks.append(("real", axes, rows if real.ndim == 2 else "real"))
    if masks:
        both = masks[0][2] if len(masks) == 1 else f"({' * '.join(code for _, _, code in masks)})"
        code = f'masked = {scores}.masked_fill({both} == 0, float("-inf"))'
        rule = ", ".join([whole, *(axes for _, axes, _ in masks)])
        names = [scores, *(name for name, _, _ in masks)]
        scores = trace.step("masked", "mask", f"{rule} -> {whole}", *names, role="scores", code=code).name
    with np.errstate(invalid="ignore"):  # -inf less -inf, in a row that sees nothing
        share(trace, scores, b + n, "weights" if nobody == "nan" else "shares")
    if nobody == "zeros":
        fill_with_zeros(trace, scores)


def fill_with_zeros(trace, scores):
    """``weights``: the shares, and 0 in rows whose scores are all -inf."""
    shares = trace["shares"]
    empty = np.isneginf(trace[scores].value).all(-1, keepdims=True)  # (..., T, S) -> (..., T, 1)
    code = f'weights = shares.masked_fill(({scores} == float("-inf")).all(-1, keepdim=True), 0)'
    places = np.where(empty, -1, np.arange(shares.value.size).reshape(shares.value.shape))
    value, axes = np.where(empty, 0.0, shares.value), " ".join(shares.axes)
    trace.seen("weights", value, axes, "move", inputs=("shares",), role="weights", code=code, places=places)


def given(trace, name, value, axes, scores):
    """Add a mask; raises ValueError with the shape that was wanted."""
    shape = dict(zip(trace[scores].axes, trace[scores].value.shape))
    wanted = tuple(shape[axis] for axis in axes.split())
    if value.shape != wanted:
        hint = ""
        if value.shape == wanted[::-1]:
            hint = f" It looks transposed: try {name}.T."
        raise ValueError(
            f"{name} has shape {value.shape}; wanted {wanted}, "
            + ("a row a query, a column a key." if "t" in axes else "one for each key.")
            + hint
        )
    trace.given(name, value, axes)
