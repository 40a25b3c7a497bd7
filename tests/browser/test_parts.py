"""Parts of the code in the browser: buttons open and close them, and what is shown then is what Python shows."""

import itertools
from dataclasses import replace

import pytest
import torch

from helpers.diagram.diagram import payload
from helpers.see import see
from helpers.trace import Trace
from tests.browser.pages import sendable
from tests.models_by_hand import LongBlock
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


def all_choices(trace):
    """Every set of parts, as it could be open."""
    for opened in itertools.product([False, True], repeat=len(trace.parts)):
        yield [path for path, is_open in zip(trace.parts, opened) if is_open]


def some_choices(trace):
    """Each part opened as the last one: after those around it, without them, and after all others."""
    for path in trace.parts:
        yield [path[:depth] for depth in range(1, len(path) + 1)]
        yield [path]
        yield [*(one for one in trace.parts if one != path), path]


def inside_its_own_name():
    """A part in one of the same name, which has no room beside the rest."""
    trace = model(6)
    again = {step.name: replace(step, part=tuple("layer" for _ in step.part)) for step in trace}
    return Trace(trace.title, trace.tokens, again)


def test_what_is_shown_is_what_python_shows(blank):
    blank.clear()
    long = see(LongBlock(6, 2, 5).eval(), torch.randn(1, 3, 6))
    small = [(trace, [*all_choices(trace)]) for trace in (model(), model(1, 4), model(2, 2))]
    for trace, choices in [*small, *((trace, [*some_choices(trace)]) for trace in (long, inside_its_own_name()))]:
        found = blank.ask(FOLD, [sendable(payload(trace)), choices])
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
    shown.page.evaluate("frames()")
    assert buttons.all_inner_texts() == ["layers.0", "layers.0.sa", "layers.0.sa.heads.0", "layers.0.sa.heads.1"]
    assert shown.page.evaluate("() => document.activeElement.textContent") == "layers.0.sa"
    assert "q00" not in shown.page.evaluate(names)
    buttons.nth(2).click()
    shown.page.evaluate("frames()")
    assert "q00" in shown.page.evaluate(names)
    assert "q01" not in shown.page.evaluate(names)
    for _ in range(2):  # closing a part closes what is in it, too
        buttons.nth(1).click()
        shown.page.evaluate("frames()")
    assert buttons.all_inner_texts() == ["layers.0", "layers.0.sa", "layers.0.sa.heads.0", "layers.0.sa.heads.1"]
    assert [button.get_attribute("aria-pressed") for button in buttons.all()] == ["true", "true", "false", "false"]
    assert "q00" not in shown.page.evaluate(names)


@pytest.mark.parametrize("width", [420, 1000])
def test_every_button_can_be_reached_however_many_there_are(show, width):
    trace = model(3, 4)
    shown = show(trace, width=width, opened=[[*path] for path in trace.parts])
    buttons = shown.root.locator(".attention-parts button")
    left, _, wide = shown.area()
    boxes = [button.bounding_box() for button in buttons.all()]
    assert len(boxes) == len(trace.parts) and {box["y"] for box in boxes} != {boxes[0]["y"]}  # in several rows
    assert all(left - 20 <= box["x"] and box["x"] + box["width"] <= left + wide + 20 for box in boxes)
