"""Where everything in a diagram stands: matrices in the order they are computed, left to right, wrapped.

A parameter stands above the matrix it makes, as in a matrix product on paper: rows of the result line
up with the rows of x, columns with the columns of W. So does one that is added to each row. Heads stand side by side,
as tiles
of one matrix: (heads, T, head_size) looks like the (T, C) that it is cut from. Units are CSS pixels.
``diagram/layout.js`` is this module again, for the browser, where the width is known only when it is
drawn; a test holds the two equal.
"""

import math
from dataclasses import dataclass
from itertools import combinations, pairwise

from helpers.look.annotations import letters, tidy, wrap
from helpers.look.style import TOKENS

# Cells that hold a number: width, height, font size, compact numbers. The largest that fits is taken.
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
TALLEST = 2600, 1000  # with numbers, and with color alone
TITLE, COLUMNS, GUTTER, SUMS, GAP, RISE, MARGIN = 34, 14, 19, 36, 22, 14, 12
ARCS = 30  # room below a band for the arrows that pass under it
TILED = "n"  # the axis whose indices, the heads, are tiles side by side where it is not one of the last two
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


def matrices(trace, notes=None):
    """The matrices of a Trace as the layout sees them: the last two axes of each value, once for each head.

    notes: texts by the name of the matrix that they stand over.
    """

    def longest(axis):
        return max(map(len, trace.words(axis) or [""]))

    found = []
    for step in trace:
        rows, columns = on_paper(step)
        readers = [other for other in trace if step.name in other.inputs]
        above = readers[0].name if len(readers) == 1 and stands_above(step, readers[0]) else ""
        title = max(7 * len(step.name) + 12, 5.6 * len(step.shape))
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
                step.inputs,
                note,
                noted,
            )
        )
    return found


def stands_above(step, reader):
    """Is it a parameter on the right of a matrix product, or added to each row, whose columns are those of the
    result?
    """
    (axis, _), (same, _) = on_paper(step)[1], on_paper(reader)[1]
    joins = reader.kind == "sum-product" or (reader.kind == "add" and len(step.axes) == 1)
    return (
        step.parameter
        and joins
        and reader.inputs[-1] == step.name
        and axis == same
        and axis not in TOKENS
        and tiles(step) == tiles(reader)
    )


def tiles(step):
    """How many tiles a step is drawn with: one for each head, where heads are a higher axis; else one."""
    return dict(zip(step.axes[:-2], step.value.shape)).get(TILED, 1)


def on_paper(step):
    """(axis, size) of the rows and of the columns a step is drawn with; a lone token axis runs down."""
    return down_and_across(step, ("", 1), zip(step.axes, step.value.shape))


def place_of(step, index):
    """Where the cell of an index is drawn: (tile, row, column)."""
    return dict(zip(step.axes[:-2], index)).get(TILED, 0), *down_and_across(step, 0, index)


def down_and_across(step, empty, along):
    """Of something that each axis has: what its rows have and what its columns have, where an axis is missing
    ``empty``.
    """
    found = [empty, empty, *along]
    if len(step.axes) == 1 and step.axes[0] in (*TOKENS, "b"):
        return found[-1], found[0]
    return found[-2], found[-1]


