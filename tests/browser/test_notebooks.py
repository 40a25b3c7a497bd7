"""The explorers of every notebook: drag their sliders, hold the page against Python. The first of each notebook is run
in a real JupyterLab, beside all that the notebook shows; the others, which come to a page in the same way, on a blank
one.
"""

import ast
import linecache
import time
from functools import partial
from symtable import symtable

import nbformat
import pytest

from tests.browser.bridge import Bridge
from tests.browser.lab import NOTEBOOKS, write_short
from tests.browser.later import Later
from tests.browser.pages import drag
from tools.notebooks import course_notebooks

OTHERS = {"11b_where_the_norm_goes", "12_train_a_gpt"}  # one draws curves alone; test_training.py has the other
NAMES = [path.stem for path in course_notebooks() if path.stem not in OTHERS]
SHOWN = """([cell]) => {
    const texts = selector => Array.from(cell.querySelectorAll(selector), one => one.innerText);
    return [texts(".attention-slider output"), ...texts(".attention-shapes"), ...texts(".attention-error")];
}"""


def explorers(notebook):
    """Yields the cells of a notebook that end with explore(…): for each the cells above, and its own code."""
    above = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and not {"setup", "raises-exception"} & {*cell.metadata.get("tags", [])}:
            if ast.unparse(ast.parse(cell.source).body[-1]).startswith("explore("):
                yield above[:], cell.source
            above.append(cell.source)


def needed(above, source):
    """The code that this one needs: the imports, and the cells above that make a name, or do something to it, on which
    it depends.
    """
    imports, *above = above
    kept, (_, wanted) = [], names_in(source)
    wanted -= names_in(imports)[0]
    for cell in reversed(above):
        made, mentioned = names_in(cell)
        if made & wanted:
            wanted |= mentioned - names_in(imports)[0]
            kept.insert(0, cell)
    return "\n".join([imports, *kept])


def names_in(source):
    """The names that code makes or does something to, as in ``x[0] = 1`` and ``x.sort()``; and all that it mentions."""

    def nested(table):
        return [table, *(inner for child in table.get_children() for inner in nested(child))]

    top, *inner = nested(symtable(source, "cell", "exec"))
    made = {name.get_name() for name in top.get_symbols() if name.is_assigned() or name.is_imported()}
    mentioned = {
        name.get_name() for table in (top, *inner) for name in table.get_symbols() if table is top or name.is_global()
    }
    for node in ast.walk(ast.parse(source)):
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)) or isinstance(
            getattr(node, "ctx", None), ast.Store
        ):
            made |= mentioned & {ast.unparse(node).split("[")[0].split(".")[0]}
    return made, mentioned


def made(before, source):
    """The explorer that a cell shows, made in this process."""
    names, (*body, last) = {}, ast.parse(source).body
    for file, text in (("before", before), ("cell", source)):  # where what reads code finds its lines, as in a kernel
        linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    exec(compile(before, "before", "exec"), names)
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def sliders(explorer):
    return [control for control in explorer.controls.values() if hasattr(control, "min")]


def shown(cell):
    """The values at the sliders of a page, its line of shapes, and its sentence where there is an error."""
    values, shapes, error = cell.evaluate_all(SHOWN)  # which asks once, where evaluate asks three times
    return [float(value.replace("−", "-")) for value in values], shapes, error


def agree(found, explorer):
    """Does a page show what Python does? Where there is an error, the picture is one before, of which there may be
    several.
    """
    _, shapes, error = found
    return error == explorer.diagram.error and bool(error or shapes == explorer.diagram.readout)


def hear(cell, *keys):
    """Press keys on the diagram and read the formula after each."""
    cell.locator(".attention-stage").focus()
    said = []
    for key in keys:
        cell.page.keyboard.press(key)
        said.append(cell.locator(".attention-formula").inner_text())
    return said


def work(cell, explorer, meet):
    """Drag sliders, Reset after an error, and let numbers explain themselves. meet: waits until the page shows what
    the explorer does, where that is wanted without an error.
    """
    meet()
    for i, by in enumerate([-40, 25][: len(sliders(explorer))]):
        drag(cell.page, cell.locator(".attention-slider input").nth(i), by)
        meet()
    if explorer.diagram.error:
        cell.get_by_role("button", name="Reset").click()
        meet(well=True)
    until = time.monotonic() + 10  # what a slider asked for may still be on its way
    while True:
        trace, last = explorer.trace, list(explorer.trace)[-1]
        corner = (0,) * last.value.ndim
        wanted, (silent, told) = trace.why(last.name, *corner), hear(cell, "Escape", "ArrowDown")
        if silent != wanted == told:
            break
        assert time.monotonic() < until, f"the page says {told}, Python {wanted}"
        meet()
    if last.value.ndim > 1 and last.value.shape[-2] > 1:
        assert hear(cell, "ArrowDown", "ArrowUp") == [trace.why(last.name, *corner[:-2], row, 0) for row in (1, 0)]
    for source, index in trace.sources(last.name, *corner)[:1]:
        assert hear(cell, "Enter", "Enter")[-1] == trace.why(source, *index)


def wait(cell, explorer, well=False):
    """Wait until a page shows what Python computes at the values of the page's sliders."""
    until = time.monotonic() + 10
    while True:
        found = shown(cell)
        for control, value in zip(sliders(explorer), found[0], strict=True):
            control.value = type(control.value)(value)
        if agree(found, explorer) and not (well and found[2]):
            return
        assert time.monotonic() < until, f"the page shows {found}, Python {explorer.diagram.readout}"
        cell.page.wait_for_timeout(50)


def settle(cell, bridge, well=False):
    """Let a page and the explorer behind it hear each other; then both show the same."""
    bridge.settle()
    found, explorer = shown(cell), bridge.widget
    assert found[0] == pytest.approx([control.value for control in sliders(explorer)])
    assert agree(found, explorer) and not (well and found[2]), found


@pytest.mark.parametrize("name", NAMES)
def test_the_first_in_jupyterlab(lab, name):
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    above, source = next(explorers(notebook))
    needs = needed(above, source)
    place = write_short(lab.folder, f"{name}-short", notebook, [source])
    with lab.open(f"{name}-short") as page:
        page.run_cell(place, before=f"%reset -f\n{needs}")
        cell, explorer = page.cell(place), made(needs, source)
        cell.locator(".attention-live").wait_for()
        work(cell, explorer, partial(wait, cell, explorer))
        assert page.errors() == []
        assert page.requests == []


def test_the_others_on_a_blank_page(blank, monkeypatch):
    Later(monkeypatch)  # pictures ahead have their own tests
    notebooks = [nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4) for name in NAMES]
    others = [found for notebook in notebooks for found in [*explorers(notebook)][1:]]
    assert len(others) > 10
    for above, source in others:
        blank.clear()
        bridge, cell = Bridge(blank, made(needed(above, source), source)), blank.page.locator("body")
        work(cell, bridge.widget, partial(settle, cell, bridge))
    assert blank.errors == []
