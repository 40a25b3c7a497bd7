"""One program at a time: a lock on a file, which the system lets go of when its holder dies."""

import errno
import os
import re
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from helpers.inputs.whole_file import sweep

try:
    import fcntl
except ImportError:
    fcntl = None
try:
    import msvcrt  # Windows
except ImportError:
    msvcrt = None

PATIENCE = 5  # seconds; who writes needs a few thousandths of one
PAUSE = 0.005


def lock_at_once(handle):
    """Lock an open file. Raises BlockingIOError or PermissionError where another holds it, OSError where nobody can."""
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    elif msvcrt is not None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:  # Python in a page
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


@contextmanager
def alone(path, patience=PATIENCE):
    """In here, of all that ask for ``path`` this one is alone with it; what killed writes left of it is removed.

    patience: so many seconds it waits for another. Yields True, or False where the file system has no locks.
    Raises TimeoutError where another does not let go, OSError where the folder cannot be written to.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, alone(f"{folder}/note"):
    ...     print(*(path.name for path in Path(folder).iterdir()))
    note.lock
    """
    path = Path(os.path.realpath(path))
    lock = path.with_name(f"{path.name}.lock")
    handle, held = take(lock, time.monotonic() + patience)
    try:
        if held:
            sweep(path.parent, re.escape(path.name))
        yield held
    finally:
        # It goes while it is held, so that those who wait see that it went. Windows keeps the empty file.
        with suppress(OSError):
            os.unlink(lock)
        os.close(handle)


def take(lock, until):
    """Open the lock and hold it: its handle, and whether it is held or there are no locks here."""
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            lock_at_once(handle)
            if os.path.samestat(os.fstat(handle), os.stat(lock)):
                return handle, True
        except (BlockingIOError, PermissionError, FileNotFoundError):
            pass  # another holds it, or held it and took it away with it
        except OSError:
            return handle, False
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        if time.monotonic() > until:
            raise TimeoutError(errno.ETIMEDOUT, "another program is writing to it and does not end")
        time.sleep(PAUSE)
