"""The brush that writes SVG, as small as it can be; ``diagram/brush.js`` has the same brushes for the browser."""

import base64
import re
from functools import lru_cache
from html import escape
from itertools import groupby

import numpy as np

from helpers.pictures.raster import png

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"  # whichever the reader has
BASELINE = 0.36  # of a letter's size: from the middle of a digit down to its foot
MANY = 4096  # cells: more are an image even where shapes are wanted
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # what XML cannot hold
ANCHORS = {"left": "", "center": ' text-anchor="middle"', "right": ' text-anchor="end"'}


class SvgBrush:
    """Collects shapes and, above them, texts; ``document`` is all of them, ``settle`` puts a layer on top.

    shapes: each cell is a shape, which another program can edit; else a matrix is one tiny image, many times shorter.
    """

    def __init__(self, shapes=False):
        self.shapes, self.parts, self.texts = shapes, [], {}

    def rect(self, x, y, width, height, fill="none", stroke="", line=1, dash=""):
        border = f' stroke="{stroke}" stroke-width="{line}"' if stroke else ""
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<rect {frame(x, y, width, height)} fill="{fill}"{border}{dashes}/>')

    def cells(self, x, y, width, height, colors):
        """A block of cells. colors: (rows, columns, 3), from 0 to 255."""
        if self.shapes and colors[..., 0].size <= MANY:
            self.each_cell(x, y, width, height, colors)
            return
        image = base64.b64encode(png(colors)).decode()
        self.parts.append(
            f'<image {frame(x, y, width, height)} preserveAspectRatio="none" image-rendering="optimizeSpeed" '
            f'style="image-rendering:pixelated" xlink:href="data:image/png;base64,{image}"/>'
        )

    def each_cell(self, x, y, width, height, colors):
        """A shape for all cells of one color."""
        rows, columns, _ = colors.shape
        wide, high, alike = width / columns, height / rows, {}
        for row, column in np.ndindex(rows, columns):
            outline = f"M{short(x + column * wide)} {short(y + row * high)}h{short(wide)}v{short(high)}h{short(-wide)}z"
            alike.setdefault(bytes(colors[row, column]).hex(), []).append(outline)
        self.parts += [f'<path fill="#{color}" d="{"".join(outlines)}"/>' for color, outlines in alike.items()]

    def lines(self, segments, color, line=1):
        """Straight lines. segments: [(x1, y1, x2, y2), ...]"""
        path = "".join(straight(*segment) for segment in segments)
        self.parts.append(f'<path d="{path}" fill="none" stroke="{color}" stroke-width="{line}"/>')

    def way(self, points, color, line=1):
        """A line with round corners: a start, three points a corner (its begin, itself, its end), an end."""
        start, *corners, end = map(point, points)
        path = "".join(f"L{begin}Q{corner} {after}" for begin, corner, after in zip(*[iter(corners)] * 3))
        self.parts.append(f'<path d="M{start}{path}L{end}" fill="none" stroke="{color}" stroke-width="{line}"/>')

    def polygons(self, outlines, color):
        """Filled shapes. outlines: the corners of each, [[(x, y), ...], ...]"""
        path = "".join(f"M{'L'.join(map(point, corners))}z" for corners in outlines)
        self.parts.append(f'<path d="{path}" fill="{color}"/>')

    def veil(self, areas, color, opacity):
        """Rectangles that what lies below shines through. areas: [(x, y, width, height), ...]"""
        path = "".join(
            f"M{point((x, y))}h{short(width)}v{short(height)}h{short(-width)}z" for x, y, width, height in areas
        )
        self.parts.append(f'<path d="{path}" fill="{color}" fill-opacity="{opacity}"/>')

    def settle(self):
        """What is drawn from now on lies above the texts so far."""
        self.parts += [in_one_style(*style, entries) for style, entries in self.texts.items()]
        self.texts = {}

    def text(self, text, x, y, size, color, **style):
        """A text in one color. style: as of ``words``"""
        self.words([(text, color)], x, y, size, **style)

    def words(self, pieces, x, y, size, align="left", bold=False, italic=False, turned=False):
        """A line of text in several colors, from, around or up to x; y is the middle of its digits.

        pieces: [(text, color), ...]. turned: it reads upward.
        """
        (first, color), *others = pieces
        inside = [written(first), *(f'<tspan fill="{other}">{written(text)}</tspan>' for text, other in others)]
        style = size, color, align, bold, italic
        self.texts.setdefault(style, []).append((x, y, turned, "".join(inside)))

    def document(self, width, height, alt=""):
        """All that was drawn, on a page of this size. alt: what it shows, as the title of the file."""
        page = f'width="{short(width)}" height="{short(height)}" viewBox="0 0 {short(width)} {short(height)}"'
        spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        title = [f"<title>{written(alt)}</title>"] * bool(alt)
        self.settle()
        return "\n".join([f'<svg {spaces} {page} font-family="{FONT}">', *title, *self.parts, "</svg>\n"])


def in_one_style(size, color, align, bold, italic, entries):
    """A group of texts that look alike; those on one line share it."""
    look = ANCHORS[align] + ' font-weight="600"' * bold + ' font-style="italic"' * italic
    shift, found = BASELINE * size, []
    for (y, turned), line in groupby(entries, key=lambda entry: entry[1:3]):
        line = list(line)
        if turned:
            found += [
                f'<text transform="translate({short(x + shift)} {short(y)})rotate(-90)">{inside}</text>'
                for x, _, _, inside in line
            ]
        elif len(line) == 1:
            found.append(f'<text x="{short(line[0][0])}" y="{short(y + shift)}">{line[0][3]}</text>')
        else:
            parts = "".join(f'<tspan x="{short(x)}">{inside}</tspan>' for x, _, _, inside in line)
            found.append(f'<text y="{short(y + shift)}">{parts}</text>')
    return f'<g font-size="{short(size)}" fill="{color}"{look}>{"".join(found)}</g>'


def short(number):
    """A number with one decimal at most: ``short(7.0) == "7"``, ``short(2 / 3) == "0.7"``."""
    tenths = round(10 * number)
    return str(tenths // 10) if tenths % 10 == 0 else str(tenths / 10)


def frame(x, y, width, height):
    return f'x="{short(x)}" y="{short(y)}" width="{short(width)}" height="{short(height)}"'


def point(place):
    return " ".join(map(short, place))


def straight(x1, y1, x2, y2):
    """One straight line of a path."""
    if y1 == y2:
        return f"M{short(x1)} {short(y1)}H{short(x2)}"
    return f"M{short(x1)} {short(y1)}" + (f"V{short(y2)}" if x1 == x2 else f"L{short(x2)} {short(y2)}")


@lru_cache(8192)
def written(text):
    """A text as XML holds it."""
    return escape(UNWRITABLE.sub("\ufffd", text), quote=False)
