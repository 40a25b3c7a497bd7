"""Where the course begins: is everything here that it needs, are live pictures alive, and what is done so far?"""

import platform
import re
import sys
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import anywidget
import nbformat
import traitlets

from helpers import progress
from helpers.check import exercises
from helpers.puzzle import PUZZLES

PYTHON = (3, 11)
NEEDED = {"numpy": "2.0", "torch": "2.6", "matplotlib": "3.10", "ipywidgets": "8.1", "anywidget": "0.9.13", "tqdm": "4.67",
          "safetensors": "0.5"}
MEND = "In the folder of the course: pip install -r requirements.txt -e . — then restart the kernel (Kernel, Restart Kernel)."
MINUTES = re.compile(r"\*\*Time\*\* (\d+) minutes(?:, and (\d+) for the exercises)?")
TROUBLES = [
    ("You read this on GitHub, or in a file that was not run.",
     "Open the notebook in JupyterLab (make lab) and run this cell: click it, press Shift and Enter."),
    ("JupyterLab runs in another environment than the kernel, one without anywidget.",
     "Start it with make lab, or pip install anywidget ipywidgets where JupyterLab lives, restart it and load the page anew."),
    ("JupyterLab was open while the packages were installed.", "Save, load the page anew, and run the cell again."),
    ("In VS Code, widgets were not allowed.", "Press the button it shows, or choose “Widget Script Sources” in the settings; then run the cell again."),
    ("On Colab, widgets of other makers are off.", "Run: from google.colab import output; output.enable_custom_widget_manager()"),
]


def machine():
    """Print what is installed, line by line, and how to mend what is missing or too old."""
    lines = [line("Python", platform.python_version(), sys.version_info[:2] >= PYTHON, f"wanted 3.11 or newer: {MEND}")]
    for name, least in NEEDED.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "missing"
        lines.append(line(name, found, found != "missing" and numbers(found) >= numbers(least), f"wanted {least} or newer"))
    print("\n".join(lines))
    print("Everything is here." if all(one.endswith("fine") for one in lines) else f"The mend: {MEND}")


def line(name, found, is_fine, wanted):
    """``numpy        2.4.6     fine``"""
    return f"{name:<12} {found:<10} {'fine' if is_fine else wanted}"


def numbers(text):
    """A version as numbers that can be compared: ``numbers("2.10.1+cpu") == (2, 10, 1)``."""
    return tuple(int(digits) for digits in re.findall(r"\d+", text.partition("+")[0])[:3])


class Pulse(anywidget.AnyWidget):
    """A sign of life: the page says that it draws live pictures, and the kernel that it hears the page.

    Where no widget lives, its place is taken by the known troubles, each with its mend.
    """

    _esm = """
    export default {
      render({ model, el }) {
        const line = document.createElement("p");
        line.setAttribute("role", "status");
        const tell = () => {
          line.textContent = model.get("answer") || "This page draws live pictures. Waiting for the kernel to answer …";
        };
        model.on("change:answer", tell);
        el.append(line);
        tell();
        model.set("beat", model.get("beat") + 1);
        model.save_changes();
        return () => model.off("change:answer", tell);
      },
    };
    """
    beat = traitlets.Int(0).tag(sync=True)
    answer = traitlets.Unicode().tag(sync=True)

    @traitlets.observe("beat")
    def _hear(self, change):
        self.answer = "✓ This page draws live pictures, and the kernel hears it."

    def __repr__(self):
        return "No live picture here. " + " ".join(f"{trouble} {mend}" for trouble, mend in TROUBLES)

    def _repr_mimebundle_(self, **options):
        """The widget, and beside it what to do where it does not show."""
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        items = "".join(f"<li>{escape(trouble)} <b>{escape(mend)}</b></li>" for trouble, mend in TROUBLES)
        return {**data, "text/plain": repr(self), "text/html": f"<p>No live picture here. Which of these is it?</p><ul>{items}</ul>"}, metadata


class CourseMap:
    """The notebooks in their order, with their minutes, exercises included, and which exercises and puzzles are solved.

    folder: where the notebooks are; the one that this one runs in, if left out.
    """

    def __init__(self, folder="."):
        done = set(progress.solved())
        self.rows = []
        for path in sorted(Path(folder).glob("[0-9][0-9]_*.ipynb")):
            if not path.name.startswith("00") and ".mine" not in path.name:
                title, minutes = heading(path)
                tasks = tasks_of(path.name[:2])
                self.rows.append((path.name, title, minutes, len(tasks), len([name for name in tasks if name in done])))

    def __repr__(self):
        rows = [f"{title:<36} {minutes:>3} min   {solved} of {tasks} solved" + ("  ✓" if tasks and solved == tasks else "")
                for _, title, minutes, tasks, solved in self.rows]
        return "\n".join(rows or ["No notebook of the course is in this folder."])

    def _repr_html_(self):
        rows = "".join(
            f'<tr><td style="text-align:left"><a href="{escape(name)}">{escape(title)}</a></td><td>{minutes} min</td>'
            f'<td style="text-align:left" aria-label="{solved} of {tasks} solved">{"●" * solved}{"○" * (tasks - solved)}</td>'
            f'<td>{"✓" if tasks and solved == tasks else ""}</td></tr>'
            for name, title, minutes, tasks, solved in self.rows)
        left = '<th style="text-align:left">'
        head = f"<tr>{left}notebook</th><th>time</th>{left}solved</th><th></th></tr>"
        return f"<table>{head}{rows}</table>" if self.rows else f"<p>{escape(repr(self))}</p>"


def heading(path):
    """A notebook's title and minutes, those for its exercises included, from its first cell; its name where it cannot be read."""
    try:
        text = nbformat.read(path, as_version=4).cells[0].source
        return text.splitlines()[0].lstrip("# "), sum(int(part or 0) for part in MINUTES.search(text).groups())
    except (OSError, ValueError, IndexError, AttributeError, nbformat.reader.NotJSONError):
        return path.stem, 0


def tasks_of(number):
    """The exercises and puzzles of a notebook: ``tasks_of("02")``."""
    return [name for name, one in [*exercises().items(), *PUZZLES.items()] if one.notebook == number]
