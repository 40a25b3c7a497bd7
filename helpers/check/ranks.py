"""Exercises of notebook 18: who holds what, how a sum goes round, and what one rank adds to it."""

import math

import numpy as np

from helpers.check.exercise import evened, exercise, numbers
from helpers.check.wrong_heads import soft


def equal_pieces(rng, sizes):
    """A text that two pieces for each rank divide."""
    sizes["ranks"] = int(rng.integers(1, 5))
    sizes["T"] = 2 * sizes["ranks"] * int(rng.integers(1, 4))
    return {"T": sizes["T"], "ranks": sizes["ranks"]}


@exercise("18", asks="T:, ranks:", gives="holders: T", draw=equal_pieces)
def zigzag_ranks(T, ranks):
    """Rank r holds piece r from the front and piece r from the back, of 2 · ranks pieces."""
    size, holders = T // (2 * ranks), [-1] * T
    for rank in range(ranks):
        for i in range(size):
            holders[rank * size + i] = rank
            holders[T - 1 - rank * size - i] = rank
    return np.array(holders)


def pieces_of(T, pieces):
    """The piece of each row: (T,)."""
    return np.arange(T) // max(T // pieces, 1)


@zigzag_ranks.mistake("the rows are contiguous: each rank holds one run of them, wanted an early piece and a late one")
def one_run(T, ranks):
    return pieces_of(T, ranks)


@zigzag_ranks.mistake("the rows are dealt out like cards, which is striped: wanted pieces of rows that stand together")
def like_cards(T, ranks):
    return np.arange(T) % ranks


@zigzag_ranks.mistake(
    "the pieces are dealt out in turn, rank 0 to the last and rank 0 again: wanted the second half turned round"
)
def in_turn(T, ranks):
    return pieces_of(T, 2 * ranks) % ranks


@zigzag_ranks.mistake("each row has the number of its piece: the pieces of the second half belong to a rank as well")
def number_of_the_piece(T, ranks):
    return pieces_of(T, 2 * ranks)


@zigzag_ranks.mistake(
    "the ranks are turned round: the first piece and the last belong to rank 0, those in the middle to the last rank"
)
def from_the_middle(T, ranks):
    piece = pieces_of(T, 2 * ranks)
    return ranks - 1 - np.minimum(piece, 2 * ranks - 1 - piece)


@zigzag_ranks.mistake(
    "single rows go back and forth, 0 to the last rank and back: wanted whole pieces, of T / (2 · ranks) rows"
)
def single_rows(T, ranks):
    place = np.arange(T) % (2 * ranks)
    return np.minimum(place, 2 * ranks - 1 - place)


@zigzag_ranks.mistake("pieces from the back are counted from 2 · ranks: the last one has the number 2 · ranks - 1")
def one_too_far(T, ranks):
    piece = pieces_of(T, 2 * ranks)
    return np.minimum(piece, 2 * ranks - piece)


@zigzag_ranks.mistake("the ranks are counted from 1, wanted from 0")
def counted_from_one(T, ranks):
    return zigzag_ranks.oracle(T, ranks) + 1


def some_ranks(rng, sizes):
    """From two to four ranks, and a step of the ring."""
    sizes["N"] = int(rng.integers(2, 5))
    return {"step": int(rng.integers(0, 4))}


@exercise("18", asks="pieces: N N h, step:", gives="after: N N h", draw=some_ranks)
def pass_and_add(pieces, step):
    """Rank r sends its piece r - step to rank r + 1, which adds it to its own."""
    N, _, h = pieces.shape
    after = np.zeros((N, N, h))
    for r in range(N):
        for i in range(N):
            comes = (r - 1 - step) % N == i  # rank r - 1 sends it
            for c in range(h):
                after[r, i, c] = pieces[r, i, c] + (pieces[(r - 1) % N, i, c] if comes else 0)
    return after


def passed(pieces, which, to=1, add=True, at=None):
    """What the ranks hold after each has sent piece ``which(rank)``, of those before the step."""
    after, N = pieces.copy(), len(pieces)
    for rank in range(N):
        i = which(rank) % N
        there = (rank + to) % N, (i if at is None else at(rank) % N)
        after[there] = pieces[rank, i] + (after[there] if add else 0)
    return after


@pass_and_add.mistake("the piece that came took the place of the rank's own: wanted added to it")
def replaced(pieces, step):
    return passed(pieces, lambda rank: rank - step, add=False)


