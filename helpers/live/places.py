"""Where widgets are shown: one that was in the output of a cell, and in no other, is closed when the cell has run again
without it. So neither page nor kernel keeps pictures that nobody sees.
"""

import sys
from weakref import WeakSet

visible = {}  # by cell: the widgets that its last run showed
made_in = {}  # by cell: those that its last run made
watched = []  # the shell that tells when a cell has run


def made(widget):
    """A widget was made, by the cell that runs now."""
    if cell := running():
        made_in.setdefault(cell, {}).setdefault(run(), WeakSet()).add(widget)


def shown(widget):
    """A widget is shown by the cell that runs now."""
    if cell := running():
        visible.setdefault(cell, {}).setdefault(run(), WeakSet()).add(widget)


def running():
    """The id of the cell that runs now, as JupyterLab, Notebook and VS Code tell it; None where nobody does."""
    shell = watching()
    return shell and message(shell).get("metadata", {}).get("cellId")


def run():
    """Which run of its cell it is."""
    return message(watched[0]).get("header", {}).get("msg_id")


def message(shell):
    """What the kernel was last asked to do."""
    try:
        return shell.kernel.get_parent() or {}
    except (AttributeError, LookupError):
        return {}


def watching():
    """The kernel's shell, which tells from now on when a cell has run; None where there is no kernel."""
    if not watched:
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        if not hasattr(shell, "kernel"):
            return None
        shell.events.register("post_run_cell", lambda result: let_go())
        watched.append(shell)
    return watched[0]


def let_go():
    """Close what the earlier runs of this cell made or showed, and nobody sees any more."""
    cell = running()
    if not cell:
        return
    now, gone = run(), []
    for known in (visible, made_in):
        runs = known.get(cell, {})
        gone += [widget for one in [*runs] if one != now for widget in runs.pop(one)]
    seen = [widget for runs in visible.values() for widgets in runs.values() for widget in widgets]
    for widget in gone:
        if not any(widget is one for one in seen):
            widget.close()
