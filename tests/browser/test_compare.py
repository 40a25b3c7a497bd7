"""Two diagrams on a blank page, where nobody answers: one cursor for both, and the difference in the place of b."""

import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from helpers.attention.averages import average_matmul, average_past
from helpers.explore.compare import compare
from helpers.explore.comparison import Comparison, module
from helpers.look import layout
from helpers.see import see
from helpers.trace.trace import Trace
from tests.browser.lab import write_notebooks
from tests.browser.pages import HOSTILE, BlankPage, head_of, plan_of, sendable, state_of

ALARM = (0xB3, 0x26, 0x1E)
PIXELS = """([half, layer, places]) => {
    const canvas = document.querySelectorAll(".attention-diagram")[half].querySelectorAll("canvas")[layer];
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return places.map(([x, y]) => [0, 1, 2, 3].map(i => data[4 * (Math.floor(y) * canvas.width + Math.floor(x)) + i]));
}"""
CODE = """
from helpers.attention import head
from helpers.explore import compare
def wrong(x, Wq, Wk, Wv, tokens=None):
    return head(x, Wq, Wk, Wv, temperature=2, tokens=tokens)
compare(head, wrong, T=(1, 8, 3))
"""


class Both:
    """A Comparison on a blank page."""

    def __init__(self, blank, shown):
        self.blank, self.page, self.shown = blank, blank.page, shown
        blank.mount(shown)
        self.page.evaluate("frames()")

    def half(self, side):
        return self.page.locator(".attention-diagram").nth("ab".index(side))

    def place(self, side, name, index, corner=False, notes=None):
        """Where a cell is in the drawing of a side."""
        trace = self.shown.traces["ab".index(side)]
        width = self.half(side).locator(".attention-stage").evaluate("stage => stage.clientWidth")
        plan = plan_of(trace, math.floor(width), notes)
        tile, row, column = layout.place_of(trace[name], index)
        box, (wide, high) = plan["boxes"][name], plan["cell"]
        shift = 0.0 if corner else 0.5
        return box["tiles"][tile][0] + (column + shift) * wide, box["y"] + (row + shift) * high

    def point(self, side, name, *index):
        box = self.half(side).locator(".attention-stage").bounding_box()
        x, y = self.place(side, name, index)
        self.page.mouse.move(box["x"] + x, box["y"] + y)

    def click(self, side, name, *index):
        self.point(side, name, *index)
        self.page.mouse.down()
        self.page.mouse.up()

    def formula(self, side):
        return self.half(side).locator(".attention-formula").text_content()

    def spoken(self, side):
        return self.half(side).locator(".attention-spoken").text_content()

    def trail(self, side):
        return self.half(side).locator(".attention-path button").all_text_contents()

    def pixel(self, side, name, *index, layer=0, **where):
        return self.page.evaluate(PIXELS, ["ab".index(side), layer, [self.place(side, name, index, **where)]])[0]

    def is_lit(self, side, name, *index):
        return self.pixel(side, name, *index, layer=1)[3] == 0

    def button(self, name):
        return self.page.get_by_role("button", name=name)

    @property
    def told(self):
        return self.page.locator(".attention-told").inner_text()


@pytest.fixture(scope="module")
def bare(browser):
    yield BlankPage(browser.new_page(), module(), Comparison.css)


@pytest.fixture
def both(bare):
    """``both(comparison)`` on the page, in a window so high that all of it is seen."""

    def show(shown, width=1000, scheme="light"):
        bare.clear()
        bare.resize(width, 1800)
        bare.show_in(color_scheme=scheme)
        bare.page.mouse.move(0, 0)
        return Both(bare, shown)

    yield show
    assert bare.errors == []


def pair(wrong=2.0, **sizes):
    return compare(head_of(**sizes), head_of(**sizes, temperature=wrong))


def test_the_first_difference_is_told_and_framed_in_both(both):
    page = both(pair())
    found = page.shown.first_difference
    assert found.name == "scaled" and page.told == page.shown.told
    assert f"scaled is the first that differs, by {found.size} at most: at [" in page.told
    for side in "ab":
        assert page.pixel(side, "scaled", *found.index, corner=True)[:3] == [*ALARM]
        assert page.pixel(side, "masked", *found.index, corner=True)[:3] != [*ALARM]


def test_the_cursor_moves_in_both_and_both_formulas_are_told(both):
    page = both(pair())
    a, b = page.shown.traces
    for side, other in ("ab", "ba"):
        page.point(side, "weights", 2, 1)
        assert page.formula("a") == a.why("weights", 2, 1) and page.formula("b") == b.why("weights", 2, 1)
        assert page.is_lit(other, "weights", 2, 1) and page.is_lit(other, "masked", 2, 0)
        assert not page.is_lit(other, "scores", 2, 1)
        page.page.mouse.move(1, 1)
        assert page.formula(other).startswith("Point at a number")


