"""Exercises of notebook 14: masks, a row that may look at nobody, and attention to another text."""

import numpy as np

from helpers.check.exercise import evened, exercise, numbers
from helpers.check.many_heads import cut, join, mixed, mixed_back
from helpers.check.wrong_heads import attend, causal, soft


def a_padded_batch(rng, sizes):
    """Heads, keys, and how many of the keys are tokens: one at least; where there are two texts, they differ."""
    sizes["n"], sizes["S"] = int(rng.integers(1, 4)), int(rng.integers(2, 6))
    lengths = rng.integers(1, sizes["S"] + 1, sizes["B"])
    lengths[-1] = sizes["S"] - 1  # there is always some padding
    return {"lengths": lengths}


@exercise("14", asks="scores: B n T S, lengths: B", gives="masked: B n T S", draw=a_padded_batch, loops=False)
def hide_padding(scores, lengths):
    """Of text b the first lengths[b] keys are tokens; the scores of all later ones are -inf, in every head and row."""
    masked = scores.copy()
    for b in range(len(scores)):
        for s in range(scores.shape[3]):
            if s >= lengths[b]:
                masked[b, :, :, s] = -np.inf
    return masked


def filled(scores, keep, fill=-np.inf):
    return np.where(keep, scores, fill)


def tokens(scores, lengths, more=0):
    """Which keys are tokens: (B, 1, 1, S)."""
    return (np.arange(scores.shape[3]) < lengths[:, None] + more)[:, None, None, :]


def rows(scores, lengths):
    """The same along the queries: (B, 1, T, 1)."""
    return (np.arange(scores.shape[2]) < lengths[:, None])[:, None, :, None]


@hide_padding.mistake(
    "the rows of the padding are masked, not its columns: a mask of keys goes along the last axis, (B, 1, 1, S)"
)
def rows_hidden(scores, lengths):
    return filled(scores, rows(scores, lengths))


@hide_padding.mistake(
    "rows are masked as well as columns: a row of padding then has nothing to look at, and softmax makes NaN of it; "
    "wanted the columns alone"
)
def rows_and_columns_hidden(scores, lengths):
    return filled(scores, rows(scores, lengths) & tokens(scores, lengths))


@hide_padding.mistake("the mask is the wrong way round: the tokens became -inf, and the padding stayed")
def tokens_hidden(scores, lengths):
    return filled(scores, ~tokens(scores, lengths))


@hide_padding.mistake(
    "one place too many is kept: counted from 0, the first padding stands at lengths[b], so wanted s < lengths[b]"
)
def one_too_many_kept(scores, lengths):
    return filled(scores, tokens(scores, lengths, 1))


@hide_padding.mistake("one token too many is hidden: the last token of text b stands at lengths[b] - 1")
def one_too_many_hidden(scores, lengths):
    return filled(scores, tokens(scores, lengths, -1))


@hide_padding.mistake("the padding became 0, not -inf: e to the power of 0 is 1, so it is heard")
def zeros_filled(scores, lengths):
    return filled(scores, tokens(scores, lengths), 0.0)


@hide_padding.mistake("the padding became -1e9, not -inf: wanted float('-inf'), which no score outdoes")
def much_filled(scores, lengths):
    return filled(scores, tokens(scores, lengths), -1e9)


@hide_padding.mistake("the padding became +inf, the sign is missing: it outdoes all tokens")
def infinity_filled(scores, lengths):
    return filled(scores, tokens(scores, lengths), np.inf)


@hide_padding.mistake("every text was cut to the length of the first: wanted a row of the mask for each text")
def first_length(scores, lengths):
    return filled(scores, tokens(scores, lengths[:1]))


@hide_padding.mistake("every text keeps as many keys as the longest: wanted a row of the mask for each text")
def longest(scores, lengths):
    return filled(scores, tokens(scores, lengths.max(keepdims=True)))


@hide_padding.mistake("softmax came already: wanted the masked scores")
def weights_given(scores, lengths):
    return soft(filled(scores, tokens(scores, lengths)))


def some_rows_empty(rng, sizes):
    """A mask in which the first row of all may look at nobody, and no other."""
    sizes["S"] = int(rng.integers(2, 6))
    allowed = rng.random((sizes["B"], sizes["T"], sizes["S"])) < 0.6
    allowed[..., 0] |= ~allowed.any(-1)
    allowed[0, 0] = False
    return {"allowed": allowed}


@exercise("14", asks="scores: B T S, allowed: B T S", gives="weights: B T S", draw=some_rows_empty, loops=False)
def safe_weights(scores, allowed):
    """Softmax over the columns that a row may look at, 0 elsewhere; 0 everywhere in a row that may look at nobody."""
    weights = np.zeros(scores.shape)
    for b in range(len(scores)):
        for t in range(scores.shape[1]):
            seen = [s for s in range(scores.shape[2]) if allowed[b, t, s]]
            if seen:
                largest = max(scores[b, t, s] for s in seen)
                total = sum(np.exp(scores[b, t, s] - largest) for s in seen)
                for s in seen:
                    weights[b, t, s] = np.exp(scores[b, t, s] - largest) / total
    return weights


def shares(scores, allowed, fill=-np.inf):
    return soft(np.where(allowed, scores, fill))


def nobody(allowed):
    return (np.asarray(allowed) == 0).all(-1, keepdims=True)


@safe_weights.mistake(
    "a row that may look at nobody is NaN, and stays it when it is multiplied by 0: wanted 0 in its cells"
)
def nan_rows(scores, allowed):
    return shares(scores, allowed)


