"""The diagram in a real Chromium, on a blank page: pointer, keys, spoken words, text that is only text, saved files."""

import math
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from helpers.attention.averages import average_matmul, average_past, masked_softmax
from helpers.diagram.diagram import payload
from helpers.look.style import THEMES, cell_text, fill, number
from helpers.trace.trace import Trace
from tests.browser.pages import HOSTILE, PIXELS, TOKENS, Shown, canvases, head_of, rgb, saved, sendable

# -- the pointer ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trace",
    [
        head_of(),
        head_of(B=2),
        average_past([[1.0, 2.5], [3.0, -0.125], [0.0, 7.0]]),
        average_matmul(np.arange(8.0).reshape(4, 2)),
        masked_softmax([[0.125, 9.0], [-3.0, 0.5]], [[1.0], [3.0]]),
    ],
    ids=lambda trace: trace.title,
)
def test_pointing_at_a_number_shows_its_formula(show, trace):
    shown = show(trace)
    for step in trace:
        for index in {
            tuple(0 for _ in step.axes),
            tuple(
                (0, *(size - 1 for size in step.value.shape[1:]))
                if step.value.ndim == 3
                else (size - 1 for size in step.value.shape)
            ),
        }:
            shown.point(step.name, *index)
            assert shown.formula == trace.why(step.name, *index)
            code = shown.root.locator(".attention-code").text_content()
            assert code.startswith(step.code) and code.endswith(step.shape)
    assert shown.trail == [] and shown.spoken == ""  # what is only pointed at is neither pinned nor spoken
    shown.page.mouse.move(2, 1390)
    assert shown.formula == "Point at a number, or press Tab and the arrow keys."


def test_the_formula_wears_the_colors_of_its_matrices(show):
    trace = head_of()
    shown = show(trace, pinned=("scores", (2, 1)))
    hues = shown.root.locator(".attention-number").evaluate_all(
        "spans => spans.map(span => [span.textContent.split('[')[0], span.style.getPropertyValue('--role')])"
    )
    assert {"q": "#0072B2", "k": "#D55E00", "scores": "#CC79A7"}.items() <= dict(hues).items()


def test_a_click_pins_and_a_lit_number_walks_back(show):
    trace = head_of()
    shown = show(trace)
    shown.click("out", 1, 0)
    assert shown.trail == ["out[1,0]"] and shown.formula == trace.why("out", 1, 0)
    shown.point("q", 0, 0)
    assert shown.formula == trace.why("out", 1, 0)  # pinned: the pointer no longer changes it
    for name, index in [
        ("weights", (1, 0)),
        ("masked", (1, 1)),
        ("scaled", (1, 1)),
        ("scores", (1, 1)),
        ("k", (1, 1)),
        ("x", (1, 2)),
    ]:
        assert (name, index) in trace.sources(*cell_of(shown.trail[-1]))
        shown.click(name, *index)
        assert shown.formula == trace.why(name, *index)
    assert shown.trail == ["out[1,0]", "weights[1,0]", "masked[1,1]", "scaled[1,1]", "scores[1,1]", "k[1,1]", "x[1,2]"]
    assert shown.root.locator("[aria-current=step]").text_content() == "x[1,2]"
    shown.click("scaled", 1, 1)  # a cell of the way: back to it
    assert shown.trail[-1] == "scaled[1,1]" and len(shown.trail) == 4
    shown.root.locator(".attention-path button").nth(1).click()
    assert shown.trail == ["out[1,0]", "weights[1,0]"] and shown.formula == trace.why("weights", 1, 0)
    shown.click("Wv", 0, 0)  # no source of it: pinned anew
    assert shown.trail == ["Wv[0,0]"]
    shown.click("Wv", 0, 0)
    assert shown.trail == []
    shown.point("v", 2, 1)
    assert shown.formula == trace.why("v", 2, 1)


def cell_of(text):
    """``"out[1,0]"`` as ``("out", 1, 0)``."""
    name, _, index = text[:-1].partition("[")
    return (name, *map(int, index.split(",")))


