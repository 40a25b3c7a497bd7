"""Inputs to try things on: reproducible numbers of any size, with words of a real sentence."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from helpers.text import words

LARGEST = 128


class Example(NamedTuple):
    """What an example holds.

    tokens: T words; x: (T, C) or (B, T, C); Wq, Wk, Wv: (C, h); scores: (T, T); v: (T, h)
    """

    tokens: list
    x: np.ndarray
    Wq: np.ndarray
    Wk: np.ndarray
    Wv: np.ndarray
    scores: np.ndarray
    v: np.ndarray


def example(T=4, C=3, head_size=None, B=None, seed=0):
    """Reproducible inputs for a head: the same seed gives the same numbers on every machine.

    T: tokens, 1 to 128. C: channels, 1 to 128. head_size: C / 2 rounded up if left out. B: sequences
    in a batch, no batch axis if left out. Numbers have one decimal, so that products can be checked
    by hand; a larger T keeps the rows that were there. Raises ValueError for sizes out of range.

    >>> example(T=2, C=3).x.shape, example(T=2, C=3).tokens
    ((2, 3), ['the', 'cat'])
    """
    for name, size in [("T", T), ("C", C), ("head_size", 1 if head_size is None else head_size), ("B", 1 if B is None else B)]:
        if not (hasattr(size, "__index__") and 1 <= size <= LARGEST):
            raise ValueError(f"{name} is {size!r}; wanted a whole number from 1 to {LARGEST}.")
    head_size = (C + 1) // 2 if head_size is None else head_size
    _, q, k, v, scores, value = tables(seed)
    x = np.stack([tables(seed, b)[0][:T, :C] for b in range(B or 1)])  # B times (T, C) -> (B, T, C)
    x = x[0] if B is None else x
    # W shrinks with the root of C, so that q, k and v are about as large whatever C is.
    Wq, Wk, Wv = (np.round(table[:C, :head_size] * 1.5 / C**0.5, 1) + 0.0 for table in (q, k, v))  # (C, h)
    return Example(words(T), x, Wq, Wk, Wv, scores[:T, :T].copy(), value[:T, :head_size].copy())


@lru_cache(maxsize=64)
def tables(seed, b=0):
    """Six (128, 128) tables of normal numbers with one decimal; every example is a corner of them."""
    drawn = np.random.default_rng([seed, b]).standard_normal((6, LARGEST, LARGEST))
    drawn = np.round(drawn, 1) + 0.0  # + 0.0 turns -0.0 into 0.0
    drawn.flags.writeable = False
    return drawn
