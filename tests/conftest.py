"""How the tests are run: with the same examples each time, and what takes longest first, so that all workers end
together.
"""

from pathlib import Path

from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests import ready_kernels

BROWSER = "tests/browser/"
LONGEST = (
    "notebooks/12",
    BROWSER,
    "notebooks/",
    *(
        f"tests/test_{name}.py"
        for name in ("wrong_solutions", "worksheet", "check", "pictures", "rules", "stills", "gradients")
    ),
)

# `make test ARGS="--hypothesis-profile=default"` draws new examples.
settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.load_profile("same")
ready_kernels.use()


def pytest_collection_modifyitems(items):
    items.sort(
        key=lambda item: next((i for i, start in enumerate(LONGEST) if item.nodeid.startswith(start)), len(LONGEST))
    )


def pytest_xdist_make_scheduler(config, log):
    return OneLab(config, log)


class OneLab(LoadScopeScheduling):
    """Each file is run by one worker; all that need a JupyterLab by the same one, for it takes seconds to start."""

    def __init__(self, config, log):
        super().__init__(config, log)
        folder = Path(__file__).parent / "browser"
        self.in_lab = {
            f"{BROWSER}{path.name}"
            for path in folder.glob("test_*.py")
            if "lab.open(" in path.read_text(encoding="utf-8")
        }

    def _split_scope(self, nodeid):
        scope = super()._split_scope(nodeid)
        return "lab" if scope in self.in_lab else scope
