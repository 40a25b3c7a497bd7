"""The rooms of helpers/, and which of them use which: ``python tools/house.py``.

Fails where rooms or files go in a circle.
"""

import ast
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

HELPERS = Path(__file__).resolve().parent.parent / "helpers"


def module_name(path):
    """``helpers/look/style.py`` is ``helpers.look.style``, ``helpers/look/__init__.py`` is ``helpers.look``."""
    parts = path.relative_to(HELPERS.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def files():
    """Every module of the helpers by its name, with its syntax tree."""
    paths = sorted(HELPERS.rglob("*.py"))
    return {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def room(module):
    """``helpers.look.style`` stands in the room ``look``."""
    return module.split(".")[1] if "." in module else ""


def statements(block):
    """Every statement of a block of code, and of the blocks inside it."""
    for one in block:
        yield one
        for inner in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from statements(getattr(one, inner, ()))


def arrows(trees):
    """Which modules each module imports, at its top or inside a function: a dict of sets."""
    found = {module: set() for module in trees}
    for module, tree in trees.items():
        for node in statements(tree.body):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                whole = [f"{node.module}.{alias.name}" for alias in node.names]
                names = [name if name in trees else node.module for name in whole]
            found[module] |= {name for name in names if name in trees} - {module}
    return found


def between_rooms(found):
    """Which rooms each room uses."""
    rooms = {room(module): set() for module in found if room(module)}
    for module, others in found.items():
        for other in others:
            if room(module) and room(other) and room(module) != room(other):
                rooms[room(module)].add(room(other))
    return rooms


def floors(rooms):
    """The rooms in the order in which they can be built: floor by floor, from the ground.

    Raises CycleError for a circle.
    """
    sorter, found = TopologicalSorter(rooms), []
    sorter.prepare()
    while sorter.is_active():
        ready = sorter.get_ready()
        found.append(sorted(ready))
        sorter.done(*ready)
    return found


def drawing():
    """The rooms, from the top floor down: each with its promise, its files and the rooms it uses. Raises CycleError."""
    trees = files()
    found = arrows(trees)
    TopologicalSorter(found).prepare()  # no circle of files
    rooms, lines = between_rooms(found), []
    for number, floor in reversed(list(enumerate(floors(rooms)))):
        for name in floor:
            inside = [module.rpartition(".")[2] for module in trees if module.startswith(f"helpers.{name}.")]
            lines += [
                f"floor {number}  {name}/  {ast.get_docstring(trees[f'helpers.{name}']).splitlines()[0]}",
                f"         files: {', '.join(inside)}",
                f"         uses:  {', '.join(sorted(rooms[name])) or 'nothing'}",
            ]
    return "\n".join(lines)


def main():
    try:
        print(drawing())
    except CycleError as error:
        sys.exit(f"A circle: {' -> '.join(error.args[1])}")


if __name__ == "__main__":
    main()
