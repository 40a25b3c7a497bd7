"""Where a wrong function goes wrong: its runs, matrix by matrix, beside the steps of a right one.

Nothing is guessed. A line is right where all that it hands on equals known steps, in every run; sizes and numbers all
differ, so that it cannot be chance. It is where the function goes wrong if it is the first that is not right, and if
all comes out right with a known step in the place of what it made: so nothing after it is wrong. Where these are two
lines, the mistake is somewhere from one to the other, and no more is said.
"""

import numpy as np

from helpers.check.alike import Known, bare, equal
from helpers.check.bytecode import read_in, return_line, stores
from helpers.check.handed_in import meaning
from helpers.check.own_run import OwnRun
from helpers.check.placed import Line, Placed
from helpers.check.replay import Unknown

# no two sizes of a case alike, and none the same in two of them
SIZES = [dict(zip("BTChn", sizes)) for sizes in [(2, 3, 5, 4, 5), (3, 5, 7, 6, 4), (4, 6, 3, 5, 2)]]
SEED = 7
HALVES = ("q halfway", "k halfway")  # one of them alone is no step of a right way
PEERS = [("q", "k", "v"), ("mean", "variance")]  # none of these becomes another one of them
ENOUGH = 2  # runs that are wrong


def placed(trials, tries=()):
    """Where the function of some Trials goes wrong: a Placed; None where that cannot be told.

    tries: of the check; some that were wrong are looked at again where the mistake shows nowhere else.
    """
    rng = np.random.default_rng(SEED)
    cases = [trials.exercise.case(rng, dict(sizes), 1.0) for sizes in SIZES]
    try:
        runs = [OwnRun(trials, case) for case in cases]
        if sum(run.is_wrong for run in runs) < ENOUGH:
            runs += [OwnRun(trials, one.case) for one in tries if one.found and not one.right][:ENOUGH]
        knowns = [Known(trials.exercise, run.case) for run in runs]
        found = []
        for at in range(len(trials.exercise.gives)):
            wrong = sum(not run.is_right(at) for run in runs)
            if 0 < wrong < ENOUGH:
                return None
            if wrong:
                found.append(Search(trials.function, runs, knowns, at).place())
    except Unknown:
        return None
    found = sorted(found, key=lambda one: (one.first, one.last))
    if not found or (len(found) > 1 and found[0].last >= found[1].first and found[0].first != found[1].last):
        return None
    return found[0]


