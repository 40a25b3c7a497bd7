"""Ahead of the hand: a step of a slider is painted before the kernel has answered; what it answers is what stays."""

import pytest

from helpers.attention import head
from helpers.explore import explore
from tests.browser.bridge import Bridge
from tests.browser.later import Later

SHOWN = """which => {
    const { el } = models[which];
    const root = el.querySelector(".attention-diagram");
    return [el.querySelector(".attention-stage").getAttribute("aria-label"),
        el.querySelector(".attention-shapes").textContent, Number(root.dataset.paints)];
}"""


@pytest.fixture
def bridged(blank, monkeypatch):
    """``bridged(explorer)``: the Bridge, a function that says what the page shows, and the slider of T, in focus."""
    blank.clear()
    blank.resize(1040, 1400)
    blank.page.mouse.move(1039, 1399)  # over an explorer it would have it ask before anybody hears that
    later = Later(monkeypatch)

    def on_the_page(explorer):
        bridge = Bridge(blank, explorer)
        blank.page.locator(".attention-slider input").first.focus()
        bridge.arrive()
        later.run()
        bridge.answer()
        return bridge, lambda: blank.page.evaluate(SHOWN, bridge.which)

    yield on_the_page
    assert blank.errors == []


def picture(**sizes):
    trace = explore(head, T=(1, 8, sizes["T"]), C=(1, 6, sizes["C"]), head_size=2).trace
    return [f"Diagram of head: {', '.join(f'{step.name} {step.shape}' for step in trace.shown)}"]


def test_a_step_is_painted_before_the_kernel_answers_and_once(bridged, blank):
    bridge, shown = bridged(explore(head, T=(1, 8, 4), C=(1, 6, 3), head_size=2))
    page, before = blank.page, shown()
    page.keyboard.press("ArrowRight")
    label, words, paints = shown()
    assert [label] == picture(T=5, C=3) and "x (T=5, C=3)" in words and paints == before[2] + 1
    bridge.settle()
    assert bridge.widget.T == 5 and shown() == [label, words, paints]  # it was right


def test_a_guess_explains_its_numbers(bridged, blank):
    bridge, _ = bridged(explore(head, T=(1, 8, 4), C=(1, 6, 3), head_size=2))
    blank.page.keyboard.press("ArrowRight")
    blank.page.locator(".attention-stage").press("End")
    said = blank.page.locator(".attention-formula").inner_text()
    bridge.settle()
    trace, last = bridge.widget.trace, [*bridge.widget.trace][-1]
    assert said in {trace.why(last.name, t, c) for t in range(5) for c in range(2)}


def test_an_older_answer_does_not_take_the_place_of_a_newer_guess(bridged, blank):
    bridge, shown = bridged(explore(head, T=(1, 8, 4), C=(1, 6, 3), head_size=2))
    blank.page.keyboard.press("ArrowRight")
    bridge.collect()
    blank.page.keyboard.press("ArrowRight")  # waits for the answer to the first
    bridge.arrive()
    bridge.answer()
    assert [shown()[0]] == picture(T=6, C=3)
    bridge.settle()
    assert [shown()[0]] == picture(T=6, C=3) and bridge.widget.T == 6


def test_a_wrong_guess_goes_when_the_answer_comes(bridged, blank):
    explorer = explore(head, T=(1, 8, 4), C=(1, 6, 3), head_size=2)
    there, elsewhere = (explore(head, T=(1, 8, T), C=(1, 6, 3), head_size=2) for T in (4, 2))
    explorer.subject.at = lambda state: elsewhere.subject  # all pictures are those of T=2
    bridge, shown = bridged(explorer)
    blank.page.keyboard.press("ArrowRight")
    assert [shown()[0]] == picture(T=2, C=3)
    bridge.settle()
    assert [shown()[0]] == picture(T=5, C=3) and "T=5" in shown()[1]
    blank.page.keyboard.press("ArrowRight")
    blank.page.keyboard.press("ArrowLeft")  # back before Python heard of anything
    bridge.settle()
    assert [shown()[0]] == picture(T=5, C=3) and there.T == 4


def test_for_your_own_function_nothing_is_guessed(bridged, blank):
    def own(x, Wq):
        return x @ Wq

    bridge, shown = bridged(explore(own, T=(1, 8, 4), C=(1, 6, 3), head_size=2))
    before = shown()
    blank.page.keyboard.press("ArrowRight")
    assert shown()[:2] == before[:2]
    bridge.settle()
    assert "T=5" in shown()[1]
