"""What the measurements share that a notebook reads: they run its own cells, and keep what they find where it looks."""

import json

from helpers.inputs.texts import data_folder
from tools.notebooks import NOTEBOOKS, load


def taught(notebook, cells):
    """What some cells of a notebook define, by name: those with these ids, run in this order."""
    sources, names = {cell.id: cell.source for cell in load(NOTEBOOKS / f"{notebook}.ipynb").cells}, {}
    for one in cells:
        exec(sources[one], names)
    return names


def keep(name, found):
    """Write what was found into data/."""
    (data_folder() / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
