"""One page in each place where the course runs: an explorer, a walk, a puzzle and a training, worked by hand.

docs/front-ends.md has a row of what was done in each.
"""

import time
from contextlib import ExitStack
from types import SimpleNamespace
from urllib.parse import urlsplit

import nbformat
import pytest

from helpers.attention import head
from helpers.by_hand.puzzles import Board
from helpers.explore import explore
from tests.browser.driven import Driven
from tests.browser.lab import STILL, write_notebooks
from tests.browser.pages import drag, place_in, plan_of
from tests.browser.servers import OURS, Marimo, Voila

CELLS = [
    """from helpers.attention import head
from helpers.by_hand import puzzle, walk
from helpers.explore import explore
from helpers.gpt.fast import FastGPT
from helpers.gpt.training import Training
from helpers.gpt.watching import watch
from helpers.inputs import example
from helpers.inputs.corpus import tales""",
    "explore(head, T=(1, 8, 4))",
    "e = example(T=2, C=3)\nwalk(head(e.x, e.Wq, e.Wk, e.Wv, tokens=e.tokens))",
    'puzzle("two_jobs")',
    """text = tales(6000)[0]
model = FastGPT(len(set(text)), context=16, C=16, heads=2, layers=1)
watched = watch(Training(model, text, batch=4, steps=20))""",
]
OPENED_AGAIN = "opened again: the last pictures stand, a number explains itself, the controls sleep"
NOTHING_ASKED = "nothing asked of another machine"
PATIENCE = 90_000  # milliseconds until all of it has run
OF_VOILA = (  # what it complains of with any notebook: the first two are what tools/voila.json keeps it from asking for
    "fontawesome",
    "Content Security Policy",
    "@jupyterlab/docregistry",  # JupyterLab's button for it, which it loads as well
)


