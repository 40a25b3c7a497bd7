"""Numbers are typed into the diagram: on a blank page, and in a real JupyterLab, where a puzzle is solved by keyboard
alone.
"""

from helpers.attention import head
from helpers.inputs.examples import example
from tests.browser.lab import write_notebooks

CODE = """
from helpers.by_hand import puzzle
puzzle("previous_by_scores")
"""


def type_into(stage, field, name, text):
    """Type a number into the cell that the keys are on."""
    stage.press(text[0])
    assert field.is_visible() and field.get_attribute("aria-label") == f"A number for {name}"
    field.press_sequentially(text[1:])
    field.press("Enter")
    assert field.is_hidden()


def test_a_double_click_opens_the_cell_and_what_is_typed_is_sent(show):
    e = example(T=4, C=3, head_size=2)
    shown = show(head(e.x, e.Wq, e.Wk, e.Wv), editable=["Wq", "Wk"])
    page, field = shown.page, shown.page.locator(".attention-cell")
    page.mouse.dblclick(*shown.place("Wq", 1, 1))
    assert field.is_visible() and field.evaluate("field => document.activeElement === field")
    box, (x, y) = field.bounding_box(), shown.place("Wq", 1, 1)
    assert box["x"] <= x <= box["x"] + box["width"] and box["y"] <= y <= box["y"] + box["height"]
    field.fill("<b>1/2</b> שלום")
    page.mouse.click(*shown.place("out", 0, 0))  # to go elsewhere keeps it, too
    assert field.is_hidden() and shown.state("typed") == {
        "name": "Wq",
        "index": [1, 1],
        "text": "<b>1/2</b> שלום",
        "count": 1,
    }
    for name, index in [("Wv", (0, 0)), ("out", (0, 0)), ("x", (1, 1))]:  # these may not be changed
        page.mouse.dblclick(*shown.place(name, *index))
        assert field.is_hidden()
        page.keyboard.press("7")
        assert field.is_hidden()


def test_solved_by_keyboard(lab):
    write_notebooks(lab.folder, {"puzzle": CODE})
    with lab.open("puzzle") as notebook:
        notebook.run_all()
        cell, page = notebook.cell(0), notebook.page
        stage, field = cell.locator(".attention-stage"), cell.locator(".attention-cell")
        cell.get_by_text("The worst row has 0.250 of 0.900").wait_for()
        cell.get_by_role("button", name="Reset").focus()
        page.keyboard.press("Tab")  # into the diagram: its last matrix
        for _ in range(3):
            page.keyboard.press("PageUp")
        for _ in range(4):
            page.keyboard.press("ArrowUp"), page.keyboard.press("ArrowLeft")
        page.keyboard.press("PageUp")
        assert "scores[0,0]" in cell.locator(".attention-formula").inner_text()

        page.keyboard.press("ArrowDown")
        type_into(stage, field, "scores[1,0]", "-five")
        cell.locator(".attention-error").get_by_text("-five").wait_for()
        type_into(stage, field, "scores[1,0]", "5")
        cell.locator(".attention-error").wait_for(state="hidden")
        page.keyboard.press("ArrowDown"), page.keyboard.press("ArrowRight")
        type_into(stage, field, "scores[2,1]", "9")
        page.keyboard.press("F2")
        field.fill("7")
        field.press("Escape")  # left as it was
        page.keyboard.press("ArrowDown"), page.keyboard.press("ArrowRight")
        assert cell.get_by_text("Solved").count() == 0
        type_into(stage, field, "scores[3,2]", "6")
        cell.get_by_text("Solved.").wait_for()
        assert "scores[3,2] = 6" in cell.locator(".attention-formula").inner_text()
        assert notebook.errors() == [] and notebook.requests == []
