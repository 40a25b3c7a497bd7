"""Exercises of notebook 13: what a head looks at."""

import numpy as np

from helpers.check.exercise import exercise


def some_weights(rng, sizes):
    """Causal weights of (T, T), with at least two tokens."""
    sizes["T"] = T = max(2, sizes["T"])
    drawn = np.tril(rng.random((T, T)) ** 3 + 0.01)
    return {"weights": drawn / drawn.sum(axis=1, keepdims=True)}


@exercise("13", asks="weights: T T", gives="score:", loops=False, draw=some_weights)
def previous_score(weights):
    """The mean weight that the tokens from the second on give to the one before them."""
    T = len(weights)
    return sum(weights[t, t - 1] for t in range(1, T)) / (T - 1)


@previous_score.mistake("this is the weight that tokens give to themselves, the main diagonal: wanted the one below it")
def of_themselves(weights):
    return weights.diagonal().mean()


@previous_score.mistake(
    "the diagonal above the main one was taken, where the mask has left nothing: wanted the one below"
)
def of_the_next(weights):
    return weights.diagonal(1).mean()


@previous_score.mistake("the weights are divided by T: there are T - 1 tokens that have one before them")
def divided_by_T(weights):
    return weights.diagonal(-1).sum() / len(weights)


@previous_score.mistake("the weights are added up, wanted their mean")
def added_up(weights):
    return weights.diagonal(-1).sum()


@previous_score.mistake(
    "this counts how often the token before is the one looked at most: wanted the mean of its weight"
)
def how_often(weights):
    T = len(weights)
    return np.mean([float(weights[t].argmax() == t - 1) for t in range(1, T)])


@previous_score.mistake("this is the largest of these weights, wanted their mean")
def largest(weights):
    return weights.diagonal(-1).max()


@previous_score.mistake("two tokens back were taken, wanted one")
def two_back(weights):
    return weights.diagonal(-2).sum() / max(1, len(weights) - 2)


@previous_score.mistake("this is the mean of all weights: wanted those that tokens give to the one before them")
def all_weights(weights):
    return weights.mean()


@previous_score.mistake("this is the mean of the first column, what all tokens give to the first one")
def to_the_first(weights):
    return weights[1:, 0].mean()


def some_head(rng, sizes):
    """What n heads hand on, and one of them."""
    sizes["n"] = int(rng.integers(2, 5))
    return {"head": int(rng.integers(sizes["n"]))}


@exercise("13", asks="out: n T h, head:", gives="silent: n T h", draw=some_head)
def without_head(out, head):
    """The same, with 0 in the place of all that one head says."""
    n, T, h = out.shape
    silent = np.zeros((n, T, h))
    for i in range(n):
        for t in range(T):
            for j in range(h):
                silent[i, t, j] = 0.0 if i == head else out[i, t, j]
    return silent


@without_head.mistake("only the first token of the head is silent: wanted all of its rows")
def first_token_alone(out, head):
    silent = out.copy()
    silent[head, 0] = 0
    return silent


@without_head.mistake("the head was taken out, and the others moved up: wanted its place kept, with zeros in it")
def taken_out(out, head):
    return np.delete(out, head, axis=0)


@without_head.mistake("all other heads are silent, wanted this one")
def all_others(out, head):
    silent = np.zeros_like(out)
    silent[head] = out[head]
    return silent


@without_head.mistake("the head says the mean of what it said: wanted nothing, 0")
def its_mean(out, head):
    silent = out.copy()
    silent[head] = out[head].mean(axis=0)
    return silent


@without_head.mistake("the heads are counted from 1: head 0 is the first")
def counted_from_one(out, head):
    silent = out.copy()
    silent[head - 1] = 0
    return silent


@without_head.mistake("the last axis was indexed: one channel of all heads is silent, wanted one head")
def a_channel(out, head):
    silent = out.copy()
    silent[..., head % out.shape[-1]] = 0
    return silent


@without_head.mistake("nothing was silenced: the result is out as it came")
def nothing_done(out, head):
    return out.copy()


def few_ids(rng, sizes):
    """Ids of a small vocabulary, so that some come again."""
    return {"ids": rng.integers(1 + sizes["T"] // 2, size=sizes["T"])}


@exercise("13", asks="ids: T", gives="places: T T", causal=True, draw=few_ids)
def repeated_places(ids):
    """1 at [t, s] where the token before s is the same as token t, and s is not later than t; else 0."""
    T = len(ids)
    places = np.zeros((T, T))
    for t in range(T):
        for s in range(1, t + 1):
            if ids[s - 1] == ids[t]:
                places[t, s] = 1.0
    return places


def marked(ids, condition):
    T = len(ids)
    return np.array([[float(condition(t, s)) for s in range(T)] for t in range(T)])


@repeated_places.mistake(
    "the earlier token itself is marked, wanted the one after it: an induction head looks at what came next"
)
def the_token_itself(ids):
    return marked(ids, lambda t, s: s < t and ids[s] == ids[t])


@repeated_places.mistake("the future is marked as well: a token can only look back")
def future_too(ids):
    return marked(ids, lambda t, s: s > 0 and ids[s - 1] == ids[t])


@repeated_places.mistake("the token before the earlier one is marked, wanted the one after it")
def the_one_before(ids):
    return marked(ids, lambda t, s: s + 1 < t and ids[s + 1] == ids[t])


@repeated_places.mistake("rows and columns have changed places: row t belongs to the token that looks")
def transposed(ids):
    return marked(ids, lambda t, s: 0 < t <= s and ids[t - 1] == ids[s])


@repeated_places.mistake("only the latest place is marked, wanted every earlier one")
def latest_alone(ids):
    found = repeated_places.oracle(ids)
    for row in found:
        places = np.flatnonzero(row)
        row[places[:-1]] = 0
    return found


@repeated_places.mistake("only the first place is marked, wanted every earlier one")
def first_alone(ids):
    found = repeated_places.oracle(ids)
    for row in found:
        places = np.flatnonzero(row)
        row[places[1:]] = 0
    return found


@repeated_places.mistake("the marks of a row were made to sum to 1, as weights do: wanted 1 in each place")
def shared_out(ids):
    found = repeated_places.oracle(ids)
    return found / np.maximum(found.sum(axis=1, keepdims=True), 1)


@repeated_places.mistake(
    "the token at t itself is left out, though it may be the place after an earlier one: s may be equal to t"
)
def strictly_before(ids):
    return marked(ids, lambda t, s: 0 < s < t and ids[s - 1] == ids[t])
