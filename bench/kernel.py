"""What a notebook costs its kernel: seconds of the processor from the start of the kernel until all cells have run.

    python -m bench.kernel 05_queries_keys_values

Of several runs, each in a kernel of its own, the fastest and the median; and the cells that take longest. They are
seconds of all threads of the kernel, whatever else the machine does, as the kernel itself counts them.
"""

import argparse
import os
import platform
import statistics
from pathlib import Path

import nbformat
from jupyter_client.manager import start_new_kernel

REPO = Path(__file__).resolve().parents[1]
NOTEBOOKS = REPO / "notebooks"
MANY = 6  # of the cells that take longest
CLOCK = {"clock": "__import__('time').process_time()"}


def seconds(kernel, code=""):
    """What the kernel has used when this code has run."""
    reply = kernel.execute_interactive(
        code, user_expressions=CLOCK, allow_stdin=False, output_hook=lambda output: None, timeout=300
    )
    return float(reply["content"]["user_expressions"]["clock"]["data"]["text/plain"])


def run(name):
    """Seconds after the start of a kernel, and those of each code cell with its first line."""
    cells = list(nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells)
    environment = {**os.environ, "PYTHONPATH": str(REPO), "ATTENTION_COURSE_PROGRESS": "no-progress.json"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # from the second kernel on, what Python compiles is there
    manager, kernel = start_new_kernel(cwd=str(NOTEBOOKS), env=environment)
    try:
        start = before = seconds(kernel)
        each = []
        for cell in cells:
            if cell.cell_type == "code":
                after = seconds(kernel, cell.source)
                each.append((after - before, cell.source.strip().splitlines()[0]))
                before = after
        return start, before, each
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("notebook", nargs="?", default="05_queries_keys_values")
    arguments.add_argument("--runs", type=int, default=5)
    given = arguments.parse_args()
    runs = [run(given.notebook) for _ in range(given.runs + 1)][1:]
    totals = [total for _, total, _ in runs]
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    print(f"| {given.notebook}, {len(runs)} kernels | seconds of the processor |\n| --- | ---: |")
    print(f"| the kernel alone, fastest | {min(start for start, *_ in runs):.2f} s |")
    print(f"| opened and run whole, fastest | {min(totals):.2f} s |")
    print(f"| opened and run whole, median | {statistics.median(totals):.2f} s |")
    *_, each = min(runs, key=lambda one: one[1])
    for spent, line in sorted(each, reverse=True)[:MANY]:
        print(f"| `{line[:60]}` | {spent:.2f} s |")


if __name__ == "__main__":
    main()
