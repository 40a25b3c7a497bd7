"""A loop of events whose time the test decides: what asyncio would do later is done when it is asked for."""

import asyncio
import heapq
from itertools import count


class Later:
    """Stands in for the loop of a kernel's thread: ``Later(monkeypatch)``, and ``run(most)`` does what is due."""

    def __init__(self, monkeypatch):
        self.due, self.number = [], count()
        monkeypatch.setattr(asyncio, "get_running_loop", lambda: self)

    def is_closed(self):
        return False

    def call_soon_threadsafe(self, act):
        self.call_later(0, act)

    def call_later(self, seconds, act):
        timer = Timer(act)
        heapq.heappush(self.due, (seconds, next(self.number), timer))
        return timer

    def run(self, most=1000):
        """Do what is due, the soonest first, until nothing is, or so many times."""
        while self.due and most > 0:
            heapq.heappop(self.due)[-1].act()
            most -= 1


class Timer:
    def __init__(self, act):
        self.act = act

    def cancel(self):
        self.act = lambda: None
