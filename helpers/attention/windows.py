"""Attention that forgets: the last few tokens, and the first ones, which are never forgotten."""

from helpers.attention.parts import attend, compare, project, start
from helpers.look.given import whole_number


def window_head(x, Wq, Wk, Wv, *, window=3, sinks=0, tokens=None):
    """One causal head that sees the last ``window`` tokens, itself among them, and the first ``sinks``.

    x: (T, C) or (B, T, C); Wq, Wk, Wv: (C, h). A cache holds window + sinks rows, however long the text. Sources:
    Beltagy et al. 2020 (windows), Xiao et al. 2023 (sinks). Raises ValueError for other shapes, numbers that are not
    finite, a window below 1 and sinks below 0.

    >>> from helpers.inputs import example
    >>> e = example(T=5, C=3)
    >>> (window_head(e.x, e.Wq, e.Wk, e.Wv, window=2, sinks=1)["weights"].value > 0).astype(int).tolist()[-1]
    [1, 0, 0, 1, 1]
    """
    window, sinks = whole_number("window", window, 1), whole_number("sinks", sinks, 0)
    trace, b = start("window_head", x, tokens)
    project(trace, "c h", f"{b}t h", b, Wq, Wk, Wv)
    compare(trace, b, "q", "k")
    guard, allowed = f"s <= t, s > t - {window}", f"(s <= t) & (s > t - {window})"
    if sinks:
        guard, allowed = f"{guard} or s < {sinks}", f"(s <= t) & ((s > t - {window}) | (s < {sinks}))"
    code = f'masked = scaled.masked_fill(~({allowed}), float("-inf"))'
    trace.step("masked", "mask", f"{b}t s -> {b}t s | {guard}", "scaled", role="scores", code=code)
    attend(trace, "masked", causal=False, b=b)
    return trace
