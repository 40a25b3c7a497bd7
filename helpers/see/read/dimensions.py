"""Which axis is which: axes are followed through all operations, and those that must be alike have one letter.

An axis that goes through a product, a sum or a softmax is the same axis before and after it, and where two matrices
meet along an axis, it is one. An input x is (T, C), or (B, T, C); the rest follows. What cannot be told is i, j, …
"""

from itertools import chain

import numpy as np

from helpers.see.axis_names import SPARE
from helpers.see.read.patchworks import Reach, written_axes

FAMILIES = {
    "T": "tsr",
    "C": "ce",
    "head_size": "hg",
    "B": "b",
    "heads": "n",
    "key_heads": "m",
    "vocabulary": "v",
    "positions": "p",
}
SHAPES = {
    "x": ("B", "T", "C"),
    "q": ("B", "heads", "T", "head_size"),
    "logits": ("B", "T", "vocabulary"),
    "scores": ("B", "T", "T"),
    "idx": ("B", "T"),
}
ALIKE = {
    **dict.fromkeys(("X", "x", "inputs", "input", "inp", "hidden_states", "emb", "embeddings", "tok_emb"), "x"),
    **dict.fromkeys(("src", "tgt", "memory", "context"), "x"),
    **dict.fromkeys(("query", "Q", "q", "key", "K", "k", "value", "V", "v"), "q"),
    **dict.fromkeys(("logits",), "logits"),
    **dict.fromkeys(("scores", "wei", "att", "weights"), "scores"),
    **dict.fromkeys(("idx", "ids", "tokens", "input_ids", "token_ids"), "idx"),
}
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
        ends = np.cumsum([piece.value.size for piece in draft.inputs])
        flat = draft.places.reshape(-1)
        owners = np.where(flat < 0, -1, np.searchsorted(ends, flat, side="right"))
        order = np.argsort(owners, kind="stable")
        starts = np.searchsorted(owners[order], np.arange(len(ends) + 1))
        for i, piece in enumerate(draft.inputs):
            here = order[starts[i] : starts[i + 1]]
            if here.size:
                inside = flat[here] - (ends[i] - piece.value.size)
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
                if fits and covers(old, size) and np.array_equal(old, new):
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


def covers(places, size):
    """Do they go from the first to the last?"""
    return places.size and places.min() == 0 and places.max() == size - 1


def named_inputs(axes, drafts, roles):
    """Families of axes: by the names of inputs, then by what is done in attention, then what is left."""
    inputs = [(draft, kind_of(draft)) for draft in drafts if draft.origin == "input" and kind_of(draft)]
    weights = [softmax for softmax, *_ in roles.heads if softmax.value.ndim > 1]
    tokens = {axes.find((softmax, softmax.value.ndim - back)) for softmax in weights for back in (1, 2)}
    for draft, kind in inputs:
        if kind != "q":
            name_input(axes, draft, turned(axes, draft, SHAPES[kind], tokens))
    for draft in [draft for draft, kind in inputs if kind == "q" and draft.value.ndim == 3]:
        if any(axes.find((draft, 0)) == axes.find((one, 0)) for one, *_ in roles.heads if one.value.ndim == 3):
            axes.name((draft, 0), "B")  # one head of a batch, more likely than several heads of one text
    for attention in roles.heads:
        name_attention(axes, *attention)
    ends = {axes.find((draft, draft.value.ndim - 1)) for draft, kind in inputs if kind == "q"}
    for outer, inner, whole in axes.wholes:
        if axes.find(whole) in ends and "head_size" not in axes.families.values():  # queries of all heads, cut
            for node, family in ((outer, "heads"), (inner, "head_size"), (whole, "C")):
                axes.name(node, family)
    shape = ("B", "T", "C") if "head_size" in axes.families.values() else ("B", "T", "head_size")
    for draft, kind in inputs:
        if kind == "q":
            name_input(axes, draft, SHAPES["q"] if draft.value.ndim == 4 else shape)
    for draft in drafts:
        if draft.kind == "lookup":
            name_lookup(axes, draft)
    for outer, inner, whole in axes.wholes:
        if axes.family(outer) == "heads" and axes.family(inner) == "head_size":
            sizes = {axes.size[node] for node, family in axes.families.items() if family == "C"}
            if axes.size[whole] in sizes:
                axes.name(whole, "C")


def kind_of(draft):
    """What an input is, by its name: a key of SHAPES, or None."""
    whole = draft.value.dtype.kind == "i" and draft.name == "x"
    return "idx" if whole else ALIKE.get(draft.name)


def turned(axes, draft, shape, tokens):
    """The axes of an input: tokens before the batch where weights say so, as PyTorch's layers want them."""
    first, second = (axes.find((draft, axis)) in tokens for axis in (0, 1)) if draft.value.ndim == 3 else (False, True)
    return ("T", "B", *shape[2:]) if shape[:2] == ("B", "T") and first and not second else shape


