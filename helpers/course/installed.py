"""Is everything here that the course needs?"""

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version

from helpers.look.streams import tell

PYTHON = (3, 11)
NEEDED = {
    "numpy": "2.0",
    "torch": "2.6",
    "matplotlib": "3.10",
    "ipywidgets": "8.1",
    "anywidget": "0.9.13",
    "tqdm": "4.67",
    "safetensors": "0.5",
    "executing": "2.0",
    "cloudpickle": "3.0",
}


MEND = (
    "In the folder of the course: pip install -r requirements.txt -e . — then restart the kernel "
    "(Kernel, Restart Kernel)."
)


def machine():
    """Print what is installed, line by line, and how to mend what is missing or too old."""
    lines = [line("Python", platform.python_version(), sys.version_info[:2] >= PYTHON, f"wanted 3.11 or newer: {MEND}")]
    for name, least in NEEDED.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "missing"
        lines.append(
            line(name, found, found != "missing" and numbers(found) >= numbers(least), f"wanted {least} or newer")
        )
    tell("\n".join(lines))
    tell("Everything is here." if all(one.endswith("fine") for one in lines) else f"The mend: {MEND}")


def line(name, found, is_fine, wanted):
    """``numpy        2.4.6     fine``"""
    return f"{name:<12} {found:<10} {'fine' if is_fine else wanted}"


def numbers(text):
    """A version as numbers that can be compared: ``numbers("2.10.1+cpu") == (2, 10, 1)``."""
    return tuple(int(digits) for digits in re.findall(r"\d+", text.partition("+")[0])[:3])
