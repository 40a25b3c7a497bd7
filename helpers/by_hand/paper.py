"""One page of a worksheet: where everything stands on paper.

All lengths are millimeters, the sizes of letters too, from the upper left corner of the page.
"""

import re
from functools import lru_cache
from itertools import cycle
from typing import NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from helpers.look.layout import TOKENS, on_paper
from helpers.look.style import AXES, ROLES, THEMES, cell_text, exact_digits, number
from helpers.pictures.outlines import text_width
from helpers.trace.trace import Step

PAPERS = {"A4": (210, 297), "Letter": (215.9, 279.4)}
MILLIMETERS = 25.4  # in an inch; an inch has 72 points
MARGIN, HEADER, HEADING, TITLE, WORDS, INDICES, GAP, FOOTER = 11, 19, 7, 8.6, 3.2, 4, 4, 6
GUTTER, APART, SUMS, LINE = 5.4, 3, 1.5, 4.2  # left of a matrix, right of it, before the sums of rows; a line of text
CELL = 5, 12, 14  # the least and the most height of a cell, and the most width
JOT, DOTS = (21, 60), 5  # the least and the most height of the room to jot; from dot to dot
NAME, BODY, SMALL, TINY, NUMBER = 3.5, 2.9, 2.5, 2.2, 3.1  # sizes of letters
PAINT = THEMES["light"]
ANSWER = PAINT["alarm"]  # red, as a teacher's pen
RAISED = re.compile(r"\^([−–]?[\w.∞]+(?:\[[\d,]+\])?)")  # what stands after ^: e^–∞, e^masked[1,0]

# What stands where: a learned matrix above the one it makes, as in a matrix product on paper.
GRID = (
    ("legend", "Wq", "Wk", "Wv"),
    ("x", "q", "k", "v"),
    ("scores", "scaled", "masked", "powers"),
    ("weights", "out", "Wo", "projected"),
)
HEADINGS = {
    0: ("Project", "every token becomes a query, a key and a value"),
    2: ("Compare", "every query with every key, the future hidden"),
    3: ("Mix", "scores become weights, and weights mix the values"),
}
ASKED = (
    "Fill in the empty boxes, stage by stage, from 1 to {last}. Write two decimals where a number is not exact.",
    "The table at the foot gives the powers of e.",
)
ANSWERED = (
    "Two decimals where a number is not exact.",
    "Your last digit may differ by one or two where you went on with rounded numbers.",
)
STAGES = ("q", "k", "v", "scores", "scaled", "masked", "powers", "weights", "out", "projected")


class Label(NamedTuple):
    """Something written: where it begins, and the middle of its height."""

    text: str
    x: float
    y: float
    size: float
    color: str
    bold: bool = False


class Box(NamedTuple):
    """A rectangle: a cell, a frame or a line, which is a box without height."""

    x: float
    y: float
    width: float
    height: float
    color: str
    line: float = 0.6
    dashed: bool = False
    hatched: bool = False
    fill: str = "none"


