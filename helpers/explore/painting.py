"""A mask that is painted: the live diagram of an attention whose mask follows the mouse, the keys or Python.

Importing this module imports neither torch nor matplotlib.
"""

import inspect

import numpy as np

from helpers.attention.masks import causal, packed, prefix, true_or_false, window
from helpers.diagram import Diagram
from helpers.live.pieces import Button, Text
from helpers.look.given import told
from helpers.look.sentence import sentence
from helpers.see import see
from helpers.see.contained import contained
from helpers.trace.trace import Trace

HOW = (
    "Paint the matrix {name}: press the mouse on a cell and draw over others, or go to a cell with the arrow keys and "
    "press the space bar. A 1 means: this row may look at this column."
)


def paint(build, allowed, masks=None):
    """The live diagram of an attention whose mask you paint.

    build: a function of one mask, a matrix of True and False, that returns a Trace in which the mask is given under the
    name of the parameter; or plain PyTorch or NumPy of your own, which is seen as it stands. allowed: the mask at
    first, (T, S), True where row t may look at column s. masks: others to begin with, by what their buttons say; if
    left out, those of ``beginnings``. Returns a Painting, which is one widget: ``close()`` ends it. Raises ValueError
    for what is no mask or no such function.

    >>> import numpy as np
    >>> from helpers.attention import masked_head
    >>> x, W = np.eye(2), np.eye(2)
    >>> p = paint(lambda allowed: masked_head(x, W, W, W, allowed=allowed), [[1, 0], [1, 1]])
    >>> p.mark(0, 1)
    >>> p.allowed.tolist(), p.line.words
    ([[True, True], [True, True]], '4 of 4 pairs may look.')
    """
    if not callable(build):
        raise ValueError(f"paint was given {told(build)}; wanted a function of a mask that returns a Trace.")
    allowed = true_or_false("allowed", allowed)
    if allowed.ndim != 2:
        raise ValueError(f"allowed has shape {allowed.shape}; wanted (T, S), a row a query, a column a key.")
    return Painting(build, allowed, beginnings(*allowed.shape) if masks is None else masks)


def beginnings(T, S):
    """Masks to begin with, by what their buttons say: ``[*beginnings(2, 3)] == ["Everyone"]``, as no other fits."""
    everyone = {"Everyone": np.ones((T, S), bool)}
    if T != S:
        return everyone
    two = packed([T - T // 2, T // 2] if T > 1 else [1]) & causal(T)
    few = {"Window of 2": window(T, 2), "Prefix of 2": prefix(T, min(2, T)), "Two texts": two}
    return {**everyone, "Causal": causal(T), **few}


class Painting(Diagram):
    """What ``paint`` returns: a Diagram of the ``allowed`` as it stands."""

    def __init__(self, build, allowed, masks):
        self.build, self.mask, self.start = build, named(build), allowed.copy()
        self.kept, self.is_plain = allowed.copy(), None
        self.masks = {label: self.checked(mask) for label, mask in masks.items()}
        self.how, self.line = Text("how"), Text("line", role="status")
        buttons = [
            Button(f"mask{place}", label, f"Begin with the mask: {label}", lambda mask=mask: self.put(mask))
            for place, (label, mask) in enumerate(self.masks.items())
        ]
        again = Button("reset", "Reset", "The mask as it was at first", lambda: self.put(self.start))
        super().__init__(self.built(allowed), pieces=[[self.how], [*buttons, again], [self.line]])
        self.how.say(HOW.format(name=self.mask))
        self.observe(lambda change: self.draw(**change.new), "stroke")
        self.put(allowed)

    @property
    def diagram(self):
        """The diagram that is shown: this widget itself."""
        return self

    @property
    def allowed(self):
        """The mask as it stands, (T, S), a copy; set it, and the picture follows."""
        return self.kept.copy()

    @allowed.setter
    def allowed(self, mask):
        self.put(self.checked(mask))

    def mark(self, t, s, may=True):
        """Say whether row t may look at column s: what the brush does to one cell."""
        mask = self.allowed
        mask[t, s] = bool(may)
        self.put(mask)

    def draw(self, name, cells, value, count=0):
        """A stroke of the brush: all its cells so far become the same."""
        mask = self.allowed
        for t, s in cells:
            mask[t, s] = bool(value)
        self.put(mask)

    def put(self, mask):
        """Show what comes of a mask; where the function takes no such mask, a sentence says so, and all stays."""
        try:
            with contained():
                trace = self.built(mask)
        except Exception as error:  # noqa: BLE001 - whatever a function of your own raises, the picture lives on
            self.error = sentence(error)
            return
        self.kept = mask.copy()
        with self.hold_sync():
            self.trace, self.error, self.paintable = trace, "", [self.mask]
            self.line.say(self.words())

    def built(self, mask):
        """The Trace of a mask. Raises ValueError where the function gives none with the mask in it."""
        trace = self.answer(mask)
        if self.mask not in trace or trace[self.mask].value.shape != mask.shape:
            raise ValueError(
                f"{trace.title} has no matrix {self.mask} {mask.shape}; wanted the mask given under the name of the "
                f"parameter, as in lambda allowed: masked_head(x, Wq, Wk, Wv, allowed=allowed)."
            )
        return trace

    def answer(self, mask):
        """What the function makes of a mask: its Trace, or that of its code, which is found out the first time."""
        if not self.is_plain:
            try:
                made = self.build(mask.copy())
                if isinstance(made, Trace):
                    self.is_plain = False
                    return made
            except Exception:
                if self.is_plain is False:
                    raise
            self.is_plain = True  # it makes tensors, or wants some: then it is seen as it stands
        return see(self.build, mask.copy())

    def checked(self, mask):
        """A mask of the right shape; raises ValueError for another."""
        mask = true_or_false(self.mask, mask)
        if mask.shape != self.start.shape:
            raise ValueError(f"{self.mask} has shape {mask.shape}; wanted {self.start.shape}, as it was at first.")
        return mask

    def words(self):
        """The mask in words: how many may look, and which rows may look at nobody."""
        empty = np.flatnonzero(~self.kept.any(axis=1))
        said = f"{self.kept.sum()} of {self.kept.size} pairs may look."
        tokens = self.trace.words("t") or [str(t) for t in range(len(self.kept))]
        rows = ", ".join(f"{t} ({tokens[t]})" if tokens[t] != str(t) else str(t) for t in empty)
        return said + (f" Nobody is left for row{'s' * (len(empty) > 1)} {rows}." if len(empty) else "")

    def __repr__(self):
        return f"paint: {self.line.words}\n{super().__repr__()}"


def named(build):
    """What a function calls its mask; raises ValueError where it takes none, or wants more."""
    try:
        parameters = [*inspect.signature(build).parameters.values()]
    except (TypeError, ValueError):
        parameters = []
    wanted = [one for one in parameters if one.default is one.empty] or parameters[:1]
    if len(wanted) != 1:
        raise ValueError(
            f"paint was given a function of {', '.join(one.name for one in parameters) or 'nothing'}; wanted one of "
            "the mask alone, as in lambda allowed: masked_head(x, Wq, Wk, Wv, allowed=allowed)."
        )
    return wanted[0].name
