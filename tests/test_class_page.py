"""The page of who solved what: made of the files that learners handed over, whatever is in them, and nothing else."""

import csv
import json
import os
import re

import pytest

from helpers.check.progress import FORMAT, VERSION
from tools.grading.class_page import Learner, Notebook, learners, main, notebooks, open_for_most, page, write_table

COURSE = [Notebook("1", "Tokens", ["a", "b"]), Notebook("2", "Averages", ["c"])]
EVIL = "<img src=x onerror=alert(1)> & 'co'"


def progress(*solved):
    return json.dumps({"format": FORMAT, "version": VERSION, "solved": solved})


@pytest.fixture
def folder(tmp_path):
    for name, text in {
        "Ada.json": progress("a", "b", "c", "of another course"),
        f"{EVIL}/progress.json": progress("c", EVIL),
        "Bo/notebooks/progress.json": progress("a"),
        "Bo/more/progress.json": progress("b"),
        "broken.json": "{",
        "deep.json": "[" * 100_000,
        "large.json": progress("a" * 2_000_000),
        "newer.json": progress().replace(f": {VERSION}", ": 99"),
        "other.json": "[]",
        "nothing/notes.txt": "",
        "notes.txt": "",
        "=1+1.json": progress(),
        "\x1b[2J\u202e.json": progress("a"),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        os.utime(tmp_path / name, (1_795_000_000,) * 2)
    (tmp_path / "link.json").symlink_to(tmp_path / "Ada.json")
    return tmp_path


def test_every_file_is_read_or_told(folder):
    found = {one.name: one for one in learners(folder)}
    assert {name: sorted(one.solved) for name, one in found.items() if not one.trouble} == {
        "Ada": ["a", "b", "c", "of another course"],
        EVIL: sorted(["c", EVIL]),
        "Bo": ["a", "b"],
        "=1+1": [],
        "�[2J�": ["a"],
    }
    assert {name: one.trouble for name, one in found.items() if one.trouble} == {
        "broken": "broken.json: it is broken",
        "deep": "deep.json: it is broken",
        "large": "large.json: it is no plain file, or larger than 1 MB",
        "newer": "newer.json: a newer version of this course wrote it",
        "other": "other.json: it is broken",
        "nothing": "there is no progress.json in the folder",
    }


def test_names_are_text_and_the_page_fetches_and_runs_nothing(folder):
    everybody = learners(folder)
    text = page(everybody, COURSE)
    assert text == page(learners(folder), COURSE)
    assert "<img" not in text and "&lt;img src=x onerror=alert(1)&gt; &amp; &#39;co&#39;" in text
    assert not re.search(
        r"<script|<link(?! rel=\"icon\" href=\"data:,\")|url\(|@import|https?:|\bon\w+=", text.replace("onerror", "")
    )
    assert ">18 Nov<" in text and 'datetime="2026-11-18"' in text
    assert '<b>3</b><span class="bar"><span style="width:100.0%">' in text
    for one in everybody:
        assert not one.trouble or f"<bdi>{one.name}</bdi>: {one.trouble}." in text


def test_what_is_open_for_most_of_those_who_came_that_far():
    """Who has begun nothing yet is not stuck."""
    everybody = [Learner("A", {"a", "c"}), Learner("B", {"c"}), Learner("C", {"a"}), Learner("D")]
    assert [(one.name, one.open, one.came) for one in open_for_most(everybody, COURSE)] == [("b", 3, 3)]
    assert "Nothing is open for half of them." in page([Learner("A", {"a", "b", "c"})], COURSE)
    assert "0 learners" in page([], COURSE)


def test_the_table_says_the_same_and_no_spreadsheet_takes_a_name_for_a_formula(folder):
    write_table(learners(folder), COURSE, folder / "class.csv")
    head, *rows = csv.reader((folder / "class.csv").read_text(encoding="utf-8").splitlines())
    assert head == ["learner", "solved", "of", "day of the file", "trouble", "a", "b", "c"]
    assert ["Ada", "3", "3", "2026-11-18", "", "1", "1", "1"] in rows
    assert ["'=1+1", "0", "3", "2026-11-18", "", "0", "0", "0"] in rows


def test_it_knows_the_notebooks_of_the_course():
    found = {one.number: one for one in notebooks()}
    assert found["5b"].title == "The head in PyTorch" and found["5b"].tasks == ["all_scores", "unscaled_head"]


def test_the_command_writes_both(folder, tmp_path_factory, monkeypatch, capsys):
    out = tmp_path_factory.mktemp("out")
    monkeypatch.setattr("sys.argv", ["class_page", str(folder), "--out", str(out)])
    main()
    told = capsys.readouterr().out
    assert "broken: broken.json: it is broken.\n" in told and "tell of 11 learners" in told
    assert (out / "class.html").exists() and (out / "class.csv").exists()
    monkeypatch.setattr("sys.argv", ["class_page", str(folder / "nowhere")])
    with pytest.raises(SystemExit, match="is no folder"):
        main()
