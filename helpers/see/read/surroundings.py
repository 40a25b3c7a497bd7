"""In which part of the code each draft belongs, so that a part can be closed and opened.

A parameter, and a constant, belongs where it is read; a part in which one matrix is made is none: it would open onto
itself.
"""

from collections import Counter
from itertools import takewhile

from helpers.look.again import without_number

FEWEST = 2  # matrices made in a part
MOST_CALLS = 6  # of one function, side by side: more are one part


def settle(drafts):
    """Give every draft its part for good; drafts: in order, all that the trace will have."""
    join_many_calls(drafts)
    readers = {}
    for draft in drafts:
        for source in draft.inputs:
            readers.setdefault(source, []).append(draft)
    for draft in reversed(drafts):
        if draft.origin in ("parameter", "constant") and draft in readers:
            levels = zip(*(reader.part for reader in readers[draft]))
            draft.part = tuple(level[0] for level in takewhile(lambda level: len({*level}) == 1, levels))
    made = Counter(
        path for draft in drafts if draft.origin == "made" and not draft.hidden for path in paths(draft.part)
    )
    for draft in drafts:
        draft.part = tuple(path[-1] for path in paths(draft.part) if made[path] >= FEWEST)


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
