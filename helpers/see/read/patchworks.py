"""Axes of a matrix that was written piece by piece, told by what each piece is made of.

``out[b, t] = x[b, :t+1].mean(0)`` says nowhere that the rows of out are those of x. But each piece at [b, t] is made of
numbers of x in the same b, and of none later than t.
"""

import numpy as np


class Reach:
    """From where in the shown matrices the numbers of a hidden one come, all its cells together."""

    def __init__(self):
        self.known = {}

    def of(self, draft):
        """For each matrix, positions in its flattened numbers."""
        if draft not in self.known:
            self.known[draft] = self.look(draft)
        return self.known[draft]

    def look(self, draft):
        if not draft.hidden or not draft.inputs:
            return {} if draft.origin in ("constant", "number") else {draft: np.arange(draft.value.size)}
        found, start = {}, 0
        for source in draft.inputs:
            if draft.kind == "move" and not source.hidden:
                inside = draft.places[(draft.places >= start) & (draft.places < start + source.value.size)] - start
                parts = {source: np.unique(inside)} if source.origin != "constant" else {}
            else:
                parts = self.of(source)
            start += source.value.size
            for root, places in parts.items():
                found[root] = np.union1d(found[root], places) if root in found else places
        return found


def written_axes(draft, reach):
    """Pairs of an axis of a matrix, (matrix, number), and the number of the patchwork's axis that runs with it."""
    sizes = [piece.value.size for piece in draft.inputs]
    owners = np.where(draft.places < 0, -1, np.searchsorted(np.cumsum(sizes), draft.places, side="right"))
    pieces, found = [], []
    order = np.argsort(owners, axis=None, kind="stable")
    starts = np.searchsorted(owners.reshape(-1)[order], np.arange(len(sizes) + 1))
    for i, piece in enumerate(draft.inputs):
        cells = np.unravel_index(order[starts[i] : starts[i + 1]], draft.shape)
        pieces.append((cells, reach.of(piece)))
    for axis, size in enumerate(draft.shape):
        indices = [np.unique(cells[axis]) for cells, _ in pieces]
        if size < 2 or any(len(one) != 1 for one in indices):
            continue
        indices = [int(one[0]) for one in indices]
        if len({*indices}) == size:
            found += [(root, axis) for root in along(pieces, indices, size)]
    return found


def along(pieces, indices, size):
    """The axis along which each piece is made of numbers in its own place, or else of none behind it: one or none."""
    matrices = dict.fromkeys(root for _, roots in pieces for root in roots)
    candidates = [(root, at) for root in matrices for at, n in enumerate(root.shape) if n == size]
    for fits in (lambda places, index: (places == index).all(), lambda places, index: places.max() == index):
        for root, at in candidates:
            places = [np.unravel_index(roots[root], root.shape)[at] if root in roots else None for _, roots in pieces]
            if all(one is not None and one.size and fits(one, index) for one, index in zip(places, indices)):
                return [(root, at)]
    return []
