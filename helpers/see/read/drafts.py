"""A step before it has its letters, and a matrix of the run as numbers of such steps in other places."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np


@dataclass(eq=False)
class Draft:
    """A step before its axes have letters.

    kind, guard, factor: as in a step. inputs: the drafts that it reads; labels: for each of them, a label for each of
    its axes; output: the labels of its own axes; runs: labels that only the output has, each with the one that it runs
    along with. places: of a move. table: of an opaque step, the ``Sources`` of its cells; word: what it is called.
    name: of the variable, or ""; text: the expression. origin: as of a matrix, or "number". hidden: not to be shown.
    part, trail, number: where it was made, as in an Event; stage: which piece of one call of PyTorch, or ""; blocks:
    the pieces of the code around it, once they are asked for.
    """

    kind: str
    value: np.ndarray
    inputs: tuple = ()
    labels: tuple = ()
    output: tuple = ()
    guard: str = ""
    factor: float = 1.0
    runs: dict = field(default_factory=dict)
    places: np.ndarray | None = None
    table: object = None
    word: str = ""
    name: str = ""
    text: str = ""
    origin: str = "made"
    hidden: bool = False
    code: str = ""
    part: tuple = ()
    trail: tuple = ()
    number: int = 0
    stage: str = ""
    blocks: tuple = ()
    key: object = None  # the matrix of the run that it is
    shows: bool = True
    pull: object = None

    @property
    def shape(self):
        return self.value.shape


@dataclass(eq=False)
class View:
    """A matrix whose numbers are those of drafts, in other places.

    pieces: the drafts. places: an int array of the matrix' shape, positions in the pieces' flattened numbers put one
    after the other, -1 for a number that comes from none; None where the matrix is the one piece itself.
    """

    pieces: tuple
    places: np.ndarray | None = None

    @property
    def shape(self):
        return self.pieces[0].shape if self.places is None else self.places.shape

    @property
    def positions(self):
        """The places, written out."""
        return np.arange(self.pieces[0].value.size).reshape(self.shape) if self.places is None else self.places

    @property
    def value(self):
        """Its numbers, 0 where they come from no draft."""
        flat = np.concatenate([*(piece.value.reshape(-1).astype(float) for piece in self.pieces), [0.0]])
        return flat[self.positions]

    @cached_property
    def turned(self):
        """For each axis of the matrix, the axis of the only piece that it is, or None for an axis of copies.

        The whole is None where the matrix is not its piece turned, with axes of size 1 more or less.

        >>> View((Draft("given", np.ones((2, 3))),), np.arange(6).reshape(2, 3).T).turned
        (1, 0)
        """
        if self.places is None:
            return tuple(range(len(self.shape)))
        if len(self.pieces) != 1 or not self.places.size:
            return None
        base, places = self.pieces[0].shape, self.places
        steps, step = {}, 1  # how far apart two neighbors along an axis stand in the flattened numbers
        for axis in reversed(range(len(base))):
            if base[axis] > 1:
                steps[step] = axis
            step *= base[axis]
        ones = iter([axis for axis, size in enumerate(base) if size == 1])
        first, found, expected = (0,) * places.ndim, [], np.zeros((1,) * places.ndim, int)
        for k, size in enumerate(places.shape):
            if size == 1:
                found.append(next(ones, None))
                continue
            step = int(places[(*first[:k], 1, *first[k + 1 :])] - places[first])
            axis = steps.get(step)
            if step and (axis is None or base[axis] != size or axis in found):
                return None
            found.append(axis if step else None)
            shape = [1] * places.ndim
            shape[k] = size
            expected = expected + (step * np.arange(size)).reshape(shape)
        if not {*steps.values()} <= {*found} or not np.array_equal(np.broadcast_to(expected, places.shape), places):
            return None
        return tuple(found)

    def then(self, positions):
        """This view, looked at in other places: positions in its own flattened numbers, -1 for none."""
        if self.places is None:
            return View(self.pieces, positions)
        flat = np.append(self.places.reshape(-1), -1)
        return View(self.pieces, flat[positions])


def joined(views, positions):
    """One view of several: positions in the views' flattened numbers put one after the other, -1 for none."""
    if len(views) == 1 and len(views[0].pieces) == 1:
        found = views[0].then(positions)
        return found if (found.places >= 0).any() else View((), found.places)
    starts, flat, total = {}, [], 0  # where each piece begins among all
    for view in views:
        for piece in view.pieces:
            if piece not in starts:
                starts[piece] = total
                total += piece.value.size
        places = view.positions.reshape(-1)
        ends = np.cumsum([piece.value.size for piece in view.pieces], dtype=int)
        shifts = [starts[piece] + piece.value.size - end for piece, end in zip(view.pieces, ends.tolist())]
        owners = np.searchsorted(ends, places, side="right")
        flat.append(np.where(places < 0, -1, places + np.array([*shifts, 0])[owners]))
    return trimmed(View(tuple(starts), np.append(np.concatenate(flat), -1)[positions]))


def trimmed(view):
    """The same view without the pieces that none of its numbers come from."""
    sizes = [piece.value.size for piece in view.pieces]
    ends = np.cumsum(sizes)
    inside = view.places[view.places >= 0]
    owners = np.searchsorted(ends, inside, side="right")
    used = np.bincount(owners, minlength=len(sizes)) > 0
    if used.all() or not used.any():
        return view if used.any() else View((), view.places)
    starts = np.cumsum([0, *(size * use for size, use in zip(sizes, used))])[:-1]
    places = view.places.copy()
    places[places >= 0] = inside + (starts - (ends - sizes))[owners]
    return View(tuple(piece for piece, use in zip(view.pieces, used) if use), places)


def shows(view, name):
    """Is a move worth a picture: does it do more than to turn or copy one matrix, or to cut off what has no name?"""
    if view.places is None:
        return False
    if len(view.pieces) != 1 or (view.places < 0).any():
        return True
    return bool(name) and np.unique(view.places).size < view.pieces[0].value.size
