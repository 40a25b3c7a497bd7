"""The newest releases that the course admits, for ``make canary`` to install and to run the tests with.

python -m tools.canary build/newest            writes there the requirements without their pins
python -m tools.canary --told                  tells which of them are newer here than the pinned ones
"""

import argparse
import tomllib
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement

REPO = Path(__file__).resolve().parent.parent
FILES = ("requirements.txt", "requirements-dev.txt")


def pinned(name):
    """What a file of requirements pins: package to version."""
    lines = (REPO / name).read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {one.name: next(iter(one.specifier)).version for one in wanted}


def admitted():
    """What pyproject.toml admits: package to requirement."""
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["lab"]]
    return {one.name: line for line in lines for one in [Requirement(line)]}


def unpinned(name):
    """The same packages as in a file, each with the bounds of pyproject.toml, or none."""
    return "".join(f"{admitted().get(one, one)}\n" for one in pinned(name))


def newer():
    """The packages that are another version here than the pinned one: name, pinned, here."""
    rows = [(name, old, version(name)) for file in FILES for name, old in pinned(file).items()]
    return [(name, old, new) for name, old, new in rows if old != new.split("+")[0]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="where to write the requirements without their pins")
    parser.add_argument("--told", action="store_true", help="tell what is newer here")
    chosen = parser.parse_args()
    if chosen.folder:
        chosen.folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            (chosen.folder / name).write_text(unpinned(name), encoding="utf-8", newline="\n")
    if chosen.told:
        for name, old, new in newer():
            print(f"{name}: pinned {old}, tried {new}")


if __name__ == "__main__":
    main()