@pass_and_add.mistake("each rank sends to the one before: wanted to the next, rank + 1")
def backward(pieces, step):
    return passed(pieces, lambda rank: rank - step, to=-1)


@pass_and_add.mistake("rank r sends piece r + step, wanted r - step: what it got in the last step is what goes on")
def other_way(pieces, step):
    return passed(pieces, lambda rank: rank + step)


@pass_and_add.mistake("each rank sends its piece r in every step: wanted r - step")
def always_its_own(pieces, step):
    return passed(pieces, lambda rank: rank)


@pass_and_add.mistake("every rank sends the piece with the number of the step: wanted r - step, another one for each")
def piece_of_the_step(pieces, step):
    return passed(pieces, lambda rank: step)


@pass_and_add.mistake("rank r sends piece r - step + 1, one too far")
def one_piece_late(pieces, step):
    return passed(pieces, lambda rank: rank - step + 1)


@pass_and_add.mistake("the piece is added to another one: wanted to the piece with the same number")
def to_another_piece(pieces, step):
    return passed(pieces, lambda rank: rank - step, at=lambda rank: rank + 1)


@pass_and_add.mistake("the piece is taken away from the rank that sends it: wanted a copy sent, it keeps its own")
def moved(pieces, step):
    after, N = passed(pieces, lambda rank: rank - step), len(pieces)
    for rank in range(N):
        after[rank, (rank - step) % N] = 0
    return after


@pass_and_add.mistake("the sum is kept by the rank that sends: wanted by the next one, which gets the piece")
def kept_by_the_sender(pieces, step):
    after, N = pieces.copy(), len(pieces)
    for rank in range(N):
        after[rank, (rank - step) % N] += pieces[(rank + 1) % N, (rank - step) % N]
    return after


@pass_and_add.mistake(
    "the steps before are done once more: `pieces` is what the ranks hold after them, wanted one step"
)
def all_steps(pieces, step):
    for j in range(step + 1):
        pieces = passed(pieces, lambda rank, j=j: rank - j)
    return pieces


@pass_and_add.mistake("all pieces are added: wanted one piece of each rank, as the others travel in other steps")
def all_pieces(pieces, step):
    return pieces + np.roll(pieces, 1, axis=0)


@pass_and_add.mistake("everybody holds the whole sum already: wanted what one step does")
def summed(pieces, step):
    return np.repeat(pieces.sum(0, keepdims=True), len(pieces), axis=0)


def heads_for_ranks(rng, sizes):
    """Heads that divide evenly over the ranks, and one rank of them."""
    ranks = int(rng.integers(1, 4))
    sizes["n"] = ranks * int(rng.integers(1, 3))
    sizes["C"] = sizes["n"] * sizes["h"]
    shape = sizes["C"], sizes["C"]
    matrices = {name: numbers(rng, shape, evened(name, sizes)) for name in ("Wq", "Wk", "Wv", "Wo")}
    return {**matrices, "heads": sizes["n"], "ranks": ranks, "rank": int(rng.integers(ranks))}


