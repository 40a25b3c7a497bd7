"""Notebook 12 in a real JupyterLab: the training is watched, stopped with the button, and gone on with."""

import re

import nbformat
import pytest

from helpers.gpt.watching import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, drawing
from helpers.live.bundle import alone
from helpers.live.live import Live
from helpers.live.pieces import Curves
from tests.browser.lab import NOTEBOOKS, write_short
from tests.browser.pages import BlankPage

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
    whole = nbformat.read(NOTEBOOKS / "12_train_a_gpt.ipynb", as_version=4)
    sources = {cell.id: cell.source for cell in whole.cells}
    place = write_short(lab.folder, "12-short", whole, [sources["train-watch"], sources["train-picture"]])
    with lab.open("12-short") as notebook:
        page = notebook.page
        notebook.run_cell(place, before="\n".join(sources[name] for name in NEEDED), wait=False)
        cell = notebook.cell(place)
        wait_for_step(page, cell, 10)
        reached = stop(page, cell)
        assert notebook.errors() == [] and 10 <= reached < 520
        assert cell.locator(".attention-curves path.training").count() == 1 and "floor" in cell.inner_text()
        curve = cell.locator(".attention-curves path.training").get_attribute("d")

        notebook.run_cell(place, wait=False)
        page.wait_for_timeout(500)
        wait_for_step(page, cell, reached + 10)
        again = stop(page, cell)
        assert notebook.errors() == [] and reached + 10 <= again < 520
        assert cell.locator(".attention-curves path.training").get_attribute("d") != curve
        notebook.run_cell(place + 1)  # what was reached stays, and the cells below go on from there
        assert notebook.errors() == [] and notebook.cell(place + 1).locator("img").count() == 1
        assert notebook.requests == []


# Where the letters and the curves stand, and whether the page is wider than its window.
PLACES = """() => {
    const rect = element => Object.values(element.getBoundingClientRect().toJSON()).slice(0, 4);
    const all = selector => Array.from(document.querySelectorAll(selector), rect);
    const found = [".attention-curves", ".attention-curves span", ".attention-curves path"].map(all);
    return [found[0][0], ...found.slice(1), document.documentElement.scrollWidth];
}"""


@pytest.mark.parametrize("width", [260, 400, 1000])
def test_the_curve_fits_its_window(browser, width):
    """As wide as there is room, letters as large as ever: none cut off, none over another, curves between them."""
    lines = {"training": [(1, 4.2), (200, 1.9), (520, 1.52)], "test": [(65, 2.4), (520, 1.5)]}
    page = browser.new_page(viewport={"width": width, "height": 400})
    drawn = drawing({**lines, "floor": [(0, 1.48), (520, 1.48)]}, 520)
    plot = Live([[Curves("plot", "The loss", WIDTH, HEIGHT, (TOP, RIGHT, BOTTOM, LEFT), *drawn)]])
    blank = BlankPage(page, alone(), f"{Live.css} body {{ padding: 8px }}")
    blank.mount(plot)
    (_, _, wide, high), texts, paths, scrolled = page.evaluate(PLACES)
    assert blank.errors == [] and "attention-live" in page.content()
    page.close()
    assert (wide, high) == (min(width - 16, WIDTH), HEIGHT) and scrolled == width  # 8 px around a page
    assert len(texts) == 5 + 1 + 3 and {round(h) for _, _, _, h in texts} == {11}
    for i, (x, y, w, h) in enumerate(texts):
        assert x >= 8 and y >= 7 and x + w <= 8 + wide and y + h <= 8 + high
        apart = [max(x - a - b, a - x - w, y - c - d, c - y - h) for a, c, b, d in texts[:i]]
        assert min(apart, default=0) >= 0
    names, numbers = texts[-3:], texts[:5]
    for x, _, w, _ in paths:
        assert max(left + wide for left, _, wide, _ in numbers) < x + 1 and x + w < min(left for left, *_ in names)
