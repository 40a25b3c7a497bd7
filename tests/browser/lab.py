"""Drives a real JupyterLab in Chromium: for the browser tests, the measurements and the screenshots.

with Lab() as lab:
    page = lab.open("05_queries_keys_values", theme="dark")
    page.run_all()
    head = page.cell("explore(head")
    head.get_by_role("slider").first.press("ArrowRight")
    page.screenshot("/tmp/head.png", of=head)
"""

import json
import os
import re
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import nbformat
from nbformat.sign import NotebookNotary
from playwright.sync_api import Error, TimeoutError, sync_playwright

from tests.browser.servers import OURS, REPO, JupyterLab

NOTEBOOKS = REPO / "notebooks"
PLACES = {"jupyterlab": "doc/tree/", "notebook": "notebooks/"}  # where each front end opens a notebook
OF_ITS_OWN = {  # what a front end complains of with any notebook
    # anywidget gives a widget two seconds to start: it complains of one that is closed before, or that a machine with
    # much to do draws later. What a page shows, a test sees for itself.
    "jupyterlab": ("[anywidget] Failed to initialize model",),
    "notebook": ("reading 'schema'", "'filebrowser:open-path' not registered"),
}
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SETTINGS = {
    **json.loads((REPO / "tools" / "jupyterlab.json").read_text(encoding="utf-8")),
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}

BROWSERS = [
    "chromium-headless-shell",  # Chromium without the windows that nobody sees: a quarter less work for the processor
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
]
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--font-render-hinting=none",
    # No name but localhost resolves: what asks for another host is recorded, and gets nothing.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]

# What turns while a page waits for its kernel is drawn sixty times a second.
STILL = """
const sheet = new CSSStyleSheet();
sheet.replaceSync("*, ::before, ::after { animation: none !important }");
document.adoptedStyleSheets = [sheet];
"""
# JavaScript, run in the page. JupyterLab shows itself there as `jupyterapp`.
IS_READY = """() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    return panel?.context?.isReady
        && panel.sessionContext.session?.kernel?.status === "idle"
        && document.querySelectorAll(".jp-Notebook .jp-Cell").length === panel.content.model.cells.length;
}"""
RUN_ALL = """async restart => {
    const { commands, shell } = window.jupyterapp;
    if (restart) await shell.currentWidget.sessionContext.restartKernel();
    await commands.execute("notebook:clear-all-cell-outputs");  // counts from an earlier run would look like this one's
    commands.execute("notebook:run-all-cells");
}"""
# The source and the traceback of each cell that failed, unless it was to. It is asked of the cells themselves: as JSON,
# all that a notebook shows would be copied, megabytes.
FAILED = """() => Array.from(window.jupyterapp.shell.currentWidget.content.model.cells)
    .filter(cell => cell.type === "code" && !cell.getMetadata("tags")?.includes("raises-exception"))
    .flatMap(cell => Array.from({ length: cell.outputs.length }, (_, i) => cell.outputs.get(i))
        .filter(output => output.type === "error")
        .map(output => [cell.sharedModel.getSource(), output.toJSON().traceback]))"""
