"""Inputs to try things on: reproducible numbers of any size, with words of a real sentence."""

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from helpers.inputs.texts import words
from helpers.look.given import whole_number

LARGEST = 128
SHAPES = {  # the sizes that decide the shape of what an example holds; a batch of x has B before them
    "x": ("T", "C"),
    "Wq": ("C", "head_size"),
    "Wk": ("C", "head_size"),
    "Wv": ("C", "head_size"),
    "scores": ("T", "T"),
    "v": ("T", "head_size"),
    "tokens": ("T",),
}
PAPER = 8  # the most tokens, channels or head_size that anybody works out by hand
LEVELS = {1: (2, 1), 2: (2, 2), 3: (3, 2)}  # level: (largest number, 1 for whole numbers or 2 for halves as well)
SHEETS, ROUNDS = 32, 100  # so many sheets of numbers are tried at once, and so often
SMALL = 3  # a scaled score no larger than this leaves every weight something to show


class Example(NamedTuple):
    """What an example holds.

    tokens: T words; x: (T, C) or (B, T, C); Wq, Wk, Wv: (C, h); scores: (T, T); v: (T, h); Wo: (h, C)
    """

    tokens: list
    x: np.ndarray
    Wq: np.ndarray
    Wk: np.ndarray
    Wv: np.ndarray
    scores: np.ndarray
    v: np.ndarray
    Wo: np.ndarray


def example(T=4, C=3, head_size=None, B=None, seed=0):
    """Reproducible inputs for a head: the same seed gives the same numbers on every machine.

    T: tokens, 1 to 128. C: channels, 1 to 128. head_size: C / 2 rounded up if left out. B: sequences
    in a batch, no batch axis if left out. Numbers have one decimal, so that products can be checked
    by hand; a larger T keeps the rows that were there. Raises ValueError for sizes or a seed out of range.

    >>> example(T=2, C=3).x.shape, example(T=2, C=3).tokens
    ((2, 3), ['the', 'cat'])
    """
    T, C, seed = whole_number("T", T, 1, LARGEST), whole_number("C", C, 1, LARGEST), whole_number("seed", seed, 0)
    head_size = (C + 1) // 2 if head_size is None else whole_number("head_size", head_size, 1, LARGEST)
    B = None if B is None else whole_number("B", B, 1, LARGEST)
    _, q, k, v, scores, value, output = tables(seed)
    x = np.stack([tables(seed, b)[0][:T, :C] for b in range(B or 1)])  # B times (T, C) -> (B, T, C)
    x = x[0] if B is None else x
    # W shrinks with the root of C, so that q, k and v are about as large whatever C is.
    Wq, Wk, Wv = (np.round(table[:C, :head_size] * 1.5 / C**0.5, 1) + 0.0 for table in (q, k, v))  # (C, h)
    Wo = np.round(output[:head_size, :C] * 1.5 / head_size**0.5, 1) + 0.0  # (h, C)
    return Example(words(T), x, Wq, Wk, Wv, scores[:T, :T].copy(), value[:T, :head_size].copy(), Wo)


@lru_cache(maxsize=64)
def tables(seed, b=0):
    """Tables of normal numbers with one decimal, (128, 128) each; every example is a corner of them. There are seven,
    but of a further sequence of a batch one alone, its x.
    """
    drawn = np.random.default_rng([seed, b]).standard_normal((1 if b else 7, LARGEST, LARGEST))
    drawn = np.round(drawn, 1) + 0.0  # + 0.0 turns -0.0 into 0.0
    drawn.flags.writeable = False
    return drawn


class ByHand(NamedTuple):
    """What ``by_hand`` gives.

    tokens: T words; x: (T, C); Wq, Wk, Wv: (C, h); Wo: (h, C)
    """

    tokens: list
    x: np.ndarray
    Wq: np.ndarray
    Wk: np.ndarray
    Wv: np.ndarray
    Wo: np.ndarray


