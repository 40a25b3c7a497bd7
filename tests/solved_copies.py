"""The copies of the notebooks with their exercises solved are written before pytest looks for tests, as these run them.

It is done here since all that it imports is wanted here anyway.
"""

import io
import os
from contextlib import redirect_stdout
from pathlib import Path
from unittest import mock

import pytest

from tools.solutions import FOLDER, main


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session):
    if any(holds(FOLDER, one) for one in session.config.args):
        with mock.patch.dict(os.environ), redirect_stdout(io.StringIO()):
            main()


def holds(folder, asked):
    """Is what pytest is asked for this folder, what is in it, or what it is in?"""
    path = Path(asked.partition("::")[0]).resolve()
    return folder.is_relative_to(path) or path.is_relative_to(folder)