HAS_RUN = """() => {
    const { content, sessionContext } = window.jupyterapp.shell.currentWidget;
    if (sessionContext.session?.kernel?.status !== "idle") return false;  // many times, and cells are long
    const hasCode = cell => cell.type === "code" && cell.sharedModel.getSource().trim();
    const haveRun = Array.from(content.model.cells).filter(hasCode).every(cell => cell.executionCount !== null);
    return haveRun || (FAILED)().length > 0;
}""".replace("FAILED", FAILED)
RUN_CELL = """async ([before, place, wait]) => {
    const { commands, shell } = window.jupyterapp;
    const { content, sessionContext } = shell.currentWidget;
    const reply = await sessionContext.session.kernel.requestExecute({ code: before, silent: true }).done;
    if (reply.content.status !== "ok") throw new Error(reply.content.traceback.join("\\n"));
    content.activeCellIndex = place;
    const done = commands.execute("notebook:run-cell");
    if (wait) await done;
}"""
# A kernel that stays would have JupyterLab bring back every widget of the notebooks before.
CLOSE_ALL = "if 'ipywidgets' in __import__('sys').modules: __import__('ipywidgets').Widget.close_all()"
GO_ON = """async closeAll => {
    const { content, context, sessionContext } = window.jupyterapp.shell.currentWidget;
    await sessionContext.session.kernel.requestExecute({ code: closeAll, silent: true }).done;
    await context.revert();
    content.activeCellIndex = 0;
}"""
TURN = """async path => {
    const { commands, shell } = window.jupyterapp;
    const before = shell.currentWidget;
    await commands.execute("docmanager:open", { path });
    before.context.model.dirty = false;  // else it asks whether to save
    before.close();
}"""
CELLS = "() => JSON.stringify(window.jupyterapp.shell.currentWidget.content.model.toJSON().cells)"  # text is faster
HAS_KERNEL = "() => !!window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel"
SHUT_DOWN = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown()"


def find_chromium(playwright):
    """The path of a Chromium or Chrome on this machine, the one that $CHROMIUM names before all others.

    Raises RuntimeError with the way to get one where there is none.
    """
    wanted = os.environ.get("CHROMIUM")
    for name in [wanted] if wanted else [*BROWSERS, playwright.chromium.executable_path]:
        if found := shutil.which(name):
            return found
    if wanted:
        raise RuntimeError(f"CHROMIUM is {wanted!r}, and no such program is here.")
    raise RuntimeError(
        "The browser tests need Chromium: `sudo apt install chromium-headless-shell` on Debian, "
        "`.venv/bin/playwright install chromium` anywhere, or CHROMIUM=/path/to/chrome."
    )


