"""Parts of the code in the browser: buttons open and close them, and what is shown then is what Python shows."""

import itertools

from helpers.diagram.diagram import payload
from tests.browser.pages import sendable
from tests.test_folding import model

FOLD = """([trace, choices]) => {
    const whole = course.unpack({ ...trace, values: new DataView(bytes(trace.values).buffer) });
    return choices.map(opened => {
        const { all } = course.folded(whole, opened);
        const steps = course.dictionary(all.map(step => [step.name, step]));
        const told = step => course.formulaThrough(step, step.shape.map(size => size - 1), steps).map(([text]) => text);
        const shown = step => step.hidden ? [] : [step.reads, told(step).join("")];
        return all.map(step => [step.name, step.hidden, step.folded, ...shown(step)]);
    });
}"""


def test_what_is_shown_is_what_python_shows(blank):
    blank.clear()
    for trace in [model(), model(1, 4), model(2, 2)]:
        choices = [
            [path for path, is_open in zip(trace.parts, opened) if is_open]
            for opened in itertools.product([False, True], repeat=len(trace.parts))
        ]
        found = blank.page.evaluate(FOLD, [sendable(payload(trace)), choices])
        for opened, steps in zip(choices, found):
            folded = trace.folded(opened)
            wanted = [
                [one.name, one.hidden, one.folded]
                + ([] if one.hidden else [[*folded.reads(one)], folded.why(one.name, *[-1] * one.value.ndim)])
                for one in folded
            ]
            assert steps == wanted


def test_a_part_is_opened_and_closed(show):
    shown = show(model(), opened=[["layers.0"]])
    buttons = shown.root.locator(".attention-parts button")
    assert buttons.all_inner_texts() == ["layers.0", "layers.0.sa"]
    assert [button.get_attribute("aria-pressed") for button in buttons.all()] == ["true", "false"]
    names = "() => models.at(-1).el.querySelector('.attention-stage').getAttribute('aria-label')"
    buttons.nth(1).focus()
    shown.page.keyboard.press("Enter")
    shown.page.wait_for_timeout(100)
    assert buttons.all_inner_texts() == ["layers.0", "layers.0.sa", "layers.0.sa.heads.0", "layers.0.sa.heads.1"]
    assert shown.page.evaluate("() => document.activeElement.textContent") == "layers.0.sa"
    assert "q00" not in shown.page.evaluate(names)
    buttons.nth(2).click()
    shown.page.wait_for_timeout(100)
    assert "q00" in shown.page.evaluate(names)
    assert "q01" not in shown.page.evaluate(names)
    for _ in range(2):  # closing a part closes what is in it, too
        buttons.nth(1).click()
        shown.page.wait_for_timeout(100)
