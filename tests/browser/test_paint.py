"""A mask is painted: on a blank page, and in a real JupyterLab, with the mouse and by keyboard alone."""

from helpers.attention import masked_head, masks
from helpers.inputs.examples import example
from tests.browser.lab import write_notebooks
from tests.browser.pages import place_in, plan_of

CODE = """
from helpers.attention import masked_head, masks
from helpers.explore import paint
from helpers.inputs import example
e = example(T=4, C=3, head_size=2)
paint(lambda allowed: masked_head(e.x, e.Wq, e.Wk, e.Wv, allowed=allowed, tokens=e.tokens), masks.causal(4))
"""


def trace():
    e = example(T=4, C=3, head_size=2)
    return masked_head(e.x, e.Wq, e.Wk, e.Wv, allowed=masks.causal(4), tokens=e.tokens)


def test_a_stroke_of_the_mouse_and_a_key_are_sent(show):
    shown = show(trace(), paintable=["allowed"])
    shown.point("allowed", 0, 1)
    shown.page.mouse.down()
    shown.point("allowed", 0, 2)
    shown.point("out", 0, 0)  # beside the matrix there is nothing to paint
    shown.point("allowed", 1, 2)
    shown.page.mouse.up()
    wanted = {"name": "allowed", "value": 1, "cells": [[0, 1], [0, 2], [1, 2]], "count": 1}
    assert shown.state("stroke") == wanted and shown.trail == []
    shown.point("allowed", 3, 3)  # the button is up
    assert shown.state("stroke") == wanted
    shown.click("allowed", 3, 0)  # a 1, turned round; nothing is pinned
    assert shown.state("stroke") == {"name": "allowed", "value": 0, "cells": [[3, 0]], "count": 2} and shown.trail == []
    shown.press("ArrowRight", "Space")
    assert shown.state("stroke") == {"name": "allowed", "value": 0, "cells": [[3, 1]], "count": 3}
    shown.press("ArrowUp", "1")
    assert shown.state("stroke") == {"name": "allowed", "value": 1, "cells": [[2, 1]], "count": 4}
    shown.click("out", 0, 0)  # all else is as ever
    assert shown.trail == ["out[0,0]"] and shown.state("stroke")["count"] == 4
    shown.press("Escape", "Space", "0")
    assert shown.state("stroke")["count"] == 4


def test_painted_with_the_mouse_and_by_keyboard_in_jupyterlab(lab):
    write_notebooks(lab.folder, {"paint": CODE})
    with lab.open("paint") as notebook:
        notebook.run_all()
        cell, page = notebook.cell(0), notebook.page
        stage, formula = cell.locator(".attention-stage"), cell.locator(".attention-formula")
        cell.get_by_text("10 of 16 pairs may look.", exact=True).wait_for()
        stage.scroll_into_view_if_needed()

        area = stage.bounding_box()
        plan = plan_of(trace(), int(stage.evaluate("stage => stage.clientWidth")))
        ways = [place_in(plan, trace()["allowed"], index) for index in [(1, 0), (1, 1)]]
        page.mouse.move(area["x"] + ways[0][0], area["y"] + ways[0][1])
        page.mouse.down()
        page.mouse.move(area["x"] + ways[1][0], area["y"] + ways[1][1], steps=4)
        page.mouse.up()
        cell.get_by_text("8 of 16 pairs may look. Nobody is left for row 1 (cat).").wait_for()

        cell.get_by_role("button", name="Window of 2").click()
        cell.get_by_text("7 of 16 pairs may look.", exact=True).wait_for()
        cell.get_by_role("button", name="Reset").focus()
        page.keyboard.press("Tab")  # into the diagram
        for _ in range(3):
            page.keyboard.press("PageUp")
        page.keyboard.press("ArrowDown"), page.keyboard.press("ArrowDown")
        assert formula.inner_text() == "allowed[2,0] = 0"
        page.keyboard.press("Space")
        cell.get_by_text("8 of 16 pairs may look.", exact=True).wait_for()
        page.keyboard.press("PageDown")
        assert "because" not in formula.inner_text() and formula.inner_text().startswith("masked[2,0] = scaled[2,0]")
        assert notebook.errors() == [] and notebook.requests == []
