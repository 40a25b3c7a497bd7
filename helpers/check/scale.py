"""Exercises of notebook 06: the scale."""

import math

import numpy as np

from helpers.check.exercise import exercise
from helpers.check.wrong_heads import SCALES, causal, hidden, powers, register, reshaped, soft, turned


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


def scores_of(x, Wq, Wk, scale=lambda head_size: head_size**-0.5, turn=turned):
    return x @ Wq @ turn(x @ Wk) * scale(Wq.shape[1])


register(scaled_scores, scores_of, SCALES)


@scaled_scores.mistake(
    "the scores are divided by the root of C, wanted that of head_size: right only where the two are equal"
)
def by_channels(x, Wq, Wk):
    return scores_of(x, Wq, Wk, lambda head_size: x.shape[-1] ** -0.5)


@scaled_scores.mistake(
    "the scores are divided by the root of T: a score is a sum over head_size numbers, not over the tokens"
)
def by_tokens(x, Wq, Wk):
    return scores_of(x, Wq, Wk, lambda head_size: x.shape[1] ** -0.5)


@scaled_scores.mistake("k is the first factor: row t should belong to the query of token t")
def keys_first_scaled(x, Wq, Wk):
    return scores_of(x, Wk, Wq)


@scaled_scores.mistake("the scores are divided by the root of B: the batch has no say in a score")
def by_batch(x, Wq, Wk):
    return scores_of(x, Wq, Wk, lambda head_size: len(x) ** -0.5)


@scaled_scores.mistake("the rows of x themselves meet, without Wq and Wk")
def x_with_x(x, Wq, Wk):
    return x @ turned(x) / math.sqrt(Wq.shape[-1])


@scaled_scores.mistake("the queries meet themselves: the second factor is made with Wq, wanted Wk")
def queries_meet_queries(x, Wq, Wk):
    return scores_of(x, Wq, Wq)


@scaled_scores.mistake("the keys meet themselves: the first factor is made with Wk, wanted Wq")
def keys_meet_keys(x, Wq, Wk):
    return scores_of(x, Wk, Wk)


@scaled_scores.mistake("the future is hidden already: wanted the scores of all pairs")
def masked_too_early(x, Wq, Wk):
    return hidden(scores_of(x, Wq, Wk))


@scaled_scores.mistake("softmax came already: wanted the scaled scores themselves")
def weights_too_early(x, Wq, Wk):
    return soft(scores_of(x, Wq, Wk))


@scaled_scores.mistake(
    "k was reshaped, not transposed: a `view` keeps the numbers in their order, so keys and channels are mixed"
)
def reshaped_scaled_keys(x, Wq, Wk):
    return scores_of(x, Wq, Wk, turn=reshaped)


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
    return powers(scores / temperature)


@softened.mistake("softmax ran over the batch, axis 0: wanted over each row, the last axis")
def softened_batch(scores, temperature):
    return soft(scores / temperature, 0)


@softened.mistake("softmax came twice: the second one makes the weights more alike")
def softened_twice(scores, temperature):
    return soft(soft(scores / temperature))


@softened.mistake("softmax came first, and a second one after the division: wanted one, after it")
def softened_weights(scores, temperature):
    return soft(soft(scores) / temperature)


@softened.mistake("the future is hidden: there is no mask here")
def softened_and_masked(scores, temperature):
    return causal(scores / temperature)


@softened.mistake("the scores are divided by the square of the temperature, wanted by itself")
def by_its_square(scores, temperature):
    return soft(scores / temperature**2)


@softened.mistake("all weights share one sum: name the axis of the sum, so that each row sums to 1")
def softened_over_everything(scores, temperature):
    raised = np.exp((scores - scores.max()) / temperature)
    return raised / raised.sum()
