"""Who may look at whom, as matrices of True and False: True where a query (row) may look at a key (column).

That is how ``F.scaled_dot_product_attention`` reads a mask. ``dropped`` turns it into what ``nn.MultiheadAttention``
reads, ``added`` into numbers that are added to the scores.
"""

import numpy as np

from helpers.look.given import listed, told, whole_number
from helpers.trace.arrays import as_array


def causal(T, past=0):
    """Each token may look at itself and at what came before it: (T, past + T).

    T: queries. past: keys that stand before the first query, as those that a cache keeps. Raises ValueError for what is
    no size. Source: Vaswani and others, "Attention Is All You Need" (2017), section 3.2.3.

    >>> causal(3).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    T, past = whole_number("T", T, 1), whole_number("past", past, 0)
    return np.arange(past + T) <= np.arange(T)[:, None] + past


def window(T, width, sinks=0):
    """Each token may look at itself and at the ``width - 1`` tokens before it: (T, T).

    sinks: so many tokens at the beginning are seen by all that come after them. Raises ValueError for what is no size.
    Sources: Child and others, "Generating Long Sequences with Sparse Transformers" (2019), the local half of its
    pattern; Xiao and others, "Efficient Streaming Language Models with Attention Sinks" (2023).

    >>> window(4, 2).astype(int).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    >>> window(4, 2, sinks=1).astype(int).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 1, 1]]
    """
    width, sinks = whole_number("width", width, 1), whole_number("sinks", sinks, 0)
    s = np.arange(whole_number("T", T, 1))
    return causal(T) & ((s > s[:, None] - width) | (s < sinks))


def prefix(T, length):
    """The first ``length`` tokens may all look at each other; after them it is causal: (T, T).

    Raises ValueError for what is no size. Source: Raffel and others, "Exploring the Limits of Transfer Learning with a
    Unified Text-to-Text Transformer" (2020), section 3.2.1.

    >>> prefix(3, 2).astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [1, 1, 1]]
    """
    return causal(T) | (np.arange(T) < whole_number("length", length, 0, T))


def padding(lengths, S=None):
    """Which keys of each sequence are tokens, and no padding: (B, S).

    lengths: of the B sequences, which begin at 0. S: of the longest if left out. Raises ValueError for lengths that are
    no whole numbers, or beyond S.

    >>> padding([2, 3]).astype(int).tolist()
    [[1, 1, 0], [1, 1, 1]]
    """
    lengths = sizes("lengths", lengths, 0)
    S = max(lengths) if S is None else whole_number("S", S, 1)
    if max(lengths) > S:
        raise ValueError(f"lengths has a {max(lengths)}, but there are {S} places: S must be the longest, or more.")
    return np.arange(S) < np.array(lengths)[:, None]


def packed(lengths):
    """Texts of these lengths in one row, one after the other: each token may look at its own text, (T, T).

    With ``& causal(T)`` it may look at the past of its own text. Raises ValueError for lengths that are no whole
    numbers from 1 up. Source: Krell and others, "Efficient Sequence Packing without Cross-contamination" (2021).

    >>> packed([2, 1]).astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    """
    text = np.repeat(np.arange(len(sizes("lengths", lengths, 1))), lengths)
    return text == text[:, None]


def packed_positions(lengths):
    """Where each token stands in its own text: ``packed_positions([2, 3]).tolist() == [0, 1, 0, 1, 2]``."""
    return np.concatenate([np.arange(length) for length in sizes("lengths", lengths, 1)])


def dropped(allowed):
    """The same mask for ``nn.MultiheadAttention``, where True is a pair that does not count.

    It is its own way back: ``dropped(dropped(allowed))`` is allowed.

    >>> dropped(causal(2)).tolist()
    [[False, True], [False, False]]
    """
    return ~true_or_false("allowed", allowed)


def added(allowed):
    """The same mask as numbers to add to the scores: 0 where one may look, -inf where not. ``added(allowed) == 0`` is
    the way back.

    >>> added(causal(2)).tolist()
    [[0.0, -inf], [0.0, 0.0]]
    """
    return np.where(true_or_false("allowed", allowed), 0.0, -np.inf)


def true_or_false(name, value):
    """The value as an array of bool; raises ValueError where it holds anything but True, False, 1 and 0."""
    value = as_array(name, value)
    odd = value[~np.isin(value, (0, 1))]
    if odd.size:
        hint = " One of 0 and -inf is a mask to add: allowed = added == 0." if odd[0] == -np.inf else ""
        raise ValueError(f"{name} holds {odd[0]}; wanted True where one may look, False where not.{hint}")
    return value.astype(bool)


def sizes(name, lengths, least):
    """Some whole numbers as a list; raises ValueError where they are none."""
    found = listed(lengths)
    if not found:
        raise ValueError(f"{name} is {told(lengths)}; wanted a list of whole numbers, as in [2, 3].")
    return [whole_number(f"{name}[{i}]", one, least) for i, one in enumerate(found)]
