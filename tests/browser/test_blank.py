"""A blank matrix in the live diagram: it asks for a number and tells none."""

import math

import numpy as np
import pytest

from helpers.look.style import THEMES, cell_name, cell_text
from helpers.trace.trace import Trace
from tests.browser.pages import canvases, head_of, rgb, saved, texts_of


def asked(scores, role="scores"):
    """A matrix whose numbers nothing on the page may tell, and what it is asked of."""
    trace = Trace("asked", ["the", "cat"])
    trace.given("x", np.array([[1.0, 2.0], [3.0, -1.0]]), "t c")
    trace.step("y", "sum-product", "t c, s c -> t s", "x", "x", role="x")
    trace.given("scores", np.array(scores), "t s", role=role)
    return trace


@pytest.mark.parametrize("scheme", THEMES)
@pytest.mark.parametrize("role", ["scores", "weights"])
def test_a_blank_matrix_looks_the_same_whatever_its_numbers(show, scheme, role):
    """Not one pixel of the drawing, of the light or of a saved file, and not one word, depends on them."""
    seen = []
    for scores in ([[3.75, -8.5], [0.25, 7.125]], [[0.0, 1.0], [-math.inf, math.nan]], [[0.5, 0.5], [1.0, 0.0]]):
        shown = show(asked(scores, role), blank=("scores", (1, 0)), media={"color_scheme": scheme})
        told = [canvases(shown)]
        for cell in np.ndindex(2, 2):
            shown.click("scores", *cell)
            told.append((canvases(shown), shown.root.inner_html(), shown.spoken))
        told.append((texts_of(shown), saved(shown, "PNG").path().read_bytes(), shown.label))
        assert all(
            number is None
            for number in shown.page.evaluate(
                "JSON.parse(JSON.stringify([...new Float64Array(models[0].model.state.forward.values.buffer)]))"
            )[-4:]
        )
        seen.append(told)
    assert seen[0] == seen[1] == seen[2]


def test_a_blank_matrix_is_empty_but_for_a_question_mark(show):
    trace = head_of()
    shown = show(trace, blank=("out", (1, 0)))
    cells = [("out", *index) for index in np.ndindex(trace["out"].value.shape)]
    for theme in THEMES.values():
        page = rgb(theme["surface"])
        corners, middles = shown.pixels(cells, corner=True), shown.pixels(cells)
        assert (
            [pixel[:3] == page for pixel in corners]
            == [pixel[:3] == page for pixel in middles]
            == [cell != ("out", 1, 0) for cell in cells]
        )
        shown.page.evaluate("async () => { document.body.dataset.jpThemeLight = 'false'; await frames(); }")
    texts = texts_of(shown)
    assert texts.count("?") == 1 and {"out", "T=3", "head_size=2"} <= set(texts)
    written = {
        name: {cell_text(value, trace[name].digits).replace("−", "–") for value in trace[name].value.ravel()}
        for name in trace.steps
    }
    told = written.pop("out") & set(texts)
    assert told <= set().union(*written.values())
    assert shown.label.endswith(". out[1,0] is asked for")


def test_a_blank_cell_names_its_sources_and_lights_them(show):
    trace = head_of()
    shown = show(trace, blank=("out", (1, 0)))
    shown.point("out", 1, 0)
    names = "weights[1,0]·v[0,0] + weights[1,1]·v[1,0] + weights[1,2]·v[2,0]"
    assert shown.formula == f"out[1,0] = {names} = ?"
    for name, index in trace.sources("out", 1, 0):
        assert shown.is_lit(name, *index)
    assert not shown.is_lit("v", 0, 1)
    shown.press("Tab", "Enter")
    first, second, *rest = trace.sources("out", 1, 0)
    count = 2 + len(rest)
    assert shown.spoken == f"out, t 1 “cat”, h 0: out[1,0] = {names} = ?. Source 1 of {count}: {cell_name(*first)}"
    shown.press("ArrowRight")
    assert shown.spoken.endswith(f"Source 2 of {count}: {cell_name(*second)}")
    shown.press("Enter")
    assert shown.formula == trace.why(second[0], *second[1])  # a number that is shown


def test_what_is_made_from_a_blank_matrix_is_blank_too(show):
    trace = head_of()
    shown = show(trace, blank=("masked", (0, 2)))
    for cell, wanted in {
        ("masked", 0, 2): "masked[0,2] = ?",
        ("masked", 2, 1): "masked[2,1] = scaled[2,1] = ?",
        ("weights", 1, 0): "weights[1,0] = e^masked[1,0] / (e^masked[1,0] + e^masked[1,1] + e^masked[1,2]) = ?",
        ("out", 0, 1): "out[0,1] = weights[0,0]·v[0,1] + weights[0,1]·v[1,1] + weights[0,2]·v[2,1] = ?",
    }.items():
        shown.point(*cell)
        assert shown.formula == wanted
    texts = texts_of(shown)
    assert texts.count("?") == 1 and not any("∞" in text or text.startswith("Σ") for text in texts)
    shown.point("v", 1, 1)
    assert shown.formula == trace.why("v", 1, 1)


def test_an_answer_fills_the_matrix(show):
    trace = head_of()
    shown = show(trace, blank=("out", (1, 0)))
    shown.click("out", 1, 0)
    shown.update(trace)
    assert shown.trail == ["out[1,0]"] and shown.formula == trace.why("out", 1, 0)
    assert "?" not in texts_of(shown)
    shown.update(trace, blank=["out", [2, 1]])
    assert shown.formula.endswith("= ?") and shown.label.endswith("out[2,1] is asked for")


def test_a_question_in_another_sequence_shows_that_sequence(show):
    shown = show(head_of(B=3), blank=("out", (2, 1, 0)))
    assert shown.page.get_by_label("Show b =").input_value() == "2" and texts_of(shown).count("?") == 1
    shown.page.get_by_label("Show b =").select_option("0")
    assert texts_of(shown).count("?") == 0


def test_a_lookup_in_unknown_places_asks_without_them(show):
    trace = Trace("lookup", ["a", "b"])
    trace.given("table", np.array([[1.5, 2.5], [3.5, 4.5]]), "v c")
    trace.given("ids", [1, 0], "t")
    trace.step("x", "lookup", "v c, t -> t c", "table", "ids")
    shown = show(trace, blank=("ids", (1,)))
    shown.point("x", 1, 1)
    assert shown.formula == "x[1,1] = table[ids[1],1] = ?"
    shown.press("Tab", "Enter", "Enter")
    assert shown.trail == ["x[1,1]"]
    shown.point("ids", 1)
    assert texts_of(shown).count("?") == 1
