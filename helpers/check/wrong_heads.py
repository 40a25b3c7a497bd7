"""How a head goes wrong: the classic mistakes in the scores, the scale, the mask, the softmax and the mixture.

They stand here once, for every exercise that asks for a head or a part of one.
"""

from functools import cache

import numpy as np


def soft(scores, axis=-1):
    raised = powers(scores, axis)
    return raised / raised.sum(axis=axis, keepdims=True)


def powers(scores, axis=-1):
    """Powers of e, of scores (..., T, T) less the largest of each row."""
    return np.exp(scores - scores.max(axis=axis, keepdims=True))


def hidden(scores, above=0, fill=-np.inf):
    """Scores (..., T, T) with ``fill`` above a diagonal: the main one, or so many above it."""
    return np.where(triangle(scores.shape[-2:], above), scores, fill)


@cache
def triangle(shape, above=0):
    """True in a diagonal and below it: the main one, or so many above it."""
    return np.tri(*shape, above, dtype=bool)


def turned(matrix):
    return np.swapaxes(matrix, -1, -2)


def reshaped(matrix):
    """The shape of the transpose, and its numbers in the wrong places."""
    return matrix.reshape(*matrix.shape[:-2], matrix.shape[-1], matrix.shape[-2])


def causal(scores):
    return soft(hidden(scores))


def attend(
    q, k, v, scale=lambda head_size: head_size**-0.5, weigh=causal, turn=turned, roles=lambda q, k, v: (q, k, v)
):
    """A head from q, k and v of (..., T, head_size), with the parts in which a mistake may sit.

    scale: of head_size, what the scores are multiplied by. weigh: scores to weights. turn: the transpose. roles: who
    takes the place of q, k and v.
    """
    q, k, v = roles(q, k, v)
    return weigh(q @ turn(k) * scale(q.shape[-1])) @ v  # (..., T, h) @ (..., h, T) -> (..., T, T), @ v: (..., T, h)


def past_hidden(scores, fill=-np.inf, above=0):
    """The scores of the past and of the token itself are filled, those of the future stay: `tril == 1`."""
    return np.where(triangle(scores.shape[-2:], above), fill, scores)


def below(scores):
    return np.tril(scores, -1)


def itself_hidden(scores, fill=-np.inf):
    return hidden(scores, -1, fill)


def mean_of_all(scores):
    """One sum for everything, since no axis was named."""
    raised = np.exp(hidden(scores) - scores.max())
    return raised / raised.sum()