@contextmanager
def launch():
    """A headless Chromium that reaches this machine alone, as playwright's Browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Lab:
    """A JupyterLab server on a copy of a folder of notebooks, with nothing of the user's: no settings, no history.

    browser: from ``launch``; one of its own if left out. notebooks: the folder; the course's if left out. one_kernel:
    a notebook
    that follows another on its page goes on with its kernel, which saves seconds, and with the names in it.
    Use it in a ``with``: at its end the server, its kernels and the copy are gone. ``folder`` is the copy:
    a notebook written there can be opened, too. Raises RuntimeError where the server does not start.
    """

    def __init__(self, browser=None, notebooks=NOTEBOOKS, one_kernel=False):
        self.browser, self.notebooks, self.one_kernel, self.pages, self.idle = (
            browser,
            Path(notebooks),
            one_kernel,
            {},
            {},
        )

    def __enter__(self):
        with ExitStack() as ends:
            if self.browser is None:
                self.browser = ends.enter_context(launch())
            self.home = Path(
                ends.enter_context(TemporaryDirectory(prefix="attention-lab-", ignore_cleanup_errors=True))
            )
            self.folder = self.home / "notebooks"
            shutil.copytree(self.notebooks, self.folder)
            self.url = ends.enter_context(JupyterLab(self.home, self.folder)).url
            self._ends = ends.pop_all()
        return self

    def __exit__(self, *exception):
        for page in [*self.pages.values(), *self.idle.values()]:
            page.context.close()
        self._ends.close()

    def open(
        self,
        name,
        width=1400,
        height=1000,
        theme="light",
        trusted=True,
        reduced_motion=False,
        zoom=1,
        front_end="jupyterlab",
    ):
        """Open a notebook alone on a page and wait for its kernel; it is a fresh copy each time, on a page that may
        have shown others.

        name: "05_queries_keys_values". width, height: of the window, in pixels. theme: "light" or "dark".
        trusted: a notebook fresh from git is not. zoom: 2 is the browser's 200 %. front_end: "jupyterlab", or
        "notebook" for Notebook 7, which the same server has. Returns a Page.
        """
        path = self.fetch(name, trusted)
        if path in self.pages:
            self.pages[path].close()
        self._write_settings(theme)
        viewport = {"width": round(width / zoom), "height": round(height / zoom)}
        window = dict(device_scale_factor=zoom, reduced_motion="reduce" if reduced_motion else "no-preference")
        key = front_end, theme, *window.values()
        if key in self.idle and self.idle[key].name == path:
            self.idle.pop(key).context.close()  # JupyterLab would go on with the notebook as it was left
        if key in self.idle:
            page = self.idle.pop(key)
            page.page.set_viewport_size(viewport)
        else:
            page = Page(
                self.browser.new_context(viewport=viewport, **window),
                self.one_kernel,
                OF_ITS_OWN[front_end],
                lambda page, usable: self._put_away(page, key, usable),
            )
        if page.file and front_end == "jupyterlab":
            page.turn_to(path, self.folder)
        else:
            page.go_to(path, f"{self.url}{PLACES[front_end]}{path}?reset")
        self.pages[path] = page
        return page

    def _put_away(self, page, key, usable):
        """A page whose notebook is done with: JupyterLab takes so long to start that the next notebook is opened in
        it.
        """
        self.pages.pop(page.name, None)
        if usable and key not in self.idle:
            self.idle[key] = page
        else:
            page.context.close()

    def fetch(self, name, trusted=True):
        """Put a fresh copy of a notebook into the folder, signed if it is to be trusted, and return its path there."""
        path = f"{name.removesuffix('.ipynb')}.ipynb"
        if (self.notebooks / path).exists():
            shutil.copyfile(self.notebooks / path, self.folder / path)
        if trusted:
            NotebookNotary(data_dir=str(self.home / "data")).sign(nbformat.read(self.folder / path, as_version=4))
        return path

    def _write_settings(self, theme):
        themes = {"@jupyterlab/apputils-extension:themes": {"theme": THEMES[theme]}}
        for plugin, values in {**SETTINGS, **themes}.items():
            file = self.home / "settings" / f"{plugin.replace(':', '/')}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))


class Page:
    """One open notebook, closed at the end of a ``with`` or by the Lab.

    ``page`` is playwright's own; ``requests`` holds every URL that was asked of another host; ``file`` is the one in
    the folder that is shown, and saved.
    """

    def __init__(self, context, keeps_kernel, ignored, on_close):
        self.context, self.page, self.keeps_kernel = context, context.new_page(), keeps_kernel
        self.name = self.file = ""
        self.requests, self.complaints, self.ignored, self._on_close = [], [], ignored, on_close
        self.page.add_init_script(STILL)
        context.on("request", lambda request: self._note(request.url))
        self.page.on("websocket", lambda opened: self._note(opened.url))
        self.page.on("pageerror", lambda error: self._complain(f"page error: {error}"))
        self.page.on("console", lambda said: said.type == "error" and self._complain(f"console: {said.text}"))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def wait(self):
        """Wait for the notebook and its kernel."""
        self.page.wait_for_function(IS_READY, timeout=60_000, polling=100)

    def go_to(self, path, address):
        """Open a notebook at its address; a page that was there has what it loaded at hand."""
        self.requests.clear(), self.complaints.clear()
        self.name = self.file = path
        self.page.goto(address)
        self.wait()

    def turn_to(self, path, folder):
        """Show another notebook in place of this one, many times faster than on a page of its own: with its kernel
        a page keeps its file as well, whose content is another one now. path: in the folder, from ``Lab.fetch``.
        """
        if self.keeps_kernel and self.page.evaluate(HAS_KERNEL):
            if path != self.file:
                shutil.copyfile(folder / path, folder / self.file)
            self.page.evaluate(GO_ON, CLOSE_ALL)
        else:
            self.page.evaluate(TURN, path)
            self.file = path
        self.name = path
        self.wait()
        self.requests.clear(), self.complaints.clear()

    def run_cell(self, place, before="", wait=True):
        """Run one cell, as with Control-Enter, and wait for its end. before: code that the kernel runs first,
        unseen.
        """
        self.page.evaluate(RUN_CELL, [before, place, wait])

    def run_all(self, timeout=120, restart=False):
        """Run every cell and wait for the last; restart: in a fresh kernel.

        timeout: seconds. Raises AssertionError with the source and the traceback of a cell that fails, with
        what the browser complained of, and where time runs out.
        """
        self.page.evaluate(RUN_ALL, restart)
        late = []
        try:
            self.page.wait_for_function(HAS_RUN, timeout=timeout * 1000, polling=100)
        except TimeoutError:
            late = [f"still running after {timeout} seconds"]
        if errors := self.errors() + late:
            raise AssertionError(f"{self.name}: " + "\n\n".join(errors))

    def errors(self):
        """What went wrong so far: cells that failed (unless tagged to), and the browser's own errors."""
        failed = [f"a cell failed:\n{source}\n\n{plain(traceback)}" for source, traceback in self.page.evaluate(FAILED)]
        return failed + self.complaints

    def cells(self):
        """The notebook's cells as it holds them now, outputs and all: a list of dicts in nbformat."""
        return json.loads(self.page.evaluate(CELLS))

    def cell(self, which):
        """A cell as playwright's Locator. which: its place among all cells, or a piece of the first that has it."""
        if isinstance(which, str):
            found = [i for i, cell in enumerate(self.cells()) if which in cell["source"]]
            if not found:
                raise LookupError(f"{self.name} has no cell with {which!r} in it.")
            which = found[0]
        return self.page.locator(".jp-Notebook .jp-Cell").nth(which)

    def screenshot(self, path, of=None):
        """A PNG of the window, or of one element: whole, even where it is higher than the window."""
        if of is None:
            self.page.screenshot(path=path, animations="disabled")
            return
        window = self.page.viewport_size
        height = max(window["height"], round(of.bounding_box()["height"]) + 200)  # 200 for the bars around a notebook
        self.page.set_viewport_size({**window, "height": height})
        of.screenshot(path=path, animations="disabled")
        self.page.set_viewport_size(window)

    def shut_down(self):
        """End the kernel."""
        self.page.evaluate(SHUT_DOWN)

    def close(self):
        """Shut the kernel down, unless it stays for the next notebook, and hand the page back."""
        try:
            if not self.keeps_kernel:
                self.shut_down()
            usable = not self.complaints
        except Error:
            usable = False  # a page that crashed has no kernel to name; the server ends it later
        self._on_close(self, usable)

    def _complain(self, text):
        if not any(known in text for known in self.ignored):
            self.complaints.append(text)

    def _note(self, url):
        if urlsplit(url).hostname not in {*OURS, None}:  # data: and blob: have no host
            self.requests.append(url)


