"""In which part of the code each draft belongs, so that a part can be closed and opened.

A parameter, and a constant, belongs where it is read; a part in which one matrix is made is none: it would open onto
itself.
"""

from collections import Counter, defaultdict
from itertools import takewhile

from helpers.look.again import without_number

FEWEST = 2  # matrices made in a part
MOST_CALLS = 6  # of one function, side by side: more are one part


def settle(drafts, readers):
    """Give every draft the part of a module or a function that it belongs to; drafts: in order, all of the trace."""
    join_many_calls(drafts)
    settle_given(drafts, readers)
    made = Counter(
        path for draft in drafts if draft.origin == "made" and not draft.hidden for path in paths(draft.part)
    )
    for draft in drafts:
        keep(draft, [made[path] >= FEWEST for path in paths(draft.part)])


def readers_of(drafts):
    """Which drafts read each draft: a dictionary of lists, empty where nobody does."""
    readers = defaultdict(list)
    for draft in drafts:
        for source in draft.inputs:
            readers[source].append(draft)
    return readers


def settle_given(drafts, readers):
    """Put parameters and constants where they are read: in the innermost part that all their readers are in."""
    for draft in reversed(drafts):
        if draft.origin in ("parameter", "constant") and readers[draft]:
            levels = zip(*(reader.part for reader in readers[draft]))
            draft.part = tuple(level[0] for level in takewhile(lambda level: len({*level}) == 1, levels))


def keep(draft, which):
    """Keep some of the parts around a draft; what leads through another one leads from there to the next."""
    if all(which):
        return
    if draft.trail:
        trail = [draft.trail[0]]
        for kept, codes in zip(which, draft.trail[1:]):
            trail = [*trail, codes] if kept else [*trail[:-1], trail[-1] + codes]
        draft.trail = tuple(trail)
    draft.part = tuple(part for part, kept in zip(draft.part, which) if kept)


def join_many_calls(drafts):
    """What is called again and again, in a loop, is one part, whichever call it was."""
    calls = {path for draft in drafts for path in paths(draft.part)}
    count = Counter((path[:-1], without_number(path[-1])) for path in calls)
    for draft in drafts:
        part = []
        for path in paths(draft.part):
            plain = without_number(path[-1])
            part.append(plain if count[path[:-1], plain] > MOST_CALLS else path[-1])
        draft.part = tuple(part)


def paths(part):
    """The paths of all parts around: ``paths(("sa", "head")) == [("sa",), ("sa", "head")]``."""
    return [tuple(part[:depth]) for depth in range(1, len(part) + 1)]
