"""Puts what JupyterLab and Notebook load of the course where they look for it.

python -m tools.extension        into this environment; pip does so as well, but not for an editable installation

It keeps what each widget showed last in a notebook that is saved, and shows it when the notebook is opened again.
"""

import shutil
import sys
import tomllib
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent


def install(prefix):
    """Copy it into the environment at this prefix: which files, and where to, stands in pyproject.toml."""
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    for folder, patterns in project["tool"]["setuptools"]["data-files"].items():
        into = Path(prefix) / folder
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        for file in [file for pattern in patterns for file in REPO.glob(pattern)]:
            shutil.copyfile(file, into / file.name)


if __name__ == "__main__":
    install(sys.prefix)
