"""Exercises of notebook 10: a table of positions, and waves."""

import numpy as np

from helpers.check.exercise import exercise, numbers


def a_table(rng, sizes):
    """A shift, and a table P that has some rows more than are needed."""
    shift = int(rng.integers(1, 4))
    sizes["rows"] = max(sizes["T"], sizes["B"]) + shift + int(rng.integers(1, 3))
    return {"shift": shift, "P": numbers(rng, (sizes["rows"], sizes["C"]))}


@exercise("10", asks="x: B T C, P: rows C, shift:", gives="placed: B T C", draw=a_table)
def add_positions(x, P, shift):
    """Token t of every sequence stands at position shift + t, and gets that row of P."""
    B, T, C = x.shape
    placed = np.zeros((B, T, C))
    for b in range(B):
        for t in range(T):
            for c in range(C):
                placed[b, t, c] = x[b, t, c] + P[shift + t, c]
    return placed


@add_positions.mistake("the shift is not used: the first token got row 0 of P, wanted row `shift`")
def from_zero(x, P, shift):
    return x + P[: x.shape[1]]


@add_positions.mistake(
    "every token got the same row of P, that of the first token: wanted one row further for each token"
)
def one_row_for_all(x, P, shift):
    return x + P[shift]


@add_positions.mistake("the rows of P begin one too late: the first token stands at position `shift`, not at shift + 1")
def one_too_late(x, P, shift):
    return x + P[shift + 1 : shift + 1 + x.shape[1]]


@add_positions.mistake("the rows of P begin one too early: the first token stands at `shift`, not at shift - 1")
def one_too_early(x, P, shift):
    return x + P[shift - 1 : shift - 1 + x.shape[1]]


@add_positions.mistake("the shift was added to the numbers, wanted to the place: row t + shift of P")
def shift_as_a_number(x, P, shift):
    return x + P[: x.shape[1]] + shift


@add_positions.mistake("every token got all of its rows of P, added up: wanted one row for each")
def all_rows(x, P, shift):
    return x + P[shift : shift + x.shape[1]].sum(axis=0)


@add_positions.mistake("the rows of P are taken from its end: wanted T rows from row `shift` on")
def from_the_end(x, P, shift):
    return x + P[-x.shape[1] :]


@add_positions.mistake(
    "the rows of P were chosen by sequence, axis 0 of x: wanted by token, axis 1; all sequences of a "
    "batch get the same rows"
)
def by_sequence(x, P, shift):
    return x + P[shift : shift + len(x)][:, None]


@add_positions.mistake("x was multiplied by the rows of P, wanted their sum")
def multiplied(x, P, shift):
    return x * P[shift : shift + x.shape[1]]


@add_positions.mistake("the rows of P came out without x: wanted the sum of both")
def without_x(x, P, shift):
    return np.zeros_like(x) + P[shift : shift + x.shape[1]]


@add_positions.mistake(
    "the first sequence alone got its positions: wanted the same rows of P for all sequences of the batch"
)
def first_sequence(x, P, shift):
    placed = x.copy()
    placed[0] += P[shift : shift + x.shape[1]]
    return placed


@add_positions.mistake("the positions run backward: the last token got the row of the first")
def backward(x, P, shift):
    return x + P[shift : shift + x.shape[1]][::-1]


def places(rng, sizes):
    """Positions in any order, as they may come from anywhere in a text."""
    return {"positions": rng.integers(0, 13, sizes["T"])}


def even(size):
    """An even size: a larger one is doubled, so that it holds several pairs."""
    return size + size % 2 if size < 4 else 2 * size


def even_channels(rng, sizes):
    sizes["C"] = even(sizes["C"])
    return places(rng, sizes) | {"C": sizes["C"]}


