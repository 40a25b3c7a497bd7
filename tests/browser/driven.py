"""What a test drove in a front end, and how it went: a row of docs/front-ends.md, which is held against it.

WRITE_FRONT_ENDS=1 make test ARGS="tests/browser/test_front_ends.py -n 0"     writes the rows anew
"""

import os
import re
from importlib.metadata import version

from tests.browser.servers import REPO

TABLE = REPO / "docs" / "front-ends.md"
NAMES = {"jupyterlab": "JupyterLab", "notebook": "Notebook", "voila": "Voila", "marimo": "marimo"}  # by package


class Driven:
    """What is ``done`` in a front end, and what is ``seen``. package: the one that brings it."""

    def __init__(self, package):
        self.package, self.done, self.seen = package, [], []

    def hold(self):
        """The row of this front end says the same; its version may be another one, results may not."""
        name = NAMES[self.package]
        row = f"| {name} | {version(self.package)} | {'; '.join(self.done)} | {'; '.join(self.seen)} |"
        text = TABLE.read_text(encoding="utf-8")
        (known,) = re.findall(rf"^\| {name} \|.*$", text, re.MULTILINE)
        if os.environ.get("WRITE_FRONT_ENDS"):
            TABLE.write_text(text.replace(known, row), encoding="utf-8", newline="\n")
        else:
            assert without_version(known) == without_version(row)


def without_version(row):
    name, _, *others = row.split(" | ")
    return [name, *others]
