"""For eyes and hands of all kinds: axe-core looks at all that the course puts on a page, in light and in dark."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from helpers.attention.heads import head
from helpers.attention.masked import masked_head
from helpers.by_hand.puzzles import puzzle
from helpers.by_hand.walking import walk
from helpers.diagram import Diagram
from helpers.explore.compare import compare
from helpers.explore.explorer import explore
from helpers.explore.painting import paint
from helpers.gpt.watching import View
from helpers.inputs.examples import by_hand
from tests.browser.lab import REPO
from tests.browser.pages import BlankPage, head_of
from tests.test_folding import model

AXE = REPO / "tools" / "javascript" / "node_modules" / "axe-core" / "axe.min.js"
LOOK = """async colorsAlone => {
    const ofColors = axe.getRules(["cat.color"]).filter(({ tags }) => !tags.includes("wcag2aaa"));
    const options = colorsAlone ? { runOnly: ofColors.map(({ ruleId }) => ruleId) } : {};
    options.resultTypes = ["violations"];  // of what passes, the names are enough
    const { violations, passes } = await axe.run({ include: [[".attention-live"]] }, options);
    const told = violations.flatMap(({ id, impact, nodes }) => nodes.map(({ html, any, all, none }) =>
        [id, impact, html.slice(0, 300), [...any, ...all, ...none].map(({ message }) => message).join()]));
    return [told, passes.map(({ id }) => id)];
}"""
# What the theme changes; and where the panel floats, which hangs on how far the page is scrolled.
OF_A_THEME = re.compile(r' attention-dark|#[0-9a-fA-F]{6}| data-paints="\d+"| style="(transform: [^"]*)?"')
FOCUS = """() => {
    const { outlineStyle, boxShadow } = getComputedStyle(document.activeElement);
    const it = document.activeElement;
    const name = it.getAttribute("aria-label") || it.labels?.[0]?.textContent || it.textContent;
    const place = it.getBoundingClientRect();
    const marked = outlineStyle !== "none" || boxShadow !== "none";
    return [it.tagName, name.trim(), marked, place.left >= 0 && place.right <= innerWidth];
}"""


def worked(T=4, C=3, loud=False, word="cat"):
    """A function with a control of each kind."""
    return head_of(T, C, tokens=[word] * T)


def walked():
    sheet = by_hand()
    made = walk(head(sheet.x, sheet.Wq, sheet.Wk, sheet.Wv, tokens=sheet.tokens), key=object())
    made.next.click()
    return made


def typed():
    board = puzzle("two_jobs")
    board.type("Wq", [0, 0, 0], "3")
    return board


def painted():
    x, W = np.eye(2, 3), np.eye(3)
    return paint(lambda allowed: masked_head(x, W, W, W, allowed=allowed), np.eye(2))


def with_gradients():
    trace = head_of()
    return Diagram(trace, gradients=trace.backward(), notes={"out": "what is passed on"}, pinned=("out", (1, 0)))


def in_sequences():
    trace = head_of(B=2, tokens=None)
    return Diagram(
        trace, error="T is 9; wanted a number from 1 to 8.", readout="Shapes: x (T=2).", blank=("out", (0, 1, 0))
    )


def compared():
    return compare(head_of(), head_of(causal=False))


def trained():
    lines = [3 - 0.01 * i for i in range(60)]
    return View(
        SimpleNamespace(steps=100, step=60, losses=lines, seconds=3, tokens_a_second=900.0, tests={1: 3, 60: 2.5}), 1.5
    )


SHOWN = {
    "explorer": [lambda: explore(worked), lambda: explore(worked)],  # two: what a page has once must not come twice
    "walk": [walked],
    "puzzle": [typed, painted],
    "gradients": [with_gradients, with_gradients],
    "parts": [lambda: Diagram(model(2, 2))],
    "sequences": [in_sequences],
    "training": [trained, trained],
    "comparison": [compared],
}
OPEN = {  # what a hand may have opened
    "as it is": [],
    "help": ["summary"],
    "note": [".attention-tools .attention-button:text-is('Note')"],
    "copy": [".attention-tools .attention-button:text-is('Copy')"],
    "copied by hand": [".attention-tools .attention-button:text-is('Copy')", "[role=menuitem]"],
}


def mount(window, builds):
    """Some of the course's widgets, alone on a page, and in light at first; returns it as a BlankPage."""
    window.emulate_media(color_scheme="light")
    widgets = [build() for build in builds]
    blank = BlankPage(window, widgets[0]._module, widgets[0].css)
    window.add_style_tag(content=":root { color-scheme: light dark; background: Canvas }")
    for widget in widgets:
        blank.mount(widget)
    return blank


@pytest.fixture(scope="module")
def axe(browser):
    """One page with axe-core, which soon runs fast there."""
    page = browser.new_page(viewport={"width": 1040, "height": 900})
    page.add_script_tag(path=AXE)
    yield page
    page.close()


@pytest.mark.parametrize("name", SHOWN)
def test_axe_finds_nothing(axe, name):
    """In light and in dark, where all but colors is the same to the last letter: these alone are looked at again."""
    blank = mount(axe, SHOWN[name])
    page = blank.page
    for state, clicks in OPEN.items():
        if clicks and name == "training":
            continue
        for selector in clicks:
            page.locator(selector).filter(visible=True).first.click()
        pages = []
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.evaluate("frames()")
            found, passed = page.evaluate(LOOK, scheme == "dark")
            assert [one for one in found if one[1] != "minor"] == [], f"{state}, {scheme}"
            assert "color-contrast" in passed and ("aria-allowed-attr" in passed) == (scheme == "light")
            pages.append(OF_A_THEME.sub("", page.evaluate("document.body.innerHTML")))
        assert pages[0] == pages[1], state
        if clicks:
            page.locator(".attention-help[open] summary").first.click() if state == "help" else page.keyboard.press(
                "Escape"
            )
    blank.clear()
    assert blank.errors == []


@pytest.mark.parametrize("zoom", [1, 2])
def test_all_is_reached_by_keyboard_alone_and_seen_there(browser, zoom):
    """Each stop has a name and a mark, and lies in the window; nothing needs to be pushed to the side."""
    page = browser.new_page(viewport={"width": 1040 // zoom, "height": 900 // zoom}, device_scale_factor=zoom)
    blank = mount(page, [lambda: explore(worked), with_gradients])
    assert page.evaluate("document.documentElement.scrollWidth") <= 1040 // zoom
    stops = []
    while True:
        page.keyboard.press("Tab")
        tag, *stop = page.evaluate(FOCUS)
        if tag == "BODY" or len(stops) > 60:
            break
        stops.append((tag, *stop))
    assert all(name and marked and inside for _, name, marked, inside in stops), stops
    names = [name for _, name, *_ in stops]
    tools = ["How to read it", "Note", "Copy", "Save SVG", "Save PNG"]
    assert names[:6] == ["T, tokens", "C, channels", "loud", "word", "Reset", names[5]] and "Diagram of" in names[5]
    assert names[6:11] == tools and names[-7:] == ["Values", "Gradients", *tools]
    page.close()
    assert blank.errors == []
