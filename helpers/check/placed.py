"""What is known of a mistake's place, and the sentence that says it."""

from dataclasses import dataclass

from helpers.check.own_run import OwnRun


@dataclass
class Line:
    """A line on the way to a result: its sites, each with its matrices of every run. place: its first one's."""

    sites: list
    right: bool = False
    repairs: tuple = ()  # (site, key) pairs: with this known step in this site's place, all comes out right

    @property
    def number(self):
        return self.sites[0][0][0].event.place.line

    @property
    def file(self):
        return self.sites[0][0][0].event.place.file

    @property
    def names(self):
        """The variables that hold what it hands on."""
        return list(dict.fromkeys(site[0][0].variable for site in self.sites if site[0][0].variable))

    @property
    def depends(self):
        return any(site[0][0].depends for site in self.sites)


@dataclass
class Placed:
    """Where it goes wrong: in one of the lines from ``first`` to ``last``, which are one line where that is certain.

    before: the lines before them, which are right. line: the Line that is ``last``, None where that makes no matrix.
    cell: a matrix of the first run, and its first wrong cell, or None. others: are there more lines on the way?
    """

    before: list
    first: int
    last: int
    line: Line | None
    run: OwnRun
    cell: tuple | None = None
    others: bool = True

    @property
    def is_certain(self):
        return self.first == self.last

    @property
    def is_telling(self):
        """Is there another line that could have been it?"""
        return self.others or not self.is_certain

    @property
    def sentence(self):
        """``q and k are right; `scores` in line 5 is the first that differs.``"""
        names = list(dict.fromkeys(name for line in self.before if line.depends for name in line.names))
        right = f"{listed(names)} {'are' if len(names) > 1 else 'is'} right; " if names else ""
        if not self.is_certain:
            between = ", or between them" if self.last - self.first > 1 else ""
            return f"{right}the mistake is in line {self.first} or {self.last}{between}."
        if self.line is None:
            return f"{right}line {self.last} returns something else than the right result, which is there."
        return f"{right}{self.called(names)} is the first that differs."

    def called(self, names):
        """What the line makes."""
        made = listed([f"`{name}`" for name in self.line.names]) if self.line.names else ""
        if made and {*self.line.names} & {*names}:
            return f"{made}, as line {self.last} leaves it,"
        if made:
            return f"{made} in line {self.last}"
        statement = self.line.sites[0][0][0].event.place.statement
        return f"what line {self.last} makes" + (f", `{statement}`," if statement else ",")


def listed(words):
    return ", ".join(words[:-1]) + " and " * (len(words) > 1) + words[-1]
