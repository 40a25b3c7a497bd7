"""`make update` brings the new version of the course, and loses nothing that a learner wrote."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

from helpers.inputs.beside import content_name
from tests import learners_work as work
from tests.learners_work import FIVE, HELPER, MINE, NEW, OLD, SECOND, commit, git, write
from tools import update
from tools.clone import Clone, Trouble

FIRST_NAMES = {content_name(text.encode()) for text in work.FIRST.values()}


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """The course as it is published, in its second version, and a clone of the first."""
    folder = tmp_path_factory.mktemp("versions")
    published = folder / "published"
    git(folder, "init", "--quiet", "--initial-branch=main", "published")
    for path, text in work.FIRST.items():
        write(published, path, text)
    commit(published, "first")
    git(folder, "clone", "--quiet", published.as_uri(), "clone")
    for path, text in SECOND.items():
        write(published, path, text)
    (published / OLD).unlink()
    commit(published, "second")
    return folder


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    """A learner's own settings of git: a file that must stay as it is. They do not say who the learner is."""
    file = tmp_path / "home" / ".gitconfig"
    write(
        tmp_path,
        "home/.gitconfig",
        "[user]\n\tuseConfigOnly = true\n[maintenance]\n\tauto = false\n[merge]\n\tconflictStyle = diff3\n",
    )
    monkeypatch.setenv("HOME", str(file.parent))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return file


@pytest.fixture
def folder(versions, tmp_path):
    """A learner's clone of the first version."""
    return shutil.copytree(versions / "clone", tmp_path / "course")


def files(folder):
    """Path to content of all that lies in the folder, and in which state git's own is."""
    paths = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def staged_contents(folder):
    clone = Clone(folder)
    return {clone.content(name).decode() for name in {*clone.contents_staged().values()} - FIRST_NAMES}


def lost(folder, before, was_staged, head):
    """Of all that a learner wrote, what is neither in the folder still nor in a commit below this one."""
    git(folder, "merge-base", "--is-ancestor", head, "HEAD")
    kept = {*git(folder, "rev-list", "--objects", "HEAD").split(), *Clone(folder).contents_staged().values()}
    own = {*before.values(), *was_staged} - {*work.FIRST.values()} - {*files(folder).values()}
    return [text for text in own if content_name(text.encode()) not in kept]


@pytest.mark.parametrize("act", work.CASES)
def test_nothing_is_lost(act, folder, settings):
    own_settings = settings.read_bytes(), (folder / ".git/config").read_bytes()
    wanted = {"kept": {}, "only_run": set(), "back": [], "gone": []} | act(folder)
    before, was_staged, head = files(folder), staged_contents(folder), git(folder, "rev-parse", "HEAD").strip()
    done = update.update(folder)
    kept = {path: [copy.relative_to(folder).as_posix() for copy in copies] for path, copies in done.kept.items()}
    assert {"kept": kept, "only_run": done.only_run, "back": done.back, "gone": done.gone} == wanted
    assert sorted(done.new) == sorted([HELPER, "notebooks/02_mean.ipynb", OLD, FIVE, NEW])

    # What is new is here as it was published, and what is not is as the learner left it.
    after = files(folder)
    gone = {OLD} - {*done.gone}
    copies = [copy for names in kept.values() for copy in names]
    expected = before | {path: SECOND[path] for path in done.new if path in SECOND}
    assert {path: text for path, text in after.items() if path not in copies} == {
        path: text for path, text in expected.items() if path not in gone
    }
    assert [path for path, names in kept.items() if after[names[0]] != before.get(path, after[names[0]])] == []
    assert lost(folder, before, was_staged, head) == []
    assert [path for path, text in after.items() if "<<<<<<<" in text and "<<<<<<<" not in before.get(FIVE)] == []
    assert all(json.loads(after[path]) for path in after if path.endswith(".ipynb") and path not in copies)

    # Git stands at the new version, and is set as it was.
    git(folder, "merge-base", "--is-ancestor", "FETCH_HEAD", "HEAD")
    assert (settings.read_bytes(), (folder / ".git/config").read_bytes()) == own_settings


@pytest.mark.parametrize("act", [work.edited, work.committed])
def test_a_second_update_finds_nothing_to_do(act, folder):
    act(folder)
    update.update(folder)
    before = files(folder)
    assert "up to date" in str(update.update(folder)) and files(folder) == before


