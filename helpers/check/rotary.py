"""The exercise of notebook 10 on rotary positions."""

import numpy as np

from helpers.check.exercise import exercise
from helpers.check.positions import by_pairs, even, hands, places, sure


def even_head_size(rng, sizes):
    sizes["h"] = even(sizes["h"])
    return places(rng, sizes)


@exercise("10", asks="q: T h, positions: T", gives="q_rotated: T h", draw=even_head_size)
def turned_at(q, positions):
    """Channels i and i + h/2 are a pair, which is turned by position · 1000^(-2i/h) radians."""
    T, h = q.shape
    q_rotated = np.zeros((T, h))
    for t in range(T):
        for i in range(h // 2):
            angle, one, other = positions[t] * 1000 ** (-2 * i / h), q[t, i], q[t, i + h // 2]
            q_rotated[t, i] = one * np.cos(angle) - other * np.sin(angle)
            q_rotated[t, i + h // 2] = one * np.sin(angle) + other * np.cos(angle)
    return q_rotated


def halves(q, positions, base=1000.0, slower=2.0):
    """Both halves of q, and the cosine and sine of their angles: 4 × (T, h/2)."""
    angles = hands(positions, q.shape[1], base, slower)
    return *np.split(q, 2, axis=1), np.cos(angles), np.sin(angles)


def turn(one, other, cos, sin):
    """Both halves, turned as they should be."""
    return one * cos - other * sin, one * sin + other * cos


def turned(q, positions, **slip):
    return np.concatenate(turn(*halves(q, positions, **slip)), axis=1)


@turned_at.mistake(
    "neighbors are turned together, channels 0 and 1, 2 and 3: wanted channel i with channel i + head_size/2"
)
def neighbors(q, positions):
    first_and_second = np.concatenate([q[:, 0::2], q[:, 1::2]], axis=1)
    return by_pairs(*turn(*halves(first_and_second, positions)))


@turned_at.mistake(
    "the halves are turned well, but put together as neighbors: wanted the first half in front of the second, `cat`"
)
def put_together_as_neighbors(q, positions):
    return by_pairs(*turn(*halves(q, positions)))


@turned_at.mistake("everything turns the other way: wanted the minus in the first half, x1 * cos - x2 * sin")
def other_way(q, positions):
    return turned(q, -positions)


@turned_at.mistake(
    "there is no minus: without it the pairs are stretched, not turned; wanted x1 * cos - x2 * sin in the first half"
)
def no_minus(q, positions):
    one, other, cos, sin = halves(q, positions)
    return np.concatenate([one * cos + other * sin, one * sin + other * cos], axis=1)


@turned_at.mistake("q itself is multiplied by sin: wanted its quarter turn, (-x2, x1)")
def no_quarter_turn(q, positions):
    one, other, cos, sin = halves(q, positions)
    return np.concatenate([one * cos + one * sin, other * cos + other * sin], axis=1)


@turned_at.mistake(
    "the second half is made of a first half that has been turned already: keep x1 as it was until both are done"
)
def turned_already(q, positions):
    one, other, cos, sin = halves(q, positions)
    one = one * cos - other * sin
    return np.concatenate([one, one * sin + other * cos], axis=1)


@turned_at.mistake("the rows are turned by 0, 1, 2 and so on: wanted by the positions that are given")
def turned_by_row(q, positions):
    return turned(q, np.arange(len(q)))


@turned_at.mistake("all pairs turn equally fast: wanted the first at 1 radian a position, and each next pair slower")
def pairs_of_one_speed(q, positions):
    return turned(q, positions, base=1.0)


@turned_at.mistake("the base is 10,000, wanted 1,000: the larger one is that of the waves")
def base_of_the_waves(q, positions):
    return turned(q, positions, base=10_000.0)


@turned_at.mistake("the exponent is -i / head_size, wanted -2i / head_size: the later pairs turn too fast")
def half_the_rotary_exponent(q, positions):
    return turned(q, positions, slower=1)


@turned_at.mistake("the positions are one too high: a query at position 0 stays as it is")
def turned_one_too_far(q, positions):
    return turned(q, positions + 1)


@turned_at.mistake("the positions are one too low: a query at position 0 stays as it is")
def turned_one_too_little(q, positions):
    return turned(q, positions - 1)


@turned_at.mistake(
    "neighbors are turned together, channels 0 and 1, 2 and 3, and put together as halves: wanted channel i with "
    "channel i + head_size/2"
)
def neighbors_as_halves(q, positions):
    first_and_second = np.concatenate([q[:, 0::2], q[:, 1::2]], axis=1)
    return turned(first_and_second, positions)


@turned_at.mistake(
    "channel i is paired with channel i + head_size/2, but the angles are laid out for neighbors, as by "
    "`repeat_interleave(2)`: wanted them twice in a row, `cat((angles, angles))`"
)
def angles_of_neighbors(q, positions):
    angles = hands(positions, q.shape[1], 1000.0)
    angles = by_pairs(angles, angles)  # (T, h/2) -> (T, h), each twice
    one, other = np.split(q, 2, axis=1)
    return q * np.cos(angles) + np.concatenate([-other, one], axis=1) * np.sin(angles)


@turned_at.mistake(
    "neighbors are paired, but the angles are laid out for halves, `cat((angles, angles))`: wanted channel i with "
    "channel i + head_size/2"
)
def angles_of_halves(q, positions):
    angles = hands(positions, q.shape[1], 1000.0)
    angles = np.concatenate([angles, angles], axis=1)
    return q * np.cos(angles) + by_pairs(-q[:, 1::2], q[:, 0::2]) * np.sin(angles)


@turned_at.mistake("the two halves have changed places in the result: wanted x1 * cos - x2 * sin first")
def halves_swapped(q, positions):
    return np.roll(turned(q, positions), q.shape[1] // 2, axis=1)


@turned_at.mistake("the minus of the exponent is missing: each next pair turns faster, wanted slower")
def turned_faster_and_faster(q, positions):
    return sure(turned(q, positions, slower=-2), hands(positions, q.shape[1], 1000.0, slower=-2))


@turned_at.mistake("the exponent is 4i / head_size, with 2i taken twice and no minus: wanted -2i / head_size")
def turned_faster_by_twice(q, positions):
    return sure(turned(q, positions, slower=-4), hands(positions, q.shape[1], 1000.0, slower=-4))


@turned_at.mistake("the exponent is -4i / head_size, wanted -2i / head_size: the later pairs turn too slowly")
def twice_the_rotary_exponent(q, positions):
    return turned(q, positions, slower=4)


@turned_at.mistake(
    "nothing is turned, q comes out as it was: if there is an exponent, put brackets around it, "
    "`1000 ** (-2 * i / h)`, since ** comes before * and /"
)
def rotary_brackets_missing(q, positions):
    angles = positions[:, None] * (1000.0**-2 * np.arange(q.shape[1] // 2) / q.shape[1])
    one, other = np.split(q, 2, axis=1)
    return np.concatenate(turn(one, other, np.cos(angles), np.sin(angles)), axis=1)


@turned_at.mistake("sine and cosine have changed places: wanted x1 * cos - x2 * sin in the first half")
def cosine_for_sine(q, positions):
    one, other, cos, sin = halves(q, positions)
    return np.concatenate(turn(one, other, sin, cos), axis=1)
