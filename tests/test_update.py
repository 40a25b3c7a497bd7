"""`make update` brings the new version of the course, and loses nothing that a learner wrote."""

import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from helpers.inputs.beside import content_name
from tests import learners_work as work
from tests.learners_work import FIRST, SECOND, git, path_of, write
from tools import update
from tools.clone import Clone, Trouble

FIRST_NAMES = {content_name(text.encode()) for text in FIRST.values()}
NEW = sorted(path for path in {*FIRST, *SECOND} if FIRST.get(path) != SECOND.get(path))
EDITED = path_of(work.edited)


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """The course as it is published, in its second version, and clones of the first."""
    folder = tmp_path_factory.mktemp("versions")
    published = folder / "published"
    work.course(published)
    git(folder, "clone", "--quiet", published.as_uri(), "clone")
    git(folder, "clone", "--quiet", "--depth=1", published.as_uri(), "shallow")
    work.new_version(published)
    return folder


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    """A learner's own settings of git: a file that must stay as it is. They do not say who the learner is."""
    parts = {"user": "useConfigOnly = true", "maintenance": "auto = false", "merge": "conflictStyle = diff3"}
    write(tmp_path, "home/.gitconfig", "".join(f"[{part}]\n\t{line}\n" for part, line in parts.items()))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return tmp_path / "home" / ".gitconfig"


@pytest.fixture
def folder(versions, tmp_path):
    """A learner's clone of the first version."""
    return shutil.copytree(versions / "clone", tmp_path / "course")


def files(folder):
    """Path to content of all that lies in the folder, beside what is git's."""
    paths = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


class Before:
    """All that a learner has in the folder, staged and committed."""

    def __init__(self, folder):
        clone = Clone(folder)
        staged = {*clone.contents_staged().values()} - FIRST_NAMES
        self.folder, self.files, self.head = folder, files(folder), clone.name("HEAD")
        self.staged = {clone.content(name).decode() for name in staged}

    def lost(self):
        """What is no more in the folder, nor staged, nor in a commit below this one."""
        clone = Clone(self.folder)
        assert clone.base(self.head, "HEAD") == self.head
        kept = {*clone.git("rev-list", "--objects", "HEAD").split(), *clone.contents_staged().values()}
        own = {*self.files.values(), *self.staged} - {*FIRST.values()} - {*files(self.folder).values()}
        return [text for text in own if content_name(text.encode()) not in kept]


def torn(after, before):
    """Files in which two versions stand, as git marks them, and in which they did not stand before."""
    torn_before = {text for text in before.values() if "<<<<<<<" in text}
    return [path for path, text in after.items() if "<<<<<<<" in text and text not in torn_before]


def told(done, path):
    """What an update says of a file."""
    return ", ".join(
        [re.search(r"mine(-\d+)?", copy.name.replace(Path(path).stem, ""))[0] for copy in done.kept.get(path, [])]
        + ["only run"] * (path in done.only_run)
        + ["back"] * (path in done.back)
        + ["stays"] * (path in done.gone)
    )


@pytest.mark.parametrize("way", ["main", "branch", "main, commits", "shallow, commits", "detached, commits"])
def test_nothing_is_lost(way, versions, settings, tmp_path):
    """One learner does all of it, each to another file, and then updates."""
    folder = shutil.copytree(versions / ("shallow" if "shallow" in way else "clone"), tmp_path / "course")
    if "detached" in way:
        git(folder, "checkout", "--quiet", "--detach")
    if "branch" in way:
        git(folder, "checkout", "--quiet", "--track", "-b", "mine")
    acts = work.UNCOMMITTED + work.COMMITTED * ("commits" in way)
    own_settings = settings.read_bytes(), (folder / ".git/config").read_bytes()
    wanted = {act.__name__: act(folder, path_of(act)) for act in acts}
    before = Before(folder)
    done = update.update(folder)
    assert {act.__name__: told(done, path_of(act)) for act in acts} == wanted
    assert sorted(done.new) == NEW and before.lost() == []

    # What is new is here as it was published, all else as the learner left it, and the copies are the learner's.
    after, copies = files(folder), {}
    for copy in [copy for kept in done.kept.values() for copy in kept]:
        name = copy.relative_to(folder).as_posix()
        copies[name] = after.pop(name)
    gone = {path for path in FIRST if path not in SECOND and path not in done.gone}
    new = {path: SECOND[path] for path in NEW if path in SECOND}
    assert after == {path: text for path, text in (before.files | new).items() if path not in gone}
    assert {*copies.values()} <= {*before.files.values(), *before.staged}
    assert torn(after, before.files) == []
    assert all(json.loads(text) for path, text in after.items() if path.endswith(".ipynb"))

    # Git stands at the new version, and is set as it was. A second update finds nothing to do.
    git(folder, "merge-base", "--is-ancestor", "FETCH_HEAD", "HEAD")
    assert (settings.read_bytes(), (folder / ".git/config").read_bytes()) == own_settings
    assert "up to date" in str(update.update(folder)) and files(folder) == after | copies


