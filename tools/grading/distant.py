"""A learner's function seen from the grader: it is called like any other, and runs in a process of its own.

To ``helpers.check.judge`` it is a function. What comes back is numbers; whether they are right is told here, where the
answers are, on inputs that nobody has seen before.
"""

import inspect
import os
import random
import select
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tools.grading import messages

REPO = Path(__file__).resolve().parent.parent.parent
TO_OPEN, TO_END = 120.0, 5.0  # seconds, for the import of torch, and for an end
LEAST = {"T": 3}  # the least sizes of a module that tell right from wrong; 2 of the other axes


class Unusable(ValueError):
    """What was handed in cannot be called; says why."""


class ProcessEnded(Exception):
    """Raised in the place of a learner's function whose process is no more."""


class Workshop:
    """The process that learners' functions are made in: ``with Workshop(hidden) as workshop``.

    hidden: a folder that they must not read.
    """

    def __init__(self, hidden):
        self.hidden = Path(hidden).resolve()

    def __enter__(self):
        self.folder = TemporaryDirectory(prefix="grading-")
        self.socket, theirs = socket.socketpair()
        quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
        own = {"PATH": os.defpath, "HOME": self.folder.name, "TMPDIR": self.folder.name, "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools.grading.workshop", str(theirs.fileno()), self.folder.name, str(self.hidden)],
            pass_fds=[theirs.fileno()],
            cwd=REPO,
            env={**own, **one_thread},
            start_new_session=True,
            **quiet,
        )
        theirs.close()
        if not select.select([self.socket], [], [], TO_OPEN)[0] or not self.socket.recv(1):
            self.__exit__()
            raise OSError("the process that learners' functions run in did not begin")
        return self

    def __exit__(self, *_):
        self.socket.close()
        try:
            self.process.wait(TO_END)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def begin(self):
        """``(channel, leash)`` of a new process."""
        (channel, theirs), (leash, end) = socket.socketpair(), os.pipe()
        socket.send_fds(self.socket, [b"."], [theirs.fileno(), leash])
        theirs.close()
        os.close(leash)
        return channel, end


class Distant:
    """A function that was handed in, in a process of its own: ``with Distant(…) as function``.

    seconds: for the statements that it needs. Raises Unusable where there is no function. missing: what its process
    could not be kept from. exercise: with the sizes of the module, where it is one.
    """

    def __init__(self, workshop, exercise, handed, seconds):
        self.exercise, self.handed, self.seconds, self.missing = exercise, handed, seconds, []
        self.value = self
        self.channel, self.leash = workshop.begin()
        self.__code__ = handed.code

    def __enter__(self):
        try:
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def prepare(self):
        """Let the process run the statements that the function needs, and hear what there is. Raises Unusable."""
        exercise, handed = self.exercise, self.handed
        task = dict(name=exercise.name, asks=exercise.asks, gives=exercise.gives, argument=handed.argument)
        try:
            messages.send(self.channel.fileno(), {**task, "units": handed.units, "sources": handed.sources})
            self.missing = (messages.receive(self.channel.fileno(), self.seconds) or {}).get("missing", [])
            ready = messages.receive(self.channel.fileno(), self.seconds)
        except TimeoutError:
            raise Unusable(f"its cells did not end within {self.seconds:.0f} seconds.") from None
        except (messages.Refused, OSError) as error:
            raise Unusable(f"{error}.") from None
        if ready is None:
            raise Unusable("the process of its cells ended before it could be tried.")
        if problem := ready.get("problem"):
            raise Unusable(str(problem))
        if ready["values"]:
            self.value = ready["values"][0]  # it is no function: the check says what it is
        if own := ready.get("parameters"):
            self.__signature__ = signature(own)
        if (fixed := ready.get("fixed")) and self.__code__ is None:  # it is a module: of a function the code is known
            self.exercise = replace(self.exercise, fixed=sizes(fixed, self.exercise), drawn={})

    def __exit__(self, *_):
        self.channel.close()
        os.close(self.leash)  # which kills the process, whatever it does

    def __call__(self, *given):
        seed = int(np.random.default_rng().integers(1 << 32))  # one of chance, unless the check wants a certain one
        try:
            messages.send(self.channel.fileno(), {"seed": seed}, given)
            came = messages.receive(self.channel.fileno())
        except OSError:
            came = None
        if came is None:
            raise ProcessEnded(
                "the process it ran in is no more: was it ended, or did it want too much of the machine?"
            )
        if came.get("drew"):
            random.random()  # so the check sees that something was drawn
        if "raised" in came:
            self.raise_again(*came["raised"])
        value, *changed = came["values"]
        for place, now in zip(came["changed"], changed):
            write(given[place], now)
        return value

    def raise_again(self, name, text, line):
        """Raise what the function raised, from the same line of the learner's cell."""
        error = type(messages.name_of(name), (Exception,), {})(str(text))
        if self.__code__ is not None and isinstance(line, int) and 0 < line < 10_000:
            exec(compile("\n" * (line - 1) + "raise error", self.__code__.co_filename, "exec"), {"error": error})
        raise error


def signature(own):
    """A signature of what a learner's process says of its function's parameters. Raises Unusable."""
    try:
        return inspect.Signature(
            [
                inspect.Parameter(name, inspect._ParameterKind(kind), **{"default": None} if has_default else {})
                for name, kind, has_default in (one if isinstance(one, list) else (one, 1, False) for one in own)
            ]
        )
    except (TypeError, ValueError):
        raise Unusable("its parameters cannot be told.") from None


def sizes(fixed, exercise):
    """The sizes of a module, as its process says. Raises Unusable where they are too small to tell right from wrong."""
    known = {axis for axes in exercise.asks.values() for axis in axes.split()} | {"T", "n", "h"}
    try:
        found = {axis: int(size) for axis, size in fixed.items() if axis in known}
    except (TypeError, ValueError, AttributeError):
        raise Unusable("its sizes cannot be told.") from None
    small = [f"{axis}={size}" for axis, size in found.items() if not LEAST.get(axis, 2) <= size <= 512]
    if small:
        raise Unusable(
            f"it is a module with {', '.join(small)}, which does not tell right from wrong: take other sizes."
        )
    return found


def write(given, now):
    """Make an argument what the function made of it."""
    if isinstance(given, np.ndarray) and isinstance(now, np.ndarray):
        given.resize(now.shape, refcheck=False)
        given[...] = now
    elif hasattr(given, "data") and hasattr(now, "data"):
        given.data = now
