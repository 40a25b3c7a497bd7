"""Exercises of notebook 11: dropout and the feed-forward layer."""

import math

import numpy as np

from helpers.check.exercise import exercise


def weights_and_dice(rng, sizes):
    """Causal rows of tenths that sum to 1, what the dice say of each cell, and a p."""
    T, p = sizes["T"], float(rng.choice([0.1, 0.2, 0.25, 0.4, 0.75]))
    weights = np.array([[*rng.multinomial(10, [1 / (t + 1)] * (t + 1)), *[0] * (T - 1 - t)] for t in range(T)]) / 10
    return {"weights": weights, "keep": (rng.random((T, T)) >= p).astype(float), "p": p}


@exercise("11", asks="weights: T T, keep: T T, p:", gives="dropped: T T", draw=weights_and_dice)
def drop_weights(weights, keep, p):
    """A weight stays where keep is 1, larger by the part that is missing on average; elsewhere it is 0."""
    T = len(weights)
    dropped = np.zeros((T, T))
    for t in range(T):
        for s in range(T):
            if keep[t, s] == 1:
                dropped[t, s] = weights[t, s] / (1 - p)
    return dropped


@drop_weights.mistake("the weights that stay are not divided by 1 - p: they would be too small on average")
def too_small(weights, keep, p):
    return weights * keep


@drop_weights.mistake("the weights that stay are divided by p, wanted 1 - p: p is the chance to be dropped")
def divided_by_p(weights, keep, p):
    return weights * keep / p


@drop_weights.mistake("the weights that stay are multiplied by 1 - p, wanted divided by it")
def smaller_still(weights, keep, p):
    return weights * keep * (1 - p)


@drop_weights.mistake(
    "each row was divided by its sum: after dropout a row need not sum to 1, and wanted is the same 1 - p for all"
)
def summing_to_one(weights, keep, p):
    return weights * keep / (weights * keep).sum(1, keepdims=True)


@drop_weights.mistake("the wrong ones were dropped: keep is 1 where a weight stays")
def the_others(weights, keep, p):
    return weights * (1 - keep) / (1 - p)


@drop_weights.mistake("nothing was dropped: all weights are divided by 1 - p, and keep is not used")
def none_dropped(weights, keep, p):
    return weights / (1 - p)


@drop_weights.mistake(
    "the weights are divided by the share that happened to stay: wanted 1 - p, whatever the dice said"
)
def by_the_share(weights, keep, p):
    return weights * keep / keep.mean()


@drop_weights.mistake("whole rows were dropped, by the first column of keep: wanted each weight by its own cell")
def whole_rows(weights, keep, p):
    return weights * keep[:, :1] / (1 - p)


@drop_weights.mistake("the weights that stay are multiplied by p, wanted divided by 1 - p")
def times_p(weights, keep, p):
    return weights * keep * p


@drop_weights.mistake("the weights that should go are still there, only not divided: wanted 0 where keep is 0")
def kept_as_they_were(weights, keep, p):
    return np.where(keep == 1, weights / (1 - p), weights)


@drop_weights.mistake("p was subtracted from the weights, wanted them divided by 1 - p")
def p_subtracted(weights, keep, p):
    return weights * keep - p


def a_wider_layer(rng, sizes):
    sizes.setdefault("wide", sizes.pop("h") + 1)
    return {}


@exercise(
    "11", asks="x: B T C, Wup: C wide, bup: wide, Wdown: wide C, bdown: C", gives="out: B T C", draw=a_wider_layer
)
def up_and_down(x, Wup, bup, Wdown, bdown):
    """Every token on its own: up with a bias, negative numbers to 0, down with a bias."""
    B, T, C = x.shape
    out = np.zeros((B, T, C))
    for b in range(B):
        for t in range(T):
            active = [max(0, sum(x[b, t, i] * Wup[i, w] for i in range(C)) + bup[w]) for w in range(len(bup))]
            for c in range(C):
                out[b, t, c] = sum(active[w] * Wdown[w, c] for w in range(len(bup))) + bdown[c]
    return out


def relu(numbers):
    return np.maximum(numbers, 0)


@up_and_down.mistake("there is no relu in it: two products in a row are one product")
def no_relu(x, Wup, bup, Wdown, bdown):
    return (x @ Wup + bup) @ Wdown + bdown


@up_and_down.mistake("relu came at the very end alone, wanted between the two products")
def relu_at_the_end(x, Wup, bup, Wdown, bdown):
    return relu((x @ Wup + bup) @ Wdown + bdown)


