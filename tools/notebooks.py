"""Runs notebooks and writes them in one normal form: two runs give the same bytes.

python tools/notebooks.py                       run every notebook of the course and write it
python tools/notebooks.py notebooks/03_*.ipynb  run these
python tools/notebooks.py --check               run them, write nothing, name those that would change
"""

import argparse
import hashlib
import os
import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from helpers.check.progress import FILE

REPO = Path(__file__).resolve().parent.parent
NOTEBOOKS = REPO / "notebooks"
SECONDS_A_CELL = 300

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}
CELL_METADATA = {"tags", "jupyter"}  # all else is what an editor or a kernel left behind
OF_WIDGETS = {
    "application/vnd.jupyter.widget-view+json",  # points to a model in a kernel that is gone
    "application/vnd.attention-course.kept",  # helpers/live/reopened/ keeps it for a learner
}
CELL_FILE = re.compile(r"\S*ipykernel_\d+[/\\]\d+\.py")  # where warnings say they come from: another path each run

SETUP = """\
# On Colab, or where this notebook came alone, this {gets} the course's helpers. Elsewhere it does nothing.
from importlib.util import find_spec
from pathlib import Path

found = find_spec("helpers")
if found is None or found.origin is None:
    {how}
elif not (Path(found.origin).parent / "trace").is_dir():
    raise ImportError(f"Another package called helpers comes before that of the course: {{found.origin}}. "
                      "Rename it, or pip uninstall helpers; then restart the kernel.")"""
WITHOUT_ADDRESS = """\
raise ImportError("This notebook came without the course's helpers, and the course has no public address yet. "
                      "Put the wheel of the course beside the notebook and run %pip install attention_course-*.whl, "
                      "or open the notebook in the folder of the course, as make lab does.")"""


def course_notebooks():
    """The notebooks of the course, in its order; neither solved copies nor those that a reset kept."""
    return sorted(path for path in NOTEBOOKS.glob("*.ipynb") if ".mine" not in path.name)


def source_url():
    """The repository's public address, which stands in pyproject.toml alone."""
    return tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Source"]


def is_placeholder(source):
    """Is this no address yet? Nobody can own example.com, which stands there until the course is published."""
    return urlsplit(source).hostname == "example.com"


def load(path):
    """A notebook from a file, as it stands there. Raises ValueError where the file is not a notebook."""
    return nbformat.reader.reads(path.read_text(encoding="utf-8"))


def normal_form(notebook, source=None):
    """The text of a notebook without what differs from run to run, and with the setup cell in its place.

    source: the repository's address in that cell; the one of pyproject.toml, if left out.

    >>> from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
    >>> cells = [new_markdown_cell("# Averaging"), new_code_cell("1 + 1", metadata={"scrolled": True})]
    >>> text = normal_form(new_notebook(cells=cells))
    >>> "scrolled" in text, "the course's helpers" in text
    (False, True)
    """
    cells = [dict(cell) for cell in notebook.cells if "setup" not in cell.metadata.get("tags", [])]
    if not cells or cells[0]["cell_type"] != "markdown":
        raise ValueError("the first cell is not markdown; a notebook begins with its title")
    cells.insert(1, setup_cell(source or source_url()))

    ids, count = set(), 0
    for cell in cells:
        cell["id"] = unique_id(cell, ids)
        cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key in CELL_METADATA}
        if cell["cell_type"] == "code":
            is_run = bool(cell["source"].strip())
            count += is_run
            cell["execution_count"] = count if is_run else None
            cell["outputs"] = normal_outputs(cell["outputs"], cell["execution_count"])
    normal = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": METADATA, "cells": cells})
    return nbformat.writes(normal) + "\n"  # sorts keys, indents by 1, keeps letters as they are


def setup_cell(source):
    """The cell that fetches the helpers from the repository where they are missing, or asks for them while it has no
    address; JupyterLab shows it folded.
    """
    gets, how = (
        ("asks for", WITHOUT_ADDRESS) if is_placeholder(source) else ("fetches", f"%pip install -q git+{source}")
    )
    metadata = {"tags": ["setup"], "jupyter": {"source_hidden": True}}
    return dict(nbformat.v4.new_code_cell(SETUP.format(gets=gets, how=how), id="setup", metadata=metadata))


def unique_id(cell, ids):
    """The cell's own id, or one made from its text: a random one would differ from run to run."""
    own = cell.get("id") or hashlib.sha256(cell["source"].encode()).hexdigest()[:8]
    while own in ids:
        own += "-again"
    ids.add(own)
    return own


def normal_outputs(outputs, count):
    """Outputs without widget views and this machine's paths; prints that came in pieces are joined."""
    normal = []
    for output in map(dict, outputs):
        kind = output["output_type"]
        if kind == "stream":
            output["text"] = CELL_FILE.sub("cell.py", output["text"]).replace(f"{REPO}/", "")
            if normal and normal[-1].get("name") == output["name"]:
                normal[-1]["text"] += output["text"]
                continue
        elif kind == "error":
            output["traceback"] = [line.replace(f"{REPO}/", "") for line in output["traceback"]]
        else:
            output["data"] = {mime: data for mime, data in output["data"].items() if mime not in OF_WIDGETS}
            if kind == "execute_result":
                output["execution_count"] = count
        normal.append(output)
    return normal


def run(path):
    """Execute a notebook in a fresh kernel, in its own folder, and return its normal form.

    Raises ValueError as ``executed`` does.
    """
    return normal_form(executed(path))


def executed(path, first=""):
    """A notebook after a run in a fresh kernel, in its own folder. first: code that the kernel runs before it.

    Raises ValueError with the cell and the error where a cell fails, unless it is tagged "raises-exception".
    """
    notebook = nbformat.reads(normal_form(load(path)), as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=SECONDS_A_CELL,
        record_timing=False,
        extra_arguments=["--log-level=ERROR", *[f"--IPKernelApp.exec_lines={first}"] * bool(first)],
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )
    os.environ[FILE] = "no-progress.json"  # the notebooks are shipped as nobody has solved them yet
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            try:
                client.execute_cell(cell, index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                raise ValueError(f"cell [{cell.execution_count}]: {reason(error)}") from error
    return notebook


def reason(error):
    """Why a cell failed, in a line."""
    if isinstance(error, CellExecutionError):
        return f"{error.ename}: {error.evalue}"
    if isinstance(error, CellTimeoutError):
        return f"took longer than {SECONDS_A_CELL} seconds"
    return "the kernel died, perhaps for lack of memory"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="notebooks; all of the course if left out")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a notebook would change")
    chosen = parser.parse_args()

    changed = []
    for path in chosen.files or course_notebooks():
        print(path, flush=True)
        try:
            text = run(path)
            if text != path.read_text(encoding="utf-8"):
                changed.append(str(path))
        except (ValueError, OSError) as error:
            sys.exit(f"{path}, {error}")
        if not chosen.check:
            path.write_text(text, encoding="utf-8", newline="\n")
    if chosen.check and changed:
        sys.exit(f"A fresh run changes {', '.join(changed)}; `make notebooks` writes it.")


if __name__ == "__main__":
    main()
