"""The explorers of every notebook in a real JupyterLab: run them, drag their sliders, hold the page against Python."""

import ast
import linecache
import time
from symtable import symtable

import nbformat
import pytest

from tests.browser.lab import NOTEBOOKS, write_short
from tests.browser.pages import drag
from tools.notebooks import course_notebooks

OTHERS = {"11b_where_the_norm_goes", "12_train_a_gpt"}  # one draws curves alone; test_training.py has the other
NAMES = [path.stem for path in course_notebooks() if path.stem not in OTHERS]


def explorers(notebook):
    """The cells of a notebook that end with explore(…): for each the code above that it needs, and its own."""
    above, found = [], []
    for cell in notebook.cells:
        if cell.cell_type == "code" and not {"setup", "raises-exception"} & {*cell.metadata.get("tags", [])}:
            if ast.unparse(ast.parse(cell.source).body[-1]).startswith("explore("):
                found.append((needed(above, cell.source), cell.source))
            above.append(cell.source)
    return found


def needed(above, source):
    """The imports, and the cells above that make a name, or do something to it, on which this one depends."""
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


def twin(before, source):
    """The explorer that a cell shows, made again in this process."""
    names, (*body, last) = {}, ast.parse(source).body
    for file, text in (("before", before), ("cell", source)):  # where what reads code finds its lines, as in a kernel
        linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    exec(compile(before, "before", "exec"), names)
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def sliders(explorer):
    return [control for control in explorer.controls.values() if hasattr(control, "min")]


def agree(cell, explorer):
    """Wait until the page shows what Python computes at the values that the page's sliders show, or the same
    sentence.
    """
    readouts = cell.locator(".attention-slider output")
    shapes, until = cell.locator(".attention-shapes"), time.monotonic() + 10
    while True:
        for i, control in enumerate(sliders(explorer)):
            control.value = type(control.value)(float(readouts.nth(i).inner_text().replace("−", "-")))
        error = explorer.diagram.error  # then the picture stays as it was, which is not the same in both
        if (
            (cell.locator(".attention-error").inner_text() == error)
            if error
            else (shapes.inner_text() == explorer.diagram.readout)
        ):
            return
        assert time.monotonic() < until, f"the page shows {shapes.inner_text()}, Python {explorer.diagram.readout}"
        cell.page.wait_for_timeout(50)


def hear(cell, key):
    """Press a key on the diagram and read the formula."""
    cell.locator(".attention-stage").press(key)
    return cell.locator(".attention-formula").inner_text()


@pytest.mark.parametrize("name", NAMES)
def test_notebook(lab, name):
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    codes = explorers(notebook)
    assert codes, f"{name} has no explorer"
    first = write_short(lab.folder, f"{name}-short", notebook, [source for _, source in codes])
    with lab.open(f"{name}-short") as page:
        for place, code in enumerate(codes, first):
            page.run_cell(place, before=f"%reset -f\n{code[0]}")
            cell, explorer = page.cell(place), twin(*code)
            agree(cell, explorer)
            for i, by in enumerate([-40, 25][: len(sliders(explorer))]):
                drag(page.page, cell.locator(".attention-slider input").nth(i), by)
                agree(cell, explorer)
            if explorer.diagram.error:
                cell.get_by_role("button", name="Reset").click()
                explorer.reset()
                agree(cell, explorer)
            until = time.monotonic() + 10  # what a slider asked for may still be on its way
            while True:
                trace, last = explorer.trace, list(explorer.trace)[-1]
                corner = (0,) * last.value.ndim
                wanted, silent, told = trace.why(last.name, *corner), hear(cell, "Escape"), hear(cell, "ArrowDown")
                if silent != wanted == told:
                    break
                assert time.monotonic() < until, f"the page says {told}, Python {wanted}"
                agree(cell, explorer)
            if last.value.ndim > 1 and last.value.shape[-2] > 1:
                assert hear(cell, "ArrowDown") == trace.why(last.name, *corner[:-2], 1, 0)
            for source, index in trace.sources(last.name, *corner)[:1]:
                hear(cell, "ArrowUp"), hear(cell, "Enter")
                assert hear(cell, "Enter") == trace.why(source, *index)
        assert page.errors() == []
        assert page.requests == []
