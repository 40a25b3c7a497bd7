"""The JavaScript modules of a widget as one text: a widget's module cannot import files beside it."""

import json
import re
from pathlib import Path

HERE = Path(__file__).parent
MODULES = ("element.js", "theme.js", "steps.js", "curves.js", "pieces.js", "controls.js", "kept.js", "live.js")
LIVE = [HERE / name for name in MODULES]
LOADER = (HERE / "loader.js").read_text(encoding="utf-8")
STYLE = (HERE / "live.css").read_text(encoding="utf-8")


def joined(paths, style):
    """The modules one after the other, each after those that it uses, in one scope; and the style that they need."""
    imports = re.compile(r"^import [^;]*;\n", re.MULTILINE)
    texts = [imports.sub("", path.read_text(encoding="utf-8")) for path in paths]
    return "\n".join([*texts, f"export const style = {json.dumps(style)};\n"])


def alone():
    """The JavaScript of a widget that has nothing but its controls."""
    return joined([*LIVE, HERE / "alone.js"], STYLE)
