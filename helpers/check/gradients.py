"""Exercises of notebook 08: the way back through a head."""

import numpy as np

from helpers.check.exercise import exercise


def some_weights(rng, sizes):
    """Causal weights of (T, T): rows of shares."""
    drawn = np.tril(rng.random((sizes["T"], sizes["T"])) + 0.1)
    return {"weights": drawn / drawn.sum(axis=1, keepdims=True)}


@exercise("08", asks="weights: T T, dweights: T T", gives="dscores: T T", tensors=False, loops=False, draw=some_weights)
def softmax_backward(weights, dweights):
    """Each weight, times how much better it does than the average of its row."""
    T = len(weights)
    dscores = np.zeros((T, T))
    for t in range(T):
        average = sum(weights[t, s] * dweights[t, s] for s in range(T))
        for s in range(T):
            dscores[t, s] = weights[t, s] * (dweights[t, s] - average)
    return dscores


@softmax_backward.mistake("the average of the row was not taken away: a row of gradients of scores sums to 0")
def no_average(weights, dweights):
    return weights * dweights


@softmax_backward.mistake("the average is the plain mean of the row, wanted each number counted by its weight")
def plain_average(weights, dweights):
    return weights * (dweights - dweights.mean(axis=1, keepdims=True))


@softmax_backward.mistake("the average runs down the columns, wanted along each row")
def average_of_columns(weights, dweights):
    return weights * (dweights - (weights * dweights).sum(axis=0, keepdims=True))


@softmax_backward.mistake("the surplus is not multiplied by the weight: only a weight that is there can grow or shrink")
def surplus_alone(weights, dweights):
    return dweights - (weights * dweights).sum(axis=1, keepdims=True)


@softmax_backward.mistake(
    "each weight was treated by itself, as weights · (1 - weights): a score changes the other weights of its row, too"
)
def each_by_itself(weights, dweights):
    return weights * (1 - weights) * dweights


@softmax_backward.mistake("the sign is turned round: what does better than the average should grow")
def turned_round(weights, dweights):
    return weights * ((weights * dweights).sum(axis=1, keepdims=True) - dweights)


@softmax_backward.mistake("the average lost its axis: without keepdims=True it is laid along the columns")
def lost_the_axis(weights, dweights):
    return weights * (dweights - (weights * dweights).sum(axis=1))


@softmax_backward.mistake("the average was taken away after the weight was multiplied in")
def too_late(weights, dweights):
    return weights * dweights - (weights * dweights).sum(axis=1, keepdims=True)


@softmax_backward.mistake("the average is a single number for all rows, as no axis was named: wanted one for each row")
def one_average(weights, dweights):
    return weights * (dweights - (weights * dweights).sum())


@softmax_backward.mistake("the sum of the row was taken away, wanted its average, each number counted by its weight")
def plain_sum(weights, dweights):
    return weights * (dweights - dweights.sum(axis=1, keepdims=True))


@softmax_backward.mistake("the average was added, wanted taken away: a row of gradients of scores sums to 0")
def average_added(weights, dweights):
    return weights * (dweights + (weights * dweights).sum(axis=1, keepdims=True))


@softmax_backward.mistake("the weights were multiplied in twice")
def weights_twice(weights, dweights):
    return weights**2 * (dweights - (weights * dweights).sum(axis=1, keepdims=True))


@exercise(
    "08",
    asks="weights: T T, v: T h, dout: T h",
    gives="dweights: T T, dv: T h",
    tensors=False,
    loops=False,
    draw=some_weights,
)
def values_backward(weights, v, dout):
    """Back through out = weights @ v, to both of its factors."""
    T, h = v.shape
    dweights, dv = np.zeros((T, T)), np.zeros((T, h))
    for t in range(T):
        for s in range(T):
            for i in range(h):
                dweights[t, s] += dout[t, i] * v[s, i]
                dv[s, i] += weights[t, s] * dout[t, i]
    return dweights, dv


@values_backward.mistake(
    "dv is made with weights, wanted its transpose: v[s] is blamed by all rows t that listened to s"
)
def weights_not_transposed(weights, v, dout):
    return dout @ v.T, weights @ dout


@values_backward.mistake("dweights came out transposed: row t belongs to row t of dout")
def dweights_transposed(weights, v, dout):
    return v @ dout.T, weights.T @ dout


@values_backward.mistake("the two results have changed places: wanted dweights first, then dv")
def changed_places(weights, v, dout):
    return weights.T @ dout, dout @ v.T


@values_backward.mistake(
    "dweights was masked: the mask lies further back, at the scores, and a weight of the future would "
    "have had an effect"
)
def masked_too_early(weights, v, dout):
    return np.tril(dout @ v.T), weights.T @ dout


@values_backward.mistake("dweights is made of v with itself, without dout: what comes back begins with dout")
def without_dout(weights, v, dout):
    return v @ v.T, weights.T @ dout


@values_backward.mistake("dv is dout itself: each row of it should be counted by the weight it had")
def dv_is_dout(weights, v, dout):
    return dout @ v.T, dout


@values_backward.mistake(
    "these are the products of the forward pass: weights @ v stands where weights.T @ dout belongs"
)
def forward_again(weights, v, dout):
    return dout @ v.T, weights @ v


@values_backward.mistake("both results are divided by T: a gradient adds up, it does not average")
def averaged(weights, v, dout):
    return dout @ v.T / len(v), weights.T @ dout / len(v)
