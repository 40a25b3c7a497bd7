"""A still picture: an image with a text alternative, shown in a notebook or saved to a file."""

import base64
from html import escape
from pathlib import Path

from helpers.look.style import THEMES

FORMATS = (".png", ".svg", ".pdf")


class Picture:
    """A still picture with a text alternative; display it, or ``save`` it.

    alt: what the picture shows, in words. width: of the page on the screen, in CSS pixels.
    Each kind of picture has ``encoded(kind)``, its bytes as png, svg or pdf, and ``image``, the kind and the bytes that
    a notebook keeps.
    """

    def __init__(self, alt, width):
        self.alt, self.width = alt, width

    def save(self, path):
        """Write ``.png``, ``.svg`` or ``.pdf``, by the ending of the path; returns the path.

        Raises ValueError for another ending.
        """
        path = Path(path)
        if path.suffix not in FORMATS:
            raise ValueError(f"{path.name} ends in {path.suffix!r}; wanted one of {', '.join(FORMATS)}.")
        path.write_bytes(self.encoded(path.suffix[1:]))
        return path

    @property
    def html(self):
        """An ``<img>`` that holds the picture and its text alternative."""
        kind, data = self.image
        data = base64.b64encode(data).decode()
        return f'<img alt="{escape(self.alt)}" width="{int(self.width)}" src="data:image/{kind};base64,{data}">'

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self.html}

    def __repr__(self):
        return f"Picture: {self.alt}"


def colors_of(theme):
    """The colors of a theme; raises ValueError for one that is not there."""
    if theme not in THEMES:
        raise ValueError(f"theme is {theme!r}; wanted one of {', '.join(THEMES)}.")
    return THEMES[theme]
