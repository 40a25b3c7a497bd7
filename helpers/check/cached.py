"""The exercise of notebook 15 on one more token over a cache."""

import math

import numpy as np

from helpers.check.exercise import exercise
from helpers.check.wrong_heads import soft


def some_padding(rng, sizes):
    """n heads that have kept S tokens, of which the first ones are no text."""
    sizes["n"], sizes["S"] = int(rng.integers(1, 4)), sizes["T"]
    return {"padding": int(rng.integers(0, sizes["S"] + 1))}


@exercise(
    "15",
    asks="q: n h, k_kept: n S h, v_kept: n S h, k_new: n h, v_new: n h, padding:",
    gives="out: n h",
    draw=some_padding,
)
def one_more_token(q, k_kept, v_kept, k_new, v_new, padding):
    """What each head finds for one query among the kept keys that are text, and its own."""
    n, _, h = k_kept.shape
    out = np.zeros((n, h))
    for i in range(n):
        keys = [*k_kept[i, padding:], k_new[i]]
        values = [*v_kept[i, padding:], v_new[i]]
        scaled = [sum(q[i, c] * key[c] for c in range(h)) / math.sqrt(h) for key in keys]
        powers = [math.exp(one - max(scaled)) for one in scaled]
        for power, value in zip(powers, values):
            for c in range(h):
                out[i, c] += power / sum(powers) * value[c]
    return out


def joined(k_kept, v_kept, k_new, v_new, start=0, end=None):
    """Keys and values of a part of what is kept, and the new ones behind: 2 × (n, s, h)."""
    pairs = ((k_kept, k_new), (v_kept, v_new))
    return [np.concatenate([kept[:, start:end], new[:, None]], axis=1) for kept, new in pairs]


def found(q, k, v, scale=None, weigh=soft):
    """Attention of one query: (n, h), (n, s, h), (n, s, h) -> (n, h)."""
    scores = (q[:, None] @ k.swapaxes(1, 2)) * (q.shape[1] ** -0.5 if scale is None else scale)  # (n, 1, s)
    return (weigh(scores) @ v)[:, 0]


@one_more_token.mistake("the new token does not see itself: k_new and v_new belong to the keys and values it looks at")
def without_itself(q, k_kept, v_kept, k_new, v_new, padding):
    if padding == k_kept.shape[1]:
        return np.full_like(q, np.nan)
    return found(q, k_kept[:, padding:], v_kept[:, padding:])


@one_more_token.mistake("the padding is looked at, too: of what is kept, the first `padding` rows are no text")
def padding_seen(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new))


@one_more_token.mistake("the last rows of the cache were cut away: the padding stands in front")
def cut_at_the_end(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, 0, k_kept.shape[1] - padding))


@one_more_token.mistake("this is the padding alone, and the new token: wanted the rows from `padding` on")
def padding_alone(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, 0, padding))


@one_more_token.mistake("the scores are not scaled: divide them by the root of head_size")
def not_scaled(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, padding), scale=1)


@one_more_token.mistake("the scores are divided by head_size: wanted its root")
def divided_by_size(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, padding), scale=1 / q.shape[1])


@one_more_token.mistake("the scores are divided by the root of the number of heads: wanted that of head_size")
def divided_by_heads(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, padding), scale=len(q) ** -0.5)


@one_more_token.mistake("the scores are divided by the root of the number of keys: wanted that of head_size")
def divided_by_keys(q, k_kept, v_kept, k_new, v_new, padding):
    keys = k_kept.shape[1] - padding + 1
    return found(q, *joined(k_kept, v_kept, k_new, v_new, padding), scale=keys**-0.5)


@one_more_token.mistake("the scores are multiplied by the root of head_size: wanted divided")
def multiplied(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, padding), scale=q.shape[1] ** 0.5)


@one_more_token.mistake(
    "the new key stands in front of the kept ones and the new value behind them: both must have one order"
)
def out_of_order(q, k_kept, v_kept, k_new, v_new, padding):
    k, v = joined(k_kept, v_kept, k_new, v_new, padding)
    return found(q, np.roll(k, 1, axis=1), v)


@one_more_token.mistake(
    "the scores of the padding were set to 0, which is a score like any other: wanted -inf, or none at all"
)
def padding_at_zero(q, k_kept, v_kept, k_new, v_new, padding):
    k, v = joined(k_kept, v_kept, k_new, v_new)
    k[:, :padding] = 0
    return found(q, k, v)


@one_more_token.mistake(
    "the padding was hidden after the softmax: the weights that are left do not sum to 1; hide it before"
)
def hidden_too_late(q, k_kept, v_kept, k_new, v_new, padding):
    k, v = joined(k_kept, v_kept, k_new, v_new)
    v[:, :padding] = 0
    return found(q, k, v)


@one_more_token.mistake("there is no softmax: the scaled scores were taken as weights")
def no_softmax(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, padding), weigh=lambda scores: scores)


@one_more_token.mistake("the softmax ran over the heads, axis 0: wanted over the keys, axis -1")
def over_the_heads(q, k_kept, v_kept, k_new, v_new, padding):
    return found(q, *joined(k_kept, v_kept, k_new, v_new, padding), weigh=lambda scores: soft(scores, 0))


@one_more_token.mistake("this is the new value: wanted the average of all values, as the weights say")
def new_value(q, k_kept, v_kept, k_new, v_new, padding):
    return v_new


# -- top-p ----------------------------------------------------------------------------------------
