"""Every notebook in a real JupyterLab: run it, drag its sliders, and hold the page against Python."""

import ast
import re
import time

import nbformat
import pytest

from helpers.explore import Explorer
from tests.browser.lab import NOTEBOOKS, write_notebooks

NAMES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
SLOW = """
import time
from helpers.attention import average_past
from helpers.examples import example
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


def twins(name):
    """The notebook's explorers, made again in this process: place of the cell to Explorer."""
    found, names = {}, {}
    for place, cell in enumerate(nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells):
        if cell.cell_type != "code" or "setup" in cell.metadata.get("tags", []):
            continue
        tree = ast.parse(cell.source)
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
    page.mouse.move(x + by, y, steps=6)
    page.mouse.up()


def agree(cell, explorer):
    """Wait until the page shows what Python computes at the values that the page's sliders show."""
    handles = cell.locator(".noUi-handle")
    shapes, until = cell.locator(".attention-shapes"), time.monotonic() + 10
    while True:
        for i, control in enumerate(sliders(explorer)):
            control.value = type(control.value)(float(handles.nth(i).get_attribute("aria-valuenow")))
        if shapes.inner_text() == explorer.diagram.readout:
            return
        assert time.monotonic() < until, f"the page shows {shapes.inner_text()}, Python {explorer.diagram.readout}"
        cell.page.wait_for_timeout(50)


def hear(cell, key):
    """Press a key on the diagram and read the formula."""
    cell.locator(".attention-stage").press(key)
    return cell.locator(".attention-formula").inner_text()


@pytest.mark.parametrize("name", NAMES)
def test_notebook(lab, name):
    explorers = twins(name)
    assert explorers, f"{name} has no explorer"
    with lab.open(name) as notebook:
        notebook.run_all()
        for place, explorer in explorers.items():
            cell = notebook.cell(place)
            agree(cell, explorer)
            for i, by in enumerate([-40, 25][: len(sliders(explorer))]):
                drag(notebook.page, cell.locator(".noUi-handle").nth(i), by)
                agree(cell, explorer)
            trace, last = explorer.trace, list(explorer.trace)[-1]
            corner = (0,) * last.value.ndim
            assert hear(cell, "Escape") != trace.why(last.name, *corner)
            assert hear(cell, "ArrowDown") == trace.why(last.name, *corner)
            if last.value.shape[-2] > 1:
                assert hear(cell, "ArrowDown") == trace.why(last.name, *corner[:-2], 1, 0)
            for source, index in trace.sources(last.name, *corner)[:1]:
                hear(cell, "ArrowUp"), hear(cell, "Enter")
                assert hear(cell, "Enter") == trace.why(source, *index)
        assert notebook.errors() == []
        assert notebook.requests == []


@pytest.mark.parametrize("name", NAMES)
def test_untrusted_and_unrun(lab, name):
    """Fresh from git, a notebook is not trusted and has no kernel yet: the still pictures stand there."""
    stored = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    outputs = [output for cell in stored.cells for output in cell.get("outputs", [])]
    alts = [re.search(r'alt="(.*?)"', output["data"]["text/html"], re.DOTALL) for output in outputs
            if "text/html" in output.get("data", {})]
    with lab.open(name, trusted=False) as notebook:
        images = notebook.page.locator(".jp-OutputArea-output img")
        assert images.count() == len(alts) > 0
        for image in images.all():
            image.scroll_into_view_if_needed()
            assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 200
            assert len(image.get_attribute("alt")) > 20
        assert notebook.page.get_by_text("Error displaying widget").count() == 0
        assert notebook.errors() == []


def test_by_keyboard_alone(lab):
    """Tab into a diagram, pin its last cell, walk back to a token, and leave."""
    write_notebooks(lab.folder, {"keyboard": """
from helpers.attention import head
from helpers.examples import example
e = example(T=3, C=2, head_size=1)
trace = head(e.x, e.Wq, e.Wk, e.Wv, tokens=e.tokens)
trace
"""})
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
        handle = page.locator(".noUi-handle")
        handle.focus()
        for _ in range(60):
            page.keyboard.press("ArrowRight", delay=5)
        page.locator(".attention-shapes", has_text="x (T=61, C=3)").wait_for(timeout=2000)
        builds = int(re.search(r"build (\d+)", page.locator(".attention-stage").get_attribute("aria-label"))[1])
        assert 2 <= builds < 40
        assert notebook.errors() == []
