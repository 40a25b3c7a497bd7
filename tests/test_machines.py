"""Attention over several processes equals attention in one, every byte is counted, and no process is left behind."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from itertools import pairwise
from multiprocessing import Pipe
from pathlib import Path
from unittest.mock import Mock

import cloudpickle
import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch.nn.functional import scaled_dot_product_attention

from helpers.inputs import example
from helpers.machines.host import Team
from helpers.machines.layouts import LAYOUTS, rows_of, work
from helpers.machines.processes import Machines, RankFailed
from helpers.machines.ring import ring_attention, tile
from helpers.machines.ring_picture import ring_step, ring_work
from helpers.machines.tensor_parallel import tensor_parallel_attention
from helpers.machines.tiles import merge
from helpers.machines.ulysses import ulysses_attention
from helpers.machines.wire import Wire
from tests.near import assert_near
from tests.test_claims import notebook

REPO = Path(__file__).resolve().parent.parent
N, H, BYTES = 4, 3, 8  # heads, head_size, bytes of a number
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # or each rank would import this file, and pytest with it
OURS = f"MACHINES_OURS={os.getpid()}"  # what all processes of these tests have in their environment
LENGTHS = (1, 4, 7, 12)  # of the text: fewer rows than ranks, and numbers that four, three or two do not divide


@pytest.fixture(scope="module")
def machines():
    os.environ.update([OURS.split("=")])
    with Machines(ranks=4, seconds=60) as machines:
        yield machines
    del os.environ[OURS.split("=")[0]]


def numbers(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).normal(size=shape))


# -- the ways in which numbers travel ---------------------------------------------------------------


def travels(size):
    """Each way, by the course and by PyTorch: (name, ours, theirs, bytes that this rank sent)."""
    rank, ranks = dist.get_rank(), dist.get_world_size()
    own, found = torch.arange(float(size)) + 10 * rank, []

    def note(name, way, *inputs):
        wire = Wire()
        found.append([name, getattr(wire, way)(*inputs), None, wire.sent])

    note("broadcast", "broadcast", own, ranks - 1)
    found[-1][2] = own.clone()
    dist.broadcast(found[-1][2], ranks - 1)
    note("all-reduce", "all_reduce", own)
    found[-1][2] = own.clone()
    dist.all_reduce(found[-1][2])
    note("all-gather", "all_gather", own)
    found[-1][2] = [torch.empty_like(own) for _ in range(ranks)]
    dist.all_gather(found[-1][2], own)
    parts = [own + 100 * other for other in range(ranks)]
    note("all-to-all", "all_to_all", parts)
    found[-1][2] = [torch.empty_like(own) for _ in range(ranks)]
    dist.all_to_all(found[-1][2], parts)
    return found


@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
def test_each_way_does_what_pytorch_does_with_the_bytes_of_its_formula(machines, ranks):
    size = 12
    by_rank = machines.run(travels, size, ranks=ranks)
    whole = size * 4
    formula = {
        "all-reduce": 2 * (ranks - 1) / ranks * whole,
        "all-gather": (ranks - 1) * whole,
        "all-to-all": (ranks - 1) * whole,
    }
    for rank, found in enumerate(by_rank):
        for name, ours, theirs, sent in found:
            assert torch.equal(torch.stack([*ours]), torch.stack([*theirs])), name
            assert sent == formula.get(name, whole * (rank != (ranks - 2) % ranks if ranks > 1 else 0)), name


def written(size):
    """How many bytes this process wrote for PyTorch's own all-reduce, as Linux counts them."""

    def so_far():
        return int(re.search(r"wchar: (\d+)", Path("/proc/self/io").read_text())[1])

    tensor = torch.ones(size)
    dist.barrier()
    before = so_far()
    dist.all_reduce(tensor)
    return so_far() - before


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="Linux counts what a process writes, others do not")
def test_linux_counts_what_the_formula_says(machines):
    """PyTorch's all-reduce is a ring as well; what comes on top are a few messages that say how large it is."""
    size = 1_000_000
    for sent in machines.run(written, size, careful=False):
        assert 0 <= sent - 2 * 3 / 4 * size * 4 < 10_000


# -- attention --------------------------------------------------------------------------------------


