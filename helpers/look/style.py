"""The look of the course, in one place: colors of roles and axes, and how a number is written.

Every face of a Trace (text, still picture, live diagram) reads from here. The role colors are
Okabe and Ito's color-blind safe set (https://jfly.uni-koeln.de/color/).
"""

import math
from decimal import ROUND_HALF_UP, Decimal, localcontext

import numpy as np

FEW = 100  # numbers that are looked at one by one

ROLES = {  # role: (frame color on light, frame color on dark)
    "x": ("#5B6472", "#AEB7C4"),
    "query": ("#0072B2", "#4FA8E0"),
    "key": ("#D55E00", "#F2894A"),
    "value": ("#009E73", "#36C69A"),
    "scores": ("#CC79A7", "#DF9CC3"),
    "weights": ("#CC79A7", "#DF9CC3"),
    "out": ("#56B4E9", "#7FC8F2"),
}

AXES = {  # axis letter: (size name, color on light, color on dark)
    "t": ("T", "#8A6100", "#E3B341"),
    "s": ("T", "#8A6100", "#E3B341"),
    "r": ("T", "#8A6100", "#E3B341"),
    "c": ("C", "#6B4FA3", "#B9A3EC"),
    "e": ("C", "#6B4FA3", "#B9A3EC"),
    "h": ("head_size", "#00736A", "#5CC9BB"),
    "g": ("head_size", "#00736A", "#5CC9BB"),
    "b": ("B", "#8C4A2F", "#E39D7C"),
    "n": ("heads", "#4F6B16", "#ABCB6C"),
    "m": ("key_heads", "#4F6B16", "#ABCB6C"),
    "p": ("positions", "#5B6472", "#AEB7C4"),
    "v": ("vocabulary", "#5B6472", "#AEB7C4"),
}

TOKENS = ("t", "s", "r")  # axes whose places are tokens

THEMES = {
    "light": {
        "surface": "#FFFFFF",
        "ink": "#1E2430",
        "muted": "#626B79",
        "line": "#DCE0E6",
        "edge": "#AAB2BE",
        "zero": "#FFFFFF",
        "negative": "#D98A3D",
        "positive": "#3F8FB5",
        "weight": "#CC79A7",
        "mask": "#F1F2F5",
        "hatch": "#B9C0CB",
        "alarm": "#B3261E",
    },
    "dark": {
        "surface": "#16191F",
        "ink": "#E8EBF0",
        "muted": "#A3ACBA",
        "line": "#343A46",
        "edge": "#5D6675",
        "zero": "#1D2129",
        "negative": "#B8712B",
        "positive": "#2F7FA6",
        "weight": "#B25C8D",
        "mask": "#22262E",
        "hatch": "#4A5260",
        "alarm": "#FF8A80",
    },
}

HUES = (("zero", "positive", "negative", "mask"), ("zero", "weight", "weight", "mask"))  # of a matrix, of weights

COLORS = {
    *(color for pair in ROLES.values() for color in pair),
    *(color for _, *pair in AXES.values() for color in pair),
    *(color for theme in THEMES.values() for color in theme.values()),
}


