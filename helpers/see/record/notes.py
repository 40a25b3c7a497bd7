"""What a call does is noted: an Event, and a Matrix for each tensor or array that it made or wrote into."""

import numpy as np

from helpers.see.record.events import Event, Matrix
from helpers.see.record.holders import found_in, kind, numbers, version, with_matrices
from helpers.see.record.names import Names
from helpers.see.record.reasons import reason
from helpers.see.record.source import sourced
from helpers.see.record.spelling import (
    ARITHMETIC,
    FILLED,
    IN_PLACE,
    LEAVING,
    OVERWRITING,
    REVERSED,
    SIZES_ALONE,
    TAKEN,
    spelled,
)
from helpers.see.record.states import States

MOST_EVENTS = 20_000
MOST_NUMBERS = 2**26  # half a gigabyte


class Notes:
    """The notes of one run.

    parts: a Parts. outside: an Outside. recording: the Recording that gets the events. kinds: the types of what holds
    numbers, tensors and arrays.
    """

    def __init__(self, recording, parts, outside, kinds):
        self.recording, self.parts, self.outside, self.kinds = recording, parts, outside, kinds
        self.states = States(recording.events, self.unknown)
        self.names = Names()
        self.foreign = []  # matrices that were there before, in the order in which they were met
        self.loose = False  # has a number that depends on an input been taken out?
        self.arrays = False  # are there arrays among the inputs, which tensors could be made of, unseen?
        self.size, self.ended = 0, ""

    def call(self, function, name, args, kwargs, frame, run=None):
        """Call a function, and note it.

        name: what it is called. frame: that of the code that calls it. run: what calls it, if it is not to be called
        on these arguments as they are.
        """
        begun = self.safely(self.begin, function, name, args, kwargs, frame)
        try:
            value = (run or function)(*args, **kwargs)
        except Exception as error:
            if begun:
                self.safely(self.explain, *begun, error)
            raise
        if begun:
            self.safely(self.end, *begun, value)
        return value

    def safely(self, step, *args):
        """Nothing that goes wrong in here may reach the learner's code: it ends the recording, and is told."""
        try:
            return step(*args)
        except Exception as error:  # noqa: BLE001
            self.ended = f"What came after the call of {name_of(args[0])} could not be recorded: {error!r}"
            return None

    def begin(self, function, name, args, kwargs, frame):
        """Before a call: what it reads, as it is now, and which of it could be written into."""
        operation = LEAVING.get(name) or spelled(name)
        where, tensors = self.parts.where(frame), found_in((args, kwargs), self.kinds)
        read = {id(one): self.states.read(one) for one in tensors}
        self.names.notice(where, [(one, read[id(one)]) for one in tensors if not read[id(one)].variable])
        versions = [version(one) for one in tensors]
        return function, name, operation, args, kwargs, where, tensors, read, versions

    def end(self, function, name, operation, args, kwargs, where, tensors, read, versions, value):
        """After it: the Event, and the new matrices."""
        if name == "__set__":
            self.states.forget(args[0])  # x.data = y: x lies in y's memory from now on
            return
        changed = self.changed(name, args, kwargs, tensors, versions)
        given = found_in(value, self.kinds)
        results = [one for one in given if id(one) in changed or not self.states.knows(one)]
        if not results and not changed and name not in LEAVING:
            if given:  # it gives back what it got, as dropout does
                self.names.claim(where, value, self.nameless)
            return
        args, kwargs = with_matrices((args, kwargs), self.kinds, lambda one: read[id(one)])
        event = self.event(operation, function, args, kwargs, where, name)
        written = [one for one in tensors if id(one) in changed]
        if written:
            event.in_place = read[id(written[0])]
        origin = self.origin(event, event.reads, [read[id(one)] for one in written])
        made = {}
        for tensor in {id(one): one for one in [*results, *written]}.values():
            matrix = Matrix(numbers(tensor), origin=origin, event=event, kind=kind(tensor))
            if id(tensor) in changed:
                matrix.variable = read[id(tensor)].variable
                self.states.written(tensor, matrix)
            else:
                self.states.add(tensor, matrix)
            made[id(tensor)] = matrix
        event.results = [*made.values()]
        self.recording.events.append(event)
        if operation in TAKEN:
            self.loose |= any(matrix.depends for matrix in event.reads)
        if operation == "numpy":
            self.states.lend(tensors[0])
        self.names.claim(where, value, lambda part: made.get(id(part)))
        self.limit(made.values())

    def event(self, operation, function, args, kwargs, where, name):
        """The Event of a call, without its results."""
        if name in REVERSED:
            operation, function = REVERSED[name]
            args = (*args[:2][::-1], *args[2:])
        lines = tuple((frame.f_code, frame.f_lineno) for frame, one in where.stack.items() if one.own)
        event = Event(operation, function, args, kwargs, within=where.within, trail=where.trail, lines=lines)
        event.number = len(self.recording.events)
        event.inner = bool(where.frames) and where.frames[0][1] is not None
        written = ()
        if where.at:
            event.place, written = sourced(where.at).place, sourced(where.at).numbers
        event.broken = self.loose and takes_numbers(event, written)
        return event

    def nameless(self, tensor):
        """The Matrix of a tensor, if no variable has named it."""
        known = isinstance(tensor, self.kinds) and self.states.knows(tensor)
        matrix = self.states.read(tensor) if known else None
        return None if matrix is None or matrix.variable else matrix

    def let_out(self, number):
        """A number can go where nobody sees it."""
        self.loose |= self.states.knows(number) and self.states.read(number).depends

    def lose_sight(self):
        """Something is computed where nobody sees it."""
        self.loose = True

    def explain(self, function, name, operation, args, kwargs, where, tensors, read, versions, error):
        """After it failed: what is known of the reason is noted beside its error."""
        args, kwargs = with_matrices((args, kwargs), self.kinds, lambda one: read[id(one)])
        event = self.event(operation, function, args, kwargs, where, name)
        if found := reason(event.operation, event.reads):
            error.add_note(found)

    def changed(self, name, args, kwargs, tensors, versions):
        """The ids of the tensors that a call has written into."""
        found = {id(one) for one, before in zip(tensors, versions) if version(one) != before}
        in_place = name == "__setitem__" or (name[-1:] == "_" and name[-2:] != "__") or name in IN_PLACE
        said = tensors[:1] if in_place else found_in(kwargs["out"], self.kinds) if "out" in kwargs else ()
        counted = (one for one in said if id(one) in found or version(one) is None or isinstance(one, np.ndarray))
        said = {id(one) for one in counted}  # of arrays it is not known if the same numbers were written
        return said or found

    def origin(self, event, reads, overwritten):
        """What its numbers come from: "constant" if from no input and no parameter."""
        if event.operation == "grad":
            return "broken"
        if event.operation in SIZES_ALONE:
            reads = []
        elif event.operation in OVERWRITING and overwritten:
            reads = [one for one in reads if one is not overwritten[0]]
        if any(matrix.depends for matrix in reads):
            return "made"
        return "broken" if event.broken else "constant"

    def unknown(self, tensor, neighbors):
        """The Matrix of a tensor that no call has given: it was there before, or it comes from where nobody looks.

        None for one that lies in the memory of another.
        """
        _, name, origin = self.outside.tensors.get(id(tensor), (None, "", ""))
        if not origin and neighbors:
            return None
        if not origin:
            hidden = (
                self.arrays
                or self.loose
                or self.ended
                or self.outside.unseen
                or getattr(tensor, "grad_fn", None) is not None
            )
            origin = "broken" if hidden else "constant"
        matrix = Matrix(numbers(tensor), origin=origin, kind=kind(tensor), variable=name)
        self.size += matrix.value.size
        self.foreign.append(matrix)
        return matrix

    def adopt(self, tensor, name):
        """A parameter or a buffer of a module that was made in the run: how, is of no interest, unless of an input."""
        other = self.states.neighbor(tensor)
        if other is not None and self.states.read(other).depends:
            return
        self.states.forget(tensor)
        self.outside.tensors[id(tensor)] = tensor, name, "parameter" if tensor.requires_grad else "constant"

    def limit(self, made):
        """Stop where it becomes too much."""
        self.size += sum(matrix.value.size for matrix in made)
        if len(self.recording.events) >= MOST_EVENTS:
            self.ended = f"Only its first {MOST_EVENTS:,} calls are recorded: is there a loop that could be shorter?"
        elif self.size > MOST_NUMBERS:
            self.ended = f"Only its first {self.size:,} numbers are recorded: give it smaller sizes."


def name_of(function):
    return getattr(function, "__name__", str(function))


def takes_numbers(event, written):
    """Are there numbers among its arguments that become numbers of its result, and are not written in the code?"""
    found = [one for one in plain_numbers([event.args, event.kwargs]) if not is_written(one, written)]
    if event.operation in FILLED or event.operation in ARITHMETIC:
        return bool(found)
    return any(isinstance(one, float) for one in found)


def is_written(number, written):
    return isinstance(number, int | float) and number in written


def plain_numbers(value):
    if isinstance(value, list | tuple):
        for one in value:
            yield from plain_numbers(one)
    elif isinstance(value, dict):
        yield from plain_numbers([*value.values()])
    elif isinstance(value, int | float | complex | np.ndarray | np.generic) and not isinstance(value, bool):
        yield value