def attentions(cases):
    """Every form of attention on the rows of this rank, with the bytes that it sent: {(T, form): (result, sent)}."""
    found, ranks = {}, dist.get_world_size()
    for T, x, W, (q, k, v) in cases:
        wire = Wire()
        found[T, "tensor parallel"] = tensor_parallel_attention(x, *W, N, wire), wire.sent
        for layout in ("contiguous", "zigzag", "striped"):
            rows, wire = rows_of(T, ranks, layout), Wire()
            mine = torch.as_tensor(rows[wire.rank])
            out = ring_attention(*(one[:, mine] for one in (q, k, v)), rows, wire)
            found[T, layout] = out, wire.sent
        mine, wire = torch.as_tensor(rows_of(T, ranks)[dist.get_rank()]), Wire()
        found[T, "Ulysses"] = ulysses_attention(*(one[:, mine] for one in (q, k, v)), T, wire), wire.sent
    return found


@pytest.fixture(scope="module")
def cases():
    C = N * H
    made = [(T, numbers(T, C), numbers(4, C, C, seed=1) / C**0.5, numbers(3, N, T, H, seed=T)) for T in LENGTHS]
    return [(T, x, tuple(W), tuple(qkv)) for T, x, W, qkv in made]


@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
def test_many_ranks_find_what_one_process_finds(machines, cases, ranks):
    by_rank = machines.run(attentions, cases, ranks=ranks)
    for T, x, (Wq, Wk, Wv, Wo), (q, k, v) in cases:
        wanted = scaled_dot_product_attention(q, k, v, is_causal=True)  # (n, T, h)
        for form in (*LAYOUTS, "Ulysses"):
            rows = np.concatenate(rows_of(T, ranks, form if form in LAYOUTS else "contiguous"))
            found = torch.cat([one[T, form][0] for one in by_rank], dim=1)  # the rows in the order of the ranks
            torch.testing.assert_close(found, wanted[:, rows], atol=1e-6, rtol=0)
        cut = [(x @ W).unflatten(-1, (N, H)).transpose(0, 1) for W in (Wq, Wk, Wv)]
        wanted = scaled_dot_product_attention(*cut, is_causal=True).transpose(0, 1).flatten(1) @ Wo
        for one in by_rank:
            torch.testing.assert_close(one[T, "tensor parallel"][0], wanted, atol=1e-6, rtol=0)
        sent = {form: [one[T, form][1] for one in by_rank] for form in (*LAYOUTS, "Ulysses", "tensor parallel")}
        check_bytes(T, ranks, sent)


def check_bytes(T, ranks, sent):
    """The bytes of all ranks together, against the formula; where ranks divide T and the heads, of each rank, too."""
    ring = 2 * N * T * H * BYTES * (ranks - 1)
    assert all(sum(sent[layout]) == ring for layout in LAYOUTS)
    assert sum(sent["tensor parallel"]) == 2 * (ranks - 1) * T * N * H * BYTES
    if T % ranks == N % ranks == 0:
        assert set(sent["contiguous"]) == {ring / ranks}
        assert set(sent["Ulysses"]) == {4 * N * (T / ranks) * H * BYTES * (ranks - 1) / ranks}


@pytest.mark.parametrize("cut", [1, 4, 6])
def test_two_tiles_are_one(cut):
    q, k, v = numbers(3, N, 7, H)
    rows = np.arange(7)
    now = [tile(q, k[:, part], v[:, part], rows, rows[part]) for part in (slice(cut), slice(cut, 7))]
    for merged in (merge(*now), merge(*now[::-1])):
        for one, wanted in zip(merged, tile(q, k, v, rows, rows)):
            torch.testing.assert_close(one, wanted)
    nothing = tile(q, k, v, rows, rows + 7)
    assert all(one.isfinite().all() for one in (nothing[0], nothing[2]))
    for one, wanted in zip(merge(nothing, now[0]), now[0]):
        torch.testing.assert_close(one, wanted)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("T", "ranks"), [(8, 4), (7, 3), (2, 3), (1, 1), (24, 4)])
def test_every_row_is_held_once_and_every_score_counted_once(layout, T, ranks):
    rows = rows_of(T, ranks, layout)
    assert sorted(np.concatenate(rows)) == list(range(T)) and len(rows) == ranks
    counted = work(T, ranks, layout)
    assert counted.sum() == T * (T + 1) / 2
    if T % (2 * ranks) == 0 and layout == "zigzag":
        assert len({*counted.sum(axis=1)}) == 1  # all ranks have equally much to do
    if ranks <= T and layout != "striped":
        by_owner = ring_work(T, ranks, layout == "zigzag")["pairs"].value
        assert all(
            counted[rank, step] == by_owner[rank, (rank - step) % ranks] for rank, step in np.ndindex(ranks, ranks)
        )


