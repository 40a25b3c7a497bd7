"""Puzzles: make the head do it. The numbers of some matrices are typed into the live diagram until the weights are as
wanted.

Importing this module imports neither torch nor matplotlib.
"""

from html import escape

import ipywidgets as widgets
import numpy as np

from helpers.by_hand.own_puzzles import OwnHead
from helpers.by_hand.puzzle_catalog import PUZZLES
from helpers.by_hand.typed_number import read
from helpers.check import progress
from helpers.diagram import Diagram
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
    if key not in alive or alive[key].comm is None:  # never made, or closed since
        alive[key] = Board(name, own)
    elif own:
        alive[key].own = own  # the cell with the function was run again
        alive[key].show()
    return alive[key]


class Board(widgets.VBox):
    """What ``puzzle`` returns: the ``matrices`` as they stand, the ``diagram``, and ``score`` from 0 to 1.

    own: the OwnHead that is asked in the place of the course's.
    """

    def __init__(self, name, own=None):
        self.name, self.puzzle, self.own = name, PUZZLES[name], own
        self.matrices = {key: value.copy() for key, value in self.puzzle.start.items()}
        self.goal = widgets.HTML()
        self.bar = widgets.FloatProgress(min=0, max=1, layout={"width": "260px"})
        self.line = widgets.HTML(layout={"min_height": "28px"})
        self.start_again = widgets.Button(
            description="Reset", tooltip="The numbers as they were at first", layout={"width": "auto"}
        )
        self.start_again.on_click(lambda _: self.reset())
        self.diagram = Diagram(self.trace)
        self.diagram.observe(lambda change: self.type(**change.new), "typed")
        super().__init__(
            [
                self.goal,
                widgets.HBox(
                    [self.bar, self.line, self.start_again],
                    layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "2px 14px"},
                ),
                self.diagram,
            ]
        )
        self.show()

    @property
    def names(self):
        """What the matrices are called in the picture: a dictionary from these names to the puzzle's own."""
        return self.own.names if self.own else {name: name for name in self.matrices}

    @property
    def trace(self):
        """The Trace of the matrices as they stand."""
        build = self.own.trace if self.own else self.puzzle.build
        return build(**{name: value.copy() for name, value in self.matrices.items()})

    @property
    def score(self):
        """How well the worst row does what is asked, from 0 to 1."""
        trace = self.trace
        return self.puzzle.score(self.own.weights(trace) if self.own else trace["weights"].value)

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
            self.diagram.error = sentence(error)

    def reset(self):
        """Put the numbers back that stood there at first."""
        self.matrices = {key: value.copy() for key, value in self.puzzle.start.items()}
        self.show()

    def show(self):
        """Bring everything on the page in line with the matrices."""
        self.goal.value = (
            f"<div><b>Puzzle.</b> {escape(self.puzzle.goal)}<br>"
            f"You may change {escape(listed(self.names))}: double-click a number, or go to it with the arrow keys; "
            "type another one and press Enter.</div>"
        )
        with self.diagram.hold_sync():
            self.diagram.value, self.diagram.error = self.trace, ""
            self.diagram.editable = list(self.names)
        self.bar.value, self.bar.bar_style = self.score, "success" if self.solved else ""
        self.line.value = f'<span role="status">{self.words()}</span>'  # what is new in it is read out
        if self.solved and self.is_solved_by_attention:
            progress.note(self.name)

    def words(self):
        """The score in words."""
        if self.solved:
            return f"<b>Solved.</b> Every row has {ENOUGH} or more where it should be; the worst one {self.score:.3f}."
        return f"The worst row has {self.score:.3f} of {ENOUGH:.3f}."

    def __repr__(self):
        return f"puzzle {self.name}: " + (
            f"solved, {self.score:.3f}" if self.solved else f"the worst row has {self.score:.3f} of {ENOUGH:.3f}"
        )

    def _repr_mimebundle_(self, **options):
        """The puzzle, and beside it the still picture for places where no widget lives."""
        still = self.diagram._repr_mimebundle_(**options)[0]
        return {**super()._repr_mimebundle_(**options), "text/plain": repr(self), "text/html": still["text/html"]}


def listed(names):
    """``Wq, Wk and Wv``"""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