@exercise(
    "18",
    asks="x: B T C, Wq: C C, Wk: C C, Wv: C C, Wo: C C, heads:, ranks:, rank:",
    gives="part: B T C",
    draw=heads_for_ranks,
    causal=True,
)
def part_of_rank(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    """Head by head, those of this rank: what it finds, times its own rows of Wo."""
    B, T, C = x.shape
    h, part = C // heads, np.zeros((B, T, C))
    for head in range(rank * heads // ranks, (rank + 1) * heads // ranks):
        columns = range(head * h, (head + 1) * h)
        for b in range(B):
            q, k, v = ([[float(x[b, t] @ W[:, c]) for c in columns] for t in range(T)] for W in (Wq, Wk, Wv))
            for t in range(T):
                scores = [sum(q[t][i] * k[s][i] for i in range(h)) / math.sqrt(h) for s in range(t + 1)]
                powers = [math.exp(score - max(scores)) for score in scores]
                for i, c in enumerate(columns):
                    found = sum(power * v[s][i] for s, power in enumerate(powers)) / sum(powers)
                    part[b, t] += found * Wo[c]
    return part


def the_part(x, Wq, Wk, Wv, Wo, heads, ranks, rank, *, own=None, rows=None, scale=None, n=None, causal=True):
    """What a rank finds, (B, T, C), with the columns ``own`` and the rows ``rows`` of Wo."""
    B, T, C = x.shape
    width = C // ranks
    own = slice(rank * width, (rank + 1) * width) if own is None else own
    n = n or heads // ranks
    q, k, v = ((x @ W[:, own]).reshape(B, T, n, -1).swapaxes(1, 2) for W in (Wq, Wk, Wv))
    scores = q @ k.swapaxes(-2, -1) * (q.shape[-1] ** -0.5 if scale is None else scale)
    scores = np.where(np.tri(T, dtype=bool), scores, -np.inf) if causal else scores
    out = (soft(scores) @ v).swapaxes(1, 2).reshape(B, T, -1)
    return out @ (Wo[own] if rows is None else rows(Wo, own))


@part_of_rank.mistake("all heads are computed and all rows of Wo used: every rank gives the whole sum, wanted its part")
def whole_sum(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    return the_part(x, Wq, Wk, Wv, Wo, heads, 1, 0)


@part_of_rank.mistake("the whole sum is divided by the number of ranks: wanted what the heads of this rank give")
def shared_out(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    return the_part(x, Wq, Wk, Wv, Wo, heads, 1, 0) / ranks


@part_of_rank.mistake(
    "Wo gives its first rows to every rank: wanted the rows with the same numbers as the columns of Wq, Wk and Wv"
)
def first_rows(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    return the_part(x, Wq, Wk, Wv, Wo, heads, ranks, rank, rows=lambda Wo, own: Wo[: own.stop - own.start])


@part_of_rank.mistake("every rank takes the first heads: wanted those from rank · heads / ranks on")
def first_heads(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    return the_part(x, Wq, Wk, Wv, Wo, heads, ranks, 0)


@part_of_rank.mistake("the ranks are counted from the back: rank 0 has the first heads")
def last_first(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    return the_part(x, Wq, Wk, Wv, Wo, heads, ranks, ranks - 1 - rank)


@part_of_rank.mistake("the heads are dealt out in turn, rank, rank + ranks, …: wanted heads that stand side by side")
def heads_in_turn(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    h = x.shape[-1] // heads
    own = np.concatenate([np.arange(head * h, (head + 1) * h) for head in range(rank, heads, ranks)])
    return the_part(x, Wq, Wk, Wv, Wo, heads, ranks, rank, own=own)


@part_of_rank.mistake("Wo is cut by its columns and turned: wanted its rows, `Wo[own]`")
def columns_of_Wo(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    return the_part(x, Wq, Wk, Wv, Wo, heads, ranks, rank, rows=lambda Wo, own: Wo[:, own].T)


@part_of_rank.mistake(
    "the scores are divided by the root of all columns of the rank: wanted that of head_size, C / heads, as ever"
)
def root_of_the_width(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    return the_part(x, Wq, Wk, Wv, Wo, heads, ranks, rank, scale=(x.shape[-1] // ranks) ** -0.5)


@part_of_rank.mistake("the columns of the rank are one wide head: wanted heads / ranks heads of head_size C / heads")
def one_wide_head(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    return the_part(x, Wq, Wk, Wv, Wo, heads, ranks, rank, n=1)


@part_of_rank.mistake("each rank has one head: wanted heads / ranks of them")
def one_head_each(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    return the_part(x, Wq, Wk, Wv, Wo, heads, heads, rank)


@part_of_rank.mistake("the axes of heads and tokens were not exchanged, so heads look at heads: wanted (B, n, T, h)")
def heads_look_at_heads(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    B, T, C = x.shape
    own = slice(rank * C // ranks, (rank + 1) * C // ranks)
    q, k, v = ((x @ W[:, own]).reshape(B, T, heads // ranks, -1) for W in (Wq, Wk, Wv))
    scores = q @ k.swapaxes(-2, -1) * q.shape[-1] ** -0.5
    weights = soft(np.where(np.tri(heads // ranks, dtype=bool), scores, -np.inf))
    return (weights @ v).reshape(B, T, -1) @ Wo[own]


@part_of_rank.mistake("it is what the heads have found, before Wo: wanted that times the rank's rows of Wo")
def before_Wo(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    return the_part(x, Wq, Wk, Wv, Wo, heads, ranks, rank, rows=lambda Wo, own: np.eye(len(Wo))[own])


@part_of_rank.mistake("the future is not hidden: wanted causal, each token sees itself and its past")
def not_hidden(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    return the_part(x, Wq, Wk, Wv, Wo, heads, ranks, rank, causal=False)


@part_of_rank.mistake("the scores are not divided by the root of head_size")
def not_scaled(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    return the_part(x, Wq, Wk, Wv, Wo, heads, ranks, rank, scale=1.0)
