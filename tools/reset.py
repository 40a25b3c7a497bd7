"""Restores a notebook to the one that was shipped, and keeps the one that is there beside it.

python tools/reset.py 5      notebooks/05_queries_keys_values.ipynb, as it was shipped; yours becomes
                             05_queries_keys_values.mine.ipynb; its second half is 5b
python tools/reset.py --ship says that the notebooks, as they are now, are those that are shipped

Which bytes were shipped stands in tools/shipped.txt, a line for each notebook with the name that git gives to its
content. So it does not matter what was committed since: whatever git, or a copy in the folder, still holds under that
name is the shipped one.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path, PureWindowsPath

from helpers.inputs.beside import content_name, in_shipped_form, keep, read_record, write_record
from helpers.inputs.whole_file import replace

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SHIPPED = Path(__file__).resolve().parent / "shipped.txt"
WANTED = "wanted one, as in: make reset NOTEBOOK=05"


def shipped_names(record=SHIPPED):
    """The notebooks that were shipped: file name to the name of the content. Raises ValueError, in a sentence."""
    try:
        return read_record(record)
    except (OSError, ValueError):
        raise ValueError(
            f"{record.name}, which says what was shipped, cannot be read: download the course again."
        ) from None


def ship(notebooks=NOTEBOOKS, record=SHIPPED):
    """Write down that the notebooks, as they are now, are the shipped ones."""
    shown = [path for path in notebooks.glob("*.ipynb") if ".mine" not in path.name]
    write_record(record, {path.name: content_name(in_shipped_form(path)) for path in shown})


def named(which, names):
    """The name of a notebook. which: its number, 5 or 05 or 05b, the beginning of its name, or its path.

    Raises ValueError where none, or more than one, fits.
    """
    start = PureWindowsPath(which.strip()).name.removesuffix(".ipynb")  # splits at / as well
    number = re.match(r"[0-9]+", start)
    start = start if number is None else f"{int(number[0]):02}{start[number.end() :]}"
    found = [name for name in names if start and name.startswith(start)]
    for whole in (f"{start}_", f"{start}.ipynb"):  # 05 is not 05b, and a whole name not a longer one
        found = [name for name in found if name.startswith(whole)] or found
    if len(found) != 1:
        raise ValueError(f"{which!r} names {', '.join(found) or 'no notebook'}; {WANTED}.")
    return found[0]


def shipped(path, content):
    """The shipped bytes of a notebook: from git, or from a copy that lies in its folder. Raises ValueError.

    content: their name.
    """
    try:
        found = subprocess.run(["git", "cat-file", "blob", content], cwd=path.parent, capture_output=True, check=False)
        if not found.returncode and content_name(found.stdout) == content:
            return found.stdout
        trouble = "git does not have it"
    except OSError:
        trouble = "git, which could have it, is not here"
    for copy in [path, *path.parent.rglob(f"{path.stem}*.ipynb")]:
        if copy.is_file() and content_name(found := in_shipped_form(copy)) == content:
            return found
    raise ValueError(
        f"{path.name} as it was shipped is not on this machine: {trouble}, nor is there a copy in {path.parent.name}/. "
        "Download the course once more, to another folder, and take it from there; yours stays as it is."
    )


def reset(path, content):
    """Put the shipped notebook in the place of this one; returns where the one that was there is kept, or None if there
    was none, or it was the shipped one.

    content: the name of the shipped bytes. Raises ValueError or OSError, and the notebook is as it was.
    """
    kept, bytes_shipped = None, shipped(path, content)
    if path.exists():
        if in_shipped_form(path) == bytes_shipped:
            return None
        kept = keep(path)
    replace(path, bytes_shipped)
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", nargs="?", default="", help="its number, or the beginning of its name")
    parser.add_argument("--ship", action="store_true", help="write down that the notebooks are now those to be shipped")
    chosen = parser.parse_args()
    try:
        if chosen.ship:
            ship()
            print(f"{SHIPPED.name} names the notebooks as they are now.")
            return
        names = shipped_names()
        path = NOTEBOOKS / named(chosen.notebook, names)
        kept = reset(path, names[path.name])
    except ValueError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"Nothing was reset, and your notebook stays as it is: {error}.")
    print(f"{path.name} is as it was shipped." + (f" What you had is in {kept.name}." if kept else ""))


if __name__ == "__main__":
    main()
