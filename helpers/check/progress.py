"""What a learner has solved: a small JSON file in the learner's folder, ``progress.json`` beside the notebooks.

It is written whole or not at all, by one kernel at a time. A file that cannot be read is never written over; one
that is broken, or of a newer course, is set aside under another name.
"""

import json
import os
import sys
from pathlib import Path

from helpers.inputs.alone import alone
from helpers.inputs.whole_file import replace
from helpers.look.streams import tell

FORMAT, VERSION = "attention-course progress", 1
FILE = "ATTENTION_COURSE_PROGRESS"  # names another file, for tests


def starting_folder():
    """Where this kernel began, which is the notebook's folder: ``%cd`` and ``os.chdir`` lead elsewhere later."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    try:
        return Path(getattr(shell, "starting_dir", None) or os.getcwd())
    except FileNotFoundError:  # the folder was removed
        return Path()


FOLDER = starting_folder()


class Unusable(ValueError):
    """What the file holds is no progress that can be used; says why."""


def path():
    """Where progress is kept."""
    return FOLDER / (os.environ.get(FILE) or "progress.json")


def solved():
    """The names of the exercises and puzzles that are solved, in the order in which they were."""
    file = path()
    try:
        try:
            return read(file)["solved"]
        except Unusable:
            with alone(file):
                return usable(file)["solved"]
    except OSError as error:
        tell(f"{file} cannot be read ({reason(error)}): for now nothing counts as solved.")
        return []


def note(name):
    """Keep that this exercise or puzzle is solved.

    A file or a folder that cannot be used is told, stays as it is, and changes nothing else.
    """
    file = path()
    try:
        try:
            if name in read(file)["solved"]:
                return
        except Unusable:
            pass
        with alone(file):
            kept = usable(file)  # again: another kernel may have written since
            if name not in kept["solved"]:
                kept["solved"].append(name)
                replace(file, (json.dumps(kept, indent=1) + "\n").encode())
    except OSError as error:
        tell(
            f"{name} is solved, but that could not be kept in {file} ({reason(error)}), which stays as it is: "
            "mend that and run this again."
        )


def read(file):
    """What the file says: a dict with ``solved``, a list of names, empty where there is no file.

    Raises OSError where it cannot be read, Unusable where it holds something else.
    """
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        names, is_progress, is_newer = kept["solved"], kept["format"] == FORMAT, kept["version"] > VERSION
    except FileNotFoundError:
        return {"format": FORMAT, "version": VERSION, "solved": []}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unusable("it is broken") from None
    if not is_progress or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Unusable("it is no progress of this course")
    if is_newer:
        raise Unusable("a newer version of this course wrote it")
    return kept


def usable(file):
    """What the file says, for one who is alone with it: a file that cannot be used is set aside, and a new one begins.

    Raises OSError where it can be neither read nor set aside.
    """
    try:
        return read(file)
    except Unusable as error:
        try:
            aside = set_aside(file)
        except OSError as refused:
            raise OSError(refused.errno, f"{error}, and cannot be set aside: {reason(refused)}") from None
        tell(f"{file} cannot be used: {error}. It now lies in {aside}, and a new one begins.")
        return usable(file)


def set_aside(file):
    """Give a file another name, one that is free, and return it. Raises OSError where that cannot be done."""
    number = 1
    while os.path.lexists(aside := file.with_name(f"{file.stem}.aside-{number}{file.suffix}")):
        number += 1
    return file.rename(aside)


def reason(error):
    """Why the system refused, in its words: ``Permission denied``."""
    return error.strerror or str(error)
