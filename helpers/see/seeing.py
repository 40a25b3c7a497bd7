"""Any code of yours becomes a Trace: run once, as it stands, and read."""

import inspect

from helpers.look.sentence import with_notes
from helpers.see.limits import too_long, too_much
from helpers.see.read.assembling import assembled
from helpers.see.read.reading import Reading
from helpers.see.record.recording import record


class Failed(ValueError):
    """The code raised an error. ``trace``: the Trace of all that it did before.

    A notebook shows both, and none of the lines between the learner's and where it was raised.
    """

    def __init__(self, sentence, trace):
        super().__init__(sentence)
        self.trace = trace

    def _render_traceback_(self):
        before = self.trace.shapes().splitlines()
        return [f"{type(self).__name__}: {self}", *(["", "Before that:", *before] if before else [])]


def see(function, *inputs, tokens=None, **by_name):
    """The Trace of one call of a function, a method or a module, made of the tensors on its way.

    Each step is called as in the code, has its line and its numbers, and knows which numbers each of its cells is made
    of. The code runs once, unchanged, on copies. Raises ``Failed``, which has the Trace so far, where the code raises,
    and ValueError for inputs that are too large and for code that makes no tensor.

    tokens: the words of the tokens, which stand beside the rows; the code gets them where it has such a parameter.

    >>> import torch
    >>> def double(x):
    ...     y = 2 * x
    ...     return y
    >>> see(double, torch.tensor([[1.0, 3.0]])).why("y", t=0, c=1)
    y[0,1] = 2.000·x[0,1] = 2.000·3 = 6
    """
    if tokens is not None and "tokens" in parameters(function):
        tokens, by_name = None, {**by_name, "tokens": tokens}
    arguments = named(function, inputs, by_name)
    for name, value in arguments.items():
        check(too_long(name, getattr(value, "shape", ())))
    recording = record(function, arguments)
    return trace_of(recording, title(function), tokens)


def trace_of(recording, called, tokens=None):
    """The Trace of a Recording; raises as ``see`` does."""
    check(too_much(recording))
    reading = Reading(recording)
    if recording.error is not None:
        raise Failed(sentence(recording, called), assembled(reading.drafts, [], called, tokens)) from recording.error
    last = reading.last()
    if not last:
        raise ValueError(
            f"{called} returned {type(recording.returned).__name__}, and no tensor: there is nothing to see. "
            "Return what you want to ask about."
        )
    return assembled(reading.drafts, last, called, tokens)


def sentence(recording, called):
    """What was raised, and where, in one sentence."""
    error, place = recording.error, recording.failed
    where = f"line {place.line}, {place.statement}" if place and place.line else called
    said = " ".join(with_notes(error, str(error)).split()) or "no more is said"
    return f"{called} stopped in {where}: {type(error).__name__}: {said}"


def named(function, inputs, by_name):
    """The arguments of a call by the names of the parameters; those of ``*args`` are ``args[0]``, …

    Raises TypeError, as Python does, where they do not fit.
    """
    signature = signature_of(function)
    if signature is None:
        return {**{f"argument {at + 1}": value for at, value in enumerate(inputs)}, **by_name}
    bound = signature.bind(*inputs, **by_name)
    return dict(bound.arguments)


def parameters(function):
    """The names of the parameters of the code, where Python knows them."""
    signature = signature_of(function)
    return signature.parameters if signature else {}


def signature_of(function):
    """The signature of a function, or of the forward of a module; None for some that are built in."""
    try:
        return inspect.signature(function.forward if hasattr(function, "named_parameters") else function)
    except (TypeError, ValueError):
        return None


def check(sentence):
    """Raise ValueError with a sentence on what is too large, if there is one."""
    if sentence:
        raise ValueError(f"{sentence}.")


def title(function):
    """What the code is called."""
    name = getattr(function, "__name__", "") or type(function).__name__
    return "lambda" if name == "<lambda>" else name
