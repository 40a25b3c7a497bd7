"""Makes the instructor's copies of the notebooks: every exercise filled in with its solution, in notebooks/solutions/.

    python -m tools.solutions

The solution stands in the folded text above each exercise; the outputs are the shipped ones, but for the exercises',
which are run here.
The tests run the exercises of these copies alone: all other cells are tagged "nbval-skip", since they are the shipped
ones, which are run.
"""

import contextlib
import copy
import io
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

from helpers.check.progress import FILE
from tools.notebooks import NOTEBOOKS, course_notebooks, load, normal_form

FOLDER = NOTEBOOKS / "solutions"
CODE = re.compile(r"```python\n(.*?)\n```", re.DOTALL)


def solutions(notebook):
    """The exercises of a notebook: place of the cell to the code that solves it, taken from the text above it."""
    found = {}
    for place, cell in enumerate(notebook.cells):
        if "exercise" in cell.metadata.get("tags", []):
            folded = notebook.cells[place - 1].source.rpartition("<details>")[2]
            code, call = CODE.search(folded), cell.source.rstrip().splitlines()[-1]
            if code is None or not call.startswith("check."):
                raise ValueError(
                    f"the exercise {cell.id!r} has no solution in the text above it, or does not end with its check"
                )
            found[place] = f"{code[1]}\n\n{call}"
    return found


def solved(notebook):
    """A copy of a notebook with its exercises solved; their outputs are what the checks say here."""
    made, names = copy.deepcopy(notebook), {}
    answers = solutions(notebook)
    for place, cell in enumerate(made.cells):
        if cell.get("id") == "imports":
            exec(cell.source, names)
        if place in answers:
            cell.source, printed = answers[place], io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(cell.source, names)
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed.getvalue())]
        elif cell.cell_type == "code" and cell.get("id") != "imports":
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "nbval-skip"]
    return made


def main():
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        os.environ[FILE] = str(Path(folder) / "progress.json")  # an instructor's own progress stays as it is
        for path in course_notebooks():
            notebook = load(path)
            if solutions(notebook):
                (FOLDER / path.name).write_text(normal_form(solved(notebook)), encoding="utf-8", newline="\n")
                print(FOLDER / path.name)


if __name__ == "__main__":
    main()
