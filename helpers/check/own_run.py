"""One run of a learner's function, recorded: its results, and by lines of the code what each hands on to the others."""

import ast
import inspect

import numpy as np

from helpers.check.handed_in import parameters
from helpers.check.modules import Filled
from helpers.check.replay import Unknown, leading_to, read_by, replayed
from helpers.check.statements import Statements
from helpers.check.tries import arguments, close, same
from helpers.see.record.events import Matrix
from helpers.see.record.recording import record

NAMELESS = ("<listcomp>", "<genexpr>", "<lambda>", "<dictcomp>", "<setcomp>")  # these stand in a line of others
ROUNDS = 4


class OwnRun:
    """A recorded run of the function of some Trials at a case, which is once more called for it.

    code: of the function. opened: lines that call other functions of the learner's, pairs of a code object and a
    number: the lines of these stand for them. Raises Unknown where it cannot be told how its results were made.
    """

    def __init__(self, trials, case):
        self.exercise, self.case, self.opened, self.statements = trials.exercise, case, set(), {}
        self.tensors = trials.exercise.tensors or isinstance(trials.function, Filled)
        self.code = code_of(trials.function)
        if not self.statements_of(self.code).all:
            raise Unknown
        function, given = called(trials, arguments(trials.exercise, case))
        self.recording = trials.deadline.limited(lambda: record(function, given, tensors=False))
        returned, many = self.recording.returned, len(self.exercise.gives) > 1
        if isinstance(trials.function, Filled) and isinstance(returned, tuple):
            returned = returned[0]
        self.results = [*returned] if many and isinstance(returned, list | tuple) else [returned]
        if self.recording.error or len(self.results) != len(self.exercise.gives):
            raise Unknown
        self.ways, self.tried = {}, {}
        self.order = {event: place for place, event in enumerate(self.recording.events)}

    def wanted(self, at):
        """The numbers that its result of this place should be."""
        return [*self.exercise.wanted(self.case).values()][at]

    def is_right(self, at, value=None):
        """Is this result right? value: its numbers, if not its own."""
        found = self.numbers(at) if value is None else value
        return np.shape(found) == np.shape(self.wanted(at)) and same(
            {"": found}, {"": self.wanted(at)}, self.case.scale
        )

    def numbers(self, at):
        """The numbers of this result; NaN where it is none."""
        result = self.results[at]
        return result.value if isinstance(result, Matrix) else np.asarray(result if is_number(result) else np.nan)

    def last(self, at):
        """The event that made this result; None where it is one of the inputs, or no matrix."""
        return getattr(self.results[at], "event", None)

    @property
    def made(self):
        """All matrices that were made in it, in order."""
        return [matrix for event in self.recording.events for matrix in event.results]

    @property
    def is_wrong(self):
        return not all(self.is_right(at) for at in range(len(self.results)))

    def way(self, at):
        """The events that lead to a result, in order, each with what it reads.

        Raises Unknown where the trail is lost.
        """
        if self.last(at) is None:
            raise Unknown
        if at not in self.ways:
            events = sorted(leading_to(self.results[at]), key=self.order.__getitem__)
            if any(matrix.origin == "broken" for event in events for matrix in event.results):
                raise Unknown
            self.ways[at] = {event: read_by(event) for event in events}
        return self.ways[at]

    def sites(self, at):
        """What each line of the code hands on to other lines, on the way to a result: a list of matrices by site.

        A site is a place in the code: its line, the call's expression and name, and which of its results.
        """
        events, outside = self.way(at), {self.results[at]}
        for event, read in events.items():
            for matrix in read:
                if matrix.event is None or self.line_of(matrix.event) != self.line_of(event):
                    outside.add(matrix)
        found = {}
        for event in events:
            for place, matrix in enumerate(event.results):
                if matrix in outside:
                    site = (*self.line_of(event), event.place.expression, event.operation, place)
                    found.setdefault(site, []).append(matrix)
        return found

    def line_of(self, event):
        """The line of the function in which a call was made, or from which: a code object, and the number of the
        first line of its statement.
        """
        frames = [one for one in event.lines[::-1] if one[0].co_name not in NAMELESS]
        own = next((place for place, (code, _) in enumerate(frames) if code is self.code), None)
        if own is None:
            raise Unknown
        lines = [(code, self.statements_of(code).start(line)) for code, line in frames[own:]]
        return next((one for one in lines if one not in self.opened), lines[-1])

    def inner_codes(self, line):
        """The code of the functions that are called in a line of the code, as far as its source is to be had."""
        found = {}
        for event in self.recording.events:
            if self.line_of(event) == line:
                codes = [code for code, _ in event.lines[::-1] if code.co_name not in NAMELESS]
                found |= dict.fromkeys(codes[codes.index(line[0]) + 1 :][:1])
        return [code for code in found if self.statements_of(code).all]

    def callers(self):
        """The lines that call another function of the learner's: a set of them for each function."""
        found = {}
        for line in dict.fromkeys(map(self.line_of, self.recording.events)):
            for code in self.inner_codes(line):
                found.setdefault(code, set()).add(line)
        return [*found.values()]

    def called(self, matrix):
        """The variable that a matrix is handed on as: where another function made it, the one that gets it here."""
        if matrix.event is None:
            return matrix.variable
        code, number = self.line_of(matrix.event)
        given = self.statements_of(code).at(number)
        if next((one for one, _ in matrix.event.lines if one.co_name not in NAMELESS), code) is code:
            is_handed_out = code is not self.code and given and matrix.variable not in given.gives
            return "" if is_handed_out else matrix.variable
        return given.gives[0] if given and len(given.gives) == 1 and isinstance(given.value, ast.Call) else ""

    def statements_of(self, code):
        if code not in self.statements:
            self.statements[code] = Statements(code)
        return self.statements[code]

    def with_others(self, at, others):
        """Is the result right, had some matrices had other numbers? others: arrays by matrix. Many forms of known steps
        are the same numbers, and a search asks for the same again from line to line: each is tried once.
        """
        asked = at, *((matrix, one.dtype, one.shape, one.tobytes()) for matrix, one in others.items())
        if asked not in self.tried:
            try:
                self.tried[asked] = self.is_right(at, self.changed(at, others))
            except Exception:  # noqa: BLE001 - with these numbers the calls do not work: then it is not right
                self.tried[asked] = False
        return self.tried[asked]

    def changed(self, at, others):
        """The numbers of the result, had some matrices had others. Raises what the calls raise."""
        return replayed(self.way(at), others, self.results[at], self.tensors)

    def is_reached(self, at, matrices):
        """Do all wrong cells of the result change with these matrices? If not, they are not all that is wrong.

        What is compared with others, as masks and ids are, may have to be one of a few numbers: there it is not told.
        """
        if not all(one.depends and one.kind.startswith("float") for one in matrices):
            return True
        now = self.numbers(at)
        wrong = ~close(now, self.wanted(at), self.case.scale)
        rng = np.random.default_rng(0)
        for _ in range(ROUNDS):
            others = {one: drawn(rng, one.value) for one in matrices}
            wrong &= (self.changed(at, others) == now) & np.isfinite(now)
        return not wrong.any()


def drawn(rng, value):
    """Other numbers of their size."""
    return np.where(np.isfinite(value), value, 1) * rng.uniform(-2, 2, value.shape) + rng.normal(size=value.shape)


def called(trials, given):
    """What is called, and what it gets by name: the function itself, or a module with the matrices in their places.

    Raises Unknown where it takes fewer than it is given.
    """
    function, given = trials.function, [given[name] for name in trials.order]
    taking = function
    if isinstance(function, Filled):
        given, function, taking = [*function.fill(given).values()], function.module, function.module.forward
    names = [one.name for one in parameters(taking) or []]
    if len(names) < len(given):
        raise Unknown
    return function, dict(zip(names, given))


def code_of(function):
    """The code of a function, of what a decorator says that it wraps, or None."""
    try:
        return getattr(inspect.unwrap(function), "__code__", None)
    except ValueError:  # it wraps itself
        return None


def is_number(value):
    return isinstance(value, int | float | np.number)
