"""The controls on a blank page: native elements, one step at a time, and what is told where nobody answers."""

import pytest

from helpers.explore.explorer import explore
from helpers.live.bundle import alone
from helpers.live.live import Live, with_choices
from helpers.live.pieces import Bar, Button, Check, Field, Slider, Text
from helpers.trace.trace import Trace
from tests.browser.pages import HOSTILE, BlankPage

SENT = "models[0].model.state"
MOVE = """([trait, values]) => {
    const input = document.querySelector(".attention-slider input");
    for (const value of values) { input.value = value; input.dispatchEvent(new Event("input")); }
}"""


@pytest.fixture
def controls(blank):
    """``controls(pieces)`` on a blank page, where the test is the kernel."""

    def mount(build, width=900):
        blank.clear()
        blank.resize(width, 700)
        blank.mount(build)
        return blank

    yield mount
    assert blank.errors == []


def explorer():
    def build(T=4, loud=False, word="cat", gain=1.0):
        return Trace("build")

    return explore(build, T=(1, 64, 4))


def state(page, name):
    return page.page.evaluate(f"{SENT}.{name}")


def answer(page, **changes):
    page.update(answered=state(page, "asked"), **changes)


def test_they_are_native_and_work_by_keyboard_alone(controls):
    page = controls(explorer())
    keys = page.page.keyboard
    slider, box = page.page.get_by_role("slider", name="T, tokens"), page.page.get_by_role("checkbox", name="loud")
    field, gain = page.page.get_by_role("textbox", name="word"), page.page.get_by_role("slider", name="gain")
    keys.press("Tab")
    assert slider.evaluate("one => one === document.activeElement")
    keys.press("ArrowRight")
    assert state(page, "T") == 5 and page.page.locator(".attention-slider output").first.inner_text() == "5"
    answer(page)
    keys.press("End")
    assert state(page, "T") == 64
    answer(page)
    keys.press("Tab"), keys.press("Space")
    assert state(page, "loud") is True and box.is_checked()
    answer(page)
    keys.press("Tab"), keys.press("Control+a"), keys.type("d")
    answer(page)
    keys.type("og")
    answer(page), answer(page)
    assert state(page, "word") == "dog" and field.input_value() == "dog"
    keys.press("Tab"), keys.press("ArrowRight")
    assert state(page, "gain") == pytest.approx(1.1) and gain.evaluate("one => one === document.activeElement")
    answer(page)
    keys.press("Tab"), keys.press("Enter")
    assert state(page, "presses") == {"reset": 1}


def test_none_piles_up_and_the_last_arrives(controls):
    page = controls(explorer())
    page.page.evaluate(MOVE, ["T", [*range(5, 40)]])
    assert (state(page, "T"), state(page, "asked")) == (5, 1)
    page.update(T=5)  # a front end that hears its own echo
    assert page.page.locator(".attention-slider output").first.inner_text() == "39"
    answer(page)
    assert (state(page, "T"), state(page, "asked")) == (39, 2)
    answer(page)
    assert (state(page, "T"), state(page, "asked")) == (39, 2)
    assert page.page.evaluate("models[0].model.sent.length") == 2


def test_presses_while_the_kernel_is_busy_are_added_up(controls):
    page = controls(explorer())
    button = page.page.get_by_role("button", name="Reset")
    for _ in range(3):
        button.click()
    assert (state(page, "presses"), state(page, "asked")) == ({"reset": 1}, 1)
    answer(page)
    assert (state(page, "presses"), state(page, "asked")) == ({"reset": 3}, 2)


def test_a_step_shows_that_it_is_under_way_only_where_it_takes_long(controls):
    page = controls(explorer())
    busy = page.page.locator(".attention-live.attention-busy")
    page.page.evaluate("""() => {
        window.moved = performance.now();
        new MutationObserver(() => {
            if (document.querySelector(".attention-busy")) window.shown ??= performance.now();
        }).observe(document.body, { subtree: true, attributes: true });
    }""")
    page.page.evaluate(MOVE, ["T", [7]])
    busy.wait_for(state="attached", timeout=5000)
    assert page.page.evaluate("shown - moved") > 145
    answer(page)
    assert busy.count() == 0


def test_where_nobody_answers_a_line_says_so_and_the_next_step_is_sent(controls):
    page = controls(explorer())
    page.page.clock.install()
    page.page.evaluate(MOVE, ["T", [7]])
    page.page.clock.run_for(10_100)
    lost = page.page.locator(".attention-lost")
    assert "No answer yet" in lost.inner_text()
    page.page.evaluate(MOVE, ["T", [9, 11, 12]])
    assert (state(page, "T"), state(page, "asked")) == (9, 2)
    page.page.clock.run_for(10_100)  # as where the connection was lost: the last state is sent without a hand
    assert (state(page, "T"), state(page, "asked")) == (12, 3)
    answer(page)
    assert lost.is_hidden()


def test_where_the_kernel_was_restarted_nothing_is_sent_and_the_last_state_stands(controls):
    page = controls(explorer())
    page.page.evaluate(MOVE, ["T", [7, 9, 12]])
    page.page.evaluate("models[0].model.tell('comm_live_update')")
    lost, slider = page.page.locator(".attention-lost"), page.page.get_by_role("slider", name="T, tokens")
    assert "run this cell again" in lost.inner_text()
    assert slider.is_disabled() and slider.input_value() == "7"  # what was sent last
    assert page.page.locator(".attention-controls :is(input, button):enabled").count() == 0


def test_python_moves_them_too(controls):
    page = controls(explorer())
    page.update(T=12, word="שלום", loud=True)
    assert page.page.get_by_role("slider", name="T, tokens").input_value() == "12"
    assert page.page.get_by_role("textbox", name="word").input_value() == "שלום"
    assert page.page.get_by_role("checkbox", name="loud").is_checked() and state(page, "asked") == 0


@pytest.mark.parametrize("width", [260, 900])
def test_whatever_stands_in_them_is_text_and_fits(browser, width):
    window = browser.new_page(viewport={"width": width, "height": 700})
    page = BlankPage(window, alone(), Live.css)
    rows = [
        [
            Slider(f"s{i}", f"s{i}", text, 2, 1, 8),
            Check(f"c{i}", f"c{i}", text, True),
            Field(f"f{i}", f"f{i}", text, text),
            Button(f"b{i}", text, text, None),
            Bar(f"p{i}", text, amount=0.5),
            Text(f"t{i}", [["b", text], ["code", text]]),
        ]
        for i, text in enumerate(HOSTILE)
    ]
    page.mount(with_choices(Live, tuple(f"{kind}{i}" for kind in "scf" for i in range(len(HOSTILE))))(rows))
    assert window.evaluate("window.hacked") is None and page.errors == []
    assert window.locator(".attention-live :is(script, img)").count() == 0
    assert window.evaluate("document.documentElement.scrollWidth") <= width
    window.close()
