"""The exercises of notebook 17 on the way forward: a softmax in one pass, two parts made one, what is read and written.

Their states are those of the notebook: m, the largest score so far; l, the sum of e^(score - m); out, the values mixed
by these powers and not divided yet.
"""

import math

import numpy as np

from helpers.check.exercise import exercise, numbers


@exercise("17", asks="scores: B T", gives="m: B, l: B", outsized=1e3)
def one_pass(scores):
    """The largest score of each row, and the sum of e^(score - largest), each score looked at once."""
    B, T = scores.shape
    m, total = np.zeros(B), np.zeros(B)
    for b in range(B):
        m[b], total[b] = scores[b, 0], 1.0
        for t in range(1, T):
            before, m[b] = m[b], max(m[b], scores[b, t])
            total[b] = total[b] * math.exp(before - m[b]) + math.exp(scores[b, t] - m[b])
    return m, total


def passed(scores, start=-math.inf, add=lambda total, fallen, below: total * np.exp(fallen) + np.exp(below), total=0.0):
    """One pass over the rows. start: of m; total: of l. add: the new sum, of the old one, old m - m and score - m."""
    m, total = np.full(len(scores), start), np.full(len(scores), total)
    for column in scores.T:
        before, m = m, np.maximum(m, column)
        total = add(total, before - m, column - m)
    return m, total


def from_second(scores, add):
    """As ``passed``, with the first score as the m to begin with, and 1 as the sum."""
    return passed(scores[:, 1:], scores[:, 0], add, 1.0)


@one_pass.mistake(
    "l is not rescaled when m grows: what was summed up below the old m counts too much; wanted times e^(old m - m)"
)
def not_rescaled(scores):
    return passed(scores, add=lambda total, fallen, below: total + np.exp(below))


@one_pass.mistake("m begins at 0: right only where some score is above 0; wanted to begin at -inf")
def from_zero(scores):
    return passed(scores, start=0.0)


@one_pass.mistake(
    "l is rescaled the wrong way round, by e^(m - old m), and grows: wanted e^(old m - m), which is at most 1"
)
def upside_down(scores):
    return from_second(scores, lambda total, fallen, below: total * np.exp(-fallen) + np.exp(below))


@one_pass.mistake("l is the sum of e^score, with no m taken off: wanted the sum of e^(score - m)")
def nothing_taken_off(scores):
    return scores.max(1), np.exp(scores).sum(1)


@one_pass.mistake(
    "the first score is counted twice: begin with m = -inf and l = 0, or with it, and go on from the second"
)
def first_twice(scores):
    m, total = passed(scores)
    return m, total + np.exp(scores[:, 0] - m)


@one_pass.mistake("the new score is rescaled along with the old sum: e^(old m - m) is for what was summed before")
def new_rescaled_too(scores):
    return from_second(scores, lambda total, fallen, below: (total + np.exp(below)) * np.exp(fallen))


@one_pass.mistake("the new score meets the old m: take the new m first, then e^(score - m)")
def old_maximum(scores):
    return from_second(scores, lambda total, fallen, below: total * np.exp(fallen) + np.exp(below - fallen))


@one_pass.mistake("l is the logarithm of the sum of e^score: wanted the sum of e^(score - m) itself")
def a_logarithm(scores):
    m, total = passed(scores)
    return m, m + np.log(total)


@one_pass.mistake("m is the last score of each row, not its largest")
def the_last_score(scores):
    return scores[:, -1], np.exp(scores - scores[:, -1:]).sum(1)


@one_pass.mistake("m and l have changed places: wanted `return m, l`")
def places_changed(scores):
    return passed(scores)[::-1]


@one_pass.mistake("m stays as it was at the start: where a score is larger, it is the m of the next one")
def m_stays(scores):
    return np.full(len(scores), -np.inf), np.ones(len(scores))


@one_pass.mistake("the last score is left out: wanted all T of them")
def last_left_out(scores):
    return passed(scores[:, :-1])


