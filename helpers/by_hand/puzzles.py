"""Puzzles: make the head do it. The numbers of some matrices are typed into the live diagram until the weights are as
wanted.

Importing this module imports neither torch nor matplotlib.
"""

import numpy as np

from helpers.by_hand.own_puzzles import OwnHead
from helpers.by_hand.puzzle_catalog import PUZZLES
from helpers.by_hand.typed_number import read
from helpers.check import progress
from helpers.diagram import Diagram
from helpers.live.pieces import Bar, Button, Text
from helpers.look.sentence import sentence
from helpers.look.style import cell_name

ENOUGH = 0.9  # a row of weights is right from this share on
LARGEST = 99  # the largest number that may be typed: beyond, the powers of e say nothing more
alive = {}  # by name: a cell that is run again shows the puzzle as it was left


def puzzle(name, function=None):
    """The puzzle of this name, live: move to a cell of a matrix that may be changed, type a number, press Enter.

    function: a head of your own, of x, Wq, Wk and Wv, or of scores alone, as the puzzle has them; it is seen as it
    stands. Run again, it shows what was typed so far. Raises ValueError for a name that no puzzle has, and for a
    function that makes no weights of these.

    >>> puzzle("previous_by_scores")
    puzzle previous_by_scores: the worst row has 0.250 of 0.900
    >>> def shares(mine):
    ...     powers = np.exp(mine)
    ...     return powers / powers.sum(-1, keepdims=True)
    >>> puzzle("previous_by_scores", shares).names
    {'mine': 'scores'}
    """
    if not isinstance(name, str) or name not in PUZZLES:
        raise ValueError(f"there is no puzzle {name!r}; there are {', '.join(PUZZLES)}.")
    key, own = (name, function is not None), function and OwnHead(PUZZLES[name], function)
    if key not in alive:
        alive[key] = Board(name, own)
    elif own:
        alive[key].own = own  # the cell with the function was run again
        alive[key].show()
    return alive[key]


class Board(Diagram):
    """What ``puzzle`` returns: a Diagram of the ``matrices`` as they stand, and ``score`` from 0 to 1.

    own: the OwnHead that is asked in the place of the course's.
    """

    def __init__(self, name, own=None):
        self.name, self.puzzle, self.own = name, PUZZLES[name], own
        self.matrices = {key: value.copy() for key, value in self.puzzle.start.items()}
        self.goal = Text("goal", [["b", "Puzzle."], ["", f" {self.puzzle.goal}"]])
        self.how = Text("how")
        self.bar = Bar("bar", "The worst row")
        self.line = Text("line", role="status")
        self.start_again = Button("reset", "Reset", "The numbers as they were at first", self.reset)
        rows = [[self.goal], [self.how], [self.bar, self.line, self.start_again]]
        super().__init__(self.built(), pieces=rows)
        self.observe(lambda change: self.type(**change.new), "typed")
        self.show()

    @property
    def diagram(self):
        """The diagram that is shown: this widget itself."""
        return self

    @property
    def names(self):
        """What the matrices are called in the picture: a dictionary from these names to the puzzle's own."""
        return self.own.names if self.own else {name: name for name in self.matrices}

    def built(self):
        """The Trace of the matrices as they stand."""
        build = self.own.trace if self.own else self.puzzle.build
        return build(**{name: value.copy() for name, value in self.matrices.items()})

    @property
    def score(self):
        """How well the worst row does what is asked, from 0 to 1."""
        return self.puzzle.score(self.own.weights(self.trace) if self.own else self.trace["weights"].value)

    @property
    def solved(self):
        return self.score >= ENOUGH

    @property
    def is_solved_by_attention(self):
        """Do the matrices solve it in the course's head, too? A function of your own may have weights from anywhere."""
        return self.puzzle.score(self.puzzle.build(**self.matrices)["weights"].value) >= ENOUGH

    def type(self, name, index, text, count=0):
        """Put what was typed into a cell; what is no number becomes a sentence, and the cell stays as it was."""
        try:
            value = read(text).value
            if not np.isfinite(value) or abs(value) > LARGEST:
                raise ValueError(
                    f"{cell_name(name, index)} would be {text.strip()[:20]}; wanted a number from −{LARGEST} to "
                    f"{LARGEST}."
                )
            matrix, index = self.matrices[self.names[name]], tuple(index)
            before, matrix[index] = matrix[index], value
            try:
                self.show()
            except ValueError:  # a function of your own may take no such number
                matrix[index] = before
                raise
        except ValueError as error:
            self.error = sentence(error)

    def reset(self):
        """Put the numbers back that stood there at first."""
        self.matrices = {key: value.copy() for key, value in self.puzzle.start.items()}
        self.show()

    def show(self):
        """Bring everything on the page in line with the matrices."""
        with self.hold_sync():
            self.trace, self.error, self.editable = self.built(), "", list(self.names)
            self.how.say(
                f"You may change {listed(self.names)}: double-click a number, or go to it with the arrow keys; "
                "type another one and press Enter."
            )
            self.bar.amount, self.bar.done = self.score, self.solved
            self.line.runs = self.words()
        if self.solved and self.is_solved_by_attention:
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
