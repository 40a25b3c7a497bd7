"""The lines on the way to a result of some runs, and what is known of each: is it right, is it what it is called?"""

from helpers.check.naming import Naming
from helpers.check.placed import Line
from helpers.check.replay import Unknown
from helpers.check.substitutes import Substitutes


class Way:
    """The way to one result of some runs. knowns: of each run. at: the place of the result."""

    def __init__(self, runs, knowns, at):
        self.runs, self.knowns, self.at, self.code = runs, knowns, at, runs[0].code
        self.statements = runs[0].statements_of(self.code)
        self.naming = Naming(knowns, runs[0].exercise.gives)
        self.substitutes = Substitutes(runs, knowns, at)

    def lines(self):
        """The lines on the way, in order. Raises Unknown where the runs go different ways."""
        several = [run.sites(self.at) for run in self.runs]
        if any([*sites] != [*several[0]] for sites in several):
            raise Unknown
        found = {}
        for site in several[0]:
            matrices = [sites[site] for sites in several]
            if len({len(one) for one in matrices}) == 1 and not self.is_a_loop(matrices):
                made = [[[matrix] for matrix in one] for one in zip(*matrices)]
            else:
                made = [matrices]
            found.setdefault(site[:2], []).extend(made)
        return [Line(*line, sites, [*map(self.called, sites)]) for line, sites in found.items()]

    def called(self, site):
        """The variable that a site's matrices are handed on as."""
        return self.runs[0].called(site[0][0])

    def is_given_again(self, line, variable):
        """Does a variable get another value after this line?"""
        return self.runs[0].statements_of(line.code).is_given_again(line.number, variable)

    def is_a_loop(self, matrices):
        """May these be made round by round: are they of the shapes of a known step's rows?"""
        return len(matrices[0]) > 1 and any(len(key) > 2 for key, _ in self.substitutes.keys(matrices))

    def is_last(self, line):
        """Does it make the result?"""
        return any(site[0][-1] is self.runs[0].results[self.at] for site in line.sites)

    def is_handed_out(self, line):
        """Does it make the result, or what a function that is called on the way returns?"""
        if line.code is self.code:
            return self.is_last(line)
        run, made = self.runs[0], {site[0][-1] for site in line.sites}
        readers = [event for event, read in run.way(self.at).items() if made & {*read}]
        return self.is_last(line) or any(run.line_of(event)[0] is not line.code for event in readers)

    def is_equal(self, line):
        """Are all that it hands on known steps?"""
        return all(self.substitutes.equal(site) for site in line.sites)

    def agrees(self, site, lines):
        """Is it the step that it is called, which was not there before? lines: those before it."""
        keys = [key for key in self.substitutes.equal(site) if key[0] not in self.runs[0].exercise.asks]
        return self.naming.agrees(self.called(site), keys) and not self.was_there(site, lines)

    def was_there(self, site, lines):
        """Do these lines make the same?"""
        others = [one for line in lines for one in line.sites if one[0][0].shape == site[0][0].shape]
        return any({*self.substitutes.equal(one)} & {*self.substitutes.equal(site)} for one in others)

    def made_there(self, run, line, name):
        """The last matrix of this name that a line of a run makes, in a list."""
        return [one for one in run.made if run.line_of(one.event) == line and run.called(one) == name][-1:]
