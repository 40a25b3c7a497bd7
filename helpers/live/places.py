"""Where widgets are shown: one that was in the output of a cell, and in no other, is closed when the cell has run again
without it. So neither page nor kernel keeps pictures that nobody sees.

IPython, too, lets go of what such a run gave: ``Out[5]`` and ``_5`` have no place on the page any more. What has a name
keeps it.
"""

import sys
from weakref import WeakSet

VIEW = "application/vnd.jupyter.widget-view+json"

visible = {}  # by cell: the widgets that its last run showed
made_in = {}  # by cell: those that its last run made
counts = {}  # by run: the number in brackets beside the cell
watched = []  # the shell that tells when a cell has run


def made(widget):
    """A widget was made, by the cell that runs now."""
    if cell := running():
        made_in.setdefault(cell, {}).setdefault(run(), WeakSet()).add(widget)


def shown(widget):
    """A widget is shown by the cell that runs now."""
    if cell := running():
        visible.setdefault(cell, {}).setdefault(run(), WeakSet()).add(widget)
        counts[run()] = watched[0].displayhook.prompt_count


def running():
    """The id of the cell that runs now, as JupyterLab, Notebook, VS Code and Colab tell it; None where nobody does."""
    shell = watching()
    told = message(shell).get("metadata", {}) if shell else {}
    return told.get("cellId") or told.get("colab", {}).get("cell_id")


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
    now, gone, numbers = run(), [], []
    for known in (visible, made_in):
        runs = known.get(cell, {})
        for one in [one for one in runs if one != now]:
            gone += runs.pop(one)
            numbers.append(counts.pop(one, None))
    seen = [widget for runs in visible.values() for widgets in runs.values() for widget in widgets]
    for widget in gone:
        if not any(widget is one for one in seen):
            widget.close()
    for number in numbers:
        forget(watched[0], number, gone)


def forget(shell, number, gone):
    """Take what an earlier run gave out of IPython's memory of outputs: a widget that is closed, and its pictures."""
    history = shell.history_manager
    if number in history.outputs:
        kept = [output for output in history.outputs[number] if VIEW not in output.bundle]
        if len(kept) < len(history.outputs[number]):
            history.output_hist_reprs.pop(number, None)
        history.outputs[number] = kept
    cached = shell.user_ns.get("_oh", {})
    if any(widget is cached.get(number) and widget.comm is None for widget in gone):
        del cached[number]
        for names in (shell.user_ns, shell.user_ns_hidden):
            names.pop(f"_{number}", None)
