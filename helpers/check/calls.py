"""Calling a learner's function: whatever it does, it ends, and what went wrong is told with the learner's own line."""

import ctypes
import io
import linecache
import threading
import time
import traceback
import warnings
from contextlib import redirect_stdout
from dataclasses import dataclass

SECONDS = 3.0  # for all calls of a check together
LONGEST = 200  # characters of an error's message that are shown


class TooLong(BaseException):
    """Raised inside a function that does not end; nothing that says ``except Exception`` catches it."""


@dataclass
class Call:
    """How a call went: the value, or in words what went wrong, and what was printed. raised: an exception was it."""

    value: object = None
    problem: str = ""
    printed: str = ""
    raised: bool = False


def call(function, arguments, seconds=SECONDS):
    """Call a function once; returns a Call, whatever happens in it. Only the learner's own interrupt goes through."""
    with Deadline(seconds) as deadline:
        return deadline.call(function, arguments)


class Deadline:
    """Some seconds for all calls together: ``with Deadline(3) as deadline: deadline.call(function, arguments)``.

    What is done between the calls is not the function's, and not counted.
    """

    def __init__(self, seconds):
        self.seconds, self.spent, self.since = seconds, 0.0, 0.0  # since when a call runs
        self.thread, self.lock, self.ended = threading.get_ident(), threading.Lock(), threading.Event()
        self.calling = self.struck = False
        self.watcher = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.watcher.join()

    @property
    def left(self):
        """The seconds that are left for calls."""
        return self.seconds - self.spent - (time.monotonic() - self.since) * self.calling

    @property
    def is_over(self):
        return self.left < 0

    def call(self, function, arguments):
        """Call a function; returns a Call, whatever happens in it. Only the learner's own interrupt goes through."""
        printed, made = io.StringIO(), Call()

        def act():
            try:
                made.value = function(*arguments)
            except (KeyboardInterrupt, TooLong):
                raise
            except BaseException as error:  # noqa: BLE001 - a learner's function may raise anything, even SystemExit
                made.problem, made.raised = raised(error, function), True

        try:
            with redirect_stdout(printed), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what is wrong is said once, by the check
                self.limited(act)
        except TooLong:
            made.raised = False
            made.problem = (
                f"it did not end within {self.seconds:.0f} seconds and was stopped: is there a loop whose condition "
                "stays true?"
            )
        made.printed = printed.getvalue()
        return made

    def limited(self, act):
        """Does ``act()``; raises TooLong inside it, again and again, once the seconds are over."""
        try:
            with self.lock:
                self.since, self.calling = time.monotonic(), True
            act()
        finally:
            try:
                self.end_of_call()
            except BaseException:  # it struck right here; a watcher that was not told would go on striking
                self.end_of_call()
                raise

    def end_of_call(self):
        with self.lock:
            if self.calling:
                self.spent += time.monotonic() - self.since
            self.calling = False
            if self.struck:
                self.settle()
                self.struck = False

    def settle(self):
        """One that may still be on its way strikes here, and not somewhere else.

        To take it back with ``None`` is no way: where it had struck already, Python would go on looking for it, and
        under a profiler or a tracer never find an end.
        """
        try:
            self.interrupt()
            while True:
                pass
        except TooLong:
            pass

    def watch(self):
        while not self.ended.wait(max(self.left, 0.2 * self.struck, 0.002)):
            with self.lock:
                if self.calling and self.left <= 0:
                    self.struck = True
                    self.interrupt()  # and once more a little later, should the function have caught it

    def interrupt(self):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.thread), ctypes.py_object(TooLong))


def raised(error, function):
    """An exception in words: what, at which line of the learner's, and why."""
    try:
        message = " ".join(str(error).split())
    except (KeyboardInterrupt, TooLong):
        raise
    except BaseException as other:  # noqa: BLE001 - the text of an exception is the learner's, too
        message = f"its text cannot be shown, since it raises {type(other).__name__}"
    message = message if len(message) <= LONGEST else message[:LONGEST] + "…"
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    place = ""
    if own:
        line = linecache.getline(own[-1].filename, own[-1].lineno).strip()
        place = f" in line {own[-1].lineno} of its cell" + (f", `{line}`" if line else "")
    return f"it raised {type(error).__name__}{place}" + (f": {message}" if message else "")
