"""The hub of a class, as deploy/ sets it up: three learners and a teacher."""

import json
import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.hub import FIRST_USER, IS_ROOT, TEACHERS, Person, hub
from tools.notebooks import course_notebooks

by_user = pytest.mark.skipif(not IS_ROOT, reason="only root can start servers as several users")
FIVE = "05_queries_keys_values"
AGREED = ["ada", "eve"]
LEARNERS = ["ada", "ben", "eve"]
PEOPLE = [*LEARNERS, "teacher"]

# In the kernel of each: an exercise of the course, and then everything that may be forbidden.
CELL = f"""
import json, os, sys
import numpy as np
from pathlib import Path
from helpers import check
check.mean_so_far(lambda x: np.stack([x[: t + 1].mean(0) for t in range(len(x))]))

def outcome(action, path):
    try:
        action(path)
        return "done"
    except OSError as error:
        return type(error).__name__

homes, own = Path.home().parent, Path.home().name
others = [homes / name for name in {LEARNERS} if name != own]
others += [homes / "class" / name for name in {AGREED} if name != own]
shared = [sys.prefix, np.__path__[0], check.__path__[0]]
print(json.dumps({{
    "parent": os.getppid(),
    "own": [outcome(os.listdir, Path.home()), outcome(Path.read_bytes, Path.home() / "notebooks" / "progress.json")],
    "others' names": [outcome(os.listdir, folder) for folder in [*others, homes / "class"]],
    "others' files": [outcome(Path.read_bytes, folder / "progress.json") for folder in others],
    "others' folders": [outcome(Path.touch, folder / "new") for folder in others],
    "left open": [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.exists() and link.is_dir()],
    "what is shared": [outcome(Path.touch, Path(folder, "new")) for folder in shared],
}}))
"""


@pytest.fixture(scope="module")
def place():
    """A folder that all users may enter."""
    with TemporaryDirectory(prefix="hub-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def people(place):
    """Ada and Eve agreed that their teacher may see what they solved. Ben did not, and has a notebook already. Each has
    solved an exercise. The teacher has logged in, and that is all.
    """
    notebook = place / "ben" / "notebooks" / f"{FIVE}.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.write_text("Ben's own")
    with hub(place, PEOPLE) as (address, kernels):
        people = {name: Person(address, name) for name in PEOPLE}
        for name in LEARNERS:
            people[name].order(agreed=name in AGREED)
        for name in LEARNERS:
            people[name].wait()
        for name in LEARNERS:
            *said, tried = people[name].run(CELL).splitlines()
            people[name].said, people[name].tried = said, json.loads(tried)
            assert people[name].tried.pop("parent") == kernels.pid
        yield people


@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_finds_the_notebooks_at_home_and_solves_an_exercise(people, place, name):
    folder = place / name / "notebooks"
    assert {path.name for path in course_notebooks()} <= {path.name for path in folder.iterdir()}
    assert people[name].said == ["mean_so_far: right, on 14 shapes."]
    assert json.loads((folder / "progress.json").read_text())["solved"] == ["mean_so_far"]


def test_no_file_of_a_learner_is_written_over(people, place):
    assert (place / "ben" / "notebooks" / f"{FIVE}.mine.ipynb").read_text() == "Ben's own"


def test_nobody_gets_into_the_server_of_another(people):
    for name, person in people.items():
        for other in LEARNERS:
            for page in ("api/contents/notebooks/progress.json", "files/notebooks/00_start_here.ipynb", "api/kernels"):
                said = person.get(f"/user/{other}/{page}")
                assert (said.status_code == 200) == (name == other), (name, other, page, said.status_code)


@by_user
def test_a_learner_can_neither_read_what_is_anothers_nor_write_what_is_shared(people):
    for name in LEARNERS:
        tried = people[name].tried
        assert {*tried.pop("own")} == {"done"} and tried.pop("left open") == []
        for what, outcomes in tried.items():
            assert {*outcomes} == {"PermissionError"}, (name, what, outcomes)


def test_the_teacher_sees_the_progress_of_those_who_agreed_and_nothing_else(people, place):
    as_teacher = dict(user=FIRST_USER + PEOPLE.index("teacher"), group=TEACHERS, extra_groups=[]) if IS_ROOT else {}
    found = {path.parent.name: path for path in (place / "class").glob("*/*")}
    assert {*found} == {*AGREED} and {path.name for path in found.values()} == {"progress.json"}
    for path in found.values():
        said = subprocess.run(["cat", path], capture_output=True, check=True, **as_teacher).stdout
        assert json.loads(said)["solved"] == ["mean_so_far"]
    if IS_ROOT:
        homes = subprocess.run(["ls", *(place / name for name in LEARNERS)], capture_output=True, **as_teacher)
        assert homes.returncode and not homes.stdout


def test_a_learner_is_asked_before_a_server_starts_and_no_link_answers(people):
    teacher = people["teacher"]
    assert 'name="agreed" value="yes" >' in teacher.form()
    followed = teacher.get("/hub/spawn?agreed=yes")
    assert "A link cannot answer this for you" in followed.text and 'value="yes" >' in followed.text