class Page:
    """One page as labels, boxes and dots, all in place.

    trace: a head, with its output projection or without. paper: A4 or Letter. foot: the line at the foot.
    answered: are its boxes filled in?
    """

    def __init__(self, trace, paper, foot, answered):
        self.trace, self.foot, self.answered = trace, foot, answered
        self.width, self.height = PAPERS[paper]
        self.labels, self.boxes, self.dots = [], [], []
        self.cells = {}  # (name, row, column): its Box
        powers = Step("e^masked", np.exp(trace["masked"].value), ("t", "s"), role="scores")
        sums = Step("Σ", powers.value.sum(axis=1, keepdims=True), ("t", ""), role="scores")
        self.steps = {**trace.steps, "powers": powers, "sums": sums}
        self.formulas, self.table = formulas(trace), table_of_powers(trace["masked"].value)
        self.place()
        self.header()
        for row, names in enumerate(GRID):
            for column, name in enumerate(names):
                if name in self.steps:
                    self.matrix(name, self.left + column * self.slot + GUTTER, row)
        self.legend()
        self.jot()
        self.powers_of_e()
        self.footer()

    def place(self):
        """Choose the size of a cell, and the top of each row of matrices, of the room to jot and of the table."""
        (T, C), head_size = self.trace["x"].value.shape, self.trace["Wq"].value.shape[1]
        self.left = MARGIN + max(text_width(word, BODY) for word in self.trace.tokens) + 1
        self.slot = (self.width - MARGIN - self.left) / 4
        least, most, widest = CELL
        room = self.slot - GUTTER
        across = min((room - APART) / max(T, C, head_size), (room - SUMS) / (T + 1), widest)
        high = (C, T, T, max(T, head_size))
        above = [HEADING * (row in HEADINGS) + TITLE + WORDS * (row > 1) + INDICES for row in range(len(GRID))]
        below = HEADING + LINE * len(self.table) + FOOTER
        free = self.height - 2 * MARGIN - HEADER - sum(above) - 5 * GAP - below - HEADING
        down = min(max((free - JOT[0]) / sum(high), least), most)
        self.cell = across, down
        gap = GAP + max(free - sum(high) * down - JOT[1], 0) / 4
        y, self.tops, self.cell_tops = MARGIN + HEADER, [], []
        for row in range(len(GRID)):
            self.tops.append(y + HEADING * (row in HEADINGS))
            self.cell_tops.append(y + above[row])
            y += above[row] + high[row] * down + gap
        self.jot_top, self.table_top = y, self.height - MARGIN - below

    def write(self, x, y, text, size=BODY, color=PAINT["ink"], align="left", bold=False, most=None):
        """Write a line, smaller if it is wider than ``most``; a word after ^ is raised. Returns where it ends."""
        parts = pieces(str(text), size, bold)
        width = sum([wide for *_, wide in parts])
        if most and width > most:
            return self.write(x, y, text, size * most / width, color, align, bold)
        x -= {"left": 0, "center": width / 2, "right": width}[align]
        for part, one, up, wide in parts:
            self.labels.append(Label(part, x, y - up, one, color, bold))
            x += wide
        return x

    def rule(self, x, y, width, color=PAINT["line"]):
        self.boxes.append(Box(x, y, width, 0, color))

    def heading(self, y, title, line):
        """A rule across the page, and under it what the part below is for."""
        self.rule(MARGIN, y, self.width - 2 * MARGIN)
        end = self.write(MARGIN, y + 3.6, title, BODY, bold=True)
        self.write(end + 2, y + 3.6, line, BODY, PAINT["muted"])

    def header(self):
        right = self.width - MARGIN
        self.write(MARGIN, MARGIN + 3, "One attention head, by hand", 6, bold=True)
        if self.answered:
            self.write(right, MARGIN + 3, "Answers", 6, ANSWER, "right", bold=True)
        else:
            for word, x, length in (("Name", right - 76, 36), ("Date", right - 26, 17)):
                end = self.write(x, MARGIN + 4, word, BODY, PAINT["muted"]) + 1.5
                self.rule(end, MARGIN + 5.6, length, PAINT["edge"])
        for i, line in enumerate(ANSWERED if self.answered else ASKED):
            line = line.format(last=sum(name in self.steps for name in STAGES))
            self.write(MARGIN, MARGIN + 10.4 + LINE * i, line, BODY, PAINT["muted"])
        for row, (title, line) in HEADINGS.items():
            self.heading(self.tops[row] - HEADING, title, line)

    def matrix(self, name, x, row):
        """Draw one matrix: its title, the indices and words around it, and its cells."""
        step, (width, height), top = self.steps[name], self.cell, self.cell_tops[row]
        (rows, _), (columns, _) = on_paper(step)
        self.title(name, step, x, self.tops[row])
        for r in range(len(step.value)):
            y = top + (r + 0.5) * height
            self.write(x - 1.4, y, r, TINY, AXES[rows][1], "right")
            if rows in TOKENS and name == GRID[row][0]:
                self.write(self.left, y, self.trace.tokens[r], BODY, PAINT["muted"], "right")
        for c in range(step.value.shape[1]):
            middle = x + (c + 0.5) * width
            self.write(middle, top - 1.9, c, TINY, AXES[columns][1], "center")
            if columns in TOKENS:
                self.write(
                    middle, top - 1.9 - WORDS, self.trace.tokens[c], SMALL, PAINT["muted"], "center", most=width - 1
                )
        self.block(name, step, x, top)
        if name == "powers":
            x += step.value.shape[1] * width + SUMS
            self.write(x + width / 2, top - 1.9, "Σ", SMALL, PAINT["muted"], "center")
            self.block("sums", self.steps["sums"], x, top)

    def title(self, name, step, x, y):
        """The number of the stage in a square of the role's color, the name and how it is made; below, the shape."""
        role, side = ROLES[step.role][0], 4
        made, note = self.formulas.get(name, ("", ""))
        if name in STAGES:
            self.boxes.append(Box(x - 5, y, side, side, role, 1.2))
            self.write(x - 5 + side / 2, y + side / 2, STAGES.index(name) + 1, SMALL, bold=True, align="center")
        else:
            self.boxes.append(Box(x - 3.4, y + 0.8, 2.4, 2.4, role, fill=role))
        end = self.write(x, y + side / 2, step.name, NAME, bold=True)
        self.write(end + 1, y + side / 2, made, BODY, most=x + self.slot - GUTTER - end - 2)
        end = self.write(x, y + 6.4, "(", SMALL, PAINT["muted"])
        for axis, size in zip(step.axes, step.shape.strip("()").split(", ")):
            comma = ", " if axis != step.axes[-1] else ")"
            end = self.write(
                self.write(end, y + 6.4, size, SMALL, AXES[axis][1]), y + 6.4, comma, SMALL, PAINT["muted"]
            )
        self.write(end + 1.5, y + 6.4, note, SMALL, PAINT["muted"])

    def block(self, name, step, x, y):
        """The cells of a matrix in their frame, with numbers where these are given or answered."""
        (width, height), (rows, columns) = self.cell, step.value.shape
        given = name in self.trace and name not in STAGES
        role = ROLES[step.role][0]
        for (r, c), value in np.ndenumerate(step.value):
            box = Box(
                x + c * width, y + r * height, width, height, PAINT["edge"], fill=PAINT["mask"] if given else "none"
            )
            self.cells[name, r, c] = box
            self.boxes.append(box)
            if self.answered and value == -np.inf:
                self.boxes.append(box._replace(color=PAINT["hatch"], hatched=True))
        if given or self.answered:
            self.numbers(name, step, PAINT["ink"] if given else ANSWER)
        self.boxes.append(Box(x, y, columns * width, rows * height, role, 1.3, dashed=step.parameter))

    def numbers(self, name, step, color):
        """The numbers of a matrix in its cells, all of one size."""
        (width, height), written = self.cell, texts(step.value, step)
        size = min(NUMBER, 0.6 * height, *((width - 0.8) / text_width(text, 1) for text in {*written}))
        for index, text in zip(np.ndindex(step.value.shape), written):
            box = self.cells[name, *index]
            self.write(box.x + width / 2, box.y + height / 2, text, size, color, "center")

    def legend(self):
        """What the boxes mean, in the place above x."""
        y = self.tops[0]
        given = {"fill": PAINT["mask"]}
        for text, look in (
            ("given: one row a token", given),
            ("given: a learned matrix", {**given, "dashed": True}),
            ("for you to fill in", {}),
            ("hidden: hatch it, write –∞", {"hatched": True}),
        ):
            box = Box(MARGIN, y, 5, 4, PAINT["muted"], 1, **look)
            self.boxes += (
                [box] if not box.hatched else [box._replace(color=PAINT["hatch"]), box._replace(hatched=False)]
            )
            self.write(MARGIN + 6.5, y + 2, text, SMALL, PAINT["muted"])
            y += 5.6

    def jot(self):
        """Room for sums and products; with the answers, one number of a few stages worked out."""
        top, bottom = self.jot_top + HEADING, self.table_top - GAP
        if not self.answered:
            self.heading(self.jot_top, "Room to jot", "")
            across = np.linspace(MARGIN, self.width - MARGIN, round((self.width - 2 * MARGIN) / DOTS) + 1)
            down = np.linspace(top + 1, bottom, round((bottom - top - 1) / DOTS) + 1)
            self.dots = [(x, y) for x in across for y in down]
            return
        self.heading(self.jot_top, "Worked out", "the first number of the last row, to three decimals")
        last, lines = len(self.trace.tokens) - 1, round((bottom - top) / LINE)
        asked = [name for name in ("q", "scores", "weights", "out", "projected") if name in self.trace]
        for i, name in enumerate(asked[:lines]):
            line = self.trace.why(name, last, 0).replace("−", "–")
            self.write(MARGIN, top + 0.8 + LINE * i, line, SMALL, most=self.width - 2 * MARGIN)

    def powers_of_e(self):
        """The table at the foot."""
        between = "; between two entries, take a value between" * (len(self.table) > 2)
        self.heading(self.table_top, "Powers of e", f"e^–∞ is 0{between}")
        wide = (self.width - 2 * MARGIN) / len(self.table[0])
        size = min(SMALL, 0.27 * wide)
        for i, row in enumerate(self.table):
            for j, text in enumerate(row):
                color = PAINT["ink" if i and "." in text else "muted"]
                self.write(
                    MARGIN + (j + 0.5) * wide, self.table_top + HEADING + LINE * (i + 0.5), text, size, color, "center"
                )

    def footer(self):
        y = self.height - MARGIN
        self.write(MARGIN, y, self.foot, SMALL, PAINT["muted"])
        self.write(self.width - MARGIN, y, f"page {1 + self.answered} of 2", SMALL, PAINT["muted"], "right")