if find_spec("nbgitpuller"):

    def pull(folder, versions):
        """Let nbgitpuller bring the new version; returns whether it did."""
        command = [sys.executable, "-m", "nbgitpuller.pull", (versions / "published").as_uri(), "main", str(folder)]
        return subprocess.run(command, capture_output=True).returncode == 0

    REFUSED = [work.own_file_of_a_new_name, work.elsewhere_by_a_link]  # nothing is lost, and nothing is new
    LOST = [work.staged_and_deleted, work.staged_and_edited_again]  # in git's store alone, under no name

    def test_nbgitpuller_keeps_what_is_a_learners_in_the_notebook_itself(folder, versions):
        for act in work.UNCOMMITTED + work.COMMITTED:
            if act not in REFUSED + LOST:
                act(folder, path_of(act))
        before = Before(folder)
        assert pull(folder, versions) and before.lost() == []
        after, torn_before = files(folder), path_of(work.torn_by_an_earlier_pull)
        assert torn(after, before.files) == []
        assert all(json.loads(after[path]) for path in after if path.endswith(".ipynb") and path != torn_before)
        assert after[path_of(work.untouched)] == SECOND[path_of(work.untouched)]

    @pytest.mark.parametrize("act", REFUSED)
    def test_nbgitpuller_refuses(act, folder, versions):
        act(folder, path_of(act))
        before = Before(folder)
        assert not pull(folder, versions) and before.lost() == []


def test_what_is_told(folder, versions):
    for act in (work.only_run, work.edited_helper, work.deleted, work.edited_and_gone):
        act(folder, path_of(act))
    wanted = f"""\
The new version is here, from {(versions / "published").as_uri()}: files that changed: {len(NEW)}.
These you had changed or written. The new one takes the place, and yours stays beside it:
  helpers/heads.py: yours is heads.py.mine
  notebooks/only_run.ipynb: yours is only_run.mine.ipynb (you ran it, and changed no cell)
These were missing, and are back:
  notebooks/deleted.ipynb
These the new version has no more. They stay, as yours:
  notebooks/edited_and_gone.ipynb
All else that is yours is as it was.
Is a notebook open in JupyterLab? File, Reload Notebook from Disk shows the new one.
Does a kernel run? Kernel, Restart Kernel lets it work with the new helpers."""
    assert str(update.update(folder)) == wanted


def test_what_an_editor_is_writing_is_whole_beside_the_new_one(folder):
    with open(folder / EDITED, "w", encoding="utf-8") as open_file:
        open_file.write("the first half, ")
        open_file.flush()
        (kept,) = update.update(folder).kept[EDITED]
        open_file.write("the second half")
    assert kept.read_text(encoding="utf-8") == "the first half, the second half"
    assert (folder / EDITED).read_text(encoding="utf-8") == SECOND[EDITED]


def test_what_git_itself_changed_is_not_a_learners(folder):
    """Git on Windows writes other line ends."""
    git(folder, "config", "core.autocrlf", "true")
    (folder / EDITED).write_bytes(FIRST[EDITED].replace("\n", "\r\n").encode())
    assert update.update(folder).kept == {}
    assert (folder / EDITED).read_bytes() == SECOND[EDITED].replace("\n", "\r\n").encode()


def test_an_update_that_stops_half_way_goes_on(folder, monkeypatch):
    """It stops at each of its steps, and is begun again."""
    for act in (work.committed, work.staged_and_edited_again):
        act(folder, path_of(act))
    before, path = Before(folder), path_of(work.staged_and_edited_again)
    kept = f"  {path}: yours is staged_and_edited_again.mine.ipynb and staged_and_edited_again.mine-2.ipynb"

    def stops(*arguments):
        raise OSError("No space left on device")

    for where, step in [(update, "keep"), (Clone, "take"), (Clone, "join"), (Clone, "move")]:
        kind = OSError if where is update else update.HalfWay
        with monkeypatch.context() as patch, pytest.raises(kind, match="No space left on device") as stopped:
            patch.setattr(where, step, stops)
            update.update(folder)
        assert before.lost() == []
        assert step != "take" or str(stopped.value).splitlines()[1::3] == [
            "Nothing of yours is lost; update again to go on.",
            kept,
        ]
    update.update(folder)
    assert before.lost() == [] and (folder / path).read_text(encoding="utf-8") == SECOND[path]
    assert len([*(folder / "notebooks").glob("*.mine*")]) == 3


# -- where there is no update, a sentence says why, and all is as it was ----------------------------


@pytest.mark.parametrize("act", work.NO_UPDATE)
def test_no_update_and_why(act, folder):
    said = act(folder)
    before = files(folder)
    with pytest.raises(Trouble, match=said):
        update.update(folder)
    assert files(folder) == before


def test_a_course_with_another_beginning(folder, versions, tmp_path):
    git(tmp_path, "init", "--quiet", "other")
    write(tmp_path / "other", EDITED, "mine")
    work.commit(tmp_path / "other")
    git(tmp_path / "other", "remote", "add", "origin", (versions / "published").as_uri())
    with pytest.raises(Trouble, match=r"what is here does not descend from what .* has. Clone it to another folder"):
        update.update(tmp_path / "other")


def test_without_git(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Trouble, match="git is not here"):
        update.update(folder)


def test_the_command_tells_it_in_a_sentence(folder, monkeypatch, capsys):
    monkeypatch.setattr(update, "REPO", folder)
    update.main()
    assert capsys.readouterr().out.startswith("The new version is here, from file://")
    git(folder, "remote", "remove", "origin")
    with pytest.raises(SystemExit, match=r"^There was no update, and your files are as they were: this clone"):
        update.main()