def mix(low, high, amount):
    """The color between two: ``mix("#000000", "#FFFFFF", 0.5) == "#808080"``."""
    pairs = [(int(low[i : i + 2], 16), int(high[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{math.floor(a + (b - a) * amount + 0.5):02X}" for a, b in pairs)


def fill(value, role, top, theme):
    """The color of a cell: weights from 0 to 1 in one hue, other numbers diverging around zero.

    top: the largest absolute value in the matrix; theme: one of ``THEMES``' values.
    """
    return "#" + bytes(fills(np.array(float(value)), role, top, theme)).hex().upper()


def fills(values, role, top, theme, coarse=False):
    """The colors of cells as ``fill`` has them, all at once. Returns (..., 3), from 0 to 255.

    values: (...). coarse: a hundred shades of a hue are enough.
    """
    zero, hue, other, mask = (channels(theme[name]) for name in HUES[role == "weights"])  # (3,) each
    finite = np.where(np.isfinite(values), values, 0.0)
    amounts = np.clip(finite, 0, 1) if role == "weights" else 0.8 * np.abs(finite) / (top if top > 0 else 1)
    amounts = np.round(amounts, 2) if coarse else amounts
    hues = np.where((finite > 0)[..., None], hue, other)  # (...) -> (..., 3)
    mixed = np.floor(zero + (hues - zero) * amounts[..., None] + 0.5)
    return np.where((values == -np.inf)[..., None], mask, mixed).astype(np.uint8)


def channels(color):
    """Red, green and blue of a color, from 0 to 255."""
    return np.array([*bytes.fromhex(color[1:])])


def marked(value, role):
    """Does the cell bear a mark: NaN, infinite but not masked, or a weight outside 0 to 1?"""
    return bool(marks(value, role))


def marks(values, role):
    """Which cells are ``marked``, all at once."""
    wrong = np.isnan(values) | (values == math.inf)
    return wrong | (values < -1e-9) | (values > 1 + 1e-9) if role == "weights" else wrong


def size_name(axis):
    """The name of an axis' size: ``size_name("t") == "T"``; a letter the course has no name for keeps its own."""
    return AXES[axis][0] if axis in AXES else axis


def shape_text(axes, shape, names=None):
    """A shape with names and numbers: ``shape_text("tc", (8, 4)) == "(T=8, C=4)"``.

    names: of sizes that are called something else here: ``{"s": "S"}`` where there are more keys than queries.
    """
    named = [(names or {}).get(axis) or size_name(axis) for axis in axes]
    return "(" + ", ".join(f"{name}={size}" for name, size in zip(named, shape, strict=True)) + ")"


def number(value, digits=3):
    """A number as the course prints it: rounded half up, with a true minus sign.

    >>> number(-0.125, 2), number(float("-inf")), number(-0.0001, 2)
    ('−0.13', '−∞', '0.00')
    """
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size < 100_000 and size * 10**digits % 1 != 0.5:
        text = f"{size:.{digits}f}"
    else:
        # Decimal, because Python's own rounding sends ties to even and the browser's sends them up.
        with localcontext(rounding=ROUND_HALF_UP):
            text = f"{Decimal(size):.2e}" if size >= 100_000 else f"{Decimal(size):.{digits}f}"
    return f"−{text}" if value < 0 and text.strip("0.") else text


def cell_text(value, digits, compact=False):
    """A number as a cell of a matrix shows it; ``compact`` drops what a narrow cell cannot hold.

    >>> cell_text(0.5347, 3), cell_text(0.5347, 3, compact=True), cell_text(-12.34, 3, compact=True)
    ('0.53', '.53', '−12')
    """
    digits = min(digits, 2)
    if not compact or digits == 0 or not math.isfinite(value):
        return number(value, digits)
    if value == 0:
        return "0"
    size = abs(value)
    text = number(value, min(digits, 2 if size < 0.995 else 1 if size < 9.95 else 0))
    return text.replace("0.", ".", 1) if size < 1 and "0." in text[:3] else text


def exact_digits(values):
    """How many decimals show these values exactly: 0, 1 or 2, else 3 (which means: rounded)."""
    finite = values[np.isfinite(values)]
    some = finite[:FEW].tolist()  # of millions, mostly the first ones show that it is not exact
    for digits in (0, 1, 2):
        if all(is_exact(one * 10**digits) for one in some) and (finite.size <= FEW or all_exact(finite, digits)):
            return digits
    return 3


def is_exact(value):
    """Is it a whole number, but for what a float cannot hold?"""
    return abs(value) < math.inf and abs(value - round(value)) < 1e-9


def all_exact(values, digits):
    """Do so many decimals show all of these exactly?"""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = values * 10**digits
        return (abs(scaled - scaled.round()) < 1e-9).all()


def cell_name(name, index):
    """``cell_name("out", (1, 2)) == "out[1,2]"``; a single number has no place, ``cell_name("loss", ()) == "loss"``."""
    return f"{name}[{','.join(map(str, index))}]" if index else name
