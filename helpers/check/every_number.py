"""Exercises of notebook 07: the whole head."""

import math

import numpy as np

from helpers.check.exercise import exercise
from helpers.check.wrong_heads import PRODUCTS, SCALES, WEIGHTS, attend, causal, register, turned


def a_cell(rng, sizes):
    return {"t": int(rng.integers(sizes["T"])), "h": int(rng.integers(sizes["h"]))}


@exercise(
    "07",
    asks="x: T C, Wq: C h, Wk: C h, Wv: C h, t:, h:",
    gives="number:",
    tensors=False,
    scales=(1.0, 1.0, 1.0, 0.05, 20.0),  # the powers of such scores overflow, whichever token is asked for
    draw=a_cell,
)
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


def a_head(x, Wq, Wk, Wv, **parts):
    return attend(x @ Wq, x @ Wk, x @ Wv, **parts)


def a_number(x, Wq, Wk, Wv, t, h, **parts):
    return a_head(x, Wq, Wk, Wv, **parts)[t, h]


register(one_number, a_number, WEIGHTS, without=["over_the_batch"])  # there is none
register(one_number, a_number, PRODUCTS)
register(one_number, a_number, SCALES)


@one_number.mistake("the past is x[:t], which ends before token t: wanted t + 1, so that it hears itself")
def past_without_itself(x, Wq, Wk, Wv, t, h):
    scores = x[:t] @ Wk @ (x[t] @ Wq) * Wq.shape[1] ** -0.5
    powers = np.exp(scores - scores.max())  # of nothing, for the first token: a ValueError
    return powers / powers.sum() @ (x[:t] @ Wv[:, h])


@one_number.mistake("the scores are divided by the root of C, wanted that of head_size")
def scaled_by_channels(x, Wq, Wk, Wv, t, h):
    return a_number(x, Wq, Wk, Wv, t, h, scale=lambda head_size: len(Wq) ** -0.5)


@one_number.mistake("this is the plain mean of the values of the past: the weights are not used")
def plain_mean(x, Wq, Wk, Wv, t, h):
    return (x[: t + 1] @ Wv)[:, h].mean()


@one_number.mistake("this is the value of token t alone: it should be mixed with those of its past")
def own_value(x, Wq, Wk, Wv, t, h):
    return (x @ Wv)[t, h]


@exercise(
    "07",
    asks="x: B T C, Wq: C h, Wk: C h, Wv: C h",
    gives="out: B T h",
    tensors=False,
    loops=False,
    causal=True,
    outsized=30.0,
)
def whole_head(x, Wq, Wk, Wv):
    """A scaled causal head."""
    B, T, _ = x.shape  # (B, T, C)
    out = np.zeros((B, T, Wq.shape[1]))
    for b in range(B):
        q, k, v = x[b] @ Wq, x[b] @ Wk, x[b] @ Wv
        for t in range(T):
            scores = [q[t] @ k[s] / math.sqrt(len(q[t])) for s in range(t + 1)]
            powers = [math.exp(score - max(scores)) for score in scores]
            out[b, t] = sum(power * v[s] for s, power in enumerate(powers)) / sum(powers)
    return out


register(whole_head, a_head, WEIGHTS)
register(whole_head, a_head, PRODUCTS)
register(whole_head, a_head, SCALES)


@whole_head.mistake(
    "the scores are divided by the root of C, wanted that of head_size: right only where the two are equal"
)
def head_scaled_by_channels(x, Wq, Wk, Wv):
    return a_head(x, Wq, Wk, Wv, scale=lambda head_size: len(Wq) ** -0.5)


@whole_head.mistake("the weights mix x itself, wanted the values, x @ Wv: out has C channels and not head_size")
def head_of_x(x, Wq, Wk, Wv):
    return attend(x @ Wq, x @ Wk, x)


@whole_head.mistake("the rows of x themselves meet, without Wq and Wk: wanted queries and keys")
def head_without_queries(x, Wq, Wk, Wv):
    return causal(x @ turned(x) * Wq.shape[1] ** -0.5) @ (x @ Wv)


@whole_head.mistake("only the first sequence was computed: wanted all B of them")
def head_of_the_first(x, Wq, Wk, Wv):
    return a_head(x[0], Wq, Wk, Wv)
