"""Heads in the live diagram: tiles of one matrix, side by side."""

import numpy as np
import pytest
from PIL import Image

from helpers.look import layout
from helpers.look.style import THEMES, cell_name, cell_text, fill
from helpers.trace.trace import Trace
from tests.browser.pages import rgb, saved, texts_of
from tests.browser.test_twins import LAY_OUT, READ, STYLE, same, sent
from tests.tiled import heads_of, random_heads

PLACES = f"""([style, cases]) => cases.map(([sent, width, pick]) => {{
    const trace = ({READ})(sent);
    const plan = course.layOut(course.matrices(trace, style), width);
    return trace.steps.map(step => sent.cells[step.name].map(index => {{
        const place = course.placeOf(step, index);
        const [tile, row, column] = place;
        const drawn = course.shown(step, pick)[tile][row * course.onPaper(step)[1][1] + column];
        return [course.rectOf(step, index, plan, pick), place, course.indexAt(step, place, pick),
            Object.is(drawn, course.valueAt(step, index))];
    }}));
}})"""


def every_cell(trace):
    return [(step.name, *index) for step in trace for index in np.ndindex(step.value.shape)]


# -- the same as in Python --------------------------------------------------------------------------


def test_layouts_of_heads_side_by_side(blank):
    """Every other trace has notes."""
    traces = [random_heads(seed) for seed in range(50)]
    widths = [320, 640, 1000, 1600.5]
    noted = {"q": "cut from (T, C)", "weights": "the rows of each head sum to one, as those of a single head do"}
    notes = [noted if seed % 2 else {} for seed in range(50)]
    found = blank.ask(LAY_OUT, [STYLE, [[sent(trace)["trace"], widths, said] for trace, said in zip(traces, notes)]])
    for trace, said, (twins, plans) in zip(traces, notes, found, strict=True):
        matrices = layout.matrices(trace, said)
        assert [matrix.tiles for matrix in matrices] == [twin["tiles"] for twin in twins]
        for i, (width, plan) in enumerate(zip(widths, plans, strict=True)):
            same(layout.lay_out(matrices, width, i % 2 == 1), plan, f"{trace.title}, {width} px")


def test_every_cell_has_the_place_that_python_gives_it_and_back(blank):
    cases = []
    for seed in range(30):
        trace = random_heads(seed)
        sizes = {axis: size for step in trace for axis, size in zip(step.axes, step.value.shape)}
        pick = {axis: size - 1 for axis, size in sizes.items() if axis not in "n"} if seed % 2 else {}
        rng = np.random.default_rng(seed)
        cells = {step.name: [list(map(int, rng.integers(step.value.shape))) for _ in range(6)] for step in trace}
        cases.append((trace, pick, cells))
    found = blank.ask(PLACES, [STYLE, [[{**sent(trace), "cells": cells}, 900, pick] for trace, pick, cells in cases]])
    drawn = 0
    for (trace, pick, cells), answers in zip(cases, found):
        plan = layout.lay_out(layout.matrices(trace), 900)
        (width, height) = plan["cell"]
        for step, places in zip(trace, answers, strict=True):
            chosen = [(i, axis) for i, axis in enumerate(step.axes[:-2]) if axis != "n"]
            for index, (rect, place, back, its_number) in zip(cells[step.name], places, strict=True):
                assert place == list(layout.place_of(step, index))
                if any(index[i] != pick.get(axis, 0) for i, axis in chosen):
                    assert rect is None
                    continue
                tile, row, column = place
                box = plan["boxes"][step.name]
                assert rect == [box["tiles"][tile][0] + column * width, box["y"] + row * height, width, height]
                assert back == index and its_number
                drawn += 1
    assert drawn > 1000