def test_a_click_beside_the_matrices_lets_go(show):
    shown = show(head_of(), pinned=("out", (1, 0)))
    left, top, width = shown.area()
    shown.page.mouse.click(left + width - 4, top + 4)
    assert shown.trail == []


def test_the_sources_are_lit_and_all_else_steps_back(show):
    trace = head_of()
    shown = show(trace, pinned=("out", (1, 0)))
    reached, queue = {("out", (1, 0))}, [("out", (1, 0))]
    while queue:
        name, index = queue.pop()
        fresh = set(trace.sources(name, *index)) - reached
        reached, queue = reached | fresh, queue + list(fresh)
    direct = {("out", (1, 0)), *trace.sources("out", 1, 0)}
    cells = [(step.name, *index) for step in trace for index in np.ndindex(step.value.shape)]
    for (name, *index), veil in zip(cells, shown.pixels(cells, layer=1), strict=True):
        cell = name, tuple(index)
        wanted = 0 if cell in direct else 0.3 if cell in reached else 0.62
        assert veil[3] / 255 == pytest.approx(wanted, abs=0.02), cell


def test_a_tap_pins(show):
    trace = head_of()
    shown = show(trace, has_touch=True)
    (left, top, _), (x, y) = shown.area(), shown.place("scores", 2, 1)
    shown.page.touchscreen.tap(left + x, top + y)
    assert shown.trail == ["scores[2,1]"] and shown.formula == trace.why("scores", 2, 1)


# -- the keys -------------------------------------------------------------------------------------


def test_the_keyboard_alone_reaches_everything(show):
    trace = head_of()
    shown = show(trace)
    shown.press("Tab")
    assert shown.stage.evaluate("stage => stage.matches(':focus-visible')")
    assert shown.formula == trace.why("out", 0, 0)
    for key, cell in [
        ("ArrowDown", ("out", 1, 0)),
        ("ArrowRight", ("out", 1, 1)),
        ("ArrowUp", ("out", 0, 1)),
        ("ArrowUp", ("out", 0, 1)),
        ("ArrowDown", ("out", 1, 1)),
        ("ArrowLeft", ("out", 1, 0)),
        ("ArrowLeft", ("weights", 1, 2)),
        ("PageUp", ("masked", 1, 2)),
        ("PageUp", ("scaled", 1, 2)),
        ("PageDown", ("masked", 1, 2)),
        ("ArrowRight", ("weights", 1, 0)),
    ]:
        shown.press(key)
        assert shown.formula == trace.why(*cell), key

    shown.press("Enter")  # pin it; the arrows then choose one of its sources, Enter goes there
    sources = trace.sources("weights", 1, 0)
    assert shown.trail == ["weights[1,0]"] and len(sources) == 2
    shown.press("ArrowDown", "Enter")
    assert shown.trail == ["weights[1,0]", "masked[1,1]"] and shown.formula == trace.why("masked", 1, 1)
    shown.press("Enter", " ", "Enter")
    assert shown.trail[-1] == "q[1,0]" and len(shown.trail) == 5
    shown.press("ArrowUp", "Enter")  # before the first source comes the last
    name, index = trace.sources("q", 1, 0)[-1]
    assert shown.formula == trace.why(name, *index)
    shown.press("Enter", "ArrowRight")  # a given number has no sources: nothing happens
    assert shown.formula == trace.why(name, *index)
    shown.press("Backspace", "Backspace")
    assert len(shown.trail) == 4 and shown.formula == trace.why("scores", 1, 1)
    shown.press("Escape")
    assert shown.trail == [] and shown.formula == trace.why("scores", 1, 1)
    shown.press("Escape")
    assert shown.formula.startswith("Point at a number")
    shown.press("PageUp")
    assert shown.formula == trace.why("weights", 0, 0)


