"""Attention in tiles, forward and backward, without ever holding (T, S) numbers.

Forward: Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018), and Rabe and Staats,
"Self-attention Does Not Need O(n²) Memory" (2021). Backward, with the weights computed again from one number for each
query: Dao and others, "FlashAttention" (2022), and Dao, "FlashAttention-2" (2023). Built in notebook 17.
"""

import torch

from helpers.look.given import whole_number


def flash_forward(q, k, v, *, tile=64, causal=False, mask=None):
    """Scaled dot-product attention, and the logarithm of each query's sum of powers.

    q: (..., T, h); k: (..., S, h); v: (..., S, g). tile: how many queries, and how many keys, meet at a time. causal:
    query t sees the keys up to t. mask: (T, S), True where a query may look, for every batch and head alike.
    Returns out, (..., T, g), and logsumexp, (..., T). A query that may look nowhere has a row of NaN, as in softmax.
    Raises ValueError for other shapes.

    >>> x = torch.eye(3, dtype=torch.float64)
    >>> out, logsumexp = flash_forward(x, x, x, tile=2)
    >>> torch.allclose(out, torch.softmax(x @ x.T * 3**-0.5, -1) @ x)
    True
    """
    T, S = checked(q, k, v, tile, mask)
    out, logsumexp = q.new_empty(*q.shape[:-1], v.shape[-1]), q.new_empty(q.shape[:-1])
    for rows in parts(T, tile):
        state = (
            torch.zeros_like(out[..., rows, :]),
            q.new_full(logsumexp[..., rows].shape, -torch.inf),
            0,
        )  # nothing met
        for columns in met(rows, S, tile, causal):
            scores = scores_of(q, k, rows, columns, causal, mask)  # (..., rows, columns)
            state = merge(state, state_of(scores, v[..., columns, :]))
        out[..., rows, :], logsumexp[..., rows] = finished(state)
    return out, logsumexp


def flash_backward(q, k, v, out, logsumexp, dout, *, tile=64, causal=False, mask=None):
    """The gradients of q, k and v, with each tile of weights computed again from logsumexp.

    Shapes and options as in ``flash_forward``; dout is the gradient of out, (..., T, g). Returns dq, dk, dv.

    >>> x = torch.ones(2, 1, dtype=torch.float64)
    >>> dq, dk, dv = flash_backward(x, x, x, *flash_forward(x, x, x), x, tile=1)
    >>> dv.squeeze(-1).round(decimals=3).tolist()
    [1.0, 1.0]
    """
    T, S = checked(q, k, v, tile, mask)
    scale = q.shape[-1] ** -0.5
    dq, dk, dv = torch.zeros_like(q), torch.zeros_like(k), torch.zeros_like(v)
    D = (dout * out).sum(-1, keepdim=True)  # (..., T, g) -> (..., T, 1): what softmax takes off each row
    for rows in parts(T, tile):
        for columns in met(rows, S, tile, causal):
            scores = scores_of(q, k, rows, columns, causal, mask)  # (..., rows, columns)
            weights = (scores - logsumexp[..., rows, None]).exp()
            dv[..., columns, :] += weights.mT @ dout[..., rows, :]
            dweights = dout[..., rows, :] @ v[..., columns, :].mT  # (..., rows, g) @ (..., g, columns)
            dscores = weights * (dweights - D[..., rows, :]) * scale
            dq[..., rows, :] += dscores @ k[..., columns, :]
            dk[..., columns, :] += dscores.mT @ q[..., rows, :]
    return dq, dk, dv


class Flash(torch.autograd.Function):
    """``flash_forward`` as a step that autograd can go back through: ``Flash.apply(q, k, v, tile, causal)`` is out."""

    @staticmethod
    def forward(ctx, q, k, v, tile=64, causal=False):
        out, logsumexp = flash_forward(q, k, v, tile=tile, causal=causal)
        ctx.save_for_backward(q, k, v, out, logsumexp)
        ctx.how = {"tile": tile, "causal": causal}
        return out

    @staticmethod
    def backward(ctx, dout):
        return *flash_backward(*ctx.saved_tensors, dout, **ctx.how), None, None