def test_pins_walk_back_in_both_by_keyboard_alone(both):
    page = both(pair())
    a, b = page.shown.traces
    stage, keys = page.half("a").locator(".attention-stage"), page.page.keyboard
    for _ in range(6):
        keys.press("Tab")
        if stage.evaluate("one => one === document.activeElement"):
            break
    for key in ("ArrowDown", "ArrowDown", "Enter", "Enter"):
        keys.press(key)
    assert page.trail("a") == page.trail("b") == ["out[2,0]", "weights[2,0]"]
    for side, trace in (("a", a), ("b", b)):
        assert page.spoken(side).startswith(f"{side}: weights, ") and trace.why("weights", 2, 0) in page.spoken(side)
    keys.press("Backspace")
    assert page.trail("b") == ["out[2,0]"]
    page.click("b", "q", 1, 1)
    assert page.trail("a") == ["q[1,1]"] and page.formula("a") == a.why("q", 1, 1)
    stage.focus()
    keys.press("Escape"), keys.press("Escape")
    assert page.trail("a") == page.trail("b") == []


def test_a_higher_axis_moves_in_both(both):
    page = both(pair(B=3))
    page.half("a").get_by_role("combobox").select_option("2")
    assert page.half("b").get_by_role("combobox").input_value() == "2"
    page.page.evaluate("frames()")
    page.point("b", "out", 2, 1, 0)
    assert page.formula("a") == page.shown.traces[0].why("out", 2, 1, 0)
    page.half("b").get_by_role("combobox").select_option("1")
    assert page.half("a").get_by_role("combobox").input_value() == "1"


def test_the_difference_stands_in_the_place_of_b(both):
    page = both(pair())
    a, b = page.shown.traces
    button = page.button("Difference")
    button.focus()
    page.page.keyboard.press("Enter")
    assert (
        button.get_attribute("aria-pressed") == "true" and page.page.locator(".attention-toggle:visible").count() == 1
    )
    label = page.half("b").locator(".attention-stage").get_attribute("aria-label")
    for one in page.shown.differences:
        assert f"Note on {one.name}: “{f'up to {one.size} at [' if one.beyond else 'equal'}" in label
    page.point("a", "scaled", 2, 1)
    assert page.formula("a") == a.why("scaled", 2, 1)
    one, other = (trace["scaled"].value[2, 1] for trace in (a, b))
    said = page.formula("b").replace("−", "-").split(" = ")
    assert said[:2] == ["scaled[2,1]", "a.scaled[2,1] - b.scaled[2,1]"]
    assert float(said[-1]) == pytest.approx(one - other, abs=6e-4)
    page.point("a", "q", 1, 0)  # equal
    assert float(page.formula("b").split(" = ")[-1]) == 0
    page.button("Values").click()
    page.point("a", "scaled", 2, 1)
    assert page.formula("b") == b.why("scaled", 2, 1)


def test_each_matrix_of_the_difference_has_its_largest_framed(both):
    page = both(pair())
    page.button("Difference").click()
    page.page.evaluate("frames()")
    pairs = page.page.evaluate("models[0].model.state.pairs")
    notes = {name: one["note"] for name, one in pairs.items()}
    framed = []
    for one in page.shown.differences:
        place = page.place("b", one.name, one.index, corner=True, notes=notes)
        color = page.page.evaluate(PIXELS, [1, 0, [place]])[0][:3]
        framed += [one.name] * (color == [*ALARM])
    assert (
        framed == [one.name for one in page.shown.differences if one.beyond] == ["scaled", "masked", "weights", "out"]
    )


def test_new_numbers_of_the_kernel_reach_the_difference(both):
    page = both(pair())
    page.button("Difference").click()
    page.shown.traces = head_of(T=5, seed=3), head_of(T=5, seed=3, scale=True, temperature=4.0)
    state = state_of(page.shown)
    page.blank.update(**{name: state[name] for name in ("forward_a", "forward_b", "pairs", "first", "told")})
    assert page.told == page.shown.told
    page.point("a", "scaled", 4, 2)
    one, other = (trace["scaled"].value[4, 2] for trace in page.shown.traces)
    assert float(page.formula("b").split(" = ")[-1].replace("−", "-")) == pytest.approx(one - other, abs=6e-4)


def test_what_is_in_one_alone_is_shown_and_lights_nothing_in_the_other(both):
    x = np.arange(8.0).reshape(4, 2)
    page = both(compare(average_past(x), average_matmul(x)))
    assert page.told == "tril and weights are in b alone. x and out are equal."
    page.point("b", "weights", 2, 1)
    assert page.formula("b") == page.shown.traces[1].why("weights", 2, 1)
    assert page.formula("a").startswith("Point at a number")
    page.button("Difference").click()
    label = page.half("b").locator(".attention-stage").get_attribute("aria-label")
    assert "Note on tril: “in b alone”" in label and "Note on out: “equal”" in label
    page.point("a", "out", 3, 1)
    assert page.formula("b") == "out[3,1] = a.out[3,1] − b.out[3,1] = 4 − 4 = 0"