def test_backspace_lets_go_of_a_single_pin(show):
    trace = head_of()
    shown = show(trace)
    shown.press("Tab", "Enter", "Backspace")
    assert shown.trail == [] and shown.formula == trace.why("out", 0, 0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_ring_shows_where_the_keys_go(show, theme):
    """All around the drawing, whose canvas reaches to its edge."""
    shown = show(head_of(), media={"color_scheme": theme})
    shown.press("Tab")
    with Image.open(BytesIO(shown.stage.screenshot())) as image:
        width, height = image.size
        middles = [(width // 2, 0), (width // 2, height - 1), (0, height // 2), (width - 1, height // 2)]
        assert [image.getpixel(one)[:3] for one in middles] == [(86, 180, 233)] * 4


def test_page_keys_end_at_the_first_and_the_last_matrix(show):
    trace = head_of()
    shown = show(trace)
    shown.press("Tab", "PageDown")
    assert shown.formula == trace.why("out", 0, 0)
    shown.press(*["PageUp"] * 20)
    assert shown.formula == trace.why("x", 0, 0)


def test_keys_with_a_modifier_and_other_keys_belong_to_the_page(show):
    shown = show(head_of())
    shown.page.evaluate("() => { window.heard = []; document.onkeydown = event => heard.push(event.key); }")
    shown.press("Tab", "a", "Control+ArrowDown", "ArrowDown", "Enter", "Escape")
    assert shown.page.evaluate("heard.filter(key => key !== 'Control' && key !== 'Tab')") == ["a", "ArrowDown"]
    assert shown.formula == shown.trace.why("out", 1, 0)


def test_the_way_back_is_reached_by_tab_and_keeps_the_focus(show):
    trace = head_of()
    shown = show(trace)
    shown.press("Tab", "ArrowDown", "Enter", "Enter", "Enter")
    assert len(shown.trail) == 3
    shown.press("Tab", "Enter")  # the first button of the way back
    assert shown.trail == ["out[1,0]"] and shown.formula == trace.why("out", 1, 0)
    assert shown.spoken.startswith("out, t 1 “cat”, h 0: ")
    shown.press("Enter")  # and on again, by keys
    assert shown.trail == ["out[1,0]", "weights[1,0]"]


def test_every_control_has_a_name_and_a_visible_focus(show):
    shown = show(head_of(B=2), pinned=("out", (0, 1, 0)))
    names = []
    for _ in range(8):
        shown.press("Tab")
        names.append(
            shown.page.evaluate("""() => {
            const { outlineStyle, boxShadow } = getComputedStyle(document.activeElement);
            const it = document.activeElement;
            const name = it.getAttribute("aria-label") || it.labels?.[0]?.textContent || it.textContent;
            return [name, outlineStyle !== "none" || boxShadow !== "none"];
        }""")
        )
    assert all(visible for _, visible in names)
    assert [name.split(":")[0].split("=")[0].strip() for name, _ in names] == [
        "Diagram of head",
        "out[0,1,0]",
        "Show b",
        "How to read it",
        "Note",
        "Copy",
        "Save SVG",
        "Save PNG",
    ]


# -- what is spoken ---------------------------------------------------------------------------------


def test_the_live_region_speaks(show):
    trace = head_of()
    shown = show(trace)
    assert shown.root.locator(".attention-spoken").get_attribute("aria-live") == "polite"
    shown.press("Tab", "ArrowDown")
    assert shown.spoken == f"out, t 1 “cat”, h 0: {trace.why('out', 1, 0)}"
    shown.press("Enter")
    first, second = trace.sources("out", 1, 0)[:2]
    count = len(trace.sources("out", 1, 0))
    value = number(trace[first[0]].value[first[1]], 3)
    assert shown.spoken.endswith(f". Source 1 of {count}: {first[0]}[{first[1][0]},{first[1][1]}] = {value}")
    shown.press("ArrowRight")
    assert f". Source 2 of {count}: {second[0]}[" in shown.spoken
    shown.press("Escape", "PageUp", *["PageUp"] * 20, "Enter")
    assert shown.spoken == f"x, t 1 “cat”, c 0: {trace.why('x', 1, 0)}. Nothing lies further back."
    shown.press("Escape", "Escape")
    assert shown.spoken == ""


def test_an_error_is_an_alert_and_the_shapes_a_status(show):
    shown = show(head_of())
    assert shown.root.locator(".attention-error").is_hidden() and shown.root.locator(".attention-shapes").is_hidden()
    shown.update(error="x has shape (3,); wanted (T, C).", readout="Shapes: x (T=3, C=4).")
    assert shown.page.get_by_role("alert").text_content() == "x has shape (3,); wanted (T, C)."
    shapes = shown.root.locator(".attention-shapes")
    assert shapes.get_attribute("role") == "status" and shapes.text_content() == "Shapes: x (T=3, C=4)."
    shown.update(error="")
    assert shown.root.locator(".attention-error").is_hidden()


# -- text is text ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
def test_text_is_shown_never_run(show, text):
    trace = Trace(text, [text, "b"])
    trace.given(text, np.array([[1.0, 2.0], [3.0, 4.0]]), "t c", code=text)
    trace.step("y", "sum-product", "t c -> t c", text, factor=2, code=text)
    shown = show(trace, error=text, readout=text)
    assert shown.root.locator(".attention-error").evaluate("p => p.textContent") == text
    assert shown.root.locator(".attention-shapes").evaluate("p => p.textContent") == text
    shown.stage.focus()
    shown.press("Enter", "ArrowDown", "Enter")
    assert shown.formula == trace.why(text, 0, 0) and text in shown.spoken
    assert shown.trail == ["y[0,0]", f"{text}[0,0]"]
    assert shown.stage.get_attribute("aria-label").startswith("Diagram of ")
    shown.page.wait_for_timeout(30)
    assert shown.page.evaluate("window.hacked") is None
    assert shown.root.locator("script, img, svg").count() == 0
    assert shown.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


# -- higher axes, new traces, several diagrams -----------------------------------------------------


def test_another_sequence_of_the_batch_can_be_picked(show):
    trace = head_of(B=3)
    shown = show(trace)
    shown.click("out", 0, 1, 0)
    assert shown.trail == ["out[0,1,0]"]
    before = shown.stage.screenshot()
    select = shown.page.get_by_label("Show b =")
    assert select.locator("option").all_text_contents() == ["0", "1", "2"]
    select.select_option("2")
    assert shown.trail == []
    shown.page.evaluate("frames()")
    assert shown.stage.screenshot() != before
    shown.point("x", 2, 1, 3)
    assert shown.formula == trace.why("x", 2, 1, 3)
    shown.point("Wq", 1, 1)
    assert shown.formula == trace.why("Wq", 1, 1)
    shown.update(head_of(B=3, seed=1))  # new numbers, the same b
    shown.point("x", 2, 1, 3)
    assert select.input_value() == "2" and shown.formula == shown.trace.why("x", 2, 1, 3)
    shown.update(head_of(B=2, seed=1))  # that b is gone
    shown.point("x", 0, 1, 3)
    assert shown.page.get_by_label("Show b =").input_value() == "0" and shown.formula == shown.trace.why("x", 0, 1, 3)
    shown.update(head_of())
    assert shown.page.get_by_label("Show b =").count() == 0


def test_a_pin_of_another_sequence_shows_that_sequence(show):
    trace = head_of(B=3)
    shown = show(trace, pinned=("out", (2, 1, 0)))
    assert shown.formula == trace.why("out", 2, 1, 0)
    assert shown.page.get_by_label("Show b =").input_value() == "2"
    assert shown.is_lit("out", 2, 1, 0) and not shown.is_lit("out", 2, 1, 1)


def test_a_pinned_cell_stays_while_it_exists(show):
    shown = show(head_of(T=4))
    shown.click("out", 2, 1)
    shown.click("weights", 2, 1)
    trail = shown.trail
    for trace in (head_of(T=4, seed=1), head_of(T=6, C=2), head_of(T=3)):
        shown.update(trace)
        assert shown.trail == trail and shown.formula == trace.why("weights", 2, 1)
        assert shown.is_lit("weights", 2, 1)
    shown.update(head_of(T=2))
    assert shown.trail == []
    shown.update(average_past([[1.0], [2.0], [3.0]]))
    shown.point("out", 2, 0)
    assert shown.formula == shown.trace.why("out", 2, 0)


def test_a_pin_is_set_and_taken_away_from_python(show):
    trace = head_of()
    shown = show(trace, pinned=("out", (-1, 0)))
    assert shown.trail == ["out[2,0]"] and shown.formula == trace.why("out", 2, 0)
    shown.update(pinned=["scores", [1, 1]])
    assert shown.trail == ["scores[1,1]"] and shown.formula == trace.why("scores", 1, 1)
    shown.update(pinned=None)
    assert shown.trail == []


def test_a_trace_without_steps_waits_for_one_with(show):
    shown = show(Trace("build"), error="It failed.")
    shown.press("Tab", "ArrowDown", "Enter", "PageUp", "Escape")
    shown.page.mouse.click(100, 60)
    trace = head_of()
    shown.update(trace, error="")
    shown.point("out", 1, 1)
    assert shown.formula == trace.why("out", 1, 1)


def test_diagrams_on_one_page_do_not_disturb_each_other(show):
    first = show(head_of(), height=2400)
    second = Shown(first.on, average_past([[1.0, 2.0], [3.0, 4.0]]), which=1)
    third = Shown(first.on, head_of(T=2, seed=3), which=2)
    first.click("out", 1, 0)
    third.click("scores", 1, 1)
    second.point("out", 1, 1)
    assert first.trail == ["out[1,0]"] and second.trail == [] and third.trail == ["scores[1,1]"]
    assert [one.formula for one in (first, second, third)] == [
        first.trace.why("out", 1, 0),
        second.trace.why("out", 1, 1),
        third.trace.why("scores", 1, 1),
    ]
    drawn = "() => [0, 2].map(i => [...models[i].el.querySelectorAll('canvas')].map(canvas => canvas.toDataURL()))"
    before = first.page.evaluate(drawn)
    second.update(average_past(np.ones((5, 5))), error="no")
    second.click("x", 4, 4)
    second.press("Escape", "Escape")
    assert first.page.evaluate(drawn) == before
    assert first.root.locator(".attention-error").is_hidden()


def test_a_diagram_that_is_taken_away_leaves_nothing_behind(show):
    shown = show(head_of())
    left = shown.page.evaluate("""async () => {
        const [{ model, el, remove }] = models;
        const [error, drawn] = [el.querySelector(".attention-error"), el.querySelector("[data-paints]")];
        const { paints } = drawn.dataset;
        remove();
        model.update({ error: "late" });
        document.body.dataset.jpThemeLight = "false";
        dispatchEvent(new Event("resize"));
        await frames();
        return [el.children.length, error.textContent, Number(paints) > 0, drawn.dataset.paints === paints];
    }""")
    assert left == [0, "", True, True]


# -- the drawing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
def test_cells_have_the_colors_of_their_values(show, theme):
    """In a diagram too dense for numbers, the middle of each cell is its color alone."""
    shown = show(head_of(T=40, C=24, h=12), media={"color_scheme": theme}, height=1000)
    plan = shown.plan()
    assert not plan["numbers"] and ("attention-dark" in shown.root.get_attribute("class")) == (theme == "dark")
    rng = np.random.default_rng(0)
    for step in shown.trace:
        top = abs(step.value[np.isfinite(step.value)]).max()
        cells = [tuple(rng.integers(size) for size in step.value.shape) for _ in range(20)]
        painted = shown.pixels([(step.name, *index) for index in cells])
        assert [pixel[:3] for pixel in painted] == [
            rgb(fill(step.value[index], step.role, top, THEMES[theme])) for index in cells
        ], step.name


TELL_THEME = """async ([place, name, value]) => {
    for (const one of [document.body, document.documentElement])
        for (const known of ["data-jp-theme-light", "data-vscode-theme-kind", "data-theme", "theme"])
            one.removeAttribute(known);
    document.querySelector(place).setAttribute(name, value);
    await frames();
}"""


def test_the_theme_follows_the_front_end(show):
    """JupyterLab, VS Code, marimo and Colab say each in their own way that they are dark; elsewhere the system does."""
    shown = show(head_of())
    told = [
        *(("body", "data-jp-theme-light", light) for light in ("true", "false")),
        *(("body", "data-vscode-theme-kind", f"vscode-{kind}") for kind in ("light", "dark")),
        *(("body", "data-theme", theme) for theme in ("light", "dark")),
        *(("html", "theme", theme) for theme in ("light", "dark")),
    ]
    for i, (place, *attribute) in enumerate(told):
        shown.page.evaluate(TELL_THEME, [place, *attribute])
        corner = shown.page.evaluate(PIXELS, [0, 0, [(2, 2)]])[0]
        assert corner[:3] == rgb(THEMES[("light", "dark")[i % 2]]["surface"]), attribute
    shown.page.evaluate(TELL_THEME, ["html", "class", ""])
    shown.on.show_in(color_scheme="dark")
    shown.page.evaluate("frames()")
    assert shown.page.evaluate(PIXELS, [0, 0, [(2, 2)]])[0][:3] == rgb(THEMES["dark"]["surface"])


@pytest.mark.parametrize("size", [5, 40])
def test_nan_and_infinite_cells_bear_a_mark(show, size):
    values = np.full((size, size), 0.5)
    values[1, 1:5] = [math.nan, math.inf, -math.inf, 1.5]
    trace = Trace("marks", ["a"] * size)
    trace.given("x", values, "t c")
    trace.given("shares", values, "t s", role="weights")
    shown = show(trace, width=700)
    assert shown.plan()["numbers"] == (size == 5)
    for name, wanted in (("x", [True, True, False, False]), ("shares", [True, True, True, True])):
        corners = shown.pixels([(name, 1, c) for c in range(5)], corner=True)
        assert [red - blue > 40 for red, _, blue, _ in corners] == [False, *wanted], name  # as an alarm is, and no fill
    if size == 40:
        assert shown.pixels([("x", 1, 3)])[0][:3] == rgb(THEMES["light"]["mask"])
    for c, text in enumerate(["NaN", "∞", "−∞", "1.5"], 1):
        shown.point("x", 1, c)
        assert shown.formula == f"x[1,{c}] = {text}"


def test_the_largest_head_is_drawn_within_a_second_and_still_explains(show):
    trace = head_of(T=128, C=128, h=64)
    shown = show(trace)
    again = Shown(shown.on, trace, which=1).milliseconds
    assert min(shown.milliseconds, again) < 1000
    assert not shown.plan()["numbers"]
    for cell in [("out", 127, 63), ("weights", 127, 5), ("masked", 3, 90), ("scores", 64, 64), ("q", 100, 3)]:
        shown.point(*cell)
        assert shown.formula == trace.why(*cell)
    shown.click("q", 100, 3)
    assert shown.trail == ["q[100,3]"]


@pytest.mark.parametrize("scale", [1.5, 2])
def test_the_drawing_is_as_sharp_as_the_screen(show, scale):
    shown = show(head_of(), device_scale_factor=scale)
    shown.point("scores", 2, 1)  # the upper canvas is there while something is lit
    sizes = shown.root.locator("canvas").evaluate_all(
        "all => all.map(one => [one.width, one.height, one.clientWidth, one.clientHeight])"
    )
    for width, height, css_width, css_height in sizes:
        assert abs(width - css_width * scale) <= 1 and abs(height - css_height * scale) <= scale
    assert shown.formula == shown.trace.why("scores", 2, 1)


def test_the_page_shrinks_and_grows_with_the_drawing(show):
    shown = show(head_of(T=12))
    for T in (2, 12, 5):
        shown.update(head_of(T=T))
        assert shown.root.locator(".attention-stage").bounding_box()["height"] == pytest.approx(
            shown.plan()["height"], abs=1
        )
        shown.point("out", T - 1, 1)
        assert shown.formula == shown.trace.why("out", T - 1, 1)


def test_a_slider_step_makes_no_canvas_anew_and_hides_the_one_that_lights_nothing(show):
    shown = show(head_of(T=12))
    light = shown.root.locator(".attention-light")
    assert light.is_hidden()
    sizes = "all => all.map(one => [one.width, one.height])"
    before = shown.root.locator("canvas").evaluate_all(sizes)
    for T in (2, 11, 5):
        shown.update(head_of(T=T))
        assert light.is_hidden() and shown.root.locator("canvas").evaluate_all(sizes) == before
    below = shown.page.evaluate(PIXELS, [0, 0, [(100, shown.plan()["height"] + dy) for dy in (0.9, 1.9)]])
    assert all(pixel[3] == 0 for pixel in below)  # nothing is left of a taller drawing
    shown.point("out", 1, 1)
    assert light.is_visible()
    shown.page.mouse.move(1039, 1399)
    assert light.is_hidden()


def test_what_is_in_sight_is_painted_first_and_the_rest_soon_after(show):
    """A step paints at once what the window shows; when that is on the screen, the picture becomes the one that is
    painted whole. Only after somebody scrolled is the page asked where the picture stands.
    """
    first, second = head_of(T=12, C=12, h=12), head_of(T=12, C=12, h=12, seed=1)
    shown = show(first, height=500, width=500)
    ink = """async ([sent, scroll]) => {
        const canvas = models[0].el.querySelector("canvas");
        const inks = () => [[0, 300], [canvas.height - 300, 300]].map(([top, height]) => {
            const { data } = canvas.getContext("2d").getImageData(0, top, canvas.width, height);
            return data.filter((value, i) => i % 4 < 3 && value < 200).length;
        });
        const painted = async () => {
            await frames();
            await new Promise(done => setTimeout(done, 50));
        };
        await painted(); // what was there before
        scrollTo(0, scroll);
        await painted();
        const [ask, stage] = [Element.prototype.getBoundingClientRect, canvas.parentElement];
        let asked = 0;
        stage.getBoundingClientRect = () => (asked++, ask.call(stage));
        models[0].model.update({ forward: sent });
        delete stage.getBoundingClientRect;
        const found = inks();
        await painted();
        return [asked, found, inks()];
    }"""
    sent = [sendable(payload(trace)) for trace in (first, second)]
    shown.page.evaluate(ink, [sent[0], 0])
    asked, (upper, lower), (upper_later, lower_later) = shown.page.evaluate(ink, [sent[1], 0])
    assert asked == 0 and upper == upper_later > 1000
    assert lower < lower_later / 2
    assert canvases(shown) == canvases(show(second, height=500, width=500))
    shown = show(second, height=500, width=500)
    asked, (upper, lower), (upper_later, lower_later) = shown.page.evaluate(ink, [sent[0], 10_000])
    assert asked == 1 and lower == lower_later > 1000
    assert upper < upper_later / 2


@pytest.mark.parametrize(
    "trace",
    [
        head_of(T=8, C=8, h=4),
        head_of(T=16, C=16, h=16, B=2),
        head_of(T=128, C=128, h=128),
        head_of(tokens=["w" * 400] * 3),
    ],
    ids=["8", "16", "128", "long tokens"],
)
def test_a_phone_does_not_scroll_sideways(show, trace):
    shown = show(
        trace,
        width=320,
        height=640,
        error="e" * 300,
        readout="r" * 300,
        pinned=("out", tuple([0] * trace["out"].value.ndim)),
    )
    assert shown.page.evaluate("document.scrollingElement.scrollWidth") <= 320
    wide = shown.root.evaluate("""root => [...root.querySelectorAll("*")]
        .filter(one => !one.matches(".attention-spoken, .attention-spoken *") && one.getBoundingClientRect().right >
        innerWidth + 1)
        .map(one => one.className)""")
    assert wide == []


def test_a_narrower_page_is_laid_out_anew(show):
    shown = show(head_of(T=8, C=8, h=4))
    for width in (600, 1200):
        shown.on.resize(width, 2000)
        shown.point("out", 7, 3)
        assert shown.formula == shown.trace.why("out", 7, 3)
        assert shown.stage.bounding_box()["height"] == pytest.approx(shown.plan()["height"], abs=1)


def test_a_hidden_diagram_is_drawn_when_it_is_shown(show):
    shown = show(head_of())
    shown.page.evaluate("async () => { document.body.style.display = 'none'; await frames(); }")
    shown.update(head_of(T=5))
    shown.page.evaluate("async () => { document.body.style.display = ''; await frames(); }")
    shown.point("out", 4, 1)
    assert shown.formula == shown.trace.why("out", 4, 1)


def test_motion_is_reduced_where_that_is_asked_for(show):
    moves = "root => getComputedStyle(root.querySelector('.attention-panel')).transitionDuration"
    assert show(head_of(), media={"reduced_motion": "reduce"}).root.evaluate(moves) == "0s"
    assert show(head_of(), media={"reduced_motion": "no-preference"}).root.evaluate(moves) != "0s"


def test_the_formula_stays_in_sight_below_a_tall_diagram(show):
    """It glides there, and stays when the pointer goes on to the next number."""
    shown = show(head_of(T=16, C=16, h=8), height=500)
    assert shown.root.bounding_box()["height"] > 700
    for column in (0, 1, 2):
        shown.point("x", 0, column)
        top, bottom = shown.page.evaluate("""async () => {
            const panel = document.querySelector(".attention-panel");
            await Promise.all(panel.getAnimations().map(({ finished }) => finished));
            const place = panel.getBoundingClientRect();
            return [place.top, place.bottom];
        }""")
        assert top > 0 and bottom <= 500


# -- saved pictures -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tokens", [TOKENS[:3], ["a\x00b", "\x1b[31m", "\ufffe"], HOSTILE[:3]], ids=["words", "control", "html"]
)
def test_a_saved_svg_is_xml_with_every_number(show, tokens):
    trace = head_of(tokens=tokens)
    trace.title = tokens[0]
    shown = show(trace)
    text = saved(shown, "SVG").path().read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg" and root.get("role") == "img"
    title = root.find(f"{space}title").text
    assert title.startswith("Diagram of ") and all(f"{step.name} {step.shape}" in title for step in trace)
    assert root.findall(f".//{space}script") == [] and root.findall(f".//{space}image") == []
    written = sorted(element.text or "" for element in root.iter(f"{space}text"))
    plan = shown.plan()
    for step in trace:
        for value in step.value.ravel():
            if not (value == -math.inf and plan["compact"]):
                written.remove(
                    cell_text(value, step.digits, plan["compact"]).replace("−", "–")
                )  # raises where it is not there
        assert step.name in written
    assert float(root.get("width")) == plan["width"] and float(root.get("height")) == plan["height"]


def test_a_saved_png_is_the_diagram_at_twice_its_size(show):
    shown = show(head_of())
    download = saved(shown, "PNG")
    assert download.suggested_filename == "head.png"
    with Image.open(download.path()) as image:
        image.load()
        plan = shown.plan()
        assert image.size == (round(2 * plan["width"]), round(2 * plan["height"]))
        x, y = shown.place("x", 1, 2, corner=True)
        value = shown.trace["x"].value
        assert list(image.convert("RGB").getpixel((round(2 * x), round(2 * y)))) == rgb(
            fill(value[1, 2], "x", abs(value).max(), THEMES["light"])
        )


def test_a_saved_picture_of_a_pinned_batch_is_that_batch(show):
    trace = head_of(B=2)
    shown = show(trace)
    shown.page.get_by_label("Show b =").select_option("1")
    shown.page.evaluate("frames()")
    root = ElementTree.fromstring(saved(shown, "SVG").path().read_text(encoding="utf-8"))
    written = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    plan = shown.plan()
    for value in trace["x"].value[1].ravel():
        written.remove(cell_text(value, trace["x"].digits, plan["compact"]).replace("−", "–"))
