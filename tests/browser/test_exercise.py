"""In a real JupyterLab: an exercise solved wrongly, then rightly, and what the map of the course says of it."""

from tests.browser.lab import NOTEBOOKS
from tools.notebooks import load

WRONG = """def mean_so_far(x):
    return np.stack([x[:t].mean(0) for t in range(len(x))])

check.mean_so_far(mean_so_far)"""
RIGHT = WRONG.replace("x[:t]", "x[: t + 1]")
WRITE = """([place, source]) => {
    window.jupyterapp.shell.currentWidget.content.model.cells.get(place).sharedModel.setSource(source);
}"""


def place_of(name, cell_id):
    return [cell.id for cell in load(NOTEBOOKS / f"{name}.ipynb").cells].index(cell_id)


def test_solved_wrongly_then_rightly_and_seen_on_the_map(lab, monkeypatch):
    monkeypatch.delenv("ATTENTION_COURSE_PROGRESS", raising=False)
    with lab.open("02_averaging_the_past") as notebook:
        place, imports = (
            place_of("02_averaging_the_past", "exercise-mean_so_far"),
            place_of("02_averaging_the_past", "imports"),
        )
        notebook.run_cell(imports)
        output = notebook.cell(place).locator(".jp-OutputArea-output")
        for source, said in [(WRONG, "the slice stops at t"), (RIGHT, "right, on ")]:
            notebook.page.evaluate(WRITE, [place, source])
            notebook.run_cell(place)
            output.get_by_text(said).first.wait_for()
            assert not any("Traceback" in text for text in output.all_inner_texts())
        assert notebook.errors() == []
    with lab.open("00_start_here") as start:
        start.run_all()
        row = start.cell(place_of("00_start_here", "map")).locator("tr", has_text="2. Averaging the past")
        assert row.locator("td[aria-label^='1 of ']").count() == 1 and "●" in row.inner_text()
        start.cell(place_of("00_start_here", "pulse")).get_by_text("the kernel hears it").wait_for()
        assert "02_averaging_the_past.ipynb" in row.get_by_role("link").get_attribute("href")
        assert start.errors() == [] and start.requests == []