@pytest.mark.parametrize("zigzag", [False, True])
def test_the_picture_of_a_ring_ends_with_attention(zigzag):
    T, ranks, h = 7, 3, 2
    e = example(T=T, C=h, head_size=h)
    q, k, v = (torch.tensor(np.round(e.x @ W, 1)) for W in (e.Wq, e.Wk, e.Wv))
    wanted = scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0].numpy()
    rows = rows_of(T, ranks, "zigzag" if zigzag else "contiguous")
    for rank in range(ranks):
        steps = [ring_step(T, h, ranks, rank, step, zigzag) for step in range(ranks)]
        assert_near(steps[-1]["out"].value, wanted[rows[rank]], atol=1e-12)
        for one, other in pairwise(steps):
            for name in ("total", "found"):
                assert_near(one[name].value, other[f"{name}_before"].value, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: rows_of(4, 2, "round"), "layout is 'round'; wanted one of contiguous, zigzag, striped."),
        (lambda: ring_step(ranks=3, rank=3), "rank is 3 and step is 0, but there are 3 ranks"),
        (lambda: ring_step(T=2, ranks=3, rank=0), "each needs a row, so T must be at least 3"),
        (lambda: Machines(0), "ranks is 0"),
    ],
)
def test_bad_sizes_get_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


# -- what breaks ------------------------------------------------------------------------------------


def one_dies():
    if dist.get_rank() == 2:
        os._exit(3)
    dist.all_reduce(torch.ones(3))


def one_is_killed():
    if dist.get_rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    dist.barrier()


def other_order():
    if dist.get_rank() == 1:
        dist.all_gather([torch.empty(3) for _ in range(4)], torch.ones(3))
    dist.all_reduce(torch.ones(3))


def other_shapes():
    dist.all_reduce(torch.ones(3 + (dist.get_rank() == 1)))


def one_raises():
    if dist.get_rank() == 1:
        raise ValueError("no such row")
    dist.barrier()


def one_leaves():
    if dist.get_rank() != 1:
        dist.barrier()


@pytest.mark.parametrize(
    ("function", "sentence", "seconds"),
    [
        (
            one_dies,
            "rank 2 died: its process ended with exit code 3. Without it, ranks 0, 1 and 3 could not go on.",
            20,
        ),
        (one_is_killed, "rank 1 died: it was ended by the signal SIGKILL.", 20),
        (other_order, "rank 0 calls allreduce with shape [3], rank 1 calls allgather with shape [3]", 20),
        (other_shapes, "rank 0 calls allreduce with shape [3], rank 1 calls allreduce with shape [4]", 20),
        (one_raises, "rank 1 failed", 20),
        (one_leaves, "still waited, and rank 1 had returned: somebody did not answer.", 3),
    ],
)
def test_what_breaks_is_told_in_seconds(machines, function, sentence, seconds):
    """After so many seconds another sentence would come, that of the last case."""
    with pytest.raises(RankFailed) as caught:
        machines.run(function, seconds=seconds)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_a_function_may_be_made_on_the_spot_and_print(machines, capsys):
    offset = 5

    def told():
        print(f"row {offset + dist.get_rank()}")
        return offset + dist.get_rank()

    assert machines.run(told, ranks=2) == [5, 6]
    assert capsys.readouterr().out == "rank 0: row 5\nrank 1: row 6\n"
    with pytest.raises(TypeError, match="wants a function"):
        machines.run(3)
    with pytest.raises(TypeError, match="cannot be sent"):
        machines.run(lambda lock: lock, threading.Lock())
    with pytest.raises(RankFailed, match="what the function returns, generator, cannot be sent back"):
        machines.run(lambda: (i for i in range(3)), ranks=2)


