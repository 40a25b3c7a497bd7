"""A page shows no hidden step: what the pointer and the keys reach, what is lit, what is written, at any size."""

import numpy as np
import pytest

from tests.browser.pages import texts_of
from tests.runs import a_run


@pytest.fixture(scope="module")
def trace():
    return a_run(np.random.default_rng(1))


def test_a_number_reads_through_what_is_hidden(show, trace):
    shown = show(trace)
    for step in trace.shown:
        for index in [(0,) * step.value.ndim, tuple(size - 1 for size in step.value.shape)]:
            shown.point(step.name, *index)
            assert shown.formula == trace.why(step.name, *index)
    code = shown.root.locator(".attention-code").text_content()
    assert code == "out   # masked (T=3, T=3), x (T=3, C=2) → (T=3, C=2)"
    written = texts_of(shown)
    assert "total" in written and not {"weights", "x @ W", "2.0"} & {*written}


def test_its_sources_are_those_of_the_shown_matrices(show, trace):
    shown = show(trace, pinned=("out", (1, 0)))
    direct = {("out", (1, 0)), *trace.sources("out", 1, 0)}
    assert {name for name, _ in direct} == {"out", "masked", "x"}
    cells = [(step.name, *index) for step in trace.shown for index in np.ndindex(step.value.shape)]
    for (name, *index), veil in zip(cells, shown.pixels(cells, layer=1), strict=True):
        assert (veil[3] == 0) == ((name, tuple(index)) in direct), (name, index)
    shown.click("masked", 1, 1)
    shown.click("scores", 1, 1)
    shown.click("W", 0, 1)
    assert shown.trail == ["out[1,0]", "masked[1,1]", "scores[1,1]", "W[0,1]"]


def test_the_keys_pass_them_over(show, trace):
    shown = show(trace)
    shown.press("Tab")
    for name in ["total", "masked", "scores", "W", "x"]:
        shown.press("PageUp")
        assert shown.formula.startswith(name)
    shown.press("PageDown", "PageDown", "Enter")
    assert shown.trail == ["scores[0,0]"]
    shown.press("Enter")
    assert shown.trail[1] in [f"{name}[{at[0]},{at[1]}]" for name, at in trace.sources("scores", 0, 0)]


def test_gradients_turn_to_the_same_cell_and_back(show):
    trace = a_run(np.random.default_rng(2), known=True)
    shown = show(trace, gradients=trace.backward())
    shown.click("scores", 1, 0)
    shown.root.get_by_role("button", name="Gradients").click()
    assert shown.trail == ["dscores[1,0]"]
    shown.root.get_by_role("button", name="Values").click()
    assert shown.trail == ["scores[1,0]"]


def test_a_cell_that_is_asked_for_keeps_its_number_in_python(show, trace):
    shown = show(trace, blank=("masked", (1, 0)))
    shown.point("masked", 1, 0)
    assert shown.formula == "masked[1,0] = scores[1,0] = ?"
    shown.point("masked", 0, 1)
    assert shown.formula == "masked[0,1] = ?"


HOVER = """places => {
    const stage = document.querySelector(".attention-stage");
    const start = performance.now();
    for (const [clientX, clientY] of places)
        stage.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, bubbles: true }));
    return (performance.now() - start) / places.length;
}"""


def test_a_large_one_answers_at_once(show):
    """Hovering numbers of 128 times 128, that have up to 16,640 sources through hidden steps."""
    shown = show(a_run(np.random.default_rng(0), 128, 128), height=2600)
    left, top, _ = shown.area()
    cells = [(name, row, column) for name in ("scores", "out") for row, column in [(100, 3), (3, 100), (127, 127)]]
    places = [shown.place(*cell) for cell in cells]
    milliseconds = shown.page.evaluate(HOVER, [[left + x, top + y] for x, y in places])
    assert shown.formula == shown.trace.why(*cells[-1])
    assert milliseconds < 600, milliseconds  # usually 60
