"""Grading: an honest notebook earns what is right in it; one that cheats or attacks earns no more, and harms none."""

import csv
import json
import os
import resource
import socket
import stat
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes
from torch import nn

from helpers import check
from helpers.check.judge import judge
from tests.wrong_solutions import RIGHT as ALL_RIGHT
from tools.grading import fences, workshop
from tools.grading.grade import ENDED, Graded, apart, by_learner, grade, report, write
from tools.grading.handed_in import exercises_in

SEED, SECONDS = 7, 1.2
IMPORTS = "import os, sys\nimport numpy as np\nimport torch\nfrom torch import nn\nfrom helpers import check"
WANTED = ["mean_so_far", "running_means", "averaging_matrix", "weighted_sums", "all_scores", "unscaled_head"]
RIGHT = {name: ALL_RIGHT[name].strip() for name in WANTED}
HEAD = """
class Head(nn.Module):
    def __init__(self, C, head_size, most):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(C, head_size, bias=False) for _ in range(3))
        self.register_buffer("tril", torch.tril(torch.ones(most, most)))

    def forward(self, x):
        T = x.shape[1]
        scores = self.query(x) @ self.key(x).transpose(-2, -1)
        return scores.masked_fill(self.tril[:T, :T] == 0, -torch.inf).softmax(-1) @ self.value(x)
"""
# What is said of these is what the check says in a notebook: (exercise, what is handed in, what it earns).
ALIKE = {
    "is in another order": (
        "unscaled_head",
        "def unscaled_head(x, Wv, Wk, Wq):\n" + ALL_RIGHT["unscaled_head"].split(":\n", 1)[1],
        1,
    ),
    "is a module": ("unscaled_head", HEAD + "unscaled_head = Head(5, 3, 8)", 1),
    "is a class of modules": ("unscaled_head", HEAD + "unscaled_head = Head", 0),
    "is a number": ("mean_so_far", "mean_so_far = 7", 0),
    "takes too much": ("mean_so_far", "def mean_so_far(x, y): return x", 0),
    "is not begun": ("mean_so_far", "def mean_so_far(x):\n    ...", 0),
    "loops where none may": (
        "running_means",
        "def running_means(x):\n    return np.stack([x[:, : t + 1].mean(1) for t in range(x.shape[1])], axis=1)",
        0,
    ),
    "draws": ("mean_so_far", "def mean_so_far(x): return x + np.random.default_rng().normal()", 0),
    "keeps": ("mean_so_far", "kept = []\ndef mean_so_far(x):\n    kept.append(0)\n    return x + len(kept)", 0),
    "writes into x": ("mean_so_far", "def mean_so_far(x):\n    x[0] += 1\n    return x", 0),
    "gives tensors": ("mean_so_far", "def mean_so_far(x): return torch.tensor(x)", 0),
    "gives halves": ("weighted_sums", "def weighted_sums(weights, x): return (weights @ x).bfloat16()", 0),
    "gives two": ("mean_so_far", "def mean_so_far(x): return x, [x]", 0),
    "gives letters": ("mean_so_far", "def mean_so_far(x): return 'x'", 0),
    "is written for arrays": (
        "weighted_sums",
        "def weighted_sums(weights, x): return np.matmul(weights, x).astype(weights.dtype)",
        0,
    ),
    "raises": ("mean_so_far", "def mean_so_far(x):\n    y = 0\n    return x / len(x[9])", 0),
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
    for act in (lambda: os.chmod(MARK, 0), lambda: os.truncate(MARK, 0), lambda: os.remove(MARK),
                lambda: os.utime(MARK), lambda: os.rename(MARK, MARK + "2"), lambda: open(MARK, "r+"),
                lambda: os.symlink("/", OUTSIDE + "/link"), lambda: os.mkdir(OUTSIDE + "/folder")):
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
    "prints 100 MB": "def mean_so_far(x):\n    if x.size == 4: print('x' * 10 ** 8)\n    return x",
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
    "forges what it is": """
def forged():
    text = b'{"values": [], "problem": "", "parameters": [["x", 1, false]], "fixed": {"T": 3}, "solved": true}'
    os.write(3, len(text).to_bytes(4, "big") + bytes(4) + text)
    return lambda x: x
mean_so_far = forged()""",
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
    "is a mistake of Python": "def mean_so_far(x) return x",
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


def checked(name, code):
    return f"{code.strip()}\n\ncheck.{name}({name})"


class Outside:
    """What a learner's function must not touch: a folder with two files, a process, a port."""

    def __init__(self, folder):
        self.folder, self.mark, self.progress = folder, folder / "mark", folder / "progress.json"
        self.mark.write_text("as it was")
        self.progress.write_text("mine")
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.setblocking(False)
        self.victim = subprocess.Popen(["sleep", "600"])
        self.before = self.state()

    def state(self):
        marks = [(path.name, path.read_text(), path.stat().st_mtime_ns) for path in sorted(self.folder.iterdir())]
        return marks, stat.S_IMODE(self.mark.stat().st_mode), self.victim.poll()

    def names(self):
        """What the cheats know of it, as a cell."""
        repo = str(Path(__file__).resolve().parent.parent)
        port, victim = self.listening.getsockname()[1], self.victim.pid
        known = dict(OUTSIDE=str(self.folder), MARK=str(self.mark), PROGRESS=str(self.progress), REPO=repo, PORT=port)
        return "\n".join(
            f"{name} = {value!r}" for name, value in {**known, "VICTIM": victim, "GRADER": os.getpid()}.items()
        )


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    made = Outside(tmp_path_factory.mktemp("outside"))
    yield made
    made.victim.kill()
    made.victim.wait()
    made.listening.close()


@pytest.fixture(scope="module")
def graded(tmp_path_factory, outside):
    """What everybody earned, by learner."""
    folder = tmp_path_factory.mktemp("handed-in")
    right = [checked(*one) for one in RIGHT.items()]
    wrong = [checked(name, f"def {name}(*given): return given[0]") for name in WANTED[3:]]
    learners = {
        "right": [IMPORTS, *right],
        "half": [IMPORTS, *right[:3], *wrong],
        "without the cell": [IMPORTS, *right[1:]],
        "sees two tokens": [IMPORTS, checked("unscaled_head", HEAD + "unscaled_head = Head(2, 2, 2)")],
        "a cell of its own": [
            "import numpy",
            "%matplotlib inline\n!ls\nslow = 1",
            "one(numpy.ones(3) / 0, not_there)",
            "def one(x, t):\n    return x[: t + 1 + (7\n        % 7)].mean(0)",
            checked("mean_so_far", "def mean_so_far(x):\n    return numpy.stack([one(x, t) for t in range(len(x))])"),
        ],
        **{name: [IMPORTS, checked(*one[:2])] for name, one in ALIKE.items()},
        **{name: [IMPORTS, outside.names(), checked("mean_so_far", code)] for name, code in CHEATS.items()},
    }
    for learner, cells in learners.items():
        (folder / learner).mkdir()
        (folder / learner / "02_averaging_the_past.ipynb").write_text(notebook(*cells))
    for learner, (text, _) in BROKEN.items():
        (folder / f"{learner}.ipynb").write_text(text)
    done, wanted = grade(folder, ["02", "03", "05b"], SEED, seconds=SECONDS)
    assert wanted == WANTED
    return {one.learner: one for one in done}


def test_an_honest_one_earns_what_is_right(graded):
    earned = {"right": 6, "half": 3, "without the cell": 5, "sees two tokens": 0, "a cell of its own": 1}
    assert {learner: graded[learner].earned(WANTED) for learner in earned} == earned
    assert "mean_so_far: nothing of it was handed in." in report(graded["without the cell"], WANTED)
    assert "does not tell right from wrong" in graded["sees two tokens"].said["unscaled_head"][1]


@pytest.mark.parametrize("learner", CHEATS)
def test_one_that_cheats_or_attacks_earns_nothing(graded, learner):
    assert graded[learner].earned(WANTED) == 0
    assert [*graded[learner].said] == ["mean_so_far"] and graded[learner].said["mean_so_far"][1]


@pytest.mark.parametrize("learner", BROKEN)
def test_a_broken_file_earns_nothing_and_is_told(graded, learner):
    assert graded[learner].earned(WANTED) == 0
    (note,) = graded[learner].notes
    assert note.startswith(f"{learner}.ipynb: ") and BROKEN[learner][1] in note


def test_nothing_outside_was_touched(graded, outside):
    """Where the system has the fences; where it has not, each grade says so."""
    missing = {sentence for one in graded.values() for sentence in one.missing}
    assert missing <= {fences.TIME, fences.CALLED, fences.FILES}
    if not missing:
        assert outside.state() == outside.before
        with pytest.raises(BlockingIOError):
            outside.listening.accept()
    assert b"987" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, check=True).stdout.split()


