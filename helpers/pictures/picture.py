"""A still picture: an image with a text alternative, shown in a notebook or saved to a file."""

import base64
import io
import re
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from helpers.look.style import THEMES
from helpers.pictures.palette import in_few_colors

FORMATS = (".png", ".svg", ".pdf")
FIXED = {  # what a learner's own settings must not change
    "svg.hashsalt": "attention",
    "svg.fonttype": "none",
    "path.simplify": False,
    "hatch.linewidth": 1.0,
    "savefig.bbox": None,
    "savefig.transparent": False,
    "savefig.facecolor": "auto",
}


@dataclass
class Picture:
    """A still picture with a text alternative; display it, or ``save`` it.

    alt: what the picture shows, in words. figure: the matplotlib figure.
    """

    figure: Figure
    alt: str

    def save(self, path):
        """Write ``.png``, ``.svg`` or ``.pdf``, by the ending of the path; returns the path.

        Raises ValueError for another ending.
        """
        path = Path(path)
        if path.suffix not in FORMATS:
            raise ValueError(f"{path.name} ends in {path.suffix!r}; wanted one of {', '.join(FORMATS)}.")
        path.write_bytes(self.encoded(path.suffix[1:]))
        return path

    def encoded(self, kind, dpi=192):
        """The bytes of the picture as png, svg or pdf, without date or version."""
        title = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", self.alt)  # what XML cannot hold
        dates = {
            "png": {"Software": None},
            "svg": {"Date": None, "Creator": None, "Title": title},
            "pdf": {"CreationDate": None, "Creator": None, "Producer": None, "Title": title},
        }
        buffer = io.BytesIO()
        with matplotlib.rc_context(FIXED):
            self.figure.savefig(buffer, format=kind, dpi=dpi, metadata=dates[kind])
        return buffer.getvalue()

    @cached_property
    def html(self):
        """An ``<img>`` that holds the picture and its text alternative; few colors keep it small."""
        from PIL import Image

        raw, buffer = io.BytesIO(), io.BytesIO()
        size = tuple(int(inches * 144) for inches in self.figure.get_size_inches())
        with matplotlib.rc_context(FIXED):
            self.figure.savefig(raw, format="rgba", dpi=144)
        image = Image.frombytes("RGBA", size, raw.getvalue()).convert("RGB")
        in_few_colors(image).save(buffer, "png", compress_level=6)
        data = base64.b64encode(buffer.getvalue()).decode()
        width = int(self.figure.get_figwidth() * 96)
        return f'<img alt="{escape(self.alt)}" width="{width}" src="data:image/png;base64,{data}">'

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self.html}

    def __repr__(self):
        return f"Picture: {self.alt}"


def colors_of(theme):
    """The colors of a theme; raises ValueError for one that is not there."""
    if theme not in THEMES:
        raise ValueError(f"theme is {theme!r}; wanted one of {', '.join(THEMES)}.")
    return THEMES[theme]
