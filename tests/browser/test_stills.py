"""The notebooks as they come from git: not trusted, not run, and yet their pictures are there."""

import nbformat

from tools.notebooks import course_notebooks


def test_untrusted_and_unrun(lab):
    """The pictures of all notebooks on one page, not trusted and without a kernel's help: they stand there as
    stills.
    """
    cells, metadata = [], {}
    for path in course_notebooks():
        notebook = nbformat.read(path, as_version=4)
        metadata, shown = notebook.metadata, [cell for cell in notebook.cells if "<img" in str(cell.get("outputs"))]
        assert shown, f"{path.stem} shows no picture"
        outputs = [output for cell in shown for output in cell.outputs]
        cells.append(nbformat.v4.new_code_cell(outputs=outputs, execution_count=1))  # an editor each takes longer
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), lab.folder / "stills.ipynb")
    count = sum(
        output.get("data", {}).get("text/html", "").count("<img alt=") for cell in cells for output in cell.outputs
    )
    with lab.open("stills", trusted=False) as notebook:
        widths = notebook.page.locator(".jp-OutputArea-output img[alt]").evaluate_all(
            "images => Promise.all(images.map(image => image.decode().then(() => [image.naturalWidth, "
            "image.alt.length])))"
        )
        assert (
            len(widths) == count > 50 and min(width for width, _ in widths) > 200 and min(alt for _, alt in widths) > 20
        )
        assert notebook.page.get_by_text("Error displaying widget").count() == 0
        assert notebook.errors() == []