def name_input(axes, draft, shape):
    """Families of an input's axes; it may have the first of them or not."""
    if len(shape) - 1 <= draft.value.ndim <= len(shape):
        for axis, family in enumerate(shape[len(shape) - draft.value.ndim :]):
            axes.name((draft, axis), family)


def name_lookup(axes, draft):
    """A table has a row for each word, or for each position where these are counted; what it gives is C."""
    table, ids = draft.inputs
    counted = ids.origin == "constant" and np.array_equal(ids.value, np.arange(ids.value.size))
    axes.name((table, 0), "positions" if counted else "vocabulary")
    axes.name((draft, draft.value.ndim - 1), "C")
    for axis, family in enumerate(("B", "T")[2 - ids.value.ndim :] if ids.value.ndim < 3 else ()):
        axes.name((ids, axis), family)


def name_attention(axes, softmax, out, at, scores):
    """Names around weights: their rows and columns are tokens, what is compared is head_size, axes before are heads."""
    ndim = softmax.value.ndim
    axes.name((softmax, ndim - 1), "T")
    if ndim > 1:
        axes.name((softmax, ndim - 2), "T")
    if scores is not None:
        gone = {*scores.labels[0]} & {*scores.labels[1]} - {*scores.output}
        for label in gone:
            axes.name((scores.inputs[0], scores.labels[0].index(label)), "head_size")
    for draft in (out.inputs[1 - at], *(scores.inputs[1:] if scores is not None else ())):
        few = draft.inputs[0] if draft.kind == "move" and len(draft.inputs) == 1 else draft
        if draft.value.ndim == few.value.ndim > 2 and few.shape[-3] != draft.shape[-3]:  # each for several of queries
            axes.name((few, draft.value.ndim - 3), "key_heads")
    value = out.inputs[1 - at]
    for axis, label in enumerate(out.labels[1 - at]):
        node = (value, axis)
        if label in out.labels[at] or axes.size[node] == 1:
            continue
        for other, family in list(axes.families.items()):
            if family == "head_size" and axes.size[other] == axes.size[axes.find(node)] and axes.family(node) is None:
                axes.join(other, node)
        axes.name(node, "head_size")
    for axis in range(ndim - 2):
        if axes.family((softmax, axis)) is None:
            axes.name((softmax, axis), "heads" if axis == ndim - 3 else "B")


class Letters:
    """The letters of axes: one size for each letter, and no two alike in one matrix."""

    def __init__(self, axes):
        self.axes, self.of, self.used, self.own = axes, {}, {}, {}

    def give(self, draft):
        """Letters for the axes of a draft, those of the axes that it has them from where it can."""
        origin = {}
        for source, labels in zip(draft.inputs, draft.labels):
            for axis, label in enumerate(labels):
                origin.setdefault(label, self.of[source][axis])
        found = [None] * len(draft.shape)
        for axis, label in enumerate(draft.output):
            letter = origin.get(draft.runs.get(label, label)) if draft.kind != "move" else None
            mine = letter and letter not in found and (draft, axis) not in self.axes.apart
            if mine and self.fits(letter, draft, axis):
                found[axis] = letter
        for axis in range(len(found)):
            if found[axis] is None:
                found[axis] = self.new((draft, axis), found)
        self.of[draft] = tuple(found)
        return self.of[draft]

    def fits(self, letter, draft, axis):
        return self.used.get(letter, (None,))[0] == draft.shape[axis]

    def new(self, node, taken):
        """A letter for an axis: the next of its family, or a spare one."""
        root, size = self.axes.find(node), self.axes.size[node]
        family = self.axes.families.get(root)
        owner = ("size", size) if family is None else root
        known = self.own.setdefault(owner, [])
        for letter in known:
            if letter not in taken:
                return letter
        letters = FAMILIES.get(family, "")
        for letter in chain(letters, self.spare()):
            if letter not in self.used:
                self.used[letter] = (size, owner)
                known.append(letter)
                return letter
        raise AssertionError("there is always one more letter")

    def spare(self):
        yield from SPARE
        number = 2
        while True:
            yield from (f"{letter}{number}" for letter in SPARE)
            number += 1


def rule_letters(draft, letters):
    """The letters of each label in a draft's rule: those of its axes, then those of what it reads, all different."""
    found = dict(zip(draft.output, letters.of[draft]))
    for source, labels in zip(draft.inputs, draft.labels):
        for label, letter in zip(labels, letters.of[source]):
            if label not in found:
                found[label] = free(letter, {*found.values()})
    return found


def free(letter, taken):
    """The letter, or another one that is not taken."""
    if letter not in taken:
        return letter
    same = next((family for family in FAMILIES.values() if letter in family), "")
    return next(one for one in [*same, *SPARE, *(f"{letter}{n}" for n in range(2, 99))] if one not in taken)