# -- the pointer -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(3, 4, 2), (2, 3, 3), (20, 8, 4)])
def test_pointing_at_any_cell_of_any_tile_shows_its_formula(show, sizes):
    trace = heads_of(*sizes)
    shown = show(trace, height=1800)
    cells = every_cell(trace)
    for i in range(0, len(cells), len(cells) // 60 + 1):
        shown.point(*cells[i])
        assert shown.formula == trace.why(*cells[i])
    shown.point(*cells[-1])
    assert shown.formula == trace.why(*cells[-1])


def test_between_two_tiles_there_is_nothing(show):
    shown = show(heads_of())
    (left, top, _), box = shown.area(), shown.plan()["boxes"]["weights"]
    (first, width), (second, _) = box["tiles"]
    for x in (first + width + 1, (first + width + second) / 2, second - 1):
        shown.page.mouse.move(left + x, top + box["y"] + 10)
        assert shown.formula.startswith("Point at a number")
    shown.page.mouse.move(left + second + 1, top + box["y"] + 10)
    assert shown.formula == shown.trace.why("weights", 1, 0, 0)


@pytest.mark.parametrize("cell", [("out", 1, 2, 0), ("scores", 0, 1, 2), ("weights", 1, 2, 1), ("q", 1, 0, 1)])
def test_the_sources_are_lit_in_their_own_tile(show, cell):
    trace = heads_of(T=3, C=4, heads=2)
    shown = show(trace)
    shown.point(*cell)
    lit = {cell_name(name, index) for name, index in trace.sources(*cell)} | {cell_name(cell[0], cell[1:])}
    cells = every_cell(trace)
    found = {
        cell_name(name, index) for (name, *index), pixel in zip(cells, shown.pixels(cells, layer=1)) if pixel[3] == 0
    }
    assert found == lit


def test_a_pin_walks_back_within_its_head(show):
    trace = heads_of(T=3, C=4, heads=2)
    shown = show(trace)
    for cell in (
        ("out", 1, 2, 0),
        ("weights", 1, 2, 1),
        ("masked", 1, 2, 0),
        ("scores", 1, 2, 0),
        ("q", 1, 2, 1),
        ("Wq", 1, 2, 1),
    ):
        shown.click(*cell)
        assert shown.formula == trace.why(*cell)
    assert len(shown.trail) == 6
    faint, dark = shown.pixels([("v", 1, 0, 0), ("v", 0, 0, 0)], layer=1)
    assert dark[3] == faint[3] > 0  # v is no part of the way back from q
    shown.press("Escape")
    shown.click("out", 1, 2, 0)
    faint, dark = shown.pixels([("k", 1, 0, 0), ("k", 0, 0, 0)], layer=1)
    assert 0 < faint[3] < dark[3]  # half lit: only the keys of this head reach it


# -- the keys ----------------------------------------------------------------------------------------


def test_arrows_go_from_tile_to_tile_and_from_matrix_to_matrix(show):
    trace = heads_of(T=3, C=4, heads=2)
    shown = show(trace)
    shown.press("Tab")
    for key, cell in [
        ("ArrowRight", ("out", 0, 0, 1)),
        ("ArrowDown", ("out", 0, 1, 1)),
        ("ArrowRight", ("out", 1, 1, 0)),
        ("ArrowRight", ("out", 1, 1, 1)),
        ("ArrowRight", ("out", 1, 1, 1)),
        ("PageUp", ("weights", 1, 1, 1)),
        ("ArrowLeft", ("weights", 1, 1, 0)),
        ("ArrowLeft", ("weights", 0, 1, 2)),
        ("ArrowLeft", ("weights", 0, 1, 1)),
        ("ArrowLeft", ("weights", 0, 1, 0)),
        ("ArrowLeft", ("masked", 1, 1, 2)),
        ("ArrowRight", ("weights", 0, 1, 0)),
        ("ArrowUp", ("weights", 0, 0, 0)),
        ("ArrowUp", ("weights", 0, 0, 0)),
    ]:
        shown.press(key)
        at_the_end = key == "ArrowRight" and cell == ("out", 1, 1, 1)
        assert shown.formula == trace.why(*cell) or at_the_end, (key, cell)
    shown.point("q", 1, 2, 1)
    shown.press("PageUp", "PageUp")  # x has one tile
    assert shown.formula == trace.why("x", 2, 1)
    shown.press("ArrowLeft", "ArrowLeft")
    assert shown.formula == trace.why("x", 2, 0)


def test_every_cell_is_spoken_with_its_head(show):
    trace = heads_of(T=2, C=4, heads=2)
    shown = show(trace)
    shown.press("Tab", "ArrowRight", "ArrowRight", "ArrowDown")
    assert shown.spoken == f"out, head 1, t 1 “cat”, h 0: {trace.why('out', 1, 1, 0)}"
    shown.press("Enter")
    name, index = trace.sources("out", 1, 1, 0)[0]
    assert f". Source 1 of 4: {cell_name(name, index)}" in shown.spoken


# -- what is drawn and saved -------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
def test_cells_of_all_tiles_share_one_scale_of_color(show, theme):
    trace = heads_of(T=4, C=6, heads=3, seed=2)
    shown = show(trace, media={"color_scheme": theme})
    for step in trace:
        top = abs(step.value[np.isfinite(step.value)]).max()
        cells = [(step.name, *index) for index in np.ndindex(step.value.shape) if step.value[index] != -np.inf]
        pixels = shown.pixels(cells, corner=True)
        for (_, *index), pixel in zip(cells, pixels, strict=True):
            assert pixel[:3] == pytest.approx(rgb(fill(step.value[tuple(index)], step.role, top, THEMES[theme])), abs=1)


def test_heads_are_not_chosen_but_sequences_are(show):
    trace = heads_of(B=3)
    shown = show(trace)
    assert shown.root.locator(".attention-picks select").count() == 1
    shown.page.get_by_label("Show b =").select_option("2")
    shown.page.evaluate("frames()")
    for cell in (("out", 2, 0, 1, 1), ("out", 2, 1, 1, 1), ("Wq", 1, 1, 1)):
        shown.point(*cell)
        assert shown.formula == trace.why(*cell)
    shown.update(heads_of())
    assert shown.root.locator(".attention-picks select").count() == 0
    shown.point("out", 1, 1, 1)
    assert shown.formula == shown.trace.why("out", 1, 1, 1)


def test_n_before_b_is_drawn_head_by_head(show):
    trace = Trace("turned")
    trace.given("x", np.arange(48.0).reshape(2, 3, 4, 2), "n b t h")
    shown = show(trace, pinned=("x", (1, 2, 3, 1)))
    assert shown.page.get_by_label("Show b =").input_value() == "2" and shown.is_lit("x", 1, 2, 3, 1)
    texts = texts_of(shown)
    assert [
        text
        for text in texts
        if text in {cell_text(value, 0) for value in trace["x"].value[:, 2].ravel()} and int(text) > 9
    ] == [str(int(value)) for value in trace["x"].value[:, 2].ravel() if value > 9]


def test_a_saved_picture_holds_every_tile(show):
    trace = heads_of(T=3, C=4, heads=3, h=2)
    shown = show(trace)
    texts = texts_of(shown)
    tiled = [step for step in trace if step.value.ndim == 3]
    for head in range(3):
        assert texts.count(f"head {head}") == len(tiled)
    assert texts.count("Σ") == 3 and texts.count("1.00") >= 9
    for step in trace:
        for value in step.value.ravel():
            assert cell_text(value, step.digits).replace("−", "–") in texts
    plan = shown.plan()
    with Image.open(saved(shown, "PNG").path()) as image:
        assert image.size == (round(2 * plan["width"]), round(2 * plan["height"]))
        box = plan["boxes"]["q"]
        (left, width), (right, _), _ = box["tiles"]
        between = image.convert("RGB").getpixel((round(left + width + right), round(2 * box["y"] + 20)))
        assert list(between) == rgb(THEMES["light"]["surface"])


def test_a_blank_cell_is_asked_for_in_its_tile(show):
    trace = heads_of(T=3, C=4, heads=2)
    shown = show(trace, blank=("weights", (1, 2, 0)))
    cells = [("weights", *index) for index in np.ndindex(trace["weights"].value.shape)]
    page = rgb(THEMES["light"]["surface"])
    assert [pixel[:3] == page for pixel in shown.pixels(cells, corner=True)] == [
        cell != ("weights", 1, 2, 0) for cell in cells
    ]
    texts = texts_of(shown)
    assert texts.count("?") == 1 and "Σ" not in texts
    shown.point("weights", 1, 2, 0)
    assert shown.formula.endswith(" = ?")


def test_more_heads_on_a_slider(show):
    shown = show(heads_of(4, 8, 1))
    assert not any(text.startswith("head ") for text in texts_of(shown))  # one head is a matrix like any other
    shown.click("out", 0, 3, 0)
    for heads in (2, 4, 8, 2, 1):
        shown.update(heads_of(4, 8, heads))
        assert shown.trail == ["out[0,3,0]"] and shown.is_lit("out", 0, 3, 0)
        assert shown.formula == shown.trace.why("out", 0, 3, 0)
        shown.press("Escape")
        shown.point("out", heads - 1, 3, 0)
        assert shown.formula == shown.trace.why("out", heads - 1, 3, 0)
        shown.click("out", 0, 3, 0)


def test_a_pin_keeps_its_head_among_the_gradients(show):
    trace = heads_of(T=3, C=4, heads=2)
    backward = trace.backward()
    shown = show(trace, gradients=backward)
    shown.click("q", 1, 2, 1)
    shown.page.get_by_role("button", name="Gradients").click()
    shown.trace = backward
    assert shown.trail == ["dq[1,2,1]"] and shown.formula == backward.why("dq", 1, 2, 1)
    assert shown.is_lit("dq", 1, 2, 1) and not shown.is_lit("dq", 0, 2, 1)
