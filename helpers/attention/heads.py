"""The mathematics of attention, step by step: each function returns a Trace.

Arrays are float64; torch tensors are accepted. ``x`` is (T, C), or (B, T, C) for a batch.
"""

import math

import numpy as np

from helpers.trace import Trace, as_array

ROLE_OF = {"q": "query", "k": "key", "v": "value"}


def average_past(x, *, tokens=None):
    """Each token becomes the mean of itself and the tokens before it.

    x: (T, C) or (B, T, C). Raises ValueError for another shape or a number that is not finite.

    >>> average_past([[1.0, 2.0], [3.0, 6.0]])["out"].value.tolist()
    [[1.0, 2.0], [2.0, 4.0]]
    """
    trace, b = start("average_past", x, tokens)
    trace.step("out", "mean", f"{b}s c -> {b}t c | s <= t", "x", role="out",
               code="out[t] = x[:t + 1].mean(0)")
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
    trace.step("weights", "normalize", "t r -> t s", "tril", role="weights",
               code="weights = tril / tril.sum(1, keepdim=True)")
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
    one_token_a_row(trace, "scores")
    attend(trace, "scores", causal=causal, v=checked("v", v))
    return trace


def head(x, Wq, Wk, Wv, *, Wo=None, causal=True, scale=True, temperature=1.0, tokens=None):
    """One head of scaled dot-product self-attention (Vaswani et al. 2017, section 3.2.1).

    x: (T, C) or (B, T, C); Wq, Wk, Wv: (C, h). Wo: (h, C), the output projection, left out if None.
    causal: no token sees a later one. scale: divide the scores by the square root of head_size.
    temperature: divide them by this, too.
    Raises ValueError for other shapes, for numbers that are not finite, and for a temperature that is not positive.

    >>> from helpers.examples import example
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
    """Multi-head attention, all heads at once: one big matrix each for q, k and v, cut into heads (Vaswani et al. 2017, 3.2.2).

    x: (T, C) or (B, T, C); Wq, Wk, Wv: (C, C), head n has the columns from n·h on; Wo: (C, C), left out if None.
    heads: how many; each has head_size h = C / heads. Raises ValueError for other shapes, numbers that are not
    finite, and heads that C is no multiple of.

    >>> from helpers.examples import example
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
        raise ValueError(f"x has {C} channels, {trace['x'].shape}, and heads is {heads}: C must be a multiple of heads, "
                         "so that each head gets C / heads of them.")
    for name, W in [("Wq", Wq), ("Wk", Wk), ("Wv", Wv), *[("Wo", Wo)] * (Wo is not None)]:
        if (shape := as_array(name, W).shape) != (C, C):
            raise ValueError(f"{name} has shape {shape}; wanted ({C}, {C}), as x has {C} channels: one matrix for all heads.")
    project(trace, "c e", f"{b}t e", b, Wq, Wk, Wv)
    for name, role in ROLE_OF.items():
        trace.step(f"{name}_heads", "reshape", f"{b}t e -> {b}t n h -> {b}n t h", name, n=heads, role=role,
                   code=f"{name}_heads = {name}.unflatten(-1, (heads, head_size)).transpose(-3, -2)")
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
        raise ValueError(f"Wq has shape {trace['Wq'].shape}: heads times head_size is {heads * head_size}, wanted C={C}, "
                         "so that the heads together fill the channels of x.")
    between_heads(trace, b, causal, "q", "k", "v")
    return concatenate(trace, b, Wo)


def project(trace, axes, made, b, Wq, Wk, Wv):
    """The start that every head shares: q, k and v from x."""
    for (name, role), W in zip(ROLE_OF.items(), (Wq, Wk, Wv)):
        trace.given(f"W{name}", checked(f"W{name}", W), axes, role=role, parameter=True)
    for name, role in ROLE_OF.items():
        x = "x.unsqueeze(-3)" if axes == "n c h" and b else "x"  # (B, T, C) -> (B, 1, T, C), which meets every head's W
        trace.step(name, "sum-product", f"{b}t c, {axes} -> {made}", "x", f"W{name}", role=role, code=f"{name} = {x} @ W{name}")


