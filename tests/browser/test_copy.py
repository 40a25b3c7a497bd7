"""What can be taken along: every digit of a matrix, as code and as a table, and a formula as text."""

import base64
import math
import re

import numpy as np
import pytest
import torch

from helpers.trace.trace import Trace
from tests.browser.pages import BlankPage, Shown, head_of

WRITE = """([name, step, bytes]) => course[name]({
    ...step, value: new Float64Array(Uint8Array.from(atob(bytes), one => one.charCodeAt(0)).buffer)
})"""
ODD = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -3.0, 0.1, 1e21, 5e-324, 1.7976931348623157e308, 2 / 3, 1e-7]
SHAPES = [(), (3,), (2, 4), (1, 1), (2, 3, 2), (2, 2, 3, 2)]


def written(blank, name, values):
    """The text that the page makes of numbers."""
    step = {"shape": values.shape, "axes": [*"bnts"][-values.ndim or 4 :], "whole": values.dtype.kind == "i"}
    return blank.ask(WRITE, [name, step, base64.b64encode(np.ascontiguousarray(values, "<f8")).decode()])


def matrices(shape):
    rng = np.random.default_rng(len(shape))
    count = math.prod(shape)
    odd = np.array([ODD[i % len(ODD)] for i in range(count)])
    for values in (rng.standard_normal(count), rng.standard_normal(count) * 10.0 ** rng.integers(-300, 300), odd):
        yield values.reshape(shape)
    yield rng.integers(-(2**53), 2**53, count).reshape(shape)
    yield rng.integers(0, 2, count).astype(bool).astype(int).reshape(shape)