def two_parts(rng, sizes):
    """The states of the same queries after two parts of the keys; here and there one part had none."""
    B, T, h = (sizes[axis] for axis in "BTh")
    drawn = {}
    for part in "ab":
        scores, v = numbers(rng, (B, T, 3), 2.0), numbers(rng, (B, 3, h))
        m = scores.max(-1)
        powers = np.exp(scores - m[..., None])
        drawn |= {f"m_{part}": m, f"l_{part}": powers.sum(-1), f"out_{part}": powers @ v}
    if T > 2:
        drawn["m_b"][:, -1], drawn["l_b"][:, -1], drawn["out_b"][:, -1] = -np.inf, 0.0, 0.0
    return drawn


@exercise(
    "17",
    asks="m_a: B T, l_a: B T, out_a: B T h, m_b: B T, l_b: B T, out_b: B T h",
    gives="m: B T, l: B T, out: B T h",
    draw=two_parts,
)
def merge_parts(m_a, l_a, out_a, m_b, l_b, out_b):
    """The state after both parts, as if their keys had been met in one go."""
    B, T, h = out_a.shape
    m, total, out = np.zeros((B, T)), np.zeros((B, T)), np.zeros((B, T, h))
    for b in range(B):
        for t in range(T):
            m[b, t] = max(m_a[b, t], m_b[b, t])
            shrink_a, shrink_b = math.exp(m_a[b, t] - m[b, t]), math.exp(m_b[b, t] - m[b, t])
            total[b, t] = shrink_a * l_a[b, t] + shrink_b * l_b[b, t]
            for i in range(h):
                out[b, t, i] = shrink_a * out_a[b, t, i] + shrink_b * out_b[b, t, i]
    return m, total, out


def merged(m_a, l_a, out_a, m_b, l_b, out_b, shrink=lambda own, other, m: np.exp(own - m), of_sum=None, of_out=None):
    """Both parts; shrink: by what each is multiplied, of its own m, the other's and the new one; of_sum, of_out: where
    that is different.
    """
    m = np.maximum(m_a, m_b)
    by_sum, by_out = of_sum or shrink, of_out or shrink
    total = by_sum(m_a, m_b, m) * l_a + by_sum(m_b, m_a, m) * l_b
    out = by_out(m_a, m_b, m)[..., None] * out_a + by_out(m_b, m_a, m)[..., None] * out_b
    return m, total, out


def one(own, other, m):
    return np.ones_like(own)


@merge_parts.mistake("nothing is rescaled: l and out of the part with the smaller m count too much")
def plain_sums(*parts):
    return merged(*parts, shrink=one)


@merge_parts.mistake("l is rescaled, and out is not: both were summed under the same m, so both shrink")
def out_not_rescaled(*parts):
    return merged(*parts, of_out=one)


@merge_parts.mistake("out is rescaled, and l is not: both were summed under the same m, so both shrink")
def sum_not_rescaled(*parts):
    return merged(*parts, of_sum=one)


@merge_parts.mistake("each part is rescaled by the other's factor: wanted e^(own m - m)")
def factors_swapped(*parts):
    return merged(*parts, shrink=lambda own, other, m: np.exp(other - m))


@merge_parts.mistake(
    "the factors are the wrong way round, e^(m - own m): the part with the smaller m grows; wanted e^(own m - m)"
)
def factors_upside_down(*parts):
    return merged(*parts, shrink=lambda own, other, m: np.exp(m - own))


@merge_parts.mistake("the part with the larger m is taken alone: the other one is small, but it is there")
def the_larger_alone(*parts):
    return merged(*parts, shrink=lambda own, other, m: (own == m).astype(float))


@merge_parts.mistake("out is divided by l already: wanted the state, so that further parts can be merged into it")
def divided_already(*parts):
    m, total, out = merged(*parts)
    return m, total, out / total[..., None]


@merge_parts.mistake("part a always shrinks, by e^(m_a - m_b): only the part with the smaller m does, whichever it is")
def a_by_b(m_a, l_a, out_a, m_b, l_b, out_b):
    shrink = np.exp(m_a - m_b)
    return np.maximum(m_a, m_b), shrink * l_a + l_b, shrink[..., None] * out_a + out_b


