"""The house is in order: versions are pinned, and every notebook is ready to be read, run and published."""

import json
import re
import subprocess
import sys
import tomllib
from itertools import pairwise, takewhile
from pathlib import Path
from statistics import median
from urllib.parse import unquote

import nbformat
import pytest
from packaging.requirements import Requirement

from tools import canary, fastest_python
from tools.notebooks import OF_WIDGETS, course_notebooks, load, normal_form, setup_cell, source_url

REPO = Path(__file__).resolve().parent.parent
NOTEBOOKS = course_notebooks()
LARGEST_NOTEBOOK = 2_000_000  # bytes; above it GitHub shows a notebook slowly or not at all
MOST_CELLS = 90  # more is no sitting
MEDIAN_LINES = 4  # of a code cell: one step each
PREDICT = re.compile(r"^\*\*Predict\.\*\*", re.MULTILINE)

posix = pytest.mark.skipif(sys.platform == "win32", reason="there is no other Python to ask")
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def requirements(name):
    lines = (REPO / name).read_text(encoding="utf-8").splitlines()
    return {wanted.name: wanted for line in lines if line and line[0] not in "#-" for wanted in [Requirement(line)]}


def cells(path, kind):
    return [cell for cell in load(path).cells if cell.cell_type == kind]


def bundles(path):
    """The data of every output: a dict of MIME types each."""
    return [output.data for cell in cells(path, "code") for output in cell.outputs if "data" in output]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "deploy/requirements.txt"])
def test_every_requirement_is_pinned(name):
    assert requirements(name)
    assert [
        str(wanted) for wanted in requirements(name).values() if not re.fullmatch(r"==[\w.]+", str(wanted.specifier))
    ] == []


def test_the_package_accepts_the_versions_that_are_tested():
    pinned = {
        name: str(wanted.specifier).removeprefix("==") for name, wanted in requirements("requirements.txt").items()
    }
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [Requirement(line) for line in [*project["dependencies"], *project["optional-dependencies"]["lab"]]]
    assert [str(one) for one in needed if one.name not in pinned or not one.specifier.contains(pinned[one.name])] == []


@pytest.mark.parametrize("name", canary.FILES)
def test_the_canary_tries_the_same_packages_without_their_pins(name):
    tried = {wanted.name: str(wanted.specifier) for wanted in map(Requirement, canary.unpinned(name).splitlines())}
    assert {*tried} == {*requirements(name)} and not any("==" in bounds for bounds in tried.values())
    bounds = {one: Requirement(line).specifier for one, line in canary.admitted().items() if one in tried}
    assert {one: tried[one] for one in bounds} == {one: str(of) for one, of in bounds.items()}


@posix
@pytest.mark.parametrize(
    ("says", "is_taken"),
    [("3 11 0.01", True), ("3 11 0.1", False), ("3 12 0.01", False), ("", False)],
    ids=["faster", "as fast", "another version", "it makes no environment"],
)
def test_a_system_with_the_same_python_in_a_faster_build_lends_it(tmp_path, says, is_taken):
    ours, system = tmp_path / "ours", tmp_path / "system"
    for path, line in ((ours, "3 11 0.11"), (system, says)):
        path.write_text(f"#!/bin/sh\n[ '{line}' ] && echo '{line}'\n")
        path.chmod(0o755)
    assert fastest_python.faster(str(ours), str(system)) == (str(system) if is_taken else None)


@posix
def test_what_is_measured_runs_here():
    (version, seconds) = fastest_python.measured(sys.executable)
    assert version == [str(part) for part in sys.version_info[:2]] and 0 < seconds < 1


def test_jupyterlab_neither_asks_for_news_nor_looks_for_updates():
    overrides = Path(sys.prefix) / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    settings = json.loads(overrides.read_text(encoding="utf-8"))
    assert settings == json.loads((REPO / "tools" / "jupyterlab.json").read_text(encoding="utf-8"))
    assert settings["@jupyterlab/apputils-extension:notification"] == {"fetchNews": "false", "checkForUpdates": False}


def test_jupyterlab_finds_what_it_loads_of_the_course():
    folder = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / "attention-course"
    (load,) = [json.loads((folder / "package.json").read_text(encoding="utf-8"))["jupyterlab"]["_build"]["load"]]
    assert (folder / load).is_file() and (folder / "static" / "live" / "live.css").is_file()


