"""Which rows of a text each rank holds, and how much work the causal mask leaves to it."""

import numpy as np

from helpers.look.given import told, whole_number


def contiguous(T, ranks):
    """Each rank has one run of rows: ``contiguous(6, 2)`` is rows 0 to 2 and rows 3 to 5.

    >>> [rows.tolist() for rows in contiguous(5, 2)]
    [[0, 1, 2], [3, 4]]
    """
    return np.array_split(np.arange(T), ranks)


def striped(T, ranks):
    """Rows are dealt out like cards: rank r has r, r + ranks, r + 2 · ranks, … (Brandon and others 2023).

    >>> [rows.tolist() for rows in striped(5, 2)]
    [[0, 2, 4], [1, 3]]
    """
    return [np.arange(rank, T, ranks) for rank in range(ranks)]


def zigzag(T, ranks):
    """The text is cut into twice as many pieces; rank r has piece r from the front, and piece r from the back.

    So each has an early piece, which looks at little, and a late one, which looks at much (the context parallelism of
    Llama 3, Grattafiori and others 2024).

    >>> [rows.tolist() for rows in zigzag(8, 2)]
    [[0, 1, 6, 7], [2, 3, 4, 5]]
    """
    pieces = np.array_split(np.arange(T), 2 * ranks)
    return [np.concatenate([pieces[rank], pieces[2 * ranks - 1 - rank]]) for rank in range(ranks)]


LAYOUTS = {"contiguous": contiguous, "zigzag": zigzag, "striped": striped}


def rows_of(T, ranks, layout="contiguous"):
    """The rows that each rank holds, as a list of arrays; a rank may be left without any.

    layout: "contiguous", "zigzag" or "striped". Raises ValueError for another one, and for sizes below 1.
    """
    T, ranks = whole_number("T", T, 1), whole_number("ranks", ranks, 1)
    if layout not in LAYOUTS:
        raise ValueError(f"layout is {told(layout)}; wanted one of {', '.join(LAYOUTS)}.")
    return LAYOUTS[layout](T, ranks)


def work(T, ranks, layout="contiguous"):
    """How many scores each rank computes in each step of the ring: (ranks, steps).

    In step j, rank r holds the keys of rank r - j. A score counts where the key stands no later than the query. (Code
    that works in whole blocks saves a little less than this.)

    >>> work(8, 2).tolist(), work(8, 2, "zigzag").tolist()
    ([[10, 0], [10, 16]], [[10, 8], [10, 8]])
    """
    rows = rows_of(T, ranks, layout)
    pairs = [[int((q[:, None] >= k[None, :]).sum()) for k in rows] for q in rows]  # (ranks, ranks)
    return np.array([[pairs[rank][(rank - step) % ranks] for step in range(ranks)] for rank in range(ranks)])
