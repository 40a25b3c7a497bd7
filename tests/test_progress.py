"""What is solved is kept; a file that cannot be used is set aside and never overwritten; kernels take turns."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.check import progress
from helpers.inputs import alone as locks
from helpers.inputs.alone import alone


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


# -- what cannot be read is never written over ------------------------------------------------------


def refuse(monkeypatch, name, error):
    """From now on the system answers every such call on a progress file with this error."""
    known = getattr(Path, name)

    def refused(self, *arguments, **options):
        if self.name == "progress.json":
            raise OSError(error, os.strerror(error))
        return known(self, *arguments, **options)

    monkeypatch.setattr(Path, name, refused)


@pytest.mark.parametrize("error", [errno.EACCES, errno.EIO, errno.ESTALE, errno.EMFILE, errno.ELOOP, errno.ETIMEDOUT])
def test_what_cannot_be_read_is_never_replaced(file, error, monkeypatch, capsys):
    progress.note("first")
    before = file.read_bytes()
    with monkeypatch.context() as patch:
        refuse(patch, "read_text", error)
        progress.note("second")
        said = capsys.readouterr().out
        assert os.strerror(error) in said and "stays as it is" in said and said.count("\n") == 1
        assert progress.solved() == [] and "for now nothing counts as solved" in capsys.readouterr().out
    assert file.read_bytes() == before and os.listdir(file.parent) == ["progress.json"]
    progress.note("second")
    assert progress.solved() == ["first", "second"] and capsys.readouterr().out == ""


def test_a_folder_of_that_name_stays(file, capsys):
    file.mkdir()
    progress.note("a")
    assert "Is a directory" in capsys.readouterr().out and os.listdir(file.parent) == ["progress.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"format": "another", "version": 1, "solved": []}'])
def test_what_can_be_neither_used_nor_set_aside_stays(file, content, monkeypatch, capsys):
    file.write_bytes(content)
    refuse(monkeypatch, "rename", errno.EROFS)
    for look in (lambda: progress.note("a"), progress.solved):
        look()
        said = capsys.readouterr().out
        assert "cannot be set aside: Read-only file system" in said and said.count("\n") == 1
        assert file.read_bytes() == content and os.listdir(file.parent) == ["progress.json"]


def test_a_full_disk_costs_a_sentence(file, monkeypatch, capsys):
    progress.note("first")
    before = file.read_bytes()

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    progress.note("second")
    assert "second is solved, but that could not be kept" in capsys.readouterr().out
    assert file.read_bytes() == before and os.listdir(file.parent) == ["progress.json"]


def test_a_folder_that_cannot_be_written_to_costs_a_sentence(file, monkeypatch, capsys):
    progress.note("first")
    known = os.open

    def refused(path, *arguments, **options):
        if str(path).endswith(".lock"):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return known(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refused)
    progress.note("first")  # it is there already
    assert progress.solved() == ["first"] and capsys.readouterr().out == ""
    progress.note("second")
    assert "Read-only file system" in capsys.readouterr().out and progress.solved() == ["first"]


def test_what_else_the_file_holds_stays(file):
    kept = {"format": progress.FORMAT, "version": progress.VERSION, "solved": ["a"], "remark": "mine"}
    file.write_text(json.dumps(kept))
    progress.note("b")
    assert json.loads(file.read_text()) == {**kept, "solved": ["a", "b"]}


def test_a_link_stays_a_link(file, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    file.symlink_to(elsewhere / "kept.json")
    progress.note("a")
    assert file.is_symlink() and json.loads((elsewhere / "kept.json").read_text())["solved"] == ["a"]


# -- where it is kept -------------------------------------------------------------------------------

MOVED = """
import os, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
moves = ["%cd -q ..", "import os; os.chdir('/')", "os.makedirs('gone'); os.chdir('gone'); os.rmdir('../gone')"]
for move in moves[:1] if sys.argv[1] == "early" else moves:
    if sys.argv[1] == "early":
        shell.run_cell(move)
    shell.run_cell("from helpers.check import progress; from helpers.course import CourseMap; progress.note('a')")
    shell.run_cell(move)
    shell.run_cell("progress.note('b'); print(progress.solved(), CourseMap())")
"""


@pytest.mark.parametrize("when", ["early", "later"])
def test_progress_does_not_move_with_the_kernel(when, tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "02_averaging.ipynb").write_text("{")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "IPYTHONDIR": str(tmp_path / "ipython")}
    del environment[progress.FILE]
    script = MOVED.replace("'gone'", f"{str(tmp_path / 'gone')!r}").replace("'../gone'", f"{str(tmp_path / 'gone')!r}")
    ended = subprocess.run(
        [sys.executable, "-c", script, when], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads((folder / "progress.json").read_text())["solved"] == ["a", "b"]
    lines = [line for line in ended.stdout.splitlines() if line.startswith("['a', 'b']")]
    assert lines and all("02_averaging" in line for line in lines)
    assert [path.name for path in tmp_path.iterdir() if "progress" in path.name] == []


# -- several kernels --------------------------------------------------------------------------------

MANY = """
import sys, time
from pathlib import Path
from helpers.check import progress
me, rounds, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
(folder / f"ready-{me}").touch()
while len(list(folder.glob("ready-*"))) < 4:
    time.sleep(0.001)