def write_notebooks(folder, codes):
    """Write notebooks for a Lab to open: {"head": "explore(head)"} becomes head.ipynb with one code cell; a list has
    several.
    """
    for name, code in codes.items():
        texts = [code] if isinstance(code, str) else code
        cells = [nbformat.v4.new_code_cell(text.strip(), id="code" + f"-{i}" * (i > 0)) for i, text in enumerate(texts)]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), Path(folder) / f"{name}.ipynb")


def write_short(folder, name, notebook, codes):
    """Write a notebook with the prose of another one in a cell, all that it shows in the next, and then these codes.

    JupyterLab shows the same as in the whole one, in a fifth of the time: what takes it so long is an editor for each
    of a hundred cells. Returns the place of the first code.
    """
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    shown = nbformat.v4.new_code_cell(outputs=outputs, metadata={"tags": ["raises-exception"]}, id="shown")
    cells = [nbformat.v4.new_markdown_cell("\n\n".join(prose), id="prose"), shown]
    cells += [nbformat.v4.new_code_cell(code, id=f"code-{i}") for i, code in enumerate(codes)]
    short = nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata)
    nbformat.write(short, Path(folder) / f"{name}.ipynb")
    return len(cells) - len(codes)


def plain(traceback):
    """A traceback without its colors."""
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(traceback))
