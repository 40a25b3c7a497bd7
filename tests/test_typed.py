"""Numbers as people type them: what is read, and that nothing else is."""

import math
import operator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.by_hand.typed_number import ECHOED, LONGEST, echo, read
from tests.strategies import CHARACTER

quick = settings(deadline=None, max_examples=100)


@pytest.mark.parametrize(
    ("text", "value", "decimals"),
    [
        ("2", 2, 0),
        ("-2", -2, 0),
        ("−2", -2, 0),
        ("–2", -2, 0),
        ("+2", 2, 0),
        ("- 2", -2, 0),
        ("  2 \n", 2, 0),
        ("2.", 2, 0),
        ("007", 7, 0),
        ("0.73", 0.73, 2),
        ("0,73", 0.73, 2),
        (".5", 0.5, 1),
        ("-,5", -0.5, 1),
        ("0.050", 0.05, 3),
        ("= 2", 2, 0),
        ("≈0.73", 0.73, 2),
        ("1/2", 0.5, None),
        ("1:2", 0.5, None),
        ("1÷2", 0.5, None),
        ("½", 0.5, None),
        ("1*2+3*-1", -1, None),
        ("2·1", 2, None),
        ("2×-1,5", -3, 1),
        ("(1+2)*3", 9, None),
        ("2^3", 8, None),
        ("2**-1", 0.5, None),
        ("-2^2", -4, None),
        ("1-2-3", -4, None),
        ("e", math.e, None),
        ("E^1", math.e, None),
        ("e^2/(e^2+e^1)", math.e**2 / (math.e**2 + math.e), None),
        ("exp(-1)", 1 / math.e, None),
        ("√4", 2, None),
        ("3/√4", 1.5, None),
        ("√(9)", 3, None),
        ("sqrt(2)/2", 2**-0.5, None),
        ("√2.25", 1.5, 2),
        ("1e-3", 0.001, None),
        ("inf", math.inf, None),
        ("-inf", -math.inf, None),
        ("-∞", -math.inf, None),
        ("−Infinity", -math.inf, None),
        ("e^-inf", 0, None),
        ('float("-inf")', -math.inf, None),
        ("float( '-inf' )", -math.inf, None),
        ("\u200e2\u200e", 2, 0),
        ("２", 2, 0),
        (2.5, 2.5, 1),
        (3, 3, 0),
    ],
)
def test_what_is_read(text, value, decimals):
    assert read(text).value == pytest.approx(value, rel=1e-15) and read(text).decimals == decimals


@pytest.mark.parametrize(
    "text",
    [
        "two",
        "x",
        "e2",
        "2e",
        "1 2",
        "1,2,3",
        "2x",
        "e(2)",
        "2(3)",
        "1//2",
        "5%2",
        "()",
        ")",
        "*",
        ".",
        "1_000",
        "0x10",
        "1j",
        "2 if 1 else 3",
        "__import__('os')",
        "[1]",
        "lambda: 1",
        "1;2",
        "sqrt",
        "sqrt()",
        "sqrt(1)(2)",
        "sqrt(x=1)",
        "(-1)^0.5",
        "√-1",
        "1inf",
        "True",
        "1<2",
        "<script>alert(1)</script>",
        "🙂",
        "٣",
        "e²",
        "1" * (LONGEST + 1),
        "(" * 100,
        "1" + "+1" * 200,
        "9" * 10_000,
    ],
)
def test_what_is_not_read(text):
    with pytest.raises(ValueError) as caught:
        read(text)
    assert (
        str(caught.value)
        == f"I could not read '{echo(text)}' as a number: type one such as 0.73, −2, 1/2 or e^2/(e^2+e^1)."
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Type a number first."),
        (" \n ", "Type a number first."),
        ("\x00", "Type a number first."),
        ("1/0", "I could not read '1/0' as a number: it divides by zero."),
        ("0^-1", "I could not read '0^-1' as a number: it divides by zero."),
        ("9^9^9", "I could not read '9^9^9' as a number: it is too large."),
        ("e^1000", "I could not read 'e^1000' as a number: it is too large."),
    ],
)
def test_what_goes_wrong_has_its_own_sentence(text, sentence):
    with pytest.raises(ValueError) as caught:
        read(text)
    assert str(caught.value) == sentence


@quick
@given(text=st.text(CHARACTER) | st.text("0123456789.,+-*/^()e√inf xp", max_size=LONGEST))
def test_any_text_is_read_or_refused(text):
    try:
        assert isinstance(read(text).value, float)
    except ValueError as error:
        assert "\n" not in str(error) and len(str(error)) < 150


def test_deep_nesting_is_read_or_refused():
    assert read("(" * 60 + "1" + ")" * 60).value == 1
    assert read("-" * 150 + "1").value == 1
    for text in ("(" * 99 + "1" + ")" * 99, "sqrt(" * 39 + "1" + ")" * 4, "2" + "^1" * 99, "e^" * 99 + "0"):
        with suppress(ValueError):
            read(text)


NUMBERS = st.integers(0, 50).map(str) | st.decimals(0, 50, places=2).map(str)
SIGNS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "·": operator.mul,
    "×": operator.mul,
    "/": operator.truediv,
}


def joined(parts):
    (left, a), sign, (right, b) = parts
    return f"({left} {sign} {right})", (
        SIGNS[sign](a, b) if a is not None and b is not None and not (sign == "/" and b == 0) else None
    )


@quick
@given(
    st.recursive(
        NUMBERS.map(lambda text: (text, float(text))),
        lambda inner: st.tuples(inner, st.sampled_from(list(SIGNS)), inner).map(joined),
        max_leaves=8,
    )
)
def test_arithmetic(expression):
    text, value = expression
    if value is None:
        return
    if len(text) <= LONGEST:
        assert read(text).value == pytest.approx(value, rel=1e-12)
        assert read(text.replace(".", ",")) == read(text)


@quick
@given(value=st.floats(-1000, 1000), digits=st.integers(2, 5))
def test_a_rounded_number_agrees_and_the_next_one_does_not(value, digits):
    unit = 10.0**-digits
    assert read(f"{value:.{digits}f}").agrees(value)
    for off in (unit, -unit):
        assert not read(f"{value + 1.01 * off:.{digits}f}").agrees(value)


@pytest.mark.parametrize(
    ("text", "value", "agrees"),
    [
        ("0.7", 0.731, False),
        ("0.7", 0.7, True),
        ("1", 0.999, False),
        ("1", 1, True),
        ("0.12", 0.125, True),
        ("0.13", 0.125, True),
        ("0.7310585", 0.73105858, True),
        ("0.731058578630", 0.731058578630005, True),
        ("0.7310", 0.73105858, False),
        ("1/3", 0.3333333333, True),
        ("0.33*3", 1, False),
        ("0.333*3", 0.9991, True),
        ("inf", math.inf, True),
        ("inf", -math.inf, False),
        ("-inf", 3, False),
        ("5", -math.inf, False),
        ("nan", math.nan, True),
        ("nan", 1, False),
        ("1", math.nan, False),
        ("1e5", 100_000.00001, True),
    ],
)
def test_what_agrees(text, value, agrees):
    assert read(text).agrees(value) == agrees


def test_the_beginning_is_shown_again_as_text():
    assert echo("<b>1</b>") == "<b>1</b>" and echo(" a\n\tb ") == "a b"
    assert echo("x" * 10_000) == "x" * (ECHOED - 1) + "…"
    assert echo("a\u202eb\u0007c\ud800") == "abc"  # what turns the line around, rings or cannot be sent