for i in range(rounds):
    progress.note(f"{me}-{i}")
    progress.solved()
"""


def test_kernels_that_write_at_once_lose_nothing(file, tmp_path):
    rounds, ready = 40, tmp_path / "ready"
    ready.mkdir()
    progress.note("before")
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MANY, str(me), str(rounds), str(ready)], stdout=subprocess.PIPE, text=True
        )
        for me in range(4)
    ]
    said = [one.communicate(timeout=60)[0] for one in started]
    assert said == [""] * 4 and [one.returncode for one in started] == [0] * 4
    found = progress.solved()
    assert found[0] == "before" and sorted(found[1:]) == sorted(f"{me}-{i}" for me in range(4) for i in range(rounds))
    for me in range(4):  # each kernel's own in its order
        assert [name for name in found if name.startswith(f"{me}-")] == [f"{me}-{i}" for i in range(rounds)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["progress.json", "ready"]


def test_threads_of_one_kernel_lose_nothing(file):
    threads = [threading.Thread(target=progress.note, args=(str(i),)) for i in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(progress.solved(), key=int) == [str(i) for i in range(24)]


def test_a_broken_file_that_two_find_is_set_aside_once(file, capsys):
    file.write_bytes(b"broken")
    threads = [threading.Thread(target=progress.note, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(progress.solved()) == [*"abcdef"] and capsys.readouterr().out.count("now lies in") == 1
    assert [path.name for path in file.parent.glob("*aside*")] == ["progress.aside-1.json"]


def test_a_kernel_that_does_not_let_go_costs_a_sentence(file, monkeypatch, capsys):
    progress.note("first")
    monkeypatch.setattr(progress, "alone", partial(alone, patience=0.05))
    with alone(file):
        began = time.monotonic()
        progress.note("second")
        assert time.monotonic() - began < 2 and "another program is writing" in capsys.readouterr().out
        assert progress.solved() == ["first"]  # who reads need not wait
    progress.note("second")
    assert progress.solved() == ["first", "second"]


def test_where_there_are_no_locks_it_is_kept_all_the_same(file, monkeypatch, capsys):
    def none(handle):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(locks, "lock_at_once", none)
    another = file.with_name("progress.json.0123abcd.part")
    another.touch()
    progress.note("a")
    assert progress.solved() == ["a"] and capsys.readouterr().out == ""
    assert another.exists()  # who cannot know that its writer is dead leaves it


def test_on_windows_the_lock_is_a_locked_byte(file, monkeypatch):
    """There fcntl is missing, and msvcrt has ``locking``, which refuses with PermissionError."""
    fcntl = locks.fcntl

    def locking(handle, mode, count):
        assert (mode, count) == ("at once", 1)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermissionError(13, "Permission denied") from None

    monkeypatch.setattr(locks, "fcntl", None)
    monkeypatch.setattr(locks, "msvcrt", SimpleNamespace(LK_NBLCK="at once", locking=locking))
    with alone(file) as held:
        assert held
        with pytest.raises(TimeoutError, match="another program is writing to it"), alone(file, patience=0.05):
            pass
    progress.note("a")
    assert progress.solved() == ["a"]


def test_python_in_a_page_has_no_locks(file, monkeypatch, capsys):
    monkeypatch.setattr(locks, "fcntl", None)
    progress.note("a")
    with alone(file) as held:
        assert not held
    assert progress.solved() == ["a"] and capsys.readouterr().out == ""


# -- killed kernels ---------------------------------------------------------------------------------

KILLED = """
import os, sys
from helpers.check import progress
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
    progress.note("third")  # what it left behind is removed: its lock, its half-written file
    assert progress.solved() == [*(["first"] if calls < 2 else ["first", "second"]), "third"]
    assert os.listdir(file.parent) == ["progress.json"]


def test_only_what_a_killed_write_left_is_removed(file):
    theirs = [f"progress.json.{end}" for end in ("part", "mine.part", "0123456z.part", "0123abcd.part.txt", "bak")]
    theirs += ["xprogress.json.0123abcd.part", "progressXjson.0123abcd.part"]
    for name in [*theirs, "progress.json.0123abcd.part", "progress.json.fedcba98.part"]:
        file.with_name(name).touch()
    progress.note("a")
    assert sorted(path.name for path in file.parent.iterdir()) == sorted([*theirs, "progress.json"])