@lru_cache(8192)
def pieces(text, size, bold):
    """A line in pieces: [(text, size, how far it is raised, width), ...]; what stands after ^ is small and raised."""
    found = []
    for part, raised in zip(RAISED.split(text), cycle((False, True))):
        one = size * (0.72 if raised else 1)
        if part:
            found.append((part, one, 0.35 * size * raised, text_width(part, one, bold)))
    return found


def formulas(trace):
    """How each matrix is made, in the course's notation, and a word on it."""
    head_size = trace["Wq"].value.shape[1]
    factor, scale = head_size**-0.5, f"1/√{head_size}"
    digits = exact_digits(np.array([factor]))
    return {
        "q": ("= x @ Wq", ""),
        "k": ("= x @ Wk", ""),
        "v": ("= x @ Wv", ""),
        "scores": ("= q @ kᵀ", ""),
        "scaled": (f"= scores · {scale}", f"{scale} {'=' if digits < 3 else '≈'} {cell_text(factor, digits)}"),
        "masked": ("= scaled or –∞", "–∞ where s > t"),
        "powers": ("", "Σ = sum of a row"),
        "weights": ("= e^masked / Σ", "rows sum to 1"),
        "out": ("= weights @ v", ""),
        "projected": ("= out @ Wo", ""),
    }


