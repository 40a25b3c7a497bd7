"""In a real JupyterLab: an exercise solved wrongly, then rightly, and what the map of the course says of it."""

from tests.browser.lab import NOTEBOOKS, write_short
from tools.notebooks import load

WRONG = """def mean_so_far(x):
    return np.stack([x[:t].mean(0) for t in range(len(x))])

check.mean_so_far(mean_so_far)"""
RIGHT = WRONG.replace("x[:t]", "x[: t + 1]")
WRITE = """([place, source]) => {
    window.jupyterapp.shell.currentWidget.content.model.cells.get(place).sharedModel.setSource(source);
}"""


def place_of(notebook, cell_id):
    return [cell.id for cell in notebook.cells].index(cell_id)


def test_solved_wrongly_then_rightly_and_seen_on_the_map(lab, monkeypatch):
    monkeypatch.delenv("ATTENTION_COURSE_PROGRESS", raising=False)
    whole, start = (load(NOTEBOOKS / f"{name}.ipynb") for name in ("02_averaging_the_past", "00_start_here"))
    codes = [whole.cells[place_of(whole, name)].source for name in ("imports", "exercise-mean_so_far")]
    place = write_short(lab.folder, "02-short", whole, codes)
    with lab.open("02-short") as notebook:
        notebook.run_cell(place)
        output = notebook.cell(place + 1).locator(".jp-OutputArea-output")
        for source, said in [(WRONG, "the slice stops at t"), (RIGHT, "right, on ")]:
            notebook.page.evaluate(WRITE, [place + 1, source])
            notebook.run_cell(place + 1)
            output.get_by_text(said).first.wait_for()
            assert not any("Traceback" in text for text in output.all_inner_texts())
        assert notebook.errors() == []
    with lab.open("00_start_here") as first:
        first.run_all()
        row = first.cell(place_of(start, "map")).locator("tr", has_text="2. Averaging the past")
        assert row.locator("td[aria-label^='1 of ']").count() == 1 and "●" in row.inner_text()
        first.cell(place_of(start, "pulse")).get_by_text("the kernel hears it").wait_for()
        assert "02_averaging_the_past.ipynb" in row.get_by_role("link").get_attribute("href")
        assert first.errors() == [] and first.requests == []
