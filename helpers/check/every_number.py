"""Exercises of notebook 07: the whole head."""

import math

import numpy as np

from helpers.check.exercise import exercise
from helpers.check.one_head import hidden, soft, turned


def a_cell(rng, sizes):
    return {"t": int(rng.integers(sizes["T"])), "h": int(rng.integers(sizes["h"]))}


@exercise("07", asks="x: T C, Wq: C h, Wk: C h, Wv: C h, t:, h:", gives="number:", tensors=False, draw=a_cell)
def one_number(x, Wq, Wk, Wv, t, h):
    """out[t, h] of a scaled causal head, with nothing computed that it does not need."""
    C, size = Wq.shape
    query = [sum(x[t, c] * Wq[c, j] for c in range(C)) for j in range(size)]
    powers, values = [], []
    for s in range(t + 1):
        key = [sum(x[s, c] * Wk[c, j] for c in range(C)) for j in range(size)]
        powers.append(sum(query[j] * key[j] for j in range(size)) / math.sqrt(size))
        values.append(sum(x[s, c] * Wv[c, h] for c in range(C)))
    powers = [math.exp(power - max(powers)) for power in powers]
    return sum(power * value for power, value in zip(powers, values)) / sum(powers)


def a_head(x, Wq, Wk, Wv, scale=None, mask=hidden, axis=-1):
    """A whole head, with whatever is done to its scores. scale: what they are multiplied by."""
    scores = x @ Wq @ turned(x @ Wk) * (Wq.shape[1] ** -0.5 if scale is None else scale)
    return soft(mask(scores), axis) @ (x @ Wv)


@one_number.mistake("the scores are not divided by the root of head_size")
def not_scaled(x, Wq, Wk, Wv, t, h):
    return a_head(x, Wq, Wk, Wv, scale=1.0)[t, h]


@one_number.mistake("token t hears all tokens: wanted those from 0 to t")
def all_tokens(x, Wq, Wk, Wv, t, h):
    return a_head(x, Wq, Wk, Wv, mask=lambda scores: scores)[t, h]


@one_number.mistake("the past ends before token t, which does not hear itself: range(t) stops at t, wanted t + 1")
def without_itself(x, Wq, Wk, Wv, t, h):
    return a_head(x, Wq, Wk, Wv, mask=lambda scores: hidden(scores, lambda ones: np.tril(ones, -1)))[t, h]


@one_number.mistake("the scores are divided by the root of C, wanted that of head_size")
def scaled_by_channels(x, Wq, Wk, Wv, t, h):
    return a_head(x, Wq, Wk, Wv, scale=len(Wq) ** -0.5)[t, h]


@one_number.mistake("the weights mix keys, wanted values: Wk stands where Wv belongs")
def keys_for_values(x, Wq, Wk, Wv, t, h):
    return a_head(x, Wq, Wk, Wk)[t, h]


@one_number.mistake("q and k have changed places: the query is that of token t, the keys those of its past")
def swapped_roles(x, Wq, Wk, Wv, t, h):
    return a_head(x, Wk, Wq, Wv)[t, h]


@one_number.mistake("this is the plain mean of the values of the past: the weights are not used")
def plain_mean(x, Wq, Wk, Wv, t, h):
    return (x[: t + 1] @ Wv)[:, h].mean()


@one_number.mistake("this is the value of token t alone: it should be mixed with those of its past")
def own_value(x, Wq, Wk, Wv, t, h):
    return (x @ Wv)[t, h]


@exercise("07", asks="x: B T C, Wq: C h, Wk: C h, Wv: C h", gives="out: B T h", tensors=False, loops=False, causal=True)
def whole_head(x, Wq, Wk, Wv):
    """A scaled causal head."""
    B, T, _ = x.shape  # (B, T, C)
    return np.array(
        [[[one_number.oracle(x[b], Wq, Wk, Wv, t, h) for h in range(Wq.shape[1])] for t in range(T)] for b in range(B)]
    )


@whole_head.mistake("the scores are not divided by the root of head_size")
def head_not_scaled(x, Wq, Wk, Wv):
    return a_head(x, Wq, Wk, Wv, scale=1.0)


@whole_head.mistake(
    "the scores are divided by the root of C, wanted that of head_size: right only where the two are equal"
)
def head_scaled_by_channels(x, Wq, Wk, Wv):
    return a_head(x, Wq, Wk, Wv, scale=len(Wq) ** -0.5)


@whole_head.mistake("the scores are divided by head_size itself, wanted its root")
def head_scaled_by_size(x, Wq, Wk, Wv):
    return a_head(x, Wq, Wk, Wv, scale=1 / Wq.shape[1])


@whole_head.mistake("the mask came after the softmax: rows of weights sum to less than 1")
def head_masked_after(x, Wq, Wk, Wv):
    scores = x @ Wq @ turned(x @ Wk) * Wq.shape[1] ** -0.5
    return hidden(soft(scores), fill=0.0) @ (x @ Wv)


@whole_head.mistake("the scores of the future became 0, not -inf: e to the power of 0 is 1, so the future is heard")
def head_zero_filled(x, Wq, Wk, Wv):
    return a_head(x, Wq, Wk, Wv, mask=lambda scores: hidden(scores, fill=0.0))


@whole_head.mistake("softmax ran over the columns, axis -2: each column of weights sums to 1, not each row")
def head_down_the_columns(x, Wq, Wk, Wv):
    return a_head(x, Wq, Wk, Wv, axis=-2)


@whole_head.mistake("there is no mask: each token hears its future")
def head_without_mask(x, Wq, Wk, Wv):
    return a_head(x, Wq, Wk, Wv, mask=lambda scores: scores)


@whole_head.mistake("the past is masked and the future is heard: the triangle is the wrong way round")
def head_past_masked(x, Wq, Wk, Wv):
    return a_head(x, Wq, Wk, Wv, mask=lambda scores: hidden(scores, np.triu))


@whole_head.mistake("q and k have changed places in the scores: the query belongs to the row")
def head_swapped(x, Wq, Wk, Wv):
    return a_head(x, Wk, Wq, Wv)


@whole_head.mistake("only the first sequence was computed: wanted all B of them")
def head_of_the_first(x, Wq, Wk, Wv):
    return a_head(x[0], Wq, Wk, Wv)
