"""One call of a learner's function: on copies, from the same random numbers; all that it says is kept."""

import inspect
import io
import random
import sys
import warnings
from contextlib import contextmanager, nullcontext, redirect_stdout
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from helpers.look.sentence import one_line, sentence
from helpers.see.contained import contained
from helpers.see.copies import copied, written

TAKEN_FOR_ARRAY = ("__array_", "To copy construct from a tensor")  # of np.exp(x) and torch.tensor(x), x a tensor
TOLD = 3  # so many different warnings are told
KEPT = 10_000  # characters of what is printed
IN_A_ROW = ContextVar("in a row", default=False)  # whether the next call is one of several in a row


@dataclass(frozen=True)
class Call:
    """How a call went.

    value: what came back. changed: the names of the arguments that it wrote into. said: what it printed and what it was
    warned of, a sentence each.
    """

    value: object
    changed: list
    said: list


def call(build, arguments, seed=0, tensors=False, strict=False, places=None, limited=None):
    """Call a function once. Raises what it raises, and ValueError where that would end Python. Returns a Call.

    It gets copies, so that what you gave stays as it is. Python's, NumPy's and PyTorch's random numbers start from
    seed at each call, and go on afterwards where they were: the same call gives the same numbers, and your other cells
    do not notice it. tensors: give arrays as torch tensors, of the type that torch makes by itself. strict: raise
    the warnings that a function took a tensor for an array. places: the parameters that are given by place.
    limited: what ends an action that takes too long (see ``Deadline``), if anything does.

    >>> call(lambda x: x + 1, {"x": 1}).value
    2
    """
    given = {name: copied(value) for name, value in arguments.items()}
    if tensors:
        given = {name: as_tensor(value) for name, value in given.items()}
    before = {name: copied(value) for name, value in given.items()}
    placed, named = by_place_and_name(given, places or {})
    printed = Printed()
    with (
        same_random_numbers(seed),
        np.errstate(),
        redirect_stdout(printed),
        warnings.catch_warnings(record=True) as warned,
    ):
        warnings.simplefilter("always")
        if strict and tensors:
            for text in TAKEN_FOR_ARRAY:
                warnings.filterwarnings("error", text)
        with contained():
            value = limited(lambda: build(*placed, **named)) if limited else build(*placed, **named)
    return Call(value, written(before, given), [*printed.sentences(), *told(warned)])


def by_place(build):
    """The parameters that a function takes by place alone, as ``x`` in ``def f(x, /)``: their defaults by name."""
    parameters = inspect.signature(build).parameters.items()
    return {name: one.default for name, one in parameters if one.kind is one.POSITIONAL_ONLY}


def by_place_and_name(given, places):
    """Arguments in two parts: a list of those by place, with defaults before the last of them, and the others by name.

    >>> by_place_and_name({"b": 2, "c": 3}, {"a": 1, "b": 0})
    ([1, 2], {'c': 3})
    """
    placed = [given.get(name, default) for name, default in places.items()]
    while placed and [*places][len(placed) - 1] not in given:
        placed.pop()
    return placed, {name: value for name, value in given.items() if name not in places}


def as_tensor(value):
    """An array of numbers as a tensor: fractions in torch's own type, whole numbers as they are; else as it is."""
    import torch  # the function itself works with it

    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biufc" or np.ma.isMaskedArray(value):
        return value
    return torch.tensor(value, dtype=torch.get_default_dtype() if value.dtype.kind == "f" else None)


@contextmanager
def same_random_numbers(seed):
    """In here, every random number follows from the seed; afterwards all go on as if nothing had happened.

    seed: None for a function that draws none, which saves some time.
    """
    if seed is None:
        yield
        return
    with nullcontext() if IN_A_ROW.get() else random_numbers_kept(), marked(in_a_row=False):
        random.seed(seed)
        np.random.seed(seed)
        if torch := sys.modules.get("torch"):
            if torch.cuda.is_initialized():
                torch.manual_seed(seed)
            else:  # without a look for devices that nobody uses
                torch.default_generator.manual_seed(seed)
        yield


@contextmanager
def calls_in_a_row():
    """In here, calls follow each other, and nothing else draws random numbers: these are kept once, for all calls."""
    with nullcontext() if IN_A_ROW.get() else random_numbers_kept(), marked(in_a_row=True):
        yield


@contextmanager
def random_numbers_kept():
    """Whatever draws in here, the learner's own random numbers go on afterwards as if nothing had been drawn."""
    torch = sys.modules.get("torch")
    kept = random.getstate(), np.random.get_state()
    devices = range(torch.cuda.device_count()) if torch and torch.cuda.is_initialized() else ()
    try:
        with torch.random.fork_rng(devices) if torch else nullcontext():
            yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])


@contextmanager
def marked(in_a_row):
    """In here, a call is one of several in a row, or is not: what a function calls itself is not."""
    before = IN_A_ROW.set(in_a_row)
    try:
        yield
    finally:
        IN_A_ROW.reset(before)


class Printed(io.TextIOBase):
    """Where a function's prints go: the first of them are kept, and the lines are counted."""

    def __init__(self):
        self.text, self.lines = "", 0

    def writable(self):
        return True

    def write(self, text):
        self.lines += text.count("\n")
        if len(self.text) < KEPT:
            self.text += text[:KEPT]
        return len(text)

    def sentences(self):
        """What was printed in one sentence, or none."""
        if not self.text.strip():
            return []
        count = f" {self.lines:,} lines" if self.lines > 1 else ""
        return [f"It printed{count}: {one_line(self.text)}"]


def told(warned):
    """Warnings in a sentence each, none twice."""
    words = [sentence(one.message) for one in warned if not issubclass(one.category, DeprecationWarning)]
    several = list(dict.fromkeys(words))
    return several[:TOLD] + [f"{len(several) - TOLD} more warnings"] * (len(several) > TOLD)
