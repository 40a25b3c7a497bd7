"""Starts the server of a learner, as that learner: the notebooks are in the home, and progress where it is wanted.

What else stands on the command line is for the server.
"""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

from helpers.course.own_folder import copy_notebooks

NOTEBOOKS = Path.home() / "notebooks"
OTHERS_NOTHING = 0o027  # of what a learner writes, others see nothing; the group is the learner's own, but for progress


def show(progress, folder):
    """Keep progress in another folder, with a link in its place; one that was there before is what was last moved."""
    kept = folder / progress.name
    if progress.exists() and not progress.is_symlink():
        copied(progress, kept)
    if not progress.is_symlink():
        link = progress.with_name(f"{progress.name}.link")
        link.unlink(missing_ok=True)
        link.symlink_to(kept)
        os.replace(link, progress)


def take_back(progress):
    """Keep progress in the home again, and nowhere else."""
    kept = progress.resolve()
    if kept.exists():
        copied(kept, progress)
        kept.unlink()
    else:
        progress.unlink()


def copied(file, place):
    """Copy a file to a place: it is whole, or not there."""
    partial = place.with_name(f"{place.name}.copy")
    shutil.copyfile(file, partial)
    os.replace(partial, place)


def main():
    os.umask(OTHERS_NOTHING)
    with suppress(PermissionError):  # on a cluster a home is a disk of its own, and may belong to root
        os.chmod(Path.home(), 0o700)
    copy_notebooks(NOTEBOOKS)
    progress = NOTEBOOKS / "progress.json"
    with suppress(OSError):  # a learner who made something else of it can still work
        if folder := os.environ.get("ATTENTION_COURSE_SHOWN"):
            show(progress, Path(folder))
        elif progress.is_symlink():
            take_back(progress)
    os.environ["JUPYTER_RUNTIME_DIR"] = mkdtemp(prefix="jupyter-")  # a short name: that of a socket has 107 letters
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub.singleuser", *sys.argv[1:]])


if __name__ == "__main__":
    main()
