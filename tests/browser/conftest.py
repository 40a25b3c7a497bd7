"""A browser and a JupyterLab for each worker. Without Chromium these tests fail; they are never skipped."""

import pytest

from tests.browser.lab import Lab, launch


@pytest.fixture(scope="session")
def browser():
    with launch() as browser:
        yield browser


@pytest.fixture(scope="session")
def lab(browser):
    with Lab(browser) as lab:
        yield lab