WEIGHTS = {
    "no_mask": ("there is no mask: each token hears its future", soft),
    "past_masked": (
        "the past is masked and the future is heard: the triangle is the wrong way round",
        lambda scores: soft(past_hidden(scores, above=-1)),
    ),
    "ones_filled": (
        "the mask fills where the triangle has a 1: wanted where it has a 0, `tril == 0`; now a token hears its future "
        "alone, and nothing is left for the last one, which gives NaN",
        lambda scores: soft(past_hidden(scores)),
    ),
    "ones_filled_with_much": (
        "the mask fills where the triangle has a 1: wanted where it has a 0, `tril == 0`; now a token hears its future "
        "alone, and the last one, with nothing left, hears all alike",
        lambda scores: soft(past_hidden(scores, -1e9)),
    ),
    "diagonal_masked": (
        "the diagonal is masked, too: no token hears itself, and nothing is left in row 0, which gives NaN",
        lambda scores: soft(itself_hidden(scores)),
    ),
    "diagonal_masked_with_much": (
        "the diagonal is masked, too: no token hears itself, and token 0, with nothing left, hears all alike",
        lambda scores: soft(itself_hidden(scores, -1e9)),
    ),
    "one_too_many": (
        "each token hears one token too many: the triangle reaches one place past the diagonal",
        lambda scores: soft(hidden(scores, 1)),
    ),
    "mask_after": (
        "the mask came after the softmax: rows sum to less than 1, and the future decided how much less",
        lambda scores: np.tril(soft(scores)),
    ),
    "zero_filled": (
        "the scores of the future became 0, not -inf: e to the power of 0 is 1, so the future is heard",
        lambda scores: soft(hidden(scores, fill=0.0)),
    ),
    "infinite_the_wrong_way": (
        "the scores of the future became +inf, the sign is missing: they outdo all others, and infinity minus infinity "
        "is NaN",
        lambda scores: soft(hidden(scores, fill=np.inf)),
    ),
    "down_the_columns": (
        "softmax ran down the columns, axis -2: each column of weights sums to 1, not each row",
        lambda scores: soft(hidden(scores), -2),
    ),
    "over_the_batch": (
        "softmax ran over the batch, axis 0: wanted over each row, the last axis",
        lambda scores: soft(hidden(scores), 0),
    ),
    "over_everything": (
        "all weights share one sum: name the axis of the sum, so that each row sums to 1 and not all of them together",
        mean_of_all,
    ),
    "one_sum": (
        "the powers of all rows share one sum: name its axis, so that each row sums to 1 and not all of them together",
        lambda scores: powers(hidden(scores)) / powers(hidden(scores)).sum(),
    ),
    "sums_of_columns": (
        "the powers are divided by the sum of their column, axis -2: wanted that of their row, axis -1",
        lambda scores: powers(hidden(scores)) / powers(hidden(scores)).sum(-2, keepdims=True),
    ),
    "softmax_twice": (
        "softmax came twice: the second one flattens the weights, and gives the zeros of the future a share",
        lambda scores: soft(causal(scores)),
    ),
    "softmax_around_the_mask": (
        "softmax came twice, before the mask and after it: wanted once, after it",
        lambda scores: causal(soft(scores)),
    ),
    "not_divided": (
        "the powers of e are not divided by their sum: rows do not sum to 1",
        lambda scores: powers(hidden(scores)),
    ),
    "plain_powers": (
        "the powers of e are not divided by their sum, and the largest score was not subtracted: rows do not sum to 1",
        lambda scores: np.exp(hidden(scores)),
    ),
    "no_softmax": (
        "there is no softmax: the scores themselves take the place of the weights",
        lambda scores: np.tril(scores),
    ),
}

PRODUCTS = {
    "reshaped_keys": (
        "k was reshaped, not transposed: a `view` keeps the numbers in their order, so keys and channels are mixed",
        dict(turn=reshaped),
    ),
    "swapped": (
        "q and k have changed places in the scores: the query belongs to the row",
        dict(roles=lambda q, k, v: (k, q, v)),
    ),
    "keys_mixed": (
        "the weights mix the keys, wanted the values: out = weights @ v",
        dict(roles=lambda q, k, v: (q, k, k)),
    ),
    "queries_mixed": (
        "the weights mix the queries, wanted the values: out = weights @ v",
        dict(roles=lambda q, k, v: (q, k, q)),
    ),
    "queries_alone": (
        "the queries meet themselves: wanted the keys as the second factor",
        dict(roles=lambda q, k, v: (q, q, v)),
    ),
    "keys_alone": (
        "the keys meet themselves: wanted the queries as the first factor",
        dict(roles=lambda q, k, v: (k, k, v)),
    ),
    "weights_transposed": (
        "the weights are transposed: row t of them should mix the values for token t",
        dict(weigh=lambda scores: turned(causal(scores))),
    ),
}

SCALES = {
    "not_scaled": ("the scores are not divided by the root of head_size", dict(scale=lambda head_size: 1.0)),
    "by_size": (
        "the scores are divided by head_size itself, wanted its root: too flat",
        dict(scale=lambda head_size: 1 / head_size),
    ),
    "multiplied": (
        "the scores are multiplied by the root of head_size, wanted divided",
        dict(scale=lambda head_size: head_size**0.5),
    ),
    "minus_one_halved": (
        "the scale is head_size**-1/2, and ** comes before /: that is half of 1 / head_size; wanted head_size**-0.5",
        dict(scale=lambda head_size: head_size**-1 / 2),
    ),
}


def register(exercise, part_wrong, table, without=()):
    """Give an exercise the mistakes of a table. part_wrong: of the exercise's inputs, and of the part that is wrong."""
    if table is WEIGHTS:
        exercise.weighing = part_wrong
    for name, (sentence, part) in table.items():
        if name not in without:
            exercise.mistake(sentence)(renamed(name, part_wrong, part))


def renamed(name, part_wrong, part):
    def mistaken(*inputs):
        return part_wrong(*inputs, **(part if isinstance(part, dict) else dict(weigh=part)))

    mistaken.__name__ = name
    return mistaken
