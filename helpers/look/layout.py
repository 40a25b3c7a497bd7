"""Where everything in a diagram stands: matrices in the order they are computed, left to right, wrapped.

A parameter stands above the matrix it makes, as in a matrix product on paper: rows of the result line
up with the rows of x, columns with the columns of W. So does one that is added to each row. Heads stand side by side,
as tiles of one matrix: (heads, T, head_size) looks like the (T, C) that it is cut from. Between the matrices run the
arrows (``lanes``). Units are CSS pixels. ``diagram/layout.js`` is this module again, for the browser, where the width
is known only when it is drawn; a test holds the two equal.
"""

import math
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise

from helpers.look import lanes
from helpers.look.annotations import letters, tidy, wrap
from helpers.look.style import TOKENS

# Cells that hold a number: width, height, font size, compact numbers. The largest that fits is taken.
GROWN = ((64, 42, 18, False), (56, 37, 16.5, False), (48, 32, 14.5, False))  # where all stand in one low band
NUMBERED = (
    (42, 28, 13, False),
    (36, 24, 12, False),
    (32, 21, 11, False),
    (28, 19, 10, False),
    (22, 17, 9.5, True),
    (20, 16, 9, True),
)
COLORED = (12, 9, 7, 5, 4, 3, 2)  # cells too small for a number
ONE_SCREEN = 700  # a diagram as high as this is seen at once
LOW = 450  # one whose cells have grown leaves room for text
TALLEST = 2600, 1000  # with numbers, and with color alone
TITLE, COLUMNS, GUTTER, SUMS, GAP, RISE, MARGIN = 34, 14, 19, 36, 24, 14, 12
TILED = ("n", "m")  # the axes whose indices, the heads, are tiles side by side where they are not the last two
TILE_NAME, TILE_SUMS, APART = 16, 28, 4  # the line that names a tile, the room for its sums, the least gap after it
LETTER, LONGEST = 6, 8  # width of a letter of a token's label or a note, and how many letters of a label are shown
NOTE, INDENT, LINE, AIR = (
    130,
    9,
    14,
    5,
)  # a note: the width it may ask for, the rule to its left, a line, the room below


@dataclass(frozen=True)
class Matrix:
    """What the layout needs to know of a step: its size on paper and what is written around it."""

    name: str
    rows: int
    columns: int  # of one tile
    tiles: int = 1
    title: int = 80  # width of the title
    labels: int = 0  # letters of the longest token beside its rows
    heads: int = 0  # letters of the longest token above its columns
    sums: bool = False
    above: str = ""  # for a parameter: the name of the matrix that it makes
    inputs: tuple = ()
    note: str = ""
    noted: int = 0  # the width that the note asks for
    whose: str = ""  # the axis that the words beside its rows belong to


def matrices(trace, notes=None):
    """The matrices of a Trace as the layout sees them: the last two axes of each value, once for each head.

    notes: texts by the name of the matrix that they stand over.
    """

    words = {axis: trace.words(axis) or [] for step in trace.shown for axis in ("", *step.axes)}
    reads = {step.name: trace.reads(step) for step in trace.shown}

    def longest(axis):
        return max(map(len, words[axis]), default=0)

    def whose(axis):
        return next(other for other in words if words[other] == words[axis])

    found = []
    for step in trace.shown:
        rows, columns = on_paper(step)
        readers = [name for name, read in reads.items() if step.name in read]
        is_last = len(readers) == 1 and reads[readers[0]][-1] == step.name
        above = readers[0] if is_last and stands_above(step, trace[readers[0]]) else ""
        # As wide as it is in a wide font: arrows run close to it.
        title = max(9 * len(step.name) + 13, 6.2 * len(step.shape))
        note = tidy((notes or {}).get(step.name, ""))
        noted = min(NOTE, INDENT + LETTER * letters(note)) if note else 0
        found.append(
            Matrix(
                step.name,
                rows[1],
                columns[1],
                tiles(step),
                int(title),
                longest(rows[0]),
                longest(columns[0]),
                step.role == "weights",
                above,
                reads[step.name],
                note,
                noted,
                whose(rows[0]),
            )
        )
    return found


def stands_above(step, reader):
    """Is it a parameter on the right of a matrix product, or added to each row, whose columns are those of the
    result? reader: what reads it, last.
    """
    (axis, _), (same, _) = on_paper(step)[1], on_paper(reader)[1]
    joins = reader.kind == "sum-product" or (reader.kind == "add" and len(step.axes) == 1)
    return step.parameter and joins and axis == same and axis not in TOKENS and tiles(step) == tiles(reader)


def tile_axis(step):
    """The axis whose indices are tiles side by side, or None."""
    return next((axis for axis in step.axes[:-2] if axis in TILED), None)


def tiles(step):
    """How many tiles a step is drawn with: one for each head, where heads are a higher axis; else one."""
    return dict(zip(step.axes[:-2], step.value.shape)).get(tile_axis(step), 1)


def on_paper(step):
    """(axis, size) of the rows and of the columns a step is drawn with; a lone token axis runs down."""
    return down_and_across(step, ("", 1), zip(step.axes, step.value.shape))


