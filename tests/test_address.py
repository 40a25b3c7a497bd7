"""The repository's public address stands in one place, and one command writes it into all others."""

import shutil
import subprocess
import sys

import pytest

from tools import reset
from tools.address import PAGES, checked, rewritten
from tools.notebooks import REPO, course_notebooks, load, setup_cell, source_url

PUBLISHED = "https://github.com/someone/attention"
WRONG = [
    *["", "attention", "github.com/someone/attention", "https://github.com", "git@github.com:someone/attention"],
    *["https://someone:secret@github.com/someone/attention", "https://github.com/some one/attention"],
    *['https://github.com/someone/"', "https://github.com/someone/attention?tab=readme", "file:///tmp/attention"],
]
RUNS = """
import runpy, sys
for sys.argv in [["address", url] for url in sys.argv[1:]]:
    runpy.run_module("tools.address", run_name="__main__")
"""


def test_one_command_writes_every_place(tmp_path):
    """In a copy of the course with two of its notebooks; run again, it changes nothing."""
    own = [path for pattern in [*PAGES, "tools/*.*"] for path in REPO.glob(pattern) if path.is_file()]
    for path in [*own, *course_notebooks()[:2]]:
        copy = tmp_path / path.relative_to(REPO)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)

    def run(*urls):
        command = [sys.executable, "-c", RUNS, *urls]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    ran = run(f"{PUBLISHED}/", PUBLISHED, "nonsense")
    assert ran.stdout.splitlines() == [
        f"{PUBLISHED} stands in 5 files more.",
        f"{PUBLISHED} stands everywhere already.",
    ]
    assert ran.returncode == 1 and ran.stderr == (
        "'nonsense' is not the address of a repository; wanted one as in: "
        "make address URL=https://github.com/someone/attention\n"
    )
    assert f'Source = "{PUBLISHED}"' in (tmp_path / "pyproject.toml").read_text(encoding="utf-8")
    assert f"git clone {PUBLISHED}\ncd attention\n" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert source_url() not in (tmp_path / "deploy" / "README.md").read_text(encoding="utf-8")
    notebooks = sorted((tmp_path / "notebooks").iterdir())
    assert [load(path).cells[1]["source"] for path in notebooks] == [setup_cell(PUBLISHED)["source"]] * 2
    for here, there in zip(notebooks, course_notebooks()):
        cells, as_they_were = load(here).cells, load(there).cells
        assert [*cells[:1], *cells[2:]] == [*as_they_were[:1], *as_they_were[2:]]
    assert [*reset.shipped_names(tmp_path / "tools/shipped.txt")] == [path.name for path in notebooks]


def test_nobody_else_holds_the_address():
    command = ["git", "grep", "--no-index", "--exclude-standard", "--fixed-strings", "-l", source_url()]
    found = subprocess.run([*command, "--", ":!tests"], cwd=REPO, capture_output=True, text=True)
    places = {path.relative_to(REPO).as_posix() for pattern in PAGES for path in REPO.glob(pattern)}
    notebooks = {path.relative_to(REPO).as_posix() for path in course_notebooks()}
    assert {"README.md", "pyproject.toml"} <= {*found.stdout.splitlines()} - notebooks <= places


def test_a_link_that_holds_it_is_written_as_well():
    link = "https://hub.org/hub/user-redirect/git-pull?repo={}&branch=main"
    old, new = "https%3A%2F%2Fexample.com%2Fattention-course", "https%3A%2F%2Fgithub.com%2Fsomeone%2Fattention"
    assert rewritten(link.format(old), "https://example.com/attention-course", PUBLISHED) == link.format(new)


@pytest.mark.parametrize("url", WRONG)
def test_a_malformed_address_is_told(url):
    with pytest.raises(ValueError, match="is not the address of a repository; wanted one as in: make address URL="):
        checked(url)
