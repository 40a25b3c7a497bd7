"""Heads of queries that share keys and values (Shazeer 2019; Ainslie et al. 2023)."""

from helpers.attention.parts import ROLE_OF, between_heads, checked, concatenate, start


def shared_keys(x, Wq, Wk, Wv, *, Wo=None, causal=True, tokens=None):
    """Several heads of queries lean on fewer heads of keys and values: n on m of them, neighbors on the same one.

    x: (T, C) or (B, T, C); Wq: (n, C, h); Wk, Wv: (m, C, h), where n is a multiple of m: n of them is multi-head
    attention, one is multi-query attention (Shazeer 2019), what lies between is grouped-query attention (Ainslie et al.
    2023). Wo: (n·h, C), left out if None. Raises ValueError for other shapes and numbers that are not finite.

    >>> import numpy as np
    >>> x, Wq, Wk = np.ones((3, 4)), np.ones((4, 4, 1)), np.ones((2, 4, 1))
    >>> shared_keys(x, Wq, Wk, Wk)["k_lent"].shape
    '(heads=4, T=3, head_size=1)'
    """
    trace, b = start("shared_keys", x, tokens)
    for (name, role), W in zip(ROLE_OF.items(), (Wq, Wk, Wv)):
        n = "n" if name == "q" else "m"
        trace.given(f"W{name}", checked(f"W{name}", W), f"{n} c h", role=role, parameter=True)
    heads, key_heads = len(trace["Wq"].value), len(trace["Wk"].value)
    if heads % key_heads:
        raise ValueError(
            f"Wq has {heads} heads, {trace['Wq'].shape}, and Wk has {key_heads}: wanted a multiple, so that each head "
            "of keys serves as many heads of queries as the others."
        )
    seen = "x.unsqueeze(-3)" if b else "x"  # (B, T, C) -> (B, 1, T, C), which meets every head's W
    for name, role in ROLE_OF.items():
        n = "n" if name == "q" else "m"
        rule, code = f"{b}t c, {n} c h -> {b}{n} t h", f"{name} = {seen} @ W{name}"
        trace.step(name, "sum-product", rule, "x", f"W{name}", role=role, code=code)
    for name in "kv":
        trace.step(
            f"{name}_lent",
            "repeat",
            f"{b}m t h -> {b}n t h",
            name,
            n=heads,
            role=ROLE_OF[name],
            code=f"{name}_lent = {name}.repeat_interleave(heads // key_heads, dim=-3)",
        )
    between_heads(trace, b, causal, "q", "k_lent", "v_lent")
    return concatenate(trace, b, Wo)
