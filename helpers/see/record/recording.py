"""A learner's code is run exactly once, as it stands; every matrix on the way and every call that made one is kept."""

import inspect
import sys
from contextlib import ExitStack

import numpy as np

from helpers.see.calling import call
from helpers.see.record.events import Matrix, Recording
from helpers.see.record.holders import Kept, kind, numbers, with_matrices
from helpers.see.record.names import number
from helpers.see.record.notes import Notes
from helpers.see.record.numpy_calls import kept, noting
from helpers.see.record.outside import Outside, is_module
from helpers.see.record.parts import Parts, is_own
from helpers.see.record.source import look
from helpers.see.record.stand_in import stand_ins
from helpers.see.record.threads import told_of
from helpers.see.wants_tensors import kinds


def record(function, arguments, seed=0, tensors=None, strict=False, places=None):
    """Call a function, a method or a module once, and write down what it does. Returns a Recording.

    arguments: by name. seed, strict, places: as in ``call``, which makes the call: on copies, from the same random
    numbers. tensors: whether it gets arrays as tensors; None: as its code wants it. What it raises stands in the
    Recording; an interrupt is raised.

    >>> import torch
    >>> def mean(x):
    ...     total = x.sum(0)
    ...     return total / len(x)
    >>> [event.operation for event in record(mean, {"x": torch.ones(2, 3)}).events]
    ['sum', 'div']
    """
    if tensors is None:
        tensors = is_module(function) or kinds(function, arguments)[0] == "tensors"
    run = Run(function)
    places = run.by_place_alone() if places is None else places
    recording = run.recording
    try:
        made = call(run, arguments, seed, tensors, strict, places)
        recording.said, recording.changed = made.said, made.changed
    except Exception as error:  # noqa: BLE001 - whatever it raises is what it did
        recording.error = error
        recording.failed = failed_at(error)
    run.finish()
    return recording


class Run:
    """One run of a function: calling it records it. begun: has the function been called?"""

    def __init__(self, function):
        self.function, self.recording, self.begun = function, Recording(), False
        self.outside, self.notes = Outside(function), None
        try:
            self.parameters = inspect.signature(function).parameters
        except (TypeError, ValueError):  # it tells nobody
            self.parameters = {}

    def by_place_alone(self):
        """The parameters that are given by place, with their defaults."""
        return {name: one.default for name, one in self.parameters.items() if one.kind is one.POSITIONAL_ONLY}

    def __call__(self, *placed, **named):
        torch = sys.modules.get("torch")
        kinds = (torch.Tensor, np.ndarray, Kept) if torch else (np.ndarray, Kept)
        parts = Parts(sys._getframe(), self.outside.modules, self.met)
        self.notes = Notes(self.recording, parts, self.outside, kinds)
        given = [*placed, *named.values()]
        placed, named = tuple(map(kept_inside, placed)), {name: kept_inside(value) for name, value in named.items()}
        for name, value in {**dict(zip(self.parameters, placed)), **named}.items():
            self.give(value, name)
        with ExitStack() as stack:
            if torch:
                from helpers.see.record.torch_calls import TorchCalls, plain_ways  # which need it

                stack.enter_context(plain_ways())
                stack.enter_context(TorchCalls(self.notes))
            stack.enter_context(noting(self.notes))
            stack.enter_context(told_of(self.notes.lose_sight))
            stack.enter_context(stand_ins(self.outside.scopes.values(), self.outside.array))
            self.begun = True
            value = self.function(*placed, **named)
        for one, told in zip(given, [*placed, *named.values()]):
            if isinstance(told, np.ndarray) and told.shape != one.shape:
                one.shape = told.shape  # it was written there
        self.recording.returned = with_matrices(value, kinds, self.notes.states.read)
        return value

    def give(self, value, name):
        """Note an argument: the tensors and arrays in it are inputs."""
        if isinstance(value, self.notes.kinds):
            matrix = Matrix(numbers(value), origin="input", kind=kind(value), variable=name)
            self.recording.inputs[name] = matrix
            self.notes.states.add(value, matrix)
            self.notes.arrays |= isinstance(value, np.ndarray)
        elif isinstance(value, list | tuple):
            for place, one in enumerate(value):
                self.give(one, f"{name}[{place}]")
        elif isinstance(value, dict):
            for key, one in value.items():
                self.give(one, f"{name}[{key!r}]")
        else:
            self.outside.look(value, name, 0)

    def met(self, module, path):
        """A module that was made in the run: its parameters have names from now on."""
        for name, one in [*module.named_parameters(prefix=path), *module.named_buffers(prefix=path)]:
            self.notes.adopt(one, name)

    def finish(self):
        """Give the matrices their names, and say what is to be said."""
        if self.notes is None:
            return
        made = [matrix for event in self.recording.events for matrix in event.results]
        number([*self.recording.inputs.values(), *self.notes.foreign], made)
        if self.notes.ended:
            self.recording.said.append(self.notes.ended)


def kept_inside(value):
    """What tells of itself in the place of an array; a list or a dictionary is the same one, with such things in it."""
    if type(value) is list:
        value[:] = map(kept_inside, value)
        return value
    if type(value) is dict:
        value.update({key: kept_inside(one) for key, one in value.items()})
        return value
    return kept(value)


def failed_at(error):
    """The Place where it failed: the innermost line of the learner's."""
    while error is not None:
        own = [one for one in tracebacks(error.__traceback__) if is_own(one.tb_frame)]
        if own:
            return look(own[-1]).place
        error = error.__cause__  # what ends Python is raised as another error
    return None


def tracebacks(one):
    while one is not None:
        yield one
        one = one.tb_next
