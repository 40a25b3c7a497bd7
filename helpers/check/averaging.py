"""Exercises of notebooks 02 and 03: averages of the past, by loops and as a matrix product."""

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


def some_tokens(rng, sizes):
    return {"T": sizes["T"]}


@exercise("03", asks="T:", gives="weights: T T", draw=some_tokens)
def averaging_matrix(T):
    """Row t has 1/(t + 1) in the columns 0 to t, and 0 after them."""
    weights = np.zeros((T, T))
    for t in range(T):
        for s in range(t + 1):
            weights[t, s] = 1 / (t + 1)
    return weights


@averaging_matrix.mistake("the ones are not divided: each row should sum to 1")
def ones_alone(T):
    return np.tril(np.ones((T, T)))


@averaging_matrix.mistake("each column sums to 1, wanted each row: divide by tril.sum(1, keepdim=True)")
def columns_sum_to_one(T):
    tril = np.tril(np.ones((T, T)))
    return tril / tril.sum(axis=0, keepdims=True)


@averaging_matrix.mistake("the row sums lost their axis: without keepdim=True, column s is divided by the sum of row s")
def lost_axis(T):
    tril = np.tril(np.ones((T, T)))
    return tril / tril.sum(axis=1)


@averaging_matrix.mistake("the triangle is the upper one: each token averages its future")
def upper_triangle(T):
    triu = np.triu(np.ones((T, T)))
    return triu / triu.sum(axis=1, keepdims=True)


@averaging_matrix.mistake("every entry is 1/T: each token averages all tokens, its future included")
def all_alike(T):
    return np.ones((T, T)) / T


@averaging_matrix.mistake("the ones are divided by T: row t has t + 1 of them, so divide by t + 1")
def divided_by_the_number_of_tokens(T):
    return np.tril(np.ones((T, T))) / T


@averaging_matrix.mistake("the diagonal is missing: no token averages itself, and row 0 is 0 divided by 0")
def no_diagonal(T):
    tril = np.tril(np.ones((T, T)), -1)
    return tril / tril.sum(axis=1, keepdims=True)


@averaging_matrix.mistake("all ones share one sum: name its axis, so that each row sums to 1 and not the whole matrix")
def sum_of_all(T):
    tril = np.tril(np.ones((T, T)))
    return tril / tril.sum()


@averaging_matrix.mistake(
    "softmax was taken of ones and zeros: e to the power of 0 is 1, so the future keeps a weight; fill it "
    "with -inf first"
)
def softmax_of_the_triangle(T):
    powers = np.exp(np.tril(np.ones((T, T))))
    return powers / powers.sum(axis=1, keepdims=True)


@averaging_matrix.mistake("row t is divided by t, wanted t + 1: counting begins at 0")
def divided_by_place(T):
    return np.tril(np.ones((T, T))) / np.arange(T)[:, None]


@averaging_matrix.mistake("the matrix is transposed: row t belongs to the token that averages")
def transposed(T):
    return averaging_matrix.oracle(T).T


@exercise("03", asks="weights: T T, x: B T C", gives="out: B T C", loops=False)
def weighted_sums(weights, x):
    """In each sequence, row t is the sum of all rows s, each times weights[t,s]."""
    B, T, C = x.shape
    out = np.zeros((B, T, C))
    for b in range(B):
        for t in range(T):
            for c in range(C):
                out[b, t, c] = sum(weights[t, s] * x[b, s, c] for s in range(T))
    return out


@weighted_sums.mistake("weights is transposed: weights[t,s] belongs to row t of out and row s of x")
def transposed_weights(weights, x):
    return weights.T @ x


@weighted_sums.mistake(
    "the factors have changed places, x @ weights: wanted weights @ x, since the weights mix rows of x"
)
def factors_swapped(weights, x):
    return x @ weights


@weighted_sums.mistake("only the first sequence was taken: wanted all B of them")
def first_of_the_batch(weights, x):
    return weights @ x[0]


@weighted_sums.mistake("the sequences of the batch are added up: wanted each of them by itself")
def batch_added_up(weights, x):
    return weights @ x.sum(axis=0)


@weighted_sums.mistake("each row is multiplied by its own weight alone, the diagonal: wanted a sum over all rows s")
def diagonal_alone(weights, x):
    return weights.diagonal()[:, None] * x


@weighted_sums.mistake("each row is multiplied by the sum of its weights: wanted each weight times its own row of x")
def row_sums(weights, x):
    return weights.sum(axis=1, keepdims=True) * x


@weighted_sums.mistake("the weights were made to sum to 1 first: take them as they are")
def normalized_first(weights, x):
    return (weights / weights.sum(axis=1, keepdims=True)) @ x


@weighted_sums.mistake("the weights were masked: take them as they are, above the diagonal too")
def masked_first(weights, x):
    return np.tril(weights) @ x


@weighted_sums.mistake("x was added to the sums: wanted the sums alone")
def added_to_x(weights, x):
    return x + weights @ x


@weighted_sums.mistake("the weighted rows are averaged, wanted added up: weights are not divided by T")
def averaged(weights, x):
    return weights @ x / len(weights)


@weighted_sums.mistake("softmax was taken of the weights: take them as they are")
def softened_first(weights, x):
    powers = np.exp(weights - weights.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True) @ x
