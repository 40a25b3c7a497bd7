"""Exercises of notebook 11: the parts of a block."""

import numpy as np

from helpers.check.exercise import exercise, numbers


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


def a_wider_layer(rng, sizes):
    sizes["wide"] = sizes.pop("h") + 1
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


def with_an_even_row(rng, sizes):
    """Loud tokens and quiet ones; where there are two or more, the last of all has the same number in all channels."""
    shape = tuple(sizes[axis] for axis in "BTC")
    x = numbers(rng, shape, rng.choice([1.0, 1.0, 0.02]))
    if sizes["T"] > 1:
        x[-1, -1] = rng.integers(-3, 4)
    return {"x": x}


@exercise("11", asks="x: B T C, gain: C, bias: C", gives="shifted: B T C", draw=with_an_even_row)
def normalize_rows(x, gain, bias):
    """Each token's channels at mean 0 and variance 1, then stretched by the gain and shifted by the bias."""
    B, T, C = x.shape
    shifted = np.zeros((B, T, C))
    for b in range(B):
        for t in range(T):
            mean = sum(x[b, t, c] for c in range(C)) / C
            variance = sum((x[b, t, c] - mean) ** 2 for c in range(C)) / C
            for c in range(C):
                shifted[b, t, c] = (x[b, t, c] - mean) / (variance + 1e-5) ** 0.5 * gain[c] + bias[c]
    return shifted


def normal(x, axis=-1, spread=lambda variance: np.sqrt(variance + 1e-5), less=0):
    """x at mean 0 and variance 1 along the axis; spread: what is divided by; less: C - less is what the variance
    divides by.
    """
    return (x - x.mean(axis, keepdims=True)) / spread(x.var(axis, keepdims=True, ddof=less))


@normalize_rows.mistake(
    "mean and variance ran over the tokens, axis 1; wanted over the channels, axis -1: so the future "
    "leaks into the past"
)
def over_the_tokens(x, gain, bias):
    return normal(x, 1) * gain + bias


@normalize_rows.mistake(
    "mean and variance ran over the batch, axis 0; wanted over the channels, axis -1: so a text "
    "depends on its neighbors in the batch"
)
def over_the_batch(x, gain, bias):
    return normal(x, 0) * gain + bias


@normalize_rows.mistake("there is one mean and one variance for a whole sequence: wanted one for each token")
def over_the_sequence(x, gain, bias):
    return normal(x, (1, 2)) * gain + bias


@normalize_rows.mistake("the variance is divided by C - 1, as `x.var()` does it; wanted C, with `unbiased=False`")
def unbiased(x, gain, bias):
    return normal(x, less=1) * gain + bias


@normalize_rows.mistake("centered is divided by the variance: wanted by its root")
def no_root(x, gain, bias):
    return normal(x, spread=lambda variance: variance + 1e-5) * gain + bias


@normalize_rows.mistake("the 0.00001 is missing: where all channels of a token are the same, 0 is divided by 0")
def no_epsilon(x, gain, bias):
    return normal(x, spread=np.sqrt) * gain + bias


@normalize_rows.mistake("the 0.00001 is added to the root: wanted to the variance, under the root")
def epsilon_outside(x, gain, bias):
    return normal(x, spread=lambda variance: np.sqrt(variance) + 1e-5) * gain + bias


@normalize_rows.mistake(
    "centered is divided by `x.std()`, which divides by C - 1 and knows no 0.00001: wanted the root of "
    "(variance + 0.00001)"
)
def by_std(x, gain, bias):
    return normal(x, spread=np.sqrt, less=1) * gain + bias


@normalize_rows.mistake(
    "centered is divided by `x.std()` + 0.00001: that divides by C - 1, and the 0.00001 belongs under the root"
)
def by_std_and_epsilon(x, gain, bias):
    return normal(x, spread=lambda variance: np.sqrt(variance) + 1e-5, less=1) * gain + bias


@normalize_rows.mistake("gain and bias came first, and the norm took most of it back: wanted after the norm")
def gain_first(x, gain, bias):
    return normal(x * gain + bias)


@normalize_rows.mistake("gain and bias are missing")
def norm_alone(x, gain, bias):
    return normal(x)


@normalize_rows.mistake("the bias was added before the gain, which stretched it, too: wanted normalized * gain + bias")
def stretched_bias(x, gain, bias):
    return (normal(x) + bias) * gain


@normalize_rows.mistake(
    "the mean was not taken away: x was divided by the root of its variance as it is, wanted x - mean"
)
def not_centered(x, gain, bias):
    return x / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * gain + bias


@normalize_rows.mistake(
    "nothing was centered: x is divided by the root of its mean square, which is RMSNorm; wanted the "
    "mean taken away, before the variance and in the result"
)
def mean_square(x, gain, bias):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * gain + bias


@normalize_rows.mistake(
    "the variance is the mean of x squared: wanted that of centered squared, the distances from the mean"
)
def around_zero(x, gain, bias):
    return normal(x, spread=lambda variance: np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)) * gain + bias
