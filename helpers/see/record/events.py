"""What a run of a learner's code leaves behind: every matrix in each of its states, and the calls that made them."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from helpers.see.record.holders import found_in


class Place(NamedTuple):
    """Where a call stands in the code.

    file, line: the innermost line of the learner's own code or of a model's, not of PyTorch's own files. expression:
    the source of the call, ``q @ k.transpose(-2, -1)``, or "" where it cannot be told. statement: the whole line of
    code, in one line. target: the variable that the statement assigns to, ``q`` or ``q, k, v``, or "". whole: is the
    call all that stands right of the equals sign?
    """

    file: str = ""
    line: int = 0
    expression: str = ""
    statement: str = ""
    target: str = ""
    whole: bool = False


@dataclass(eq=False)
class Matrix:
    """One matrix of a run, in one state: once it is written into, it is another one.

    value: its numbers, copied when it came to be: float64, int64 or bool, complex128 where they are complex. name: the
    variable that it was assigned to, the path of a parameter or a buffer (``query.weight``), the name of an argument;
    "" where it has none, and the expression of the event's place stands for it. A name that is used again is ``wei₂``,
    ``wei₃``; a matrix that is written piece by piece keeps its own. variable: the name without such a number. origin:
    "input", "parameter", "constant" (it stands in the code, or comes from outside it), "made", or "broken": it may
    depend on an input, and how cannot be told. event: the call that made it, None for what was there before. kind: the
    run's own type of number, ``"float32"``. expression: the call that gave it back to the learner's own code,
    ``self.sa(x)``, or "" where it was made there.
    """

    value: np.ndarray
    name: str = ""
    origin: str = "made"
    event: object = field(default=None, repr=False)
    kind: str = "float32"
    variable: str = ""
    expression: str = ""

    @property
    def depends(self):
        """May its numbers depend on an input or a parameter?"""
        return self.origin != "constant"

    @property
    def shape(self):
        return self.value.shape


@dataclass(eq=False)
class Event:
    """One call, of a function of PyTorch or NumPy.

    operation: its plain name, without underscores: ``matmul``, ``softmax``, ``getitem``, ``setitem``, ``add``.
    function: what was called, so that it can be called again, on other numbers; None for "written". args, kwargs: as
    they were given, with a Matrix in the place of each tensor or array, at any depth; ``2 - x`` is (2, x). results: the
    matrices that came back, in order, then those that it wrote into beside them. in_place: the state before of the
    matrix that was written into, or None. place: where it stands in the code. within: the parts of the code around it,
    the outermost first: paths of modules (``layers.0.attn``) and names of functions. trail: the way to it through the
    code, a tuple for the function itself and for each of these parts: pairs of a code object and the instruction in it.
    lines: the learner's code that led to it, the innermost first: pairs of a code object and the number of its line.
    places: of "written" alone, a matrix that was written into by way of another one of the same numbers, as a view: for
    each cell its position in the flattened numbers of what the event reads, one after the other. broken: a number among
    its arguments, or what it was made of, may have been taken out of a matrix before (``float(x[0])``), so that its
    sources are lost. number: how many calls were before it. inner: was it made by code of PyTorch's own, as by a
    layer in a Sequential?

    Events without results are where numbers leave: "item", "tolist", "bool", "equal", "contains".
    """

    operation: str
    function: object
    args: tuple
    kwargs: dict
    results: list = field(default_factory=list)
    in_place: object = None
    place: Place = field(default_factory=Place)
    within: tuple = ()
    trail: tuple = ()
    lines: tuple = ()
    places: np.ndarray | None = None
    broken: bool = False
    number: int = 0
    inner: bool = False

    @cached_property
    def reads(self):
        """The matrices among its arguments, in order, each once; not the one that it is to write into, ``out=``."""
        given = {name: value for name, value in self.kwargs.items() if name != "out"}
        return list(dict.fromkeys(matrices([self.args, given])))


@dataclass(eq=False)
class Recording:
    """A whole run.

    inputs: the matrices that went in, by the names of the parameters, those of a list ``x[0]``, ``x[1]``. events: all
    calls in order. returned: what came back, with a Matrix in the place of each tensor or array. error: what was
    raised, or None; failed: where. said: what it printed and was warned of, a sentence each. changed: the names of
    arguments that it wrote into.
    """

    inputs: dict = field(default_factory=dict)
    events: list = field(default_factory=list)
    returned: object = None
    error: BaseException | None = None
    failed: Place | None = None
    said: list = field(default_factory=list)
    changed: list = field(default_factory=list)


def matrices(value):
    """All matrices in a nest of lists, tuples, dictionaries and slices, in order."""
    return found_in(value, Matrix)


def replaced(value, new):
    """The same nest, with ``new(matrix)`` in the place of each matrix."""
    if isinstance(value, Matrix):
        return new(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(replaced(one, new) for one in value))
    if isinstance(value, list | tuple):
        return (tuple if isinstance(value, tuple) else list)(replaced(one, new) for one in value)
    if isinstance(value, dict):
        return {key: replaced(one, new) for key, one in value.items()}
    if isinstance(value, slice):
        return slice(*(replaced(one, new) for one in (value.start, value.stop, value.step)))
    return value