@exercise("10", asks="positions: T, C:", gives="p: T C", draw=even_channels)
def waves_at(positions, C):
    """Hand i turns by 10,000^(-2i/C) radians a position; its sine is in channel 2i, its cosine in channel 2i + 1."""
    p = np.zeros((len(positions), C))
    for t, position in enumerate(positions):
        for i in range(C // 2):
            angle = position * 10_000 ** (-2 * i / C)
            p[t, 2 * i], p[t, 2 * i + 1] = np.sin(angle), np.cos(angle)
    return p


def hands(positions, C, base=10_000.0, slower=2.0):
    """The angle of every hand at every position: (T, C/2)."""
    return positions[:, None] * base ** (-slower * np.arange(C // 2) / C)


UNSURE = 200.0  # radians: of a larger angle, the sine in float32 depends on the order in which it was computed


def sure(waves, angles, side_by_side=False):
    """Waves (T, C) as a masked array: what stands for too large an angle (T, C/2) may be anything.

    side_by_side: the two channels of an angle are neighbors, not C/2 apart.
    """
    unsure = np.abs(angles) > UNSURE
    return np.ma.masked_where(unsure.repeat(2, axis=1) if side_by_side else np.tile(unsure, 2), waves)


def by_pairs(first, second):
    """Two arrays (T, C/2) as (T, C), each column of one beside that of the other."""
    return np.stack([first, second], axis=-1).reshape(len(first), -1)


@waves_at.mistake(
    "all sines stand first and all cosines after them: wanted each sine beside its cosine, in channels 2i and 2i + 1"
)
def sines_first(positions, C):
    angles = hands(positions, C)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


@waves_at.mistake("sine and cosine have changed places: wanted the sine in the even channels, 0, 2, 4 and so on")
def cosine_first(positions, C):
    angles = hands(positions, C)
    return by_pairs(np.cos(angles), np.sin(angles))


@waves_at.mistake(
    "sines and cosines were stacked on axis 0 before the reshape, wanted the last axis: the rows of "
    "all sines come first, then those of all cosines"
)
def stacked_in_front(positions, C):
    angles = hands(positions, C)
    return np.stack([np.sin(angles), np.cos(angles)]).reshape(len(positions), C)


@waves_at.mistake(
    "the exponent is -i / C, wanted -2i / C, or the base is 100, wanted 10,000: the hands do not get slow enough"
)
def half_the_exponent(positions, C):
    angles = hands(positions, C, slower=1)
    return by_pairs(np.sin(angles), np.cos(angles))


@waves_at.mistake(
    "every channel has a speed of its own: wanted one for each pair, so that a sine and a cosine make one hand"
)
def a_speed_for_each_channel(positions, C):
    angles = positions[:, None] * 10_000.0 ** (-np.arange(C) / C)
    return by_pairs(np.sin(angles[:, 0::2]), np.cos(angles[:, 1::2]))


@waves_at.mistake("the base is 1,000, wanted 10,000: the notebook takes the smaller one for rotary positions")
def rotary_base(positions, C):
    angles = hands(positions, C, base=1000.0)
    return by_pairs(np.sin(angles), np.cos(angles))


@waves_at.mistake("all hands are equally fast: wanted the first at 1 radian a position, and each next one slower")
def one_speed(positions, C):
    angles = hands(positions, C, base=1.0)
    return by_pairs(np.sin(angles), np.cos(angles))


@waves_at.mistake("the rows are those of the positions 0 to T - 1: wanted those of the positions that are given")
def counted_from_zero(positions, C):
    angles = hands(np.arange(len(positions)), C)
    return by_pairs(np.sin(angles), np.cos(angles))


@waves_at.mistake("every channel is a sine: wanted the cosine of the same angle in the odd channels")
def sines_alone(positions, C):
    angles = hands(positions, C)
    return by_pairs(np.sin(angles), np.sin(angles))


@waves_at.mistake("the positions are one too high: position 0 has the angle 0, and so the row 0, 1, 0, 1 and so on")
def one_too_high(positions, C):
    angles = hands(positions + 1, C)
    return by_pairs(np.sin(angles), np.cos(angles))


@waves_at.mistake("the positions are one too low: position 0 has the angle 0, not -1")
def one_too_low(positions, C):
    angles = hands(positions - 1, C)
    return by_pairs(np.sin(angles), np.cos(angles))


@waves_at.mistake(
    "nothing turns, every row is that of position 0: ** comes before * and /, so put brackets around the exponent, "
    "`10_000 ** (-2 * i / C)`"
)
def brackets_missing(positions, C):
    angles = positions[:, None] * (10_000.0**-2 * np.arange(C // 2) / C)
    return by_pairs(np.sin(angles), np.cos(angles))


@waves_at.mistake("the exponent is -2 · 2i / C: `arange(0, C, 2)` is 2i already")
def twice_the_exponent(positions, C):
    angles = hands(positions, C, slower=4)
    return by_pairs(np.sin(angles), np.cos(angles))


@waves_at.mistake(
    "each next hand turns faster, wanted slower: the minus of the exponent is missing, or the positions were divided "
    "by the speeds, wanted multiplied"
)
def faster_and_faster(positions, C):
    angles = hands(positions, C, slower=-2)
    return sure(by_pairs(np.sin(angles), np.cos(angles)), angles, side_by_side=True)


@waves_at.mistake(
    "the exponent is 2 · 2i / C, with 2i taken twice and no minus: wanted -2i / C, or the positions divided by "
    "10,000^(2i / C)"
)
def faster_by_twice(positions, C):
    angles = hands(positions, C, slower=-4)
    return sure(by_pairs(np.sin(angles), np.cos(angles)), angles, side_by_side=True)


@waves_at.mistake(
    "all sines stand first and all cosines after them, and each next hand turns faster: wanted each sine beside its "
    "cosine, and positions times speeds, not divided by them"
)
def sines_first_and_faster(positions, C):
    angles = hands(positions, C, slower=-2)
    return sure(np.concatenate([np.sin(angles), np.cos(angles)], axis=1), angles)


@waves_at.mistake("every channel is a cosine: wanted the sine of the same angle in the even channels")
def cosines_alone(positions, C):
    angles = hands(positions, C)
    return by_pairs(np.cos(angles), np.cos(angles))


@waves_at.mistake("the angles themselves came out: wanted their sines and cosines")
def angles_alone(positions, C):
    angles = hands(positions, C)
    return by_pairs(angles, angles)
