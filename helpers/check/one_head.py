"""Exercises of notebooks 05 and 06: queries, keys and values, and the scale."""

import math

import numpy as np

from helpers.check.exercise import exercise


def soft(scores, axis=-1):
    raised = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)


def hidden(scores, triangle=np.tril, fill=-np.inf):
    """Scores (..., T, T) with ``fill`` where the triangle has a 0."""
    return np.where(triangle(np.ones(scores.shape[-2:])) == 1, scores, fill)


def turned(matrix):
    return np.swapaxes(matrix, -1, -2)


# -- 05: queries, keys and values -------------------------------------------------------------------


@exercise("05", asks="q: B T h, k: B T h", gives="scores: B T T", loops=False)
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


@all_scores.mistake("the queries meet themselves: the second factor is q, wanted k")
def queries_alone(q, k):
    return q @ turned(q)


@all_scores.mistake("the future is hidden already: wanted the scores of all pairs")
def masked_already(q, k):
    return hidden(q @ turned(k))


@exercise("05", asks="x: B T C, Wq: C h, Wk: C h, Wv: C h", gives="out: B T h", loops=False, causal=True)
def unscaled_head(x, Wq, Wk, Wv):
    """A causal head without the division: for each token the values of its past, each by its weight."""
    B, T, C = x.shape
    h = Wq.shape[1]
    out = np.zeros((B, T, h))
    for b in range(B):
        q, k, v = (
            [[sum(x[b, t, c] * W[c, i] for c in range(C)) for i in range(h)] for t in range(T)] for W in (Wq, Wk, Wv)
        )
        for t in range(T):
            scores = [sum(q[t][i] * k[s][i] for i in range(h)) for s in range(t + 1)]
            powers = [math.exp(score - max(scores)) for score in scores]
            for i in range(h):
                out[b, t, i] = sum(power * v[s][i] for s, power in enumerate(powers)) / sum(powers)
    return out


@unscaled_head.mistake("there is no mask: each token hears its future")
def no_mask(x, Wq, Wk, Wv):
    return soft(x @ Wq @ turned(x @ Wk)) @ (x @ Wv)


@unscaled_head.mistake("the past is masked and the future is heard: the triangle is the wrong way round")
def past_masked(x, Wq, Wk, Wv):
    return soft(hidden(x @ Wq @ turned(x @ Wk), np.triu)) @ (x @ Wv)


@unscaled_head.mistake("the weights mix the keys, wanted the values: out = weights @ v")
def keys_mixed(x, Wq, Wk, Wv):
    return soft(hidden(x @ Wq @ turned(x @ Wk))) @ (x @ Wk)


@unscaled_head.mistake("q and k have changed places in the scores: the query belongs to the row")
def swapped(x, Wq, Wk, Wv):
    return soft(hidden(x @ Wk @ turned(x @ Wq))) @ (x @ Wv)


@unscaled_head.mistake("the mask came after the softmax: rows of weights sum to less than 1")
def mask_after(x, Wq, Wk, Wv):
    return hidden(soft(x @ Wq @ turned(x @ Wk)), fill=0.0) @ (x @ Wv)


@unscaled_head.mistake("the scores of the future became 0, not -inf: e to the power of 0 is 1, so the future is heard")
def zero_filled(x, Wq, Wk, Wv):
    return soft(hidden(x @ Wq @ turned(x @ Wk), fill=0.0)) @ (x @ Wv)


@unscaled_head.mistake("softmax ran over the columns, dim=-2: each column of weights sums to 1, not each row")
def down_the_columns(x, Wq, Wk, Wv):
    return soft(hidden(x @ Wq @ turned(x @ Wk)), -2) @ (x @ Wv)


@unscaled_head.mistake("the weights mix x itself, wanted the values, x @ Wv: out has C channels and not head_size")
def x_mixed(x, Wq, Wk, Wv):
    return soft(hidden(x @ Wq @ turned(x @ Wk))) @ x


@unscaled_head.mistake("there is no softmax: the scores themselves mix the values")
def no_softmax(x, Wq, Wk, Wv):
    return hidden(x @ Wq @ turned(x @ Wk), fill=0.0) @ (x @ Wv)


# -- 06: the scale ----------------------------------------------------------------------------------


