"""The JavaScript modules of a widget as one text: a widget's module cannot import files beside it."""

import json
import re
from pathlib import Path

HERE = Path(__file__).parent
MODULES = ("element.js", "theme.js", "steps.js", "curves.js", "pieces.js", "controls.js", "kept.js", "live.js")
LIVE = [HERE / name for name in MODULES]
STYLE = (HERE / "live.css").read_text(encoding="utf-8")


def sent(path):
    """A module as it is sent: without what is there for readers."""
    return re.sub(r"^\s*//.*\n|^\s*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)


LOADER = sent(HERE / "loader.js")  # a page keeps it once for each widget that ever was there


def joined(paths, style):
    """The modules one after the other, each after those that it uses, in one scope; and the style that they need."""
    imports = re.compile(r"^import [^;]*;\n", re.MULTILINE)
    texts = [imports.sub("", sent(path)) for path in paths]
    return "\n".join([*texts, f"export const style = {json.dumps(style)};\n"])


def alone():
    """The JavaScript of a widget that has nothing but its controls."""
    return joined([*LIVE, HERE / "alone.js"], STYLE)