def state_of(scores, v):
    """What queries have found among some keys: a state, from which the attention can go on with others.

    scores: (..., T, S), -inf where a query may not look; v: (..., S, g). Returns (found, largest, total): the sum of v,
    weighted by e^(score - largest), (..., T, g); the largest score of each query, (..., T), -inf where it sees nothing;
    the sum of those weights, (..., T). Notebook 17 calls them out, m and l.
    """
    largest = scores.amax(-1)  # (..., T, S) -> (..., T)
    weights = (scores - level(largest)[..., None]).exp()  # (..., T, S)
    return weights @ v, largest, weights.sum(-1)  # (..., T, S) @ (..., S, g) -> (..., T, g), and twice (..., T)


def level(largest):
    """What is taken away from the scores before e^: the largest, and 0 where nothing was seen, as -inf + inf is NaN."""
    return largest.masked_fill(largest == -torch.inf, 0.0)


def merge(one, other):
    """Two states of the same queries as one: as if their keys had been met together (Milakov and Gimelshein 2018).

    one, other: (found, largest, total), as ``state_of`` gives them. A finished result is a state as well, with its
    logsumexp as the largest and 1 as the total.

    >>> x = torch.eye(4)
    >>> one, other = (state_of(x @ x[part].T, x[part]) for part in (slice(0, 1), slice(1, 4)))
    >>> torch.allclose(finished(merge(one, other))[0], x.softmax(-1))
    True
    """
    largest = torch.maximum(one[1], other[1])  # (..., T)
    shrink_one, shrink_other = ((state[1] - level(largest)).exp() for state in (one, other))  # e^(own largest - common)
    found = one[0] * shrink_one[..., None] + other[0] * shrink_other[..., None]  # (..., T, g)
    return found, largest, one[2] * shrink_one + other[2] * shrink_other


def finished(state):
    """The attention, (..., T, g), and its logsumexp, (..., T), of a state; a query that has seen nothing gets NaN."""
    found, largest, total = state
    return found / total[..., None], largest + total.log()


def parts(size, tile):
    """The slices of an axis, tile by tile.

    >>> [(part.start, part.stop) for part in parts(5, 2)]
    [(0, 2), (2, 4), (4, 5)]
    """
    return [slice(start, min(start + tile, size)) for start in range(0, size, tile)]


def met(rows, S, tile, causal):
    """The tiles of keys that these queries meet: all of them, or those that do not lie in the future as a whole."""
    return [columns for columns in parts(S, tile) if not causal or columns.start < rows.stop]


def scores_of(q, k, rows, columns, causal, mask):
    """One tile of scaled scores, -inf where a query may not look: (..., rows, columns)."""
    scores = q[..., rows, :] @ k[..., columns, :].mT * q.shape[-1] ** -0.5
    if causal and columns.stop > rows.start + 1:  # the diagonal runs through this tile
        t = torch.arange(rows.start, rows.stop, device=q.device)
        s = torch.arange(columns.start, columns.stop, device=q.device)
        scores = scores.masked_fill(s > t[:, None], float("-inf"))  # (columns,) > (rows, 1) -> (rows, columns)
    return scores if mask is None else scores.masked_fill(~mask[rows, columns], float("-inf"))


def checked(q, k, v, tile, mask):
    """T and S; raises ValueError for shapes that do not fit."""
    whole_number("tile", tile, 1)
    if q.ndim < 2 or k.shape[:-1] != v.shape[:-1] or q.shape[:-2] != k.shape[:-2] or q.shape[-1] != k.shape[-1]:
        raise ValueError(
            f"q, k and v have shapes {tuple(q.shape)}, {tuple(k.shape)} and {tuple(v.shape)}; wanted (..., T, h), "
            "(..., S, h) and (..., S, g), with the same axes in front: a key and a value for each of S tokens."
        )
    T, S = q.shape[-2], k.shape[-2]
    if mask is not None and (mask.dtype != torch.bool or tuple(mask.shape) != (T, S)):
        raise ValueError(
            f"mask has shape {tuple(mask.shape)} and {mask.dtype}; wanted ({T}, {S}) of torch.bool: True where a query "
            "may look."
        )
    return T, S
