"""Every page of the course, as it is written from the notebooks that the tests have run (tests/written_pages.py):
opened from its folder it asks for nothing, nothing fails, nothing is wider than a phone, and every explorer shows what
Python computes.
"""

import gzip
import json
import time

import nbformat
import pytest

from tests.browser.site_pages import READ, SIDEWAYS, assert_same, troubles_of
from tests.browser.test_notebooks import explorers
from tests.written_pages import STATES, folder
from tools.notebooks import course_notebooks, executed
from tools.site import pages
from tools.site.__main__ import first, put, save_shared
from tools.site.answers import FULL
from tools.site.exported import KIND

SECONDS = 600  # until a notebook that runs beside this was run
LARGEST = 1_000_000  # bytes of a page that a server has compressed
NAMES = [path.stem for path in course_notebooks()]
DRIVE = """([place, states]) => JSON.stringify(states.map(state => {
    const { state: held } = attentionModels[place];
    Object.assign(held, state, { asked: held.asked + 1 });
    attentionModels[place].save_changes();
    const sides = "forward_a" in held ? ["_a", "_b"] : [""];
    return sides.map(side => ["error", "readout", "forward"].map(name => held[name + side]))
        .map(([error, readout, forward]) => [error, readout, (READ)(forward)]);
}))""".replace("READ", READ)


@pytest.fixture(scope="module")
def opened(browser, request, tmp_path_factory):
    """``opened(name)``: a notebook, its page, the file of that, what its widgets are, and what went wrong there."""
    window = browser.new_page(viewport={"width": 390, "height": 844})
    troubles = troubles_of(window)
    site, listed = tmp_path_factory.mktemp("pages"), pages.listed(course_notebooks())
    save_shared(site)

    def open_page(name):
        notebook = ran(request.config, name)
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        held = [output.data[KIND] for output in outputs if KIND in output.get("data", {})]  # a page is made without it
        put(site / f"{name}.html", pages.page(name, notebook, listed))
        troubles.clear()
        window.goto((site / f"{name}.html").as_uri())
        return notebook, window, site / f"{name}.html", held, troubles

    yield open_page
    window.close()


def ran(config, name):
    """A notebook with its outputs: as the tests ran it, or, where they did not, run now."""
    (path,) = [path for path in course_notebooks() if path.stem == name]
    if path not in getattr(config, "kept_notebooks", ()):
        return executed(path, first(STATES))
    kept, end = folder(config) / path.name, time.monotonic() + SECONDS
    while not kept.exists() and time.monotonic() < end:
        time.sleep(0.2)
    return nbformat.read(kept, as_version=4)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_alive_and_shows_what_python_computes(name, opened):
    notebook, page, file, held, troubles = opened(name)
    assert len(gzip.compress(file.read_bytes(), 6)) < LARGEST
    models = page.evaluate("attentionModels.length")
    drawn = page.evaluate("document.querySelectorAll('.alive > .attention-live').length")
    assert models == drawn == len(held)
    assert sum("tried" in widget for widget in held) >= len([*explorers(notebook)])
    assert page.evaluate(SIDEWAYS) == [0, []]
    for place, widget in enumerate(held):
        if "tried" in widget:
            stops = widget["tables"]["stops"]
            assert not any(lacks(stops[name]) for name in ("T", "C") if name in stops)
            assert len(widget["tried"]) == STATES
            found = json.loads(page.evaluate(DRIVE, [place, [state for state, _ in widget["tried"]]]))
            for (state, shown), seen in zip(widget["tried"], found, strict=True):
                compare(shown, seen, state)
    assert troubles == []


def lacks(values):
    """Is it a T or C that stands still, or skips a stop though it has few?"""
    whole = values[-1] >= FULL or values == [*range(values[0], values[-1] + 1)]
    return len(values) == 1 or not whole


def compare(shown, seen, state):
    """What Python shows at a state, for each function, beside what the page shows there."""
    fails = any(isinstance(one, str) for one in shown)
    for one, (error, readout, forward) in zip(shown, seen, strict=True):
        assert error == (one if isinstance(one, str) else ""), state
        if not fails:  # or the picture stays
            sent, remarks, single = one
            assert readout.startswith(" ".join(remarks)), state
            assert_same(forward, {**sent, "values": sent["values"]["base64"]}, single)
