"""Ring attention: each rank keeps its queries, and the keys and values go round (Liu and others 2023)."""

import torch

from helpers.machines.tiles import finished, merge, state_of


def tile(q, k, v, rows, key_rows):
    """What some queries find among some keys: (found, largest, total), as in ``state_of``.

    q: (n, t, h); k, v: (n, s, h); rows: (t,), key_rows: (s,), where in the text they stand. A key that stands later
    than the query is not seen.
    """
    scores = q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5  # (n, t, h) @ (n, h, s) -> (n, t, s)
    seen = torch.as_tensor(rows)[:, None] >= torch.as_tensor(key_rows)  # (t, 1), (s,) -> (t, s)
    return state_of(scores.masked_fill(~seen.to(scores.device), -torch.inf), v)


def ring_attention(q, k, v, rows, wire):
    """Causal attention of a text whose rows are spread over the ranks, as (n, t, h): the rows of this rank.

    q, k, v: (n, t, h), the rows of this rank. rows: for each rank, where in the text its rows stand, as ``rows_of``
    gives them. wire: a ``Wire``. In each of N steps a rank compares its queries with the keys that it holds, and passes
    keys and values on: 2·n·s·h numbers, N - 1 times.
    """
    mine = rows[wire.rank]
    if len(mine) != q.shape[-2]:
        raise ValueError(f"q has shape {tuple(q.shape)}, but rank {wire.rank} holds {len(mine)} rows.")
    state = None
    for step in range(wire.ranks):
        source = (wire.rank - step) % wire.ranks  # whose keys are here
        if len(rows[source]) and len(mine):
            now = tile(q, k, v, mine, rows[source])
            state = now if state is None else merge(state, now)
        if step < wire.ranks - 1:
            coming = len(rows[(source - 1) % wire.ranks])
            k, v = wire.pass_on(torch.stack([k, v]), (2, *k.shape[:-2], coming, k.shape[-1]))  # 2 × (n, s, h)
    return q.clone() if state is None else finished(state)[0]
