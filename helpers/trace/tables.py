"""Which numbers each cell of a step is made of, where no rule says it: a table.

Positions count through the numbers of all inputs, flattened and put one after the other.
"""

import math
from typing import NamedTuple

import numpy as np


class Table(NamedTuple):
    """Sets of positions, each stored once, and which of them is each cell's.

    which: for each cell the number of its set, in the shape of the value. starts: where the runs of each set begin, and
    where the last one ends: (sets + 1,). runs: (runs, 2), each from a first position to before a last one.

    >>> made = table((2,), [[0, 1], [0, 1, 2, 5]])
    >>> made.runs.tolist(), made.at((1,)).tolist()
    ([[0, 2], [0, 3], [5, 6]], [0, 1, 2, 5])
    """

    which: np.ndarray
    starts: np.ndarray
    runs: np.ndarray

    def of(self, number):
        """The positions in one of the sets, in order."""
        runs = self.runs[self.starts[number] : self.starts[number + 1]]
        return np.concatenate([np.arange(*run) for run in runs]) if len(runs) else np.zeros(0, np.int64)

    def pairs(self):
        """Every position of every cell: the positions, and the cells in the order of a flattened value."""
        sets = [self.of(number) for number in range(len(self.starts) - 1)]
        which = self.which.ravel()
        lengths = np.array([len(one) for one in sets])[which]
        return np.concatenate([sets[number] for number in which]), np.repeat(np.arange(which.size), lengths)

    def at(self, index):
        """The positions that one cell is made of."""
        return self.of(self.which[index])


def table(shape, cells):
    """The Table of cells, in the order of a flattened value of this shape.

    cells: for each of them its positions: whole numbers, in any order; or a mask over all positions: a matrix of True
    and False, cells by positions, will do. Raises ValueError where there are more cells, or fewer.
    """
    known, runs, starts, which = {}, [], [0], []
    for cell in cells:
        cell = np.asarray(cell)
        found = np.flatnonzero(cell) if cell.dtype == bool else np.unique(cell.astype(np.int64))
        key = found.tobytes()
        if key not in known:
            known[key] = len(known)
            gaps = np.flatnonzero(np.diff(found) > 1) + 1 if found.size else []
            runs += [(part[0], part[-1] + 1) for part in np.split(found, gaps) if part.size]
            starts.append(len(runs))
        which.append(known[key])
    which = np.array(which, np.int64)
    if which.size != np.prod(shape, dtype=int):
        raise ValueError(f"the table has {which.size} cells; wanted one for each cell of a matrix of shape {shape}.")
    return Table(which.reshape(shape), np.array(starts, np.int64), np.array(runs, np.int64).reshape(-1, 2))


def inverted(positions, found, size):
    """For each of ``size`` positions the cells that it goes into. positions, found: pairs of a position and a cell."""
    order = np.argsort(positions, kind="stable")
    return np.split(found[order], np.searchsorted(positions[order], np.arange(1, size)))


def cells(shapes, positions):
    """Which input each position lies in, and the cell there; positions: in order.

    >>> cells([(2, 2), (3,)], np.array([1, 5]))
    [(0, (0, 1)), (1, (1,))]
    """
    found, start = [], 0
    for which, shape in enumerate(shapes):
        end = start + math.prod(shape)
        inside = positions[np.searchsorted(positions, start) : np.searchsorted(positions, end)] - start
        places = zip(*(at.tolist() for at in np.unravel_index(inside, shape))) if shape else [()] * len(inside)
        found += [(which, place) for place in places]
        start = end
    return found
