"""The mathematics of attention, step by step: each function returns a Trace.

Arrays are float64; torch tensors are accepted. ``x`` is (T, C), or (B, T, C) for a batch.
"""

import math

from helpers.attention.parts import ROLE_OF, attend, between_heads, compare, concatenate, project, project_out, start
from helpers.trace.arrays import as_array


def head(x, Wq, Wk, Wv, *, Wo=None, causal=True, scale=True, temperature=1.0, tokens=None):
    """One head of scaled dot-product self-attention (Vaswani et al. 2017, section 3.2.1).

    x: (T, C) or (B, T, C); Wq, Wk, Wv: (C, h). Wo: (h, C), the output projection, left out if None.
    causal: no token sees a later one. scale: divide the scores by the square root of head_size.
    temperature: divide them by this, too.
    Raises ValueError for other shapes, for numbers that are not finite, and for a temperature that is not positive.

    >>> from helpers.inputs import example
    >>> e = example(T=2, C=3)
    >>> head(e.x, e.Wq, e.Wk, e.Wv)["weights"].value.sum(axis=-1).tolist()
    [1.0, 1.0]
    """
    if not (hasattr(temperature, "__float__") and math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature is {temperature}; wanted a number above 0.")
    temperature = float(temperature)
    trace, b = start("head", x, tokens)
    project(trace, "c h", f"{b}t h", b, Wq, Wk, Wv)
    attend(trace, compare(trace, b, "q", "k", scale, temperature), causal=causal, b=b)
    return project_out(trace, b, "out", "h", Wo)


def many_heads(x, Wq, Wk, Wv, *, Wo=None, heads=2, causal=True, tokens=None):
    """Multi-head attention, all heads at once: one big matrix each for q, k and v, cut into heads (Vaswani et al.

    2017, 3.2.2).

    x: (T, C) or (B, T, C); Wq, Wk, Wv: (C, C), head n has the columns from n·h on; Wo: (C, C), left out if None.
    heads: how many; each has head_size h = C / heads. Raises ValueError for other shapes, numbers that are not
    finite, and heads that C is no multiple of.

    >>> from helpers.inputs import example
    >>> e = example(T=2, C=4, head_size=4)
    >>> many_heads(e.x, e.Wq, e.Wk, e.Wv, heads=2)["weights"].value.shape
    (2, 2, 2)
    """
    trace, b = start("many_heads", x, tokens)
    C = trace["x"].value.shape[-1]
    if not hasattr(heads, "__index__") or heads < 1:
        raise ValueError(f"heads is {heads!r}; wanted a whole number from 1 up.")
    heads = int(heads)
    if C % heads:
        raise ValueError(
            f"x has {C} channels, {trace['x'].shape}, and heads is {heads}: C must be a multiple of heads, "
            "so that each head gets C / heads of them."
        )
    for name, W in [("Wq", Wq), ("Wk", Wk), ("Wv", Wv), *[("Wo", Wo)] * (Wo is not None)]:
        if (shape := as_array(name, W).shape) != (C, C):
            hint = {(C, 3 * C): "W", (3 * C, C): "c_attn.weight.T"}.get(shape)
            raise ValueError(
                f"{name} has shape {shape}; wanted ({C}, {C}), as x has {C} channels: one matrix for all heads."
                + (f" Those of q, k and v are joined in it: Wq, Wk, Wv = {hint}.chunk(3, -1)." if hint else "")
            )
    project(trace, "c e", f"{b}t e", b, Wq, Wk, Wv)
    for name, role in ROLE_OF.items():
        trace.step(
            f"{name}_heads",
            "reshape",
            f"{b}t e -> {b}t n h -> {b}n t h",
            name,
            n=heads,
            role=role,
            code=f"{name}_heads = {name}.unflatten(-1, (heads, head_size)).transpose(-3, -2)",
        )
    between_heads(trace, b, causal, "q_heads", "k_heads", "v_heads")
    return concatenate(trace, b, Wo)


def separate_heads(x, Wq, Wk, Wv, *, Wo=None, causal=True, tokens=None):
    """Multi-head attention as a stack of heads, each with matrices of its own: what ``many_heads`` computes.

    x: (T, C) or (B, T, C); Wq, Wk, Wv: (heads, C, h) with heads · h = C; Wo: (C, C), left out if None. Raises
    ValueError for other shapes and numbers that are not finite.

    >>> import numpy as np
    >>> ones = np.ones((2, 4, 2))
    >>> separate_heads(np.ones((3, 4)), ones, ones, ones)["concatenated"].shape
    '(T=3, C=4)'
    """
    trace, b = start("separate_heads", x, tokens)
    project(trace, "n c h", f"{b}n t h", b, Wq, Wk, Wv)
    heads, C, head_size = trace["Wq"].value.shape
    if heads * head_size != C:
        raise ValueError(
            f"Wq has shape {trace['Wq'].shape}: heads times head_size is {heads * head_size}, wanted C={C}, "
            "so that the heads together fill the channels of x."
        )
    between_heads(trace, b, causal, "q", "k", "v")
    return concatenate(trace, b, Wo)
