"""Exercises of notebook 02: averages of the past."""

import numpy as np

from helpers.check.exercise import exercise


@exercise("02", asks="x: T C", gives="out: T C", tensors=False, causal=True)
def mean_so_far(x):
    """Row t is the mean of rows 0 to t."""
    T, C = x.shape
    out = np.zeros((T, C))
    for t in range(T):
        for c in range(C):
            out[t, c] = sum(x[s, c] for s in range(t + 1)) / (t + 1)
    return out


@mean_so_far.mistake("the slice stops at t, wanted t + 1: no token hears itself")
def without_itself(x):
    return np.stack([x[:t].mean(0) for t in range(len(x))])


@mean_so_far.mistake("the slice begins at t: each token averages itself and its future, wanted its past")
def the_future(x):
    return np.stack([x[t:].mean(0) for t in range(len(x))])


@mean_so_far.mistake("the mean runs over the channels as well: name the axis, `mean(0)`")
def over_everything(x):
    return np.stack([np.full(x.shape[1], x[: t + 1].mean()) for t in range(len(x))])


@mean_so_far.mistake("every row is the mean of all rows: the slice does not end at t")
def all_rows(x):
    return np.stack([x.mean(0) for _ in x])


@mean_so_far.mistake("the rows are added up, but not divided by how many they are")
def running_sum(x):
    return np.cumsum(x, axis=0)


@mean_so_far.mistake("every row is divided by T: row t averages t + 1 rows, so divide by t + 1")
def divided_by_all(x):
    return np.cumsum(x, axis=0) / len(x)


@mean_so_far.mistake("row t is divided by t, wanted t + 1: counting begins at 0")
def divided_by_t(x):
    return np.cumsum(x, axis=0) / np.arange(len(x))[:, None]


@mean_so_far.mistake("the averages run along the channels, axis 1; wanted along the tokens, axis 0")
def along_the_channels(x):
    return np.cumsum(x, axis=1) / np.arange(1, x.shape[1] + 1)


@mean_so_far.mistake("row t is divided by t + 2, wanted t + 1: the counts begin one too high")
def divided_by_t_and_2(x):
    return np.cumsum(x, axis=0) / (np.arange(len(x)) + 2)[:, None]


@mean_so_far.mistake("the first token is left out, the slice begins at 1: wanted all rows from 0 to t")
def without_the_first(x):
    return np.stack([x[1 : t + 1].mean(0) for t in range(len(x))])


@mean_so_far.mistake("each row is the mean of itself and the row before alone: wanted all rows from 0 to t")
def two_at_a_time(x):
    return np.stack([x[max(0, t - 1) : t + 1].mean(0) for t in range(len(x))])


@mean_so_far.mistake("each row is averaged with the result before it, half and half: wanted all rows from 0 to t alike")
def half_and_half(x):
    rows = [x[0]]
    for row in x[1:]:
        rows.append((rows[-1] + row) / 2)
    return np.stack(rows)


@exercise("02", asks="x: B T C", gives="out: B T C", tensors=False, loops=False, causal=True)
def running_means(x):
    """In each sequence, row t is the mean of rows 0 to t."""
    B, T, C = x.shape
    out = np.zeros((B, T, C))
    for b in range(B):
        for t in range(T):
            for c in range(C):
                out[b, t, c] = sum(x[b, s, c] for s in range(t + 1)) / (t + 1)
    return out


def counts(T):
    return np.arange(1, T + 1)[:, None]  # (T, 1)


@running_means.mistake("the sums run over the batch, axis 0: wanted over the tokens, axis 1")
def over_the_batch(x):
    return np.cumsum(x, axis=0) / np.arange(1, len(x) + 1)[:, None, None]


@running_means.mistake("the sums run over the channels, axis 2: wanted over the tokens, axis 1")
def over_the_channels(x):
    return np.cumsum(x, axis=2) / np.arange(1, x.shape[2] + 1)


@running_means.mistake("the sums run over the batch, axis 0, but are divided as sums over the tokens: wanted axis 1")
def over_the_batch_by_tokens(x):
    return np.cumsum(x, axis=0) / counts(x.shape[1])


@running_means.mistake("the sums run over the channels, axis 2, but are divided as sums over the tokens: wanted axis 1")
def over_the_channels_by_tokens(x):
    return np.cumsum(x, axis=2) / counts(x.shape[1])


@running_means.mistake(
    "the counts lost their axis, so channel c is divided by c + 1: make them a column, (T, 1), with `[:, None]`"
)
def counts_in_a_row(x):
    return np.cumsum(x, axis=1) / np.arange(1, x.shape[1] + 1)


@running_means.mistake("the rows are added up, but not divided by how many they are")
def running_sums(x):
    return np.cumsum(x, axis=1)


@running_means.mistake("every row is divided by T: row t averages t + 1 rows, so divide by t + 1")
def all_divided_by_T(x):
    return np.cumsum(x, axis=1) / x.shape[1]


@running_means.mistake("row t is divided by t + 2, wanted t + 1: arange begins one too high")
def one_too_high(x):
    return np.cumsum(x, axis=1) / (counts(x.shape[1]) + 1)


@running_means.mistake("only the first sequence was averaged: wanted all B of them")
def one_sequence(x):
    return np.cumsum(x[0], axis=0) / counts(x.shape[1])


@running_means.mistake("the future is averaged: the sums run from the last token backward")
def from_the_end(x):
    return np.cumsum(x[:, ::-1], axis=1)[:, ::-1] / counts(x.shape[1])[::-1]


@running_means.mistake("every row is the mean of its whole sequence, its future included")
def whole_sequence(x):
    return np.broadcast_to(x.mean(axis=1, keepdims=True), x.shape)


@running_means.mistake("every number is the mean of everything up to it: name the axis of the sum, 1")
def in_one_line(x):
    return np.cumsum(x).reshape(x.shape) / counts(x.shape[1])


@running_means.mistake("every number is the mean of all of x: name the axis, and stop at t")
def mean_of_all(x):
    return np.full(x.shape, x.mean())


@running_means.mistake("the channels were averaged as well: each channel has a mean of its own")
def channels_averaged(x):
    return np.broadcast_to(running_means.oracle(x).mean(axis=2, keepdims=True), x.shape)


@running_means.mistake("row t is divided by t, wanted t + 1: counting begins at 0")
def one_too_low(x):
    return np.cumsum(x, axis=1) / (counts(x.shape[1]) - 1)


@running_means.mistake("each token is left out of its own mean: wanted the rows 0 to t, t included")
def without_themselves(x):
    return (np.cumsum(x, axis=1) - x) / (counts(x.shape[1]) - 1)
