"""Exercises of notebook 10: order."""

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


def even_channels(rng, sizes):
    sizes["C"] += sizes["C"] % 2
    return places(rng, sizes) | {"C": sizes["C"]}


def even_head_size(rng, sizes):
    sizes["h"] += sizes["h"] % 2
    return places(rng, sizes)


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


@waves_at.mistake("the exponent is -i / C, wanted -2i / C: the hands do not get slow enough")
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