def texts(values, step):
    """Numbers as the sheet writes them: two decimals where they are not exact, and an en dash, as pictures do."""
    return [cell_text(value, step.digits).replace("−", "–") for value in np.ravel(values)]


def table_of_powers(masked):
    """Rows of a table of e^x: in halves if all x are halves, else in tenths, with as many rows as it needs."""
    x = masked[np.isfinite(masked)]
    most = abs(x).max()
    if (2 * x == np.round(2 * x)).all():
        end = 2 * max(3, int(np.ceil(most)))
        halves = [half / 2 for half in range(-end, end + 1)]
        return [
            ["x", *(f"{half:g}".replace("-", "–") for half in halves)],
            ["e^x", *(number(np.exp(half), 2) for half in halves)],
        ]
    rows = [["x", *(f".{i}" for i in range(10)), "–x", *(f".{i}" for i in range(10))]]
    for whole in range(int(most + 0.1) + 1):
        up, down = ([number(np.exp(sign * (whole + i / 10)), 2) for i in range(10)] for sign in (1, -1))
        rows.append([f"{whole}", *up, f"–{whole}", *down])
    return rows


def paint(page):
    """One page as a matplotlib figure."""
    figure = Figure(figsize=(page.width / MILLIMETERS, page.height / MILLIMETERS), facecolor=PAINT["surface"])
    FigureCanvasAgg(figure)
    axes = figure.add_axes([0, 0, 1, 1])
    axes.set(xlim=(0, page.width), ylim=(page.height, 0))
    axes.axis("off")
    for box in page.boxes:
        axes.add_artist(
            Rectangle(
                (box.x, box.y),
                box.width,
                box.height,
                facecolor=box.fill,
                edgecolor=box.color,
                linewidth=box.line,
                linestyle=(0, (4, 2)) if box.dashed else "-",
                hatch="//" if box.hatched else None,
            )
        )
    if page.dots:
        axes.add_artist(
            Line2D(*zip(*page.dots), linestyle="", marker="o", markersize=1.1, markeredgewidth=0, color=PAINT["edge"])
        )
    for label in page.labels:
        # A size is the height of a line; 0.36 of it is half a digit's height.
        axes.text(
            label.x,
            label.y + 0.36 * label.size,
            label.text,
            fontsize=label.size * 72 / MILLIMETERS,
            color=label.color,
            family="DejaVu Sans",
            weight="bold" if label.bold else "normal",
            parse_math=False,
        )
    return figure
