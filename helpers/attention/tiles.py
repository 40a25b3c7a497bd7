"""Attention in tiles: after each tile, the running maximum, the running sum and the running out of its queries.

Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018), carry the maximum and the sum; Dao and
others, "FlashAttention" (2022), the out as well, and Dao, "FlashAttention-2" (2023), divides once, at the end.
"""

from functools import lru_cache

import numpy as np

from helpers.attention.parts import checked
from helpers.look.given import whole_number
from helpers.trace.trace import Trace


def visits(T, tile, causal=True):
    """The tiles in the order in which they are visited: pairs (tile of queries, tile of keys).

    causal: a tile that lies in the future as a whole is skipped.

    >>> visits(4, 2)
    [(0, 0), (1, 0), (1, 1)]
    """
    count = -(-whole_number("T", T, 1) // whole_number("tile", tile, 1))
    return [(row, column) for row in range(count) for column in range(row + 1 if causal else count)]


def tiles(q, k, v, *, tile=2, step=1, causal=True, tokens=None):
    """One step of attention in tiles: what the queries of this tile know after the keys and values of this one.

    q, k, v: (T, h). tile: how many tokens a tile has; the last one may have fewer. step: which of the ``visits``,
    counted from 1. causal: no token sees a later one, and tiles in the future are skipped.
    ``order`` has the step at which each tile is visited, 0 for what is still to come and −∞ for what is skipped.
    ``m_before``, ``l_before`` and ``out_before`` are what the step before left: of the past, these queries bring along
    nothing else. Where a tile of queries has met all its keys, ``result`` holds their finished rows.
    Raises ValueError for other shapes, numbers that are not finite, and a step that there is not.

    >>> q = k = v = np.eye(4)
    >>> tiles(q, k, v, step=3, causal=False)["l"].shape
    '(i=2, one=1)'
    """
    q, k, v = (checked(name, value) for name, value in (("q", q), ("k", k), ("v", v)))
    if q.ndim != 2 or not q.shape == k.shape == v.shape:
        raise ValueError(f"q, k and v have shapes {q.shape}, {k.shape} and {v.shape}; wanted (T, h) for all three.")
    order = visits(len(q), tile, causal)
    step = whole_number("step", step, 1)
    if step > len(order):
        raise ValueError(f"step is {step}; T={len(q)} in tiles of {tile} has {len(order)} steps to visit.")
    row, column = order[step - 1]
    rows, *met = (slice(at * tile, min((at + 1) * tile, len(q))) for at in (row, *range(column + 1)))
    before = left(*(one.tobytes() for one in (q, k, v)), q.shape, int(tile), bool(causal), row)
    before.setdefault(0, nothing(q[rows]))
    for at in range(max(at for at in before if at <= column), column + 1):
        columns = met[at]
        words = {"t": tokens, "s": tokens, "i": tokens[rows], "j": tokens[columns]} if tokens is not None else None
        trace = Trace(f"tiles, step {step} of {len(order)}", words)
        trace.given("order", when(order, step), "query_tiles key_tiles")
        for name, axis, value, role in (("q", "t", q, "query"), ("k", "s", k, "key"), ("v", "s", v, "value")):
            trace.given(name, value, f"{axis} h", role=role)
        meet(trace, before[at], rows, columns, causal)
        before.setdefault(at + 1, {name: trace[name].value.copy() for name in before[at]})
    if step == len(order) or order[step][0] > row:
        trace.step("result", "quotient", "i h, i one -> i h", "out", "l", role="out", code="result = out / l")
    return trace


@lru_cache(maxsize=64)
def left(q, k, v, shape, tile, causal, row):
    """What queries bring along to each tile of keys, as far as somebody went: the next step begins there."""
    return {}


def nothing(q):
    """What queries bring along that have met no key."""
    column = np.zeros((len(q), 1))
    return {"m": column - np.inf, "l": column, "out": np.zeros_like(q)}


def when(order, step):
    """The step at which each tile is visited, up to this one; 0 for later ones, −∞ for those that never are."""
    found = np.full((1 + max(order)[0],) * 2, -np.inf)
    for at, place in enumerate(order, 1):
        found[place] = at if at <= step else 0
    return found


def cut(axis, part, new):
    """The rule of a tile: ``"t[2:4] h -> i h"``."""
    return f"{axis}[{part.start}:{part.stop}] h -> {new} h"


def meet(trace, before, rows, columns, causal):
    """Let the queries of a tile meet the keys and values of another.

    before: the values of m, l and out that these queries bring along, by name. Half-way results are hidden: two
    matrices side by side let one rule read both.
    """
    for name, value in before.items():
        role = {"m": "scores", "out": "out"}.get(name, "x")
        trace.given(f"{name}_before", value, "i h" if name == "out" else "i one", role=role)
    hidden = {"hidden": True}
    trace.step("q_tile", "slice", cut("t", rows, "i"), "q", **hidden)
    trace.step("k_tile", "slice", cut("s", columns, "j"), "k", **hidden)
    trace.step("v_tile", "slice", cut("s", columns, "j"), "v", **hidden)
    code = "scores = q_tile @ k_tile.T * head_size**-0.5"
    how = {"role": "scores", "factor": trace["q"].value.shape[1] ** -0.5, "code": code}
    scores = trace.step("scores", "sum-product", "i h, j h -> i j", "q_tile", "k_tile", **how).name
    if causal and columns.stop > rows.start + 1:  # the diagonal runs through this tile
        code = "masked = scores.masked_fill(future, float('-inf'))"
        scores = trace.step("masked", "mask", "i j -> i j | j <= i", scores, role="scores", code=code).name
    # The new maximum, and how far the old one lies below it.
    trace.step("all_scores", "concatenate", "i one, i j -> i met", "m_before", scores, **hidden)
    code = f"m = torch.maximum(m_before, {scores}.amax(dim=-1, keepdim=True))"
    trace.step("m", "max", "i met -> i one", "all_scores", one=1, role="scores", code=code)
    trace.step("(m_before − m)", "subtract", "i one, i one -> i one", "m_before", "m", **hidden)
    trace.step("shrink", "exp", "i one -> i one", "(m_before − m)", code="shrink = (m_before - m).exp()")
    trace.step(f"({scores} − m)", "subtract", "i j, i one -> i j", scores, "m", **hidden)
    code = f"powers = ({scores} - m).exp()"
    trace.step("powers", "exp", "i j -> i j", f"({scores} − m)", role="weights", code=code)
    # What was summed up before shrinks; the powers of this tile are added.
    kept = trace.step("(shrink · l_before)", "sum-product", "i one, i one -> i one", "shrink", "l_before", **hidden)
    trace.step("added", "concatenate", "i one, i j -> i met", kept.name, "powers", **hidden)
    code = "l = shrink * l_before + powers.sum(dim=-1, keepdim=True)"
    trace.step("l", "sum-product", "i met -> i one", "added", one=1, code=code)
    trace.step("factors", "concatenate", "i one, i j -> i met", "shrink", "powers", **hidden)
    trace.step("old", "reshape", "i h -> i one h", "out_before", one=1, **hidden)
    trace.step("new", "repeat", "j h -> i j h", "v_tile", i=rows.stop - rows.start, **hidden)
    trace.step("both", "concatenate", "i one h, i j h -> i met h", "old", "new", **hidden)
    code = "out = shrink * out_before + powers @ v_tile"
    trace.step("out", "sum-product", "i met, i met h -> i h", "factors", "both", role="out", code=code)
