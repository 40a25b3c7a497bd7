"""``python with_ready_kernels.py jupyterlab --no-browser``: as ``python -m``, but the server's kernels are forks."""

import os
import runpy
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[2])
from tests.forks import WHERE, forked  # noqa: E402 - where it is found is known now

if __name__ == "__main__":
    sys.path[0] = os.getcwd()
    del sys.argv[0]
    with forked(os.environ[WHERE]):
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
