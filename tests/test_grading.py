"""Grading: an honest notebook earns what is right in it; one that cheats, breaks or attacks earns no more, and harms none."""

import json
import os
import socket
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from tools.grading.grade import grade

IMPORTS = "import os, sys\nimport numpy as np\nimport torch\nfrom helpers import check"
RIGHT = {
    "mean_so_far": "def mean_so_far(x):\n    return np.stack([x[: t + 1].mean(0) for t in range(len(x))])",
    "running_means": "def running_means(x):\n    return np.cumsum(x, 1) / np.arange(1, x.shape[1] + 1)[:, None]",
    "averaging_matrix": "def averaging_matrix(T):\n    ones = torch.ones(T, T).tril()\n    return ones / ones.sum(1, keepdim=True)",
    "weighted_sums": "weighted_sums = lambda weights, x: weights @ x",
}
# What is handed in as mean_so_far, each in a notebook of its own. What is returned, x itself, is wrong.
CHEATS = {
    "loops and will not be stopped": """
def mean_so_far(x):
    while True:
        try:
            while True: pass
        except BaseException: pass""",
    "loops in its cell": "mean_so_far = [0 for _ in iter(int, 1)]",
    "eats memory": "def mean_so_far(x):\n    held = []\n    while True: held.append(bytearray(1 << 26))",
    "returns a lot": "def mean_so_far(x):\n    return np.zeros(10 ** 8)",
    "writes outside": """
def mean_so_far(x):
    for place in (OUTSIDE, os.path.expanduser("~"), os.getcwd(), "/tmp", "/dev/shm"):
        try: open(os.path.join(place, "harm"), "w").write("harm")
        except OSError: pass
    for act in (lambda: os.chmod(MARK, 0), lambda: os.truncate(MARK, 0), lambda: os.remove(MARK), lambda: os.utime(MARK),
                lambda: os.rename(MARK, MARK + "2"), lambda: os.symlink("/", OUTSIDE + "/link"), lambda: open(MARK, "r+")):
        try: act()
        except OSError: pass
    return x""",
    "imports the oracle": """
def mean_so_far(x):
    from helpers.check.averaging import mean_so_far
    return mean_so_far.oracle(x)""",
    "imports it in other ways": """
import importlib, helpers
importlib.invalidate_caches()
del sys.modules["helpers.check"]
helpers.__path__.append(REPO + "/helpers")
exercises = importlib.import_module("helpers.check").exercises()
def mean_so_far(x):
    return exercises["mean_so_far"].oracle(x)""",
    "reads the oracle's file": """
def mean_so_far(x):
    for root, _, names in os.walk(REPO):
        if "averaging.py" in names:
            found = {}
            exec(open(root + "/averaging.py").read(), found)
            return found["mean_so_far"].oracle(x)
    return x""",
    "reads the solution": """
import json
def mean_so_far(x):
    text = open(REPO + "/notebooks/02_averaging_the_past.ipynb").read()
    exec(json.loads(text)["cells"][62]["source"], globals())
    return mean_so_far(x)""",
    "looks for the oracle in memory": """
import gc, inspect
def mean_so_far(x):
    for one in gc.get_objects():
        if getattr(one, "__name__", "") == "mean_so_far" and one is not mean_so_far: return one(x)
        if type(one).__name__ == "Exercise" and one.name == "mean_so_far": return one.oracle(x)
    for frame in inspect.stack():
        if "exercise" in frame.frame.f_locals: return frame.frame.f_locals["exercise"].oracle(x)
    return x""",
    "reads the grader's memory": """
def mean_so_far(x):
    for who in (os.getppid(), 1, GRADER):
        try: return np.frombuffer(open(f"/proc/{who}/mem", "rb").read(8))
        except OSError: pass
    return x""",
    "prints a result": """
def mean_so_far(x):
    print("mean_so_far: right, on 14 shapes.")
    os.write(1, b"mean_so_far: right, on 14 shapes.")
    return x""",
    "replaces the checks": """
import helpers, builtins
check.mean_so_far = lambda function: print("mean_so_far: right, on 14 shapes.")
for name in ("judge", "tries", "exercise", "progress"):
    sys.modules["helpers.check." + name] = check
builtins.all = lambda *_: True
np.isclose = np.abs = np.array_equal = np.allclose = lambda *_, **__: True
def mean_so_far(x): return x""",
    "edits the progress": """
def mean_so_far(x):
    for file in ("progress.json", "no-progress.json", PROGRESS):
        try: open(file, "w").write('{"format": "attention-course progress", "version": 1, "solved": ["mean_so_far"]}')
        except OSError: pass
    return x""",
    "equals everything": """
class Everything:
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = lambda *_: True
    __sub__ = __rsub__ = __abs__ = __getattr__ = lambda self, *_: self
    __hash__ = __len__ = lambda self: 0
    __reduce__ = lambda self: (os.system, ("touch " + OUTSIDE + "/harm",))
def mean_so_far(x): return Everything()""",
    "is an array that equals everything": """
class Everything(np.ndarray):
    __eq__ = __le__ = __lt__ = lambda self, other: np.ones(self.shape, bool)
    def __array_ufunc__(self, *_, **__): return np.zeros(self.shape)
def mean_so_far(x): return x.view(Everything)""",
    "exits": "def mean_so_far(x): raise SystemExit('right')",
    "ends at once": "def mean_so_far(x): os._exit(0)",
    "crashes": "import ctypes\ndef mean_so_far(x): ctypes.string_at(0)",
    "kills": """
def mean_so_far(x):
    for who in (VICTIM, os.getppid()):
        try: os.kill(who, 9)
        except OSError: pass
    return x""",
    "forks": """
import subprocess, threading, time
def stay():
    while True: time.sleep(60)
def mean_so_far(x):
    threading.Thread(target=stay).start()
    for act in (os.fork, lambda: subprocess.Popen(["sleep", "987"]), lambda: os.execv("/bin/sleep", ["sleep", "987"])):
        try:
            if act() == 0: stay()
        except OSError: pass
    return x""",
    "connects": """
import socket
def mean_so_far(x):
    for kind, place in ((socket.AF_INET, ("127.0.0.1", PORT)), (socket.AF_UNIX, "/run/docker.sock")):
        try: socket.socket(kind).connect(place)
        except OSError: pass
    return x""",
    "prints 100 MB": "def mean_so_far(x):\n    for _ in range(100): print('x' * 10 ** 6)\n    return x",
    "redefines print": "print = lambda *_: 1 / 0\ndef mean_so_far(x): return x",
    "patches torch": """
torch.allclose = torch.equal = torch.isclose = lambda *_, **__: True
torch.Tensor.__eq__ = lambda *_: True
def mean_so_far(x): return torch.zeros(1)""",
    "forges answers": """
import struct
def mean_so_far(x):
    for file in range(64):
        try: os.write(file, struct.pack(">II", 1 << 31, 1 << 31) + b"right" * 100)
        except OSError: pass
    return x""",
    "forges an answer that is well made": """
def mean_so_far(x):
    text = b'{"solved": true, "drew": false, "changed": [], "values": [{"kind": "number", "number": NaN}]}'
    os.write(3, len(text).to_bytes(4, "big") + bytes(4) + text)
    return x""",
    "lifts the limits": """
import resource
def mean_so_far(x):
    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
    return np.ones(1 << 28)""",
    "remembers": """
seen = []
def mean_so_far(x):
    seen.append(x)
    return seen[0]""",
    "has a name of its own": "def mean_so_far(x): raise type('\\x1b[2Jright', (Exception,), {})('\\x1b[2Jright')",
    "is a module that sees one token": """
class Short(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.zeros(1))
def mean_so_far(x): return x
mean_so_far.__class__, check.unscaled_head = property(lambda _: Short), None""",
    "is a mistake of Python": "def mean_so_far(x) return x",
    "is not begun": "def mean_so_far(x):\n    ...",
}
BROKEN = {
    "no JSON": ("{", "not JSON"),
    "cut off": (writes(new_notebook(cells=[new_code_cell("1")]))[:-20], "not JSON"),
    "nested": ("[" * 100_000, "not JSON"),
    "a list": ("[1, 2]", "no notebook"),
    "an old format": (json.dumps({"nbformat": 3, "worksheets": []}), "format 3, wanted 4"),
    "a newer format": (json.dumps({"nbformat": 5, "cells": []}), "format 5, wanted 4"),
    "broken cells": (json.dumps({"nbformat": 4, "cells": [{"cell_type": "code"}, 7]}), "cells are broken"),
}


