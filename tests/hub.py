"""Starts the hub of deploy/ on this machine, for learners that the system does not know, and speaks with it as they do.

with hub(Path("/tmp/somewhere"), ["ada"]) as (address, kernels):
    ada = Person(address, "ada")
    ada.start(agreed=True)
    print(ada.run("1 + 1"))
"""

import json
import os
import socket
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin
from uuid import uuid4

import requests
import websocket

REPO = Path(__file__).resolve().parent.parent
PATIENCE = 120  # seconds; a server starts in 3 where nothing else runs
LIGHT = ("jupyterlab", "jupyter_lsp", "notebook", "voila")  # what a server can do without
TEACHERS = 60999  # the group, where the tests are root
FIRST_USER = 61000
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@contextmanager
def hub(folder, people, without=LIGHT, imported=("ipykernel.kernelapp",)):
    """The hub and its proxy, with the homes of some people in a folder. Yields its address, and the process of which
    kernels are forks.

    without: extensions of a learner's server. imported: what that process has imported; with nothing, there is none.
    """
    port = free_port()
    environment = {
        **os.environ,
        "HUB_FOLDER": str(folder),
        "HUB_PEOPLE": " ".join(people),
        "HUB_WITHOUT": " ".join(without),
        "HUB_PORTS": f"{port} {free_port()} {free_port()}",
        "ATTENTION_COURSE_CLASS": str(folder / "class"),
        "ATTENTION_COURSE_KERNELS": str(folder / "kernels"),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    config = Path(__file__).with_name("hub_config.py")
    command = [*reachable(), sys.executable, "-m", "jupyterhub", "-f", str(config)]
    warm = [sys.executable, REPO / "deploy" / "warm_kernels.py", folder / "kernels", *imported]
    with open(folder / "log", "w") as log:
        kernels = subprocess.Popen(warm if imported else ["true"], env=environment, stdout=log, stderr=log)
        running = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        until(lambda: answers(f"{address}/hub/login", running), f"the hub did not start: {folder / 'log'}")
        until(lambda: (folder / "kernels").exists() or not imported, "no kernels are warm")
        yield address, kernels
    finally:
        for process in (running, kernels):
            process.terminate()
            process.wait()


def reachable():
    """Before a command: where only root may enter the folder that this Python lies in, the command and all that it
    starts see another folder there, which anybody may enter, and which holds Python alone.
    """
    needed = {Path(os.path.realpath(path)) for path in (sys.base_prefix, sys.prefix, REPO)}
    closed = {
        parent: [one for one in needed if one.is_relative_to(parent)]
        for path in needed
        for parent in path.parents[::-1]
        if not parent.stat().st_mode & stat.S_IXOTH
    }
    if not IS_ROOT or not closed:
        return []
    steps = ["set -e", "held=$(mktemp -d)"]
    for parent, inside in closed.items():
        steps += [f"mount --rbind {parent} $held", f"mount -t tmpfs -o mode=755 none {parent}"]
        steps += [
            f"mkdir -p {one}; mount --rbind $held/{one.relative_to(parent)} {one}; mount -o remount,bind,ro {one}"
            for one in inside
        ]
        steps += ["umount -l $held"]
    return ["unshare", "--mount", "--propagation=private", "sh", "-c", "; ".join([*steps, 'exec "$@"']), "sh"]


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answers(address, running):
    """Does somebody answer there? Raises AssertionError where the one who would has ended."""
    assert running.poll() is None, "the hub has ended"
    try:
        return requests.get(address, timeout=5).ok
    except requests.ConnectionError:
        return False


def until(happens, trouble):
    """Wait for something, or raise AssertionError with the trouble."""
    end = time.monotonic() + PATIENCE
    while not (found := happens()):
        assert time.monotonic() < end, trouble
        time.sleep(0.2)
    return found


class Person:
    """One who has logged in with a browser: cookies, and nothing else."""

    def __init__(self, address, name):
        self.address, self.name, self.session = address, name, requests.Session()
        self.get("/hub/login")
        self.post("/hub/login", data={"username": name, "password": ""})

    @property
    def own(self):
        return f"/user/{self.name}/"

    def get(self, path, **options):
        return self.session.get(urljoin(self.address, path), timeout=PATIENCE, **options)

    def post(self, path, **options):
        return self.ask("POST", path, **options)

    def ask(self, method, path, **options):
        """A request that changes something, with the token of the page it would be on."""
        fits = [one for one in self.session.cookies if one.name == "_xsrf" and path.startswith(one.path)]
        headers = {"X-XSRFToken": max(fits, key=lambda one: len(one.path)).value} if fits else {}
        return self.session.request(method, urljoin(self.address, path), timeout=PATIENCE, headers=headers, **options)

    def form(self):
        """The page that asks before a server starts."""
        return self.get("/hub/spawn").text

    def order(self, agreed=False):
        """Fill the form in, and go on without waiting for the server."""
        self.form()
        page = self.post("/hub/spawn", data={"agreed": "yes"} if agreed else {})
        assert page.ok, page.text

    def wait(self):
        """Wait for the server, and come in."""
        until(lambda: self.get(f"{self.own}api").ok, f"no server for {self.name}")
        page = self.get(f"{self.own}files/notebooks/00_start_here.ipynb")  # by way of the hub, which gives a cookie
        assert page.ok, f"{self.name} cannot come in: {page.url} says {page.status_code}"

    def kernel(self):
        """A new kernel, beside the notebooks."""
        return self.post(f"{self.own}api/kernels", json={"path": "notebooks"}).json()["id"]

    def run(self, code, kernel=None):
        """What code prints in a kernel, or in a new one. Raises AssertionError where it fails."""
        kernel = kernel or self.kernel()
        cookies = "; ".join(f"{one.name}={one.value}" for one in self.session.cookies if self.own.startswith(one.path))
        channels = f"{self.address.replace('http', 'ws', 1)}{self.own}api/kernels/{kernel}/channels"
        socket = websocket.create_connection(channels, timeout=PATIENCE, cookie=cookies)
        header = {"msg_id": uuid4().hex, "msg_type": "execute_request", "session": "", "username": "", "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        asked = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        socket.send(json.dumps(asked))
        printed = ""
        while True:
            received = socket.recv()
            message = {} if isinstance(received, bytes) else json.loads(received)  # what a widget sends may be bytes
            if message.get("parent_header", {}).get("msg_id") != header["msg_id"]:
                continue
            kind, said = message["header"]["msg_type"], message["content"]
            if kind == "stream":
                printed += said["text"]
            elif kind == "error":
                raise AssertionError("\n".join(said["traceback"]))
            elif kind == "status" and said["execution_state"] == "idle":
                socket.close()
                return printed
