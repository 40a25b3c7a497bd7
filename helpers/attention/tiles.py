"""Attention in tiles: after each tile, the running maximum, the running sum and the running out of its queries.

Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018), carry the maximum and the sum; Dao and
others, "FlashAttention" (2022), the out as well, and Dao, "FlashAttention-2" (2023), divides once, at the end.
"""

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
    Where a tile of queries has met all its keys, ``result`` holds their finished rows.
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
    rows, columns = (slice(at * tile, min((at + 1) * tile, len(q))) for at in (row, column))
    words = {"t": tokens, "s": tokens, "i": tokens[rows], "j": tokens[columns]} if tokens is not None else None
    trace = Trace(f"tiles, step {step} of {len(order)}", words)
    trace.given("order", when(order, step), "query_tiles key_tiles")
    for name, axis, value, role in (("q", "t", q, "query"), ("k", "s", k, "key"), ("v", "s", v, "value")):
        trace.given(name, value, f"{axis} h", role=role)
    trace.step("q_tile", "slice", cut("t", rows, "i"), "q", role="query", hidden=True)
    state = empty(trace, rows.stop - rows.start, hidden=column > 0)
    for at in range(column + 1):
        state = meet(trace, state, rows, slice(at * tile, min((at + 1) * tile, len(q))), at, causal, column)
    if step == len(order) or order[step][0] > row:
        code = "result = out / l"
        trace.step("result", "quotient", "i h, i one -> i h", "out", "l", role="out", code=code)
    return trace


def when(order, step):
    """The step at which each tile is visited, up to this one; 0 for later ones, −∞ for those that never are."""
    found = np.full((1 + max(order)[0],) * 2, -np.inf)
    for at, place in enumerate(order, 1):
        found[place] = at if at <= step else 0
    return found


def cut(axis, part, new):
    """The rule of a tile: ``"t[2:4] h -> i h"``."""
    return f"{axis}[{part.start}:{part.stop}] h -> {new} h"


def empty(trace, rows, hidden):
    """What queries know before any key: no maximum yet, and nothing summed up. Returns the three names.

    hidden: whether tiles come between this and what is shown.
    """
    h, names = trace["q"].value.shape[1], ("m_0", "l_0", "out_0") if hidden else ("m_before", "l_before", "out_before")
    start = [
        (-np.inf, "one", 1, "scores", "torch.full((len(q_tile), 1), float('-inf'))"),
        (0.0, "one", 1, "x", "torch.zeros(len(q_tile), 1)"),
        (0.0, "h", h, "out", "torch.zeros(len(q_tile), head_size)"),
    ]
    for name, (value, axis, width, role, code) in zip(names, start):
        trace.given(name, np.full((rows, width), value), f"i {axis}", role=role, code=f"{name} = {code}", hidden=hidden)
    return names


def meet(trace, before, rows, columns, at, causal, last):
    """Let the queries of a tile meet the keys and values of tile number ``at``. Returns the names of the new state.

    before: the names of m, l and out so far. last: the tile that is shown; of those before it, only the state is.
    Half-way results are hidden: two matrices side by side let one rule read both.
    """
    tile = Tile(trace, at, last)
    m_before, total_before, out_before = before
    j, met, shown = tile.j, tile.met, True
    k_tile = tile.step("k_tile", "slice", cut("s", columns, j), "k")
    v_tile = tile.step("v_tile", "slice", cut("s", columns, j), "v")
    how = {"shown": shown, "role": "scores", "factor": trace["q"].value.shape[1] ** -0.5}
    code = "scores = q_tile @ k_tile.T * head_size**-0.5"
    scores = tile.step("scores", "sum-product", f"i h, {j} h -> i {j}", "q_tile", k_tile, code=code, **how)
    if causal and columns.stop > rows.start + 1:  # the diagonal runs through this tile
        rule, code = f"i {j} -> i {j} | {j} <= i", "masked = scores.masked_fill(future, float('-inf'))"
        scores = tile.step("masked", "mask", rule, scores, shown=shown, role="scores", code=code)
    # The new maximum, and how far the old one lies below it.
    beside = f"i one, i {j} -> i {met}"
    all_scores = tile.step("all_scores", "concatenate", beside, m_before, scores)
    code = f"m = torch.maximum(m_before, {scores}.amax(dim=-1, keepdim=True))"
    m = tile.state("m", "max", f"i {met} -> i one", all_scores, role="scores", code=code)
    fallen = tile.step("(m_before − m)", "subtract", "i one, i one -> i one", m_before, m)
    code = "shrink = (m_before - m).exp()"
    shrink = tile.step("shrink", "exp", "i one -> i one", fallen, shown=shown, code=code)
    below = tile.step(f"({scores} − m)", "subtract", f"i {j}, i one -> i {j}", scores, m)
    code = f"powers = ({scores} - m).exp()"
    powers = tile.step("powers", "exp", f"i {j} -> i {j}", below, shown=shown, role="weights", code=code)
    # The sum and the out of what was met before shrink; those of this tile are added.
    kept = tile.step("(shrink · l_before)", "sum-product", "i one, i one -> i one", shrink, total_before)
    summands = tile.step("summands", "concatenate", beside, kept, powers)
    code = "l = shrink * l_before + powers.sum(dim=-1, keepdim=True)"
    total = tile.state("l", "sum-product", f"i {met} -> i one", summands, code=code)
    factors = tile.step("factors", "concatenate", beside, shrink, powers)
    old = tile.step("old", "reshape", "i h -> i one h", out_before, one=1)
    new = tile.step("new", "repeat", f"{j} h -> i {j} h", v_tile, i=rows.stop - rows.start)
    both = tile.step("both", "concatenate", f"i one h, i {j} h -> i {met} h", old, new)
    rule, code = f"i {met}, i {met} h -> i h", "out = shrink * out_before + powers @ v_tile"
    return m, total, tile.state("out", "sum-product", rule, factors, both, role="out", code=code)


class Tile:
    """The steps of one tile: those of the one that is shown bear plain names, those of tiles before it are hidden.

    The last tile may be smaller than the others, so each has axes of its own: j for its keys, met for what a query
    reads at once, the old state and these keys.
    """

    def __init__(self, trace, at, last):
        self.trace, self.hidden, self.before = trace, at < last, at == last - 1
        self.number = f"_{at + 1}" if self.hidden else ""
        self.j, self.met = f"j{self.number}", f"met{self.number}"

    def step(self, name, kind, rule, *inputs, shown=False, code="", **how):
        """A step of this tile, by its name in the code; shown: in the tile that is shown. Returns its name."""
        name = f"{name[:-1]}{self.number})" if name[0] == "(" else f"{name}{self.number}"
        code = "" if self.hidden else code
        return self.trace.step(name, kind, rule, *inputs, hidden=self.hidden or not shown, code=code, **how).name

    def state(self, name, kind, rule, *inputs, code="", **how):
        """What is carried on; of the tile before the shown one, this is what it begins with. Returns its name."""
        one = {"one": 1} if rule.endswith("one") else {}
        if not self.before:
            return self.step(name, kind, rule, *inputs, shown=True, code=code, **one, **how)
        return self.trace.step(f"{name}_before", kind, rule, *inputs, **one, **how).name
