"""Writes a page, and a table, of who solved what: from the files of progress that learners handed over.

    python -m tools.grading.class_page FOLDER    ada.json, or ada/progress.json, for each learner

It reads these files alone, and sends nothing anywhere. The page needs no network and holds no script.
"""

import argparse
import csv
import os
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from helpers.check.progress import Unusable, read, reason
from helpers.course.course_map import heading, number_of, tasks_of
from tools.grading.own_words import as_text, no_formula
from tools.notebooks import course_notebooks
from tools.site.colors import colors

HERE = Path(__file__).parent
LARGEST = 1 << 20  # bytes of a file of progress
MOST = 12  # pieces that are named as open for most


@dataclass
class Notebook:
    """number: without its zero, as its title has it, "5b"; tasks: its exercises and puzzles."""

    number: str
    title: str
    tasks: list


@dataclass
class Learner:
    """What one has solved, and of which day the file is; trouble: why it cannot be told."""

    name: str
    solved: set = field(default_factory=set)
    day: date | None = None
    trouble: str = ""


@dataclass
class Piece:
    """An exercise or a puzzle: for how many it is open, of those who came that far."""

    name: str
    title: str
    open: int
    came: int


def notebooks():
    """The Notebooks with something to solve, in the order of the course."""
    found = []
    for path in course_notebooks():
        if tasks := tasks_of(number_of(path)):
            number, _, title = heading(path)[0].partition(". ")
            found.append(Notebook(number, title, tasks))
    return found


def learners(folder):
    """The Learners of a folder, by name."""
    found = []
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink() or entry.name.startswith("."):
            continue
        if entry.is_dir():
            within = sorted(
                Path(place) / "progress.json" for place, _, names in os.walk(entry) if "progress.json" in names
            )
            found.append(learner(entry.name, within))
        elif entry.suffix == ".json":
            found.append(learner(entry.stem, [entry]))
    return found


def learner(name, files):
    """The Learner that some files tell of."""
    made = Learner(as_text(name))
    if not files:
        made.trouble = "there is no progress.json in the folder"
    for file in files:
        try:
            if file.is_symlink() or not file.is_file() or file.stat().st_size > LARGEST:
                raise Unusable(f"it is no plain file, or larger than {LARGEST >> 20} MB")
            made.solved |= {*read(file)["solved"]}
            day = datetime.fromtimestamp(file.stat().st_mtime, UTC).date()
            made.day = max(made.day or day, day)
        except Unusable as error:
            made.trouble = f"{file.name}: {error}"
        except OSError as error:
            made.trouble = f"{file.name} cannot be read: {reason(error)}"
    return made


def open_for_most(everybody, course):
    """The Pieces that are open for half, or more, of those who solved something there, or further on."""
    came = {
        one.name: max((place for place, notebook in enumerate(course) if one.solved & {*notebook.tasks}), default=-1)
        for one in everybody
    }
    pieces = []
    for place, notebook in enumerate(course):
        there = [one for one in everybody if came[one.name] >= place]
        for name in notebook.tasks:
            open_ones = sum(name not in one.solved for one in there)
            pieces.append(Piece(name, f"{notebook.number}. {notebook.title}", open_ones, len(there)))
    return sorted((one for one in pieces if 2 * one.open >= one.came > 0), key=lambda one: -one.open)[:MOST]


def page(everybody, course):
    """The page, as text."""
    told = [one for one in everybody if not one.trouble or one.solved]
    return (
        Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
        .get_template("class_page.html.j2")
        .render(
            learners=told,
            course=course,
            pieces=[name for notebook in course for name in notebook.tasks],
            open_for_most=open_for_most(told, course),
            troubles=[one for one in everybody if one.trouble],
            colors=colors("screen and (prefers-color-scheme: dark)", "html"),
            css=(HERE / "class_page.css").read_text(encoding="utf-8"),
        )
    )


def write_table(everybody, course, file):
    """The same as a table: a learner a row, an exercise or a puzzle a column."""
    names = [name for notebook in course for name in notebook.tasks]
    with open(file, "w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(["learner", "solved", "of", "day of the file", "trouble", *names])
        for one in everybody:
            solved = [int(name in one.solved) for name in names]
            told = [no_formula(one.name), sum(solved), len(names), one.day or "", no_formula(one.trouble)]
            table.writerow([*told, *solved])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the files of progress that learners handed over")
    parser.add_argument("--out", type=Path, default=Path("build/class"), help="the folder that is written")
    chosen = parser.parse_args()
    if not chosen.folder.is_dir():
        sys.exit(f"{chosen.folder} is no folder; wanted the one with the files that learners handed over.")
    everybody, course = learners(chosen.folder), notebooks()
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "class.html").write_text(page(everybody, course), encoding="utf-8", newline="\n")
    write_table(everybody, course, chosen.out / "class.csv")
    for one in everybody:
        if one.trouble:
            print(f"{one.name}: {one.trouble}.")
    print(f"{chosen.out / 'class.html'} and class.csv tell of {len(everybody)} learners.")


if __name__ == "__main__":
    main()
