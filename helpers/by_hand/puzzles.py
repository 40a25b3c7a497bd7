"""Puzzles: make the head do it. The numbers of some matrices are typed into the live diagram until the weights are as
wanted.

Importing this module imports neither torch nor matplotlib.
"""

from dataclasses import dataclass

import numpy as np

from helpers.attention.averages import masked_softmax
from helpers.attention.heads import head, separate_heads
from helpers.by_hand.typed_number import read
from helpers.check import progress
from helpers.diagram import Diagram
from helpers.live.pieces import Bar, Button, Text
from helpers.look.sentence import sentence
from helpers.look.style import cell_name

ENOUGH = 0.9  # a row of weights is right from this share on
LARGEST = 99  # the largest number that may be typed: beyond, the powers of e say nothing more
alive = {}  # by name: a cell that is run again shows the puzzle as it was left


@dataclass
class Puzzle:
    """A task for a head.

    notebook: its number, "04". goal: what is asked, in a sentence. tokens: its words. start: the matrices that may be
    changed, as they stand at first.
    build: from these matrices, by name, to a Trace with ``weights``. shares: from weights, (T, T) or (n, T, T), to how
    well
    each row does what is asked, from 0 to 1.
    """

    notebook: str
    goal: str
    tokens: list
    start: dict
    build: object
    shares: object

    def score(self, trace):
        """How well the worst row does, from 0 to 1: the puzzle is solved where every row does it."""
        return float(np.min(self.shares(trace["weights"].value)))


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
    ),
    "first_token": Puzzle(
        "07",
        "The columns of x say: I am the first, I am a noun, I am a verb, and 1 for all. Make every token "
        "look at the first.",
        BY_HAND,
        {"Wq": LONE, "Wk": -LONE, "Wv": LONE},
        lambda **learned: head(MARKS, **learned, tokens=BY_HAND),
        on({t: [0] for t in range(4)}),
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
    ),
}


def puzzle(name):
    """The puzzle of this name, live: move to a cell of a matrix that may be changed, type a number, press Enter.

    Run again, it shows what was typed so far. Raises ValueError for a name that no puzzle has.

    >>> puzzle("previous_by_scores")
    puzzle previous_by_scores: the worst row has 0.250 of 0.900
    """
    if name not in PUZZLES:
        raise ValueError(f"there is no puzzle {name!r}; there are {', '.join(PUZZLES)}.")
    if name not in alive:
        alive[name] = Board(name)
    return alive[name]


class Board(Diagram):
    """What ``puzzle`` returns: a Diagram of the ``matrices`` as they stand, and ``score`` from 0 to 1."""

    def __init__(self, name):
        self.name, self.puzzle = name, PUZZLES[name]
        self.matrices = {key: value.copy() for key, value in self.puzzle.start.items()}
        self.goal = Text("goal", [["b", "Puzzle."], ["", f" {self.puzzle.goal}"]])
        self.how = Text("how")
        self.how.say(
            f"You may change {listed(self.matrices)}: double-click a number, or go to it with the arrow keys; "
            "type another one and press Enter."
        )
        self.bar = Bar("bar", "The worst row")
        self.line = Text("line", role="status")
        self.start_again = Button("reset", "Reset", "The numbers as they were at first", self.reset)
        rows = [[self.goal], [self.how], [self.bar, self.line, self.start_again]]
        super().__init__(self.built(), pieces=rows, editable=list(self.matrices))
        self.observe(lambda change: self.type(**change.new), "typed")
        self.show()

    @property
    def diagram(self):
        """The diagram that is shown: this widget itself."""
        return self

    def built(self):
        """The Trace of the matrices as they stand."""
        return self.puzzle.build(**{name: value.copy() for name, value in self.matrices.items()})

    @property
    def score(self):
        """How well the worst row does what is asked, from 0 to 1."""
        return self.puzzle.score(self.trace)

    @property
    def solved(self):
        return self.score >= ENOUGH

    def type(self, name, index, text, count=0):
        """Put what was typed into a cell; what is no number becomes a sentence, and the cell stays as it was."""
        try:
            value = read(text).value
            if not np.isfinite(value) or abs(value) > LARGEST:
                raise ValueError(
                    f"{cell_name(name, index)} would be {text.strip()[:20]}; wanted a number from −{LARGEST} to "
                    f"{LARGEST}."
                )
            self.matrices[name][tuple(index)] = value
            self.show()
        except ValueError as error:
            self.error = sentence(error)

    def reset(self):
        """Put the numbers back that stood there at first."""
        self.matrices = {key: value.copy() for key, value in self.puzzle.start.items()}
        self.show()

    def show(self):
        """Bring everything on the page in line with the matrices."""
        with self.hold_sync():
            self.trace, self.error = self.built(), ""
            self.bar.amount, self.bar.done = self.score, self.solved
            self.line.runs = self.words()
        if self.solved:
            progress.note(self.name)

    def words(self):
        """The score in words, as the runs of a Text."""
        if self.solved:
            rest = f" Every row has {ENOUGH} or more where it should be; the worst one {self.score:.3f}."
            return [["b", "Solved."], ["", rest]]
        return [["", f"The worst row has {self.score:.3f} of {ENOUGH:.3f}."]]

    def __repr__(self):
        return f"puzzle {self.name}: " + (
            f"solved, {self.score:.3f}" if self.solved else f"the worst row has {self.score:.3f} of {ENOUGH:.3f}"
        )


def listed(names):
    """``Wq, Wk and Wv``"""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
