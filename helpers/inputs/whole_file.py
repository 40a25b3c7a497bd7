"""Writing a file so that it is whole at any moment: the old one, or the new one."""

import os
import re
import time
from contextlib import contextmanager, suppress
from pathlib import Path

TRIES = 20  # Windows replaces no file that somebody reads just then: so often, 50 ms apart


@contextmanager
def whole(path):
    """A file to write bytes into; it takes the place of ``path`` at the end, or leaves nothing if anything fails.

    The bytes go to a file beside ``path``, to the disk and not only on its way there. A link stays a link.
    Raises OSError where it cannot be written.
    """
    path = Path(os.path.realpath(path))
    partial = path.with_name(f"{path.name}.{os.urandom(4).hex()}.part")
    try:
        with open(partial, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        put(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def replace(path, content):
    """Write a file whole or not at all. content: bytes.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     replace(f"{folder}/note", b"kept")
    ...     print(*(path.name for path in Path(folder).iterdir()))
    note
    """
    with whole(path) as file:
        file.write(content)


def sweep(folder, name):
    """Remove what killed writes left of the files of this name, for one who is alone with them.

    name: a regular expression. What cannot be removed stays.
    """
    with suppress(OSError):
        for left in list(Path(folder).iterdir()):
            if re.fullmatch(rf"(?:{name})\.[0-9a-f]{{8}}\.part", left.name):
                left.unlink(missing_ok=True)


def put(partial, path):
    """Give a written file its name."""
    for left in reversed(range(TRIES)):
        try:
            os.replace(partial, path)
            return
        except PermissionError:
            if os.name != "nt" or not left:
                raise
            time.sleep(0.05)
