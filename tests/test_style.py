"""Numbers are rounded half up and short enough for their cell; colors lie between their ends."""

import math
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.look.style import (
    AXES,
    ROLES,
    THEMES,
    cell_text,
    exact_digits,
    fill,
    marked,
    mix,
    number,
    shape_text,
    size_name,
)

DIGITS = st.integers(0, 3)
TIES = st.integers(-799_999, 799_999).map(lambda eighths: eighths / 8)
NUMBERS = st.floats(-99_999, 99_999) | TIES
COLOR = st.integers(0, 0xFFFFFF).map(lambda code: f"#{code:06X}")
quick = settings(deadline=None, max_examples=300)


def plain(text):
    """A printed number as Python reads it."""
    return text.replace("−", "-")


def channels(color):
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]


# -- numbers --------------------------------------------------------------------------------------


@quick
@given(value=NUMBERS, digits=DIGITS)
def test_numbers_are_rounded_half_up(value, digits):
    exact = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    assert plain(number(value, digits)) == f"{exact if exact else abs(exact):f}"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.125, 2, "0.13"),
        (-0.125, 2, "−0.13"),
        (2.5, 0, "3"),
        (-2.5, 0, "−3"),
        (0.5, 0, "1"),  # ties go away from zero
        (-0.0, 3, "0.000"),
        (-0.0004, 3, "0.000"),
        (-0.4, 0, "0"),
        (-0.0005, 3, "−0.001"),  # no minus before a zero
        (math.nan, 3, "NaN"),
        (math.inf, 0, "∞"),
        (-math.inf, 2, "−∞"),
        (99_999, 0, "99999"),
        (100_000, 3, "1.00e+5"),
        (-112_500, 2, "−1.13e+5"),
        (1e300, 0, "1.00e+300"),
        (7, 3, "7.000"),
        (np.int64(7), 0, "7"),
        (np.float32(0.5), 1, "0.5"),
    ],
)
def test_numbers_that_are_special(value, digits, text):
    assert number(value, digits) == text


@quick
@given(value=st.floats(-999.999, 999.999) | st.integers(-7999, 7999).map(lambda eighths: eighths / 8), digits=DIGITS)
def test_a_compact_cell_holds_five_characters(value, digits):
    assert len(cell_text(value, digits, compact=True)) <= 5


@quick
@given(value=NUMBERS, digits=DIGITS, compact=st.booleans())
def test_a_cell_shows_its_number(value, digits, compact):
    """To two decimals, or in a compact cell to two significant digits and whole numbers from 10 on."""
    size = abs(value)
    kept = min(digits, 2, (2 if size < 0.995 else 1 if size < 9.95 else 0) if compact else 2)
    assert abs(float(plain(cell_text(value, digits, compact))) - value) <= 0.5 * 10**-kept + 1e-9


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.5, ".50"),
        (-0.5, "−.50"),
        (0.999, "1.0"),
        (-9.94, "−9.9"),
        (-9.96, "−10"),
        (-99.94, "−100"),
        (-999.6, "−1000"),
        (10.25, "10"),
        (math.nan, "NaN"),
        (-math.inf, "−∞"),
    ],
)
def test_compact_cells(value, text):
    assert cell_text(value, 3, compact=True) == text


@quick
@given(digits=st.integers(0, 2), whole=st.lists(st.integers(-9999, 9999), max_size=5), unit=st.integers(1, 9))
def test_exact_digits_are_enough_and_no_more(digits, whole, unit):
    values = np.array([*whole, unit]) / 10**digits  # the unit's last decimal is not 0
    assert exact_digits(values) == digits
    assert [float(plain(number(value, digits))) for value in values] == values.tolist()


@pytest.mark.parametrize(
    ("values", "digits"),
    [
        ([], 0),
        ([math.nan, -math.inf], 0),
        ([-0.0], 0),
        ([1e308], 0),
        ([0.1 + 0.2], 1),
        ([1e300, 0.5], 1),
        ([0.125], 3),
        ([1 / 3, 1.0], 3),
    ],
)
def test_exact_digits_of_special_values(values, digits):
    assert exact_digits(np.array(values)) == digits


# -- colors ---------------------------------------------------------------------------------------


@quick
@given(low=COLOR, high=COLOR, amount=st.floats(0, 1))
def test_a_mixed_color_lies_between(low, high, amount):
    for a, b, mixed in zip(channels(low), channels(high), channels(mix(low, high, amount)), strict=True):
        assert abs(mixed - (a + (b - a) * amount)) <= 0.5 + 1e-9
    assert (mix(low, high, 0), mix(low, high, 1)) == (low, high)


@quick
@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    share=st.floats(0.01, 1),
    role=st.sampled_from([*ROLES]),
    theme=st.sampled_from([*THEMES.values()]),
)
def test_a_fill_lies_between_zero_and_its_hue(value, share, role, theme):
    hue = theme["weight"] if role == "weights" else theme["positive" if value > 0 else "negative"]
    color = fill(value, role, abs(value) / share, theme)
    for a, b, mixed in zip(channels(theme["zero"]), channels(hue), channels(color), strict=True):
        assert min(a, b) <= mixed <= max(a, b)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize(
    ("value", "color"), [(-math.inf, "mask"), (math.inf, "zero"), (math.nan, "zero"), (0.0, "zero")]
)
def test_the_fill_of_what_has_no_size(value, color, theme):
    assert {fill(value, role, 0.0, theme) for role in ROLES} == {theme[color]}


def test_a_larger_number_is_never_paler():
    theme = THEMES["light"]  # where zero is white
    for role in ("x", "weights"):
        reds = [channels(fill(value, role, 1.0, theme))[0] for value in np.linspace(0, 1, 101)]
        assert reds == sorted(reds, reverse=True) and reds[0] > reds[-1]


@pytest.mark.parametrize(
    ("value", "role", "mark"),
    [
        (math.nan, "x", True),
        (math.inf, "scores", True),
        (-math.inf, "scores", False),
        (5.0, "x", False),
        (1.2, "weights", True),
        (-0.1, "weights", True),
        (1 + 1e-12, "weights", False),
        (0.5, "weights", False),
    ],
)
def test_what_is_marked(value, role, mark):
    assert marked(value, role) is mark


# -- shapes ---------------------------------------------------------------------------------------


def test_shapes_have_names_and_numbers():
    assert shape_text(("b", "t", "h"), (4, 8, 16)) == "(B=4, T=8, head_size=16)"
    assert shape_text((), ()) == "()"
    assert [size_name(axis) for axis in AXES] == [
        "T",
        "T",
        "T",
        "C",
        "C",
        "head_size",
        "head_size",
        "B",
        "heads",
        "key_heads",
        "positions",
        "vocabulary",
    ]
    assert size_name("weather") == "weather"
