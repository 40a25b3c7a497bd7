"""`make reset` restores the shipped notebook, whatever was committed since, and loses nothing that a learner wrote."""

import errno
import os
import shutil
import subprocess
import sys
from unittest.mock import Mock

import pytest

from helpers.course.course_map import number_of
from tools import reset
from tools.notebooks import NOTEBOOKS, course_notebooks

NAMES = ("01_one.ipynb", "02_two.ipynb", "02_twin.ipynb", "10_ten.ipynb")


def as_shipped(name):
    return f"{name} as shipped ü\n".encode()


def git(folder, *arguments):
    """Run git with a name of its own, whatever the machine is set to; returns what it says."""
    settings = {"user.name": "a", "user.email": "a@example.com", "commit.gpgsign": "false", "gc.auto": "0"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    found = subprocess.run(["git", *options, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return found.stdout


def commit(folder, message="mine"):
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)


@pytest.fixture
def course(tmp_path):
    """The course as it is published: a repository, and what is said to be shipped."""
    folder = tmp_path / "published"
    notebooks = folder / "notebooks"
    notebooks.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for name in NAMES:
        (notebooks / name).write_text("an older version\n")
    commit(folder, "older")
    for name in NAMES:
        (notebooks / name).write_bytes(as_shipped(name))
    reset.ship(notebooks, folder / "shipped.txt")
    commit(folder, "as shipped")
    return folder


def clone(course, *options):
    folder = course.parent / f"clone-{len(list(course.parent.iterdir()))}"
    git(course.parent, "clone", "--quiet", *options, course.as_uri(), str(folder))
    return folder


def restored(folder, which="01"):
    """Reset a notebook of this copy of the course; returns where the learner's is kept."""
    names = reset.shipped_names(folder / "shipped.txt")
    name = reset.named(which, names)
    kept = reset.reset(folder / "notebooks" / name, names[name])
    assert (folder / "notebooks" / name).read_bytes() == as_shipped(name)
    return kept


def edit(folder, text="mine", name="01_one.ipynb"):
    (folder / "notebooks" / name).write_text(text)


# -- what a learner may have done since -------------------------------------------------------------


def only_edited(folder):
    edit(folder)


def committed(folder):
    edit(folder, "mine at first")
    commit(folder)
    edit(folder)
    commit(folder)


def committed_and_pulled(folder):
    edit(folder)
    commit(folder)
    git(folder, "pull", "--quiet", "--no-rebase", "-X", "ours")


def pushed_to_a_fork(folder):
    committed(folder)
    fork = folder.parent / "fork.git"
    git(folder, "clone", "--quiet", "--bare", folder.as_uri(), str(fork))
    git(folder, "remote", "set-url", "origin", fork.as_uri())
    git(folder, "push", "--quiet", "--force", "origin", "HEAD:main")
    git(folder, "fetch", "--quiet")


def on_a_branch_without_a_remote(folder):
    git(folder, "checkout", "--quiet", "-b", "mine")
    committed(folder)
    git(folder, "branch", "-D", "main")
    git(folder, "remote", "remove", "origin")


def staged(folder):
    edit(folder)
    git(folder, "add", "--all")


def removed_from_git(folder):
    git(folder, "rm", "--quiet", "--cached", "notebooks/01_one.ipynb")
    commit(folder)
    edit(folder)


@pytest.mark.parametrize("depth", [[], ["--depth=1"]], ids=str)
@pytest.mark.parametrize(
    "act",
    [
        only_edited,
        committed,
        committed_and_pulled,
        pushed_to_a_fork,
        on_a_branch_without_a_remote,
        staged,
        removed_from_git,
    ],
)
def test_the_shipped_one_comes_back_whatever_was_committed(course, act, depth):
    folder = clone(course, *depth)
    act(folder)
    kept = restored(folder)
    assert kept.name == "01_one.mine.ipynb" and kept.read_text() == "mine"


def test_after_an_update_the_newer_one_comes_back(course):
    folder = clone(course)
    edit(folder)
    commit(folder)
    (course / "notebooks" / "02_two.ipynb").write_text("newer\n")
    reset.ship(course / "notebooks", course / "shipped.txt")
    commit(course, "newer")
    git(folder, "pull", "--quiet", "--no-rebase")
    edit(folder, "mine", "02_two.ipynb")
    names = reset.shipped_names(folder / "shipped.txt")
    reset.reset(folder / "notebooks" / "02_two.ipynb", names["02_two.ipynb"])
    assert (folder / "notebooks" / "02_two.ipynb").read_text() == "newer\n"
    assert restored(folder).read_text() == "mine"


# -- without git ----------------------------------------------------------------------------------


def without_git(folder):
    """As a download is: no repository, here or above."""
    shutil.rmtree(folder / ".git")
    return folder


def test_a_download_restores_from_a_copy_that_lies_there(course):
    folder = without_git(clone(course))
    copies = folder / "notebooks" / ".ipynb_checkpoints"
    copies.mkdir()
    shutil.copy(folder / "notebooks" / "01_one.ipynb", copies / "01_one-checkpoint.ipynb")
    edit(folder)
    assert restored(folder).read_text() == "mine"
    assert restored(folder) is None  # it is as it was shipped


@pytest.mark.parametrize("tool", ["there", "not there"])
def test_a_download_without_a_copy_says_where_one_is(course, tool, monkeypatch, tmp_path):
    folder = without_git(clone(course))
    edit(folder)
    if tool == "not there":
        monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match=r"01_one.ipynb as it was shipped is not on this machine: git.*Download the"):
        restored(folder)
    assert (folder / "notebooks" / "01_one.ipynb").read_text() == "mine"
    assert sorted(path.name for path in (folder / "notebooks").iterdir()) == sorted(NAMES)


def test_a_download_that_was_put_under_git_later(course):
    folder = without_git(clone(course))
    git(folder, "init", "--quiet")
    commit(folder, "as I got it")
    committed(folder)
    assert restored(folder).read_text() == "mine"


@pytest.mark.parametrize("content", [None, b"\xff", b"nonsense\n"])
def test_without_the_record_of_what_was_shipped(content, tmp_path):
    record = tmp_path / "shipped.txt"
    if content is not None:
        record.write_bytes(content)
    with pytest.raises(ValueError, match=r"shipped.txt, which says what was shipped, cannot be read"):
        reset.shipped_names(record)


# -- what there was is kept -------------------------------------------------------------------------


def test_what_was_there_is_kept_beside_it(course):
    folder = clone(course)
    for number, kept in [(1, "01_one.mine.ipynb"), (2, "01_one.mine-2.ipynb"), (3, "01_one.mine-3.ipynb")]:
        edit(folder, f"mine {number}")
        assert restored(folder) == folder / "notebooks" / kept
    assert [(folder / "notebooks" / f"01_one.mine{end}.ipynb").read_text() for end in ("", "-2", "-3")] == [
        "mine 1",
        "mine 2",
        "mine 3",
    ]


def test_what_was_kept_once_is_not_kept_twice(course):
    folder = clone(course)
    for _ in range(2):
        edit(folder)
        assert restored(folder) == folder / "notebooks" / "01_one.mine.ipynb"


def test_one_that_is_as_shipped_stays_and_one_that_is_gone_comes_back(course):
    folder = clone(course)
    path = folder / "notebooks" / "01_one.ipynb"
    path.write_bytes(as_shipped("01_one.ipynb").replace(b"\n", b"\r\n"))  # as git on Windows writes it
    before = path.read_bytes()
    names = reset.shipped_names(folder / "shipped.txt")
    assert reset.reset(path, names[path.name]) is None and path.read_bytes() == before
    path.unlink()
    assert restored(folder) is None and len(list((folder / "notebooks").iterdir())) == len(NAMES)


@pytest.mark.parametrize(("links", "call"), [*[("no links", call) for call in range(4)], ("links", 0), ("links", 1)])
def test_a_full_disk_loses_nothing(course, links, call, monkeypatch):
    """Each of the calls that write in turn: the learner's to the disk and into place, and the shipped one's. A second
    name for the learner's needs no room.
    """
    folder, calls = clone(course), []
    edit(folder)

    def failing(known):
        def counted(*arguments):
            calls.append(known)
            if len(calls) == call + 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return known(*arguments)

        return counted

    with monkeypatch.context() as patch:
        for name in ("fsync", "replace"):
            patch.setattr(os, name, failing(getattr(os, name)))
        if links == "no links":
            patch.setattr(os, "link", Mock(side_effect=OSError(errno.EPERM, os.strerror(errno.EPERM))))
        with pytest.raises(OSError, match="No space left"):
            restored(folder)
    assert (folder / "notebooks" / "01_one.ipynb").read_text() == "mine"
    kept = [path.read_text() for path in (folder / "notebooks").iterdir() if path.name not in NAMES]
    assert kept == (["mine"] if call > 1 or links == "links" else [])
    assert restored(folder).read_text() == "mine"


# -- which notebook ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "which",
    [
        *["5", "05", "005", " 5 ", "5.ipynb", "05.ipynb", "5_", "05_q", "5_queries", "05_queries_keys_values"],
        *["05_queries_keys_values.ipynb", "notebooks/05_queries_keys_values.ipynb", "notebooks\\5.ipynb", "/a/b/05"],
    ],
)
def test_a_notebook_is_known_by_its_number_and_by_its_name(which):
    assert reset.named(which, reset.shipped_names()) == "05_queries_keys_values.ipynb"