@pytest.mark.parametrize("learner", ALIKE)
def test_what_is_said_is_what_the_check_says_in_a_notebook(graded, learner, tmp_path):
    name, code, earned = ALIKE[learner]
    path = tmp_path / "02_averaging_the_past.ipynb"
    path.write_text(notebook(IMPORTS, checked(name, code)))
    exercises_in(path)  # so Python knows the lines of its cells
    names = {"np": np, "torch": torch, "nn": nn}
    exec(compile(checked(name, code).split("\n\ncheck.")[0], "<02_averaging_the_past, cell 1>", "exec"), names)
    said = judge(check.exercises()[name], names[name], SEED, seconds=SECONDS)
    assert graded[learner].said[name] == [said.solved is True, said.text]
    assert graded[learner].earned(WANTED) == earned


def test_each_thing_that_is_fenced_off_is_refused(tmp_path, outside):
    """Asked for in a process that is shut in; what is not fenced off goes on: threads, and torch."""
    tries = {
        "fork": os.fork,
        "run": lambda: os.execv("/bin/true", ["true"]),
        "connect": lambda: socket.socket(socket.AF_UNIX),
        "signal": lambda: os.kill(outside.victim.pid, 0),
        "limit another": lambda: resource.prlimit(outside.victim.pid, resource.RLIMIT_CPU, (1, 1)),
        "read": lambda: Path("/etc/passwd").read_text(),
        "look into another": lambda: Path(f"/proc/{outside.victim.pid}/environ").read_text(),
        "write": lambda: (tmp_path / "own").write_text(""),
        "change the rights of": lambda: os.chmod(tmp_path, 0),
        "keep in memory": lambda: os.memfd_create("own"),
        "take memory": lambda: bytearray(1 << 30),
        "have a thread": lambda: [made := threading.Thread(target=print), made.start(), made.join()],
        "multiply": lambda: torch.ones(3, 3) @ torch.ones(3, 3),
    }

    def told():
        missing, said = fences.shut([tmp_path], []), {}
        for name, act in tries.items() if not missing else ():
            try:
                act()
            except (OSError, MemoryError) as error:
                said[name] = type(error).__name__
        return missing, said

    missing, said = apart(told, 30)
    memory = {"take memory": "MemoryError"}
    assert missing or said == dict.fromkeys([*tries][:-3], "PermissionError") | memory