def lay_out(matrices, width):
    """Place the matrices: a dictionary with width, height, cell, font, compact, numbers, boxes and edges.

    A box gives x and y of its first cell, x and width of each tile, the top of its title, the room to the
    right of x, the lines of its note (between title and cells), its band and whether its rows have words;
    an edge gives the names it joins, the four points of a Bezier curve, and whether it would run across
    other matrices: then it is drawn only where somebody points.
    """
    if not matrices:
        return {
            "width": width,
            "height": 40,
            "boxes": {},
            "edges": [],
            "cell": [1, 1],
            "font": 9,
            "compact": True,
            "numbers": False,
            "overflow": False,
        }
    chosen = None
    for cell_width, cell_height, font, compact in NUMBERED:
        plan = place(matrices, width, cell_width, cell_height, True)
        if plan["overflow"] or plan["height"] > TALLEST[0]:
            continue
        chosen = {**plan, "cell": [cell_width, cell_height], "font": font, "compact": compact, "numbers": True}
        if plan["height"] <= ONE_SCREEN:
            break
    if chosen is None:
        for size in COLORED:
            plan = place(matrices, width, size, size, False)
            chosen = {**plan, "cell": [size, size], "font": 9, "compact": True, "numbers": False}
            if not plan["overflow"] and plan["height"] <= TALLEST[1]:
                break
    chosen["edges"] = edges(matrices, chosen["boxes"], chosen["numbers"])
    lowest = max(box["y"] + box["height"] for box in chosen["boxes"].values())
    arcs = max((point[1] for edge in chosen["edges"] for point in edge["points"]), default=0)
    chosen["height"] = max(lowest, arcs) + MARGIN
    return chosen