@pytest.mark.parametrize(
    "which", ["5b", "05b", " 5b ", "5b.ipynb", "5b_", "05b_the", "notebooks/05b_the_head_in_pytorch.ipynb"]
)
def test_a_second_half_is_known_by_its_letter(which):
    assert reset.named(which, reset.shipped_names()) == "05b_the_head_in_pytorch.ipynb"


def test_every_notebook_is_known_by_its_number():
    names = reset.shipped_names()
    for name in names:
        number = number_of(name)
        assert all(
            reset.named(which, names) == name for which in (name, number, number.lstrip("0") or "0", f"{number}_")
        )


@pytest.mark.parametrize(
    ("which", "said"),
    [
        *[(which, "names no notebook; wanted one, as in") for which in ("", " ", "9", "/", "²", "-1", "1_one.mine")],
        ("2", "names 02_twin.ipynb, 02_two.ipynb; wanted one"),
        ("02_tw", "names 02_twin.ipynb, 02_two.ipynb; wanted one"),
        ("mine.ipynb", "names no notebook"),
    ],
)
def test_a_name_that_fits_none_or_several(which, said):
    with pytest.raises(ValueError, match=said):
        reset.named(which, sorted(NAMES))


def test_a_whole_name_is_meant_even_where_a_longer_one_begins_with_it():
    assert reset.named("02_tw", ["02_tw.ipynb", "02_two.ipynb"]) == "02_tw.ipynb"


