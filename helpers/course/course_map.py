"""The notebooks in their order, and what is done so far."""

import re
from html import escape
from pathlib import Path

import nbformat

from helpers.by_hand.puzzle_catalog import PUZZLES
from helpers.check import exercises, progress

NAMED = re.compile(r"\d\d[a-z]?_")  # 05_queries_keys_values, and its second half, 05b_the_head_in_pytorch
MINUTES = re.compile(r"\*\*Time\*\* (\d+) minutes(?:, and (\d+) for the exercises)?")


class CourseMap:
    """The notebooks in their order, with their minutes, exercises included, and which exercises and puzzles are solved.

    folder: where the notebooks are; the one that this one began in, if left out.
    """

    def __init__(self, folder=progress.FOLDER):
        done = set(progress.solved())
        self.rows = []
        for path in sorted(path for path in Path(folder).glob("*.ipynb") if NAMED.match(path.name)):
            if not path.name.startswith("00") and ".mine" not in path.name:
                title, minutes = heading(path)
                tasks = tasks_of(number_of(path))
                self.rows.append((path.name, title, minutes, len(tasks), len([name for name in tasks if name in done])))

    def __repr__(self):
        rows = [
            f"{title:<36} {minutes:>3} min"
            + (f"   {solved} of {tasks} solved" if tasks else "")
            + ("  ✓" if tasks and solved == tasks else "")
            for _, title, minutes, tasks, solved in self.rows
        ]
        return "\n".join(rows or ["No notebook of the course is in this folder."])

    def _repr_html_(self):
        rows = "".join(
            f'<tr><td style="text-align:left"><a href="{escape(name)}">{escape(title)}</a></td><td>{minutes} min</td>'
            f'<td style="text-align:left" aria-label="{solved} of {tasks} '
            f'solved">{"●" * solved}{"○" * (tasks - solved)}</td>'
            f"<td>{'✓' if tasks and solved == tasks else ''}</td></tr>"
            for name, title, minutes, tasks, solved in self.rows
        )
        left = '<th style="text-align:left">'
        head = f"<tr>{left}notebook</th><th>time</th>{left}solved</th><th></th></tr>"
        return f"<table>{head}{rows}</table>" if self.rows else f"<p>{escape(repr(self))}</p>"


def heading(path):
    """A notebook's title and minutes, those for its exercises included, from its first cell; its name where it cannot
    be read.
    """
    try:
        text = nbformat.read(path, as_version=4).cells[0].source
        return text.splitlines()[0].lstrip("# "), sum(int(part or 0) for part in MINUTES.search(text).groups())
    except (OSError, ValueError, IndexError, AttributeError, nbformat.reader.NotJSONError):
        return path.stem, 0


def number_of(path):
    """The number of a notebook, from its name: "05", or "05b" for a second half."""
    return Path(path).name.partition("_")[0]


def tasks_of(number):
    """The exercises and puzzles of a notebook: ``tasks_of("02")``."""
    return [name for name, one in [*exercises().items(), *PUZZLES.items()] if one.notebook == number]
