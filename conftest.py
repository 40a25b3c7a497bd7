"""How the tests are run: with the same examples each time, and what takes longest first, so that all workers end
together.
"""

import signal

from hypothesis import settings
from hypothesis.internal import entropy

pytest_plugins = ["tests.workers", "tests.solved_copies", "tests.ready_kernels", "tests.written_pages"]

LONG = (  # of those that drive no browser, by the seconds that they take: from 38 to 9
    "wrong_solutions hub check worksheet rules pictures gradients stills placing_elsewhere lanes walk progress explore "
    "lecture trace slips plain reading layout examples"
)
LONGEST = (
    "notebooks/12",
    "tests/browser/",
    "notebooks/",
    "tests/browser/test_written_pages.py",  # it reads what they show
    *(f"tests/test_{name}.py" for name in LONG.split()),
)

# A shell lets what it starts in the background ignore interrupts, and some tests send one.
signal.signal(signal.SIGINT, signal.default_int_handler)

# `make test ARGS="--hypothesis-profile=default"` draws new examples.
settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.load_profile("same")

# For each example it would seed NumPy's global random numbers and put them back, which takes a quarter of its own time;
# no test with examples draws from them.
entropy.NP_RANDOM = "not managed"


def pytest_collection_modifyitems(items):
    items.sort(key=turn)


def turn(item):
    """The place of a test in the order: that of the longest beginning of its name."""
    found = [(len(start), i) for i, start in enumerate(LONGEST) if item.nodeid.startswith(start)]
    return max(found)[1] if found else len(LONGEST)
