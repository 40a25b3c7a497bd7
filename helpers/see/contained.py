"""What a learner's function does to Python itself stays inside: it cannot end the kernel, and you can interrupt it."""

import signal
import sys
import threading
from contextlib import contextmanager

from helpers.live.turns import is_interrupted
from helpers.look.sentence import sentence


@contextmanager
def contained():
    """In here, what ends Python, as ``sys.exit()`` and ``exit()`` do, is a ValueError with a sentence.

    The key or the button that interrupts goes through: it raises KeyboardInterrupt as it does anywhere.
    """
    with interrupts() as interrupted, no_exit():
        try:
            yield
        except Exception:
            raise
        except BaseException as error:
            if interrupted():
                raise
            raise ValueError(sentence(error)) from error


@contextmanager
def interrupts():
    """Yields a function that tells whether somebody interrupted, which a KeyboardInterrupt does not tell by itself."""
    hit, main = threading.Event(), threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if main else None
    if not callable(before):
        yield is_interrupted
        return

    def interrupt(number, frame):
        hit.set()
        return before(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield hit.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def no_exit():
    """In here, IPython's ``exit()`` and ``quit()``, which ask the kernel to end, raise SystemExit as Python's do."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or "ask_exit" in vars(shell):  # no kernel, or one call inside another
        yield
        return
    shell.ask_exit = sys.exit
    try:
        yield
    finally:
        del shell.ask_exit
