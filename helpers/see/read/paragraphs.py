"""Code that runs long is folded as its author broke it up: where a part shows too much, its pieces are parts, too.

The pieces are its paragraphs; those that are still too long are divided on, at loops and branches, and at statements.
"""

from itertools import count

from helpers.look.again import again
from helpers.see.read.pieces import joined, pieces
from helpers.see.read.surroundings import FEWEST, settle_given
from helpers.trace.folding import MOST

MANY = 8  # pieces that are no paragraphs: so many at most


def divide(drafts, readers, names):
    """Make parts of the pieces of each part that shows too much; drafts: in order, settled in their parts.

    readers: of each draft. names: what each is called.
    """
    left = [()]
    while left:
        part = Part(drafts, readers, names, left.pop(0))
        part.divide()
        deeper = [draft.part for draft in part.inside() if len(draft.part) > part.depth]
        left += dict.fromkeys(path[: part.depth + 1] for path in deeper)


class Part:
    """One part of the code. drafts: all of the trace, with their readers and their names. path: () is the whole."""

    def __init__(self, drafts, readers, names, path):
        self.drafts, self.readers, self.names = drafts, readers, names
        self.path, self.depth = path, len(path)

    def inside(self):
        return [draft for draft in self.drafts if draft.part[: self.depth] == self.path]

    # -- what is shown ----------------------------------------------------------------------------

    def width(self):
        """How many matrices are shown while it is open, alone, and all in it is closed: as in ``trace.folding``."""
        inside = {*self.inside()}
        shown = {draft for draft in inside if self.is_shown(draft)}
        done, left = set(), [*shown]
        while left:
            draft = left.pop()
            if draft in done:
                continue
            done.add(draft)
            if draft in inside or (draft.hidden and not self.is_closed(draft)):
                left += draft.inputs
            else:
                shown.add(draft)
        return len(shown)

    def is_shown(self, draft):
        """Is a draft of this part shown, on its own or as what comes out of a closed one?"""
        if len(draft.part) == self.depth:
            return not draft.hidden
        return self.comes_out(draft, draft.part[: self.depth + 1]) and (draft.kind != "given" or not draft.hidden)

    def is_closed(self, draft):
        """Does a draft from outside stand for a closed part?"""
        return draft.kind != "given" and draft.part != self.path[: len(draft.part)]

    def comes_out(self, draft, path):
        """Is a draft read outside of a part that it is in, or, unless it is hidden, by nobody?"""
        readers = self.readers[draft]
        return (not readers and not draft.hidden) or any(reader.part[: len(path)] != path for reader in readers)

    # -- its pieces as parts ----------------------------------------------------------------------

    def divide(self):
        """Make parts of its pieces, if it shows too much: the first of the choices with which all has room."""
        widest = self.width()
        if widest <= MOST:
            return
        found = pieces([draft for draft in self.inside() if len(draft.trail) > self.depth], self.depth)
        before = [(draft, draft.part, draft.trail) for draft in self.drafts]
        best = None
        for choice, must_fit in choices(found):
            made = self.make(choice)
            width = self.width()
            inner = [Part(self.drafts, self.readers, self.names, path).width() for path in made] if must_fit else []
            if max([width, *inner]) <= MOST:
                return
            if max(width, MOST) < widest:
                best, widest = choice, max(width, MOST)
            for draft, part, trail in before:
                draft.part, draft.trail = part, trail
        if best:
            self.make(best)

    def make(self, choice):
        """Make parts of pieces, where that hides something; returns their paths."""
        taken, made = {draft.part[self.depth] for draft in self.inside() if len(draft.part) > self.depth}, []
        for piece in choice:
            if self.is_worth(piece):
                plain = piece.name(self.readers, self.names, self.path)
                name = next(again(plain, n) for n in count(1) if again(plain, n) not in taken)
                taken.add(name)
                made.append((*self.path, name))
                for draft in piece.drafts:
                    draft.part = (*self.path, name, *draft.part[self.depth :])
                    draft.trail = (*draft.trail[: self.depth], (), *draft.trail[self.depth :])
        settle_given(self.drafts, self.readers)
        return made

    def is_worth(self, piece):
        """Would a part of it hide something, more than one matrix if only one is made, and is it not one already?"""
        shown, inside = [draft for draft in piece.drafts if not draft.hidden], {*piece.drafts}
        parts = {draft.part[self.depth : self.depth + 1] for draft in shown}
        if not shown or (len(parts) == 1 and parts != {()}):
            return False
        given = {one for draft in inside for one in draft.inputs if one.origin in ("parameter", "constant")}
        could = [*shown, *(one for one in given if not one.hidden)]
        hides = sum(bool(self.readers[one]) and inside.issuperset(self.readers[one]) for one in could)
        return hides > 0 and hides + len(shown) > FEWEST


def choices(found):
    """In which ways pieces can be parts: pairs of a list of them, and whether all these must have room at once.

    Paragraphs stay as they are, if they can; what has no name of its own is put together, in as few as fit.
    """
    even = [joined(found, number) for number in range(2, len(found))]
    if len(found) < 2:
        return []
    if any(one.blocks[0].kind in ("paragraph", "stage") for one in found):
        return [(some, False) for some in [found, *reversed(even)]]
    few = [*even, found][:MANY]
    return [*((some, True) for some in few), *((some, False) for some in few)]