def place(matrices, width, cell_width, cell_height, words):
    """One try at one cell size: boxes in bands, and whether a box is wider than the page."""
    above = {m.above: m for m in matrices if m.above}
    blocks = [(m, above.get(m.name)) for m in matrices if not m.above]

    def stride(m):  # from one tile to the next, a third of a cell apart
        return m.columns * cell_width + beside(m) * words + max(cell_width // 3, APART)

    def span(m):  # from the first cell to the last
        return m.columns * cell_width + (m.tiles - 1) * stride(m)

    room, notes = {}, {}  # by the name of a matrix: the width from its first cell on, the lines of its note
    for block in blocks:
        matrix, parties = block[0], [m for m in block if m]
        cells = span(matrix) + beside(matrix) * words
        for m in parties:
            room[m.name] = max(cells, *(max(party.title, party.noted) for party in parties))
            notes[m.name] = wrap(m.note, (room[m.name] - INDENT) // LETTER)

    def across(block, first):  # width to the left of the cells, and in all
        left = GUTTER + LETTER * min(block[0].labels, LONGEST) * (first and words)
        return left, left + room[block[0].name]

    def centers(bands):  # where the middle of each matrix of these bands stands
        found = {}
        for band in bands:
            x = MARGIN
            for block in band:
                left, needed = across(block, block is band[0])
                found[block[0].name] = x + left + span(block[0]) / 2
                x += needed + GAP
        return found

    def fits(band):
        return sum(across(block, block is band[0])[1] + GAP for block in band) - GAP + 2 * MARGIN <= width

    def stretch(bands):  # how far all arrows run sideways
        at = centers(bands)
        return sum(abs(at[m.name] - at[source]) for m, _ in blocks for source in m.inputs if source in at)

    def written(m):  # the height of what stands over the cells
        return (
            TITLE + LINE * len(notes[m.name]) + AIR * bool(notes[m.name]) + TILE_NAME * (m.tiles > 1) * words + COLUMNS
        )

    def height(band):
        heads = max(written(m) + over(m) * words for m, _ in band)
        up = max(written(m) + RISE + p.rows * cell_height + written(p) if p else 0 for m, p in band)
        return max(up, heads) + max(m.rows for m, _ in band) * cell_height

    # Low pictures with short arrows are the easiest to read.
    best = min(splits(blocks, fits), key=lambda bands: stretch(bands) + 2 * sum(map(height, bands)))
    boxes, y = {}, MARGIN / 2
    for number, band in enumerate(best):
        x = MARGIN
        bottom = y + height(band)
        for block in band:
            matrix, parameter = block
            left, needed = across(block, block is band[0])
            high = matrix.rows * cell_height
            top = bottom - high - written(matrix) - over(matrix) * words
            box = {
                "x": x + left,
                "y": bottom - high,
                "top": top,
                "band": number,
                "left": left,
                "room": room[matrix.name],
                "words": words and block is band[0] and matrix.labels > 0,
                "note": notes[matrix.name],
                "width": span(matrix),
                "height": high,
                "tiles": [(x + left + i * stride(matrix), matrix.columns * cell_width) for i in range(matrix.tiles)],
            }
            boxes[matrix.name] = box
            if parameter:
                high = parameter.rows * cell_height
                high_y = top - RISE - high
                boxes[parameter.name] = {
                    **box,
                    "y": high_y,
                    "top": high_y - written(parameter),
                    "height": high,
                    "words": False,
                    "note": notes[parameter.name],
                }
            x += needed + GAP
        y = bottom + ARCS + MARGIN / 2
    return {"width": width, "height": y, "boxes": boxes, "overflow": not all(map(fits, best))}


def beside(matrix):
    """The room for its sums to the right of a matrix, or of each of its tiles."""
    return matrix.sums * (SUMS if matrix.tiles == 1 else TILE_SUMS)


def over(matrix):
    """The room for the tokens over its columns: letters stand upright there, words are turned."""
    return LETTER * (2 if matrix.heads == 1 else min(matrix.heads, LONGEST))


def splits(blocks, fits):
    """The ways to cut the row of blocks into the fewest bands that fit (one way, if there are many)."""
    greedy = [[]]
    for block in blocks:
        if greedy[-1] and not fits([*greedy[-1], block]):
            greedy.append([])
        greedy[-1].append(block)
    if math.comb(len(blocks), len(greedy) - 1) > 150:
        return [greedy]
    cuts = combinations(range(1, len(blocks)), len(greedy) - 1)
    ways = [[blocks[a:b] for a, b in pairwise((0, *cut, len(blocks)))] for cut in cuts]
    return [bands for bands in ways if all(map(fits, bands))] or [greedy]


def edges(matrices, boxes, numbers):
    """The arrows of the data flow: from above, from beside, from below in the same band, or from an earlier band."""
    found = []
    order = [m.name for m in matrices if not m.above]
    sums = {m.name: beside(m) * numbers for m in matrices}
    above = {m.above: m.name for m in matrices if m.above}
    for matrix in matrices:
        for source in matrix.inputs:
            a, b = boxes[source], boxes[matrix.name]
            from_x, to_x = a["x"] + a["width"] / 2, b["x"] + b["width"] / 2
            below, top = a["y"] + a["height"] + 3, b["top"] - 1
            apart = order.index(matrix.name) - order.index(source) if source in order else 0
            if not apart:
                points = straight(to_x, below, to_x, top)
            elif a["band"] != b["band"]:
                half = below + ARCS / 2  # sideways in the gap between bands, above the titles of the next
                over = boxes[above.get(matrix.name, matrix.name)]["top"] - 1  # through the parameter, not across it
                points = [[from_x, below], [from_x, half], [to_x, half], [to_x, over]]
            elif apart == 1:
                y = b["y"] + b["height"] - min(a["height"], b["height"]) / 2  # both stand on the same line
                points = straight(a["x"] + a["width"] + sums[source] + 3, y, b["x"] - b["left"] - 1, y)
            else:
                low = max(below, b["y"] + b["height"] + 3)
                sag = low + min(14 + 4 * apart, 36)
                points = [[from_x, low], [from_x, sag], [to_x, sag], [to_x, low]]
            low, high = min(from_x, to_x), max(from_x, to_x)
            across = [
                box
                for box in boxes.values()
                if a["band"] < box["band"] < b["band"]
                and box["x"] - box["left"] < high
                and low < box["x"] + box["width"]
            ]
            found.append({"from": source, "to": matrix.name, "points": points, "across": bool(across)})
    return found


def straight(x1, y1, x2, y2):
    """A straight line as a Bezier curve."""
    return [[x1, y1], [(2 * x1 + x2) / 3, (2 * y1 + y2) / 3], [(x1 + 2 * x2) / 3, (y1 + 2 * y2) / 3], [x2, y2]]