# -- this course ------------------------------------------------------------------------------------


def test_what_is_shipped_is_written_down():
    wanted = {path.name: reset.content_name(reset.in_shipped_form(path)) for path in course_notebooks()}
    assert reset.shipped_names() == wanted, "python tools/reset.py --ship writes it down"


def test_the_name_of_a_content_is_gits():
    path = NOTEBOOKS / "00_start_here.ipynb"
    found = subprocess.run(["git", "hash-object", "--no-filters", path], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == reset.content_name(path.read_bytes())


def test_the_tool_tells_what_it_did(course):
    """The real tool, in a copy of the course."""
    folder = clone(course)
    (folder / "tools").mkdir()
    shutil.copy(reset.__file__, folder / "tools")
    shutil.copy(folder / "shipped.txt", folder / "tools")
    edit(folder)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, folder / "tools" / "reset.py", *arguments], env=environment, capture_output=True, text=True
        )

    assert run("1").stdout == "01_one.ipynb is as it was shipped. What you had is in 01_one.mine.ipynb.\n"
    assert run("01").stdout == "01_one.ipynb is as it was shipped.\n"
    refused = run("")
    assert refused.returncode == 1
    assert refused.stderr == "'' names no notebook; wanted one, as in: make reset NOTEBOOK=05.\n"
    edit(folder, "mine, shipped")
    assert run("--ship").stdout == "shipped.txt names the notebooks as they are now.\n"
    assert run("01").stdout == "01_one.ipynb is as it was shipped.\n"
