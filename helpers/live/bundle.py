"""The JavaScript modules of a widget as one text: a widget's module cannot import files beside it."""

import re
from pathlib import Path

HERE = Path(__file__).parent
MODULES = ("element.js", "theme.js", "steps.js", "curves.js", "pieces.js", "controls.js", "kept.js", "live.js")
LIVE = [HERE / name for name in MODULES]
LOADER = (HERE / "loader.js").read_text(encoding="utf-8")
STYLE = (HERE / "live.css").read_text(encoding="utf-8")


def joined(paths):
    """The modules one after the other, each after those that it uses, in one scope."""
    imports = re.compile(r"^import [^;]*;\n", re.MULTILINE)
    return "\n".join(imports.sub("", path.read_text(encoding="utf-8")) for path in paths)


def alone():
    """The JavaScript of a widget that has nothing but its controls."""
    return joined([*LIVE, HERE / "alone.js"])
