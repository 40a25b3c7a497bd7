"""Grades the notebooks that learners handed in, each function in a process of its own that is shut in.

    python -m tools.grading.grade FOLDER                    a folder for each learner, or a notebook for each
    python -m tools.grading.grade FOLDER --notebooks 02 05b these were to be handed in; else all that anybody handed in

An exercise that is right earns 1. The checks are those of the course, with numbers drawn anew (--seed draws the same
again). It writes grades.csv, and for each learner a text with all that the checks say.
"""

import argparse
import csv
import gc
import os
import secrets
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch  # noqa: F401 - here, and not in the process of each learner
from tqdm import tqdm

from helpers.check import exercises
from helpers.check.calls import SECONDS
from helpers.check.judge import judge
from helpers.course.course_map import number_of
from tools.grading import messages
from tools.grading.distant import Distant, Unusable, Workshop
from tools.grading.handed_in import Unreadable, exercises_in
from tools.grading.own_words import as_text, no_formula

TO_BEGIN = 2  # times as long as for its calls, for the statements that a function needs
A_LEARNER = 180.0  # seconds for all that one handed in
LONGEST = 10_000  # characters of what is said of an exercise
NOTHING = "there is no notebook in the folder."
ENDED = "grading what was handed in took too long, or could not be gone through with."


@dataclass
class Graded:
    """What a learner earned. said: exercise to (is it right, what the check says); notes: on files that cannot be read;
    missing: what the learner's process could not be kept from.
    """

    learner: str
    said: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    missing: list = field(default_factory=list)

    def earned(self, wanted):
        return sum(self.said.get(name, (False, ""))[0] for name in wanted)


def grade(folder, numbers=(), seed=None, seconds=SECONDS, budget=A_LEARNER):
    """``(all that were Graded, the names of the exercises that count)``. numbers: of the notebooks, such as "05b"."""
    seed = secrets.randbits(32) if seed is None else seed
    all_of_them = exercises()
    known, done, begun = {one.notebook for one in all_of_them.values()}, [], set(numbers)
    with Workshop(folder) as workshop:
        for learner, files in tqdm(by_learner(Path(folder)).items(), unit="learner", leave=False, disable=None):
            begun |= {*map(number_of, files)} & known if not numbers else set()
            came = apart(partial(of_a_learner, workshop, files, seed, seconds, budget), budget + 30)
            done.append(Graded(learner, **came) if came else Graded(learner, notes=[ENDED]))
            if workshop.process.poll() is not None:
                workshop.__exit__()
                workshop.__enter__()
    if not numbers:
        begun |= {all_of_them[name].notebook for one in done for name in one.said if name in all_of_them}
    return done, [name for name, one in all_of_them.items() if one.notebook in begun]


def by_learner(folder):
    """The notebooks of each learner, by name: what lies in a folder of that name, or one notebook by itself."""
    found = {}
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            within = [Path(place) / name for place, _, names in os.walk(entry) for name in names]
            found.setdefault(entry.name, []).extend(sorted(one for one in within if is_notebook(one)))
        elif is_notebook(entry):
            found.setdefault(entry.stem, []).append(entry)
    return found


def is_notebook(path):
    return path.suffix == ".ipynb" and ".ipynb_checkpoints" not in path.parts


def of_a_learner(workshop, files, seed, seconds, budget):
    """What a learner's notebooks earn, as ``Graded`` has it. An exercise that stands in several counts where it is
    right.
    """
    said, notes, missing, start = {}, [] if files else [NOTHING], {}, time.monotonic()
    known = exercises()
    for path in files:
        try:
            found = exercises_in(path)
        except Unreadable as error:
            notes.append(f"{path.name}: {error}.")
            continue
        for name, handed in found.items():
            if name not in known or said.get(name, (False,))[0]:
                continue
            if time.monotonic() - start > budget:
                said[name] = False, f"{name}: not tried, since the other exercises took too long."
                continue
            said[name], more = of_an_exercise(workshop, known[name], handed, seed, seconds)
            missing |= dict.fromkeys(more)
    return dict(said=said, notes=notes, missing=[*missing])


def of_an_exercise(workshop, exercise, handed, seed, seconds):
    """``((is it right, what the check says), what its process could not be kept from)``."""
    if handed.problem:
        return (False, f"{exercise.name}: {handed.problem}"), []
    distant = Distant(workshop, exercise, handed, TO_BEGIN * seconds)
    try:
        with distant as function:
            verdict = judge(function.exercise, function.value, seed, seconds=seconds)
        return (verdict.solved is True, verdict.text[:LONGEST]), distant.missing
    except Unusable as error:
        return (False, f"{exercise.name}: {error}"[:LONGEST]), distant.missing


def apart(work, seconds):
    """What ``work()`` returns, as JSON can hold it, from a process of its own; None where it comes to no end."""
    reading, writing = os.pipe()
    if not (made := os.fork()):
        gc.disable()  # it would look at, and so copy, all that this process and the other have in common
        try:
            messages.send(writing, {"found": work()})
        except BaseException:  # noqa: BLE001 - it must not go on as a second grader
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    try:
        came = messages.receive(reading, seconds)
        return came and came["found"]
    except (TimeoutError, messages.Refused):
        return None
    finally:
        os.close(reading)
        os.kill(made, signal.SIGKILL)
        os.waitpid(made, 0)


def write(done, wanted, folder):
    """Write grades.csv, and a text for each learner."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "grades.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["learner", "earned", "of", *wanted])
        for one in done:
            earned = [int(one.said.get(name, (False,))[0]) for name in wanted]
            table.writerow([no_formula(one.learner), sum(earned), len(wanted), *earned])
    for one in done:
        name = os.fsdecode(os.fsencode(one.learner)[:240])  # a name of a file has 255 bytes at most
        (folder / f"{name}.txt").write_text(report(one, wanted), encoding="utf-8")


def report(one, wanted):
    """All that is said to a learner."""
    said = [one.said.get(name, (False, f"{name}: nothing of it was handed in."))[1] for name in wanted]
    return as_text("\n\n".join([f"{one.learner}: {one.earned(wanted)} of {len(wanted)}", *one.notes, *said])) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what was handed in")
    parser.add_argument("--notebooks", nargs="+", default=[], help="the numbers of those that were to be handed in")
    parser.add_argument("--seed", type=int, help="of the numbers that functions are tried with; by chance if left out")
    parser.add_argument("--out", type=Path, default=Path("build/grades"), help="the folder that is written")
    chosen = parser.parse_args()
    if not hasattr(os, "fork"):
        sys.exit("Grading needs a system like Linux. On Windows, run it in WSL or in a container.")
    if not chosen.folder.is_dir():
        sys.exit(f"{chosen.folder} is no folder; wanted the one with what learners handed in.")
    seed = secrets.randbits(32) if chosen.seed is None else chosen.seed
    done, wanted = grade(chosen.folder, chosen.notebooks, seed)
    for one in done:
        print(as_text(f"{one.learner:<24} {one.earned(wanted):>3} of {len(wanted)}"))
        for note in one.notes:
            print(as_text(f"  {note}").replace("\n", " "))
    for sentence in dict.fromkeys(sentence for one in done for sentence in one.missing):
        print(f"Not enforced: {sentence}")
    write(done, wanted, chosen.out)
    print(f"{chosen.out} holds grades.csv, and a text for each learner. The numbers were drawn with --seed {seed}.")


if __name__ == "__main__":
    main()
