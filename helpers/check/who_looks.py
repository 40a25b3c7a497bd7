"""Exercises of notebook 14: padding, and a row that may look at nobody."""

import numpy as np

from helpers.check.exercise import exercise
from helpers.check.wrong_heads import soft


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
