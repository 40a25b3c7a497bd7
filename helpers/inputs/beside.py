"""What a learner wrote stays beside the new version that takes its place."""

import hashlib
import os

from helpers.inputs.whole_file import replace


def content_name(content):
    """The name that git gives to a content: ``content_name(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"``."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def in_shipped_form(path):
    """The bytes of a file, with the line ends of the shipped one: git on Windows may have changed them."""
    return path.read_bytes().replace(b"\r\n", b"\n")


def read_record(record):
    """Which notebooks were shipped: file name to the name of the content.

    Raises OSError or ValueError where the file does not say so.
    """
    lines = record.read_text(encoding="utf-8").splitlines()
    return {name: content for content, name in (line.split(maxsplit=1) for line in lines)}


def write_record(record, names):
    """Write down which notebooks were shipped. names: file name to the name of the content."""
    replace(record, "".join(f"{names[name]}  {name}\n" for name in sorted(names)).encode())


def keep(path, content=None):
    """Keep a learner's file beside its place, under a name that is free, and return its path.

    One that was kept before and holds the same is enough. content: bytes to keep, where it is not those of the file.
    """
    own, number = path.read_bytes() if content is None else content, 1
    while True:
        kept = path.with_name(name_beside(path.name, number))
        try:
            link_or_write(kept, path if content is None else None, own)
            return kept
        except FileExistsError:
            if kept.is_file() and kept.read_bytes() == own:
                return kept
        number += 1


def name_beside(name, number):
    """What the kept file is called. Only a notebook has to open as what it is.

    >>> name_beside("05_head.ipynb", 1), name_beside("05_head.ipynb", 2), name_beside("heads.py", 1)
    ('05_head.mine.ipynb', '05_head.mine-2.ipynb', 'heads.py.mine')
    """
    stem, dot, _ = name.rpartition(".ipynb")
    mine = "mine" if number == 1 else f"mine-{number}"
    return f"{stem}.{mine}{dot}" if dot else f"{name}.{mine}"


def link_or_write(kept, path, content):
    """Make a new file. A second name for the old one takes no room, and gets what an editor is writing into it just
    now; where there can be none, the bytes are copied. Raises FileExistsError where the name is taken.
    """
    if path is not None:
        try:
            os.link(os.path.realpath(path), kept)
            return
        except FileExistsError:
            raise
        except OSError:  # a file system without links, or a path that leads to another one
            pass
    kept.touch(exist_ok=False)
    try:
        replace(kept, content)
    except BaseException:
        kept.unlink()
        raise


def told(kept, remarks=None):
    """Lines that say where a learner's files are. kept: for each file, by its path as a learner knows it, its copies;
    remarks: what else there is to say of a file.
    """
    lines = ["These you had changed or written. The new one takes the place, and yours stays beside it:"]
    for path, copies in kept.items():
        yours = " and ".join(copy.name for copy in copies)
        lines.append(f"  {path}: yours is {yours}{(remarks or {}).get(path, '')}")
    return lines if kept else []
