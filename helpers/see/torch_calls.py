"""Every call of PyTorch in a run, as an Event. Imported only where a function works with tensors."""

import sys
from contextlib import contextmanager

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from helpers.see.events import Event, Matrix
from helpers.see.names import Names
from helpers.see.source import sourced
from helpers.see.spelling import (
    ARITHMETIC,
    FILLED,
    GETTERS,
    LEAVING,
    OVERWRITING,
    REVERSED,
    SIZES_ALONE,
    TAKEN,
    spelled,
)
from helpers.see.states import States, kind, numbers, version

MOST_EVENTS = 20_000
MOST_NUMBERS = 2**26  # half a gigabyte
QUIET = {"size", "dim", "__len__", "stride", "numel", "is_contiguous", "backward", "requires_grad_", "__repr__"}


class TorchCalls(TorchFunctionMode):
    """Writes down each call of PyTorch while it is entered.

    parts: a Parts. outside: an Outside. recording: the Recording that gets the events.
    """

    def __init__(self, recording, parts, outside):
        super().__init__()
        self.recording, self.parts, self.outside = recording, parts, outside
        self.states = States(recording.events, self.unknown)
        self.names = Names()
        self.foreign = []  # matrices that were there before, in the order in which they were met
        self.loose = False  # has a number that depends on an input been taken out?
        self.size, self.ended = 0, ""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        if name == "__get__":
            name = getattr(function.__self__, "__name__", "")
            if name not in GETTERS:
                return function(*args, **kwargs)
        if self.ended or name in QUIET:
            return function(*args, **kwargs)
        begun = self.safely(self.begin, function, name, args, kwargs, sys._getframe(1))
        value = function(*args, **kwargs)
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
        where, tensors = self.parts.where(frame), [*tensors_in((args, kwargs))]
        read = {id(one): self.states.read(one) for one in tensors}
        versions = {id(one): version(one) for one in tensors}
        return function, name, operation, args, kwargs, where, tensors, read, versions

    def end(self, function, name, operation, args, kwargs, where, tensors, read, versions, value):
        """After it: the Event, and the new matrices."""
        if name == "__set__":
            self.states.known.pop(id(args[0]), None)  # x.data = y: x lies in y's memory from now on
            return
        changed = self.changed(name, args, kwargs, tensors, versions)
        results = [one for one in tensors_in(value) if id(one) in changed or not self.states.knows(one)]
        if not results and not changed and name not in LEAVING:
            return
        here = sourced(where.at) if where.at else None
        args, kwargs = as_matrices(args, read), as_matrices(kwargs, read)
        event = Event(operation, function, args, kwargs, within=where.within)
        if here:
            event.place = here.place
        if name in REVERSED:
            event.operation, event.function = REVERSED[name]
            event.args = (*event.args[:2][::-1], *event.args[2:])
        event.broken = self.loose and takes_numbers(event)
        origin = self.origin(event, [read[one] for one in changed if one in read])
        written = [one for one in tensors if id(one) in changed]
        beside = [one for one in written if not any(one is result for result in results)]
        if written:
            event.in_place = read[id(written[0])]
        made = {}
        for one in dict.fromkeys([*map(Held, results), *map(Held, beside)]):
            tensor = one.tensor
            matrix = Matrix(numbers(tensor), origin=origin, event=event, kind=kind(tensor))
            self.size += matrix.value.size
            made[id(tensor)] = matrix
            if id(tensor) in changed:
                matrix.variable = read[id(tensor)].variable
                self.states.written(tensor, matrix)
            else:
                self.states.add(tensor, matrix)
            event.results.append(matrix)
        self.recording.events.append(event)
        if name in LEAVING:
            self.loose |= operation in TAKEN and any(matrix.depends for matrix in event.reads)
            if operation == "numpy":
                self.states.lend(tensors[0])
        self.names.claim(where, value, lambda part: made.get(id(part)))
        self.limit()

    def changed(self, name, args, kwargs, tensors, versions):
        """The ids of the tensors that a call has written into."""
        ids = {one for one, before in versions.items() if before is not None}
        found = [one for one in tensors if id(one) in ids and version(one) != versions[id(one)]]
        said = tensors_in(kwargs.get("out"))
        if name in ("__setitem__",) or (name.endswith("_") and not name.endswith("__")) or name.startswith("__i"):
            said = tensors[:1] if name not in ("__invert__", "__int__", "__index__") else []
        said = {id(one) for one in said if one in Tensors(found) or version(one) is None}
        return said or {id(one) for one in found}

    def origin(self, event, overwritten):
        """What its numbers come from: "constant" if from no input and no parameter."""
        if event.operation == "grad":
            return "broken"
        reads = event.reads
        if event.operation in SIZES_ALONE:
            reads = []
        elif event.operation in OVERWRITING and overwritten:
            reads = [one for one in reads if one is not overwritten[0]]
        if any(matrix.depends for matrix in reads):
            return "made"
        return "broken" if event.broken else "constant"

    def unknown(self, tensor):
        """The Matrix of a tensor that no call has given: it was there before, or it comes from where nobody looks."""
        _, name, origin = self.outside.tensors.get(id(tensor), (None, "", "constant"))
        if not name and (self.loose or tensor.grad_fn is not None):
            origin = "broken"
        matrix = Matrix(numbers(tensor), origin=origin, kind=kind(tensor), variable=name)
        self.size += matrix.value.size
        self.foreign.append(matrix)
        return matrix

    def forget(self, tensor):
        """How a tensor was made is of no interest, unless it depends on an input."""
        state = self.states.known.get(id(tensor))
        if state and state.matrix.origin == "constant":
            del self.states.known[id(tensor)]

    def limit(self):
        """Stop where it becomes too much."""
        if len(self.recording.events) >= MOST_EVENTS:
            self.ended = f"Only its first {MOST_EVENTS:,} calls are recorded: is there a loop that could be shorter?"
        elif self.size > MOST_NUMBERS:
            self.ended = f"Only its first {self.size:,} numbers are recorded: give it smaller sizes."