def test_what_widgets_leave_in_a_notebook_is_not_committed():
    data = dict.fromkeys(OF_WIDGETS, "gone") | {"text/html": "<b>the still</b>", "text/plain": "head"}
    output = nbformat.v4.new_output("display_data", data=data)
    cells = [nbformat.v4.new_markdown_cell("# Heads"), nbformat.v4.new_code_cell("1", outputs=[output])]
    *_, last = nbformat.reads(normal_form(nbformat.v4.new_notebook(cells=cells)), as_version=4).cells
    assert last.outputs[0].data == {"text/html": "<b>the still</b>", "text/plain": "head"}
    reopened = (REPO / "helpers" / "live" / "reopened" / "reopened.js").read_text(encoding="utf-8")
    assert {*re.findall(r'"(application/vnd[^"]*)"', reopened)} == OF_WIDGETS


def test_there_are_notebooks():
    assert NOTEBOOKS, "notebooks/ is empty"


@every_notebook
def test_notebook_is_in_normal_form(path):
    """So no widget state, no run times, and the setup cell in sync."""
    assert path.read_text(encoding="utf-8") == normal_form(load(path)), (
        f"`make notebooks ARGS={path.relative_to(REPO)}` mends it"
    )


@every_notebook
def test_notebook_begins_with_its_title_and_the_setup_cell(path):
    first, second = load(path).cells[:2]
    assert first.cell_type == "markdown" and first.source.startswith("# ")
    assert second == setup_cell(source_url()) | {"execution_count": 1}


FETCHED = "fetched"
ELSEWHERE = {
    "nothing": ({}, FETCHED),
    "a folder": ({"helpers/notes.txt": ""}, FETCHED),
    "a package": ({"helpers/__init__.py": "1 / 0"}, "helpers/__init__.py"),
    "a file": ({"helpers.py": ""}, "helpers.py"),
    "the course": ({"helpers/__init__.py": "", "helpers/trace/__init__.py": ""}, ""),
}
PUBLISHED = "https://github.com/someone/attention"


