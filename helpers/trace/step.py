"""One named matrix of a Trace, and how it was made."""

import ast
import operator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import numpy as np

from helpers.look.again import in_python
from helpers.look.given import told
from helpers.look.style import cell_name, exact_digits, shape_text

JOINED = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Lambda)  # ``x @ W`` and the like


@dataclass(frozen=True, eq=False)
class Step:
    """One named matrix of a Trace and how it was made.

    name:   as in the code, ``"scores"``
    value:  a NumPy array
    axes:   a letter for each axis of value, ``("t", "s")``
    kind:   what the rule does with its terms (see ``helpers.trace.rules``)
    rule:   the index rule, ``"t h, s h -> t s"``
    inputs: the names of the steps it reads
    role:   x, query, key, value, weights or out: gives the color
    code:   the line of PyTorch that does the same
    factor: what a sum-product is multiplied by
    parameter: True for a matrix that training changes
    names: what the sizes of axes are called in its trace, where that is another name than usual
    seen:   True for one of a run, whose name is an expression of its code: ``"x @ W"``
    hidden: True for one that no face shows: a view, a constant, a half-way result; what is made of it reads through it
    part:   the parts of the code that it was made in, the outermost first: ``("layers.0.attn", "apply_rotary")``
    folded: what a step stands for while that part of the code is closed: ``"layers.0.attn"``
    places: of a move: for each cell, where in the numbers of its inputs it stands; -1 for one that is filled in
    table:  of an opaque step and of a scatter: which numbers of its inputs each cell is made of, a ``Table``
    operation: of an opaque step: the word that its formula has before the bracket, ``"cumsum"``
    pull:   of an opaque step: the way back, ``pull(dout)`` is one array for each input; None where it is not known
    """

    name: str
    value: np.ndarray
    axes: tuple
    kind: str = "given"
    rule: str = ""
    inputs: tuple = ()
    role: str = "x"
    code: str = ""
    factor: float = 1.0
    parameter: bool = False
    names: dict = field(default_factory=dict, repr=False)
    seen: bool = False
    hidden: bool = False
    part: tuple = ()
    folded: str = ""
    places: np.ndarray | None = field(default=None, repr=False)
    table: object = field(default=None, repr=False)
    operation: str = ""
    pull: object = field(default=None, repr=False)

    def as_given(self):
        """The same matrix, as one that was given."""
        unmade = {"kind": "given", "rule": "", "inputs": (), "factor": 1.0}
        return replace(self, **unmade, places=None, table=None, operation="", pull=None)

    @property
    def shape(self):
        """The shape with names and numbers: ``"(T=2, C=3)"``."""
        return shape_text(self.axes, self.value.shape, self.names)

    @cached_property
    def digits(self):
        """How many decimals its numbers are printed with: 0 to 2 if that is exact, else 3."""
        return exact_digits(self.value)

    @property
    def called(self):
        """Its name as it stands before an index: ``(x @ W)``."""
        return bracketed(self.name) if self.seen else self.name

    def written(self, where):
        """A cell of it in a formula, and the name of the step that gives the color: ``("q[1,0]", "q")``."""
        return cell_name(self.called, where), self.name


@lru_cache(10_000)
def bracketed(name):
    """A name as it stands before an index or a sign: an expression of several parts has brackets around it.

    >>> bracketed("q"), bracketed("k.transpose(-2, -1)"), bracketed("x₂ @ W")
    ('q', 'k.transpose(-2, -1)', '(x₂ @ W)')
    """
    try:
        found = None if name.isidentifier() else ast.parse(in_python(name), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return name  # no expression: a name of the learner's own
    return f"({name})" if isinstance(found, JOINED) and not found.col_offset else name


def place(step, axis, at):
    """An index along an axis of a step, counted from 0; raises IndexError for one that is not there."""
    size = step.value.shape[step.axes.index(axis)]
    try:
        found = operator.index(at)
    except Exception:  # noqa: BLE001 - a learner's own thing may do anything
        found = size
    if not -size <= found < size:
        raise IndexError(
            f"{step.name} has shape {step.shape}; {axis} is {told(at)}, wanted a whole number from 0 to {size - 1}."
        )
    return found % size