def test_without_a_place_for_files_that_is_said(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/no/such/place")
    with pytest.raises(FileNotFoundError, match="/no/such/place"):
        Machines().run(dist.get_rank)


# -- what the notebook defines ----------------------------------------------------------------------


def test_the_functions_of_the_notebook_are_those_of_the_helpers(machines):
    """Heads split, Ulysses and the ring, as notebook 18 writes them, give the numbers and bytes of the helpers."""
    cells = {cell.id: cell.source for cell in notebook("18").cells}
    names = {}
    exec(cells["imports"], names)
    exec(cells["heads-one"], names)
    for name in ("heads-function", "rows-function", "rows-spread", "ring-function"):
        exec(cells[name], names)
    x, W, qkv = names["x"], [names[f"W{letter}"] for letter in "qkvo"], [names[letter] for letter in "qkv"]
    pairs = [
        ((names["tensor_parallel"], x, *W), (in_parallel, x, *W)),
        ((names["by_rows"], names["ulysses"], *qkv), (names["by_rows"], ulysses_attention, *qkv)),
        ((names["by_rows"], names["ring"], *qkv), (names["by_rows"], around, *qkv)),
    ]
    for one, other in pairs:
        for (found, sent), (wanted, formula) in zip(machines.run(*one, ranks=3), machines.run(*other, ranks=3)):
            torch.testing.assert_close(found, wanted)
            assert sent == formula


def in_parallel(x, Wq, Wk, Wv, Wo):
    wire = Wire()
    return tensor_parallel_attention(x, Wq, Wk, Wv, Wo, N, wire), wire.sent


def around(q, k, v, T, wire):
    return ring_attention(q, k, v, rows_of(T, wire.ranks), wire)


# -- no process is left behind ----------------------------------------------------------------------

NOTEBOOK = """
import sys
from helpers.machines.processes import Machines

def stuck():
    import time, torch.distributed as dist
    if dist.get_rank() == 0:
        time.sleep(600)
    dist.barrier()

def ready():
    return 1

machines = Machines(ranks=2, seconds=600)
for _ in range(2):
    machines.run(ready)
    print("ready", flush=True)
    try:
        machines.run(stuck)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        input()
"""


def marked(mark):
    """The processes that have a mark in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def left_after(mark, seconds=10):
    """Those that are still there after some seconds, at most."""
    until = time.monotonic() + seconds
    while (left := marked(mark)) and time.monotonic() < until:
        time.sleep(0.05)
    return left


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it looks for processes in /proc")
def test_no_process_is_left_when_a_cell_is_interrupted_or_the_kernel_is_killed():
    mark = f"MACHINES_TEST={os.getpid()}-{time.time_ns()}"
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(REPO), *filter(None, sys.path)])}
    env |= dict([mark.split("=")])
    kernel = subprocess.Popen(
        [sys.executable, "-c", NOTEBOOK], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert kernel.stdout.readline() == "ready\n"
        assert len(marked(mark)) == 4  # the kernel, the host, two ranks
        time.sleep(0.3)
        kernel.send_signal(signal.SIGINT)
        assert kernel.stdout.readline() == "interrupted\n"
        assert marked(mark) == [kernel.pid]
        kernel.stdin.write("go on\n")
        kernel.stdin.flush()
        assert kernel.stdout.readline() == "ready\n"
        assert len(marked(mark)) == 4
        kernel.kill()
        kernel.wait()
        assert left_after(mark) == []
    finally:
        kernel.kill()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it looks for processes in /proc")
def test_an_impatient_learner_interrupts_twice(machines, monkeypatch):
    """The second time while the processes are being ended: they end by themselves, and the next call works."""
    machines.run(dist.get_rank, ranks=2)
    others = {*marked(OURS)} - {os.getpid()}

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as twice, pytest.raises(KeyboardInterrupt):
        twice.setattr("helpers.machines.messages.read", interrupted)
        twice.setattr("subprocess.Popen.wait", interrupted)
        machines.run(dist.get_rank, ranks=2)
    assert machines.run(dist.get_rank, ranks=2) == [0, 1]
    until = time.monotonic() + 10
    while {*marked(OURS)} & others and time.monotonic() < until:
        time.sleep(0.05)
    assert not {*marked(OURS)} & others


def test_ranks_that_two_threads_end_at_once_are_ended():
    """One thread has closed a pipe when the other comes to it: the folder goes, and the host after it."""
    (here, there), team = Pipe(), Team()
    team.folder = tempfile.mkdtemp()
    folder, team.members = Path(team.folder), [(Mock(), here)]
    os.close(here.fileno())
    team.end()
    there.close()
    assert team.members == [] and not folder.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it looks for processes in /proc")
def test_closing_ends_everything_and_can_be_done_twice(machines):
    machines.run(dist.get_rank, ranks=2)
    others = {*marked(OURS)} - {os.getpid()}
    assert len(others) == 3  # the host, two ranks
    machines.close()
    machines.close()
    assert not {*marked(OURS)} & others
    Machines().close()  # nothing has been started
