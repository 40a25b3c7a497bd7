"""The diagram's JavaScript on a blank page: no Jupyter, no kernel, and a model that is only a dictionary."""

import base64
from contextlib import contextmanager

from helpers.diagram import Diagram
from helpers.diagram.diagram import module, payload

# The module's constants, for the test that holds them against Python's.
CONSTANTS = ("NUMBERED", "COLORED", "ONE_SCREEN", "TALLEST", "TITLE", "COLUMNS", "GUTTER", "SUMS", "GAP", "RISE",
             "MARGIN", "ARCS", "TOKENS", "LETTER", "LONGEST")
PREPARE = """async source => {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    window.course = await import(url);
    window.bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
    window.models = [];
    window.frames = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""
MOUNT = """async state => {
    const handlers = {};
    const model = {
        state: {},
        get: name => model.state[name],
        on: (event, handler) => { (handlers[event] ||= new Set()).add(handler); },
        off: (event, handler) => { handlers[event]?.delete(handler); },
        update: changes => {
            if (changes.trace) changes.trace.values = new DataView(bytes(changes.trace.values).buffer);
            Object.assign(model.state, changes);
            for (const name of Object.keys(changes)) handlers[`change:${name}`]?.forEach(handler => handler());
        },
    };
    model.update(state);
    const el = document.createElement("div");
    document.body.append(el);
    const start = performance.now();
    const remove = await course.default.render({ model, el });
    models.push({ model, el, remove });
    const root = el.querySelector(".attention-diagram");
    while (!root.dataset.paints && el.clientWidth && performance.now() - start < 10_000) {
        await new Promise(done => requestAnimationFrame(done));
    }
    return performance.now() - start;
}"""
CLEAR = """() => {
    for (const { remove } of models.splice(0)) remove();
    document.body.replaceChildren();
    for (const { name } of [...document.body.attributes]) document.body.removeAttribute(name);
    scrollTo(0, 0);
}"""
UPDATE = """async ([which, changes]) => {
    models[which].model.update(changes);
    await frames();
}"""


def state_of(diagram):
    """What a Diagram sends to the browser, with its bytes as text."""
    return {**sendable(diagram.value), "appearance": diagram.appearance, "pinned": diagram.pinned, "error": diagram.error,
            "readout": diagram.readout}


def sendable(trace):
    sent = payload(trace)
    return {"trace": {**sent, "values": base64.b64encode(sent["values"]).decode()}, "alt": Diagram(trace).alt}


class BlankPage:
    """A page with the course's module loaded; ``page`` is playwright's own. ``errors`` must stay empty."""

    def __init__(self, page):
        self.page, self.errors = page, []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        page.set_content(f"<!doctype html><meta charset=utf-8><style>body {{ margin: 0 }}\n{Diagram._css}</style>")
        page.evaluate(PREPARE, f"{module()}\nexport const constants = {{ {', '.join(CONSTANTS)} }};")

    def clear(self):
        """Take every diagram away again."""
        self.page.evaluate(CLEAR)

    def show(self, trace, **options):
        """Mount a diagram below those that are there; returns the milliseconds until it was painted."""
        return self.page.evaluate(MOUNT, state_of(Diagram(trace, **options)))

    def update(self, trace=None, which=0, **changes):
        """What the kernel does when a slider moves: new values for the model."""
        self.page.evaluate(UPDATE, [which, {**(sendable(trace) if trace else {}), **changes}])


@contextmanager
def blank_page(browser, **options):
    """A BlankPage in a window of its own; options: what playwright's ``new_context`` takes."""
    context = browser.new_context(**options)
    try:
        yield BlankPage(context.new_page())
    finally:
        context.close()
