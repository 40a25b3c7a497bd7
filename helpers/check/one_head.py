"""Exercises of notebook 05b: the head in PyTorch."""

import math

import numpy as np

from helpers.check.exercise import exercise
from helpers.check.wrong_heads import PRODUCTS, WEIGHTS, attend, causal, hidden, register, reshaped, soft, turned


@exercise("05b", asks="q: B T h, k: B T h", gives="scores: B T T", loops=False)
def all_scores(q, k):
    """In each sequence, the dot product of every query with every key."""
    B, T, h = q.shape
    scores = np.zeros((B, T, T))
    for b in range(B):
        for t in range(T):
            for s in range(T):
                scores[b, t, s] = sum(q[b, t, i] * k[b, s, i] for i in range(h))
    return scores


@all_scores.mistake(
    "k is the first factor: row t should belong to the query of token t, and here it belongs to its key"
)
def keys_first(q, k):
    return k @ turned(q)


@all_scores.mistake("every query meets only the key of its own token: wanted every pair of tokens, (T, T)")
def own_key_alone(q, k):
    return (q * k).sum(axis=-1)


@all_scores.mistake("channels meet channels, (head_size, head_size): transpose the second factor, k, and not the first")
def channels_meet(q, k):
    return turned(q) @ k


@all_scores.mistake("only the first sequence has its scores: wanted all B of them")
def first_sequence(q, k):
    return q[0] @ k[0].T


@all_scores.mistake("the products are averaged over head_size, wanted added up")
def averaged(q, k):
    return q @ turned(k) / q.shape[-1]


@all_scores.mistake(
    "the scores are divided by the root of head_size: that is asked in notebook 6, here they stay as they are"
)
def scaled_already(q, k):
    return q @ turned(k) / math.sqrt(q.shape[-1])


@all_scores.mistake("the scores are multiplied by the root of head_size: here they stay as they are")
def multiplied_by_the_root(q, k):
    return q @ turned(k) * math.sqrt(q.shape[-1])


@all_scores.mistake(
    "k is the first factor, and the scores are divided by the root of head_size: wanted q @ k.transpose(-2, -1) alone"
)
def keys_first_and_scaled(q, k):
    return k @ turned(q) / math.sqrt(q.shape[-1])


@all_scores.mistake("the queries meet themselves: the second factor is q, wanted k")
def queries_alone(q, k):
    return q @ turned(q)


@all_scores.mistake("the keys meet themselves: the first factor is k, wanted q")
def keys_alone(q, k):
    return k @ turned(k)


@all_scores.mistake("the future is hidden already: wanted the scores of all pairs")
def masked_already(q, k):
    return hidden(q @ turned(k))


@all_scores.mistake("softmax came already: wanted the scores themselves")
def weights_already(q, k):
    return soft(q @ turned(k))


@all_scores.mistake(
    "k was reshaped, not transposed: a `view` keeps the numbers in their order, so keys and channels are mixed"
)
def reshaped_keys(q, k):
    return q @ reshaped(k)


@exercise(
    "05b", asks="x: B T C, Wq: C h, Wk: C h, Wv: C h", gives="out: B T h", loops=False, causal=True, outsized=20.0
)
def unscaled_head(x, Wq, Wk, Wv):
    """A causal head without the division: for each token the values of its past, each by its weight."""
    B, T, _ = x.shape  # (B, T, C)
    out = np.zeros((B, T, Wq.shape[1]))
    for b in range(B):
        q, k, v = x[b] @ Wq, x[b] @ Wk, x[b] @ Wv
        for t in range(T):
            scores = [q[t] @ k[s] for s in range(t + 1)]
            powers = [math.exp(score - max(scores)) for score in scores]
            out[b, t] = sum(power * v[s] for s, power in enumerate(powers)) / sum(powers)
    return out


def a_head(x, Wq, Wk, Wv, scale=lambda head_size: 1.0, **parts):
    return attend(x @ Wq, x @ Wk, x @ Wv, scale=scale, **parts)


register(unscaled_head, a_head, WEIGHTS)
register(unscaled_head, a_head, PRODUCTS)


@unscaled_head.mistake("the weights mix x itself, wanted the values, x @ Wv: out has C channels and not head_size")
def x_mixed(x, Wq, Wk, Wv):
    return causal(x @ Wq @ turned(x @ Wk)) @ x


@unscaled_head.mistake("the rows of x themselves meet, without Wq and Wk: wanted queries and keys")
def x_meets_x(x, Wq, Wk, Wv):
    return causal(x @ turned(x)) @ (x @ Wv)


@unscaled_head.mistake(
    "the scores are divided by the root of head_size: that is asked in notebook 6, here they stay as they are"
)
def scaled_too_early(x, Wq, Wk, Wv):
    return a_head(x, Wq, Wk, Wv, scale=lambda head_size: head_size**-0.5)


@unscaled_head.mistake(
    "the scores are divided by the root of C: here they stay as they are, and notebook 6 asks the root of head_size"
)
def scaled_by_channels(x, Wq, Wk, Wv):
    return a_head(x, Wq, Wk, Wv, scale=lambda head_size: len(Wq) ** -0.5)


@unscaled_head.mistake("the scores are divided by C: that is not asked here, they stay as they are")
def divided_by_channels(x, Wq, Wk, Wv):
    return a_head(x, Wq, Wk, Wv, scale=lambda head_size: 1 / len(Wq))


@unscaled_head.mistake(
    "the scores are divided by the root of head_size, which is asked in notebook 6, and there is no mask: each token "
    "hears its future, as by `scaled_dot_product_attention` without `is_causal=True`"
)
def scaled_without_a_mask(x, Wq, Wk, Wv):
    return a_head(x, Wq, Wk, Wv, scale=lambda head_size: head_size**-0.5, weigh=soft)


@unscaled_head.mistake(
    "q and k have changed places in the scores, and these are divided by the root of head_size, which is asked in "
    "notebook 6"
)
def swapped_and_scaled(x, Wq, Wk, Wv):
    return a_head(x, Wk, Wq, Wv, scale=lambda head_size: head_size**-0.5)


@unscaled_head.mistake(
    "q and k have changed places in the scores, and these are divided by the root of C, wanted as they are"
)
def swapped_and_scaled_by_channels(x, Wq, Wk, Wv):
    return a_head(x, Wk, Wq, Wv, scale=lambda head_size: len(Wq) ** -0.5)


@unscaled_head.mistake("the scores are divided by head_size: that is not asked here, they stay as they are")
def divided_by_size(x, Wq, Wk, Wv):
    return a_head(x, Wq, Wk, Wv, scale=lambda head_size: 1 / head_size)


@unscaled_head.mistake("this is the plain mean of the past's values: the scores are not used")
def plain_mean(x, Wq, Wk, Wv):
    return causal(0 * (x @ turned(x))) @ (x @ Wv)
