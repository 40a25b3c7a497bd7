"""What is solved is kept; a file that cannot be used is set aside and never overwritten."""

import json
import os
import subprocess
import sys

import pytest

from helpers.check import progress


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.setenv(progress.FILE, str(tmp_path / "progress.json"))
    return tmp_path / "progress.json"


def test_what_is_solved_is_kept_once_and_in_order(file):
    assert progress.solved() == [] and not file.exists()
    for name in ["b", "a", "b", "ø😀"]:
        progress.note(name)
    assert progress.solved() == ["b", "a", "ø😀"] and [path.name for path in file.parent.iterdir()] == ["progress.json"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "broken"),
        (b'{"format": "attention-course progress", "solved": ["a"', "broken"),
        (b"\xff\xfe", "broken"),
        (b"[]", "broken"),
        (b"[" * 100_000, "broken"),
        (b'{"version": 1}', "broken"),
        (b'{"format": "another", "version": 1, "solved": []}', "no progress"),
        (b'{"format": "attention-course progress", "version": 1, "solved": [1]}', "no progress"),
        (b'{"format": "attention-course progress", "version": "1", "solved": []}', "broken"),
        (b'{"format": "attention-course progress", "version": 2, "solved": ["a"]}', "a newer version"),
    ],
)
def test_what_cannot_be_used_is_set_aside(file, capsys, content, why):
    for number in (1, 2):
        file.write_bytes(content)
        progress.note("a")
        said = capsys.readouterr().out
        assert why in said and said.count("\n") == 1
        assert progress.solved() == ["a"] and (file.parent / f"progress.aside-{number}.json").read_bytes() == content
    assert capsys.readouterr().out == ""


def test_a_folder_that_is_not_there_is_told(file, monkeypatch, capsys):
    monkeypatch.setenv(progress.FILE, str(file.parent / "nowhere" / "progress.json"))
    progress.note("a")
    assert "could not be kept" in capsys.readouterr().out and progress.solved() == []


KILLED = """
import os, sys
from helpers.check import progress; from helpers.inputs import whole_file as files
calls = 0
def dying(act):
    def acted(*arguments, **options):
        global calls
        calls += 1
        if calls > int(sys.argv[1]):
            os._exit(9)
        return act(*arguments, **options)
    return acted
os.fsync, os.replace = dying(os.fsync), dying(os.replace)
progress.note("second")
"""


@pytest.mark.parametrize("calls", [0, 1, 2])
def test_a_kill_leaves_the_old_or_the_new(file, calls):
    progress.note("first")
    ended = subprocess.run([sys.executable, "-c", KILLED, str(calls)], env={**os.environ}, check=False)
    assert ended.returncode == (9 if calls < 2 else 0)
    assert json.loads(file.read_text())["solved"] == (["first"] if calls < 2 else ["first", "second"])
