"""Exercises of notebook 04: softmax, and the mask before it."""

import math

import numpy as np

from helpers.check.exercise import exercise, numbers


def large_scores(rng, sizes):
    """Scores of (B, T, T) that go up to some hundreds in every fourth draw."""
    shape = sizes["B"], sizes["T"], sizes["T"]
    return {"scores": numbers(rng, shape, 200.0 if rng.random() < 0.25 else 1.0)}


def powers(scores):
    return np.exp(scores - scores.max(axis=-1, keepdims=True))


@exercise("04", asks="scores: B T T", gives="weights: B T T", loops=False, draw=large_scores)
def softmax_rows(scores):
    """e to the power of each score, divided by the sum of these powers in its row."""
    B, T, _ = scores.shape
    weights = np.zeros((B, T, T))
    for b in range(B):
        for t in range(T):
            largest = max(scores[b, t])
            total = sum(math.exp(score - largest) for score in scores[b, t])
            for s in range(T):
                weights[b, t, s] = math.exp(scores[b, t, s] - largest) / total
    return weights


@softmax_rows.mistake(
    "the largest score of the row was not subtracted first: e to the power of some hundred is more than a float holds, "
    "and infinity divided by infinity is NaN"
)
def overflows(scores):
    raised = np.exp(scores.astype(np.float32))
    return raised / raised.sum(axis=-1, keepdims=True)


@softmax_rows.mistake("softmax ran over dim=-2, the columns: each column sums to 1, wanted each row, dim=-1")
def down_the_columns(scores):
    raised = np.exp(scores - scores.max(axis=-2, keepdims=True))
    return raised / raised.sum(axis=-2, keepdims=True)


@softmax_rows.mistake("softmax ran over the batch, dim=0: wanted the last axis, dim=-1")
def over_the_batch(scores):
    raised = np.exp(scores - scores.max(axis=0, keepdims=True))
    return raised / raised.sum(axis=0, keepdims=True)


@softmax_rows.mistake("all scores of a matrix share one sum: each row should sum to 1, not the whole matrix")
def over_everything(scores):
    raised = np.exp(scores - scores.max(axis=(-1, -2), keepdims=True))
    return raised / raised.sum(axis=(-1, -2), keepdims=True)


@softmax_rows.mistake("the powers of e are not divided by their sum: rows do not sum to 1")
def not_divided(scores):
    return powers(scores)


@softmax_rows.mistake("the scores are divided by their sum, without the powers of e: weights come out negative")
def without_powers(scores):
    return scores / scores.sum(axis=-1, keepdims=True)


@softmax_rows.mistake("these are powers of 2: softmax takes powers of e")
def powers_of_two(scores):
    raised = 2.0 ** (scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


@softmax_rows.mistake("these are the logarithms of the weights, as log_softmax gives them")
def logarithms(scores):
    raised = powers(scores)
    return scores - scores.max(axis=-1, keepdims=True) - np.log(raised.sum(axis=-1, keepdims=True))


def past(scores):
    return np.tril(np.ones(scores.shape[-2:], bool))


def shares(scores):
    with np.errstate(invalid="ignore"):
        raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return raised / raised.sum(axis=-1, keepdims=True)


@exercise("04", asks="scores: B T T", gives="weights: B T T", loops=False, causal=True)
def masked_weights(scores):
    """The softmax of each row's scores up to the diagonal; 0 above it."""
    B, T, _ = scores.shape
    weights = np.zeros((B, T, T))
    for b in range(B):
        for t in range(T):
            total = sum(math.exp(scores[b, t, s]) for s in range(t + 1))
            for s in range(t + 1):
                weights[b, t, s] = math.exp(scores[b, t, s]) / total
    return weights


@masked_weights.mistake(
    "the mask came after the softmax: rows sum to less than 1, and the future decided how much less"
)
def mask_after(scores):
    return shares(scores) * past(scores)


@masked_weights.mistake(
    "the scores of the future became 0, not -inf: e to the power of 0 is 1, so the future is averaged in"
)
def zero_for_minus_infinity(scores):
    return shares(scores * past(scores))


@masked_weights.mistake("the past is masked and the future is seen: the triangle is the wrong way round")
def past_masked(scores):
    return shares(np.where(past(scores).T, scores, -np.inf))


@masked_weights.mistake(
    "the diagonal is masked, too: no token sees itself, and all of row 0 is masked, which gives NaN"
)
def diagonal_masked(scores):
    return shares(np.where(np.tril(past(scores), -1), scores, -np.inf))


@masked_weights.mistake("there is no mask: each token sees its future")
def no_mask(scores):
    return shares(scores)


@masked_weights.mistake("softmax ran over the columns, dim=-2: each column sums to 1, not each row")
def down_the_masked_columns(scores):
    return np.swapaxes(shares(np.swapaxes(np.where(past(scores), scores, -np.inf), -1, -2)), -1, -2)


@masked_weights.mistake("each token sees one token too many: the triangle reaches one place past the diagonal")
def one_too_many(scores):
    return shares(np.where(np.tril(np.ones(scores.shape[-2:], bool), 1), scores, -np.inf))


@masked_weights.mistake(
    "the weights are right, but the future got -inf once more after the softmax: a weight of the future is 0"
)
def infinite_weights(scores):
    return np.where(past(scores), shares(np.where(past(scores), scores, -np.inf)), -np.inf)
