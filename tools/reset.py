"""Restores a notebook to the one that was shipped, and keeps the one that is there beside it.

python tools/reset.py 05   notebooks/05_queries_keys_values.ipynb, as git has it; yours becomes
05_queries_keys_values.mine.ipynb
"""

import argparse
import subprocess
import sys
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def shipped(path):
    """The notebook's text as git has it. Raises ValueError, in a sentence, where git has none."""
    try:
        found = subprocess.run(
            ["git", "show", f"HEAD:./{path.name}"], cwd=path.parent, capture_output=True, check=False
        )
    except FileNotFoundError:
        raise ValueError(
            "git is not here, and the shipped notebooks come from it: install git, or download the course again."
        ) from None
    if found.returncode:
        raise ValueError(
            f"git has no {path.name}: was the course fetched with git clone? Downloading it again brings the "
            "notebook back."
        )
    return found.stdout


def named(which, notebooks=NOTEBOOKS):
    """The path of a notebook. which: its number, the beginning of its name, or a path.

    Raises ValueError where none, or more than one, fits.
    """
    names = [name for name in tracked(notebooks) if name.startswith(Path(which).stem)] if which else []
    if len(names) != 1:
        raise ValueError(
            f"{which!r} names {'no notebook' if not names else ', '.join(names)}; wanted one, as in: make "
            "reset NOTEBOOK=05"
        )
    return notebooks / names[0]


def tracked(notebooks):
    """The names of the notebooks that git has, there or not."""
    try:
        found = subprocess.run(
            ["git", "ls-files", "*.ipynb"], cwd=notebooks, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return sorted(path.name for path in notebooks.glob("*.ipynb"))
    return [name for name in found.stdout.splitlines() if "/" not in name]


def reset(path):
    """Put the shipped notebook in the place of this one; returns where the one that was there is kept, or None if
    they are the same.
    """
    content = shipped(path)
    if path.exists() and path.read_bytes() == content:
        return None
    kept = None
    if path.exists():
        kept, number = path.with_name(f"{path.stem}.mine.ipynb"), 2
        while kept.exists():
            kept, number = path.with_name(f"{path.stem}.mine-{number}.ipynb"), number + 1
        path.rename(kept)
    path.write_bytes(content)
    return kept or path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", help="its number, or the beginning of its name")
    try:
        path = named(parser.parse_args().notebook)
        kept = reset(path)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    if kept is None:
        print(f"{path.name} is as it was shipped; nothing was changed.")
    else:
        print(f"{path.name} is as it was shipped." + (f" What you had is in {kept.name}." if kept != path else ""))


if __name__ == "__main__":
    main()
