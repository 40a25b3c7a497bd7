"""Which axes are one: they are followed through all operations.

An axis that goes through a product, a sum or a softmax is the same axis before and after it, and where two matrices
meet along an axis, it is one.
"""

import numpy as np

from helpers.see.read.patchworks import Reach, written_axes

MOST_FOLLOWED = 200_000  # numbers of a move that are looked at


class Axes:
    """The classes of axes that are one, each with a size.

    apart: axes, as pairs of a draft and a number, that are no other one, whatever the operations say.
    """

    def __init__(self, apart=()):
        self.up, self.size, self.families, self.wholes = {}, {}, {}, []
        self.apart = apart
        self.reach = Reach()

    def find(self, node):
        while self.up.get(node, node) != node:
            node = self.up[node]
        return node

    def join(self, one, other):
        """These two axes are the same."""
        if one not in self.apart and other not in self.apart:
            self.unite(one, other)

    def unite(self, one, other):
        one, other = self.find(one), self.find(other)
        if one != other and self.size[one] == self.size[other]:
            self.up[other] = one
            if other in self.families:
                self.families.setdefault(one, self.families.pop(other))

    def name(self, node, family):
        """An axis belongs to a family, if it belongs to none yet and has a size above 1 or no other will say it."""
        self.families.setdefault(self.find(node), family)

    def family(self, node):
        return self.families.get(self.find(node))

    def follow(self, draft):
        """Learn from one draft."""
        for axis, size in enumerate(draft.shape):
            self.size[draft, axis] = size
        if draft.kind == "move":
            self.follow_move(draft)
            return
        nodes = {}
        for source, labels in zip(draft.inputs, draft.labels):
            for axis, label in enumerate(labels):
                nodes.setdefault(label, []).append((source, axis))
        for axis, label in enumerate(draft.output):
            nodes.setdefault(label, []).append((draft, axis))
        for new, old in draft.runs.items():
            nodes[old] = nodes.get(old, []) + nodes.pop(new, [])
        for same in nodes.values():
            for other in same[1:]:
                self.join(same[0], other)

    def follow_move(self, draft):
        """Which axes a move keeps whole, cuts in two or puts together, told by where its numbers go."""
        if draft.value.size > MOST_FOLLOWED or not draft.inputs:
            return
        flat = draft.places.reshape(-1)
        for piece, here, inside in shared_out(flat, draft.inputs):
            if here.size:
                self.compare(
                    draft,
                    np.unravel_index(here, draft.shape) if draft.shape else (),
                    piece,
                    np.unravel_index(inside, piece.shape) if piece.shape else (),
                )
        if len(draft.inputs) > 1:
            for node, axis in written_axes(draft, self.reach):
                self.join(node, (draft, axis))

    def compare(self, draft, after, piece, before):
        """after, before: along each axis, where the numbers stand in the move and where in one of its inputs."""
        whole_after, whole_before = set(), set()
        for j, old in enumerate(before):
            for k, new in enumerate(after):
                size = piece.shape[j]
                fits = size > 1 and size == draft.shape[k] and k not in whole_after
                if fits and np.array_equal(old, new) and covers(old, size):
                    self.join((piece, j), (draft, k))
                    whole_after.add(k)
                    whole_before.add(j)
                    break
        left_before = [j for j in range(len(before)) if j not in whole_before and piece.shape[j] > 1]
        left_after = [k for k in range(len(after)) if k not in whole_after and draft.shape[k] > 1]
        self.products(piece, before, left_before, draft, after, left_after)
        self.products(draft, after, left_after, piece, before, left_before)

    def products(self, one, places, left, other, those, parts):
        """Axes of one matrix that are two axes of the other, one inside the other."""
        for j in left:
            for outer in parts:
                for inner in parts:
                    sizes = other.shape[outer], other.shape[inner]
                    fits = outer != inner and sizes[0] * sizes[1] == one.shape[j] and covers(places[j], one.shape[j])
                    if fits and np.array_equal(those[outer] * sizes[1] + those[inner], places[j]):
                        self.wholes.append(((other, outer), (other, inner), (one, j)))

    def meet(self):
        """Axes of one family that have one size are one."""
        first = {}
        for node, family in list(self.families.items()):
            self.unite(first.setdefault((family, self.size[node]), node), node)

    def agree(self):
        """What is cut into the same two axes is the same axis, and the same axis is cut into the same two of a size."""
        changed = True
        while changed:
            changed, cut, parts = False, {}, {}
            for outer, inner, whole in self.wholes:
                first = cut.setdefault((self.find(outer), self.find(inner)), whole)
                others = parts.setdefault((self.find(whole), self.size[outer], self.size[inner]), (outer, inner))
                for one, other in ((first, whole), *zip(others, (outer, inner))):
                    apart = self.find(one) != self.find(other)
                    self.join(one, other)
                    changed = changed or (apart and self.find(one) == self.find(other))


def shared_out(flat, pieces):
    """For each piece of a move, which of the move's numbers come from it, and from where in it."""
    if len(pieces) == 1:
        here = np.flatnonzero(flat >= 0)
        return [(pieces[0], here, flat[here])]
    ends = np.cumsum([piece.value.size for piece in pieces])
    owners = np.where(flat < 0, -1, np.searchsorted(ends, flat, side="right"))
    order = np.argsort(owners, kind="stable")
    starts = np.searchsorted(owners[order], np.arange(len(ends) + 1))
    found = zip(pieces, ends, starts, starts[1:])
    return [(piece, order[i:j], flat[order[i:j]] - (end - piece.value.size)) for piece, end, i, j in found]


def covers(places, size):
    """Do they go from the first to the last?"""
    return places.size and places.min() == 0 and places.max() == size - 1
