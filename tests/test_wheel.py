"""The wheel carries the notebooks, and its command copies them into a learner's folder, over nothing of a learner's."""

import os
import shutil
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import pytest

from helpers.course import own_folder
from tools.notebooks import REPO, course_notebooks

NAMES = [path.name for path in course_notebooks()]
FIVE = "05_queries_keys_values"
LEFT_LYING = [
    *[f"{FIVE}.mine.ipynb", f"{FIVE}.mine-2.ipynb", f"solutions/{FIVE}.ipynb", "Untitled.ipynb", "no-progress.json"],
    *[f".ipynb_checkpoints/{FIVE}-checkpoint.ipynb", "progress.json", "my own.ipynb"],
]


COMMAND_AND_CELLS = f"""
import json, os, runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as end:
    assert not end.code
os.chdir(sys.argv[1])
cells = json.load(open("{FIVE}.ipynb", encoding="utf-8"))["cells"]
for code in [cell["source"] for cell in cells if cell["cell_type"] == "code"][:2]:
    exec("".join(code))
import helpers
from helpers.inputs import words
print(helpers.__file__, *words(3))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built in a folder in which somebody has worked."""
    folder = tmp_path_factory.mktemp("course")
    for part in ("helpers", "data", "notebooks"):
        shutil.copytree(REPO / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.mine*"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPO / file, folder)
    for name in LEFT_LYING:
        (folder / "notebooks" / name).parent.mkdir(exist_ok=True)
        (folder / "notebooks" / name).write_text("mine", encoding="utf-8")
    build = "import setuptools.build_meta; setuptools.build_meta.build_wheel('.')"
    subprocess.run([sys.executable, "-c", build], cwd=folder, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel):
    """A folder that pip has put the wheel into."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile"]
    subprocess.run([*pip, "--target", wheel.parent / "installed", wheel], check=True, capture_output=True)
    return wheel.parent / "installed"


def test_the_wheel_carries_the_notebooks_and_nothing_of_a_learners(wheel):
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    assert [name for name in names if name.endswith(".ipynb")] == [f"helpers/notebooks/{name}" for name in NAMES]
    assert [name for name in names if "mine" in name or "progress.json" in name or "tests/" in name] == []
    shared = "attention_course-1.0.0.data/data/share/jupyter/labextensions/attention-course/"
    assert f"{shared}package.json" in names and f"{shared}static/live/live.css" in names


def test_the_installed_command_and_a_notebook_that_it_copied(installed, tmp_path):
    """In another folder, in one process: the command, then the first cells of a notebook, which find the helpers."""
    folder = tmp_path / "my course"
    run = [sys.executable, "-c", COMMAND_AND_CELLS, installed / "bin" / "attention-course", folder, "--only-copy"]
    away = {**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(run, cwd=tmp_path, env=away, capture_output=True, text=True)
    assert ran.stdout.splitlines() == [
        f"The notebooks are in {folder}; {len(NAMES)} of them are new.",
        f"{installed / 'helpers' / '__init__.py'} the cat sat",
    ], ran.stderr
    assert sorted(path.name for path in folder.iterdir()) == [own_folder.RECORD, *NAMES]
    assert all((folder / path.name).read_bytes() == path.read_bytes() for path in course_notebooks())


# -- again, after an update ---------------------------------------------------------------------------


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Three notebooks that an installed course has: a function that writes them, in another version."""
    source = tmp_path / "installed"
    source.mkdir()

    def version(number):
        for name in ("00_start.ipynb", "01_one.ipynb", "02_two.ipynb"):
            (source / name).write_text(f"{name} {number}", encoding="utf-8")
        return {path.name: path for path in sorted(source.iterdir())}

    found = version(1)
    monkeypatch.setattr(own_folder, "notebooks", lambda: found)
    return version


def texts(folder):
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.suffix == ".ipynb"}


def test_again_it_copies_what_is_missing_and_leaves_the_rest(shipped, tmp_path):
    folder = tmp_path / "mine"
    own_folder.copy_notebooks(folder)
    (folder / "00_start.ipynb").write_text("mine", encoding="utf-8")
    (folder / "01_one.ipynb").rename(folder / "my one.ipynb")
    new, kept = own_folder.copy_notebooks(folder)
    assert (new, kept) == (["01_one.ipynb"], {})
    assert texts(folder) == {
        "00_start.ipynb": "mine",
        "01_one.ipynb": "01_one.ipynb 1",
        "02_two.ipynb": "02_two.ipynb 1",
        "my one.ipynb": "01_one.ipynb 1",
    }


def test_a_new_version_takes_its_place_and_what_was_changed_stays_beside_it(shipped, tmp_path, capsys):
    folder = tmp_path / "mine"
    own_folder.main([str(folder), "--only-copy"])
    (folder / "00_start.ipynb").write_text("mine", encoding="utf-8")
    shipped(2)
    capsys.readouterr()
    own_folder.main([str(folder), "--only-copy"])
    assert capsys.readouterr().out == (
        f"The notebooks are in {folder}; 3 of them are new.\n"
        "These you had changed or written. The new one takes the place, and yours stays beside it:\n"
        "  00_start.ipynb: yours is 00_start.mine.ipynb\n"
    )
    assert texts(folder) == {
        "00_start.ipynb": "00_start.ipynb 2",
        "00_start.mine.ipynb": "mine",
        "01_one.ipynb": "01_one.ipynb 2",
        "02_two.ipynb": "02_two.ipynb 2",
    }


@pytest.mark.parametrize("record", [None, "nonsense\n"])
def test_where_nobody_knows_what_was_copied_what_differs_is_a_learners(record, shipped, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "01_one.ipynb").write_text("mine", encoding="utf-8")
    if record:
        (folder / own_folder.RECORD).write_text(record, encoding="utf-8")
    _, kept = own_folder.copy_notebooks(folder)
    assert kept == {"01_one.ipynb": [folder / "01_one.mine.ipynb"]}
    assert texts(folder)["01_one.mine.ipynb"] == "mine"


def test_a_place_that_takes_no_folder_is_told(shipped, tmp_path):
    (tmp_path / "mine").write_text("a file")
    with pytest.raises(SystemExit, match=r"The notebooks could not be copied into .*mine: "):
        own_folder.main([str(tmp_path / "mine")])


def test_it_opens_jupyterlab_with_what_is_meant_for_it(shipped, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", SimpleNamespace(main=asked.extend))
    own_folder.main([str(tmp_path / "mine"), "--no-browser", "--port=8890"])
    root, *options, first = asked
    assert root == f"--ServerApp.root_dir={tmp_path / 'mine'}" and first == str(tmp_path / "mine" / own_folder.FIRST)
    assert options[-2:] == ["--no-browser", "--port=8890"]


def test_where_jupyterlab_is_missing_a_sentence_says_so(shipped, tmp_path, monkeypatch):
    monkeypatch.setattr(own_folder, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"^JupyterLab, which would open them, is not here: pip install jupyterlab"):
        own_folder.main([str(tmp_path / "mine")])
    assert len(texts(tmp_path / "mine")) == 3