def run_setup_cell(folder, files, source, fetch=""):
    """Run the cell in a folder with these files, and with no package beside Python's own. fetch: a line of it that is
    told, and not run.
    """
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(content, encoding="utf-8")
    code = setup_cell(source)["source"]
    assert fetch in code
    first = "import sys; sys.path[:] = ['.', *(place for place in sys.path if 'site-packages' not in place)]\n"
    code = first + (code.replace(fetch, f"print({FETCHED!r})") if fetch else code)
    return subprocess.run([sys.executable, "-I", "-S", "-c", code], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_the_setup_cell_knows_the_helpers_of_the_course(elsewhere, tmp_path):
    """Another package of that name is told with its path, and not run."""
    files, wanted = ELSEWHERE[elsewhere]
    ran = run_setup_cell(tmp_path, files, PUBLISHED, f"%pip install -q git+{PUBLISHED}")
    if wanted in ("", FETCHED):
        assert ran.returncode == 0 and ran.stdout.strip() == wanted, ran.stderr
    else:
        said = ran.stderr.splitlines()[-1]
        assert said.startswith("ImportError: Another package called helpers comes before that of the course: ")
        assert str(tmp_path / wanted) in said and "ZeroDivisionError" not in ran.stderr


def test_while_there_is_no_address_the_setup_cell_says_what_to_do(tmp_path):
    ran = run_setup_cell(tmp_path, ELSEWHERE["a folder"][0], "https://example.com/attention-course")
    assert ran.stderr.splitlines()[-1] == (
        "ImportError: This notebook came without the course's helpers, and the course has no public address yet. "
        "Put the wheel of the course beside the notebook and run %pip install attention_course-*.whl, "
        "or open the notebook in the folder of the course, as make lab does."
    )
    ran = run_setup_cell(tmp_path, ELSEWHERE["the course"][0], "https://example.com/attention-course")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@every_notebook
def test_notebook_is_run_and_small(path):
    assert all(cell.source.strip() for cell in cells(path, "code")), "an empty code cell"
    assert any(cell.outputs for cell in cells(path, "code")), "no outputs: run `make notebooks`"
    assert path.stat().st_size < LARGEST_NOTEBOOK


@every_notebook
def test_headings_descend_from_one_title_without_a_gap(path):
    text = "\n".join(
        re.sub(r"^```.*?^```", "", cell.source, flags=re.MULTILINE | re.DOTALL) for cell in cells(path, "markdown")
    )
    levels = [len(marks) for marks in re.findall(r"^(#{1,6}) ", text, re.MULTILINE)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == []


@every_notebook
def test_notebook_is_one_sitting_of_short_cells(path):
    lines = [len(cell.source.splitlines()) for cell in cells(path, "code") if cell.id != "setup"]
    assert len(load(path).cells) <= MOST_CELLS
    assert median(lines) <= MEDIAN_LINES


def answers(predict, following):
    """Is a prediction answered: folded beside it, or in words after the code that shows it, before anything else?

    predict: the text from the prediction to the end of its cell; following: the cells after that one.
    """
    if "<details>" in predict:
        return True
    above = [*takewhile(lambda cell: cell.cell_type == "markdown", following)]
    shown = [*takewhile(lambda cell: cell.cell_type == "code", following[len(above) :])]
    after = following[len(above) + len(shown) :]
    new = [cell for cell in [*above, *after[:1]] if re.match(r"#|\*\*Predict\.\*\*", cell.source)]
    return bool(shown and after) and not new and not any(PREDICT.search(cell.source) for cell in above)


def unanswered(notebook):
    """The ids of the cells with a prediction that has no answer."""
    found = []
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            _, *predictions = PREDICT.split(cell.source)
            ends = [i + 1 == len(predictions) for i in range(len(predictions))]  # only the last may be answered later
            found += [
                cell.id
                for text, is_last in zip(predictions, ends)
                if not answers(text, notebook.cells[place + 1 :] if is_last else [])
            ]
    return found


@every_notebook
def test_every_prediction_is_answered(path):
    assert unanswered(load(path)) == []


def test_a_prediction_without_an_answer_is_found():
    def made(*sources):
        made = {True: nbformat.v4.new_code_cell, False: nbformat.v4.new_markdown_cell}
        cells = [made[source == "1"](source, id=f"c{place}") for place, source in enumerate(sources)]
        return unanswered(nbformat.v4.new_notebook(cells=cells))

    ask, folded = "A question.\n\n**Predict.** What?", "\n\n<details><summary>Answer</summary>\n\nThis.\n\n</details>"
    assert made(ask, "1", "1", "**Notice.** This.\n\n**Predict.** And now?", "1", "This.") == []
    assert made(ask + folded, "1", "## Next") == made(ask, "More of it.", "1", "This.") == []
    assert made(ask, "1") == made(ask, "This.") == made(ask, "1", "## Next") == ["c0"]
    assert made(ask, "## Next", "1", "This.") == ["c0"]
    assert made(ask, "1", ask, "1", "This.") == []  # what stands before the next question is the answer
    assert made(ask, "1", "**Predict.** And?", "1", "This.") == made(ask + "\n\n" + ask, "1", "This.") == ["c0"]
    assert made("Where it says **Predict.**, stop.") == []


def anchors(path):
    """What the headings of a notebook are linked by, in JupyterLab and on GitHub alike."""
    text = "\n".join(cell.source for cell in cells(path, "markdown"))
    return {heading.replace(" ", "-") for heading in re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)}


@every_notebook
def test_links_between_notebooks_lead_somewhere(path):
    prose = "\n".join(cell.source for cell in cells(path, "markdown"))
    lost = []
    for link in re.findall(r"\]\(([^)#\s]*\.ipynb)?(#[^)\s]+)?\)", prose):
        name, anchor = link[0] or path.name, unquote(link[1][1:])
        there = path.parent / name
        if not there.is_file() or (anchor and anchor not in anchors(there)):
            lost.append("".join(link))
    assert lost == []


@every_notebook
def test_notebook_fetches_nothing(path):
    """Links to read are for the prose; what runs, or loads by itself, comes from this machine."""
    code = [cell.source for cell in cells(path, "code") if "setup" not in cell.metadata.get("tags", [])]
    assert [line for source in code for line in source.splitlines() if re.search(r"https?://", line)] == []
    shown = [cell.source for cell in cells(path, "markdown")] + [data.get("text/html", "") for data in bundles(path)]
    loads = (
        r"""(?:src|srcset|@import|url\()\s*=?\s*["'(]?\s*(?:https?:)?//|!\[[^\]]*\]\(\s*https?:|<script|<link|<iframe"""
    )
    assert [match for text in shown for match in re.findall(loads, text)] == []


@every_notebook
def test_every_picture_has_a_text_beside_it(path):
    for data in bundles(path):
        pictures = re.findall(r"<img\b[^>]*>", data.get("text/html", ""))
        assert [picture[:80] for picture in pictures if not re.search(r"""\balt=(["'])(?!\s*\1)""", picture)] == []
        assert not [mime for mime in data if mime.startswith("image/")] or "text/html" in data, (
            "an image that has no alt text"
        )
    prose = "\n".join(cell.source for cell in cells(path, "markdown"))
    assert re.findall(r"!\[\s*\]\([^)]*\)", prose) == []


def test_readme_clones_from_the_address_of_the_package():
    addresses = re.findall(r"git clone (\S+)", (REPO / "README.md").read_text(encoding="utf-8"))
    assert addresses and set(addresses) == {source_url()}
