"""Other threads of a run: what they compute is not seen, but that there are some is."""

import sys
import threading
from contextlib import contextmanager


@contextmanager
def told_of(started):
    """In here, ``started`` is called when a thread starts to run."""
    before = threading.getprofile()

    def profile(frame, event, value):
        started()
        sys.setprofile(before)  # the thread runs as it would have
        return before(frame, event, value) if before else None

    threading.setprofile(profile)
    try:
        yield
    finally:
        threading.setprofile(before)
