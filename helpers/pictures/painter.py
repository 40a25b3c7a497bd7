"""Draws a laid-out Trace with a brush; ``diagram/paint.js`` is this module again, for the browser."""

import numpy as np

from helpers.look import lanes, layout
from helpers.look.annotations import withheld
from helpers.look.style import AXES, ROLES, cell_text, fills, marks, mix, number, size_name
from helpers.pictures import thin
from helpers.pictures.letters import fitted, width
from helpers.pictures.light import light

NAME, SHAPE, NOTE, TOKEN, LABEL = 13.5, 11, 11, 10.5, 9.5  # sizes of letters
HEAD = 6  # the length of an arrow's head
SMALLEST = 0.75  # of the font: only numbers that are wider still are smaller than the others of their matrix


def shown(step, pick):
    """The numbers of a step that are drawn, as a (tiles, rows, columns) array: higher axes at the picked index."""
    rows, columns = layout.on_paper(step)
    tiled = layout.tile_axis(step)
    higher = tuple(slice(None) if axis == tiled else pick.get(axis, 0) for axis in step.axes[:-2])
    return step.value[higher].reshape(layout.tiles(step), rows[1], columns[1])


class Painter:
    """Draws one Trace, laid out in a plan, with a brush.

    theme: one of ``THEMES``' values, dark: is it the dark one? pick, blank, pinned: as of ``picture``.
    """

    def __init__(self, brush, trace, plan, theme, dark, pick, blank=None, pinned=None):
        self.brush, self.trace, self.plan, self.theme, self.dark = brush, trace, plan, theme, dark
        self.pick, self.blank, self.pinned, self.empty = pick, blank, pinned, withheld(trace, blank)

    def paint(self):
        plan, theme = self.plan, self.theme
        self.brush.rect(0, 0, plan["width"], plan["height"], theme["surface"])
        for edge in plan["edges"]:
            self.arrow(edge["points"], theme["edge"])
        for name, box in plan["boxes"].items():
            self.matrix(self.trace[name], box)
        if self.pinned:
            light(self, *self.pinned)
        if plan["longest"]:
            remark, x = thin.sentence(self.trace, plan["longest"]), min(box["x"] for box in plan["boxes"].values())
            self.write(remark, x, plan["height"] - layout.MARGIN, NOTE, theme["muted"], most=plan["width"] - x)

    def arrow(self, points, color, line=1):
        """An arrow along a way with round corners."""
        (x1, y1), (x2, y2) = points[-2:]
        right, down = np.sign(x2 - x1), np.sign(y2 - y1)
        back = x2 - HEAD * right, y2 - HEAD * down
        inside = x2 - HEAD / 2 * right, y2 - HEAD / 2 * down  # of the head: a thick line does not show at its tip
        self.brush.way(
            [points[0], *(place for corner in lanes.rounded(points) for place in corner), inside], color, line
        )
        self.brush.polygons(
            [[(x2, y2), (back[0] - 3 * down, back[1] + 3 * right), (back[0] + 3 * down, back[1] - 3 * right)]], color
        )

    def write(self, text, x, y, size, color, most=0, **style):
        """Write a text, smaller or cut where it would be wider than ``most``."""
        if most:
            text, size = fitted(text, size, most, style.get("bold", False))
        self.brush.text(text, x, y, size, color, **style)

    def matrix(self, step, box):
        values, role, empty = shown(step, self.pick), ROLES[step.role][self.dark], step.name in self.empty
        cells = thin.strongest(values, self.plan["longest"])  # (tiles, rows, columns)
        if empty:
            for x, wide in box["tiles"]:
                self.brush.rect(x, box["y"], wide, box["height"], self.theme["surface"])
        else:
            self.colors(step, box, values, cells)
        if self.plan["numbers"]:
            self.grid(box, cells)
            if not empty:
                self.cells(step, box, cells)
        for x, wide in box["tiles"]:
            self.brush.rect(x, box["y"], wide, box["height"], stroke=role, line=2, dash="5 3" * step.parameter)
        if self.blank and self.blank[0] == step.name:
            self.question(box, role)
        self.title(step, box, role)
        self.note(box, role)
        if len(box["tiles"]) > 1:
            self.tile_names(box)
        if self.plan["numbers"]:
            self.labels(step, box, values, empty)

    def colors(self, step, box, values, cells):
        """The colors of all cells; where there is no room for a mark in its corner, a cell is marked as a whole."""
        finite = np.abs(values, where=np.isfinite(values), out=np.zeros(values.shape))
        colors = fills(cells, step.role, finite.max(), self.theme, coarse=not self.plan["numbers"])
        if not self.plan["numbers"]:
            colors[marks(cells, step.role)] = list(bytes.fromhex(self.theme["alarm"][1:]))
        for (x, wide), tile in zip(box["tiles"], colors):
            self.brush.cells(x, box["y"], wide, box["height"], tile)

    def grid(self, box, cells):
        (width, height), y, (_, rows, columns) = self.plan["cell"], box["y"], cells.shape
        lines = []
        for x, wide in box["tiles"]:
            lines += [(x, y + r * height, x + wide, y + r * height) for r in range(1, rows)]
            lines += [(x + c * width, y, x + c * width, y + box["height"]) for c in range(1, columns)]
        if lines:
            self.brush.lines(lines, self.theme["line"], 0.6)

    def corners(self, box, which):
        """The upper left corners of the cells where ``which`` (tiles, rows, columns) is true."""
        width, height = self.plan["cell"]
        return [
            (box["tiles"][tile][0] + c * width, box["y"] + r * height) for tile, r, c in np.argwhere(which).tolist()
        ]

    def cells(self, step, box, values):
        """What stands in the cells: hatches, marks and numbers."""
        plan, theme, (wide, high) = self.plan, self.theme, self.plan["cell"]
        masked, alarms = self.corners(box, values == -np.inf), self.corners(box, marks(values, step.role))
        if masked:
            self.brush.lines(hatch(masked, wide, high), theme["hatch"], 0.6)
        if alarms:
            corner = [(0, 0), (wide / 3, 0), (0, high / 3)]
            self.brush.polygons([[(x + dx, y + dy) for dx, dy in corner] for x, y in alarms], theme["alarm"])
        # All numbers of a matrix are of one size: the largest at which the widest of them fits. An en dash is a narrow
        # minus.
        numbers = values.ravel().tolist()
        texts = [cell_text(value, step.digits, plan["compact"]).replace("−", "–") for value in numbers]
        most, widest = wide - 3, max(map(width, texts))
        size = int(2 * plan["font"] * max(min(1, most / (widest * plan["font"])), SMALLEST)) / 2
        for text, value, (x, y) in zip(texts, numbers, self.corners(box, np.ones(values.shape, bool))):
            if value == -np.inf and plan["compact"]:
                continue  # the hatch says it
            own = min(size, int(10 * most / width(text)) / 10)
            self.brush.text(
                text, x + wide / 2, y + high / 2, own, theme["muted" if value == 0 else "ink"], align="center"
            )

    def sizes(self, step):
        """How many tiles, rows and columns a matrix is drawn with."""
        rows, columns = (thin.drawn(size, self.plan["longest"]) for _, size in layout.on_paper(step))
        return layout.tiles(step), rows, columns

    def place(self, step, index):
        """Tile, row and column of a number, or None where its higher axes are picked at another index."""
        tiled = layout.tile_axis(step)
        if any(self.pick.get(axis, 0) != at for axis, at in zip(step.axes[:-2], index) if axis != tiled):
            return None
        tile, *place = layout.place_of(step, index)
        sizes = (size for _, size in layout.on_paper(step))
        return tile, *(at // thin.together(size, self.plan["longest"]) for at, size in zip(place, sizes))

    def question(self, box, role):
        """The cell that is asked for: a question mark in a frame."""
        name, index = self.blank
        place, (wide, high), numbers = self.place(self.trace[name], index), self.plan["cell"], self.plan["numbers"]
        if place is None:
            return
        tile, row, column = place
        x, y = box["tiles"][tile][0] + column * wide, box["y"] + row * high
        self.brush.rect(x, y, wide, high, mix(self.theme["surface"], role, 0.16), role, 3 if numbers else 1)
        if numbers:
            style = {"color": self.theme["ink"], "align": "center", "bold": True}
            self.brush.text("?", x + wide / 2, y + high / 2, self.plan["font"] + 2, **style)

    def title(self, step, box, role):
        """The name of a matrix, and under it its shape, each size in the color of its axis."""
        x, y, muted, room = box["x"], box["top"], self.theme["muted"], self.room(box)
        self.brush.rect(x, y + 5, 8, 8, role)
        self.write(step.name, x + 13, y + 9.5, NAME, self.theme["ink"], most=room - 13, bold=True)
        pieces = [("(", muted)]
        for axis, size in zip(step.axes, step.value.shape):
            named = f"{step.names.get(axis) or size_name(axis)}={size}"
            pieces += [(", ", muted)] * (len(pieces) > 1) + [(named, self.axis_color(axis))]
        _, size = fitted(step.shape, SHAPE, room)
        self.brush.words([*pieces, (")", muted)], x, y + 25, size)

    def room(self, box):
        """How wide a title may be: up to the next matrix, or the edge of the page."""
        beside = [other["x"] for other in self.plan["boxes"].values() if other["band"] == box["band"]]
        return min([x for x in beside if x > box["x"]], default=self.plan["width"]) - 8 - box["x"]

    def note(self, box, role):
        x, y, high = box["x"], box["top"] + layout.TITLE, layout.LINE
        for i, line in enumerate(box["note"]):
            written = {"most": box["room"] - layout.INDENT, "italic": True}
            self.write(line, x + layout.INDENT, y + (i + 0.5) * high, NOTE, self.theme["muted"], **written)
        if box["note"]:
            self.brush.rect(x, y + 1, 2, len(box["note"]) * high - 2, role)

    def axis_color(self, axis):
        return AXES[axis][1 + self.dark] if axis in AXES else self.theme["muted"]

    def tile_names(self, box):
        """Which head is which: in full, or its number where a tile is narrow."""
        note, tiles = box["note"], box["tiles"]
        y = box["y"] - 8
        if self.plan["numbers"]:  # above the columns' indices and words
            y = box["top"] + layout.TITLE + layout.LINE * len(note) + layout.AIR * bool(note) + 0.4 * layout.TILE_NAME
        room, last = tiles[1][0] - tiles[0][0] - 4, len(tiles) - 1
        name = next((name for name in ("head {}", "{}") if width(name.format(last), LABEL) <= room), "")
        for tile, (x, wide) in enumerate(tiles) if name else ():
            self.write(name.format(tile), x + wide / 2, y, LABEL, self.axis_color(layout.TILED[0]), align="center")

    def labels(self, step, box, values, empty):
        """What stands around the cells: indices, words, and the sums of rows of weights."""
        wide, high = self.plan["cell"]
        (rows, _), (columns, _) = layout.on_paper(step)
        beside, above = (
            [word if len(word) <= layout.LONGEST else word[: layout.LONGEST - 1] + "…" for word in found or []]
            for found in map(self.trace.words, (rows, columns))
        )
        words, most = {"size": TOKEN, "color": self.theme["muted"]}, layout.LETTER * layout.LONGEST
        letters, y = all(len(word) < 2 for word in above), box["y"]
        below = layout.LETTER * max(map(len, above), default=0)  # what a word may be long that stands below the shape
        reach = box["room"] if box["note"] else width(step.shape, SHAPE)
        for r in range(values.shape[1]):
            middle = y + (r + 0.5) * high
            self.write(str(r), box["x"] - 5, middle, LABEL, self.axis_color(rows), align="right")
            if box["words"] and r < len(beside):
                self.write(beside[r], box["x"] - layout.GUTTER, middle, **words, most=most, align="right")
        for left, _ in box["tiles"]:
            for c in range(values.shape[2]):
                x = left + (c + 0.5) * wide
                self.write(str(c), x, y - 8, LABEL, self.axis_color(columns), align="center")
                if c < len(above):
                    turned = {"most": below if x - layout.LETTER - box["x"] < reach else most, "turned": True}
                    upright = {"most": wide, "align": "center"} if letters else turned
                    self.write(above[c], x, y - layout.COLUMNS - (layout.LETTER if letters else 1), **words, **upright)
        if step.role == "weights" and not empty:
            self.sums(box, values.sum(axis=-1))

    def sums(self, box, sums):
        """The sum of each row; between tiles there is room for one Σ, over all of them."""
        tiled = len(sums) > 1
        style = {"size": LABEL, "color": self.theme["muted"], "most": (layout.TILE_SUMS if tiled else layout.SUMS) - 5}
        for (x, wide), tile in zip(box["tiles"], sums):
            if tiled:
                self.write("Σ", x + wide + 5, box["y"] - 8, **style)
            for r, total in enumerate(tile):
                text = ("" if tiled else "Σ ") + number(total, 2)
                self.write(text, x + wide + 5, box["y"] + (r + 0.5) * self.plan["cell"][1], **style)


def hatch(corners, wide, high):
    """Thin lines across cells, three to a side; those that meet at the edge of a cell are one.

    corners: the upper left ones of the cells, [(x, y), ...]. Returns [(x1, y1, x2, y2), ...].
    """
    up = {}  # where a line begins: where it ends
    for x, y in corners:
        for part in (1 / 3, 2 / 3, 1):
            up[hundredths(x, y + high * part)] = hundredths(x + wide * part, y)
        for part in (1 / 3, 2 / 3):
            up[hundredths(x + wide * part, y + high)] = hundredths(x + wide, y + high * part)
    joined, inner = [], {*up.values()}
    for start in [place for place in up if place not in inner]:
        end = up[start]
        while end in up:
            end = up[end]
        joined.append((*start, *end))
    return joined


def hundredths(x, y):
    """A place that can be compared: thirds are never quite the same."""
    return round(x, 2), round(y, 2)
