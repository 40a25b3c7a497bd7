"""What is known of a mistake's place, and the sentence that says it."""

import os
from dataclasses import dataclass, field

from helpers.check.own_run import OwnRun
from helpers.check.statements import function_at

CELLS = ("<", "ipykernel_")  # files with these in their names are cells of a notebook


@dataclass
class Line:
    """A line of some code, on the way to a result: its sites, each with its matrices of every run.

    called: the variable of each site, or what gets a value where no call makes one.
    """

    code: object
    number: int
    sites: list = field(default_factory=list)
    called: list = field(default_factory=list)
    right: bool = False
    repairs: tuple = ()  # (site, key) pairs: with this known step in this site's place, all comes out right

    @property
    def names(self):
        """The variables that hold what it hands on; where some of that is wrong, of that alone."""
        wrong = [any(site is one for one, _ in self.repairs) for site in self.sites]
        found = [name for name, is_wrong in zip(self.called, wrong) if is_wrong] if any(wrong) else self.called
        return list(dict.fromkeys(name for name in found if name))

    @property
    def depends(self):
        return any(site[0][0].depends for site in self.sites)

    @property
    def statement(self):
        """Its source, in one line."""
        return self.sites[0][0][0].event.place.statement if self.sites else ""


@dataclass
class Placed:
    """Where it goes wrong: in one of the lines from ``first`` to ``last``, which are one line where that is certain.

    before: the lines before them, which are right. code: theirs. line: the Line that is ``last``, None where that makes
    no matrix but returns one; is_there: has the right one been made? cell: a matrix of the first run, its first wrong
    cell, and the right numbers, or None. others: are there more lines on the way?
    """

    before: list
    first: int
    last: int
    code: object
    line: Line | None
    run: OwnRun
    cell: tuple | None = None
    others: bool = True
    is_there: bool = False

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
            return f"{right}the mistake is in line {self.first} or {self.last}{between}{self.of_what}."
        if self.line is None and self.is_there:
            return (
                f"{right}line {self.last}{self.of_what} returns something else than the right result, which is there."
            )
        if self.line is None:
            return f"{right}what line {self.last}{self.of_what} returns is the first that differs."
        several = self.line and len(self.line.names) > 1
        return (
            f"{right}{self.called(names)} {'are' if several else 'is'} the first that differ{'' if several else 's'}."
        )

    def called(self, names):
        """What the line makes."""
        made = listed([f"`{name}`" for name in self.line.names])
        if made and {*self.line.names} & {*names}:
            it = "them" if len(self.line.names) > 1 else "it"
            return f"{made}, as line {self.last}{self.of_what} leaves {it},"
        if made:
            return f"{made} in line {self.last}{self.of_what}"
        statement = self.line.statement
        return f"what line {self.last}{self.of_what} makes" + (f", `{statement}`," if statement else ",")

    @property
    def of_what(self):
        """In which code, where it is not that of the function's own cell."""
        file = self.code.co_filename
        if self.run.code is None or file == self.run.code.co_filename:
            return ""
        if any(mark in file for mark in CELLS):
            return f" of the cell with `{function_at(file, self.last)}`"
        return f" of {os.path.basename(file)}"


def listed(words):
    return ", ".join(words[:-1]) + " and " * (len(words) > 1) + "".join(words[-1:])
