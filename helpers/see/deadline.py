"""A learner's function that does not end is ended: it is interrupted after some seconds."""

import ctypes
import threading
import time


class TooLong(BaseException):
    """Raised inside a function that does not end; nothing that says ``except Exception`` catches it."""


class Deadline:
    """Some seconds for all actions together: ``with Deadline(3) as deadline: deadline.limited(action)``."""

    def __init__(self, seconds):
        self.seconds, self.until = seconds, time.monotonic() + seconds
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
    def is_over(self):
        return time.monotonic() > self.until

    def limited(self, act):
        """What ``act()`` returns; raises TooLong inside it, again and again, once the seconds are over."""
        try:
            with self.lock:
                self.calling = True
            return act()
        finally:
            try:
                self.end_of_call()
            except BaseException:  # it struck right here; a watcher that was not told would go on striking
                self.end_of_call()
                raise

    def end_of_call(self):
        with self.lock:
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
        wait = self.seconds
        while not self.ended.wait(wait):
            with self.lock:
                if self.calling:
                    self.struck = True
                    self.interrupt()
            wait = 0.2  # once more, should the function have caught it

    def interrupt(self):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.thread), ctypes.py_object(TooLong))
