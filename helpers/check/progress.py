"""What a learner has solved: a small JSON file in the learner's folder, ``progress.json`` beside the notebooks.

It is written whole or not at all. A file that is broken, or of a newer course, is set aside under another name and
never overwritten.
"""

import json
import os
from pathlib import Path

from helpers.inputs.whole_file import replace

FORMAT, VERSION = "attention-course progress", 1
FILE = "ATTENTION_COURSE_PROGRESS"  # names another file, for tests


def path():
    """Where progress is kept."""
    return Path(os.environ.get(FILE) or "progress.json")


def solved():
    """The names of the exercises and puzzles that are solved, in the order in which they were."""
    file = path()
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        names = kept["solved"]
        if kept["format"] != FORMAT or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("it is no progress of this course")
        if kept["version"] > VERSION:
            raise ValueError("a newer version of this course wrote it")
    except FileNotFoundError:
        return []
    except OSError as error:
        print(f"{file} cannot be read ({error.strerror}): for now nothing counts as solved.")
        return []
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        why = str(error) if type(error) is ValueError else "it is broken"
        aside = set_aside(file)
        print(
            f"{file} cannot be used: {why}. "
            + (f"It now lies in {aside}, and a new one begins." if aside else "It stays as it is.")
        )
        return []
    return names


def note(name):
    """Keep that this exercise or puzzle is solved.

    A folder that cannot be written to is told, and changes nothing else.
    """
    names = solved()
    if name in names:
        return
    kept = {"format": FORMAT, "version": VERSION, "solved": [*names, name]}
    try:
        replace(path(), (json.dumps(kept, indent=1) + "\n").encode())
    except OSError as error:
        print(f"Your progress could not be kept in {path()}: {error.strerror}.")


def set_aside(file):
    """Give a file another name, one that is free, and return it; None where that cannot be done."""
    number = 1
    while (aside := file.with_name(f"{file.stem}.aside-{number}{file.suffix}")).exists():
        number += 1
    try:
        return file.rename(aside)
    except OSError:
        return None