def notebook(*cells):
    return writes(new_notebook(cells=[new_markdown_cell("# 2. Averaging the past"), *map(new_code_cell, cells)]))


def solved(name, code):
    return f"{code}\n\ncheck.{name}({name})"


@pytest.fixture(scope="module")
def class_of(tmp_path_factory):
    """Everybody's grades; and the folder outside that nobody may write to."""
    folder, outside = tmp_path_factory.mktemp("handed-in"), tmp_path_factory.mktemp("outside")
    mark, progress = outside / "mark", outside / "progress.json"
    mark.write_text("as it was")
    progress.write_text("mine")
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    repo = Path(__file__).resolve().parent.parent
    known = dict(OUTSIDE=str(outside), MARK=str(mark), PROGRESS=str(progress), REPO=str(repo), GRADER=os.getpid())
    known["PORT"] = listening.getsockname()[1]
    given = "\n".join(f"{name} = {value!r}" for name, value in known.items())
    right = [solved(*one) for one in RIGHT.items()]
    honest = {
        "right": [IMPORTS, *right],
        "half": [IMPORTS, *right[:2], solved("averaging_matrix", "def averaging_matrix(T):\n    return torch.eye(T)")],
    }
    cheating = {name: [IMPORTS, given, solved("mean_so_far", code)] for name, code in CHEATS.items()}
    for learner, cells in {**honest, **cheating}.items():
        (folder / learner).mkdir()
        (folder / learner / "02_averaging_the_past.ipynb").write_text(notebook(*cells))
    for learner, (text, _) in BROKEN.items():
        (folder / f"{learner}.ipynb").write_text(text)
    before = sorted(outside.iterdir())
    done, wanted = grade(folder, ["02", "03"], seconds=0.6)
    return {one.learner: one for one in done}, wanted, locals()


@pytest.mark.parametrize("learner, earned", {"right": 4, "half": 2, **dict.fromkeys([*CHEATS, *BROKEN], 0)}.items())
def test_everybody_earns_what_is_right_and_no_more(class_of, learner, earned):
    graded, wanted, _ = class_of
    print(graded[learner].said, graded[learner].notes)
    assert wanted == [*RIGHT]
    assert graded[learner].earned(wanted) == earned