def by_hand(T=2, C=3, head_size=4, seed=0, level=1):
    """Inputs for a head to work out with a pencil: the same seed gives the same numbers on every machine.

    T, C, head_size: from 1 to 8; head_size 4 makes the scale 1/2. level: 1 for whole numbers from -2 to
    2, 2 for halves as well, 3 for halves from -3 to 3. Scaled scores lie between -3 and 3 and none is 0,
    the weights in a row differ, no row or column is all 0, no two rows or columns of x are alike, nor
    any two of q, k and v. Sizes that cannot have all of that come close. Raises ValueError for a size,
    seed or level out of range.

    >>> by_hand().x.tolist(), by_hand().tokens
    ([[-1.0, 0.0, 1.0], [-1.0, -2.0, 0.0]], ['the', 'cat'])
    """
    sizes = {"T": T, "C": C, "head_size": head_size}
    T, C, head_size = (whole_number(name, size, 1, PAPER) for name, size in sizes.items())
    level, seed = whole_number("level", level, 1, max(LEVELS)), whole_number("seed", seed, 0)
    return ByHand(words(T), *(matrix.copy() for matrix in searched(T, C, head_size, seed, level)))


@lru_cache(maxsize=1024)
def searched(T, C, head_size, seed, level):
    """The matrices of ``by_hand``, which take a search: a slider comes back to the same sizes."""
    shapes = [(T, C), *[(C, head_size)] * 3, (head_size, C)]  # of x, Wq, Wk, Wv and Wo
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    rng = np.random.default_rng([seed, level, T, C, head_size])
    best, fewest = None, np.inf
    for _ in range(ROUNDS):
        sheets = drawn(rng, ends[-1], *LEVELS[level])
        if best is not None:  # the best sheet so far, with one or two of its numbers drawn anew
            sheets = np.where(rng.random(sheets.shape) < 1.5 / ends[-1], sheets, best)
        parts = np.split(sheets, ends[:-1], axis=1)
        parts = [part.reshape(SHEETS, *shape) for part, shape in zip(parts, shapes)]
        found = faults(*parts)
        least = found.argmin()
        if found[least] <= fewest:  # as good will do: it may lead on to a better one
            best, fewest, made = sheets[least], found[least], [part[least].copy() for part in parts]
        if fewest == 0:
            break
    return made


def drawn(rng, count, largest, parts):
    """Sheets of so many numbers, (SHEETS, count): one in eight is 0, the others are multiples of 1/parts up to the
    largest.
    """
    size = rng.integers(1, largest * parts + 1, (SHEETS, count)) / parts
    return size * rng.choice([-1, 1], size.shape) * (rng.random(size.shape) < 7 / 8) + 0.0  # + 0.0 turns -0.0 into 0.0


@cache
def pairs(count):
    """The places of the two of each pair among so many."""
    return np.triu_indices(count, 1)


def faults(x, Wq, Wk, Wv, Wo):
    """How far each sheet is from what ``by_hand`` promises, 0 where it keeps it all: (SHEETS,). x: (SHEETS, T, C),
    and so on.
    """
    W = np.stack([Wq, Wk, Wv])  # (3, SHEETS, C, h)
    q, k, v = x @ W  # (SHEETS, T, C) @ (3, SHEETS, C, h) -> (3, SHEETS, T, h)
    scaled = q @ k.swapaxes(1, 2) * q.shape[2] ** -0.5  # (SHEETS, T, h) @ (SHEETS, h, T) -> (SHEETS, T, T)
    empty = sum((matrix == 0).all(axis).sum(1) for matrix in (x, Wo) for axis in (1, 2))
    empty = empty + sum((W == 0).all(axis).sum((0, 2)) for axis in (2, 3))
    alike = sum((a == b).all((1, 2)) for a, b in [(q, k), (k, v), (v, q)])
    for rows in (x, x.swapaxes(1, 2))[: x.shape[1]]:  # of a single token, the columns may be alike
        one, other = pairs(rows.shape[1])
        alike = alike + (rows[:, one] == rows[:, other]).all(2).sum(1)
    even = sum((scaled[:, t, : t + 1] == scaled[:, t, :1]).all(1) for t in range(1, x.shape[1]))
    large = np.maximum(abs(scaled) - SMALL, 0).sum((1, 2))
    return 10 * (empty + alike + even) + large + (scaled == 0).sum((1, 2))