def same(one, other):
    """The same numbers to the last bit, of the same shape and kind."""
    assert one.shape == other.shape and one.dtype.kind == other.dtype.kind
    assert np.ascontiguousarray(one, "<f8").tobytes() == np.ascontiguousarray(other, "<f8").tobytes() or (
        np.array_equal(one, other, equal_nan=True)
        and np.array_equal(np.signbit(one[one == 0]), np.signbit(other[one == 0]))
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_code_reads_back_as_the_same_numbers(blank, shape):
    for values in matrices(shape):
        for name in ("asTorch", "asNumpy"):
            made = eval(written(blank, name, values), {"torch": torch, "np": np})
            same(np.asarray(made), values)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_table_reads_back_as_the_same_numbers(blank, shape):
    for values in matrices(shape):
        blocks = written(blank, "asTable", values).split("\n\n")
        assert len(blocks) == math.prod(shape[:-2])
        read = []
        for place, block in zip(np.ndindex(shape[:-2]), blocks):
            lines = block.split("\n")
            if place:
                assert lines.pop(0) == "\t".join(f"{axis}={at}" for axis, at in zip("bnts"[-len(shape) :], place))
            read += [[float(cell.replace("#N/A", "nan")) for cell in line.split("\t")] for line in lines]
        same(np.array(read).reshape(shape), values.astype(float))


def test_code_is_laid_out_as_one_would_write_it(blank):
    values = np.array([[1, 2], [3, 4]])
    assert written(blank, "asTorch", values) == "torch.tensor([[1, 2],\n              [3, 4]])"
    assert written(blank, "asTorch", values / 2.0) == (
        "torch.tensor([[0.5, 1.0],\n              [1.5, 2.0]], dtype=torch.float64)"
    )
    assert written(blank, "asNumpy", np.array([np.nan, -np.inf])) == "np.array([np.nan, -np.inf])"
    assert written(blank, "asTable", np.array([[0.5, 2.0], [np.nan, np.inf]])) == "0.5\t2\n#N/A\tinf"


def formula(shown, *cell):
    name, *index = cell
    return shown.page.evaluate(
        "([cell, text]) => course.asFormula(cell, Object.fromEntries(course.unpack(models[0].model.state.forward).all"
        ".map(step => [step.name, { ...step, folded: '' }])))",
        [[name, index], ""],
    )


def test_a_formula_has_all_digits_and_computes_its_number(show):
    trace = head_of()
    shown = show(trace)
    for cell in [("q", 1, 0), ("scores", 2, 1), ("scaled", 2, 1), ("out", 2, 1)]:
        _, names, numbers, result = formula(shown, *cell).split(" = ")
        text = numbers.replace("−", "-").replace("·", "*")
        value = trace[cell[0]].value[cell[1:]]
        assert float(result.replace("−", "-")) == value
        assert eval(text) == pytest.approx(value, rel=1e-14), names
    assert formula(shown, "weights", 0, 2).endswith(" = 0")


# -- the hand -----------------------------------------------------------------------------------------


@pytest.fixture
def hand(browser):
    """A page that may use the clipboard, as one from a server on this machine may; and what was pasted."""
    context = browser.new_context(
        permissions=["clipboard-read", "clipboard-write"], viewport={"width": 1040, "height": 900}
    )
    page = context.new_page()
    page.route("http://localhost/**", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    page.goto("http://localhost/")
    blank = BlankPage(page)
    yield blank
    assert blank.errors == []
    context.close()


def pasted(page):
    """What Ctrl+V gives."""
    page.evaluate(
        "() => { const area = document.createElement('textarea'); document.body.append(area); area.focus(); }"
    )
    page.keyboard.press("Control+v")
    return page.evaluate(
        "() => { const { value } = document.activeElement; document.activeElement.remove(); return value; }"
    )


def spoken(shown):
    return shown.root.locator(".attention-tools [role=status]").inner_text()


def test_ctrl_c_on_a_number_copies_its_formula(hand):
    trace = head_of()
    shown = Shown(hand, trace)
    shown.press("Tab", "ArrowDown", "Control+c")
    assert spoken(shown) == "Copied: the formula of out[1,0]."
    text = pasted(hand.page)
    assert text.startswith("out[1,0] = weights[1,0]·v[0,0] + ") and re.search(r"\d\.\d{12}", text)
    assert text.endswith(str(trace["out"].value[1, 0]).replace("-", "−"))


def test_the_menu_works_by_keyboard_alone(hand):
    trace = head_of(T=2, C=3)
    shown = Shown(hand, trace, pinned=("weights", (1, 0)))
    shown.press("Tab", "c")
    menu = shown.root.get_by_role("menu", name="Copy weights (T=2, T=2)")
    focused = "() => document.activeElement.textContent"
    assert menu.is_visible() and hand.page.evaluate(focused) == "Formula"
    seen = []
    for _ in range(4):
        seen.append(hand.page.evaluate(focused))
        shown.press("ArrowRight")
    assert seen == ["Formula", "torch.tensor(…)", "NumPy", "Table"] and hand.page.evaluate(focused) == "Formula"
    shown.press("End", "ArrowLeft", "Enter")
    menu.wait_for(state="hidden")
    assert spoken(shown) == "Copied: weights as NumPy."
    assert shown.stage.evaluate("stage => stage === document.activeElement") and shown.trail == ["weights[1,0]"]
    assert np.array_equal(eval(pasted(hand.page)), trace["weights"].value)
    button = shown.root.get_by_role("button", name="Copy", exact=True)
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    shown.press("Escape")
    assert menu.is_hidden() and button.evaluate("one => one === document.activeElement")
    assert button.get_attribute("aria-expanded") == "false"
    button.click()
    shown.root.get_by_role("menuitem", name="Table").click()
    menu.wait_for(state="hidden")
    rows = [[float(one) for one in line.split("\t")] for line in pasted(hand.page).split("\n")]
    assert np.array_equal(rows, trace["weights"].value)


def test_where_the_clipboard_is_not_allowed_the_text_stands_chosen_in_a_field(show):
    trace = head_of(T=2, C=3)
    shown = show(trace)  # a page without an address has no clipboard of its own
    shown.press("Tab", "c", "ArrowRight", "Enter")
    field = shown.root.get_by_role("textbox", name="The text to copy")
    assert np.array_equal(eval(field.input_value()).numpy(), trace["out"].value)
    text = field.input_value()
    shown.press("Control+c", "Escape")
    assert field.count() == 0 and shown.stage.evaluate("stage => stage === document.activeElement")
    assert pasted(shown.page) == text


def test_what_is_asked_for_is_not_to_be_had(show):
    shown = show(head_of(), blank=("out", (1, 0)))
    shown.press("Tab", "c")
    enabled = shown.root.locator("[role=menuitem]:enabled").all_text_contents()
    assert enabled == ["Formula"]
    shown.press("Enter")
    assert shown.root.get_by_role("textbox", name="The text to copy").input_value().endswith(" = ?")


def test_matrices_of_any_name_and_kind(show):
    trace = Trace("kinds")
    trace.given("__proto__", np.array([[True, False]]), "t c")
    trace.given("whole", [[1, 2]], "t c")
    trace.given("one", 2.5, "")
    shown = show(trace)
    read = [
        shown.page.evaluate("i => course.asTorch(course.unpack(models[0].model.state.forward).steps[i])", place)
        for place in range(3)
    ]
    assert read == ["torch.tensor([[1, 0]])", "torch.tensor([[1, 2]])", "torch.tensor(2.5, dtype=torch.float64)"]
