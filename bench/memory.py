"""What it costs to run the same cell again and again: what the kernel and the page hold more afterwards.

    python -m bench.memory

Each kind of cell has a JupyterLab page and a kernel of its own, and is run 400 times. Of the kernel it is what Python
has allocated and not freed (tracemalloc, after the garbage collector has run): the memory of the process itself moves
with the allocator, by megabytes, and stands beside it. Of the page it is the JavaScript heap, after its own collector
has run. A cell that prints a line shows what JupyterLab and IPython keep of any cell, and an IntSlider what they keep
of any widget: JupyterLab 4 remembers each one that ever had a connection to the kernel, closed ones, too.
"""

import argparse
import os
import platform
import tempfile

from tests.browser.lab import Lab, launch, write_notebooks

EXPLORER = """
from helpers.attention.heads import head
from helpers.explore.explorer import explore
explore(head, T=(1, 64, {size}), C=(1, 64, {size}))
"""
CELLS = {
    "a cell that prints a line": "print('one line')",
    "an IntSlider of ipywidgets": "import ipywidgets\nipywidgets.IntSlider()",
    "explore(head), T=8, C=4": EXPLORER.format(size=8).replace("C=(1, 64, 8)", "C=(1, 64, 4)"),
    "explore(head), T=64, C=64": EXPLORER.format(size=64),
}
WARM_UP = 20  # runs until everything is imported, compiled and drawn once
MEGABYTE = 1e6

# In the kernel, in a namespace of its own: bytes that Python holds, and those of the process.
COUNT = """
import gc as _gc, tracemalloc as _t
if not _t.is_tracing():
    _t.start()
_gc.collect(); _gc.collect()
_held = _t.get_traced_memory()[0], int(open("/proc/self/statm").read().split()[1]) * 4096
"""
ASK = """async code => {
    const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const asked = { code, silent: true, user_expressions: { held: "_held" } };
    const reply = await kernel.requestExecute(asked).done;
    return reply.content.user_expressions.held.data["text/plain"];
}"""


class Counted:
    """A notebook page and its kernel, which can be asked what they hold."""

    def __init__(self, sheet):
        self.sheet = sheet
        self.tools = sheet.context.new_cdp_session(sheet.page)

    def held(self):
        """Bytes of the kernel's Python, of its process, and of the page."""
        allocated, process = eval(self.sheet.page.evaluate(ASK, COUNT))
        for _ in range(3):
            self.tools.send("HeapProfiler.collectGarbage")
            self.sheet.page.wait_for_timeout(300)
        return allocated, process, self.tools.send("Runtime.getHeapUsage")["usedSize"]

    def run(self, times):
        for _ in range(times):
            self.sheet.run_cell(0)
        self.sheet.page.wait_for_timeout(1500)  # until the last picture is drawn


def growth(lab, name, times):
    """Megabytes that the kernel's Python, its process and the page hold more after so many runs."""
    sheet = lab.open(name, width=1200)
    counted = Counted(sheet)
    counted.run(WARM_UP)
    before = counted.held()
    counted.run(times)
    after = counted.held()
    if errors := sheet.errors():
        raise AssertionError("\n".join(errors))
    sheet.close()
    return [(late - early) / MEGABYTE for early, late in zip(before, after)]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--times", type=int, default=400)
    times = arguments.parse_args().times
    with tempfile.TemporaryDirectory() as folder:
        write_notebooks(folder, {f"cell{i}": code for i, code in enumerate(CELLS.values())})
        with launch() as browser, Lab(browser, folder) as lab:
            rows = [(label, *growth(lab, f"cell{i}", times)) for i, label in enumerate(CELLS)]
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, JupyterLab\n")
    print(f"| run {times} times | kernel grows by | its process by | the page by |\n| --- | ---: | ---: | ---: |")
    for label, *grown in rows:
        print(f"| {label} | {' | '.join(f'{one:.1f} MB' for one in grown)} |", flush=True)


if __name__ == "__main__":
    main()
