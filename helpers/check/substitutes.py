"""Known steps in the place of what a program made: which of them it equals, and with which all comes out right."""

from itertools import chain, islice, product

import numpy as np

from helpers.check.alike import bare, equal

MOST_TOGETHER = 300  # ways to put known steps in the places of several matrices of one line


class Substitutes:
    """Of some runs that go the same way, to their result of one place. knowns: of each run.

    A site is a list of the matrices that one place in the code made, for each run.
    """

    def __init__(self, runs, knowns, at):
        self.runs, self.knowns, self.at = runs, knowns, at
        self.buffers = {event.in_place for event in runs[0].way(at) if event.operation == "setitem"}
        self.found = {}

    def equal(self, site):
        """The forms of known steps that a site equals in every run."""
        if id(site) not in self.found:
            self.found[id(site)] = site, self.look(site)
        return self.found[id(site)][1]

    def look(self, site):
        values = [[matrix.value for matrix in own] for own in site]
        for fill in (0, 1):
            alike = not site[0][0].depends and all((value == fill).all() for own in values for value in own)
            if alike and not (fill == 1 and self.is_buffer(site)):
                return [("", fill)]
        rows = [[value[0] if is_repeated(value) else value for value in own] for own in values]
        return self.known(values) or self.known(rows)

    def known(self, values):
        """The forms of known steps that these arrays of every run are."""
        return [
            key
            for key in self.knowns[0].candidates(values[0])
            if all(
                (fitting := known.fit(key, own)) is not None and all(map(equal, own, fitting))
                for known, own in zip(self.knowns, values)
            )
        ]

    def keys(self, site):
        """All forms of known steps that could stand at a site in every run, each with its arrays."""
        first = [matrix.value for matrix in site[0]]
        for key in self.knowns[0].candidates(first):
            fitting = [known.fit(key, [m.value for m in own]) for known, own in zip(self.knowns, site)]
            if all(one is not None for one in fitting):
                yield key, fitting

    def repairs(self, site):
        """The forms of known steps that make the result right in every run, in the place of what a site made."""
        return [
            key for key, fitting in self.instead(site) if not is_known(site, fitting) and self.mends([site], [fitting])
        ]

    def together(self, sites):
        """The forms that do so together, one for each of several sites of a line; () where there are none."""
        several = [[pair for pair in self.keys(site) if not is_known(site, pair[1])] for site in sites]
        ways = dict.fromkeys(key[1:] for key, _ in several[0])
        alike = (product(*([pair for pair in one if pair[0][1:] == way] for one in several)) for way in ways)
        for pairs in islice(chain.from_iterable(alike), MOST_TOGETHER):
            if len({key for key, _ in pairs}) == len(pairs) and self.mends(sites, [fitting for _, fitting in pairs]):
                return tuple(key for key, _ in pairs)
        return ()

    def mends(self, sites, fittings):
        """Is the result right in every run, with these arrays in the places of what some sites made?"""
        return all(
            run.with_others(
                self.at,
                {
                    matrix: one
                    for site, fitting in zip(sites, fittings)
                    for matrix, one in zip(site[place], fitting[place])
                },
            )
            for place, run in enumerate(self.runs)
        )

    def instead(self, site):
        """What could be tried in the place of what a site made."""
        if not site[0][0].depends and len(site[0]) == 1:
            for fill in (0, 1):
                yield ("", fill), [[np.full(own[0].shape, fill)] for own in site]
        if not self.is_buffer(site):
            yield from self.keys(site)
            yield from self.of_other_shapes(site)

    def is_buffer(self, site):
        """Is it written into, number by number, later on, and nothing as yet?"""
        matrix = site[0][0]
        return not matrix.depends and matrix in self.buffers and matrix.event.operation != "setitem"

    def of_other_shapes(self, site):
        """A result that has not the shape of a known step may have to be any of them."""
        if len(site[0]) > 1:
            return
        for key in self.knowns[0].forms:
            if key[1] == "" and all(key in known.forms for known in self.knowns):
                fitting = [[known.forms[key]] for known in self.knowns]
                if any(one[0].shape != own[0].shape for one, own in zip(fitting, site)):
                    yield key, fitting
                    if bare(fitting[0][0].shape) == fitting[0][0].shape[:1]:  # a row, or a column
                        yield key, [[one[0].ravel()] for one in fitting]
                        yield key, [[one[0].reshape(-1, 1)] for one in fitting]


def is_repeated(value):
    """Is it the same for every sequence of the batch, as a mask may be?"""
    return value.ndim > 2 and len(value) > 1 and np.array_equal(value, np.broadcast_to(value[0], value.shape))


def is_known(site, fitting):
    """Are the matrices of a site in every run equal to these arrays?"""
    pairs = [(matrix.value, known) for own, one in zip(site, fitting) for matrix, known in zip(own, one)]
    return all(np.shape(value) == np.shape(known) and equal(value, known) for value, known in pairs)
