"""A picture that matplotlib draws: curves, worksheets, and every PNG and PDF file."""

import io
import re

import matplotlib
from matplotlib.figure import Figure
from PIL import Image

from helpers.pictures.palette import in_few_colors
from helpers.pictures.picture import Picture

FIXED = {  # what a learner's own settings must not change
    "svg.hashsalt": "attention",
    "svg.fonttype": "none",
    "path.simplify": False,
    "hatch.linewidth": 1.0,
    "savefig.bbox": None,
    "savefig.transparent": False,
    "savefig.facecolor": "auto",
}


class FigurePicture(Picture):
    """A picture of a matplotlib figure."""

    def __init__(self, figure: Figure, alt):
        super().__init__(alt, 96 * figure.get_figwidth())
        self.figure = figure

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

    @property
    def image(self):
        """A PNG image; few colors keep it small."""
        raw, buffer = io.BytesIO(), io.BytesIO()
        size = tuple(int(inches * 144) for inches in self.figure.get_size_inches())
        with matplotlib.rc_context(FIXED):
            self.figure.savefig(raw, format="rgba", dpi=144)
        image = Image.frombytes("RGBA", size, raw.getvalue()).convert("RGB")
        in_few_colors(image).save(buffer, "png", compress_level=6)
        return "png", buffer.getvalue()
