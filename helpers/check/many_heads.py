"""Exercises of notebook 09: heads side by side."""

import numpy as np

from helpers.check.exercise import evened, exercise, numbers
from helpers.check.wrong_heads import PRODUCTS, SCALES, WEIGHTS, attend, hidden, register, soft


def a_number_of_heads(rng, sizes):
    """Up to three heads, n of them, that fill the channels: C = n · h."""
    sizes.setdefault("n", int(rng.integers(1, 4)))
    sizes["C"] = sizes["n"] * sizes["h"]
    return {"heads": sizes["n"]}


@exercise("09", asks="q: B T C, heads:", gives="q_heads: B n T h", draw=a_number_of_heads)
def cut_into_heads(q, heads):
    """Head n has the channels n · head_size to (n + 1) · head_size - 1 of every token."""
    B, T, C = q.shape
    head_size = C // heads
    q_heads = np.zeros((B, heads, T, head_size))
    for b in range(B):
        for n in range(heads):
            for t in range(T):
                for h in range(head_size):
                    q_heads[b, n, t, h] = q[b, t, n * head_size + h]
    return q_heads


@cut_into_heads.mistake(
    "one reshape went straight to (B, heads, T, head_size), which mixes heads with tokens: "
    "cut the channels first, then move the heads to the front of the tokens"
)
def mixed(q, heads):
    B, T, C = q.shape
    return q.reshape(B, heads, T, C // heads)


@cut_into_heads.mistake(
    "q was transposed before it was cut: wanted the channels cut first, (B, T, C) to (B, T, heads, "
    "head_size), then the transpose"
)
def transposed_first(q, heads):
    B, T, C = q.shape
    return q.swapaxes(1, 2).reshape(B, heads, T, C // heads)


@cut_into_heads.mistake(
    "the heads are interleaved: each head takes every n-th channel, wanted head_size channels that stand side by side"
)
def interleaved(q, heads):
    B, T, C = q.shape
    return q.reshape(B, T, C // heads, heads).transpose(0, 3, 1, 2)


@cut_into_heads.mistake(
    "the channels are cut, but the heads still stand behind the tokens, (B, T, heads, head_size): exchange axes 1 and 2"
)
def left_behind(q, heads):
    B, T, C = q.shape
    return q.reshape(B, T, heads, C // heads)


@cut_into_heads.mistake(
    "axes 0 and 1 have changed places, the batch and the tokens; wanted 1 and 2: there is a batch in front here"
)
def batch_and_tokens(q, heads):
    B, T, C = q.shape
    return q.reshape(B, T, heads, C // heads).swapaxes(0, 1)


@cut_into_heads.mistake("the heads stand in front of the batch, wanted behind it: (B, heads, T, head_size)")
def before_the_batch(q, heads):
    B, T, C = q.shape
    return q.reshape(B, T, heads, C // heads).transpose(2, 0, 1, 3)


@cut_into_heads.mistake(
    "the number of heads was taken for head_size: each piece has `heads` channels, wanted C / heads"
)
def pieces_of_heads(q, heads):
    B, T, C = q.shape
    return q.reshape(B, T, C // heads, heads).swapaxes(1, 2)


@cut_into_heads.mistake("only the first head came out: the other channels of q are lost")
def first_head(q, heads):
    return q[:, None, :, : q.shape[2] // heads]


@cut_into_heads.mistake("every head got a copy of all channels: wanted a part of its own for each, C / heads channels")
def copied(q, heads):
    return np.repeat(q[:, None], heads, axis=1)


@exercise("09", asks="out: B n T h", gives="concatenated: B T C", draw=a_number_of_heads)
def join_heads(out):
    """Column n · head_size + h of a token is the number h that head n found for it."""
    B, heads, T, head_size = out.shape
    concatenated = np.zeros((B, T, heads * head_size))
    for b in range(B):
        for t in range(T):
            for n in range(heads):
                for h in range(head_size):
                    concatenated[b, t, n * head_size + h] = out[b, n, t, h]
    return concatenated


@join_heads.mistake(
    "one reshape went straight to (B, T, C), which mixes heads with tokens: move the heads back behind the tokens first"
)
def mixed_back(out):
    B, heads, T, head_size = out.shape
    return out.reshape(B, T, heads * head_size)


@join_heads.mistake(
    "the columns of the heads take turns: wanted all columns of head 0, then all columns of head 1, and so on"
)
def taking_turns(out):
    B, heads, T, head_size = out.shape
    return out.transpose(0, 2, 3, 1).reshape(B, T, heads * head_size)


@join_heads.mistake("the heads were added up: wanted side by side, so that each keeps its own columns")
def added_up(out):
    return out.sum(1)


@join_heads.mistake("the heads were averaged: wanted side by side, so that each keeps its own columns")
def averaged(out):
    return out.mean(1)


@join_heads.mistake("the heads stand one below the other, along the tokens: wanted side by side, along the channels")
def below_each_other(out):
    B, heads, T, head_size = out.shape
    return out.reshape(B, heads * T, head_size)


@join_heads.mistake(
    "the last two axes were joined as they are: each row holds all tokens of one head, wanted all heads of one token"
)
def all_tokens_of_a_head(out):
    B, heads, T, head_size = out.shape
    return out.reshape(B, heads, T * head_size)


@join_heads.mistake(
    "the heads stand behind the tokens, but were not joined with head_size: the last two axes should "
    "become one, `flatten(2)`"
)
def not_joined(out):
    return out.swapaxes(1, 2)


@join_heads.mistake("the tokens were joined as well: wanted the last two axes alone, `flatten(2)`")
def joined_too_much(out):
    return out.swapaxes(1, 2).reshape(len(out), -1)


def with_matrices(rng, sizes):
    """Heads, and matrices of plain numbers: larger ones would make every softmax choose one token."""
    given = a_number_of_heads(rng, sizes)
    shape, names = (sizes["C"], sizes["C"]), ("Wq", "Wk", "Wv", "Wo")
    return given | {name: numbers(rng, shape, evened(name, sizes)) for name in names}


@exercise(
    "09",
    asks="x: B T C, Wq: C C, Wk: C C, Wv: C C, Wo: C C, heads:",
    gives="projected: B T C",
    draw=with_matrices,
    loops=False,
    causal=True,
    outsized=600.0,  # of x alone
)
def all_heads(x, Wq, Wk, Wv, Wo, heads):
    """Head by head and token by token: softmax over the past, its mean of the values, and what Wo makes of that."""
    B, T, C = x.shape
    h = C // heads
    projected = np.zeros((B, T, C))
    for b in range(B):
        q, k, v = x[b] @ Wq, x[b] @ Wk, x[b] @ Wv
        for n in range(heads):
            own = slice(n * h, n * h + h)
            for t in range(T):
                scores = np.array([q[t, own] @ k[s, own] / np.sqrt(h) for s in range(t + 1)])
                weights = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
                projected[b, t] += sum(weights[s] * v[s, own] for s in range(t + 1)) @ Wo[own]
    return projected


def cut(q, heads):
    B, T, C = q.shape
    return q.reshape(B, T, heads, C // heads).swapaxes(1, 2)


def join(out):
    B, heads, T, h = out.shape
    return out.swapaxes(1, 2).reshape(B, T, heads * h)


def attention(x, Wq, Wk, Wv, Wo, heads, cut=cut, join=join, **parts):
    """The whole of it, with the parts in which a mistake may sit."""
    return join(attend(*(cut(x @ W, heads) for W in (Wq, Wk, Wv)), **parts)) @ Wo


register(all_heads, attention, WEIGHTS)
register(all_heads, attention, PRODUCTS)
register(all_heads, attention, SCALES)


@all_heads.mistake("softmax ran over the heads, axis 1: wanted over each row of each head, the last axis")
def over_the_heads(*given):
    return attention(*given, weigh=lambda scores: soft(hidden(scores), 1))


@all_heads.mistake(
    "the scores are scaled by C**-0.5: a head's dot product runs over head_size numbers, so wanted head_size**-0.5"
)
def scaled_by_all_channels(x, *given):
    return attention(x, *given, scale=lambda head_size: x.shape[-1] ** -0.5)


@all_heads.mistake("the scores are scaled by heads**-0.5, the number of heads: wanted head_size**-0.5")
def scaled_by_the_number_of_heads(x, Wq, Wk, Wv, Wo, heads):
    return attention(x, Wq, Wk, Wv, Wo, heads, scale=lambda head_size: heads**-0.5)


@all_heads.mistake(
    "q, k and v were reshaped to (B, heads, T, head_size) without the transpose, which mixes heads with tokens"
)
def cut_without_transpose(*given):
    return attention(*given, cut=mixed)


@all_heads.mistake("out was reshaped to (B, T, C) before its heads were moved back behind the tokens")
def joined_without_transpose(*given):
    return attention(*given, join=mixed_back)


@all_heads.mistake("the output projection is missing: wanted the concatenated heads times Wo")
def unprojected(x, Wq, Wk, Wv, Wo, heads):
    return attention(x, Wq, Wk, Wv, np.eye(len(Wo)), heads)


@all_heads.mistake("there is one wide head in place of several: q, k and v were never cut")
def one_wide_head(x, Wq, Wk, Wv, Wo, heads):
    return attention(x, Wq, Wk, Wv, Wo, 1)
