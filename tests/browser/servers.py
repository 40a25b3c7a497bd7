"""Servers that show notebooks in a browser, one class a kind, each with nothing of the user's: no settings, no history.

with Voila(home, folder / "head.ipynb") as server:
    browser.new_page().goto(server.url)
"""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests import kernel_stand_in
from tools.extension import REPO, install

OURS = {"localhost", "127.0.0.1"}
SECONDS = 60  # that a server may take to start


class Server:
    """A server that runs as long as its ``with``, and its kernels as well. It is a fork, as they are, of a process that
    has imported much of what it needs.

    home: an empty folder, for what it writes. shown: the folder or the file that it shows. ``url`` waits until it
    listens: several servers start side by side. Raises RuntimeError where one does not start.
    """

    def __init__(self, home, shown):
        self.home, self.shown = Path(home), Path(shown)

    def __enter__(self):
        self.home.mkdir(parents=True, exist_ok=True)
        if address := os.environ.get(kernel_stand_in.KERNELS):
            self.start_as_forks(address)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = (self.home / "server.log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [*self.python(), "-m", *self.command()],
            cwd=self.home,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def start_as_forks(self, address):
        """Its kernels are forks of a process that has imported torch."""
        python = [sys.executable, "-IS", kernel_stand_in.__file__, address, "-f", "{connection_file}"]
        folder = self.home / "share" / "jupyter" / "kernels" / "python3"
        folder.mkdir(parents=True)
        kernel = {"argv": python, "display_name": "Python 3 (ipykernel)", "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(kernel))

    @property
    def url(self):
        """Where it shows what it has."""
        until = time.monotonic() + SECONDS
        while self.process.poll() is None and time.monotonic() < until:
            if address := self.address():
                return address
            time.sleep(0.05)
        self.log.seek(0)
        raise RuntimeError(f"{type(self).__name__} did not start:\n{self.log.read()[-2000:]}")

    def python(self):
        """The program that runs its module."""
        address = os.environ.get(kernel_stand_in.KERNELS)
        return [sys.executable, "-IS", kernel_stand_in.__file__, address] if address else [sys.executable]

    def command(self):
        """The module that Python runs, and its options."""
        raise NotImplementedError

    def address(self):
        """Its address, once it listens."""
        with socket.socket() as knock:
            return None if knock.connect_ex(("127.0.0.1", self.port)) else f"http://127.0.0.1:{self.port}/"

    def environment(self):
        """Folders of its own, and no way out."""
        folders = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
            "XDG_CONFIG_HOME": "config",
            "XDG_STATE_HOME": "state",
            "JUPYTER_PATH": "share/jupyter",
        }
        nowhere = "http://127.0.0.1:9"  # a port where nobody listens: a kernel that fetches fails at once
        return {
            **os.environ,
            **{name: str(self.home / folder) for name, folder in folders.items()},
            "http_proxy": nowhere,
            "https_proxy": nowhere,
            "no_proxy": ",".join(OURS),
        }


class JupyterLab(Server):
    """JupyterLab on a folder, with the course's extension as it stands here; where it is installed, Notebook 7, too."""

    def __enter__(self):
        install(self.home)
        return super().__enter__()

    def command(self):
        as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        return [
            "jupyterlab",
            "--no-browser",
            "--expose-app-in-browser",
            "--JupyterNotebookApp.expose_app_in_browser=True",
            *as_root,
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.port}",  # if another process takes it first, the server tries the ports after it
            "--IdentityProvider.token=",
            # No language server is here, and no extension to build: npm and node take a second each to say so.
            "--LanguageServerManager.autodetect=False",
            "--ServerApp.tornado_settings={'page_config_data': {'buildCheck': False}}",
            "--LabApp.extension_manager=readonly",  # the other one asks for lists of them
            "--ServerApp.jpserver_extensions={'voila.server_extension': False}",  # it has a server of its own
            f"--ServerApp.root_dir={self.shown}",
        ]

    def address(self):
        for info in (self.home / "runtime").glob("jpserver-*.json"):  # written once it listens
            try:
                return json.loads(info.read_text())["url"]
            except json.JSONDecodeError:
                pass  # half written
        return None


class Voila(Server):
    """One notebook, run and shown without its code. ``tools/voila.json`` keeps Voila's page from asking others."""

    def command(self):
        return [
            "voila",
            "--no-browser",
            "--Voila.ip=127.0.0.1",
            f"--port={self.port}",
            f"--Voila.config_file_paths={REPO / 'tools'}",
            str(self.shown),
        ]


class Marimo(Server):
    """A marimo notebook, run and shown without its code, in the server itself."""

    def command(self):
        return ["marimo", "run", "--headless", "--no-token", f"--port={self.port}", str(self.shown)]
