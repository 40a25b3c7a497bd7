"""The first notebook's helpers: what is installed, a sign of life, the map of the course."""

import json
import sys
from html.parser import HTMLParser
from importlib.metadata import PackageNotFoundError

import nbformat
import pytest

from helpers.by_hand.puzzle_catalog import PUZZLES
from helpers.check import exercises, progress
from helpers.course import installed
from helpers.course.course_map import CourseMap, number_of, tasks_of
from helpers.course.installed import machine, numbers
from helpers.course.pulse import TROUBLES, Pulse
from tools.notebooks import NOTEBOOKS, course_notebooks


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.setenv(progress.FILE, str(tmp_path / "progress.json"))
    return tmp_path / "progress.json"


def test_this_machine_has_everything(capsys):
    machine()
    said = capsys.readouterr().out
    assert said.endswith("Everything is here.\n") and all(name in said for name in installed.NEEDED)


@pytest.mark.parametrize(
    ("found", "is_fine"),
    [("2.6.0", True), ("2.13.0+cu124", True), ("2.5.9", False), ("missing", False), ("1.99", False)],
)
def test_what_is_missing_or_old_is_told_with_its_mend(found, is_fine, monkeypatch, capsys):
    known = installed.version

    def version(name):
        if name == "torch" and found == "missing":
            raise PackageNotFoundError(name)
        return found if name == "torch" else known(name)

    monkeypatch.setattr(installed, "version", version)
    machine()
    said = capsys.readouterr().out
    assert ("Everything is here" in said) == is_fine and ("pip install -r requirements.txt" in said) != is_fine
    assert is_fine or f"torch        {found:<10} wanted 2.6 or newer" in said


def test_an_old_python_is_told(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 2, "final", 0))
    machine()
    assert "wanted 3.11 or newer" in capsys.readouterr().out


def test_versions_are_compared_as_numbers():
    assert (
        numbers("2.10.1") > numbers("2.9")
        and numbers("2.13.0+cpu") == (2, 13, 0)
        and numbers("0.9.13") >= numbers("0.9.13")
    )


def test_the_kernel_answers_the_page():
    pulse = Pulse()
    assert pulse.answer == ""
    pulse.beat = 1  # as the page sets it
    assert "kernel hears" in pulse.answer


def test_where_no_widget_lives_every_trouble_has_its_mend():
    pulse = Pulse()
    bundle = pulse._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert len(TROUBLES) >= 5 and all(
        trouble in data["text/plain"] and mend in data["text/plain"] for trouble, mend in TROUBLES
    )
    assert data["text/html"].count("<li>") == len(TROUBLES)


class Text(HTMLParser):
    """The words of a page, and where its links lead."""

    def __init__(self, html):
        super().__init__()
        self.words, self.links = [], []
        self.feed(html)

    def handle_data(self, data):
        self.words.append(data)

    def handle_starttag(self, tag, attributes):
        self.links += [value for name, value in attributes if name == "href"]


def test_the_map_has_every_notebook_and_what_is_solved():
    some = tasks_of("02")[0]
    progress.note(some)
    shown = CourseMap(NOTEBOOKS)
    page = Text(shown._repr_html_())
    assert page.links == [path.name for path in course_notebooks()[1:]]
    for path in course_notebooks()[1:]:
        title = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0].removeprefix("# ")
        assert title in page.words and title in repr(shown)
    halves = {number_of(name)[:2] for name, *_ in shown.rows if not number_of(name).isdigit()}
    assert all(minutes > 0 for _, _, minutes, *_ in shown.rows)
    assert all(tasks or number_of(name)[:2] in halves for name, _, _, tasks, _ in shown.rows)
    assert {name: solved for name, *_, solved in shown.rows if solved} == {"02_averaging_the_past.ipynb": 1}
    for name in tasks_of("02"):
        progress.note(name)
    assert "✓" in CourseMap(NOTEBOOKS)._repr_html_() and "✓" not in shown._repr_html_()


def test_every_exercise_and_puzzle_has_its_notebook():
    numbers_there = {number_of(path) for path in course_notebooks()}
    assert {one.notebook for one in [*exercises().values(), *PUZZLES.values()]} <= numbers_there
    assert not {*exercises()} & {*PUZZLES}
    assert {one.notebook for one in PUZZLES.values()} == {"04", "05", "07", "09", "14"}


def test_a_folder_without_notebooks_or_with_broken_ones(tmp_path):
    assert "No notebook" in repr(CourseMap(tmp_path)) and "No notebook" in CourseMap(tmp_path)._repr_html_()
    for name, text in [
        ("01_<b>.ipynb", "{"),
        ("02_empty.ipynb", ""),
        ("03_none.ipynb", json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})),
        ("03b_half.ipynb", "{"),
        ("03bc_no_half.ipynb", "{"),
        ("04_mine.mine.ipynb", "{}"),
    ]:
        (tmp_path / name).write_text(text)
    shown = CourseMap(tmp_path)
    assert [row[1] for row in shown.rows] == [
        "01_<b>",
        "02_empty",
        "03_none",
        "03b_half",
    ] and "<b>" not in shown._repr_html_()
