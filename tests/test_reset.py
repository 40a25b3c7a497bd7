"""`make reset` restores a notebook, and nothing that a learner wrote is lost."""

import subprocess

import pytest

from tools import reset


@pytest.fixture
def notebooks(tmp_path):
    """A course under git with two notebooks."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("01_one.ipynb", "02_two.ipynb", "02_twin.ipynb"):
        (folder / name).write_bytes(f"{name} as shipped\n".encode())
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "as shipped"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    return folder


def test_what_was_there_is_kept_beside_it(notebooks):
    path = reset.named("01", notebooks)
    for number, kept in [(1, "01_one.mine.ipynb"), (2, "01_one.mine-2.ipynb"), (3, "01_one.mine-3.ipynb")]:
        path.write_text(f"mine {number}")
        assert reset.reset(path) == notebooks / kept and (notebooks / kept).read_text() == f"mine {number}"
        assert path.read_text() == "01_one.ipynb as shipped\n"
    assert (notebooks / "01_one.mine.ipynb").read_text() == "mine 1"


def test_one_that_is_as_shipped_stays_and_one_that_is_gone_comes_back(notebooks):
    path = reset.named("01_on", notebooks)
    assert reset.reset(path) is None
    path.unlink()
    assert reset.reset(reset.named("01", notebooks)) == path and path.exists()
    assert len(list(notebooks.iterdir())) == 3


@pytest.mark.parametrize(
    ("which", "said"), [("", "names no notebook"), ("09", "names no notebook"), ("02", "02_twin.ipynb, 02_two.ipynb")]
)
def test_a_name_that_fits_none_or_several(notebooks, which, said):
    with pytest.raises(ValueError, match=said):
        reset.named(which, notebooks)


def test_without_git(notebooks, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="git is not here"):
        reset.reset(reset.named("01", notebooks))


def test_a_course_that_was_not_cloned(tmp_path):
    (tmp_path / "01_one.ipynb").write_text("x")
    with pytest.raises(ValueError, match=r"no 01_one.ipynb"):
        reset.reset(tmp_path / "01_one.ipynb")
    assert (tmp_path / "01_one.ipynb").read_text() == "x"