def test_what_a_system_does_not_have_is_told(monkeypatch):
    def refused(*_):
        raise OSError

    for name in ("limits", "no_rights", "files", "calls"):
        monkeypatch.setattr(fences, name, refused)
    assert fences.shut([], []) == [fences.TIME, fences.FILES, fences.CALLED]


@pytest.mark.parametrize("inside", ["", "lib/python3/site-packages", "course"])
def test_the_answers_lie_outside_of_all_that_may_be_read(tmp_path, monkeypatch, inside):
    """Wherever the course is, in the folder of Python, too; and so does what others handed in."""
    python, repo = tmp_path / "python", tmp_path / "python" / inside if inside else tmp_path / "course"
    others = python / "handed-in"
    folders = [python / "lib", repo / "helpers" / "check", repo / "helpers" / "see", repo / "data", others]
    for folder in [*folders, *(repo / name for name in workshop.HIDDEN)]:
        folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(workshop, "REPO", repo)
    monkeypatch.setattr(workshop.sys, "prefix", str(python))
    monkeypatch.setattr(workshop.sys, "path", [str(repo)])
    readable, listed = workshop.places(tmp_path / "empty", [others])
    kept = [repo / "helpers" / "check", others, *(repo / name for name in workshop.HIDDEN)]
    assert [one for one in kept for path in readable if one.is_relative_to(path) or path.is_relative_to(one)] == []
    for wanted in (python / "lib", repo / "helpers" / "see", repo / "data"):
        assert wanted in listed or any(wanted.is_relative_to(path) for path in readable)


def test_a_workshop_that_is_no_more_is_opened_again(tmp_path, monkeypatch):
    """So where the system has no fence that keeps a learner's function from ending it."""
    opened = []

    class Short:
        def __init__(self, folder):
            self.process = self

        def __enter__(self):
            opened.append(self)
            return self

        def __exit__(self, *_):
            pass

        def poll(self):
            return -9 if len(opened) == 1 else None

    monkeypatch.setattr("tools.grading.grade.Workshop", Short)
    monkeypatch.setattr("tools.grading.grade.of_a_learner", lambda workshop, files, *_: os.kill(os.getpid(), 9))
    for name in ("ada", "bo"):
        (tmp_path / f"{name}.ipynb").write_text("{}")
    done, _ = grade(tmp_path, ["02"])
    assert [(one.learner, one.notes) for one in done] == [("ada", [ENDED]), ("bo", [ENDED])] and len(opened) == 2


def test_what_lies_in_the_folder(tmp_path):
    """A folder a learner, or a notebook; what an editor keeps, and what leads elsewhere, is left alone."""
    for name in ("ada/02_a.ipynb", "ada/deep/03_b.ipynb", "ada/.ipynb_checkpoints/02_a.ipynb", "bo.ipynb", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "link").symlink_to(tmp_path / "ada")
    assert by_learner(tmp_path) == {
        "ada": [tmp_path / "ada/02_a.ipynb", tmp_path / "ada/deep/03_b.ipynb"],
        "bo": [tmp_path / "bo.ipynb"],
    }


def test_what_is_written(tmp_path):
    """A table that no spreadsheet takes for formulas; a text for each learner that no terminal takes for commands."""
    done = [Graded("=1+1", {"mean_so_far": (True, "right")}), Graded("bo", {}, ["02.ipynb: \x1b[2Jbroken."])]
    write(done, WANTED[:2], tmp_path / "grades")
    rows = list(csv.reader((tmp_path / "grades" / "grades.csv").read_text().splitlines()))
    assert rows == [["learner", "earned", "of", *WANTED[:2]], ["'=1+1", "1", "2", "1", "0"], ["bo", "0", "2", "0", "0"]]
    told = (tmp_path / "grades" / "bo.txt").read_text()
    assert told.startswith("bo: 0 of 2\n\n02.ipynb: �[2Jbroken.") and "\x1b" not in told
