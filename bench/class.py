"""What a class takes of a machine's memory: learners at once at the hub of deploy/, each with a server and its kernels.

    python -m bench.class

Each runs a notebook that imports no torch, and then, in a second kernel, one that does. What is counted of a learner is
what no other process shares: it grows with the class, and the rest is there once.
"""

import argparse
import os
import platform
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import nbformat

from tests.hub import REPO, Person, hub

LEAN, WHOLE = "05_queries_keys_values", "05b_the_head_in_pytorch"
EXTENSIONS = ("notebook", "voila")  # of what the tests install, no hub has them
MACHINES = (4, 16, 64)  # GB
SYSTEM = 500  # MB of a machine that runs nothing else


def memory(pid):
    """MB of a process that are its own, and MB that it may share with others."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kB = {name.rstrip(":"): int(size) for name, size, *_ in map(str.split, lines)}
    own = kB["Private_Clean"] + kB["Private_Dirty"]
    return own / 1e3, (kB["Rss"] - own) / 1e3


def code_of(name):
    cells = nbformat.read(REPO / "notebooks" / f"{name}.ipynb", as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def run(person, notebook):
    """Run a notebook in a kernel of its own; returns the kernel's pid, and its server's."""
    kernel = person.kernel()
    for code in code_of(notebook):
        person.run(code, kernel)
    pid, parent = person.run("import os; print(os.getpid(), os.getppid())", kernel).split()[-2:]
    return int(pid), int(parent)


def measured(many):
    """For each of many learners: the memory of the server, of the first kernel, and of the second one."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="hub-")))
        os.chmod(folder, 0o755)
        names = [f"learner{number}" for number in range(many)]
        address = stack.enter_context(hub(folder, names, without=EXTENSIONS))
        people = [Person(address, name) for name in names]
        for person in people:
            person.order()
        for person in people:
            person.wait()
        pids = []
        for number, person in enumerate(people, 1):
            lean, server = run(person, LEAN)
            pids.append((server, lean, run(person, WHOLE)[0]))
            print(f"{number} of {many}", file=sys.stderr, flush=True)
        return [[memory(pid) for pid in each] for each in pids]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--learners", type=int, default=10)
    many = arguments.parse_args().learners
    each = measured(many)
    server, lean, whole = (mean(own for own, _ in column) for column in zip(*each))
    once = max(shared for _, _, (_, shared) in each) + max(shared for (_, shared), _, _ in each)
    print(f"\n{many} learners, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    print("| of each learner | memory |\n| --- | ---: |")
    print(f"| the server, with JupyterLab | {server:.0f} MB |")
    print(f"| a kernel that has run {LEAN} | {lean:.0f} MB |")
    print(f"| a kernel that has run {WHOLE}, with torch | {whole:.0f} MB |")
    print(f"| shared by all, once | {once:.0f} MB |\n")
    print(f"| so many learners fit in | {' | '.join(f'{size} GB' for size in MACHINES)} |")
    print(f"| --- |{' ---: |' * len(MACHINES)}")
    for kernels, taken in (("one kernel without torch", lean), ("one with torch", whole), ("both", lean + whole)):
        fit = [int((size * 1e3 - SYSTEM - once) / (server + taken)) for size in MACHINES]
        print(f"| {kernels} | {' | '.join(map(str, fit))} |")


if __name__ == "__main__":
    main()
