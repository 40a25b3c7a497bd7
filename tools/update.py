"""Brings the new version of the course into this folder, and keeps all that a learner wrote.

python -m tools.update

A file that only you changed stays as it is, and one that only the new version changed is new. Where both did, the new
one takes its place, and yours is kept beside it, as 05_queries_keys_values.mine.ipynb. Nothing is merged line by line,
so no notebook ever holds two versions at once. What you committed stays in git, below a commit that joins the two.
"""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from helpers.inputs.beside import keep, told
from tools.clone import ABSENT, Clone, Trouble

REPO = Path(__file__).resolve().parent.parent


class HalfWay(Exception):
    """Why an update stopped in its midst, and where a learner's files are."""


@dataclass
class Update:
    """What an update did: which files are new, which of yours were kept and where, which were missing and are back,
    and which of yours the new version has no more.
    """

    address: str
    new: list = field(default_factory=list)
    kept: dict = field(default_factory=dict)
    only_run: set = field(default_factory=set)
    back: list = field(default_factory=list)
    gone: list = field(default_factory=list)

    def __str__(self):
        if not self.new:
            return f"The course is up to date: {self.address} has nothing newer."
        lines = [f"The new version is here, from {self.address}: files that changed: {len(self.new)}."]
        lines += told(self.kept, dict.fromkeys(self.only_run, " (you ran it, and changed no cell)"))
        if self.back:
            lines += ["These were missing, and are back:", *(f"  {path}" for path in self.back)]
        if self.gone:
            lines += ["These the new version has no more. They stay, as yours:", *(f"  {path}" for path in self.gone)]
        lines.append("All else that is yours is as it was.")
        if any(path.endswith(".ipynb") for path in self.new):
            lines.append("Is a notebook open in JupyterLab? File, Reload Notebook from Disk shows the new one.")
        if any(path.startswith("helpers/") for path in self.new):
            lines.append("Does a kernel run? Kernel, Restart Kernel lets it work with the new helpers.")
        return "\n".join(lines)


def update(folder):
    """Bring the new version into a clone; returns what was done, an Update.

    Raises Trouble or OSError where nothing was done, HalfWay where it stopped later.
    """
    clone = Clone(folder)
    clone.must_be_at_rest()
    new, address = clone.fetch()
    own, done = clone.name("HEAD"), Update(address)
    base = clone.base(own, new) if own else ""
    if not base:
        raise Trouble(f"what is here does not descend from what {address} has. Clone it to another folder.")
    if base == new:
        return done
    changes = clone.changes(base, new)
    must_have_room(clone.folder, changes)
    keep_what_is_own(clone, changes, done)
    try:
        clone.take(changes)
        clone.move(new if base == own else clone.join(own, new, changes), own)
    except (Trouble, OSError) as error:
        lines = [f"The update stopped half way: {error}", "Nothing of yours is lost; update again to go on."]
        raise HalfWay("\n".join(lines + told(done.kept))) from None
    done.new = [change.path for change in changes]
    return done


def must_have_room(folder, changes):
    """Raises Trouble where a new file has a folder in its place, or its folder is a file, or a link to elsewhere."""
    for change in changes:
        path = folder / change.path
        above = [parent for parent in path.parents if parent != folder and parent.is_relative_to(folder)]
        in_the_way = [one for one in above if one.is_symlink() or (one.exists() and not one.is_dir())]
        if path.is_dir() and change.after != ABSENT:
            in_the_way.append(path)
        if in_the_way:
            raise Trouble(f"{in_the_way[0]} is in the way of {change.path}. Give it another name.")


def keep_what_is_own(clone, changes, done):
    """Keep beside its place what the changes would take: the file as it lies there, and another one that is staged."""
    here = clone.contents_here([change.path for change in changes])
    staged, committed = clone.contents_staged(), clone.contents_of("HEAD")
    for change in changes:
        path, file = change.path, clone.folder / change.path
        theirs = {change.before, change.after, None}
        if here.get(path) not in theirs:
            if change.after == ABSENT:
                done.gone.append(path)
                continue
            done.kept[path] = [keep(file)]
            if change.before != ABSENT and only_run(file.read_bytes(), clone.content(change.before)):
                done.only_run.add(path)
        elif path not in here and ABSENT not in (change.before, change.after):
            done.back.append(path)
        if staged.get(path) not in {*theirs, here.get(path), committed.get(path)}:
            file.parent.mkdir(parents=True, exist_ok=True)
            done.kept.setdefault(path, []).append(keep(file, clone.content(staged[path])))


def only_run(mine, before):
    """Are these two notebooks, as bytes, of the same cells, whatever they show?

    >>> cell = {"cell_type": "code", "source": "1 + 1", "outputs": []}
    >>> run = cell | {"source": ["1 + 1"], "outputs": [{"output_type": "stream", "text": "2"}]}
    >>> notebooks = [json.dumps({"cells": [one]}).encode() for one in (cell, run, cell | {"source": "2"})]
    >>> [only_run(one, notebooks[0]) for one in notebooks]
    [True, True, False]
    """
    try:
        mine, before = (
            [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(content)["cells"]]
            for content in (mine, before)
        )
    except (ValueError, KeyError, TypeError):
        return False
    return mine == before


def main():
    try:
        print(update(REPO))
    except HalfWay as error:
        sys.exit(str(error))
    except (Trouble, OSError) as error:
        sys.exit(f"There was no update, and your files are as they were: {error}")


if __name__ == "__main__":
    main()
