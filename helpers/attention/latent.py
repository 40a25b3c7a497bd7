"""Keys and values of all heads from one short row a token: multi-head latent attention (DeepSeek-V2, 2024)."""

from helpers.attention.parts import ROLE_OF, attend, checked, concatenate, hide_future, share, start


def latent_keys(x, Wq, Wdown, Wk, Wv, *, absorbed=False, causal=True, tokens=None):
    """Multi-head attention whose keys and values are made of a latent: the one row a token that a cache would hold.

    absorbed: no key and no value is made; Wk meets the queries and Wv what comes out, with the same result.
    x: (T, C); Wq: (n, C, h); Wdown: (C, latent); Wk, Wv: (n, latent, h). The part of a key that tells the position is
    left out here. Raises ValueError for other shapes and numbers that are not finite. Source: DeepSeek-V2, section 2.1.

    >>> import numpy as np
    >>> x, Wq, Wdown, W = np.eye(3), np.ones((2, 3, 2)), np.ones((3, 1)), np.ones((2, 1, 2))
    >>> made, absorbed = (latent_keys(x, Wq, Wdown, W, W, absorbed=a)["out"].value for a in (False, True))
    >>> bool(np.allclose(made, absorbed))
    True
    """
    trace, b = start("latent_keys", x, tokens)
    trace.given("Wq", checked("Wq", Wq), "n c h", role="query", parameter=True)
    trace.given("Wdown", checked("Wdown", Wdown), "c latent", role="key", parameter=True)
    for name, W in (("k", Wk), ("v", Wv)):
        trace.given(f"W{name}", checked(f"W{name}", W), "n latent h", role=ROLE_OF[name], parameter=True)
    seen = "x.unsqueeze(-3)" if b else "x"  # (B, T, C) -> (B, 1, T, C), which meets every head's W
    trace.step("q", "sum-product", f"{b}t c, n c h -> {b}n t h", "x", "Wq", role="query", code=f"q = {seen} @ Wq")
    rule = f"{b}t c, c latent -> {b}t latent"
    trace.step("latent", "sum-product", rule, "x", "Wdown", role="key", code="latent = x @ Wdown")
    if absorbed:
        through_the_latent(trace, b, causal)
    else:
        latent = "latent.unsqueeze(-3)" if b else "latent"
        for name in "kv":
            trace.step(
                name,
                "sum-product",
                f"{b}t latent, n latent h -> {b}n t h",
                "latent",
                f"W{name}",
                role=ROLE_OF[name],
                code=f"{name} = {latent} @ W{name}",
            )
        last = scaled(trace, f"{b}n t h, {b}n s h -> {b}n t s", ("q", "k"), "q @ k.transpose(-2, -1)")
        attend(trace, last, causal=causal, b=f"{b}n ")
    return concatenate(trace, b, None)


def through_the_latent(trace, b, causal):
    """Queries that know Wk, scores with the latent itself, a mixture of latents, and Wv at the very end."""
    latent = "latent.unsqueeze(-3)" if b else "latent"
    rule = f"{b}n t h, n latent h -> {b}n t latent"
    code = "q_latent = q @ Wk.transpose(-2, -1)"
    trace.step("q_latent", "sum-product", rule, "q", "Wk", role="query", code=code)
    rule = f"{b}n t latent, {b}s latent -> {b}n t s"
    last = scaled(trace, rule, ("q_latent", "latent"), f"q_latent @ {latent}.transpose(-2, -1)")
    share(trace, hide_future(trace, last, f"{b}n ") if causal else last, f"{b}n ")
    rule, code = f"{b}n t s, {b}s latent -> {b}n t latent", f"mixed = weights @ {latent}"
    trace.step("mixed", "sum-product", rule, "weights", "latent", role="value", code=code)
    rule = f"{b}n t latent, n latent h -> {b}n t h"
    trace.step("out", "sum-product", rule, "mixed", "Wv", role="out", code="out = mixed @ Wv")


def scaled(trace, rule, inputs, code):
    """Scores, and the scores divided by the root of head_size, whatever the product runs over. The last one's name."""
    axes = rule.split("-> ")[1]
    trace.step("scores", "sum-product", rule, *inputs, role="scores", code=f"scores = {code}")
    factor, code = trace["q"].value.shape[-1] ** -0.5, "scaled = scores * head_size**-0.5"
    how = {"role": "scores", "factor": factor, "code": code}
    return trace.step("scaled", "sum-product", f"{axes} -> {axes}", "scores", **how).name
