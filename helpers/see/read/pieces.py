"""The pieces of a part of the code, as its author wrote it: each a run of the drafts that were made there."""

from itertools import groupby

from helpers.see.read.surroundings import FEWEST
from helpers.see.record.blocks import Block, blocks

MOST_RESULTS = 4  # that a piece is named after
LONGEST = 50  # characters of such a name
IN_THE_CODE = ("paragraph", "statement")


class Piece:
    """Drafts that were made one after the other. blocks: what they are in the code. lines: of each, the first and the
    last."""

    def __init__(self, blocks, lines, drafts):
        self.blocks, self.lines, self.drafts = blocks, lines, drafts

    @property
    def size(self):
        """How many matrices are made in it, but for hidden ones."""
        return sum(not draft.hidden for draft in self.drafts)

    def name(self, readers, names, around):
        """What it is called: as its author says, or after what comes out of it, or its lines.

        readers: of each draft. names: what each is called. around: the parts that it is in.
        """
        first = self.blocks[0]
        if all(one.kind == "turn" for one in self.blocks):
            turns = span("turn", first.first + 1, self.blocks[-1].last + 1)
            return turns if first.heading in around else f"{first.heading}, {turns}"
        if len(self.blocks) == 1 and first.heading not in ("", *around):
            return first.heading
        inside = {*self.drafts}
        out = [one for one in self.drafts if not (inside.issuperset(readers[one]) if readers[one] else one.hidden)]
        steps = f"steps to {', '.join(names[draft] for draft in out)}"
        steps = f"last {steps}" if steps in around else steps  # it ends as what it is in
        if 0 < len(out) <= MOST_RESULTS and len(steps) <= LONGEST and steps not in around:
            return steps
        return span("line", min(one for one, _ in self.lines), max(one for _, one in self.lines))


def span(word, first, last):
    """``span("line", 3, 5) == "lines 3–5"``."""
    return f"{word} {first}" if first == last else f"{word}s {first}–{last}"


def pieces(drafts, depth):
    """The largest pieces that drafts can be cut into, at the level of their trails at ``depth``; none for one alone.

    Paragraphs come first, then what stands in a loop or a branch, turn by turn, then statements and calls. Where one
    piece has nearly all, it is cut on.
    """
    drafts, first = sorted(drafts, key=lambda draft: draft.number), []
    if any(not draft.blocks or draft.trail[depth - 1 : depth] != ((),) for draft in drafts):  # else they are known
        for draft, found in zip(drafts, with_turns([key(draft, depth) for draft in drafts])):
            draft.blocks = found
    for cut in range(max((len(draft.blocks) for draft in drafts), default=0)):
        runs = groupby(drafts, key=lambda draft: draft.blocks[: cut + 1])
        found = [piece(start, [*run]) for start, run in runs]
        if sum(one.size >= FEWEST for one in found) > 1:
            return found
        if sum(one.size > 0 for one in found) > 1:
            first = first or found
    return first


def piece(start, drafts):
    """The Piece of drafts that begin alike."""
    around = [block for block in start if block.kind in IN_THE_CODE][-1]
    return Piece([start[-1]], [(around.first, around.last)], drafts)


def key(draft, depth):
    """Where a draft was made, in blocks of the code, the outermost first."""
    found = []
    for code, instruction in draft.trail[depth]:
        found += [*blocks(code, instruction), Block("call", instruction, instruction)]
    for part in draft.part[depth : depth + 1]:
        return (*found, Block("part", 0, 0, part))
    return (*found, Block("event", draft.number, draft.number), Block("stage", 0, 0, draft.stage))


def with_turns(keys):
    """The same keys, with the turn of each loop."""
    last, told = {}, []
    for key in keys:
        found = []
        for at, block in enumerate(key):
            found.append(block)
            if block.repeats:
                before, turn = last.get((*found,), ((), 0))
                turn += goes_back(before, key[at + 1 :])
                last[(*found,)] = key[at + 1 :], turn
                found.append(Block("turn", turn, turn, block.heading))
        told.append((*found,))
    return told


def goes_back(before, now):
    """Does a program go back where it goes from one place to another, within a loop?"""
    for one, other in zip(before, now):
        if one != other:
            again = one.kind == other.kind and one.kind in ("part", "event")
            return again or other.first < one.first
        if one.repeats:
            break  # that is another loop's turn
    return False


def joined(pieces, number):
    """The same pieces as fewer, of about as many matrices each."""
    sizes = [one.size for one in pieces]
    middles = [sum(sizes[:at]) + size / 2 for at, size in enumerate(sizes)]
    bundles = {}
    for one, middle in zip(pieces, middles):
        bundles.setdefault(min(int(number * middle / sum(sizes)), number - 1), []).append(one)
    return [
        Piece(*([thing for one in some for thing in getattr(one, name)] for name in ("blocks", "lines", "drafts")))
        for some in bundles.values()
    ]
