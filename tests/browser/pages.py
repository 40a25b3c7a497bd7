"""The diagram's JavaScript on a blank page: no Jupyter, no kernel, and a model that is only a dictionary."""

import base64
import json
import math
from contextlib import contextmanager
from xml.etree import ElementTree

import numpy as np

from helpers.attention import head
from helpers.diagram import Diagram
from helpers.diagram.diagram import DRAWING, HERE, payload
from helpers.live.bundle import joined
from helpers.look import layout

# The module's constants, for the test that holds them against Python's.
CONSTANTS = (
    "GROWN",
    "NUMBERED",
    "COLORED",
    "ONE_SCREEN",
    "LOW",
    "TALLEST",
    "TITLE",
    "COLUMNS",
    "GUTTER",
    "SUMS",
    "GAP",
    "RISE",
    "MARGIN",
    "TOKENS",
    "TILED",
    "TILE_NAME",
    "TILE_SUMS",
    "APART",
    "LETTER",
    "LONGEST",
    "NOTE",
    "INDENT",
    "LINE",
    "AIR",
)
OF_LANES = ("LANE", "TURN", "EDGE", "FALL", "LAND", "CLEAR", "OFF", "CORNER", "DETOUR", "FAR", "ROUNDS")
TOKENS = ["the", "cat", "sat", "by", "the", "window", "and", "watched"]
HOSTILE = [
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "🙂🏳️‍🌈",
    "שלום עולם مرحبا",
    "w" * 10_000,
    "\x00\x07\x1b\ufffe",
    "&amp;\"'",
    "</title></svg>",
]
TRACES = ("forward", "backward")  # what the traits are called that hold one
OF_IPYWIDGETS = {"comm", "layout", "tabbable", "tooltip"}
OF_A_DIAGRAM = {"opened", "paintable", "pinned", "error", "readout", "notes", "blank", "gradients", "editable"}
AREA = """which => {
    const stage = models[which].el.querySelector(".attention-stage");
    const { left, top } = stage.getBoundingClientRect();
    return [left, top, stage.clientWidth];
}"""
PIXELS = """([which, layer, places]) => {
    const canvas = models[which].el.querySelectorAll("canvas")[layer];
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const at = place => Math.floor(place * canvas.width / canvas.clientWidth);
    return places.map(([x, y]) => [0, 1, 2, 3].map(i => data[4 * (at(y) * canvas.width + at(x)) + i]));
}"""
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
        set: (name, value) => model.update({ [name]: value }),
        save_changes: () => model.sent.push(JSON.stringify(model.state.notes)),
        sent: [],
        tell: (event, ...given) => handlers[event]?.forEach(handler => handler(...given)),
        update: changes => {
            for (const sent of Object.values(changes)) {
                if (typeof sent?.values === "string") sent.values = new DataView(bytes(sent.values).buffer);
            }
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
    while (root && !root.dataset.paints && el.clientWidth && performance.now() - start < 10_000) {
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
# A browser with much to do tells its page of another size some frames later.
RESIZED = """async ([width, height]) => {
    while (innerWidth !== width || innerHeight !== height) await frames();
    await frames();
}"""
UPDATE = """async ([which, changes]) => {
    models[which].model.update(changes);
    await frames();
}"""


def state_of(diagram):
    """What a Diagram sends to the browser, with its bytes as text."""
    state = {name: getattr(diagram, name) for name in diagram.keys if name[:1] != "_" and name not in OF_IPYWIDGETS}
    return {name: sendable(value) if name.startswith(TRACES) else value for name, value in state.items()}


def sendable(sent):
    """The payload of a trace as JSON can hold it."""
    return sent and {**sent, "values": base64.b64encode(sent["values"]).decode()}


class BlankPage:
    """A page with a widget's module loaded; ``page`` is playwright's own. ``errors`` must stay empty.

    source: of that module, a diagram's if left out; more: modules that are joined to a diagram's.
    """

    def __init__(self, page, source=None, style=Diagram.css, more=()):
        self.page, self.errors, self.media = page, [], {}
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        page.set_content(f"<!doctype html><meta charset=utf-8><style>body {{ margin: 0 }}\n{style}</style>")
        if source is None:
            constants = f"export const constants = {{ {', '.join(CONSTANTS + OF_LANES)} }};"
            source = f"{joined([*DRAWING, *more, HERE / 'one.js'], style)}\n{constants}"
        page.evaluate(PREPARE, source)

    def ask(self, function, given):
        """Call a JavaScript function in the page; as text, which is many times faster than playwright's own way."""
        called = f"async text => JSON.stringify(await ({function})(JSON.parse(text)) ?? null)"
        return json.loads(self.page.evaluate(called, json.dumps(given)))

    def show_in(self, **media):
        """Emulate a color scheme and the like; a page that hears it again is painted again."""
        if media != self.media:
            self.page.emulate_media(**media)
            self.media = media

    def resize(self, width, height):
        """Give the window another size, and wait until all that is shown has its place there."""
        if self.page.viewport_size != (size := {"width": width, "height": height}):
            self.page.set_viewport_size(size)
            self.page.evaluate(RESIZED, [width, height])

    def clear(self):
        """Take every diagram away again."""
        self.page.evaluate(CLEAR)

    def show(self, trace, **options):
        """Mount a diagram below those that are there; returns the milliseconds until it was painted."""
        return self.mount(Diagram(trace, **options))

    def mount(self, widget):
        """Mount a widget of the course below those that are there."""
        return self.ask(MOUNT, state_of(widget))

    def update(self, trace=None, which=0, blank=None, **changes):
        """What the kernel does when a slider moves: new values for the model."""
        self.ask(UPDATE, [which, {**({"forward": sendable(payload(trace, blank))} if trace else {}), **changes}])


@contextmanager
def blank_page(browser, more=(), **options):
    """A BlankPage in a window of its own; options: what playwright's ``new_context`` takes."""
    context = browser.new_context(**options)
    try:
        yield BlankPage(context.new_page(), more=more)
    finally:
        context.close()


def head_of(T=3, C=4, h=2, B=None, seed=0, tokens=None, **options):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((T, C) if B is None else (B, T, C)).round(1)
    return head(
        x, *rng.standard_normal((3, C, h)).round(1), tokens=tokens or [TOKENS[t % 8] for t in range(T)], **options
    )


def plan_of(trace, width, notes=None):
    return layout.lay_out(layout.matrices(trace, notes), width, grow=True)


def place_in(plan, step, index, shift=0.5):
    """Where a cell of a step stands in a plan: from the upper left of the drawing."""
    tile, row, column = layout.place_of(step, index)
    box, (width, height) = plan["boxes"][step.name], plan["cell"]
    return box["tiles"][tile][0] + (column + shift) * width, box["y"] + (row + shift) * height


def canvases(shown):
    """What is drawn, to the last pixel."""
    return shown.root.locator("canvas").evaluate_all("all => all.map(one => one.toDataURL())")


class Shown:
    """One diagram on a blank page, and where its cells are: by Python's layout."""

    def __init__(self, on, trace, which=0, **options):
        self.on, self.page, self.trace, self.which = on, on.page, trace, which
        self.notes = options.get("notes") or {}
        self._planned = None, None
        self.milliseconds = on.show(trace, **options)
        self.root = self.page.locator(".attention-diagram").nth(which)
        self.stage = self.root.locator(".attention-stage")

    def area(self):
        """Left, top and width of the drawing in the window."""
        return self.page.evaluate(AREA, self.which)

    def plan(self):
        """Where things stand by Python's layout, at the width that the drawing has now."""
        return self._plan_at(self.area()[2])

    def _plan_at(self, width):
        """Made once for what is shown."""
        given = self.trace, math.floor(width), {**self.notes}
        if given != self._planned[0]:
            self._planned = given, plan_of(*given)
        return self._planned[1]

    def place(self, name, *index, corner=False, plan=None):
        """The middle of a cell, or its upper left corner, from the upper left of the drawing."""
        return place_in(plan or self.plan(), self.trace[name], index, 0.12 if corner else 0.5)

    def point(self, name, *index):
        """Move the pointer to a cell."""
        left, top, width = self.area()
        x, y = self.place(name, *index, plan=self._plan_at(width))
        self.page.mouse.move(left + x, top + y)

    def click(self, name, *index):
        self.point(name, *index)
        self.page.mouse.down()
        self.page.mouse.up()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def pixels(self, cells, layer=0, corner=False):
        """Red, green, blue and alpha of some cells; layer 0 is the drawing, 1 the light above it."""
        plan = self.plan()
        places = [self.place(*cell, corner=corner, plan=plan) for cell in cells]
        return self.on.ask(PIXELS, [self.which, layer, places])

    def is_lit(self, *cell):
        return self.pixels([cell], layer=1)[0][3] == 0

    def update(self, trace=None, **changes):
        self.trace = trace or self.trace
        self.on.update(trace, self.which, **changes)

    def write(self, text):
        """Open the field with N, write a note, press Enter."""
        self.press("n")
        self.field.fill(text)
        self.press("Enter")
        self.page.evaluate("frames()")
        self.notes = self.state("notes")

    def state(self, name):
        """What the model holds."""
        return self.page.evaluate("([which, name]) => models[which].model.state[name]", [self.which, name])

    @property
    def field(self):
        return self.root.get_by_role("textbox", name="Note")

    @property
    def label(self):
        return self.stage.get_attribute("aria-label")

    @property
    def formula(self):
        return self.root.locator(".attention-formula").text_content()

    @property
    def trail(self):
        return self.root.locator(".attention-path button").all_text_contents()

    @property
    def spoken(self):
        return self.root.locator(".attention-spoken").text_content()


THUMB = 16  # pixels: of a slider's thumb in Chromium
# Where a slider's thumb is, once the slider is in the window and stands still. It is one question, as each that a
# JupyterLab is asked takes a while.
GRIP = """async ([slider], thumb) => {
    slider.scrollIntoViewIfNeeded();
    const place = () => JSON.stringify(slider.getBoundingClientRect());
    for (let before; before !== (before = place()); ) await new Promise(requestAnimationFrame);
    const { x, y, width, height } = slider.getBoundingClientRect();
    const share = (slider.value - slider.min) / (slider.max - slider.min || 1);
    return [x + thumb / 2 + share * (width - thumb), y + height / 2];
}"""


def drag(page, slider, by):
    """Press the mouse on a slider's thumb, move, let go."""
    x, y = slider.evaluate_all(GRIP, THUMB)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by, y, steps=3)
    page.mouse.up()


def rgb(color):
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]


def saved(shown, kind):
    with shown.page.expect_download() as download:
        shown.page.get_by_role("button", name=f"Save {kind}").click()
    return download.value


def texts_of(shown):
    """The texts of the saved SVG, in the order they are drawn."""
    root = ElementTree.fromstring(saved(shown, "SVG").path().read_text(encoding="utf-8"))
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