def app(cells):
    """Cells as a marimo notebook."""
    bodies = [cell.replace("\n", "\n    ") for cell in cells]
    functions = [f"@app.cell\ndef _():\n    {body}\n    return\n" for body in bodies]
    return "\n\n".join(["import marimo\n\napp = marimo.App()", *functions])


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Voila and marimo, which start while JupyterLab does."""
    folder = tmp_path_factory.mktemp("front-ends")
    write_notebooks(folder, {"page": CELLS})
    (folder / "page.py").write_text(app(CELLS), encoding="utf-8")
    with ExitStack() as ends:
        yield {
            "Voila": ends.enter_context(Voila(folder / "voila", folder / "page.ipynb")),
            "marimo": ends.enter_context(Marimo(folder / "marimo", folder / "page.py")),
        }


def listen(shown):
    """Note what a page asks of other machines, unless it was kept from asking, and what it complains of."""

    def note(url):
        if urlsplit(url).hostname not in {*OURS, None}:
            shown.requests.append(url)

    def strike(request):
        if request.failure == "csp" and request.url in shown.requests:  # it never left
            shown.requests.remove(request.url)

    shown.page.on("request", lambda request: note(request.url))
    shown.page.on("requestfailed", strike)
    shown.page.on("websocket", lambda opened: note(opened.url))

    def complain(text):
        if not any(known in text for known in OF_VOILA):
            shown.errors.append(text)

    shown.page.on("pageerror", lambda error: complain(str(error)))
    shown.page.on("console", lambda said: said.type == "error" and complain(said.text))


def place(widget, trace, name, *index):
    """Where a number of a diagram stands."""
    plan = plan_of(trace, widget.locator(".attention-stage").evaluate("stage => stage.clientWidth"))
    return dict(zip("xy", place_in(plan, trace[name], index)))


def point(widget, trace, name, *index):
    """Move the mouse to a number of a diagram and read its formula."""
    widget.locator(".attention-stage").hover(position=place(widget, trace, name, *index))
    return widget.locator(".attention-formula").inner_text()


def says(widget, selector, text):
    widget.locator(selector).filter(has_text=text).first.wait_for(timeout=20_000)


def four_widgets(page):
    """An explorer, a walk, a puzzle and a training."""
    page.locator(".attention-live").nth(3).wait_for(timeout=PATIENCE)
    return [page.locator(".attention-live").nth(i) for i in range(4)]


def work(page, driven):
    """Drag, point, press, type and watch; returns the explorer as Python has it now. driven: what is noted of it."""
    explorer, walked, board, training = four_widgets(page)
    slider, twin = explorer.get_by_role("slider", name="T, tokens"), explore(head, T=(1, 8, 4))
    drag(page, slider, 30)
    twin.T = int(slider.input_value())
    assert twin.T > 4
    says(explorer, ".attention-shapes", twin.readout)
    driven.done.append("a slider dragged, and Python’s picture of it read")
    assert point(explorer, twin.trace, "out", 1, 0) == twin.trace.why("out", 1, 0)
    driven.done.append("a number pointed at, and its formula read")

    for stage in (2, 3):
        walked.get_by_role("button", name="Next").click()
        says(walked, ".attention-words", f"Stage {stage} of 9")
    driven.done.append("two stages of a walk")

    played = Board("two_jobs")
    board.locator(".attention-stage").dblclick(position=place(board, played.trace, "Wq", 0, 0, 0))
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    played.type("Wq", [0, 0, 0], "3")
    until = time.monotonic() + 10
    while point(board, played.trace, "q", 0, 0, 0) != played.trace.why("q", 0, 0, 0):
        assert time.monotonic() < until, board.locator(".attention-formula").inner_text()
        page.mouse.move(0, 0)
    driven.done.append("a number of a puzzle typed")

    says(training, ".attention-words", "step 20 of 20")
    assert training.locator(".attention-curves path.training").get_attribute("d")
    driven.done.append("a training watched to its end")
    driven.seen.append("all of it alive")
    return twin


@pytest.mark.parametrize("name", ["Voila", "marimo"])
def test_where_only_outputs_are_shown(servers, browser, name):
    shown = SimpleNamespace(page=browser.new_page(), requests=[], errors=[])
    listen(shown)
    shown.page.add_init_script(STILL)
    driven = Driven(name.lower())
    shown.page.goto(servers[name].url, wait_until="commit")
    work(shown.page, driven)
    shown.page.close()
    assert shown.requests == [] and shown.errors == []
    driven.seen.append(NOTHING_ASKED)
    driven.hold()


@pytest.mark.parametrize("name", ["jupyterlab", "notebook"])
def test_in_a_notebook_and_when_it_is_opened_again(servers, lab, name):
    """Then its kernel is gone: what was dragged is there, and a number explains itself, but the sliders sleep."""
    driven = Driven(name)
    write_notebooks(lab.folder, {f"in-{name}": CELLS})
    with lab.open(f"in-{name}", front_end=name) as notebook:
        notebook.run_all()
        twin = work(notebook.page, driven)
        notebook.page.evaluate(SAVE)
        assert notebook.page.locator(".attention-lost:visible").count() == 0
        assert notebook.requests == [] and notebook.errors() == []
        notebook.shut_down()
    driven.done.append("saved, and opened again without its kernel")

    add_one_that_kept_nothing(lab.folder / notebook.file, lab.folder / f"again-{name}.ipynb")
    with lab.open(f"again-{name}", front_end=name) as notebook:
        explorer, walked, _, training = four_widgets(notebook.page)
        says(explorer, ".attention-lost", "run this cell again to wake them")
        assert explorer.locator(".attention-controls :is(input, button):enabled").count() == 0
        assert explorer.get_by_role("slider", name="T, tokens").input_value() == str(twin.T)
        assert point(explorer, twin.trace, "out", 1, 0) == twin.trace.why("out", 1, 0)
        says(walked, ".attention-words", "Stage 3 of 9")
        says(training, ".attention-words", "step 20 of 20")
        notebook.page.evaluate(TO_THE_END)  # what nobody looks at may be drawn later
        notebook.page.get_by_text("The still").wait_for()
        assert notebook.page.get_by_text("Run this cell to see it alive.").count() == 1
        assert notebook.page.get_by_text("Error displaying widget").count() == 0
        assert notebook.requests == []
        told = [one for one in notebook.complaints if "widget model not found" not in one]
        notebook.complaints[:] = told  # without what it must say here, its page may show the next notebook
    driven.seen += [OPENED_AGAIN, NOTHING_ASKED]
    driven.hold()


TO_THE_END = """() => {
    const { content } = window.jupyterapp.shell.currentWidget;
    content.activeCellIndex = content.widgets.length - 1;
    return content.scrollToItem(content.activeCellIndex);
}"""
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"


def add_one_that_kept_nothing(path, copy):
    """The saved notebook, with a cell at its end that was run elsewhere: where its widget was there is a still."""
    view = {"model_id": "gone", "version_major": 2, "version_minor": 0}
    data = {"application/vnd.jupyter.widget-view+json": view, "text/html": "<b>The still</b>", "text/plain": "head"}
    notebook = nbformat.read(path, as_version=4)
    output = nbformat.v4.new_output("display_data", data=data)
    notebook.cells.append(nbformat.v4.new_code_cell("trace", outputs=[output], execution_count=9))
    nbformat.write(notebook, copy)