@up_and_down.mistake("relu came a second time, after the way down: what a branch adds may be negative")
def relu_twice(x, Wup, bup, Wdown, bdown):
    return relu(relu(x @ Wup + bup) @ Wdown + bdown)


@up_and_down.mistake('bup was added after relu, wanted before: the bias shifts where "not at all" begins')
def relu_too_early(x, Wup, bup, Wdown, bdown):
    return (relu(x @ Wup) + bup) @ Wdown + bdown


@up_and_down.mistake("bup is missing")
def no_bias_up(x, Wup, bup, Wdown, bdown):
    return relu(x @ Wup) @ Wdown + bdown


@up_and_down.mistake("bdown is missing")
def no_bias_down(x, Wup, bup, Wdown, bdown):
    return relu(x @ Wup + bup) @ Wdown


def branch(activation):
    """The branch with another activation than relu."""
    return lambda x, Wup, bup, Wdown, bdown: activation(x @ Wup + bup) @ Wdown + bdown


def sigmoid(numbers):
    return 1 / (1 + np.exp(-numbers))


def gelu(numbers):
    return numbers * (1 + np.vectorize(math.erf, otypes=[float])(numbers / math.sqrt(2))) / 2


@up_and_down.mistake("the activation is GELU, as in GPT-2: wanted relu, which sets negative numbers to 0")
def with_gelu(*given):
    return branch(gelu)(*given)


@up_and_down.mistake("the activation is GELU in its tanh form, as in GPT-2: wanted relu")
def with_tanh_gelu(*given):
    return branch(lambda up: up * (1 + np.tanh(math.sqrt(2 / math.pi) * (up + 0.044715 * up**3))) / 2)(*given)


@up_and_down.mistake("the activation is SiLU, x times its sigmoid: wanted relu, which sets negative numbers to 0")
def with_silu(*given):
    return branch(lambda up: up * sigmoid(up))(*given)


@up_and_down.mistake("the activation is a sigmoid: wanted relu, which leaves positive numbers as they are")
def with_sigmoid(*given):
    return branch(sigmoid)(*given)


@up_and_down.mistake("the activation is tanh: wanted relu, which leaves positive numbers as they are")
def with_tanh(*given):
    return branch(np.tanh)(*given)


@up_and_down.mistake("the activation is a leaky relu, which keeps 0.01 of a negative number: wanted relu")
def with_leaky_relu(*given):
    return branch(lambda up: np.where(up > 0, up, 0.01 * up))(*given)


@up_and_down.mistake("the activation is ELU: wanted relu, which sets negative numbers to 0")
def with_elu(*given):
    return branch(lambda up: np.where(up > 0, up, np.expm1(np.minimum(up, 0))))(*given)


@up_and_down.mistake("relu was squared: wanted relu itself")
def with_squared_relu(*given):
    return branch(lambda up: relu(up) ** 2)(*given)


@up_and_down.mistake("relu came before the way up, on x: wanted between the two products")
def relu_first(x, Wup, bup, Wdown, bdown):
    return (relu(x) @ Wup + bup) @ Wdown + bdown


@up_and_down.mistake("both biases are missing")
def no_biases(x, Wup, bup, Wdown, bdown):
    return relu(x @ Wup) @ Wdown


@up_and_down.mistake("bup was subtracted, wanted added")
def bias_up_subtracted(x, Wup, bup, Wdown, bdown):
    return relu(x @ Wup - bup) @ Wdown + bdown


@up_and_down.mistake("bdown was subtracted, wanted added")
def bias_down_subtracted(x, Wup, bup, Wdown, bdown):
    return relu(x @ Wup + bup) @ Wdown - bdown


@up_and_down.mistake(
    "x was added at the end: that is the residual connection, which the block adds; wanted the branch alone"
)
def with_the_residual(x, Wup, bup, Wdown, bdown):
    return x + relu(x @ Wup + bup) @ Wdown + bdown


@up_and_down.mistake("negative numbers lost their sign, `abs`: relu sets them to 0")
def no_signs(x, Wup, bup, Wdown, bdown):
    return np.abs(x @ Wup + bup) @ Wdown + bdown


@up_and_down.mistake("the positive numbers were set to 0 and the negative ones kept, wanted the other way around")
def kept_the_negative(x, Wup, bup, Wdown, bdown):
    return np.minimum(x @ Wup + bup, 0) @ Wdown + bdown
