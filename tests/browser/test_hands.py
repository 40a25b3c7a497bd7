"""A diagram by keyboard alone, and a hand that is faster than the build."""

import re

from tests.browser.lab import write_notebooks

SLOW = """
import time
from helpers.attention import average_past
from helpers.inputs import example
from helpers.explore import explore
builds = 0

def slow(T=1):
    global builds
    builds += 1
    time.sleep(0.1)
    trace = average_past(example(T=T).x)
    trace.title = f"build {builds}"
    return trace

explore(slow, T=(1, 100, 1))
"""


def test_by_keyboard_alone(lab):
    """Tab into a diagram, pin its last cell, walk back to a token, and leave."""
    write_notebooks(
        lab.folder,
        {
            "keyboard": """
from helpers.attention import head
from helpers.inputs import example
e = example(T=3, C=2, head_size=1)
trace = head(e.x, e.Wq, e.Wk, e.Wv, tokens=e.tokens)
trace
"""
        },
    )
    with lab.open("keyboard") as notebook:
        notebook.run_all()
        page = notebook.page
        page.locator(".attention-diagram[data-paints]").wait_for()
        page.locator(".jp-Notebook .jp-Cell").first.focus()
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.classList.contains('attention-stage')"):
                break
        spoken, path = page.locator(".attention-spoken"), page.locator(".attention-path button")
        assert spoken.inner_text().startswith("out, t 0 “the”, h 0: out[0,0] = ")
        for key in ("ArrowDown", "ArrowDown", "Enter"):
            page.keyboard.press(key)
        assert path.all_inner_texts() == ["out[2,0]"]
        page.keyboard.press("ArrowRight")  # from weights[2,0] to v[0,0]
        for key in ("Enter", "Enter"):
            page.keyboard.press(key)
        assert path.all_inner_texts() == ["out[2,0]", "v[0,0]", "x[0,0]"]
        assert "Nothing lies further back" in spoken.inner_text()
        page.keyboard.press("Backspace")
        assert path.all_inner_texts() == ["out[2,0]", "v[0,0]"]
        page.keyboard.press("Escape")
        assert path.count() == 0
        assert notebook.errors() == []


def test_dragging_never_lags_behind(lab):
    """Sixty steps into a build of a tenth of a second: most are dropped, the last one is shown soon."""
    write_notebooks(lab.folder, {"slow": SLOW})
    with lab.open("slow") as notebook:
        notebook.run_all()
        page = notebook.page
        page.locator(".attention-diagram[data-paints]").wait_for()
        handle = page.locator(".attention-slider input")
        handle.focus()
        for _ in range(60):
            page.keyboard.press("ArrowRight", delay=5)
        page.locator(".attention-shapes", has_text="x (T=61, C=3)").wait_for(timeout=2000)
        builds = int(re.search(r"build (\d+)", page.locator(".attention-stage").get_attribute("aria-label"))[1])
        assert 2 <= builds < 40
        assert notebook.errors() == []
