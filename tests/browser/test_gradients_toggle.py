"""The toggle between values and gradients, which needs no kernel."""

import numpy as np

from helpers.diagram.diagram import payload
from helpers.trace.trace import Trace
from tests.browser.pages import canvases, head_of, sendable, texts_of


def gradients_of(trace, seed=0):
    """Any Trace will do for the other side: here one with dq, dk and the values it needs."""
    rng = np.random.default_rng(seed)
    other = Trace(f"gradients of {trace.title}", trace.tokens)
    for name in ("q", "k"):
        other.given(name, trace[name].value, " ".join(trace[name].axes), role=trace[name].role)
    other.given(
        "dscores",
        rng.standard_normal(trace["scores"].value.shape).round(2),
        " ".join(trace["scores"].axes),
        role="scores",
    )
    other.step("dq", "sum-product", "t s, s h -> t h", "dscores", "k", role="query", code="dq = dscores @ k")
    other.step("dk", "sum-product", "t s, t h -> s h", "dscores", "q", role="key", code="dk = dscores.T @ q")
    return other


def sides(shown):
    return {
        button.text_content(): button.get_attribute("aria-pressed")
        for button in shown.root.locator(".attention-toggle button").all()
    }


def test_the_toggle_is_there_only_with_gradients(show):
    trace = head_of()
    assert show(trace).root.get_by_role("group", name="What the diagram shows").count() == 0
    shown = show(trace, gradients=gradients_of(trace))
    assert sides(shown) == {"Values": "true", "Gradients": "false"}
    assert shown.root.get_by_role("group", name="What the diagram shows").is_visible()


def test_the_toggle_works_by_touch_on_a_phone(show):
    trace = head_of()
    shown = show(trace, gradients=gradients_of(trace), width=320, has_touch=True)
    gradients = shown.root.get_by_role("button", name="Gradients")
    assert gradients.bounding_box()["height"] >= 24
    gradients.tap()
    assert sides(shown) == {"Values": "false", "Gradients": "true"}
    assert shown.page.evaluate("document.scrollingElement.scrollWidth") <= 320


def test_the_toggle_shows_the_gradients_and_keeps_the_place(show):
    trace = head_of()
    other = gradients_of(trace)
    shown = show(trace, gradients=other, notes={"q": "asks", "dq": "how to ask better"})
    shown.click("scores", 1, 0)
    shown.click("q", 1, 0)
    values, label = canvases(shown), shown.label
    assert label.endswith("Note on q: “asks”")
    gradients = shown.root.get_by_role("button", name="Gradients")
    for _ in range(20):
        shown.press("Tab")
        if gradients.evaluate("button => button === document.activeElement"):
            break
    shown.press("Enter")
    assert sides(shown) == {"Values": "false", "Gradients": "true"}
    assert gradients.evaluate("button => button === document.activeElement")
    assert (
        shown.trail == ["dq[1,0]"] and shown.formula == other.why("dq", 1, 0) and other.why("dq", 1, 0) in shown.spoken
    )
    assert shown.label == (
        f"Diagram of gradients of head: {', '.join(f'{step.name} {step.shape}' for step in other)}. "
        "Note on q: “asks”. Note on dq: “how to ask better”"
    )
    texts = texts_of(shown)
    assert {"dq", "dscores", "how to ask better"} & set(texts) >= {"dq", "dscores"} and "weights" not in texts
    with shown.page.expect_download() as download:
        shown.root.get_by_role("button", name="Save PNG").click()
    assert download.value.suggested_filename.startswith("gradients of head")
    gradients.focus()
    shown.press("Shift+Tab", " ")
    assert sides(shown) == {"Values": "true", "Gradients": "false"}
    assert shown.trail == ["q[1,0]"] and shown.formula == trace.why("q", 1, 0) and shown.label == label
    assert canvases(shown)[0] == values[0]


def test_what_has_no_twin_lets_go(show):
    trace = head_of()
    other = gradients_of(trace)
    shown = show(trace, gradients=other)
    for cell, there, back in [(("out", 1, 0), [], []), (("k", 1, 1), ["dk[1,1]"], ["k[1,1]"]), (("x", 2, 3), [], [])]:
        shown.click(*cell)
        shown.root.get_by_role("button", name="Gradients").click()
        assert shown.trail == there
        shown.root.get_by_role("button", name="Values").click()
        assert shown.trail == back
        shown.press("Escape", "Escape")
        if shown.trail:
            shown.click(*cell)


def test_the_gradients_explain_themselves_by_pointer_and_keys(show):
    trace = head_of()
    shown = show(trace, gradients=gradients_of(trace))
    shown.root.get_by_role("button", name="Gradients").click()
    values, shown.trace = shown.trace, gradients_of(trace)
    for step in shown.trace:
        shown.point(step.name, 1, 1)
        assert shown.formula == shown.trace.why(step.name, 1, 1)
    shown.stage.focus()
    shown.press("n")
    shown.field.fill("downhill")
    shown.press("Enter")
    assert shown.state("notes") == {"dk": "downhill"} and shown.label.endswith("Note on dk: “downhill”")
    shown.root.get_by_role("button", name="Values").click()
    assert "downhill" not in shown.label
    shown.trace = values
    shown.point("out", 1, 1)
    assert shown.formula == values.why("out", 1, 1)


def test_new_values_without_gradients_take_the_toggle_away(show):
    trace = head_of()
    shown = show(trace, gradients=gradients_of(trace))
    shown.root.get_by_role("button", name="Gradients").click()
    shown.update(head_of(T=4), backward=None)
    assert shown.root.locator(".attention-toggle").is_hidden() and shown.label.startswith("Diagram of head: ")
    shown.point("out", 3, 1)
    assert shown.formula == shown.trace.why("out", 3, 1)


def test_new_values_with_gradients_stay_on_the_side_that_is_shown(show):
    shown = show(head_of(), gradients=gradients_of(head_of()))
    shown.root.get_by_role("button", name="Gradients").click()
    trace = head_of(T=5, seed=2)
    other = gradients_of(trace, seed=2)
    shown.update(trace, backward=sendable(payload(other)))
    shown.trace = other
    shown.point("dq", 4, 1)
    assert shown.formula == other.why("dq", 4, 1) and sides(shown)["Gradients"] == "true"