def place_of(step, index):
    """Where the cell of an index is drawn: (tile, row, column)."""
    return dict(zip(step.axes[:-2], index)).get(tile_axis(step), 0), *down_and_across(step, 0, index)


def down_and_across(step, empty, along):
    """Of something that each axis has: what its rows have and what its columns have, where an axis is missing
    ``empty``.
    """
    found = [empty, empty, *along]
    if len(step.axes) == 1 and step.axes[0] in (*TOKENS, "b"):
        return found[-1], found[0]
    return found[-2], found[-1]


def lay_out(matrices, width, grow=False):
    """Place the matrices: a dictionary with width, height, cell, font, compact, numbers, boxes and edges.

    A box gives x and y of its first cell, x and width of each tile, the top of its title, the room to the
    right of x, the lines of its note (between title and cells), its band and whether its rows have words;
    an edge gives the names it joins and the points of its way, whose corners are round.
    grow: may cells be larger than usual, where the page is so wide that all stand in one band?
    """
    if not matrices:
        nothing = {"boxes": {}, "edges": [], "cell": [1, 1], "font": 9, "compact": True}
        return {"width": width, "height": 40, **nothing, "numbers": False, "overflow": False}
    page = None
    for cell_width, cell_height, font, compact in GROWN * grow + NUMBERED:
        tried, grown = Page(matrices, width, cell_width, cell_height, True), cell_width > NUMBERED[0][0]
        if grown and not tried.fits(0, len(tried.blocks)):  # in one band
            continue
        if tried.overflow or tried.least > (LOW if grown else TALLEST[0]) or (grown and len(tried.bands) > 1):
            continue
        page, written = tried, {"font": font, "compact": compact, "numbers": True}
        if page.least <= ONE_SCREEN and page.plan["height"] <= ONE_SCREEN:
            break
    if page is None:
        for size in COLORED:
            page, written = Page(matrices, width, size, size, False), {"font": 9, "compact": True, "numbers": False}
            if not page.overflow and page.least <= TALLEST[1]:
                break
    return {**page.plan, **written}


