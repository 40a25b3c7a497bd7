"""What a class takes of a machine's memory: learners at once at the hub of deploy/, each with a server and its kernels.

    python -m bench.class

Each runs a notebook that imports no torch, and then, in a second kernel, one that does; with kernels that are forks of
one process, as the hub has them, and with kernels apart. What is counted of a learner is what no other process shares:
it grows with the class, and the rest is there once.
"""

import argparse
import os
import platform
import sys
from contextlib import ExitStack, suppress
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
    """Run a notebook in a kernel of its own; returns the pid of the kernel."""
    kernel = person.kernel()
    for code in code_of(notebook):
        person.run(code, kernel)
    return int(person.run("import os; print(os.getpid())", kernel).split()[-1])


def running(what, folder):
    """The pids of programs with a word on their command line that began in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if what in (process / "cmdline").read_text() and (process / "cwd").readlink() == folder:
                found.append(int(process.name))
    return found


def measured(many, imported):
    """For each of many learners: the memory of the server, of the first kernel, and of the second one; and MB that are
    there once. imported: what the process has imported of which kernels are forks, if there is one.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="hub-")))
        os.chmod(folder, 0o755)
        names = [f"learner{number}" for number in range(many)]
        address, _ = stack.enter_context(hub(folder, names, without=EXTENSIONS, imported=imported))
        people = [Person(address, name) for name in names]
        for person in people:
            person.order()
        for person in people:
            person.wait()
        kernels = []
        for number, person in enumerate(people, 1):
            kernels.append([run(person, LEAN), run(person, WHOLE)])
            print(f"{number} of {many}", file=sys.stderr, flush=True)
        pids = [[*running("jupyterhub.singleuser", folder / name), *both] for name, both in zip(names, kernels)]
        each = [[memory(pid) for pid in one] for one in pids]
        shared = max(shared for _, _, (_, shared) in each) + max(shared for (_, shared), _, _ in each)
        small = [memory(pid)[0] for name in names for pid in running("stand_in.py", folder / name / "notebooks")]
        server, lean, whole = (mean(own for own, _ in column) for column in zip(*each))
        beside = mean(small or [0])
        return [server, lean + beside, whole + beside], shared


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--learners", type=int, default=10)
    arguments.add_argument("--only", choices=["forks", "apart"])
    given = arguments.parse_args()
    many = given.learners
    unit = (REPO / "deploy" / "attention-kernels.service").read_text(encoding="utf-8")
    ways = {"forks": unit.partition("\\\n")[2].splitlines()[0].split(), "apart": []}
    found = {way: measured(many, modules) for way, modules in ways.items() if given.only in (None, way)}
    print(f"\n{many} learners, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    print(f"| memory | {' | '.join(f'kernels: {way}' for way in found)} |\n| --- |{' ---: |' * len(found)}")
    labels = [
        "a server, with JupyterLab",
        f"a kernel that has run {LEAN}",
        f"a kernel that has run {WHOLE}, with torch",
    ]
    for label, *each in zip([*labels, "once, for all"], *([*own, once] for own, once in found.values())):
        print(f"| {label} | {' | '.join(f'{one:.0f} MB' for one in each)} |")
    print(f"\n| so many learners fit in | {' | '.join(f'{size} GB' for size in MACHINES)} |")
    print(f"| --- |{' ---: |' * len(MACHINES)}")
    for way, ((server, lean, whole), once) in found.items():
        for kernels, taken in (("one kernel, with torch", whole), ("one with torch, and one without", lean + whole)):
            fit = [int((size * 1e3 - SYSTEM - once) / (server + taken)) for size in MACHINES]
            print(f"| {way}: {kernels} | {' | '.join(map(str, fit))} |")


if __name__ == "__main__":
    main()
