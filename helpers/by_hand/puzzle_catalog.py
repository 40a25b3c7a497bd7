"""The puzzles of the course: what is asked, the words and the numbers at first, and how well a head does it."""

from dataclasses import dataclass

import numpy as np

from helpers.attention.averages import masked_softmax
from helpers.attention.cross import cross_attention
from helpers.attention.heads import head, separate_heads


@dataclass
class Puzzle:
    """A task for a head.

    notebook: its number, "04". goal: what is asked, in a sentence. tokens: its words, or those of each axis. start: the
    matrices that may be changed, as they stand at first. build: from these matrices, by name, to a Trace with
    ``weights``. shares: from weights, (T, S) or (n, T, S), to how well each row does what is asked, from 0 to 1.
    x: what a head gets beside them, and source, where keys and values come from elsewhere.
    """

    notebook: str
    goal: str
    tokens: list | dict
    start: dict
    build: object
    shares: object
    x: object = None
    source: object = None

    def score(self, weights):
        """How well the worst row does, from 0 to 1: the puzzle is solved where every row does it."""
        return float(np.min(self.shares(weights)))


def on(targets):
    """Shares of the weight that each row puts on certain places: ``{2: [0, 1]}`` is row 2, looking at 0 or 1 or
    both.
    """

    def shares(weights):
        return np.array([weights[t, places].sum() for t, places in targets.items()])

    return shares


def alike(weights):
    """How close each row is to the plain average of its past: 1 where all that it may see counts the same."""
    T = len(weights)
    wanted = np.tril(np.ones((T, T))) / np.arange(1, T + 1)[:, None]  # (T, T)
    return 1 - abs(weights - wanted).sum(axis=1) / 2  # (T, T) -> (T,)


BY_HAND = ["the", "cat", "sat", "down"]
AGAIN = ["cat", "dog", "cat", "dog", "dog"]
# What a token knows of its place: a clock hand that turns a quarter at each step, and a 1.
CLOCK = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [-1.0, 0.0, 1.0], [0.0, -1.0, 1.0]])  # (T=4, C=3)
# What a token knows: is it the first, a noun, a verb; and a 1 that all have.
MARKS = np.array([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0]])  # (T=4, C=4)
TRANSLATED = {"t": ["le", "chat", "rouge"], "s": ["the", "red", "cat", "sleeps"]}
PAIR = np.eye(3, 2)  # (C=3, head_size=2)
LONE = np.array([[1.0], [0.5], [0.0], [-1.0]])  # (C=4, head_size=1)

PUZZLES = {
    "average_all": Puzzle(
        "04",
        "Change the scores so that every token averages itself and all tokens before it, each counting the same.",
        BY_HAND,
        {"scores": np.array([[0, 0, 0, 0], [2, 0, 0, 0], [0, 1, -1, 0], [1, 0, 2, -1]], float)},
        lambda scores: masked_softmax(scores, CLOCK[:, :2], tokens=BY_HAND),
        alike,
    ),
    "previous_by_scores": Puzzle(
        "04",
        "Change the scores so that every token from the second on looks at the token before it.",
        BY_HAND,
        {"scores": np.zeros((4, 4))},
        lambda scores: masked_softmax(scores, CLOCK[:, :2], tokens=BY_HAND),
        on({1: [0], 2: [1], 3: [2]}),
    ),
    "same_word": Puzzle(
        "05",
        "The columns of x are the words: cat, dog, and a third that no token has. Make every token look at "
        "its own word alone, "
        "wherever it has stood so far.",
        AGAIN,
        {"Wq": 0 * PAIR, "Wk": 0 * PAIR, "Wv": PAIR},
        lambda **learned: head(np.eye(3)[[0, 1, 0, 1, 1]], **learned, scale=False, tokens=AGAIN),
        on({t: [s for s in range(t + 1) if AGAIN[s] == AGAIN[t]] for t in range(5)}),
        x=np.eye(3)[[0, 1, 0, 1, 1]],
    ),
    "first_token": Puzzle(
        "07",
        "The columns of x say: I am the first, I am a noun, I am a verb, and 1 for all. Make every token "
        "look at the first.",
        BY_HAND,
        {"Wq": LONE, "Wk": -LONE, "Wv": LONE},
        lambda **learned: head(MARKS, **learned, tokens=BY_HAND),
        on({t: [0] for t in range(4)}),
        x=MARKS,
    ),
    "previous_by_place": Puzzle(
        "07",
        "The first two columns of x are the hand of a clock, which turns a quarter at each token; the "
        "third is 1 for all. "
        "Make every token from the second on look at the token before it.",
        BY_HAND,
        {"Wq": PAIR, "Wk": PAIR, "Wv": PAIR},
        lambda **learned: head(CLOCK, **learned, tokens=BY_HAND),
        on({1: [0], 2: [1], 3: [2]}),
        x=CLOCK,
    ),
    "two_jobs": Puzzle(
        "09",
        "The columns of x say: I am the first, I am a noun, I am a verb, and 1 for all. Two heads, two "
        "jobs: make head 0 look at the "
        "first token, and head 1, from the second token on, at the noun.",
        BY_HAND,
        {"Wq": np.zeros((2, 4, 2)), "Wk": np.zeros((2, 4, 2)), "Wv": np.tile(np.eye(4, 2), (2, 1, 1))},
        lambda **learned: separate_heads(MARKS, **learned, tokens=BY_HAND),
        lambda weights: np.concatenate([weights[0, :, 0], weights[1, 1:, 1]]),
        x=MARKS,
    ),
    "other_order": Puzzle(
        "14",
        "The columns of x say: an article, a noun, an adjective. Those of source say: an article, an adjective, a "
        "noun, a verb. Now each word looks at the one that stands in its place. Make it look at the one that it "
        "translates.",
        TRANSLATED,
        {"Wq": 3 * np.eye(3), "Wk": 3 * np.eye(4, 3), "Wv": np.eye(4, 3)},
        lambda **learned: cross_attention(np.eye(3), np.eye(4), **learned, tokens=TRANSLATED),
        on({0: [0], 1: [2], 2: [1]}),
        x=np.eye(3),
        source=np.eye(4),
    ),
}
