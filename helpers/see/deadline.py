"""A learner's function that does not end is ended: it is interrupted after some seconds."""

import threading
import time

from helpers.live.turns import raise_in


class TooLong(BaseException):
    """Raised inside a function that does not end; nothing that says ``except Exception`` catches it."""


class Deadline:
    """Some seconds for all actions together: ``with Deadline(3) as deadline: deadline.limited(action)``.

    What is done between the actions is not counted.
    """

    def __init__(self, seconds):
        self.seconds, self.spent, self.since = seconds, 0.0, 0.0  # since when an action runs
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
        """The seconds that are left for actions."""
        return self.seconds - self.spent - (time.monotonic() - self.since) * self.calling

    @property
    def is_over(self):
        return self.left < 0

    def limited(self, act):
        """What ``act()`` returns; raises TooLong inside it, again and again, once the seconds are over."""
        try:
            with self.lock:
                self.since, self.calling = time.monotonic(), True
            return act()
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
        raise_in(self.thread, TooLong)
