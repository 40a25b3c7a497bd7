"""Several processes on this machine that compute together, and end whatever happens."""

import contextlib
import linecache
import os
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from types import FunctionType

import cloudpickle

from helpers.look.given import told, whole_number
from helpers.machines import messages

MOST = 16  # ranks: more than a laptop has room for
LONGEST_WAIT = 3600
SECONDARY = re.compile(  # what a rank says that only lost the others
    "closed by peer|Connection reset|failed to pass monitoredBarrier|successfully reached monitoredBarrier|Timed out"
)
FINGERPRINT = re.compile(
    r"Rank (\d+) is running collective: CollectiveFingerPrint\(SequenceNumber=(\d+), OpType=(\w+)"
    r"(?:, TensorShape=\[([\d, ]*)\])?"
)
SENT = "<dynamic-code>"  # the file that code has which came through cloudpickle


class RankFailed(RuntimeError):
    """A rank did not do its part. Its text says which one, where and why; ``ranks`` holds their numbers."""

    def __init__(self, text, ranks):
        super().__init__(text)
        self.ranks = ranks


class Machines:
    """So many ranks on this machine: each a process with one thread, joined by ``torch.distributed`` (gloo).

    They stand for machines of a cluster, or for its graphics cards. They start with the first ``run`` and stay for the
    next ones; they end with ``close``, with the ``with`` block, where a rank fails, where the cell is interrupted, and
    with the notebook's kernel, even if that is killed. They talk to each other on the loopback address alone.

    ranks: how many, 1 to 16. seconds: how long a ``run`` may take. Raises ValueError for other numbers.

    >>> def own_rank():
    ...     import torch.distributed as dist
    ...     return dist.get_rank()
    >>> with Machines(ranks=2) as machines:
    ...     machines.run(own_rank)
    [0, 1]
    """

    def __init__(self, ranks=4, seconds=30):
        self.ranks = whole_number("ranks", ranks, 1, MOST)
        self.seconds = whole_number("seconds", seconds, 1, LONGEST_WAIT)
        self._end = None
        self._turn = threading.Lock()  # two threads would read each other's answers

    def run(self, function, *inputs, ranks=None, seconds=None, careful=True):
        """What the function returns on each rank, as a list: every rank calls it, with the same inputs.

        A function may stand in a cell. It asks ``dist.get_rank()`` who it is, and starts with ``torch.manual_seed(0)``.
        What it prints is printed here, rank after rank. ranks, seconds: others than usual. careful: before each
        collective the ranks compare which one it is and its shapes, so that a mistake is told; without, it is faster.
        Raises RankFailed where a rank fails, dies, or is not done in time, and TypeError for what cannot be sent.
        """
        ranks = self.ranks if ranks is None else whole_number("ranks", ranks, 1, MOST)
        seconds = self.seconds if seconds is None else whole_number("seconds", seconds, 1, LONGEST_WAIT)
        if not callable(function):
            raise TypeError(f"run wants a function that each rank calls; it was given {told(function)}.")
        try:
            job = cloudpickle.dumps((function, inputs))
        except Exception as error:  # noqa: BLE001 - a thing of the learner's own may do anything
            raise TypeError(f"{told(function)} cannot be sent to another process: {error}") from None
        outcomes = self._asked(pickle.dumps((job, ranks, bool(careful), seconds)))
        for rank in sorted(outcomes):
            for line in outcomes[rank][-1].splitlines() if outcomes[rank][0] != "died" else ():
                print(f"rank {rank}: {line}")
        if text := trouble(outcomes, ranks, seconds, files(function)):
            raise RankFailed(*text)
        return [cloudpickle.loads(outcomes[rank][1]) for rank in range(ranks)]

    def _asked(self, message):
        """The outcomes of a job. Whatever goes wrong, an interrupted cell among it, no process is left."""
        try:
            with self._turn:
                if self._end is None or self._host.poll() is not None:
                    self._start()
                answer = self._answer(message)
        except BaseException:
            self.close()
            raise
        if answer is None:
            said = self._said()
            self.close()
            raise RankFailed(f"the process that starts the ranks has ended{said and f': {said}'}.", [])
        return pickle.loads(answer)

    def _answer(self, message):
        """What the host answers; None where it has ended."""
        with contextlib.suppress(OSError):
            messages.write(self._host.stdin, message)
            return messages.read(self._host.stdout)
        return None

    def _start(self):
        """Start the host, in a session of its own: what interrupts the notebook must not reach it by itself."""
        self.close()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the host
        own = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        if loopback := {"linux": "lo", "darwin": "lo0"}.get(sys.platform):
            own["GLOO_SOCKET_IFNAME"] = loopback
        own["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])
        self._host = subprocess.Popen(
            [sys.executable, "-m", "helpers.machines.host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | own,
            start_new_session=True,
        )
        self._end = weakref.finalize(self, end, self._host)

    def _said(self):
        """The last line that the host wrote as an error."""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        return next((line.strip().rstrip(".") for line in reversed(lines) if line.strip()), "")

    def close(self):
        """End every process, and wait until they have ended. The next ``run`` starts new ones."""
        if self._end is not None:
            ending, self._end = self._end, None  # first, as somebody may interrupt this, too
            ending()
            self._errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __repr__(self):
        return f"Machines(ranks={self.ranks})"


def end(host):
    """Close the host's input: it ends the ranks, and itself."""
    with contextlib.suppress(OSError):
        host.stdin.close()
    try:
        host.wait(5)
    except subprocess.TimeoutExpired:
        host.kill()  # on Linux the ranks end with it
        host.wait()
    host.stdout.close()


def trouble(outcomes, ranks, seconds, files):
    """What went wrong, as a sentence, and on which ranks; None where nothing did. files: of functions, by name."""
    died = {rank: said[1] for rank, said in outcomes.items() if said[0] == "died"}
    failed = {rank: said[1:] for rank, said in outcomes.items() if said[0] == "failed"}
    late = [rank for rank in range(ranks) if rank not in outcomes]
    if died:
        rank, code = min(died.items())
        return f"rank {rank} died: {ending(code)}. {others(failed, late)}", list(died)
    first = {rank: said for rank, said in failed.items() if not SECONDARY.search(said[1])}
    if first:
        rank, (calls, why, _) = min(first.items())
        if met := mismatch(why):
            return f"{met}{place(calls, files)}", list(first)
        return f"rank {rank} failed{place(calls, files)}: {why.splitlines()[0].rstrip(': ')}", list(first)
    if late or failed:
        stuck = [*late, *failed]
        done = [rank for rank in range(ranks) if rank not in stuck]
        text = f"after {seconds} second{'s' * (seconds != 1)} {named(stuck)} still waited"
        return text + (f", and {named(done)} had returned" if done else "") + ": somebody did not answer.", stuck
    return None


def mismatch(why):
    """A sentence for ranks that met in two different collectives, from what PyTorch says of them; "" for all else."""
    found = sorted(set(FINGERPRINT.findall(why)))
    if len(found) < 2:
        return ""
    calls = [
        f"rank {who} calls {name.lower()}" + f" with shape [{shape}]" * bool(shape) for who, _, name, shape in found
    ]
    if len({(name, shape) for _, _, name, shape in found}) == 1:
        calls = [f"{call} as its call number {number}" for call, (_, number, *_) in zip(calls, found)]
    return f"the ranks do not call the same thing: {', '.join(calls)}"


def ending(code):
    """How a process ended, by its exit code; a negative one is a signal."""
    if code is None:
        return "its connection ended"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"it was ended by the signal {signal.Signals(-code).name}"
    return f"its process ended with exit code {code}"


def others(failed, late):
    """What the other ranks saw of it."""
    seen = sorted({*failed, *late})
    return f"Without it, {named(seen)} could not go on." if seen else "The others were done."


def named(ranks):
    """``named([0, 2, 3])`` is "ranks 0, 2 and 3"."""
    *front, last = map(str, sorted(ranks))
    return f"ranks {', '.join(front)} and {last}" if front else f"rank {last}"


def place(calls, files):
    """The last line of the learner's own code that an error went through: `` at the line `dist.barrier()` ``."""
    own = [(files.get(called), line) for name, line, called in calls if name == SENT]
    for name, line in reversed(own):
        if name and (text := linecache.getline(name, line).partition("  #")[0].strip()):
            return f" at the line `{text}`"
    return ""


def files(function):
    """Where a function and those beside it stand: {name: file}."""
    beside = {**getattr(function, "__globals__", {}), getattr(function, "__name__", ""): function}
    return {name: one.__code__.co_filename for name, one in beside.items() if type(one) is FunctionType}
