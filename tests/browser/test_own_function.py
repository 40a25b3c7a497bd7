"""A function of your own in JupyterLab: every matrix on its way is alive, and what it prints and raises is told."""

import inspect
import math

from helpers.explore import explore
from tests.browser.lab import write_notebooks
from tests.browser.pages import drag, plan_of
from tests.test_alive import my_head

OWN = """
from helpers.explore import explore

def own(x, leave=False, note="<b>bold</b>"):
    print(note)
    x[0] = 0
    if leave:
        exit()
    return x

own.__name__ = "<i>own</i>"
explore(own, T=(1, 8, 3), C=(1, 8, 2))
"""


def test_what_an_own_function_does_is_told_as_text(lab):
    write_notebooks(lab.folder, {"own": OWN})
    with lab.open("own") as notebook:
        notebook.run_all()
        page = notebook.page
        shapes, error = page.locator(".attention-shapes"), page.locator(".attention-error")
        told = "<i>own</i> writes into x: it got a copy, and x is drawn as it was. It printed: <b>bold</b>. Shapes: "
        shapes.filter(has_text=told + "x (T=3, C=2), x₂ (T=3, C=2).").wait_for()
        page.get_by_role("checkbox", name="leave").check()
        error.filter(has_text="SystemExit: the function asked Python to end; it goes on").wait_for()
        page.get_by_role("checkbox", name="leave").uncheck()
        error.wait_for(state="hidden")
        page.locator(".attention-slider input").first.press("ArrowRight")  # the kernel lives
        shapes.filter(has_text="Shapes: x (T=4, C=2), x₂ (T=4, C=2).").wait_for()
        field = page.locator(".attention-field input")
        field.fill("<img src=x onerror=alert(1)> שלום 🙂")
        shapes.filter(has_text="It printed: <img src=x onerror=alert(1)> שלום 🙂. Shapes").wait_for()
        assert page.locator(".attention-diagram b, .attention-diagram i, .attention-diagram img").count() == 0
        assert notebook.errors() == []


AREA = """stage => {
    const { left, top } = stage.getBoundingClientRect();
    return [left, top, stage.clientWidth];
}"""
RANGES = {"T": (1, 8, 4), "C": (1, 8, 3), "head_size": (1, 8, 2)}
TYPED = [
    "import torch\nfrom helpers.explore import explore",
    inspect.getsource(my_head),
    f"explore(my_head, **{RANGES})",
]


def hover(cell, trace, name, row, column):
    """Move the pointer to a number of the diagram in a cell, once the diagram is at rest."""
    stage, before = cell.locator(".attention-stage"), None
    stage.scroll_into_view_if_needed()
    while before != (before := stage.evaluate(AREA)):
        cell.page.wait_for_timeout(100)
    left, top, width = before
    plan = plan_of(trace, math.floor(width))
    box, (wide, high) = plan["boxes"][name], plan["cell"]
    cell.page.mouse.move(left + box["tiles"][0][0] + (column + 0.5) * wide, top + box["y"] + (row + 0.5) * high)


def test_a_head_typed_into_a_cell_is_alive(lab):
    """Explored, T dragged, a number in the middle hovered: its formula has the learner's own names."""
    write_notebooks(lab.folder, {"typed": TYPED})
    with lab.open("typed") as notebook:
        notebook.run_all()
        page, cell = notebook.page, notebook.cell(2)
        window = page.viewport_size
        page.set_viewport_size({"width": 1500, "height": 1600})  # so that all of it is in sight
        cell.locator(".attention-shapes").filter(has_text="wei (T=4, T=4), tril (T=4, T=4), wei₂ (T=4, T=4)").wait_for()
        drag(page, cell.locator(".attention-slider input").first, 60)
        shown = int(cell.locator(".attention-slider output").first.inner_text())
        assert shown > 4
        cell.locator(".attention-shapes").filter(has_text=f"x (T={shown}, C=3)").wait_for()  # the last step is there

        trace = explore(my_head, **{**RANGES, "T": (1, 8, shown)}).trace  # the same, here
        for name, formula in {
            "wei": "wei[3,1] = 0.707·(q[3,0]·k[1,0] + q[3,1]·k[1,1]) = ",
            "wei₃": "wei₃[3,1] = ",
        }.items():
            hover(cell, trace, name, 3, 1)
            said = cell.locator(".attention-formula").filter(has_text=name + "[")
            said.wait_for()
            assert said.inner_text() == trace.why(name, 3, 1)
            assert said.inner_text().startswith(formula)
        code = cell.locator(".attention-code").inner_text()
        assert code.startswith("wei = wei.softmax(-1)")
        page.set_viewport_size(window)
        assert notebook.errors() == []
