"""The search for the line by which a function goes wrong, among the lines that lead to one of its results."""

import numpy as np

from helpers.check.alike import equal
from helpers.check.bounds import Bounds
from helpers.check.placed import Line, Placed
from helpers.check.replay import Unknown
from helpers.check.way import Way

HALVES = ("q halfway", "k halfway")  # one of them alone is no step of a right way


class Search:
    """The search on the way to one result of some runs. knowns: of each run. at: the place of the result."""

    def __init__(self, runs, knowns, at):
        self.runs, self.knowns, self.at = runs, knowns, at
        self.code, self.statements = runs[0].code, runs[0].statements_of(runs[0].code)
        self.way = None

    def place(self):
        """The Placed. Raises Unknown where there is none.

        Where it is a line that calls another function of the learner's, it is looked for in there, too; and so it is in
        a function that several lines call, of which none alone can be it.
        """
        try:
            found = self.here()
        except Unknown:
            found = None
        if found is None or not found.is_certain:
            shared = (lines for lines in self.runs[0].callers() if len(lines) > 1)
            found = next((one for lines in shared if (one := self.inside(lines))), found)
        if found is None:
            raise Unknown
        while found.is_certain and found.line:
            inner = self.inside({(found.code, found.first)})
            if inner is None:
                break
            found = inner
        return found

    def inside(self, calling):
        """The certain Placed in the functions that some lines call; None where there is none."""
        code = {code for line in calling for code in self.runs[0].inner_codes(line)}
        opened = [run.opened for run in self.runs]
        for run in self.runs:
            run.opened = run.opened | calling
        try:
            found = self.here() if code else None
        except Unknown:
            found = None
        if found and found.is_certain and found.code in code:
            return found
        for run, before in zip(self.runs, opened):
            run.opened = before
        return None

    def here(self):
        """The Placed among the lines as they are, opened or not. Raises Unknown where there is none."""
        if ready := self.right_but_not_returned():
            return ready
        self.way = Way(self.runs, self.knowns, self.at)
        lines = self.way.lines()
        if unfinished := self.right_but_not_finished(lines):
            return unfinished
        first, last = self.ends(lines)
        code = lines[first].code
        if any(line.code is not code for line in lines[first : last + 1]):
            raise Unknown
        early, late, line = Bounds(self.way, lines).numbers(first, last)
        before = [one for one in lines[:first] if one.code is not code or one.number < early]
        cell = self.cell(lines[last]) if line is lines[last] else None
        return Placed(before, early, late, code, line, self.runs[0], cell, others=len(lines) > 1)

    def ends(self, lines):
        """The places of the first line that is not right, and of the first with which all comes out right."""
        not_right = repaired = None
        for place, line in enumerate(lines):
            line.right = self.way.is_equal(line) and not self.way.is_last(line)
            if not_right is None and not line.right:
                not_right = place
            if repaired is None or place == not_right:
                line.repairs = tuple(self.repairs(line, lines[:place]))
            if repaired is None and line.repairs:
                repaired = place
                if self.is_another(line):
                    not_right = place
            if repaired is not None and not_right is not None:
                break
        if repaired is None or not_right is None:
            raise Unknown
        if repaired < not_right and self.changes_nothing(lines[repaired], lines[not_right]):
            repaired = not_right
        first, last = sorted((not_right, repaired))
        if first < last:
            able = [place for place in range(first, last + 1) if self.is_enough(lines[place])]
            if not able:
                raise Unknown
            first, last = able[0], able[-1]
        return first, last

    def repairs(self, line, before):
        """The repairs of a line, site by site, or of its sites together; where a name says which step it is, of it."""
        found = []
        for site, name in zip(line.sites, line.called):
            keys = self.way.substitutes.repairs(site)
            if self.way.agrees(site, before):
                keys = [key for key in keys if self.way.naming.agrees(name, [key])]
            found += [(site, key) for key in keys if not (line.right and key[0] in HALVES)]
        if not found and len(line.sites) > 1:
            found = [*zip(line.sites, self.way.substitutes.together(line.sites))]
        return found

    def is_another(self, line):
        """Is something that it makes called as the step that it should be, and another one?"""
        return any(
            self.way.naming.is_another(
                name,
                self.way.substitutes.equal(site),
                [key for one, key in line.repairs if one is site],
                not self.way.is_given_again(line, name),
            )
            for site, name in zip(line.sites, line.called)
        )

    def changes_nothing(self, earlier, later):
        """Would the later line, by which a step differs, have to make it of itself?"""
        return {key for _, key in earlier.repairs} <= {key for _, key in later.repairs}

    def is_enough(self, line):
        """Could all that is wrong come from this line? What cannot be told may be so."""
        try:
            return all(
                run.is_reached(self.at, [matrix for site in line.sites for matrix in site[place]])
                for place, run in enumerate(self.runs)
            )
        except Exception:  # noqa: BLE001 - with other numbers its calls do not work
            return True

    def right_but_not_finished(self, lines):
        """Are all lines right, the last one a step that it is called as, and is that returned in the place of more?"""
        line, returns = lines[-1], self.statements.returns
        if not (returns and line.code is self.code and line.number < returns and all(map(self.way.is_equal, lines))):
            return None
        repairs = [key for site in line.sites for key in self.way.substitutes.repairs(site)]
        if not all(self.way.agrees(site, lines[:-1]) for site in line.sites):
            return None
        if any(self.way.naming.agrees(name, repairs) for name in line.called):
            return None
        for name in self.statements.at(returns).reads:
            given = self.statements.before(returns, name)
            if given and given.line > line.number and given.computes:  # another name for it, or what is no matrix
                return self.at_the_name(lines, given, name)
        return Placed(lines, returns, returns, self.code, None, self.runs[0])

    def at_the_name(self, lines, given, name):
        """A Placed at a statement that gives a variable what was there, if it is called as another step; or None."""
        if not Bounds(self.way, lines).is_another_one_here(given, name):
            return None
        line = Line(self.code, given.line, called=[name])
        return Placed(lines, given.line, given.line, self.code, line, self.runs[0])

    def right_but_not_returned(self):
        """Was the right result made, and another one returned?"""
        returns = self.statements.returns
        last = [run.line_of(run.last(self.at)) for run in self.runs if run.last(self.at)]
        if not returns or (self.code, returns) in last:
            return None
        ready = [[one for one in run.made if run.is_right(self.at, one.value)] for run in self.runs]
        if not all(ready) or any(read_by_others(run, one[-1]) for run, one in zip(self.runs, ready)):
            return None
        made = ready[0][-1]
        code, number = self.runs[0].line_of(made.event)
        if not made.variable or number >= returns or code is not self.code:
            return None
        before = [Line(code, number, [[[made]]], [made.variable])]
        return Placed(before, returns, returns, code, None, self.runs[0], is_there=True)

    def cell(self, line):
        """A matrix of the first run, its first wrong cell, and the right numbers."""
        for site, key in line.repairs:
            matrix = site[0][0]
            known = self.knowns[0].fit(key, [one.value for one in site[0]]) if key[0] else None
            if known is None or matrix.value.ndim == 0:
                continue
            apart = [at for at in np.ndindex(matrix.shape) if not equal(matrix.value[at], known[0][at])]
            if apart:
                return matrix, apart[0], known[0]
        return None


def read_by_others(run, matrix):
    """Is something else made of it?"""
    return any(matrix in (*event.reads, event.in_place) for event in run.recording.events)