class Search:
    """The search for the line, on the way to one result of some runs. knowns: of each run."""

    def __init__(self, function, runs, knowns, at):
        self.function, self.file = function, getattr(getattr(function, "__code__", None), "co_filename", "")
        self.runs, self.knowns, self.at = runs, knowns, at
        self.buffers = {event.in_place for event in runs[0].way(at) if event.operation == "setitem"}

    def place(self):
        """The Placed. Raises Unknown where there is none."""
        if ready := self.right_but_not_returned():
            return ready
        lines = self.lines()
        not_right = repaired = None
        for place, line in enumerate(lines):
            line.right = all(self.keys_equal(site) for site in line.sites) and not self.is_last(line)
            if not_right is None and not line.right:
                not_right = place
            if repaired is None or place == not_right:
                found = [(site, key) for site in line.sites for key in self.repairs(site)]
                line.repairs = tuple(pair for pair in found if not (line.right and pair[1][0] in HALVES))
            if repaired is None and line.repairs:
                repaired = place
                if self.is_misnamed(line):
                    not_right = place
            if repaired is not None and not_right is not None:
                break
        if repaired is None or not_right is None:
            raise Unknown
        if repaired < not_right and self.changes_nothing(lines[repaired], lines[not_right]):
            repaired = not_right
        first, last = sorted((not_right, repaired))
        if any(line.file != self.file for line in lines[first : last + 1]):
            raise Unknown
        here, cell = self.numbers(lines, first, last), self.cell(lines[last])
        before = [line for line in lines[:first] if line.number < here[0]]
        return Placed(before, *here, lines[last], self.runs[0], cell, others=len(lines) > 1)

    def numbers(self, lines, first, last):
        """The numbers of the first and the last line where the mistake may be."""
        early, late = sorted((lines[first].number, lines[last].number))
        returns = return_line(self.function)
        if self.is_last(lines[last]) and returns and returns > late and self.may_be_unfinished(lines[last]):
            late = returns
        early = min([early, *(lines[place].number for place in self.weak(lines, range(first, last + 1)))])
        made = {event.place.line for event in self.runs[0].recording.events}
        given = stores(self.function)
        for line in range(late, early - 1, -1):
            for name in read_in(self.function, line):
                last_one = max((one for one in given if one[1] == name and one[0] < line), default=None)
                if last_one and last_one[2] and last_one[0] not in made:
                    early = min(early, last_one[0])
        return early, late

    def may_be_unfinished(self, line):
        """Is what is returned a step that is right by itself, or made without some of what was given?"""
        run = self.runs[0]
        read = {matrix.variable for read in run.way(self.at).values() for matrix in read if matrix.origin == "input"}
        return all(self.keys_equal(site) for site in line.sites) or not {*run.recording.inputs} <= read

    def weak(self, lines, places):
        """The places of lines before these that may be right for no good reason, and which these are made of.

        What is all alike, or just as it came in, says little: ones may be zeros that should have been ones.
        """
        found, left = set(), [*places]
        readers = self.runs[0].way(self.at)
        while left:
            place = left.pop()
            read = {m for event, read in readers.items() if event.place.line == lines[place].number for m in read}
            for other in range(min(places)):
                known = {key for line in lines[:other] for site in line.sites for key in self.keys_equal(site)}
                sites = [site for site in lines[other].sites if site[0][-1] in read]
                if other not in found and any(self.is_weak(site, known) for site in sites):
                    found.add(other)
                    left.append(other)
        return found

    def is_weak(self, site, known):
        """Is it all alike, just as it came in, a step that was there before, or another one than its name says?"""
        if site[0][-1] in self.buffers:
            return False
        alike = all((matrix.value == matrix.value.flat[0]).all() for own in site for matrix in own if matrix.value.size)
        keys = self.keys_equal(site)
        if alike or {*keys} & known:
            return True
        return all(key[0] in self.runs[0].exercise.asks for key in keys) or self.has_another_name(site, keys)

    def has_another_name(self, site, keys):
        """Is it called as one of the known steps is, and is another?"""
        matrix, words = site[0][0], {meaning(key[0].partition(" ")[0]) for key in keys}
        known = {meaning(name.partition(" ")[0]) for name, _ in self.knowns[0].forms}
        name = meaning(matrix.variable)
        return matrix.name == matrix.variable and name in known and name not in words

    def is_last(self, line):
        """Does it make the result?"""
        return any(site[0][-1] is self.runs[0].results[self.at] for site in line.sites)

    def right_but_not_returned(self):
        """Was the right result made, and another one returned?"""
        returns = return_line(self.function)
        if not returns or any(run.results[self.at].event.place.line >= returns for run in self.runs):
            return None
        ready = [
            [
                matrix
                for event in run.recording.events
                for matrix in event.results
                if run.is_right(self.at, matrix.value)
            ]
            for run in self.runs
        ]
        if not all(ready) or any(read_by_others(run, one[-1]) for run, one in zip(self.runs, ready)):
            return None
        made = ready[0][-1]
        if not made.variable or made.event.place.line >= returns or made.event.place.file != self.file:
            return None
        return Placed([Line([[[made]]])], returns, returns, None, self.runs[0])

    def changes_nothing(self, earlier, later):
        """Would the later line, by which a step differs, have to make it of itself?"""
        return {key for _, key in earlier.repairs} <= {key for _, key in later.repairs}

    def lines(self):
        """The lines on the way, in order. Raises Unknown where the runs go different ways."""
        several = [run.sites(self.at) for run in self.runs]
        if any([*sites] != [*several[0]] for sites in several):
            raise Unknown
        found = {}
        for site in several[0]:
            matrices = [sites[site] for sites in several]
            if len({len(one) for one in matrices}) == 1:  # no loop, or one of so many rounds
                made = [[[matrix] for matrix in one] for one in zip(*matrices)]
            else:
                made = [matrices]
            found.setdefault(site[:2], []).extend(made)
        return [Line(sites) for sites in found.values()]

    def keys(self, site):
        """All forms of known steps that could stand at a site in every run."""
        first = [matrix.value for matrix in site[0]]
        for key in self.knowns[0].candidates(first):
            fitting = [known.fit(key, [m.value for m in own]) for known, own in zip(self.knowns, site)]
            if all(one is not None for one in fitting):
                yield key, fitting

    def keys_equal(self, site):
        """The forms of known steps that a site equals in every run."""
        values = [[matrix.value for matrix in own] for own in site]
        for fill in (0, 1):
            if not site[0][0].depends and all((value == fill).all() for own in values for value in own):
                return [("", fill)] if fill == 0 or not self.is_buffer(site) else []
        return [key for key, fitting in self.keys(site) if is_known(site, fitting)]

    def repairs(self, site):
        """The forms of known steps that make the result right in every run, in the place of what a site made."""
        found = []
        for key, fitting in self.instead(site):
            if not is_known(site, fitting) and all(
                run.with_others(self.at, dict(zip(own, one))) for run, own, one in zip(self.runs, site, fitting)
            ):
                found.append(key)
        return found

    def instead(self, site):
        """What could be tried in the place of what a site made."""
        if not site[0][0].depends and len(site[0]) == 1:
            for fill in (0, 1):
                yield ("", fill), [[np.full(own[0].shape, fill)] for own in site]
        if not self.is_buffer(site):
            yield from self.keys(site)
            yield from self.of_other_shapes(site)

    def is_buffer(self, site):
        """Is it written into, number by number, later on?"""
        return not site[0][0].depends and site[0][0] in self.buffers

    def of_other_shapes(self, site):
        """A result that has not even the shape of a known step may have to be any of them."""
        if len(site[0]) > 1:
            return
        for key in self.knowns[0].forms:
            if key[1] == "" and all(key in known.forms for known in self.knowns):
                fitting = [[known.forms[key]] for known in self.knowns]
                if any(bare(one[0].shape) != bare(own[0].shape) for one, own in zip(fitting, site)):
                    yield key, fitting
                    if bare(fitting[0][0].shape) == fitting[0][0].shape[:1]:  # a row, or a column
                        yield key, [[one[0].ravel()] for one in fitting]
                        yield key, [[one[0].reshape(-1, 1)] for one in fitting]

    def is_misnamed(self, line):
        """Is it called q, and is k?"""
        site, _ = line.repairs[0]
        name = meaning(site[0][0].variable)
        are = {meaning(key[0].partition(" ")[0]) for key in self.keys_equal(site)}
        should = {meaning(key[0].partition(" ")[0]) for one, key in line.repairs if one is site}
        peers = next((one for one in PEERS if name in one), ())
        return name in should and name not in are and bool(are & {*peers})

    def cell(self, line):
        """A matrix of the first run, and its first wrong cell."""
        for site, key in line.repairs:
            matrix, run_of_it = site[0][0], self.knowns[0]
            known = run_of_it.fit(key, [one.value for one in site[0]]) if key[0] else None
            if known is None or matrix.value.ndim == 0:
                continue
            apart = [at for at in np.ndindex(matrix.shape) if not equal(matrix.value[at], known[0][at])]
            if apart:
                return matrix, apart[0]
        return None


def read_by_others(run, matrix):
    """Is something else made of it?"""
    return any(matrix in (*event.reads, event.in_place) for event in run.recording.events)


def is_known(site, fitting):
    """Are the matrices of a site in every run equal to these arrays?"""
    pairs = [(matrix.value, known) for own, one in zip(site, fitting) for matrix, known in zip(own, one)]
    return all(equal(value, known) for value, known in pairs)
