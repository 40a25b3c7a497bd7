"""Tensor parallel attention: each rank has some of the heads (Shoeybi and others 2019)."""

from torch.nn.functional import scaled_dot_product_attention

from helpers.machines.layouts import rows_of


def tensor_parallel_attention(x, Wq, Wk, Wv, Wo, heads, wire):
    """Causal multi-head attention, (T, C) -> (T, C), on every rank: one all-reduce adds up what the ranks have found.

    x: (T, C), on every rank. Wq, Wk, Wv, Wo: (C, C); this rank uses the columns of its heads of the first three, and
    the rows of its heads of Wo: in earnest it would hold no others. Raises ValueError where there are more ranks than
    heads.
    """
    if heads < wire.ranks:
        raise ValueError(f"there are {heads} heads and {wire.ranks} ranks: wanted at least one head for each rank.")
    h = Wq.shape[1] // heads
    mine = rows_of(heads, wire.ranks)[wire.rank]  # the heads of this rank: (n_r,)
    own = slice(mine[0] * h, (mine[-1] + 1) * h)  # their columns, and their rows of Wo
    q, k, v = (
        (x @ W[:, own]).unflatten(-1, (-1, h)).transpose(0, 1)  # (T, C) @ (C, n_r·h) -> (T, n_r, h) -> (n_r, T, h)
        for W in (Wq, Wk, Wv)
    )
    out = scaled_dot_product_attention(q, k, v, is_causal=True)  # (n_r, T, h)
    partial = out.transpose(0, 1).flatten(1) @ Wo[own]  # (T, n_r·h) @ (n_r·h, C) -> (T, C), a part of the sum
    return wire.all_reduce(partial)
