"""The exercise of notebook 11 on LayerNorm."""

import numpy as np

from helpers.check.exercise import exercise, numbers


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


@normalize_rows.mistake("the gain came before the norm, which took most of it back: wanted after the norm")
def gain_before_the_norm(x, gain, bias):
    return normal(x * gain) + bias


@normalize_rows.mistake("the bias came before the norm, which took it back: wanted at the end")
def bias_before_the_norm(x, gain, bias):
    return normal(x + bias) * gain


@normalize_rows.mistake("there is one mean and one variance for the whole batch: name the axis, -1")
def over_all(x, gain, bias):
    return normal(x, None) * gain + bias


@normalize_rows.mistake("the mean runs over the whole batch, as no axis was named: wanted one for each token, axis -1")
def mean_over_all(x, gain, bias):
    centered = x - x.mean()
    return centered / np.sqrt((centered**2).mean(-1, keepdims=True) + 1e-5) * gain + bias


@normalize_rows.mistake(
    "the variance runs over the whole batch, as no axis was named: wanted one for each token, axis -1"
)
def variance_over_all(x, gain, bias):
    centered = x - x.mean(-1, keepdims=True)
    return centered / np.sqrt((centered**2).mean() + 1e-5) * gain + bias


@normalize_rows.mistake(
    "the exponent is `**-1/2`, and ** comes before /: that is half of one over the variance; wanted `** -0.5`"
)
def minus_one_halved(x, gain, bias):
    return normal(x, spread=lambda variance: 2 * (variance + 1e-5)) * gain + bias


@normalize_rows.mistake("centered is multiplied by the root of the variance, wanted divided by it")
def multiplied_by_the_root(x, gain, bias):
    return normal(x, spread=lambda variance: (variance + 1e-5) ** -0.5) * gain + bias


@normalize_rows.mistake("nothing was divided: the channels have mean 0, but not variance 1")
def centered_alone(x, gain, bias):
    return (x - x.mean(-1, keepdims=True)) * gain + bias


@normalize_rows.mistake("the bias is missing")
def no_bias(x, gain, bias):
    return normal(x) * gain


@normalize_rows.mistake("the gain is missing")
def no_gain(x, gain, bias):
    return normal(x) + bias


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
