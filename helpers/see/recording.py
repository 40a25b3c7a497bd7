"""A learner's code is run exactly once, as it stands; every matrix on the way and every call that made one is kept."""

import sys
from contextlib import ExitStack

from helpers.see.calling import by_place, call
from helpers.see.events import Matrix, Recording
from helpers.see.names import number
from helpers.see.outside import Outside, is_module
from helpers.see.parts import Parts, is_own
from helpers.see.source import look
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
    places = by_place_alone(function) if places is None else places
    recording = run.recording
    try:
        made = call(run, arguments, seed, tensors, strict, places)
        recording.said, recording.changed = made.said, made.changed
    except Exception as error:  # noqa: BLE001 - whatever it raises is what it did
        recording.error = error
        recording.failed = failed_at(error)
    run.finish()
    return recording


def by_place_alone(function):
    try:
        return by_place(function)
    except (TypeError, ValueError):  # it has no signature
        return {}


class Run:
    """One run of a function: calling it records it."""

    def __init__(self, function):
        self.function, self.recording = function, Recording()
        self.outside, self.torch = Outside(function), None

    def __call__(self, *placed, **named):
        given = {**dict(zip(names_of(self.function), placed)), **named}
        with ExitStack() as stack:
            if "torch" in sys.modules:
                self.enter_torch(stack, given)
            value = self.function(*placed, **named)
        self.recording.returned = self.as_matrices(value)
        return value

    def enter_torch(self, stack, given):
        """Watch PyTorch until the stack is closed."""
        from helpers.see import torch_calls  # only here is torch needed

        parts = Parts(sys._getframe(1), self.outside.modules, self.met)
        self.torch = torch_calls.TorchCalls(self.recording, parts, self.outside)
        for name, value in given.items():
            self.give(value, name)
        stack.enter_context(torch_calls.slow_paths())
        stack.enter_context(self.torch)

    def give(self, value, name):
        """Note an argument: the tensors in it are inputs."""
        from helpers.see.states import kind, numbers
        from helpers.see.torch_calls import torch

        if isinstance(value, torch.Tensor):
            matrix = Matrix(numbers(value), origin="input", kind=kind(value), variable=name)
            self.recording.inputs[name] = matrix
            self.torch.states.add(value, matrix)
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
        held = [*module.named_parameters(prefix=path), *module.named_buffers(prefix=path)]
        for name, one in held:
            self.torch.forget(one)
            self.outside.tensors.setdefault(id(one), (one, name, "parameter" if one.requires_grad else "constant"))

    def as_matrices(self, value):
        """What came back, with matrices in the place of tensors."""
        if self.torch is None:
            return value
        from helpers.see.torch_calls import as_matrices, tensors_in

        return as_matrices(value, {id(one): self.torch.states.read(one) for one in tensors_in(value)})

    def finish(self):
        """Give the matrices their names, and say what is to be said."""
        if self.torch is None:
            return
        made = [matrix for event in self.recording.events for matrix in event.results]
        number([*self.recording.inputs.values(), *self.torch.foreign], made)
        if self.torch.ended:
            self.recording.said.append(self.torch.ended)


def names_of(function):
    import inspect

    try:
        return [*inspect.signature(function).parameters]
    except (TypeError, ValueError):
        return []


def failed_at(error):
    """The Place where it failed: the innermost line of the learner's."""
    while error is not None:
        own = [one for one in tracebacks(error.__traceback__) if is_own(one.tb_frame.f_code.co_filename)]
        if own:
            return look(own[-1]).place
        error = error.__cause__  # what ends Python is raised as another error
    return None


def tracebacks(one):
    while one is not None:
        yield one
        one = one.tb_next