class Held:
    """A tensor that is equal to itself alone."""

    def __init__(self, tensor):
        self.tensor = tensor

    def __eq__(self, other):
        return self.tensor is other.tensor

    def __hash__(self):
        return id(self.tensor)


class Tensors(list):
    """Tensors, asked for by what they are and not by their numbers."""

    def __contains__(self, tensor):
        return any(one is tensor for one in self)


def name_of(function):
    return getattr(function, "__name__", str(function))


def tensors_in(value):
    """All tensors in a nest of lists, tuples, dictionaries and slices, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from tensors_in(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from tensors_in(one)
    elif isinstance(value, slice):
        yield from tensors_in((value.start, value.stop, value.step))


def as_matrices(value, read):
    """The same nest with Matrices in the place of tensors."""
    if isinstance(value, torch.Tensor):
        return read[id(value)]
    if isinstance(value, tuple):
        return tuple(as_matrices(one, read) for one in value)
    if isinstance(value, list):
        return [as_matrices(one, read) for one in value]
    if isinstance(value, dict):
        return {key: as_matrices(one, read) for key, one in value.items()}
    if isinstance(value, slice):
        return slice(*(as_matrices(one, read) for one in (value.start, value.stop, value.step)))
    return value


def takes_numbers(event):
    """Are there numbers among its arguments that become numbers of its result?"""
    found = [*plain_numbers([event.args, event.kwargs])]
    if event.operation in FILLED or event.operation in ARITHMETIC:
        return bool(found)
    return any(isinstance(one, float) for one in found)


def plain_numbers(value):
    if isinstance(value, list | tuple):
        for one in value:
            yield from plain_numbers(one)
    elif isinstance(value, dict):
        yield from plain_numbers([*value.values()])
    elif isinstance(value, int | float | complex | np.ndarray | np.generic) and not isinstance(value, bool):
        yield value


@contextmanager
def slow_paths():
    """In here, PyTorch's layers take the way that is made of plain calls, in place of one that computes all at once."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
