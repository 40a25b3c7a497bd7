"""The brush that draws with matplotlib, all letters as outlines: for PNG and PDF, where no font may be missing."""

from collections import defaultdict
from functools import lru_cache
from itertools import pairwise

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Curve
from matplotlib.textpath import text_to_path

from helpers.pictures.svg import BASELINE, MANY

POINTS = 72 / 96  # of a CSS pixel: matplotlib's lines are measured in points


class FigureBrush:
    """Draws on one matplotlib figure, whose units are CSS pixels from the top left; ``settle`` adds the letters."""

    def __init__(self, width, height, surface):
        self.figure = Figure(figsize=(width / 96, height / 96), facecolor=surface)
        FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes([0, 0, 1, 1])
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        self.axes.axis("off")
        self.glyphs = defaultdict(list)  # color: outlines of the texts

    def add(self, artist):
        artist.set_zorder(1)  # as they come
        # add_artist, not add_patch: the limits are set, and measuring every curve again takes a second.
        self.axes.add_artist(artist)

    def rect(self, x, y, width, height, fill="none", stroke="", line=1, dash=""):
        dashes = (0, [float(part) / line for part in dash.split()]) if dash else "-"
        border = {"edgecolor": stroke or "none", "linewidth": line * POINTS * bool(stroke), "linestyle": dashes}
        self.add(Rectangle((x, y), width, height, facecolor=fill, **border))

    def cells(self, x, y, width, height, colors):
        """A block of cells. colors: (rows, columns, 3), from 0 to 255."""
        rows, columns, _ = colors.shape
        if rows * columns > MANY:
            image = AxesImage(self.axes, extent=(x, x + width, y + height, y), interpolation="none")
            image.set_data(colors)
            self.add(image)
            return
        wide, high = width / columns, height / rows
        places = np.mgrid[:columns, :rows].T.reshape(-1, 1, 2)  # (rows · columns, 1, 2)
        ways = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])  # from the upper left corner to each
        corners = [x, y] + (places + ways) * [wide, high]  # (rows · columns, 4, 2)
        self.add(PolyCollection(corners, facecolor=colors.reshape(-1, 3) / 255, linewidth=0, antialiased=False))

    def lines(self, segments, color, line=1):
        ends = np.array(segments, float).reshape(-1, 2, 2)  # (lines, 4) -> (lines, ends, 2)
        self.add(LineCollection(ends, color=color, linewidth=line * POINTS, capstyle="butt"))

    def way(self, points, color, line=1):
        corner = [Curve.LINETO, Curve.CURVE3, Curve.CURVE3]
        codes = [Curve.MOVETO, *corner * (len(points) // 3), Curve.LINETO]
        self.add(PathPatch(Curve(points, codes), fill=False, edgecolor=color, linewidth=line * POINTS, capstyle="butt"))

    def polygons(self, outlines, color):
        self.add(PolyCollection(outlines, facecolor=color, linewidth=0))

    def veil(self, areas, color, opacity):
        """Rectangles that what lies below shines through. areas: [(x, y, width, height), ...]"""
        corners = [[(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)] for x, y, wide, high in areas]
        self.add(PolyCollection(corners, facecolor=color, alpha=opacity, linewidth=0, antialiased=False))

    def text(self, text, x, y, size, color, align="left", bold=False, italic=False, turned=False):
        """Written as outlines: one path for all texts of a color is many times faster than a text for each."""
        vertices, codes = outline(str(text), bold, italic)
        if not len(vertices):
            return
        shift = {"left": 0, "center": 0.5, "right": 1}[align] * text_width(str(text), size, bold, italic)
        # Letters grow up from the baseline, pages down.
        placed = vertices * [size, -size] + [-shift, BASELINE * size]
        self.glyphs[color].append(((placed[:, ::-1] * [1, -1] if turned else placed) + np.array([x, y]), codes))

    def words(self, pieces, x, y, size):
        """A line of text in several colors. pieces: [(text, color), ...]"""
        before = ""
        for text, color in pieces:
            self.text(text, x + text_width(before, size), y, size, color)
            before += text

    def settle(self):
        """What is drawn from now on lies above the texts so far."""
        for color, outlines in self.glyphs.items():
            path = Curve(np.concatenate([v for v, _ in outlines]), np.concatenate([c for _, c in outlines]))
            self.add(PathPatch(path, facecolor=color, linewidth=0))
        self.glyphs.clear()


@lru_cache(8192)
def outline(text, bold=False, italic=False):
    """The outlines of a text at size 1: vertices and codes. A $ is a $: nothing is read as a formula."""
    font = FontProperties(weight="bold" if bold else "normal", style="italic" if italic else "normal")
    vertices, codes = text_to_path.get_text_path(font, text)
    return np.array(vertices) / text_to_path.FONT_SCALE, codes


@lru_cache(8192)
def text_width(text, size, bold=False, italic=False):
    """How wide a text is in CSS pixels."""
    return size * sum([room(letter, next_one, bold, italic) for letter, next_one in pairwise(f"{text}|")])


@lru_cache(8192)
def room(letter, next_one, bold, italic):
    """How far a letter moves what follows it to the right at size 1. Texts are many, and pairs of letters few."""
    # A space has no outline: both are measured up to a bar.
    return reach(f"{letter}{next_one}|", bold, italic) - reach(f"{next_one}|", bold, italic)


@lru_cache(8192)
def reach(text, bold, italic):
    """How far to the right the outlines of a text reach at size 1."""
    return outline(text, bold, italic)[0][:, 0].max()