def between_heads(trace, b, causal, q, k, v):
    """Scores to out, in every head for itself."""
    attend(trace, compare(trace, f"{b}n ", q, k), causal=causal, b=f"{b}n ", values=v)


def concatenate(trace, b, Wo):
    """The heads side by side again, and the output projection that mixes them."""
    trace.step("concatenated", "reshape", f"{b}n t h -> {b}t n h -> {b}t e", "out", role="out",
               code="concatenated = out.transpose(-3, -2).flatten(-2)")
    return project_out(trace, b, "concatenated", "e", Wo)


def project_out(trace, b, out, axis, Wo):
    """The end: the output projection, if there is one; axis: of the columns of out. Returns the trace."""
    if Wo is not None:
        trace.given("Wo", checked("Wo", Wo), f"{axis} c", role="out", parameter=True)
        trace.step("projected", "sum-product", f"{b}t {axis}, {axis} c -> {b}t c", out, "Wo", role="out", code=f"projected = {out} @ Wo")
    return trace


def compare(trace, b, q, k, scale=True, temperature=1.0):
    """Every query with every key, scaled. Returns the name of the last step."""
    trace.step("scores", "sum-product", f"{b}t h, {b}s h -> {b}t s", q, k, role="scores", code=f"scores = {q} @ {k}.transpose(-2, -1)")
    if not scale and temperature == 1:
        return "scores"
    factor = (trace[k].value.shape[-1] ** -0.5 if scale else 1.0) / temperature
    code = "scaled = scores" + " * head_size**-0.5" * bool(scale) + f" / {temperature:g}" * (temperature != 1)
    return trace.step("scaled", "sum-product", f"{b}t s -> {b}t s", "scores", role="scores", factor=factor, code=code).name


def attend(trace, scores, *, causal, b="", v=None, values="v"):
    """The end that every attention shares: mask, softmax over s, weights times v (given here, or in the trace)."""
    if causal:
        code = f'masked = {scores}.masked_fill(tril == 0, float("-inf"))'
        scores = trace.step("masked", "mask", f"{b}t s -> {b}t s | s <= t", scores, role="scores", code=code).name
    trace.step("weights", "softmax", f"{b}t r -> {b}t s", scores, role="weights", code=f"weights = {scores}.softmax(dim=-1)")
    if v is not None:
        trace.given("v", v, "s h", role="value")
    trace.step("out", "sum-product", f"{b}t s, {b}s h -> {b}t h", "weights", values, role="out", code=f"out = weights @ {values}")


def start(title, x, tokens):
    """A Trace that holds x, and the rule's prefix for the batch axis: ``"b "`` or nothing."""
    x = checked("x", x)
    if x.ndim not in (2, 3):
        hint = " Write x[None, :] to make one token of it." if x.ndim == 1 else ""
        raise ValueError(f"x has shape {x.shape}; wanted (T, C), or (B, T, C) for a batch.{hint}")
    trace = Trace(title, tokens)
    b = "b " * (x.ndim == 3)
    trace.given("x", x, f"{b}t c")
    one_token_a_row(trace, "x")
    return trace, b


def one_token_a_row(trace, name):
    """Raise ValueError if the trace has tokens, but not one for each row of this matrix."""
    if trace.tokens is not None and len(trace.tokens) != trace[name].value.shape[-2]:
        raise ValueError(f"tokens has length {len(trace.tokens)}, but {name} has shape {trace[name].shape}: wanted one token a row.")


def checked(name, value, infinite=False):
    """The value as an array of floats; raises ValueError where a number is NaN or infinite."""
    value = as_array(name, value).astype(np.float64)
    bad = np.isnan(value) | (value == math.inf if infinite else np.isinf(value))
    if bad.any():
        where = ", ".join(map(str, np.argwhere(bad)[0]))
        raise ValueError(f"{name} holds {value[bad][0]} at [{where}]: every number must be finite{', or -inf' * infinite}. "
                         "Look for a division by zero or a logarithm of zero before it.")
    return value


def square(name, value):
    """Raise ValueError unless the matrix is (T, T)."""
    if value.ndim != 2 or value.shape[0] != value.shape[1]:
        raise ValueError(f"{name} has shape {value.shape}; wanted (T, T): one score for every pair of tokens.")
