"""At which other sizes a function is looked at, to learn what the axes of its results are.

The sizes of one probe all differ, and those of all probes differ: what has the length of T at each of them is T.
"""

import time

PROBES = (  # tried first, the same whatever is shown: no simple rule makes one size from another in all of them
    {"T": 5, "C": 12, "head_size": 6, "B": 2},
    {"T": 3, "C": 24, "head_size": 4, "B": 5},
    {"T": 7, "C": 36, "head_size": 9, "B": 3},
    {"T": 6, "C": 8, "head_size": 2, "B": 4},
    {"T": 4, "C": 16, "head_size": 10, "B": 3},
)
TIMES = (2, 3, 5)  # the shown sizes so often: what C was divisible by still divides it
ENOUGH = 3  # probes that the function took
FAILED = 2  # after so many that it did not take, another way is tried
MOST_PROBES = 16
LONGEST = 2.0  # seconds that all of them may take


def probe(look, shown, ranges):
    """Look at other sizes than the shown ones, until enough of them were seen.

    look: called with sizes, ``{"T": 5, "C": 12}``; says whether the function took them. ranges: lowest and highest of
    those that have a slider. All sizes are changed at once, and where that is refused one after the other.
    """
    looked = Looked(look, shown)
    together = [{name: sizes[name] for name in shown} for sizes in PROBES]
    times = [{name: size if name == "T" else k * size for name, size in shown.items()} for k in TIMES]
    for sizes, k in zip(times, TIMES):  # T is the length of the sequence, which need not go with the others
        if "T" in sizes:
            sizes["T"] = next(t for t in (k + 1, k + 3, k + 5, k + 7) if t not in sizes.values())
    for tried in (together, times):
        if looked.at(tried):
            return
    for name in shown:
        looked.at([{**shown, name: size} for size in alone(name, shown[name], ranges.get(name))])


class Looked:
    """The looks so far: which they were, and how long they took."""

    def __init__(self, look, shown):
        self.look, self.shown, self.tried, self.start = look, shown, [], time.monotonic()

    def at(self, several):
        """Look at several sizes, in order, until enough were taken or too many were refused: were there enough?"""
        taken = failed = 0
        for sizes in several:
            if taken == ENOUGH or failed == FAILED + taken or self.spent():
                break
            if sizes == self.shown or sizes in self.tried:
                continue
            self.tried.append(sizes)
            if self.look(sizes):
                taken += 1
            else:
                failed += 1
        return taken >= ENOUGH

    def spent(self):
        return len(self.tried) == MOST_PROBES or time.monotonic() - self.start > LONGEST


def alone(name, shown, limits):
    """Values for one size, while the others stay: those of the probes, multiples, and some from its slider's range."""
    low, high = limits or (1, shown)
    usual = [sizes[name] for sizes in PROBES]
    likely = [size for size in usual if low <= size <= high] or usual
    near = [size for size in (shown - 1, shown - 2, 2 * shown, low) if size >= 1]
    return [*dict.fromkeys([*likely[:2], *near[:1], 2 * shown, 3 * shown, *near[1:], *likely[2:], *usual])]
