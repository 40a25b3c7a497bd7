"""The explorers of every notebook in a real JupyterLab: run them, drag their sliders, hold the page against Python."""

import ast
import time

import nbformat
import pytest

from helpers.explore import Explorer
from tests.browser.lab import NOTEBOOKS
from tools.notebooks import course_notebooks

NAMES = [path.stem for path in course_notebooks() if path.stem != "12_train_a_gpt"]  # test_training.py has that one


def sources(name):
    """The code that a notebook runs: place of the cell to its text."""
    return {place: cell.source for place, cell in enumerate(nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells)
            if cell.cell_type == "code" and not {"setup", "raises-exception"} & {*cell.metadata.get("tags", [])}}


def twins(name):
    """The notebook's explorers, made again in this process: place of the cell to Explorer."""
    found, names = {}, {}
    for place, source in sources(name).items():
        tree = ast.parse(source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), names)
        value = eval(compile(ast.Expression(last.value), name, "eval"), names) if last else None
        if isinstance(value, Explorer):
            found[place] = value
    return found


def sliders(explorer):
    return [control for control in explorer.controls.values() if hasattr(control, "min")]


def drag(page, handle, by):
    """Press the mouse on a slider's handle, move, let go."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by, y, steps=3)
    page.mouse.up()


def agree(cell, explorer):
    """Wait until the page shows what Python computes at the values that the page's sliders show, or the same sentence."""
    readouts = cell.locator(".widget-readout")  # a handle's aria-valuenow is rounded
    shapes, until = cell.locator(".attention-shapes"), time.monotonic() + 10
    while True:
        for i, control in enumerate(sliders(explorer)):
            control.value = type(control.value)(float(readouts.nth(i).inner_text().replace("−", "-")))
        error = explorer.diagram.error  # then the picture stays as it was, which is not the same in both
        if (cell.locator(".attention-error").inner_text() == error) if error else (shapes.inner_text() == explorer.diagram.readout):
            return
        assert time.monotonic() < until, f"the page shows {shapes.inner_text()}, Python {explorer.diagram.readout}"
        cell.page.wait_for_timeout(50)


def hear(cell, key):
    """Press a key on the diagram and read the formula."""
    cell.locator(".attention-stage").press(key)
    return cell.locator(".attention-formula").inner_text()


@pytest.mark.parametrize("name", NAMES)
def test_notebook(lab, name):
    explorers, code, done = twins(name), sources(name), -1
    assert explorers, f"{name} has no explorer"
    with lab.open(name) as page:
        for place, explorer in explorers.items():
            page.run_cell(place, before="\n".join(source for at, source in code.items() if done < at < place))
            cell, done = page.cell(place), place
            agree(cell, explorer)
            for i, by in enumerate([-40, 25][: len(sliders(explorer))]):
                drag(page.page, cell.locator(".noUi-handle").nth(i), by)
                agree(cell, explorer)
            if explorer.diagram.error:
                cell.get_by_role("button", name="Reset").click()
                explorer.reset()
                agree(cell, explorer)
            trace, last = explorer.trace, list(explorer.trace)[-1]
            corner = (0,) * last.value.ndim
            until = time.monotonic() + 10  # a slider that changes no shape may still be on its way
            while hear(cell, "Escape") == trace.why(last.name, *corner) or hear(cell, "ArrowDown") != trace.why(last.name, *corner):
                assert time.monotonic() < until, f"the page says {hear(cell, 'ArrowDown')}, Python {trace.why(last.name, *corner)}"
            if last.value.shape[-2] > 1:
                assert hear(cell, "ArrowDown") == trace.why(last.name, *corner[:-2], 1, 0)
            for source, index in trace.sources(last.name, *corner)[:1]:
                hear(cell, "ArrowUp"), hear(cell, "Enter")
                assert hear(cell, "Enter") == trace.why(source, *index)
        assert page.errors() == []
        assert page.requests == []
