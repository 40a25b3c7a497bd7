"""Draws a laid-out Trace with matplotlib, all letters as outlines."""

from collections import defaultdict
from functools import lru_cache

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, PathPatch, Rectangle
from matplotlib.path import Path as Curve
from matplotlib.textpath import text_to_path

from helpers.look import lanes, layout
from helpers.look.annotations import withheld
from helpers.look.style import AXES, ROLES, cell_text, fill, marked, mix, number, size_name

NAME, SHAPE, NOTE = 13, 10.5, 10  # font sizes of a title's two lines, and of a note


def shown(step, pick):
    """The numbers of a step that are drawn, as a (tiles, rows, columns) array: higher axes at the picked index."""
    rows, columns = layout.on_paper(step)
    higher = tuple(slice(None) if axis == layout.TILED else pick.get(axis, 0) for axis in step.axes[:-2])
    return step.value[higher].reshape(layout.tiles(step), rows[1], columns[1])


class Painter:
    """Draws one Trace on one matplotlib figure, whose data units are CSS pixels from the top left."""

    def __init__(self, trace, plan, theme, dark, pick, blank=None, pinned=None):
        self.trace, self.plan, self.theme, self.dark, self.pick = trace, plan, theme, dark, pick
        self.blank, self.empty = blank, withheld(trace, blank)
        self.figure = Figure(figsize=(plan["width"] / 96, plan["height"] / 96), facecolor=theme["surface"])
        FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes([0, 0, 1, 1])
        self.axes.set(xlim=(0, plan["width"]), ylim=(plan["height"], 0))
        self.axes.axis("off")
        for edge in plan["edges"]:
            self.arrow(edge["points"])
        self.texts = []  # (text, x, y, color), as drawn
        self.glyphs = defaultdict(list)  # color: outlines of the texts
        for step in trace:
            self.matrix(step, plan["boxes"][step.name])
        if pinned:
            self.light(*pinned)
        for color, outlines in self.glyphs.items():
            path = Curve(np.concatenate([v for v, _ in outlines]), np.concatenate([c for _, c in outlines]))
            # add_artist, not add_patch: the limits are set, and measuring every curve again takes a second.
            self.axes.add_artist(PathPatch(path, facecolor=color, linewidth=0))

    def arrow(self, points):
        """An arrow along a way with round corners."""
        path, codes = [points[0]], [Curve.MOVETO]
        for begin, corner, end in lanes.rounded(points):
            path += [begin, corner, end]
            codes += [Curve.LINETO, Curve.CURVE3, Curve.CURVE3]
        line = Curve([*path, points[-1]], [*codes, Curve.LINETO])
        color = self.theme["edge"]
        self.axes.add_patch(FancyArrowPatch(path=line, arrowstyle="-|>", mutation_scale=7, color=color, linewidth=0.8))

    def text(self, x, y, text, size, color, align="center", bold=False, italic=False, turned=False, most=0):
        """Write as outlines: one path for all texts of a color is many times faster than a text for each.

        most: the widest it may be; what is wider is written smaller.
        """
        self.texts.append((str(text), x, y, color))
        vertices, codes = outline(str(text), bold, italic)
        if not len(vertices):
            return
        width = text_width(str(text), size, bold, italic)
        if most and width > most:
            width, size = most, size * most / width
        shift = {"left": 0, "center": width / 2, "right": width}[align]
        # Letters grow up from the baseline, pages down; 0.36 of the size is half a digit's height.
        placed = vertices * [size, -size] + [-shift, 0.36 * size]
        here = np.array([x, y])
        self.glyphs[color].append((placed[:, ::-1] * [1, -1] + here if turned else placed + here, codes))

    def matrix(self, step, box):
        values, (width, height), role = shown(step, self.pick), self.plan["cell"], ROLES[step.role][self.dark]
        empty = step.name in self.empty
        cells = [
            (value, box["tiles"][tile][0] + c * width, box["y"] + r * height)
            for (tile, r, c), value in np.ndenumerate(values)
        ]
        finite = np.abs(values[np.isfinite(values)])
        top = finite.max() if finite.size else 0
        colors = [self.theme["surface"] if empty else fill(value, step.role, top, self.theme) for value, _, _ in cells]
        self.axes.add_collection(
            PolyCollection(
                corners([(x, y) for _, x, y in cells], width, height),
                facecolor=colors,
                edgecolor=self.theme["line"] if self.plan["numbers"] else "none",
                linewidth=0.5,
            )
        )
        if not empty:
            self.cells(step, cells)
        for x, wide in box["tiles"]:
            self.axes.add_patch(
                Rectangle(
                    (x, box["y"]),
                    wide,
                    box["height"],
                    fill=False,
                    edgecolor=role,
                    linewidth=1.5,
                    linestyle="--" if step.parameter else "-",
                )
            )
        if self.blank and self.blank[0] == step.name:
            self.question(box, role)
        self.title(step, box, role)
        self.note(box, role)
        if len(box["tiles"]) > 1:
            self.tile_names(box)
        if self.plan["numbers"]:
            self.labels(step, box, values, empty)

    def cells(self, step, cells):
        """What stands in the cells: hatches, marks and numbers."""
        plan, theme, (width, height) = self.plan, self.theme, self.plan["cell"]
        masked = [(x, y) for value, x, y in cells if value == -np.inf]
        self.axes.add_collection(
            PolyCollection(
                corners(masked, width, height),
                facecolor="none",
                edgecolor=theme["hatch"],
                hatch="////" if plan["numbers"] else None,
                linewidth=0,
            )
        )
        alarms = [
            [(x, y), (x + width / 3, y), (x, y + height / 3)] for value, x, y in cells if marked(value, step.role)
        ]
        self.axes.add_collection(PolyCollection(alarms, facecolor=theme["alarm"]))
        if not plan["numbers"]:
            return
        for value, x, y in cells:
            if value == -np.inf and plan["compact"]:
                continue  # the hatch says it
            # matplotlib's own font is wide, its minus above all: an en dash and a smaller size fit.
            text = cell_text(value, step.digits, plan["compact"]).replace("−", "–")
            self.text(
                x + width / 2,
                y + height / 2,
                text,
                0.88 * plan["font"],
                theme["muted" if value == 0 else "ink"],
                most=width - 2,
            )

    def corner(self, name, index):
        """Upper left of a cell, or None where its higher axes are picked at another index."""
        step, (width, height) = self.trace[name], self.plan["cell"]
        if any(self.pick.get(axis, 0) != at for axis, at in zip(step.axes[:-2], index) if axis != layout.TILED):
            return None
        (tile, row, column), box = layout.place_of(step, index), self.plan["boxes"][name]
        return box["tiles"][tile][0] + column * width, box["y"] + row * height

    def question(self, box, role):
        """The cell that is asked for: a question mark in a frame."""
        (width, height), corner = self.plan["cell"], self.corner(*self.blank)
        if corner is None:
            return
        self.frame(corner, role, facecolor=mix(self.theme["surface"], role, 0.16))
        if self.plan["numbers"]:
            self.text(
                corner[0] + width / 2, corner[1] + height / 2, "?", self.plan["font"], self.theme["ink"], bold=True
            )

    def light(self, name, index):
        """Frames around a pinned cell and the cells it is made of."""
        sources = [
            (source, place, ROLES[self.trace[source].role][self.dark])
            for source, place in self.trace.sources(name, *index)
        ]
        for *cell, color in [*sources, (name, index, self.theme["ink"])]:
            corner = self.corner(*cell)
            if corner is not None:
                self.frame(corner, color)

    def frame(self, corner, color, facecolor="none"):
        """A cell's frame, thin where cells are too small for numbers."""
        self.axes.add_patch(
            Rectangle(
                corner,
                *self.plan["cell"],
                facecolor=facecolor,
                edgecolor=color,
                linewidth=2.2 if self.plan["numbers"] else 0.8,
            )
        )

    def title(self, step, box, role):
        self.axes.add_patch(Rectangle((box["x"], box["top"] + 5), 8, 8, color=role, linewidth=0))
        self.text(
            box["x"] + 12,
            box["top"] + 9,
            step.name,
            NAME,
            self.theme["ink"],
            align="left",
            bold=True,
            most=self.plan["width"] - box["x"] - 12,
        )
        pieces = [("(", None)]
        for axis, size in zip(step.axes, step.value.shape):
            pieces += [(", ", None), (f"{size_name(axis)}={size}", axis)]
        pieces, before = [pieces[0], *pieces[2:], (")", None)], ""
        for text, axis in pieces:
            x = box["x"] + text_width(before, SHAPE)
            self.text(x, box["top"] + 24, text, SHAPE, self.axis_color(axis), align="left")
            before += text

    def note(self, box, role):
        x, y, height = box["x"], box["top"] + layout.TITLE, layout.LINE
        for i, line in enumerate(box["note"]):
            self.text(
                x + layout.INDENT,
                y + (i + 0.5) * height,
                line,
                NOTE,
                self.theme["muted"],
                align="left",
                italic=True,
                most=box["room"] - layout.INDENT,
            )
        if box["note"]:
            self.axes.add_patch(Rectangle((x, y + 1), 2, len(box["note"]) * height - 2, color=role, linewidth=0))

    def axis_color(self, axis):
        return AXES[axis][1 + self.dark] if axis in AXES else self.theme["muted"]

    def tile_names(self, box):
        """Which head is which: in full, or its number where a tile is narrow."""
        note, tiles = box["note"], box["tiles"]
        y = box["y"] - 7
        if self.plan["numbers"]:  # above the columns' indices and words
            y = box["top"] + layout.TITLE + layout.LINE * len(note) + layout.AIR * bool(note) + 0.4 * layout.TILE_NAME
        room, last = tiles[1][0] - tiles[0][0] - 4, len(tiles) - 1
        name = next((name for name in ("head {}", "{}") if text_width(name.format(last), 9) <= room), "")
        for tile, (x, width) in enumerate(tiles):
            self.text(x + width / 2, y, name.format(tile), 9, self.axis_color(layout.TILED))

    def labels(self, step, box, values, empty):
        """What stands around the cells: indices, words, and the sums of rows of weights."""
        width, height = self.plan["cell"]
        (rows, _), (columns, _) = layout.on_paper(step)
        tokens = [
            token if len(token) <= layout.LONGEST else token[: layout.LONGEST - 1] + "…"
            for token in self.trace.tokens or []
        ]
        written = {"size": 10, "color": self.theme["muted"], "most": layout.LETTER * layout.LONGEST}
        letters = all(len(token) < 2 for token in tokens)
        for r in range(values.shape[1]):
            y = box["y"] + (r + 0.5) * height
            self.text(box["x"] - 5, y, r, 9, self.axis_color(rows), align="right")
            if box["words"] and r < len(tokens) and rows in layout.TOKENS:
                self.text(box["x"] - layout.GUTTER, y, tokens[r], **written, align="right")
        for left, _ in box["tiles"]:
            for c in range(values.shape[2]):
                x = left + (c + 0.5) * width
                self.text(x, box["y"] - 7, c, 9, self.axis_color(columns))
                if c < len(tokens) and columns in layout.TOKENS:
                    placed = {"most": width} if letters else {"align": "left", "turned": True}
                    self.text(x, box["y"] - layout.COLUMNS - layout.LETTER * letters, tokens[c], **written | placed)
        if step.role == "weights" and not empty:
            self.sums(box, values.sum(axis=-1))

    def sums(self, box, sums):
        """The sum of each row; between tiles there is room for one Σ, over all of them."""
        tiled = len(sums) > 1
        written = {"size": 9, "color": self.theme["muted"], "align": "left", "most": tiled * (layout.TILE_SUMS - 5)}
        for (x, width), tile in zip(box["tiles"], sums):
            if tiled:
                self.text(x + width + 4, box["y"] - 7, "Σ", **written)
            for r, total in enumerate(tile):
                text = ("" if tiled else "Σ ") + number(total, 2)
                self.text(x + width + 4, box["y"] + (r + 0.5) * self.plan["cell"][1], text, **written)


def corners(places, width, height):
    """The corners (n, 4, 2) of n cells, from their upper left ones (n, 2): many times faster than as patches."""
    ways = np.array([[0, 0], [width, 0], [width, height], [0, height]])  # from the upper left corner to each
    return np.array(places).reshape(-1, 1, 2) + ways  # (n, 2) -> (n, 4, 2)


@lru_cache(8192)
def outline(text, bold=False, italic=False):
    """The outlines of a text at size 1: vertices and codes. A $ is a $: nothing is read as a formula."""
    font = FontProperties(weight="bold" if bold else "normal", style="italic" if italic else "normal")
    vertices, codes = text_to_path.get_text_path(font, text)
    return np.array(vertices) / text_to_path.FONT_SCALE, codes


@lru_cache(8192)
def text_width(text, size, bold=False, italic=False):
    """How wide a text is in CSS pixels."""
    # Spaces at the end have no outline: measure up to a bar, and take the bar off again.
    wide = [outline(part, bold, italic)[0][:, 0].max() for part in (f"{text}|", "|")]
    return size * (wide[0] - wide[1]) if text else 0