@merge_parts.mistake("the factors lack an axis beside out: wanted `[..., None]`, so that each goes along the channels")
def an_axis_missing(m_a, l_a, out_a, m_b, l_b, out_b):
    m, total, _ = merged(m_a, l_a, out_a, m_b, l_b, out_b)
    return m, total, np.exp(m_a - m) * out_a + np.exp(m_b - m) * out_b


@merge_parts.mistake("m is the sum of both: wanted the larger of the two")
def sum_of_maxima(m_a, l_a, out_a, m_b, l_b, out_b):
    return m_a + m_b, *merged(m_a, l_a, out_a, m_b, l_b, out_b)[1:]


def some_sizes(rng, sizes):
    T, h = 2 * sizes["T"] + int(rng.integers(1, 3)), int(rng.integers(2, 9))
    return {"T": T, "h": h, "tile": int(rng.integers(2, T))}


@exercise("17", asks="T:, h:, tile:", gives="ratio:", draw=some_sizes)
def times_as_many(T, h, tile):
    """How many times as many numbers the plain way reads and writes as that in tiles, without a mask."""
    plain = 2 * T * h + T * T  # q and k are read, the scores are written
    plain += T * T + T * T  # the scores are read, the weights are written
    plain += T * T + T * h + T * h  # the weights and v are read, out is written
    in_tiles = 0
    for start in range(0, T, tile):
        rows = min(tile, T - start)
        in_tiles += rows * h  # a tile of q is read
        for first in range(0, T, tile):
            in_tiles += 2 * min(tile, T - first) * h  # a tile of k, and one of v
        in_tiles += rows * h + rows  # a tile of out is written, and a logsumexp for each of its rows
    return plain / in_tiles


def moved(T, h, tile, pairs=4, rows=4, count=None, once=2, again=2, saved=1):
    """The ratio. pairs: how often T² numbers move in the plain way, rows: how often T · h do. count: of tiles; once,
    again: how many matrices move once, and once for each tile; saved: numbers a query.
    """
    count = -(-T // tile) if count is None else count
    return (pairs * T * T + rows * T * h) / (once * T * h + again * T * h * count + saved * T)


@times_as_many.mistake("the last tile is forgotten where tile does not divide T: wanted T / tile, rounded up")
def rounded_down(T, h, tile):
    return moved(T, h, tile, count=T // tile)


@times_as_many.mistake("k and v are read once: every tile of queries reads all of them again")
def keys_once(T, h, tile):
    return moved(T, h, tile, count=1)


@times_as_many.mistake("the plain way writes its scores and its weights, and reads each of them again: that is 4 · T²")
def written_only(T, h, tile):
    return moved(T, h, tile, pairs=2)


@times_as_many.mistake("the plain way moves T² numbers four times: scores and weights, each written and read again")
def one_left_out(T, h, tile):
    return moved(T, h, tile, pairs=3)


@times_as_many.mistake("there is a tile too many where tile divides T: wanted T / tile, rounded up")
def one_too_many(T, h, tile):
    return moved(T, h, tile, count=T // tile + 1)


@times_as_many.mistake("only one of k and v is read for each tile of queries: both are")
def one_of_two(T, h, tile):
    return moved(T, h, tile, again=1)


@times_as_many.mistake("the plain way moves q, k, v and out, too: 4 · T · h beside the pairs")
def pairs_alone(T, h, tile):
    return moved(T, h, tile, rows=0)


@times_as_many.mistake("a tile of q stays while it meets all keys: q is read once, not once for each tile of keys")
def queries_again(T, h, tile):
    return moved(T, h, tile, once=1, again=3)


@times_as_many.mistake("the logsumexp is missing: one number a query is written for the way back")
def nothing_saved(T, h, tile):
    return moved(T, h, tile, saved=0)


@times_as_many.mistake("it is upside down: wanted what plain moves, divided by what the tiles move")
def the_other_way(T, h, tile):
    return 1 / moved(T, h, tile)


@times_as_many.mistake("T / tile is not rounded up: a part of a tile is a tile")
def not_rounded(T, h, tile):
    return moved(T, h, tile, count=T / tile)


@times_as_many.mistake("out is not written in the way with tiles: it leaves once, T · h numbers")
def out_not_written(T, h, tile):
    return moved(T, h, tile, once=1)
