"""From which line to which one the mistake may be, where some could be right for no good reason."""

import ast

from helpers.check.alike import equal
from helpers.check.placed import Line

NAMES_AND_NUMBERS = (ast.Name, ast.Constant, ast.BinOp, ast.UnaryOp)  # syntax of another name, and of numbers


class Bounds:
    """The bounds of the place among the lines of a Way."""

    def __init__(self, way, lines):
        self.way, self.runs, self.lines, self.statements = way, way.runs, lines, way.statements

    def numbers(self, first, last):
        """The numbers of the first and the last line where the mistake may be, and the Line that is the last.

        first, last: the places of lines in the same code. The Line is None where that is a return which makes nothing.
        """
        lines, line = self.lines, self.lines[last]
        early, late = sorted((lines[first].number, line.number))
        statements = self.statements = self.runs[0].statements_of(line.code)
        if self.way.is_handed_out(line) and (statements.returns or 0) > late and self.may_be_unfinished(line):
            late, line = statements.returns, None
        early = min([early, *(lines[place].number for place in self.weak(range(first, last + 1)))])
        code = lines[first].code
        made = {(self.runs[0].line_of(one.event), self.runs[0].called(one)) for one in self.runs[0].made}
        for number in range(late, early - 1, -1):
            statement = statements.at(number)
            for name in statement.reads if statement and statement.line == number else ():
                given = statements.before(number, name)
                if given and given.computes and ((code, given.line), name) not in made:
                    is_bare = all(line != (code, given.line) for line, _ in made)
                    if is_bare and self.is_another_one_here(given, name):
                        return given.line, given.line, Line(code, given.line, called=[name])
                    early = min(early, given.line)
        early, until = self.where_it_is_read(statements, code, early, late)
        if until < late:
            line = Line(code, until, called=[*statements.at(until).gives[:1]])
        return early, until, line

    def is_another_one_here(self, given, name):
        """A statement that gives a variable a value which no call made: is it called as a step, and is another?"""
        word, source = self.way.naming.word(name), getattr(given.value, "id", "")
        if not word or not given.is_plain or self.statements.is_given_again(given.line, name):
            return False
        if not isinstance(given.value, NAMES_AND_NUMBERS):
            return False
        for run, steps in zip(self.runs, self.way.naming.steps):
            matrices = [*run.recording.inputs.values(), *run.made]
            matrix = next((one for one in reversed(matrices) if one.variable == source), None) if source else None
            if source and (matrix is None or any(equal(matrix.value, step) for step in steps.get(word, []))):
                return False
        return bool(source) or self.way.naming.is_no_number(name)

    def where_it_is_read(self, statements, code, early, late):
        """The same, without the lines before a right step that no line reads: it is to be read after that."""
        for given, name, until in statements.unread():
            site = [self.way.made_there(run, (code, given.line), name) for run in self.runs]
            if all(site) and site[0][0].depends and self.way.substitutes.equal(site):
                after = next((one.line for one in statements.all if one.line > given.line), late)
                if max(early, after) <= min(late, until):
                    early, late = max(early, after), min(late, until)
        return early, late

    def may_be_unfinished(self, line):
        """Is what is returned a step that is right by itself, or made without some of what was given?"""
        if self.way.is_equal(line) or line.code is not self.way.code:
            return True
        run = self.runs[0]
        read = {
            matrix.variable for read in run.way(self.way.at).values() for matrix in read if matrix.origin == "input"
        }
        return not {*run.recording.inputs} <= read and not any(map(self.way.naming.is_result, line.names))

    def weak(self, places):
        """The places of lines before these that may be right for no good reason, and which these are made of.

        What is all alike, or just as it came in, says little: ones may be zeros that should have been ones.
        """
        found, left, lines = set(), [*places], self.lines
        readers = self.runs[0].way(self.way.at)
        while left:
            place = left.pop()
            line = lines[place].code, lines[place].number
            read = {m for event, read in readers.items() if self.runs[0].line_of(event) == line for m in read}
            for other in range(min(places)):
                sites = [site for site in lines[other].sites if site[0][-1] in read]
                if other not in found and any(self.is_weak(site, lines[other], lines[:other]) for site in sites):
                    found.add(other)
                    left.append(other)
        return found

    def is_weak(self, site, line, before):
        """Is it all alike, just as it came in, a step that was there before, or another one than its name says?"""
        matrix, keys = site[0][0], self.way.substitutes.equal(site)
        if matrix in self.way.substitutes.buffers or self.way.agrees(site, before):
            return False
        alike = all((matrix.value == matrix.value.flat[0]).all() for own in site for matrix in own if matrix.value.size)
        if alike or self.way.was_there(site, before) or all(key[0] in self.runs[0].exercise.asks for key in keys):
            return True
        used_once = matrix.name == matrix.variable and not self.way.is_given_again(line, self.way.called(site))
        return used_once and bool(self.way.naming.word(self.way.called(site)))
