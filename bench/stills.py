"""What a display costs the kernel: time and memory until a head's diagram, with its still picture, is on its way.

    make bench

Each size has a process of its own. `first` is the first display there, imports and all; `next` is the median of those
that follow, in seconds of the processor, whatever else the machine does. `memory` is what a display holds at most
beside the head's own numbers; `page` is what a notebook would store.
"""

import json
import os
import platform
import subprocess
import sys

SIZES = [(16, 1), (128, 1), (512, 1), (16, 4), (128, 4), (512, 4)]  # T and heads; C is 16

ONE = """
import json, statistics, sys, time, tracemalloc
import anywidget
import numpy as np
from helpers.attention.heads import head, many_heads

T, heads, C = int(sys.argv[1]), int(sys.argv[2]), 16
build = head if heads == 1 else lambda *inputs: many_heads(*inputs, heads=heads)
rng = np.random.default_rng(0)
x, weights = rng.standard_normal((T, C)), rng.standard_normal((3, C, C))

def display(trace):
    start = time.process_time()
    bundle, _ = trace._repr_mimebundle_()
    return time.process_time() - start, len(bundle["text/html"])

trace = build(x, *weights)
first, page = display(trace)
# A trace is displayed once: the next ones are new, as those of the next cells are.
after = [display(build(x, *weights))[0] for _ in range(1 if first > 5 else 5)]
trace = build(x, *weights)
tracemalloc.start()
display(trace)
print(json.dumps([first, statistics.median(after), tracemalloc.get_traced_memory()[1] / 1e6, page]))
"""


def measured(T, heads):
    """Seconds of the first and of later displays, megabytes of memory, bytes of the page."""
    ran = subprocess.run([sys.executable, "-c", ONE, str(T), str(heads)], capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


def main():
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    print("| a display, C=16 | first | next | memory | page |\n| --- | ---: | ---: | ---: | ---: |")
    for T, heads in SIZES:
        first, after, memory, page = measured(T, heads)
        size = f"T={T}, {heads} head{'s' * (heads > 1)}"
        print(f"| {size} | {first:.2f} s | {after:.2f} s | {memory:.0f} MB | {page / 1000:.0f} kB |", flush=True)


if __name__ == "__main__":
    main()