class Page:
    """One try to place the matrices, at one cell size.

    bands: where the row of matrices is cut, (start, stop) each. least: how high it is at least, with few arrows.
    """

    def __init__(self, matrices, width, cell_width, cell_height, words):
        self.matrices, self.width, self.cell, self.words = matrices, width, [cell_width, cell_height], words
        above = {m.above: m for m in matrices if m.above}
        self.blocks = [(m, above.get(m.name)) for m in matrices if not m.above]
        self.room, self.notes = {}, {}  # by name: the width from the first cell on, the lines of the note
        for block in self.blocks:
            parties = [m for m in block if m]
            cells = self.span(block[0]) + beside(block[0]) * words
            for m in parties:
                self.room[m.name] = max(cells, *(max(party.title, party.noted) for party in parties))
                self.notes[m.name] = wrap(m.note, (self.room[m.name] - INDENT) // LETTER)
        row = {m.name: i for i, (m, _) in enumerate(self.blocks)}
        self.joins = [(i, row[source]) for i, (m, _) in enumerate(self.blocks) for source in m.inputs if source in row]
        self.readers = [[] for _ in self.blocks]
        for i, source in dict.fromkeys(self.joins):
            self.readers[source].append(i)
        self.places, self.middles = cache(self.places), cache(self.middles)
        self.fits, self.height = cache(self.fits), cache(self.height)

    @cached_property
    def bands(self):
        ways = splits(len(self.blocks), self.fits)
        # Low pictures with short arrows are the easiest to read.
        return min(ways, key=self.cost) if len(ways) > 1 else ways[0]

    @property
    def overflow(self):
        return not all(self.fits(*band) for band in self.bands)

    @cached_property
    def least(self):
        return 1.5 * MARGIN + sum([self.height(*band) for band in self.bands]) + lanes.CLEAR * (len(self.bands) - 1)

    def stride(self, m):
        """From one tile to the next, a third of a cell apart."""
        return m.columns * self.cell[0] + beside(m) * self.words + max(self.cell[0] // 3, APART)

    def span(self, m):
        """From the first cell to the last."""
        return m.columns * self.cell[0] + (m.tiles - 1) * self.stride(m)

    def written(self, m):
        """The height of what stands over the cells."""
        note = LINE * len(self.notes[m.name]) + AIR * bool(self.notes[m.name])
        return TITLE + note + TILE_NAME * (m.tiles > 1) * self.words + COLUMNS

    def places(self, start):
        """Where the labels and the cells of each matrix begin, and where its title ends, if a band starts here.

        Words stand beside the first matrix that has them, and where they change.
        """
        found, left, known = [], lanes.TURN + lanes.EDGE, ""
        for m, _ in self.blocks[start:]:
            x = left + GUTTER + LETTER * min(m.labels, LONGEST) * self.words * (m.whose != known)
            known = m.whose if m.labels else known
            found.append((left, x, x + self.room[m.name]))
            left = found[-1][-1] + GAP
        return found

    def middles(self, start, stop):
        """The middle of each matrix of a band."""
        return [x + self.span(m) / 2 for (m, _), (_, x, _) in zip(self.blocks[start:stop], self.places(start))]

    def fits(self, start, stop):
        """Is the page wide enough for this band and for the arrows that go past it?"""
        spare = self.width - MARGIN - self.places(start)[stop - start - 1][-1]
        streets = stop - start + 1 - (start > 0 and self.blocks[start][1] is not None)
        return spare >= 0 and spare >= lanes.LANE * (lanes.passing(self.readers, start, stop) - streets)

    def height(self, start, stop):
        """How high a band is."""
        band = self.blocks[start:stop]
        heads = max(self.written(m) + over(m) * self.words for m, _ in band)
        up = max(self.written(m) + RISE + p.rows * self.cell[1] + self.written(p) if p else 0 for m, p in band)
        return max(up, heads) + max(m.rows for m, _ in band) * self.cell[1]

    def cost(self, bands):
        """How far all arrows run sideways, and how high the picture is."""
        at = [middle for band in bands for middle in self.middles(*band)]
        aside = sum([abs(at[i] - at[source]) for i, source in self.joins])
        return aside + 2 * sum([self.height(*band) for band in bands])

    def stops(self):
        """The matrices as their arrows see them."""
        found = []
        for band, (start, stop) in enumerate(self.bands):
            for (m, parameter), (left, x, right) in zip(self.blocks[start:stop], self.places(start)):
                sources = [source for source in dict.fromkeys(m.inputs) if not parameter or source != parameter.name]
                width = self.span(m)
                end = x + width + beside(m) * self.words
                found.append(lanes.Stop(m.name, band, left, x, width, end, right, tuple(sources), bool(parameter)))
        return found

    @cached_property
    def plan(self):
        """Boxes and arrows, and how high all of it is."""
        stops, boxes, feet, y = self.stops(), {}, [], MARGIN / 2
        tracks, ways = lanes.route(stops, self.width)
        for stop, (m, parameter) in zip(stops, self.blocks):
            if stop.band == len(feet):  # the first of a band
                feet.append(y + self.height(*self.bands[stop.band]))
                y = feet[-1] + lanes.room(tracks[stop.band])
            boxes[m.name] = box = self.box(m, stop, feet[-1])
            if parameter:
                above = self.box(parameter, stop, box["top"] - RISE)
                boxes[parameter.name] = {**above, "tiles": box["tiles"], "width": box["width"], "words": False}
        return {
            "width": self.width,
            "height": feet[-1] + lanes.deep(tracks[-1]) + MARGIN,
            "cell": self.cell,
            "boxes": boxes,
            "edges": edges(self.matrices, boxes, lanes.drawn(ways, stops, boxes, feet)),
            "overflow": self.overflow,
        }

    def box(self, m, stop, foot):
        """What the plan tells of a matrix whose cells end at this height."""
        y = foot - m.rows * self.cell[1]
        return {
            "x": stop.x,
            "y": y,
            "top": y - self.written(m) - over(m) * self.words,
            "band": stop.band,
            "left": stop.x - stop.left,
            "room": self.room[m.name],
            "words": self.words and stop.x - stop.left > GUTTER,
            "note": self.notes[m.name],
            "width": stop.width,
            "height": m.rows * self.cell[1],
            "tiles": [(stop.x + i * self.stride(m), m.columns * self.cell[0]) for i in range(m.tiles)],
        }


def beside(matrix):
    """The room for its sums to the right of a matrix, or of each of its tiles."""
    return matrix.sums * (SUMS if matrix.tiles == 1 else TILE_SUMS)


def over(matrix):
    """The room for the tokens over its columns: letters stand upright there, words are turned."""
    return LETTER * (2 if matrix.heads == 1 else min(matrix.heads, LONGEST))


def splits(count, fits):
    """The ways to cut a row of blocks into the fewest bands that fit (one way, if there are many)."""
    greedy = [0]
    for i in range(1, count):
        if not fits(greedy[-1], i + 1):
            greedy.append(i)
    greedy = [*pairwise((*greedy, count))]
    if math.comb(count, len(greedy) - 1) > 150:
        return [greedy]
    return cuts(0, count, len(greedy), fits) or [greedy]


def cuts(start, stop, bands, fits):
    """The ways to cut a part of the row into so many bands that fit."""
    if bands == 1:
        return [[(start, stop)]] if fits(start, stop) else []
    ends = [end for end in range(start + 1, stop - bands + 2) if fits(start, end)]
    return [[(start, end), *rest] for end in ends for rest in cuts(end, stop, bands - 1, fits)]


def edges(matrices, boxes, ways):
    """The arrows of the data flow, each with the points of its way, from its source to the matrix that is computed."""
    found = []
    for matrix in matrices:
        for source in dict.fromkeys(matrix.inputs):
            above, below = boxes[source], boxes[matrix.name]
            x = lanes.crisp(below["x"] + below["width"] / 2)
            down = [[x, above["y"] + above["height"] + lanes.OFF], [x, below["top"] - 1]]  # from a parameter
            found.append({"from": source, "to": matrix.name, "points": ways.get((source, matrix.name), down)})
    return found
