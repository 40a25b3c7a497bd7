"""Axes of a matrix that was written piece by piece, told by what each piece is made of.

``out[b, t] = x[b, :t+1].mean(0)`` says nowhere that the rows of out are those of x. But each piece at [b, t] is made of
numbers of x in the same b, and of none later than t; of ``x[t:].mean(0)`` it is made of none earlier.
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
    ends = np.cumsum([piece.value.size for piece in draft.inputs])
    owners = np.where(draft.places < 0, -1, np.searchsorted(ends, draft.places, side="right")).reshape(-1)
    order = np.argsort(owners, kind="stable")
    starts = np.searchsorted(owners[order], np.arange(len(ends) + 1))
    if not np.diff(starts).all():  # a piece of which nothing is left
        return []
    found, reached = [], None
    for axis, where in enumerate(np.unravel_index(order, draft.shape)):
        size, first, last = draft.shape[axis], *ends_of(where, starts[:-1])
        if size > 1 and (first == last).all() and len({*first.tolist()}) == size:
            reached = reached or [reach.of(piece) for piece in draft.inputs]
            found += [(root, axis) for root in along(reached, first, size)]
    return found


def along(reached, indices, size):
    """The axis along which each piece is made of numbers in its own place, or of none behind it, or before it.

    reached: for each piece, where its numbers come from. Returns one pair of a matrix and an axis, or none.
    """
    ends = {}
    for root in dict.fromkeys(root for roots in reached for root in roots):
        if all(root in roots and roots[root].size for roots in reached):
            places = np.concatenate([roots[root] for roots in reached])
            starts = np.cumsum([0, *(roots[root].size for roots in reached[:-1])])
            for at, where in enumerate(np.unravel_index(places, root.shape)):
                if root.shape[at] == size:
                    ends[root, at] = ends_of(where, starts)
    for fits in (
        lambda first, last: (first == indices) & (last == indices),
        lambda first, last: last == indices,
        lambda first, last: first == indices,
    ):
        for axis, (first, last) in ends.items():
            if fits(first, last).all():
                return [axis]
    return []


def ends_of(places, starts):
    """The first and the last place in each part: two arrays."""
    return np.minimum.reduceat(places, starts), np.maximum.reduceat(places, starts)
