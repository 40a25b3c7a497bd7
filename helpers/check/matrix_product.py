"""Exercises of notebook 03: averages as a matrix product."""

import numpy as np

from helpers.check.exercise import exercise


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
