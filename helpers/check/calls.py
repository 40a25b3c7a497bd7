"""Calling a learner's function: whatever it does, it ends, and what went wrong is told with the learner's own line."""

import io
import linecache
import traceback
import warnings
from contextlib import redirect_stdout
from dataclasses import dataclass

from helpers.see import deadline
from helpers.see.deadline import TooLong

SECONDS = 3.0  # for all calls of a check together
LONGEST = 200  # characters of an error's message that are shown


@dataclass
class Call:
    """How a call went: the value, or in words what went wrong, and what was printed. raised: an exception was it."""

    value: object = None
    problem: str = ""
    printed: str = ""
    raised: bool = False


def call(function, arguments, seconds=SECONDS):
    """Call a function once; returns a Call, whatever happens in it. Only the learner's own interrupt goes through."""
    with Deadline(seconds) as limit:
        return limit.call(function, arguments)


class Deadline(deadline.Deadline):
    """Some seconds for all calls together: ``with Deadline(3) as deadline: deadline.call(function, arguments)``."""

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
    own = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    place = ""
    if own:
        linecache.checkcache(file)
        line = linecache.getline(file, own[-1]).strip()
        place = f" in line {own[-1]} of its cell" + (f", `{line}`" if line else "")
    return f"it raised {type(error).__name__}{place}" + (f": {message}" if message else "")
