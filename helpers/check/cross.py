"""The exercise of notebook 14 on attention that looks at another text."""

import numpy as np

from helpers.check.exercise import evened, exercise, numbers
from helpers.check.many_heads import cut, join, mixed, mixed_back
from helpers.check.wrong_heads import attend, causal, soft


def another_text(rng, sizes):
    """Heads that fill E channels, and a source of its own length and number of channels, D."""
    sizes["n"], sizes["S"], sizes["D"] = (int(rng.integers(1, most)) for most in (4, 6, 6))
    sizes["E"] = sizes["n"] * sizes["h"]
    shapes = {"Wq": "CE", "Wk": "DE", "Wv": "DE", "Wo": "EC"}
    made = {name: numbers(rng, [sizes[one] for one in axes], evened(name, sizes)) for name, axes in shapes.items()}
    return {**made, "heads": sizes["n"]}


@exercise(
    "14",
    asks="x: B T C, source: B S D, Wq: C E, Wk: D E, Wv: D E, Wo: E C, heads:",
    gives="projected: B T C",
    draw=another_text,
    loops=False,
)
def look_elsewhere(x, source, Wq, Wk, Wv, Wo, heads):
    """Head by head and word by word: softmax over all words of the source, and its mean of their values."""
    B, T, C = x.shape
    h = Wq.shape[1] // heads
    projected = np.zeros((B, T, C))
    for b in range(B):
        q, k, v = x[b] @ Wq, source[b] @ Wk, source[b] @ Wv
        for n in range(heads):
            own = slice(n * h, n * h + h)
            for t in range(T):
                scores = np.array([q[t, own] @ k[s, own] / np.sqrt(h) for s in range(len(k))])
                weights = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
                projected[b, t] += sum(weights[s] * v[s, own] for s in range(len(k))) @ Wo[own]
    return projected


def looking(x, source, Wq, Wk, Wv, Wo, heads, cut=cut, join=join, weigh=soft, **parts):
    """The whole of it, with the parts in which a mistake may sit."""
    q, k, v = (cut(one @ W, heads) for one, W in ((x, Wq), (source, Wk), (source, Wv)))
    return join(attend(q, k, v, weigh=weigh, **parts)) @ Wo


@look_elsewhere.mistake("there is a causal mask: the source is all there, so every word of it may be looked at")
def causal_too(*given):
    return looking(*given, weigh=causal)


@look_elsewhere.mistake("softmax ran over the words of x, dim=-2: wanted over those of the source, the last axis")
def over_the_queries(*given):
    return looking(*given, weigh=lambda scores: soft(scores, -2))


@look_elsewhere.mistake("softmax ran over the heads, axis 1: wanted over the words of the source, the last axis")
def over_the_heads(*given):
    return looking(*given, weigh=lambda scores: soft(scores, 1))


@look_elsewhere.mistake("the scores are not divided by the root of head_size")
def not_scaled(*given):
    return looking(*given, scale=lambda head_size: 1.0)


@look_elsewhere.mistake("the scores are scaled by E**-0.5, all heads together: wanted head_size**-0.5")
def scaled_by_all(x, source, Wq, *given):
    return looking(x, source, Wq, *given, scale=lambda head_size: Wq.shape[1] ** -0.5)


@look_elsewhere.mistake("the scores are scaled by C**-0.5, the channels of x: wanted head_size**-0.5")
def scaled_by_channels(x, *given):
    return looking(x, *given, scale=lambda head_size: x.shape[-1] ** -0.5)


@look_elsewhere.mistake("the weights mix the keys, wanted the values: out = weights @ v")
def keys_mixed(*given):
    return looking(*given, roles=lambda q, k, v: (q, k, k))


@look_elsewhere.mistake("q, k and v were reshaped to (B, heads, …) without the transpose, which mixes heads with words")
def cut_without_transpose(*given):
    return looking(*given, cut=mixed)


@look_elsewhere.mistake("out was reshaped before its heads were moved back behind the words")
def joined_without_transpose(*given):
    return looking(*given, join=mixed_back)


@look_elsewhere.mistake("there is one wide head in place of several: q, k and v were never cut")
def one_wide_head(*given):
    return looking(*given[:-1], 1)


@look_elsewhere.mistake("there is no softmax: the scores themselves take the place of the weights")
def no_softmax(*given):
    return looking(*given, weigh=lambda scores: scores)
