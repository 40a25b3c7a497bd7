"""One step of ring attention as a Trace: what a rank holds, and what it makes of it; and who has how much to do."""

import numpy as np

from helpers.inputs import example
from helpers.look.given import whole_number
from helpers.machines.layouts import rows_of
from helpers.trace.trace import Trace

MOST = 8  # ranks in a picture


def ring_step(T=6, head_size=3, ranks=3, rank=1, step=0, zigzag=False, seed=0):
    """What one rank holds in one step of the ring, and how it goes on with what it has found: a Trace.

    In step j, rank r has the keys and values of rank r - j. For the eye, nothing is taken away from the scores before
    e^; that changes no weight. T, head_size, seed: as in ``example``; ranks: 1 to 8; rank, step: from 0 on; zigzag:
    each rank holds an early piece of the text and a late one. Raises ValueError for sizes out of range.

    >>> ring_step(T=4, ranks=2, rank=0, step=1)["scores"].shape
    '(mine=2, here=2)'
    """
    ranks = whole_number("ranks", ranks, 1, MOST)
    T, rank, step = whole_number("T", T, 1), whole_number("rank", rank, 0), whole_number("step", step, 0)
    if rank >= ranks or step >= ranks:
        there = f"are {ranks} ranks: both go from 0 to {ranks - 1}" if ranks > 1 else "is 1 rank: both must be 0"
        raise ValueError(f"rank is {rank} and step is {step}, but there {there}.")
    if ranks > T:
        raise ValueError(f"T is {T} and there are {ranks} ranks: each needs a row, so T must be at least {ranks}.")
    rows = rows_of(T, ranks, "zigzag" if zigzag else "contiguous")
    e = example(T=T, C=head_size, head_size=head_size, seed=seed)
    q, k, v = (np.round(e.x @ W, 1) + 0.0 for W in (e.Wq, e.Wk, e.Wv))  # (T, C) @ (C, h) -> (T, h)
    mine, source = rows[rank], (rank - step) % ranks
    total, found = before(q, k, v, mine, [rows[(rank - j) % ranks] for j in range(step)])
    here = rows[source]
    words = {"mine": [e.tokens[t] for t in mine], "here": [e.tokens[t] for t in here]}
    trace = Trace(f"rank {rank}, step {step}", words)
    for name, value in (("q", q), ("k", k), ("v", v)):
        trace.given(name, value, "t h", hidden=True)  # no rank holds them whole
    trace.given("my_rows", mine, "mine", code=f"my_rows = rows[{rank}]")
    hold(trace, "q_mine", "my_rows", rank, "query")
    trace.given("rows_here", here, "here", code=f"rows_here = rows[{source}]")
    hold(trace, "k_here", "rows_here", source, "key")
    more = {"role": "scores", "factor": head_size**-0.5}
    line = "scores = q_mine @ k_here.T * head_size**-0.5"
    trace.step("scores", "sum-product", "mine h, here h -> mine here", "q_mine", "k_here", code=line, **more)
    line = "seen = my_rows[:, None] >= rows_here"
    trace.step("seen", ">=", "mine, here -> mine here", "my_rows", "rows_here", role="weights", code=line)
    line = 'masked = scores.masked_fill(~seen, float("-inf"))'
    reads = "mine here, mine here -> mine here"
    trace.step("masked", "mask", reads, "scores", "seen", role="scores", code=line)
    trace.step("e", "exp", "mine here -> mine here", "masked", role="scores", code="e = masked.exp()")
    hold(trace, "v_here", "rows_here", source, "value")
    go_on(trace, total, found)
    return trace


def hold(trace, name, rows, rank, role):
    """The rows of q, k or v that are here. rows: the name of their numbers; rank: whose they are."""
    whole, axis = name[0], trace[rows].axes[0]
    line = f"{name} = {whole}[rows[{rank}]]"
    trace.step(name, "lookup", f"t h, {axis} -> {axis} h", whole, rows, role=role, code=line)


def go_on(trace, total, found):
    """What was found before, what is found here, and the two together."""
    line = "found_here = e @ v_here"
    trace.step("found_here", "sum-product", "mine here, here h -> mine h", "e", "v_here", role="out", code=line)
    trace.given("found_before", found, "mine h", role="out", code="found_before = found")
    line = "found = found_before + found_here"
    trace.step("found", "add", "mine h, mine h -> mine h", "found_before", "found_here", role="out", code=line)
    trace.step("total_here", "sum-product", "mine here -> mine", "e", role="scores", code="total_here = e.sum(-1)")
    trace.given("total_before", total, "mine", role="scores", code="total_before = total")
    line = "total = total_before + total_here"
    trace.step("total", "add", "mine, mine -> mine", "total_before", "total_here", role="scores", code=line)
    line = "out = found / total[:, None]"
    trace.step("out", "quotient", "mine h, mine -> mine h", "found", "total", role="out", code=line)


def before(q, k, v, mine, passed):
    """What some queries have found in the steps before: total, (mine,), and found, (mine, h)."""
    total, found = np.zeros(len(mine)), np.zeros((len(mine), v.shape[1]))
    for rows in passed:
        seen = mine[:, None] >= rows
        e = np.where(seen, np.exp(q[mine] @ k[rows].T * q.shape[1] ** -0.5), 0.0)
        total, found = total + e.sum(axis=1), found + e @ v[rows]
    return total, found


def ring_work(T=8, ranks=4, zigzag=False):
    """How many scores each rank computes with the keys of each, as a Trace.

    ``holds[r,t]`` is 1 where rank r has row t. ``pairs[r,o]`` counts the scores of the queries of r with the keys of o
    that the causal mask lets through.

    >>> ring_work(T=4, ranks=2)["pairs"].value.tolist()
    [[3.0, 0.0], [4.0, 3.0]]
    """
    rows = rows_of(T, whole_number("ranks", ranks, 1, MOST), "zigzag" if zigzag else "contiguous")
    holds = np.array([[float(t in held) for t in range(T)] for held in rows])  # (ranks, T)
    trace = Trace("work, zigzag" if zigzag else "work, contiguous")
    trace.given("holds", holds, "rank t")
    trace.given("allowed", np.tri(T), "t s", role="weights", code="allowed = torch.tril(torch.ones(T, T))")
    trace.given("keys_of", holds, "owner s", role="key", code="keys_of = holds")
    trace.step("reach", "sum-product", "rank t, t s -> rank s", "holds", "allowed", code="reach = holds @ allowed")
    line = "pairs = reach @ keys_of.T"
    trace.step("pairs", "sum-product", "rank s, owner s -> rank owner", "reach", "keys_of", role="scores", code=line)
    line = "work = pairs.sum(-1, keepdim=True)"
    trace.step("work", "sum-product", "rank owner -> rank i", "pairs", role="out", code=line, i=1)
    return trace
