"""Writing a file so that it is whole at any moment: the old one, or the new one."""

import os
from pathlib import Path


def replace(path, content):
    """Write a file whole or not at all.

    content: bytes. They go to a file beside ``path``, to the disk and not only on its way there, and take its place
    last.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     replace(f"{folder}/note", b"kept")
    ...     print(*(path.name for path in Path(folder).iterdir()))
    note
    """
    path = Path(path)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
