"""Exercises of notebook 04: softmax, and the mask before it."""

import math

import numpy as np

from helpers.check.exercise import exercise
from helpers.check.wrong_heads import WEIGHTS, causal, past_hidden, powers, register, soft

SOME_LARGE = (1.0, 1.0, 1.0, 200.0)


@exercise("04", asks="scores: B T T", gives="weights: B T T", loops=False, scales=SOME_LARGE)
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


@softmax_rows.mistake("the powers of all rows share one sum: name its axis, so that each row sums to 1")
def one_sum_of_powers(scores):
    return powers(scores) / powers(scores).sum()


@softmax_rows.mistake("the powers are divided by the sum of their column, axis -2: wanted that of their row, axis -1")
def sums_of_columns(scores):
    return powers(scores) / powers(scores).sum(axis=-2, keepdims=True)


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


@softmax_rows.mistake("softmax came twice: the second one makes the weights more alike")
def twice(scores):
    return soft(soft(scores))


@softmax_rows.mistake("all scores of the batch share one sum: name the axis of the sum, so that each row sums to 1")
def one_sum(scores):
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


@softmax_rows.mistake("the future is hidden already: that is the next exercise, here every score counts")
def masked_already(scores):
    return causal(scores)


@exercise("04", asks="scores: B T T", gives="weights: B T T", loops=False, causal=True, outsized=1e6)
def masked_weights(scores):
    """The softmax of each row's scores up to the diagonal; 0 above it."""
    B, T, _ = scores.shape
    weights = np.zeros((B, T, T))
    for b in range(B):
        for t in range(T):
            largest = max(scores[b, t, : t + 1])
            total = sum(math.exp(score - largest) for score in scores[b, t, : t + 1])
            for s in range(t + 1):
                weights[b, t, s] = math.exp(scores[b, t, s] - largest) / total
    return weights


def weighed(scores, weigh):
    return weigh(scores)


register(masked_weights, weighed, WEIGHTS)


@masked_weights.mistake(
    "the weights are right, but the future got -inf once more after the softmax: a weight of the future is 0"
)
def infinite_weights(scores):
    return np.where(np.isinf(past_hidden(scores)), causal(scores), -np.inf)


@masked_weights.mistake("there is no softmax: these are the masked scores")
def masked_scores(scores):
    return np.where(np.isinf(past_hidden(scores)), scores, -np.inf)


@masked_weights.mistake("these are the plain averages of notebook 3: the scores are not used")
def plain_averages(scores):
    return causal(0 * scores)
