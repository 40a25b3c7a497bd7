"""A browser and a JupyterLab for each worker. Without Chromium these tests fail; they are never skipped."""

from contextlib import ExitStack

import pytest

from tests.browser.lab import Lab, launch
from tests.browser.pages import OF_A_DIAGRAM, Shown, blank_page


@pytest.fixture(scope="session")
def browser():
    with launch() as browser:
        yield browser


@pytest.fixture(scope="session")
def lab(browser):
    with Lab(browser, one_kernel=True) as lab:  # nbval runs each notebook in a fresh one
        yield lab


@pytest.fixture(scope="session")
def blank(browser):
    """One for all tests: the diagram's code is read once, and soon runs fast."""
    with blank_page(browser) as blank:
        yield blank


@pytest.fixture
def show(browser, blank):
    """``show(trace)`` on a blank page; with options of a window, ``device_scale_factor=2``, in one of its own."""
    with ExitStack() as windows:
        used = {blank}

        def on_a_page(trace, height=1400, width=1040, media=None, **options):
            state = {name: options.pop(name) for name in OF_A_DIAGRAM & options.keys()}
            page = windows.enter_context(blank_page(browser, **options)) if options else blank
            used.add(page)
            page.clear()
            page.resize(width, height)
            page.show_in(**{"color_scheme": "light", "reduced_motion": "no-preference", **(media or {})})
            page.page.mouse.move(width - 1, height - 1)
            return Shown(page, trace, **state)

        yield on_a_page
        assert [error for page in used for error in page.errors] == []
