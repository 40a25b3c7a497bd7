"""Notebook 12 in a real JupyterLab: the training is watched, stopped with the button, and gone on with."""

import re

NEEDED = ("imports", "text", "train")  # the cells that the training needs
STEPS = re.compile(r"step (\d+) of 520")
IS_IDLE = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
STOP = "() => { window.jupyterapp.commands.execute('notebook:interrupt-kernel'); }"


def step(cell):
    """The step that the line beside the progress bar tells, 0 while there is none."""
    found = STEPS.search(cell.inner_text())
    return int(found[1]) if found else 0


def wait_for_step(page, cell, least):
    for _ in range(1200):
        if step(cell) >= least:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"the training is at step {step(cell)} after two minutes; wanted {least}")


def stop(page, cell):
    page.evaluate(STOP)
    page.wait_for_function(IS_IDLE, timeout=120_000, polling=100)
    return step(cell)


def test_training_is_watched_stopped_and_gone_on_with(lab):
    with lab.open("12_train_a_gpt") as notebook:
        page, cells = notebook.page, {cell["id"]: cell for cell in notebook.cells()}
        place = list(cells).index("train-watch")
        notebook.run_cell(place, before="\n".join(cells[name]["source"] for name in NEEDED), wait=False)
        cell = notebook.cell(place)
        wait_for_step(page, cell, 10)
        reached = stop(page, cell)
        assert notebook.errors() == [] and 10 <= reached < 520
        assert cell.locator("svg.watch path.training").count() == 1 and "floor" in cell.inner_text()
        curve = cell.locator("svg.watch path.training").get_attribute("d")

        notebook.run_cell(place, wait=False)
        page.wait_for_timeout(500)
        wait_for_step(page, cell, reached + 10)
        again = stop(page, cell)
        assert notebook.errors() == [] and reached + 10 <= again < 520
        assert cell.locator("svg.watch path.training").get_attribute("d") != curve
        notebook.run_cell(place + 1)  # what was reached stays, and the cells below go on from there
        assert notebook.errors() == [] and notebook.cell(place + 1).locator("img").count() == 1
        assert notebook.requests == []