@exercise("06", asks="x: B T C, Wq: C h, Wk: C h", gives="scaled: B T T", loops=False)
def scaled_scores(x, Wq, Wk):
    """Every query times every key, divided by the root of head_size."""
    B, T, C = x.shape
    h = Wq.shape[1]
    scaled = np.zeros((B, T, T))
    for b in range(B):
        q, k = ([[sum(x[b, t, c] * W[c, i] for c in range(C)) for i in range(h)] for t in range(T)] for W in (Wq, Wk))
        for t in range(T):
            for s in range(T):
                scaled[b, t, s] = sum(q[t][i] * k[s][i] for i in range(h)) / math.sqrt(h)
    return scaled


def scores_of(x, Wq, Wk):
    return x @ Wq @ turned(x @ Wk)


@scaled_scores.mistake(
    "the scores are divided by the root of C, wanted that of head_size: right only where the two are equal"
)
def by_channels(x, Wq, Wk):
    return scores_of(x, Wq, Wk) / math.sqrt(x.shape[-1])


@scaled_scores.mistake("the scores are divided by head_size itself, wanted its root: too flat")
def by_size(x, Wq, Wk):
    return scores_of(x, Wq, Wk) / Wq.shape[-1]


@scaled_scores.mistake("the scores are multiplied by the root of head_size, wanted divided")
def multiplied(x, Wq, Wk):
    return scores_of(x, Wq, Wk) * math.sqrt(Wq.shape[-1])


@scaled_scores.mistake(
    "the scores are divided by the root of T: a score is a sum over head_size numbers, not over the tokens"
)
def by_tokens(x, Wq, Wk):
    return scores_of(x, Wq, Wk) / math.sqrt(x.shape[1])


@scaled_scores.mistake("the scores are not divided at all")
def not_divided(x, Wq, Wk):
    return scores_of(x, Wq, Wk)


@scaled_scores.mistake("k is the first factor: row t should belong to the query of token t")
def keys_first_scaled(x, Wq, Wk):
    return scores_of(x, Wk, Wq) / math.sqrt(Wq.shape[-1])


@scaled_scores.mistake("the scores are divided by the root of B: the batch has no say in a score")
def by_batch(x, Wq, Wk):
    return scores_of(x, Wq, Wk) / math.sqrt(len(x))


@scaled_scores.mistake("the rows of x themselves meet, without Wq and Wk")
def x_with_x(x, Wq, Wk):
    return x @ turned(x) / math.sqrt(Wq.shape[-1])


def some_warmth(rng, sizes):
    return {"temperature": float(rng.choice([0.25, 0.5, 2.0, 4.0]))}


@exercise("06", asks="scores: B T T, temperature:", gives="weights: B T T", loops=False, draw=some_warmth)
def softened(scores, temperature):
    """The softmax of scores divided by the temperature."""
    B, T, _ = scores.shape
    weights = np.zeros((B, T, T))
    for b in range(B):
        for t in range(T):
            largest = max(scores[b, t])
            powers = [math.exp((score - largest) / temperature) for score in scores[b, t]]
            for s in range(T):
                weights[b, t, s] = powers[s] / sum(powers)
    return weights


@softened.mistake(
    "the scores are multiplied by the temperature, wanted divided: a high temperature should make the "
    "weights more alike"
)
def sharper(scores, temperature):
    return soft(scores * temperature)


@softened.mistake("the weights are divided by the temperature, after the softmax: rows no longer sum to 1")
def divided_after(scores, temperature):
    return soft(scores) / temperature


@softened.mistake("the temperature is not used")
def cold(scores, temperature):
    return soft(scores)


@softened.mistake(
    "the weights were raised to the temperature, wanted to one divided by it: hot has become cold, and "
    "rows no longer sum to 1"
)
def raised(scores, temperature):
    return soft(scores) ** temperature


@softened.mistake("the scores are divided by the root of the temperature, wanted by itself")
def by_its_root(scores, temperature):
    return soft(scores / math.sqrt(temperature))


@softened.mistake("softmax ran over the columns, dim=-2: wanted over each row")
def softened_columns(scores, temperature):
    return soft(scores / temperature, -2)


@softened.mistake("the powers of e are not divided by their sum: rows do not sum to 1")
def powers_alone(scores, temperature):
    return np.exp((scores - scores.max(axis=-1, keepdims=True)) / temperature)