@safe_weights.mistake(
    "a row that may look at nobody looks at all alike, as -1e9 leaves it: wanted 0 in each of its cells"
)
def alike_rows(scores, allowed):
    return shares(scores, allowed, -1e9)


@safe_weights.mistake("a row that may look at nobody has lost its mask and looks at all: wanted 0 in each of its cells")
def unmasked_rows(scores, allowed):
    return np.where(nobody(allowed), soft(scores), shares(scores, allowed))


@safe_weights.mistake(
    "the mask came after the softmax: rows sum to less than 1, and who is hidden decides how much less"
)
def masked_after(scores, allowed):
    return soft(scores) * (np.asarray(allowed) != 0)


@safe_weights.mistake("the mask is the wrong way round: what a row may look at is hidden")
def turned_round(scores, allowed):
    return np.where(nobody(allowed), 0.0, shares(scores, np.asarray(allowed) == 0))


@safe_weights.mistake("there is no mask: every column is looked at")
def no_mask(scores, allowed):
    return soft(scores)


@safe_weights.mistake("what is hidden got a score of 0, not -inf: e to the power of 0 is 1, so it is looked at")
def zero_scores(scores, allowed):
    return np.where(nobody(allowed), 0.0, shares(scores, allowed, 0.0))


@safe_weights.mistake("the mask was added to the scores as 1 and 0, which hides nobody: wanted -inf where it is False")
def added_as_numbers(scores, allowed):
    return np.where(nobody(allowed), 0.0, soft(scores + np.asarray(allowed)))


@safe_weights.mistake(
    "each row was let look at itself: that leaves no NaN, but here wanted 0 in each cell where allowed is False"
)
def sees_itself(scores, allowed):
    return shares(scores, (np.asarray(allowed) != 0) | np.eye(*scores.shape[1:], dtype=bool))


@safe_weights.mistake("softmax ran down the columns, dim=-2: wanted along each row, dim=-1")
def down_the_columns(scores, allowed):
    found = soft(np.where(allowed, scores, -np.inf), -2)
    return np.where(np.isnan(found), 0.0, found)


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


def two_masks(rng, sizes):
    """Masks of nn.MultiheadAttention: some pairs are dropped, and in each text some padding, another number in each."""
    sizes["S"] = int(rng.integers(3, 7))
    lengths = rng.integers(1, sizes["S"], sizes["B"])
    dropped = rng.random((sizes["T"], sizes["S"])) < 0.4
    dropped[0, :2] = True, False  # some of each kind, whatever the sizes
    return {"dropped": dropped, "padded": np.arange(sizes["S"]) >= lengths[:, None]}


@exercise("14", asks="dropped: T S, padded: B S", gives="added: B T S", draw=two_masks, loops=False)
def one_mask(dropped, padded):
    """0 where the pair is not dropped and the key is no padding, -inf elsewhere."""
    (T, S), B = dropped.shape, len(padded)
    added = np.zeros((B, T, S))
    for b in range(B):
        for t in range(T):
            for s in range(S):
                added[b, t, s] = -np.inf if dropped[t, s] or padded[b, s] else 0.0
    return added


def both(dropped, padded):
    """The two masks as arrays of truth: (1, T, S) and (B, 1, S)."""
    return np.asarray(dropped)[None] != 0, np.asarray(padded)[:, None, :] != 0


def to_add(allowed):
    return np.where(allowed, 0.0, -np.inf)


@one_mask.mistake(
    "the two ends are exchanged: True means dropped in both masks, and became 0, which lets it in; wanted -inf there"
)
def still_dropped(dropped, padded):
    pairs, keys = both(dropped, padded)
    return to_add(pairs | keys)


@one_mask.mistake("padded is read the wrong way round: True is padding, and should become -inf, not 0")
def padding_not_turned(dropped, padded):
    pairs, keys = both(dropped, padded)
    return to_add(~pairs & keys)


@one_mask.mistake(
    "dropped is read the wrong way round: True is a pair that does not count, and should become -inf, not 0"
)
def pairs_not_turned(dropped, padded):
    pairs, keys = both(dropped, padded)
    return to_add(pairs & ~keys)


@one_mask.mistake("it is enough here that one of the two masks lets it in: wanted -inf where either of them drops it")
def one_is_enough(dropped, padded):
    pairs, keys = both(dropped, padded)
    return to_add(~pairs | ~keys)


@one_mask.mistake("it is 0 where both masks drop, and -inf elsewhere: wanted 0 where neither does")
def both_must_drop(dropped, padded):
    pairs, keys = both(dropped, padded)
    return to_add(pairs & keys)


@one_mask.mistake("padded was forgotten: the padding is looked at")
def without_padding(dropped, padded):
    pairs, keys = both(dropped, padded)
    return to_add(~pairs & (keys | True))


@one_mask.mistake("dropped was forgotten: the padding alone is hidden")
def without_pairs(dropped, padded):
    pairs, keys = both(dropped, padded)
    return to_add(~keys & (pairs | True))


@one_mask.mistake("these are 1 and 0, which would be added to the scores as they are: wanted 0 and -inf")
def ones_and_zeros(dropped, padded):
    pairs, keys = both(dropped, padded)
    return (~pairs & ~keys).astype(float)


@one_mask.mistake("these are 0 and 1, which would be added to the scores as they are: wanted 0 and -inf")
def zeros_and_ones(dropped, padded):
    pairs, keys = both(dropped, padded)
    return (pairs | keys).astype(float)


@one_mask.mistake("what is dropped became -1e9, not -inf: in float16 there is no such number")
def much_added(dropped, padded):
    return np.maximum(to_add(~(both(dropped, padded)[0] | both(dropped, padded)[1])), -1e9)
