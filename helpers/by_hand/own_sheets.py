"""The head in a Trace of your own code, as a worksheet draws it: the same numbers, rounded as they stand on paper."""

import numpy as np

from helpers.attention.heads import head
from helpers.look.given import told
from helpers.trace.grammar import parse

DECIMALS = 2  # that the sheet shows of a number
LEARNED = {"query": "Wq", "key": "Wk", "value": "Wv"}


def head_in(trace, largest):
    """The head of a Trace of your own code as the course's Trace, its given numbers rounded as the sheet shows them.

    largest: of T, C and head_size. Raises ValueError where it is no causal and scaled head alone, and where it is
    larger.

    >>> from helpers.attention import head
    >>> from helpers.inputs import by_hand
    >>> tokens, x, Wq, Wk, Wv, Wo = by_hand()
    >>> head_in(head(x / 3, Wq, Wk, Wv), 4)["x"].value[0].tolist() == (x[0] / 3).round(2).tolist()
    True
    """
    found = {LEARNED[role]: projection(trace, role) for role in LEARNED}
    missing = [name for name, one in found.items() if one is None]
    if missing:
        raise ValueError(
            f"{told(trace.title)} has no {', '.join(missing)} that multiplies x; wanted a Trace of one head, "
            "as of see(head, x, Wq, Wk, Wv)."
        )
    x = found["Wq"][0]
    if x.ndim == 3 and len(x) == 1:
        x = x[0]  # (1, T, C) -> (T, C)
    if x.ndim != 2:
        raise ValueError(f"x has shape {x.shape}; wanted one sequence, (T, C).")
    sizes = dict(zip(("T", "C", "head_size"), (*x.shape, found["Wv"][1].shape[1])))
    for name, size in sizes.items():
        if size > largest:
            raise ValueError(
                f"{name} is {size} in {told(trace.title)}; wanted at most {largest}: more does not fit on a page."
            )
    matrices, tokens = {name: one[1] for name, one in found.items()}, words(trace, len(x))
    out = trace.shown[-1].value
    whole = head(x, **matrices)["out"].value if out.size == x.shape[0] * sizes["head_size"] else None
    if whole is None or not np.allclose(whole, out.reshape(whole.shape), atol=1e-4):
        raise ValueError(
            f"{told(trace.title)} gives other numbers than one head, causal and scaled by the root of head_size, "
            "without biases; wanted such a head, which is what the sheet asks for."
        )
    return head(readable(x), **{name: readable(one) for name, one in matrices.items()}, tokens=tokens)


def projection(trace, role):
    """What a matrix of this role multiplies, and the matrix with the channels in its rows, (C, h); None without one."""
    for step in trace:
        if step.kind != "sum-product" or len(step.inputs) != 2:
            continue
        axes, sources = parse(step.rule).inputs, trace.inputs(step)
        for at, (matrix, named) in enumerate(zip(sources, axes)):
            summed = [axis for axis in named if axis not in step.axes]
            if matrix.role == role and matrix.kind == "given" and len(named) == 2 and len(summed) == 1:
                value = matrix.value if named[0] == summed[0] else matrix.value.T
                return sources[1 - at].value, value
    return None


def words(trace, T):
    """The words of its tokens, or numbers in their place."""
    return trace.words("t") or [f"token {t}" for t in range(T)]


def readable(value):
    """Its numbers as the sheet shows them."""
    return np.round(value.astype(np.float64), DECIMALS) + 0.0
