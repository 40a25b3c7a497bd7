"""Ulysses: the rows are spread over the ranks, and for the attention alone the heads are (Jacobs and others 2023)."""

import torch
from torch.nn.functional import scaled_dot_product_attention

from helpers.machines.layouts import rows_of


def ulysses_attention(q, k, v, T, wire):
    """Causal attention of a text whose rows are spread over the ranks, as (n, t, h): the rows of this rank.

    q, k, v: (n, t, h), the rows of this rank, one run of them (``rows_of(T, ranks)``). T: of the whole text. An
    all-to-all gives each rank all rows of some of the heads; a second one gives the rows back. Raises ValueError where
    there are more ranks than heads, as some would have nothing to do.
    """
    if q.shape[0] < wire.ranks:
        raise ValueError(
            f"there are {q.shape[0]} heads and {wire.ranks} ranks: wanted at least one head for each rank."
        )
    rows = [len(one) for one in rows_of(T, wire.ranks)]
    heads = [len(one) for one in rows_of(q.shape[0], wire.ranks)]
    mine, h = heads[wire.rank], q.shape[-1]
    parts = torch.stack([q, k, v]).split(heads, dim=1)  # (3, n, t, h) -> N × (3, n_j, t, h)
    got = wire.all_to_all(parts, [(3, mine, t, h) for t in rows])  # N × (3, n_r, t_i, h)
    whole = torch.cat(got, dim=2)  # -> (3, n_r, T, h)
    out = scaled_dot_product_attention(*whole, is_causal=True)  # (n_r, T, h)
    got = wire.all_to_all(out.split(rows, dim=1), [(n, rows[wire.rank], h) for n in heads])  # N × (n_i, t, h)
    return torch.cat(got)  # -> (n, t, h)
