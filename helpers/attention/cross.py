"""Cross-attention: the queries come from one text, the keys and values from another."""

from helpers.attention.masked import weigh
from helpers.attention.parts import ROLE_OF, checked, compare, mix, project_out, start
from helpers.look.given import whole_number


def cross_attention(x, source, Wq, Wk, Wv, *, Wo=None, heads=1, allowed=None, real=None, nobody="nan", tokens=None):
    """Each token of x looks at the tokens of a source (Vaswani et al. 2017, 3.2.3; Bahdanau, Cho and Bengio 2015).

    x: (T, C) or (B, T, C), from which the queries come. source: (S, D) or (B, S, D), with a length and a number of
    channels of its own, from which keys and values come. Wq: (C, E); Wk, Wv: (D, E), where E = heads · head_size; Wo:
    (E, C), left out if None. allowed: (T, S), True where row t may look at column s. real: (S,) or (B, S), True where
    the source has a token and no padding. nobody: see ``masked_head``. tokens: the words of both,
    ``{"t": ["le", "chat"], "s": ["the", "cat", "sat"]}``. Raises ValueError for other shapes and numbers.

    >>> import numpy as np
    >>> W = np.ones((2, 1))
    >>> cross_attention([[1.0, 0.0]], [[1.0, 0.0], [3.0, 0.0]], W, W, W)["out"].value.round(2).tolist()
    [[2.76]]
    """
    heads = whole_number("heads", heads, 1)
    trace, b = start("cross_attention", x, tokens)
    source = checked("source", source)
    if source.ndim != trace["x"].value.ndim or (b and len(source) != len(trace["x"].value)):
        axes = f"(B={len(trace['x'].value)}, S, D), a sequence for each of x" if b else "(S, D), as x has no batch"
        raise ValueError(f"source has shape {source.shape}; wanted {axes}.")
    trace.given("source", source, f"{b}s D")
    e = "E" if heads > 1 else "h"
    for (name, role), W, axis in zip(ROLE_OF.items(), (Wq, Wk, Wv), "cDD"):
        W = checked(f"W{name}", W)
        if W.ndim == 2 and W.shape[1] % heads:
            raise ValueError(f"W{name} has shape {W.shape} and heads is {heads}: wanted a multiple of heads columns.")
        trace.given(f"W{name}", W, f"{axis} {e}", role=role, parameter=True)
    for (name, role), made_of in zip(ROLE_OF.items(), ("x", "source", "source")):
        t, c = ("t", "c") if made_of == "x" else ("s", "D")
        rule, code = f"{b}{t} {c}, {c} {e} -> {b}{t} {e}", f"{name} = {made_of} @ W{name}"
        trace.step(name, "sum-product", rule, made_of, f"W{name}", role=role, code=code)
    n, names = "", ("q", "k", "v")
    if heads > 1:
        n, names = "n ", cut(trace, b, heads)
    scores = compare(trace, b + n, *names[:2])
    weigh(trace, scores, b, n, allowed=allowed, real=real, nobody=nobody)
    mix(trace, b + n, names[2])
    if not n:
        return project_out(trace, b, "out", "h", Wo)
    code = "concatenated = out.transpose(-3, -2).flatten(-2)"
    trace.step("concatenated", "reshape", f"{b}n t h -> {b}t n h -> {b}t E", "out", role="out", code=code)
    return project_out(trace, b, "concatenated", "E", Wo)


def cut(trace, b, heads):
    """q, k and v, cut into heads. Returns their names."""
    for name, role in ROLE_OF.items():
        t = "t" if name == "q" else "s"
        code = f"{name}_heads = {name}.unflatten(-1, (heads, head_size)).transpose(-3, -2)"
        rule = f"{b}{t} E -> {b}{t} n h -> {b}n {t} h"
        trace.step(f"{name}_heads", "reshape", rule, name, n=heads, role=role, code=code)
    return [f"{name}_heads" for name in ROLE_OF]
