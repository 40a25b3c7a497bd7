"""Ring attention: each rank keeps its queries, and the keys and values go round (Liu and others 2023)."""

import torch


def tile(q, k, v, rows, key_rows):
    """What some queries find among some keys: a state, from which the attention can go on.

    q: (n, t, h); k, v: (n, s, h); rows: (t,), key_rows: (s,), where in the text they stand. A key that stands later
    than the query is not seen. Returns (found, largest, total): the sum of v, weighted by e^(score - largest),
    (n, t, h); the largest score of each row, (n, t), -inf where it sees nothing; the sum of those weights, (n, t).
    """
    scores = q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5  # (n, t, h) @ (n, h, s) -> (n, t, s)
    seen = torch.as_tensor(rows)[:, None] >= torch.as_tensor(key_rows)  # (t, 1), (s,) -> (t, s)
    masked = scores.masked_fill(~seen.to(scores.device), -torch.inf)
    largest = masked.amax(-1)  # (n, t, s) -> (n, t)
    weights = (masked - level(largest)[..., None]).exp()  # (n, t, s)
    return weights @ v, largest, weights.sum(-1)  # (n, t, s) @ (n, s, h) -> (n, t, h), and twice (n, t)


def level(largest):
    """What is taken away from the scores before e^: the largest, and 0 where nothing was seen."""
    return largest.masked_fill(largest == -torch.inf, 0.0)


def merge(before, now):
    """Two states of the same queries as one: as if their keys had been one tile (Milakov and Gimelshein 2018).

    before, now: (found, largest, total), as ``tile`` gives them.
    """
    largest = torch.maximum(before[1], now[1])  # (n, t)
    found, total = 0, 0
    for own_found, own_largest, own_total in (before, now):
        shrink = (own_largest - level(largest)).exp()  # (n, t), e^(own largest - common one)
        found, total = found + own_found * shrink[..., None], total + own_total * shrink
    return found, largest, total


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
    return q.clone() if state is None else state[0] / state[2][..., None]
