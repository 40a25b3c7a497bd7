"""The process between the notebook and the ranks: it starts them, hands out jobs, and ends them whatever happens.

``python -m helpers.machines.host`` reads jobs from its input and writes outcomes to its output. When its input ends,
because the notebook closed it or was killed, the ranks end and it ends. It imports torch once; on Linux the ranks are
copies of it (a fork), so that new ones stand ready in milliseconds, and share its memory.
"""

import contextlib
import gc
import multiprocessing
import os
import pickle
import queue
import shutil
import sys
import tempfile
import threading
from multiprocessing.connection import wait
from time import monotonic

from helpers.machines import messages

JOINING = 120.0  # seconds that the ranks may take to find each other
GRACE = 2.0  # seconds for which the others may still say what they saw, once a rank has failed
PARALLEL = b"torch.nn.parallel"  # in a job that has models side by side, which import torch._dynamo
ENDING = 10.0  # seconds that a process which was ended may take, on a machine that does much else


class Team:
    """The ranks of now: started where they are wanted, kept from job to job, ended after a failure."""

    def __init__(self):
        self.members, self.wanted, self.folder = [], None, None

    def start(self, ranks, careful):
        """Have this many ranks ready, those of before where they are as wanted. Returns what each says of it."""
        if self.wanted == (ranks, careful):
            return dict.fromkeys(range(ranks), ("ready",))
        self.end()
        from helpers.machines import rank as one

        self.folder = tempfile.mkdtemp(prefix="attention-machines-")
        store = os.path.join(self.folder, "store")
        context = multiprocessing.get_context("fork" if sys.platform.startswith("linux") else "spawn")
        for rank in range(ranks):
            here, there = context.Pipe()
            process = context.Process(target=one.serve, args=(there, rank, ranks, store, careful), daemon=True)
            process.start()
            there.close()  # now the rank alone holds it, and its end is seen here
            self.members.append((process, here))
        self.wanted = ranks, careful
        return self.collect("ready", JOINING)

    def do(self, job, ranks, careful, seconds):
        """The outcome of a job on each rank, by rank; one that has none was still at work when the time was over."""
        if PARALLEL in job:
            with lasting():
                import torch._dynamo  # noqa: F401 - or each rank does, and it takes seconds
        outcomes = self.start(ranks, careful)
        if self.all_say("ready", outcomes):
            for _, here in self.members:
                with contextlib.suppress(OSError):  # a rank that is no more is told of below
                    here.send_bytes(job)
            outcomes = self.collect("done", seconds)
        if not self.all_say("done", outcomes):
            self.end()
        return outcomes

    def all_say(self, word, outcomes):
        """Does every rank say this?"""
        return [outcomes.get(rank, [""])[0] for rank in range(len(self.members))] == [word] * len(self.members)

    def collect(self, wanted, seconds):
        """What the ranks say, by rank, as far as they say it in time; once one says something else, the others have
        little time left.
        """
        outcomes, until = {}, monotonic() + seconds
        waiting = {here: rank for rank, (_, here) in enumerate(self.members)}
        while waiting and (ready := wait(list(waiting), max(0, until - monotonic()))):
            for here in ready:
                rank = waiting.pop(here)
                outcomes[rank] = self.heard(rank, here)
                if outcomes[rank][0] != wanted:
                    until = min(until, monotonic() + GRACE)
        return outcomes

    def heard(self, rank, here):
        """What a rank says, or ("died", its exit code)."""
        try:
            return here.recv()
        except (EOFError, OSError):
            process = self.members[rank][0]
            process.join(ENDING)
            return "died", process.exitcode

    def end(self):
        """End every rank, at once, whatever it is doing."""
        for process, _ in self.members:
            process.kill()
        for process, here in self.members:
            process.join(ENDING)
            with contextlib.suppress(OSError):  # the other thread may have ended it, too
                here.close()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.__init__()


@contextlib.contextmanager
def lasting():
    """What is imported in here stays: no process looks for garbage in it, neither this one nor its copies."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def listen(pipe, jobs, team):
    """Hand on what comes in; where nothing can come any more, end everything."""
    while (message := messages.read(pipe)) is not None:
        jobs.put(message)
    try:
        team.end()
    finally:
        os._exit(0)


def main():
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    jobs, team = queue.SimpleQueue(), Team()
    pipe = os.fdopen(os.dup(0), "rb", buffering=0)
    threading.Thread(target=listen, args=(pipe, jobs, team), daemon=True).start()
    with lasting():
        import torch.nn.parallel  # noqa: F401 - once, here, before the ranks are copied

    while True:
        job, ranks, careful, seconds = pickle.loads(jobs.get())
        messages.write(answers, pickle.dumps(team.do(job, ranks, careful, seconds)))


if __name__ == "__main__":
    main()
