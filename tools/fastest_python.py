"""Prints the system's Python, where that is a good deal faster than the one that runs this.

A Python that was compiled at home, as pyenv does, mostly went without what takes the compiler long, and runs a quarter
slower. Where the system has the same version, that one serves better: the Makefile asks, unless told which to take.
"""

import os
import subprocess
import sys

SYSTEM = "/usr/bin/python3"
WORTH_IT = 1.15  # times as fast
ROUNDS = 4  # by turns: a machine is faster at one moment than at another

# Run by each of both. It fails where no environment can be made.
WORK = """
import ast, ensurepip, sys, time, venv

class Step:
    def __init__(self, value):
        self.value = value
    def add(self, other):
        return self.value + other.value

def work():
    begin, found = time.process_time(), {}
    for i in range(20_000):
        found[i % 100] = Step(i).add(Step(1))
    ast.parse("a = [b + c for b, c in d.items() if b]\\n" * 200)
    return time.process_time() - begin

print(*sys.version_info[:2], min(work() for _ in range(10)))
"""


def measured(python):
    """The version of a Python, and the seconds that it takes for a piece of work; None where it cannot be used."""
    try:
        said = subprocess.run([python, "-c", WORK], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    *version, seconds = said.split()
    return version, float(seconds)


def faster(this=sys.executable, system=SYSTEM):
    """The system's Python, where it is of the same version as this one, and faster; else None."""
    if os.path.realpath(this) == os.path.realpath(system):
        return None
    rounds = [(measured(this), measured(system)) for _ in range(ROUNDS)]
    if not all(all(both) and both[0][0] == both[1][0] for both in rounds):
        return None
    ours, theirs = (min(seconds for _, seconds in one) for one in zip(*rounds))
    return system if theirs * WORTH_IT < ours else None


if __name__ == "__main__" and sys.platform == "linux" and faster():
    print(f"Taking {SYSTEM}: the version of {sys.executable}, in a faster build.", file=sys.stderr)
    print(SYSTEM)