def test_infinite_and_missing_numbers_have_a_difference_too(both):
    a, b = Trace("a"), Trace("b")
    a.given("m", [[-np.inf, -np.inf, np.nan, 1.0, 2.5]], "t c")
    b.given("m", [[-np.inf, 0.5, np.nan, np.nan, 2.5]], "t c")
    page = both(compare(a, b))
    page.button("Difference").click()
    for column, said in enumerate(["0", "−∞", "0", "NaN", "0"]):
        page.point("a", "m", 0, column)
        assert page.formula("b").split(" = ")[-1].replace("0.0", "0") == said


def test_a_lone_number_and_any_text_are_drawn(both):
    for text in HOSTILE:
        a, b = Trace(text, [text]), Trace(text, [text])
        for trace, value in ((a, 1.0), (b, 2.5)):
            trace.given("loss", value, "")
            trace.given("x", [[value]], "t c")
        page = both(compare(a, b))
        page.button("Difference").click()
        assert page.page.evaluate("window.hacked") is None
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 1000


@pytest.mark.parametrize(("width", "beside"), [(320, False), (780, False), (1000, True)])
def test_they_stand_side_by_side_where_there_is_room(both, width, beside):
    x = np.arange(6.0).reshape(3, 2)
    page = both(compare(average_past(x), average_past(x)), width=width)
    one, other = (page.half(side).bounding_box() for side in "ab")
    assert (one["y"] == other["y"]) == beside and (one["x"] < other["x"]) == beside
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width


def test_large_ones_stand_one_above_the_other_matrix_over_matrix(both):
    page = both(pair(T=8, C=16, h=8), scheme="dark")
    one, other = (page.half(side).bounding_box() for side in "ab")
    assert one["x"] == other["x"] and one["y"] + one["height"] < other["y"]
    for step in page.shown.traces[0]:
        assert page.place("a", step.name, (0, 0)) == page.place("b", step.name, (0, 0))


class Inner(nn.Module):
    def __init__(self, gain):
        super().__init__()
        self.gain = gain

    def forward(self, x):
        squared = x * x
        return squared * self.gain


class Outer(nn.Module):
    def __init__(self, gain):
        super().__init__()
        self.inner = Inner(gain)

    def forward(self, x):
        inside = self.inner(x + 1)
        return inside - x


def test_parts_of_the_code_are_opened_and_closed_in_both(both):
    x = torch.arange(6.0).reshape(3, 2)
    a, b = (see(Outer(gain), x) for gain in (2.0, 3.0))
    assert a.parts
    page = both(compare(a, b))
    page.button("Difference").click()
    for opened in ([], a.parts, None):
        page.blank.update(opened=opened)
        shown = [[step.name for step in trace.folded(opened).shown] for trace in (a, b)]
        for side, names in zip("ab", shown):
            label = page.half(side).locator(".attention-stage").get_attribute("aria-label")
            assert all(f"{name} (" in label for name in names) and "not compared" not in label
        page.half("a").locator(".attention-stage").press("ArrowUp")
        assert page.formula("b").startswith("(inside - x)[0,0] = a.(inside - x)[0,0] − b.(inside - x)[0,0] = ")
        page.page.keyboard.press("Escape")
    page.half("a").get_by_role("button", name="inner").click()
    assert len(page.page.evaluate("models[0].model.state.opened")) == len(a.opened_at_first) - 1
    assert page.half("a").locator(".attention-stage").get_attribute("aria-label") != label


def test_an_error_stands_at_its_side(both):
    page = both(compare(average_past, average_matmul))
    page.blank.update(error_b="six is too many")
    alerts = page.page.get_by_role("alert").all_inner_texts()
    assert [text for text in alerts if text] == ["six is too many"] and page.half("b").get_by_role("alert").is_visible()


def test_pins_from_python_are_in_both(both):
    page = both(pair())
    page.blank.update(pinned=["weights", [1, 0]])
    assert page.trail("a") == page.trail("b") == ["weights[1,0]"]


def test_nothing_is_left_behind(both):
    page = both(pair())
    page.page.evaluate("() => { left = document.querySelector('.attention-told'); models[0].remove(); }")
    sent = json.loads(json.dumps({"forward_a": sendable(page.shown.forward_a)}))
    page.blank.update(**sent, told="gone")
    assert page.page.evaluate("[left.textContent, left.isConnected]") == [page.shown.told, False]


def test_in_jupyterlab_a_slider_moves_both(lab):
    write_notebooks(lab.folder, {"compared": CODE})
    page = lab.open("compared")
    page.run_all()
    told = page.page.locator(".attention-told")
    told.wait_for()
    before = told.inner_text()
    assert "scaled is the first that differs" in before
    slider = page.page.get_by_role("slider", name="T, tokens")
    slider.focus()
    slider.press("ArrowRight")
    label = page.page.locator(".attention-stage[aria-label*='x (T=4, C=4)']")
    label.first.wait_for()
    label.nth(1).wait_for()
    page.close()
