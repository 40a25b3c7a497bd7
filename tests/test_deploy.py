"""What deploy/ says fits together, and to the course; and progress is where its learner wants it."""

import json
import os
import re
import runpy
import subprocess
import sys
from importlib.metadata import version
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from helpers.check import progress
from tools.notebooks import REPO, source_url

DEPLOY = REPO / "deploy"
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
CONTAINER = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
learner = runpy.run_path(str(DEPLOY / "learner.py"))


def test_where_no_fork_is_to_be_had_a_kernel_is_one_of_its_own(tmp_path):
    command = json.loads((DEPLOY / "jupyter/kernels/python3/kernel.json").read_text(encoding="utf-8"))["argv"]
    program = [part.format(resource_dir=DEPLOY / "jupyter/kernels/python3", connection_file="") for part in command[:4]]
    environment = {**os.environ, "ATTENTION_COURSE_KERNELS": str(tmp_path / "nowhere")}
    command = [sys.executable, *program[1:], "--version"]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert said.strip() == version("ipython")


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Progress in a learner's home, with one exercise solved, and the folder that a teacher can read."""
    monkeypatch.setenv(progress.FILE, str(tmp_path / "progress.json"))
    progress.note("first")
    (tmp_path / "class").mkdir()
    return tmp_path / "progress.json", tmp_path / "class" / "progress.json"


def solved(path):
    return json.loads(path.read_text(encoding="utf-8"))["solved"]


def test_what_a_learner_agrees_to_show_is_shown_as_it_grows_and_taken_back(kept):
    home, shown = kept
    for _ in range(2):  # a start of the server, and the next one
        learner["show"](home, shown.parent)
        assert home.is_symlink() and solved(home) == solved(shown) == ["first"]
    progress.note("second")
    assert home.is_symlink() and solved(shown) == progress.solved() == ["first", "second"]
    learner["take_back"](home)
    assert not home.is_symlink() and solved(home) == ["first", "second"] and not [*shown.parent.iterdir()]


def test_who_has_solved_nothing_yet_may_agree_and_change_their_mind(kept):
    home, shown = kept
    home.unlink()
    learner["show"](home, shown.parent)
    assert progress.solved() == [] and not shown.exists()
    learner["take_back"](home)
    assert not home.is_symlink()
    learner["show"](home, shown.parent)
    progress.note("first")
    assert solved(shown) == ["first"]


def test_a_file_that_took_the_place_of_the_link_is_what_is_shown_next(kept):
    home, shown = kept
    learner["show"](home, shown.parent)
    home.unlink()
    progress.note("another")
    learner["show"](home, shown.parent)
    assert home.is_symlink() and solved(shown) == ["another"]


def test_the_image_is_made_of_what_is_here_and_gets_no_tests_and_no_solutions():
    into = re.findall(r"^COPY (?!--from)(.*) \S+$", CONTAINER.partition("\nFROM")[2], re.MULTILINE)
    last = re.findall(r"^COPY (.*) \S+$", CONTAINER.rpartition("\nFROM")[2], re.MULTILINE)
    assert [name for line in into if "--from" not in line for name in line.split() if not (REPO / name).exists()] == []
    assert last == [
        *["requirements.txt", "deploy/requirements.txt", "--from=wheel /wheel"],
        *["tools/jupyterlab.json", "deploy/learner.py"],
    ]


def test_the_cluster_starts_what_the_image_holds():
    values = yaml.safe_load((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8"))["singleuser"]
    assert f"COPY deploy/learner.py {values['cmd'][-1]}\n" in CONTAINER
    assert f"CMD {json.dumps(values['cmd'])}\n" in CONTAINER
    assert f"{values['image']['name']}:{values['image']['tag']}" in README
    assert (REPO / "notebooks" / values["defaultUrl"].rpartition("/")[2]).exists()


def test_a_link_brings_the_course_and_opens_its_first_notebook():
    (link,) = re.findall(r"https://\S+/git-pull\?\S+", README)
    asked = {name: value for name, (value,) in parse_qs(urlsplit(link).query, strict_parsing=True).items()}
    assert asked["repo"] == source_url()
    assert asked["urlpath"].startswith(f"lab/tree/{asked['targetPath']}/notebooks/")
    assert (REPO / asked["urlpath"].removeprefix(f"lab/tree/{asked['targetPath']}/")).exists()


def test_each_file_that_is_named_is_there():
    named = {*re.findall(r"deploy/[\w.-]+", README), *re.findall(r"`([\w-]+\.(?:py|service|yaml))`", README)}
    assert [name for name in named if not (DEPLOY / name.removeprefix("deploy/")).exists()] == []
    assert len(named) >= 5
