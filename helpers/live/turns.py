"""Turns and interrupts: JupyterLab answers the page in a thread beside the one that runs cells.

One of them has its turn at a time, and it is one turn for all widgets: where two are linked, each would wait for the
other's. The key or the button that interrupts reaches the main thread alone; while that has nothing to do, the one that
answers the page is meant.
"""

import ctypes
import signal
import sys
import threading
from contextlib import contextmanager

TURN = threading.RLock()

answering = {}  # the threads that answer a page now, and whether each was interrupted
LOCK = threading.RLock()  # around ``answering``


@contextmanager
def answers_the_page():
    """In here, an interrupt ends what a thread beside the main one does, and nothing else."""
    thread = threading.get_ident()
    if threading.current_thread() is threading.main_thread() or thread in answering:
        yield
        return
    listen()
    answering[thread] = False
    try:
        yield
    except KeyboardInterrupt:
        if not is_interrupted():
            raise
    finally:
        try:
            end(thread)
        except KeyboardInterrupt:  # right here, before it had ended
            end(thread)


def is_interrupted():
    """Was this thread interrupted while it answered a page?"""
    return answering.get(threading.get_ident(), False)


def interrupt(*_):
    """Raise KeyboardInterrupt in the threads that answer a page."""
    with LOCK:
        for thread in answering:
            answering[thread] = True
            raise_in(thread, KeyboardInterrupt)


def end(thread):
    """From here on a thread is not interrupted any more; what is still on its way strikes here, and nowhere else."""
    with LOCK:
        interrupted = answering.pop(thread, False)
    if interrupted:
        try:
            raise_in(thread, KeyboardInterrupt)
            while True:
                pass
        except KeyboardInterrupt:
            pass


def raise_in(thread, error):
    """Let a thread raise an error at its next step in Python."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


def listen():
    """Let the main thread of a kernel take interrupts, which it ignores while no cell runs."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    loop = getattr(getattr(shell, "kernel", None), "io_loop", None)
    if loop is not None:
        loop.add_callback(take_interrupts)


def take_interrupts():
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)
