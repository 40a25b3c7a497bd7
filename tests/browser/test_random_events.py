"""A thousand things happen, in any order and crossing each other: Python and page are then in the same state."""

import random
from contextlib import suppress

import numpy as np
import pytest
import traitlets

from helpers.attention.heads import head
from helpers.attention.masked import masked_head
from helpers.attention.masks import causal
from helpers.by_hand.puzzles import puzzle
from helpers.by_hand.walking import walk
from helpers.diagram.diagram import payload
from helpers.explore.explorer import explore
from helpers.explore.painting import paint
from helpers.inputs.examples import by_hand
from tests.browser.bridge import Bridge
from tests.browser.later import Later
from tests.browser.pages import head_of

NAMES = (
    "Tab Tab Tab Shift+Tab ArrowLeft ArrowRight ArrowUp ArrowDown Home End Space Enter Enter Escape Backspace Delete "
    "PageUp PageDown n c Control+c 1 7 x -"
)
KEYS = NAMES.split()
SHOWN = """which => {
    const found = selector => Array.from(models[which].el.querySelectorAll(selector));
    return {
        sliders: found(".attention-slider input").map(one => Number(one.value)),
        boxes: found(".attention-check input").map(one => one.checked),
        buttons: found(".attention-row .attention-button").map(one => one.textContent),
        told: found(".attention-shapes, .attention-error").map(one => one.textContent),
        label: found(".attention-stage")[0].getAttribute("aria-label"),
    };
}"""


def worked(T=3, C=3, causal=True, word="cat"):
    if T == 5 and C == 5:
        raise ValueError("T and C are 5.")
    return head_of(T, C, causal=causal, tokens=[word] * T)


def walked():
    sheet = by_hand()
    return walk(head(sheet.x, sheet.Wq, sheet.Wk, sheet.Wv, tokens=sheet.tokens), key=object())


def painted():
    x, *matrices = np.random.default_rng(0).normal(size=(4, 3, 3)).round(1)
    return paint(lambda allowed: masked_head(x, *matrices, allowed=allowed), causal(3))


BUILT = {  # a thousand in all
    "explorer": (lambda: explore(worked, T=(1, 6, 3), C=(1, 6, 3)), 330),
    "explorer with pictures ahead": (lambda: explore(head, T=(1, 6, 3), C=(1, 6, 3), head_size=2), 150),
    "walk": (walked, 200),
    "puzzle": (lambda: puzzle("two_jobs"), 200),
    "painting": (painted, 120),
}


class Hand:
    """Whoever sits before the page, and whoever writes in the cell below it."""

    def __init__(self, blank, build, seed, later):
        self.blank, self.page, self.build, self.later = blank, blank.page, build, later
        self.random = random.Random(seed)
        self.bridge = Bridge(blank, build())

    def act(self):
        """One event; then some of what is on the way may arrive."""
        events = [self.key, self.key, self.key, self.point, self.click, self.press, self.say, self.say]
        (self.restart if self.random.random() < 0.01 else self.random.choice(events))()
        self.later.run(self.random.randrange(3))
        if self.random.random() < 0.4:
            self.bridge.arrive(self.random.choice([None, 1]))
        if self.random.random() < 0.4:
            self.bridge.answer(self.random.choice([None, 1]))

    def key(self):
        self.page.keyboard.press(self.random.choice(KEYS))

    def point(self):
        self.page.mouse.move(self.random.randrange(1000), self.random.randrange(700))

    def click(self):
        self.page.mouse.click(self.random.randrange(1000), self.random.randrange(700))

    def press(self):
        """A button, of all that there are but those that save a file."""
        buttons = self.page.locator("button:enabled:visible:not([title^='Save this'])")
        if count := buttons.count():
            with suppress(Exception):  # it may go away under the hand
                buttons.nth(self.random.randrange(count)).dispatch_event("click")

    def say(self):
        """Python sets something, which may not be possible."""
        widget, pick = self.bridge.widget, self.random
        shown = widget.trace.shown
        step = pick.choice(shown)
        cell = [step.name, [pick.randrange(size) for size in step.value.shape]]
        values = {
            "notes": {step.name: pick.choice(["a", "two words", "<b>"])},
            "pinned": pick.choice([None, cell]),
            **{one.trait: pick.choice([1, 2, 4, 5, 6, 9]) for one in getattr(widget, "controls", {}).values()},
            "seed": pick.randrange(4),
            "causal": pick.random() < 0.5,
            "word": pick.choice(["dog", "שלום", "w" * 50]),
        }
        for name in pick.sample(sorted(values), 2):
            if widget.has_trait(name):
                with suppress(traitlets.TraitError, ValueError):
                    setattr(widget, name, values[name])

    def restart(self):
        """The kernel is gone; what a hand does then reaches nobody. Then the cell is run again."""
        self.page.evaluate("which => models[which].model.tell('comm_live_update')", self.bridge.which)
        self.bridge.collect()
        for _ in range(3):
            self.key()
        assert self.page.evaluate(
            "which => models[which].el.querySelector('.attention-stage') !== null", self.bridge.which
        )
        self.blank.clear()
        self.bridge = Bridge(self.blank, self.build())

    def at_rest(self):
        """Both hold the same, and the page shows it."""
        self.bridge.settle()
        ours, theirs = self.bridge.states()
        assert {name: (ours[name], theirs[name]) for name in ours if ours[name] != theirs[name]} == {}
        shown, pieces = (
            self.page.evaluate(SHOWN, self.bridge.which),
            [one for row in self.bridge.widget.pieces for one in row],
        )
        kinds = {kind: [one for one in pieces if type(one).__name__ == kind] for kind in ("Slider", "Check", "Button")}
        assert shown["sliders"] == pytest.approx([one.value for one in kinds["Slider"]])
        assert shown["boxes"] == [one.value for one in kinds["Check"]]
        assert shown["buttons"] == [one.label for one in kinds["Button"]]
        assert shown["told"] == [self.bridge.widget.error, self.bridge.widget.readout]
        if hasattr(self.bridge.widget, "controls"):
            assert shown["label"].startswith(payload(self.bridge.widget.trace)["alt"])


@pytest.mark.parametrize("kind", BUILT)
def test_python_and_page_are_in_the_same_state_whenever_both_are_at_rest(blank, kind, monkeypatch):
    build, count = BUILT[kind]
    blank.clear()
    blank.resize(1040, 700)
    hand = Hand(blank, build, 7, Later(monkeypatch))
    for number in range(count):
        hand.act()
        if number % 20 == 19:
            hand.at_rest()
    hand.at_rest()
    assert blank.errors == []