if find_spec("nbgitpuller"):
    REFUSED = [work.own_file_of_a_new_name, work.elsewhere_by_a_link]  # nothing is lost, and nothing is new
    LOST = [work.staged_and_deleted, work.staged_and_edited_again]  # in git's store alone, under no name

    @pytest.mark.parametrize("act", [act for act in work.CASES if act not in LOST])
    def test_nbgitpuller_keeps_what_is_a_learners_in_the_notebook_itself(act, folder, versions):
        act(folder)
        before, was_staged, head = files(folder), staged_contents(folder), git(folder, "rev-parse", "HEAD").strip()
        command = [sys.executable, "-m", "nbgitpuller.pull", (versions / "published").as_uri(), "main", str(folder)]
        assert subprocess.run(command, capture_output=True).returncode == (act in REFUSED)
        assert lost(folder, before, was_staged, head) == []
        after = files(folder)
        torn = [path for path, text in after.items() if "<<<<<<<" in text and "<<<<<<<" not in before.get(path, "")]
        assert torn == []
        assert act in REFUSED or "a better mean" in after["notebooks/02_mean.ipynb"]


def test_what_is_told(folder, versions):
    work.only_run(folder)
    work.edited_helpers(folder)
    (folder / "notebooks/02_mean.ipynb").unlink()
    work.edited_what_the_new_version_deletes(folder)
    told = f"""\
The new version is here, from {(versions / "published").as_uri()}: files that changed: 5.
These you had changed, too. The new one takes its place, and yours stays beside it:
  helpers/heads.py: yours is heads.py.mine
  notebooks/05_head.ipynb: yours is 05_head.mine.ipynb (you ran it, and changed no cell)
These were missing, and are back:
  notebooks/02_mean.ipynb
These the new version has no more. They stay, as yours:
  notebooks/04_old.ipynb
All else that is yours is as it was.
Is a notebook open in JupyterLab? File, Reload Notebook from Disk shows the new one."""
    assert str(update.update(folder)) == told


def test_what_an_editor_is_writing_is_whole_beside_the_new_one(folder):
    work.edited(folder)
    with open(folder / FIVE, "a", encoding="utf-8") as open_file:
        open_file.write("the first half, ")
        open_file.flush()
        update.update(folder)
        open_file.write("the second half")
    assert (folder / MINE).read_text(encoding="utf-8").endswith("the first half, the second half")
    assert (folder / FIVE).read_text(encoding="utf-8") == SECOND[FIVE]


def test_what_git_itself_changed_is_not_a_learners(folder):
    """Git on Windows writes other line ends."""
    git(folder, "config", "core.autocrlf", "true")
    (folder / FIVE).write_bytes(work.FIRST[FIVE].replace("\n", "\r\n").encode())
    assert update.update(folder).kept == {}
    assert (folder / FIVE).read_bytes() == SECOND[FIVE].replace("\n", "\r\n").encode()


def test_a_shallow_clone(versions, tmp_path):
    published, folder = shutil.copytree(versions / "published", tmp_path / "published"), tmp_path / "course"
    newest = git(published, "rev-parse", "main").strip()
    git(published, "reset", "--quiet", "--hard", "main~1")
    git(tmp_path, "clone", "--quiet", "--depth=1", published.as_uri(), "course")
    git(published, "reset", "--quiet", "--hard", newest)
    work.committed(folder)
    own = (folder / FIVE).read_text(encoding="utf-8")
    assert [*update.update(folder).kept] == [FIVE] and (folder / MINE).read_text(encoding="utf-8") == own


@pytest.mark.parametrize("step", ["keep", "take", "join", "move"])
def test_an_update_that_stops_half_way_goes_on(step, folder, monkeypatch):
    work.committed_often_and_what_is_not_new(folder)
    work.staged_and_edited_again(folder)
    before, was_staged, head = files(folder), staged_contents(folder), git(folder, "rev-parse", "HEAD").strip()

    def stops(*arguments):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*(update, step) if step == "keep" else (Clone, step), stops)
        with pytest.raises((Trouble, OSError), match="No space left"):
            update.update(folder)
    assert lost(folder, before, was_staged, head) == []
    update.update(folder)
    assert lost(folder, before, was_staged, head) == []
    assert (folder / FIVE).read_text(encoding="utf-8") == SECOND[FIVE]
    assert len([*(folder / "notebooks").glob("*.mine*")]) == 2


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
    write(tmp_path / "other", FIVE, work.notebook("mine"))
    commit(tmp_path / "other")
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
    with pytest.raises(SystemExit, match=r"^No update: this clone does not know where new versions come from"):
        update.main()
