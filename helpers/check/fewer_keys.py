"""Exercises of notebook 16: keys that are shared, or absorbed."""

import numpy as np

from helpers.check.exercise import exercise


def soft(masked):
    """Softmax along the last axis; -inf where masked."""
    e = np.exp(masked - masked.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def causal(scores):
    """-inf above the diagonal."""
    T = scores.shape[-1]
    return np.where(np.tril(np.ones((T, T))) > 0, scores, -np.inf)


def groups(rng, sizes):
    """One to three heads of keys, m, each for one to three heads of queries."""
    sizes["m"] = int(rng.integers(1, 4))
    sizes["n"] = sizes["m"] * int(rng.integers(1, 4))
    return {}


@exercise("16", asks="q: n T h, k: m T h, v: m T h", gives="out: n T h", draw=groups, causal=False)
def grouped_queries(q, k, v):
    """Neighboring heads of queries share a head of keys and values; scaled, causal, softmax, values."""
    n, T, h = q.shape
    out = np.zeros((n, T, h))
    for i in range(n):
        j = i // (n // len(k))
        for t in range(T):
            scores = [sum(q[i, t, c] * k[j, s, c] for c in range(h)) / h**0.5 for s in range(t + 1)]
            powers = [np.exp(score - max(scores)) for score in scores]
            for c in range(h):
                out[i, t, c] = sum(power * v[j, s, c] for s, power in enumerate(powers)) / sum(powers)
    return out


def grouped(q, k, v, keys=None, values=None, scale=None, mask=causal):
    """Grouped-query attention with one thing done otherwise; keys, values: which head each head of queries uses."""
    n, m = len(q), len(k)
    right = np.arange(n) // (n // m)
    keys, values = (right if one is None else one for one in (keys, values))
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    return soft(mask(q @ k[keys].swapaxes(1, 2) * scale)) @ v[values]


@grouped_queries.mistake(
    "the heads of keys and values go round, 0, 1, 0, 1, as `repeat` lends them: wanted neighbors together, 0, 0, 1, 1, "
    "as `repeat_interleave` does"
)
def going_round(q, k, v):
    order = np.arange(len(q)) % len(k)
    return grouped(q, k, v, order, order)


@grouped_queries.mistake("the keys are lent to neighbors, but the values go round: wanted the same order for both")
def values_going_round(q, k, v):
    return grouped(q, k, v, values=np.arange(len(q)) % len(k))


@grouped_queries.mistake("the values are lent to neighbors, but the keys go round: wanted the same order for both")
def keys_going_round(q, k, v):
    return grouped(q, k, v, keys=np.arange(len(q)) % len(k))


@grouped_queries.mistake(
    "every head of queries uses head 0 of the keys: that is multi-query; wanted each group its own"
)
def first_for_all(q, k, v):
    zeros = np.zeros(len(q), int)
    return grouped(q, k, v, zeros, zeros)


@grouped_queries.mistake("the groups are lent in reverse: wanted the first head of keys for the first group")
def reversed_groups(q, k, v):
    return grouped(q, k[::-1], v[::-1])


@grouped_queries.mistake(
    "each head of queries uses the mean of all heads of keys and values: wanted those of its own group"
)
def mean_of_heads(q, k, v):
    mean = [np.broadcast_to(one.mean(0, keepdims=True), one.shape) for one in (k, v)]
    return grouped(q, *mean)


@grouped_queries.mistake("the scores are not divided by the root of head_size")
def no_scale(q, k, v):
    return grouped(q, k, v, scale=1.0)


@grouped_queries.mistake("the scores are divided by head_size: wanted by its root")
def by_the_whole_size(q, k, v):
    return grouped(q, k, v, scale=1 / q.shape[-1])


@grouped_queries.mistake("the scores are divided by the root of n · h, all heads together: wanted of head_size alone")
def by_all_channels(q, k, v):
    return grouped(q, k, v, scale=(len(q) * q.shape[-1]) ** -0.5)


@grouped_queries.mistake("there is no causal mask: a token looks at later ones, too")
def no_mask(q, k, v):
    return grouped(q, k, v, mask=lambda scores: scores)


@grouped_queries.mistake("the mask hides the past: wanted the future hidden, `triu(1)`")
def past_hidden(q, k, v):
    return grouped(q, k, v, mask=lambda scores: causal(scores.swapaxes(1, 2)).swapaxes(1, 2))


@grouped_queries.mistake(
    "the weights of the future were set to 0 after the softmax, and the rows do not sum to 1: mask the scores before it"
)
def grouped_and_masked_late(q, k, v):
    right = np.arange(len(q)) // (len(q) // len(k))
    scores = q @ k[right].swapaxes(1, 2) * q.shape[-1] ** -0.5
    return np.tril(soft(scores)) @ v[right]


@grouped_queries.mistake("head i uses head i // m of the keys: wanted i // (n // m), n // m being the size of a group")
def divided_by_m(q, k, v):
    order = np.minimum(np.arange(len(q)) // len(k), len(k) - 1)
    return grouped(q, k, v, order, order)


# -- a matrix absorbed ----------------------------------------------------------------------------


def a_latent(rng, sizes):
    """Up to three heads, n, and a latent of l numbers, from one to five."""
    sizes["n"], sizes["l"] = int(rng.integers(1, 4)), int(rng.integers(1, 6))
    return {}


@exercise("16", asks="q: n T h, latent: T l, Wk: n l h, Wv: n l h", gives="out: n T h", draw=a_latent)
def absorbed_out(q, latent, Wk, Wv):
    """Causal attention whose keys and values are latent @ Wk and latent @ Wv, none of which must be made."""
    n, T, h = q.shape
    length = latent.shape[1]
    out = np.zeros((n, T, h))
    for i in range(n):
        for t in range(T):
            asked = [sum(q[i, t, c] * Wk[i, j, c] for c in range(h)) for j in range(length)]
            scores = [sum(asked[j] * latent[s, j] for j in range(length)) / h**0.5 for s in range(t + 1)]
            powers = [np.exp(score - max(scores)) for score in scores]
            mixed = [sum(p * latent[s, j] for s, p in enumerate(powers)) / sum(powers) for j in range(length)]
            for c in range(h):
                out[i, t, c] = sum(mixed[j] * Wv[i, j, c] for j in range(length))
    return out


def through(q, latent, Wk, Wv, scale=None, mask=causal, last=None):
    """Absorbed attention with one thing done otherwise; last: the matrix that the mixture meets."""
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    scores = q @ Wk.swapaxes(1, 2) @ latent.T * scale
    return soft(mask(scores)) @ latent @ (Wv if last is None else last)


@absorbed_out.mistake(
    "the scores are divided by the root of the latent's length, over which they run: wanted of head_size, as if the "
    "keys had been made"
)
def by_the_latent(q, latent, Wk, Wv):
    return through(q, latent, Wk, Wv, scale=latent.shape[1] ** -0.5)


@absorbed_out.mistake("the scores are not divided by the root of head_size")
def absorbed_without_scale(q, latent, Wk, Wv):
    return through(q, latent, Wk, Wv, scale=1.0)


@absorbed_out.mistake("the scores are divided by head_size: wanted by its root")
def absorbed_by_size(q, latent, Wk, Wv):
    return through(q, latent, Wk, Wv, scale=1 / q.shape[-1])


@absorbed_out.mistake("there is no causal mask: a token looks at later ones, too")
def absorbed_without_mask(q, latent, Wk, Wv):
    return through(q, latent, Wk, Wv, mask=lambda scores: scores)


@absorbed_out.mistake("the mixture of latents was multiplied by Wk at the end: wanted by Wv")
def key_at_the_end(q, latent, Wk, Wv):
    return through(q, latent, Wk, Wv, last=Wk)


@absorbed_out.mistake("the queries were multiplied by Wv: wanted by Wk, and Wv at the end")
def value_at_the_start(q, latent, Wk, Wv):
    return through(q, latent, Wv, Wk, last=Wv)


@absorbed_out.mistake("Wk and Wv have changed places: Wk meets the queries, Wv the mixture")
def exchanged(q, latent, Wk, Wv):
    return through(q, latent, Wv, Wk)


@absorbed_out.mistake("all heads used the matrices of head 0: wanted each head its own")
def one_head_for_all(q, latent, Wk, Wv):
    first = [np.broadcast_to(one[:1], one.shape) for one in (Wk, Wv)]
    return through(q, latent, *first)


@absorbed_out.mistake(
    "Wk met the queries without its transpose, which only fits where the latent is as long as a head: wanted q @ Wk.mT"
)
def not_transposed(q, latent, Wk, Wv):
    return soft(causal(q @ Wk @ latent.T * q.shape[-1] ** -0.5)) @ latent @ Wv


@absorbed_out.mistake("the mask hides the past: wanted the future hidden, `triu(1)`")
def absorbed_past_hidden(q, latent, Wk, Wv):
    return through(q, latent, Wk, Wv, mask=lambda scores: causal(scores.swapaxes(1, 2)).swapaxes(1, 2))
