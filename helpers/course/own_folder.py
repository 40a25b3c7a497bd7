"""The command ``attention-course``: the notebooks of an installed course, in a folder of your own and in JupyterLab."""

import argparse
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from helpers.inputs.beside import content_name, in_shipped_form, keep, read_record, told, write_record
from helpers.inputs.whole_file import replace

FIRST = "00_start_here.ipynb"
RECORD = ".attention-course"  # in the learner's folder: which notebooks were put there, and which of their versions
WITHOUT_LAB = """\
JupyterLab, which would open them, is not here: pip install jupyterlab brings it, and then attention-course opens them.
Notebook, VS Code or any other front end that has this Python opens them as well."""


def notebooks():
    """The notebooks of the course, name to path: those in the installed package, or beside helpers/ in a clone."""
    here = Path(__file__).parent.parent  # helpers/
    folder = here / "notebooks" if (here / "notebooks").is_dir() else here.parent / "notebooks"
    return {path.name: path for path in sorted(folder.glob("[0-9][0-9]*_*.ipynb")) if ".mine" not in path.name}


def copy_notebooks(into):
    """Copy the notebooks into a folder, and keep what is a learner's there: returns the names of those that are new,
    and where the learner's are kept, by name.

    One that was changed there stays as it is, until a new version of it comes: then it is kept beside the new one.
    """
    into.mkdir(parents=True, exist_ok=True)
    try:
        before = read_record(into / RECORD)
    except (OSError, ValueError):
        before = {}  # the first time; or nobody knows, and what differs is a learner's
    new, kept, now = [], {}, {}
    for name, source in notebooks().items():
        path, content = into / name, source.read_bytes()
        now[name] = content_name(content)
        mine = content_name(in_shipped_form(path)) if path.exists() else None
        if mine == now[name] or (mine and before.get(name) == now[name]):
            continue
        if mine not in (None, before.get(name)):
            kept[name] = [keep(path)]
        replace(path, content)
        new.append(name)
    write_record(into / RECORD, before | now)
    return new, kept


def open_lab(folder, arguments):
    """Start JupyterLab on the first notebook of a folder, or say that it is missing."""
    if find_spec("jupyterlab") is None:
        sys.exit(WITHOUT_LAB)
    as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    import_module("jupyterlab.labapp").main(
        [f"--ServerApp.root_dir={folder}", *as_root, *arguments, str(folder / FIRST)]
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="attention-course",
        description="Copies the notebooks of the course into a folder of yours, and opens them in JupyterLab. "
        "Run again after an update, it brings the new ones and keeps yours beside them.",
        epilog="All else is for JupyterLab, as in: attention-course --no-browser --port=8890",
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, default="attention-course", help="attention-course, if left out"
    )
    parser.add_argument("--only-copy", action="store_true", help="copy them, and open nothing")
    chosen, others = parser.parse_known_args(arguments)
    folder = chosen.folder.expanduser().resolve()
    try:
        new, kept = copy_notebooks(folder)
    except OSError as error:
        sys.exit(f"The notebooks could not be copied into {folder}: {error}.")
    print(f"The notebooks are in {folder}; {len(new)} of them are new.", *told(kept), sep="\n", flush=True)
    if not chosen.only_copy:
        open_lab(folder, others)
