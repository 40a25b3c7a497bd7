"""Runs the tests in several processes, which are forks of this one: what is imported and found here is there at once.

The numbers of the files wait in a pipe, and each worker takes the next as soon as it is free. What a worker has to
say goes to this process, which tells it as if it had run the tests itself.
"""

import gc
import os
import pickle
import signal
import struct
import traceback
import warnings
from multiprocessing import connection

import pytest

NUMBER = struct.Struct("H")  # of a file, in the pipe


def pytest_addoption(parser):
    parser.getgroup("workers")._addoption(
        "-n", "--numprocesses", type=int, default=0, metavar="N", help="run the tests in N processes; 0: in this one"
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is imported and found stays: looking for garbage in it takes seconds."""
    gc.disable()
    found = yield
    gc.freeze()
    gc.enable()
    return found


def pytest_runtestloop(session):
    options, files = session.config.option, together(session.items)
    alone = options.numprocesses < 1 or options.usepdb or options.collectonly or not hasattr(os, "fork")
    if alone or session.testsfailed or not files:
        return None  # it is for pytest to run them, or to say why not
    turns, numbers = os.pipe()
    os.write(numbers, b"".join(map(NUMBER.pack, range(len(files)))))
    os.close(numbers)
    session.config._tmp_path_factory.getbasetemp()  # made once, for all
    workers = [Worker(session, files, turns) for _ in range(min(options.numprocesses, len(files)))]
    try:
        listen(session, workers)
    finally:
        for worker in workers:
            worker.end()
        os.close(turns)
    return True


def together(items):
    """The tests, in the lists that one worker runs in a row: a file, and all that need a JupyterLab, which takes
    seconds to start. That is the longest row, and comes first.
    """
    files = {}
    for item in items:
        name = "lab" if needs("lab", item) else item.nodeid.split("::")[0]
        files.setdefault(name, []).append(item)
    return sorted(files.values(), key=lambda row: not needs("lab", row[0]))


def needs(fixture, item):
    return fixture in getattr(item, "fixturenames", ())


def listen(session, workers):
    """Tell what the workers say, until all have ended."""
    if terminal := session.config.pluginmanager.getplugin("terminalreporter"):
        terminal.showfspath = False  # tests of several files end at once
    speaking = {worker.said: worker for worker in workers}
    while speaking:
        for said in connection.wait([*speaking]):
            try:
                for what, *told in said.recv():
                    speaking[said].tell(session, what, *told)
            except EOFError:
                speaking.pop(said).has_ended(session)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)


class Worker:
    """A process that runs tests, seen from the one that tells of them. test: which it runs, as (nodeid, location)."""

    def __init__(self, session, files, turns):
        self.said, says = connection.Pipe(duplex=False)
        self.test = "", ("", None, "")
        self.pid = os.fork()
        if not self.pid:
            work(session, files, turns, says)
        says.close()

    def tell(self, session, what, *told):
        """Do in this process what the worker's pytest did in its own."""
        hook = session.config.hook
        if what == "starts":
            self.test = told
        elif what == "report":
            report = hook.pytest_report_from_serializable(config=session.config, data=told[0])
            hook.pytest_runtest_logreport(report=report)
        elif what == "ends":
            hook.pytest_runtest_logfinish(nodeid=told[0], location=told[1])
        elif what == "warning":
            hook.pytest_warning_recorded.call_historic(kwargs=pickle.loads(told[0]))
        elif what == "done":
            self.test = None

    def has_ended(self, session):
        """A worker that ends with a test in its hands has failed it."""
        if self.test:
            (name, place), text = self.test, "Its process ended here, and nobody ran what else is in its file."
            failed = pytest.TestReport(name or "a worker", place, {}, "failed", text, "call", duration=0.0)
            session.config.hook.pytest_runtest_logreport(report=failed)

    def end(self):
        """Wait until it has ended; where somebody still listens to it, it is interrupted."""
        if not self.said.closed:
            os.kill(self.pid, signal.SIGINT)
            os.waitpid(self.pid, 0)
            self.said.close()


def work(session, files, turns, says):
    """Be a worker: take file after file, and leave."""
    config, status = session.config, 1
    try:
        capture = config.pluginmanager.getplugin("capturemanager")
        capture.stop_global_capturing()  # into files that it would share with the others
        capture.start_global_capturing()
        capture.suspend_global_capture()
        config.pluginmanager.unregister(name="terminalreporter")
        config.pluginmanager.register(speaker := Says(config, says))
        while number := os.read(turns, NUMBER.size):
            file = files[NUMBER.unpack(number)[0]]
            if not any(needs("browser", item) for item in file):
                session._setupstate.teardown_exact(None)  # a browser that nobody needs keeps a core from resting
            for item, following in zip(file, [*file[1:], session]):  # after the last, the session's fixtures alone stay
                config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        session._setupstate.teardown_exact(None)
        speaker.say_now("done")
        status = 0
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # time to close browsers and kernels
        session._setupstate.teardown_exact(None)
    except BaseException:  # noqa: BLE001 - whatever it was, this process must not go on as the one it was forked from
        traceback.print_exc()
    finally:
        os._exit(status)


class Says:
    """The plugin of a worker that says what happens there. How a test went is said with the start of the next one: to
    be heard takes longer than to be said.
    """

    def __init__(self, config, says):
        self.config, self.says, self.kept = config, says, []

    def say(self, what, *told):
        self.kept.append((what, *told))

    def say_now(self, what, *told):
        self.says.send([*self.kept, (what, *told)])
        self.kept.clear()

    def pytest_runtest_logstart(self, nodeid, location):
        self.say_now("starts", nodeid, location)

    def pytest_runtest_logreport(self, report):
        self.say("report", self.config.hook.pytest_report_to_serializable(config=self.config, report=report))

    def pytest_runtest_logfinish(self, nodeid, location):
        self.say("ends", nodeid, location)

    def pytest_warning_recorded(self, warning_message, when, nodeid, location):
        told = dict(when=when, nodeid=nodeid, location=location)
        try:
            pickled = pickle.dumps(dict(told, warning_message=warning_message))
        except (pickle.PicklingError, TypeError, AttributeError):  # one that holds something of its own
            plain = warnings.WarningMessage(str(warning_message.message), UserWarning, "", 0)
            pickled = pickle.dumps(dict(told, warning_message=plain))
        self.say("warning", pickled)
