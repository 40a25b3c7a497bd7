"""A page without a kernel: opened from its folder, it asks for nothing, and shows what Python computes."""

import ast
import json
import linecache
import random
import re
import subprocess
import sys
from itertools import product

import nbformat
import numpy as np
import pytest

from helpers.diagram.diagram import payload
from helpers.explore import explore
from tests.browser.pages import sendable
from tests.browser.site_pages import READ, assert_same, troubles_of
from tools.notebooks import REPO
from tools.site import pages
from tools.site.__main__ import save
from tools.site.exported import KIND, exported
from tools.site.factored import MOST, Factored, says
from tools.site.pages import script
from tools.site.pieces import is_single

TITLE = "# 5. Small\n\n**Time** 1 minutes\n\n## The triangle\n\nIt hides the future."

HEAD = """
import torch

def own_head(x, Wq, Wk, Wv):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
    wei = wei.masked_fill(torch.ones_like(wei).tril() == 0, float("-inf"))
    return wei.softmax(-1) @ v
"""
CELLS = [
    "from helpers.attention import average_matmul, average_past, head\nfrom helpers.by_hand import puzzle, walk\n"
    "from helpers.explore import compare, explore\nfrom helpers.inputs import by_hand",
    "explore(head, T=(1, 5, 3), C=(1, 4, 3), head_size=(1, 3, 2), temperature=(0.5, 2.0, 1.0))",
    HEAD + "\nexplore(own_head, T=(1, 4, 3), C=(1, 4, 3), head_size=(1, 3, 2))",
    "def wrong(x, Wq, Wk, Wv, temperature=2.0):\n    return head(x, Wq, Wk, Wv, temperature=temperature)\n\n"
    "compare(head, wrong, T=(1, 3, 3), C=3, head_size=2, causal=True, temperature=(0.5, 3.0, 2.0))",
    "tokens, x, Wq, Wk, Wv, Wo = by_hand()\nwalk(head(x, Wq, Wk, Wv, tokens=tokens))",
    'puzzle("first_token")',
    "from helpers.attention import tiles, visits\nfrom helpers.inputs import example\n\n"
    "def one_step(T, C, tile, step, seed=0):\n    e = example(T, C, 2, seed=seed)\n"
    "    step = min(step, len(visits(T, tile)))\n"
    "    return tiles(e.x @ e.Wq, e.x @ e.Wk, e.x @ e.Wv, tile=tile, step=step)\n\n"
    "explore(one_step, T=(1, 5, 3), C=(1, 4, 3), tile=(1, 2, 1), step=(1, 9, 3))",
    "def gradients(x, Wq, Wk, Wv):\n    return head(x, Wq, Wk, Wv).backward()\n\n"
    "explore(gradients, T=(1, 4, 3), C=(1, 4, 3), head_size=(1, 3, 2))",
]
MOVE = """([place, values]) => {
    const inputs = document.querySelectorAll(".alive")[place]
        .querySelectorAll(".attention-slider input, .attention-check input");
    inputs.forEach((input, i) => {
        if (input.type === "checkbox") input.checked = values[i];
        else input.value = values[i];
        input.dispatchEvent(new Event(input.type === "checkbox" ? "change" : "input", { bubbles: true }));
    });
}"""
SAID = """place => {
    const { state } = attentionModels[place];
    return JSON.stringify({ traces: [state.forward, state.forward_a, state.forward_b].filter(Boolean).map(READ),
        told: state.told ?? "", readout: state.readout ?? "", error: state.error ?? "", pairs: state.pairs ?? null });
}""".replace("READ", READ)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A small site: the folder, and what the cells of its notebook show in this process, which is their kernel."""
    folder = tmp_path_factory.mktemp("site")
    notebook, shown = ran(dict(enumerate(CELLS)))
    nbformat.write(nbformat.v4.new_notebook(cells=notebook.cells[:1]), folder / "05_small.ipynb")
    save(folder, {"05_small": notebook}, [folder / "05_small.ipynb"])
    return folder, shown, notebook


def ran(cells):
    """A notebook of these cells, by their places among all, and what they show."""
    names, shown = {}, []
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(TITLE, id="title")])
    for i, source in cells.items():
        file = f"<site {i}>"
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        body = ast.parse(source).body
        last = body.pop() if isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), file, "exec"), names)
        outputs = []
        if last:
            shown.append(eval(compile(ast.Expression(last.value), file, "eval"), names))
            outputs.append(nbformat.v4.new_output("display_data", {KIND: exported(shown[-1])}))
        notebook.cells.append(nbformat.v4.new_code_cell(source, id=f"cell{i}", outputs=outputs))
    return notebook, shown


def page_of(cells):
    """A page of these cells alone."""
    return pages.page("05_small", nbformat.v4.new_notebook(cells=cells), [{"name": "05_small", "title": "Small"}])


@pytest.fixture(scope="module")
def opened(browser, site):
    """The page, opened from its folder, and what goes wrong there."""
    window = browser.new_page(viewport={"width": 1280, "height": 1000})
    troubles = troubles_of(window)
    window.goto((site[0] / "05_small.html").as_uri())
    window.evaluate("attentionModels.length")  # all are alive by then
    yield window, troubles
    window.close()


@pytest.fixture
def page(opened):
    """The page, as the tests before have left it; it asks for nothing from elsewhere, and reports no error."""
    window, troubles = opened
    yield window
    assert troubles == []


@pytest.mark.parametrize("place", [0, 1, 2, 5, 6])
def test_wherever_the_controls_stand_the_page_shows_what_python_computes(page, site, place):
    """What a step goes on with is there, too, and what gradients are made of."""
    explorer, stops, rng = site[1][place], stops_of(site[0], place), random.Random(place)
    for _ in range(20):
        values = [rng.choice(stops[control.trait]) for control in explorer.controls.values()]
        page.evaluate(MOVE, [place, values])
        with explorer.at_once():
            for control, value in zip(explorer.controls.values(), values):
                control.value = value
        said = json.loads(page.evaluate(SAID, place))
        for found, trace in zip(said["traces"], explorer.traces if place == 2 else [explorer.trace], strict=True):
            assert_same(found, sendable(payload(trace)), is_single(trace))
        if place == 2:
            assert said["told"] == explorer.told and said["pairs"] == json.loads(json.dumps(explorer.pairs))
        else:
            assert said["readout"] == explorer.readout and said["error"] == explorer.error


def stops_of(folder, place):
    """The stops that the page has, by control."""
    held = re.findall(r'<script type="application/json">(.*?)</script>', (folder / "05_small.html").read_text("utf-8"))
    return json.loads(held[place])["tables"]["stops"]


def test_a_walk_is_completed_by_keyboard(page, site):
    walk, place = site[1][3], page.locator(".alive").nth(3)
    box, said = place.locator(".attention-field input"), place.locator("[role=alert].attention-words")
    for i, stage in enumerate(walk.stages):
        if stage.asked is not None:
            box.focus()
            page.keyboard.type("77")
            page.keyboard.press("Enter")
            assert said.inner_text().startswith("77 is not ")
            page.keyboard.press("Control+a")
            page.keyboard.type(str(walk.whole[stage.name].value[stage.asked]).replace("inf", "∞").replace("-", "−"))
            page.keyboard.press("Enter")
            assert said.inner_text() == f"Right. {walk.whole.why(stage.name, *stage.asked)}"
        assert f"Stage {i + 1} of {len(walk.stages)}" in place.inner_text()
        following = place.get_by_role("button", name="Next")
        assert following.is_disabled() == (i + 1 == len(walk.stages))
        if following.is_enabled():
            following.press("Enter")


def test_a_puzzle_is_solved_by_keyboard(page):
    place = page.locator(".alive").nth(4)
    assert "The worst row has" in place.inner_text()
    stage = place.locator(".attention-stage")
    for name, cells in {"Wq": {3: "9"}, "Wk": {0: "9", 1: "-9", 2: "-9", 3: "0"}}.items():
        for row, number in cells.items():
            page.evaluate("([i, cell]) => attentionModels[i].set('pinned', cell)", [4, [name, [row, 0]]])
            stage.focus()
            page.keyboard.type(number)
            page.keyboard.press("Enter")
    assert "Solved. Every row has 0.9 or more" in place.inner_text()
    place.get_by_role("button", name="Reset").press("Enter")
    assert "The worst row has" in place.inner_text()


def test_what_is_typed_and_is_no_number_is_said_as_text(page):
    page.evaluate("""() => {
        attentionModels[4].set("typed", { name: "Wq", index: [0, 0], text: "<b>many</b>", count: 1 });
        attentionModels[4].save_changes();
    }""")
    place = page.locator(".alive").nth(4)
    assert "I could not read '<b>many</b>' as a number" in place.inner_text()


def test_each_key_on_a_slider_reaches_the_next_stop(page, site):
    """Also where the stops of a page stand farther apart than the steps of Jupyter's slider."""
    stops = stops_of(site[0], 0)["temperature"]
    slider = page.locator(".alive").nth(0).locator(".attention-slider input").nth(3)
    seen = []
    for key in ["Home", *["ArrowRight"] * (len(stops) - 1), "ArrowLeft"]:
        slider.press(key)
        seen.append(float(slider.input_value()))
    assert seen == [*stops, stops[-2]]


def test_a_page_written_twice_has_the_same_bytes(site):
    """An explorer, steps and gradients, here and by another process, where sets have another order."""
    places = [0, 1, 6, 7]
    code = f"""import sys
from tests.browser.test_site import CELLS, page_of, ran
cells = ran({{place: CELLS[place] for place in {places}}})[0].cells
sys.stdout.buffer.write(page_of(cells).encode())"""
    found = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, cwd=REPO).stdout
    assert found.decode() == page_of([site[2].cells[0], *(site[2].cells[place + 1] for place in places)])


def test_the_theme_is_chosen_and_kept(page):
    chosen = "document.documentElement.getAttribute('theme')"
    before = page.evaluate(chosen)
    page.locator(".theme").press("Enter")
    assert {before, page.evaluate(chosen)} == {"light", "dark"}
    dark = "[...document.querySelectorAll('.attention-live')].map(one => one.matches('.attention-dark'))"
    page.wait_for_function(f"{dark}.every(one => one === ({chosen} === 'dark'))")
    page.reload()
    assert page.evaluate(chosen) != before


def test_search_finds_a_section(page):
    page.get_by_role("searchbox").fill("triangle")
    link = page.locator(".search").get_by_role("link")
    link.wait_for()
    assert link.get_attribute("href") == "05_small.html#The-triangle"


def test_no_name_of_the_script_stands_twice():
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", script(), re.MULTILINE)
    assert len(names) == len({*names}) > 100


def test_tables_are_held_against_the_function():
    """A control that shows its hand only beside another is found, what depends on none has one text, and of an array
    that grows the largest is kept.
    """
    grown = np.arange(16).reshape(4, 4)

    def answer(state):
        odd = state["a"] == 2 and state["b"] == 3
        found = {"one": "1", "a": str(state["a"]), "both": str(odd), "grown": grown[: state["a"] + 1, : state["b"] + 1]}
        return {**found, **({"now and then": "!"} if state["c"] else {})}

    made = Factored({"a": [*range(4)], "b": [*range(4)], "c": [False, True]}, answer, (0, 0, False))
    sizes = {key: len(pieces) for key, (_, pieces) in made.tables.items()}
    assert sizes == {"one": 1, "a": 4, "both": 16, "grown": 1, "now and then": 2}
    for values in product(range(4), range(4), [False, True]):
        state = dict(zip("abc", values))
        assert all(says(made.look_up(key, state), piece) for key, piece in answer(state).items())


def test_a_control_that_changes_nothing_more_is_not_moved_on():
    """Wherever the others stand: it comes to its end sooner or later."""
    calls = []

    def answer(state):
        calls.append(state)
        return {"both": str((state["a"], min(state["step"], state["a"])))}

    made = Factored({"a": [*range(8)], "step": [*range(30)]}, answer, (3, 0))
    assert len(calls) < 130 and len(made.tables["both"][1]) == 240
    for state in ({"a": a, "step": step} for a in range(8) for step in range(30)):
        assert made.look_up("both", state) == answer(state)["both"]


def test_where_a_function_is_slow_controls_have_fewer_stops():
    """Where they start, and where they end, stays; and no table asks for more."""
    calls = []

    def answer(state):
        calls.append(state)
        return {"all": str(state)}

    made = Factored({"a": [*range(20)], "b": [*range(16)]}, answer, (7, 3), size=MOST // 100)
    assert len(calls) <= 200 and made.calls() <= 100
    assert {0, 7, 19} < {*made.stops["a"]} and {0, 3, 15} < {*made.stops["b"]}


def test_a_control_that_cannot_move_without_python_is_a_text():
    def own(x, word="<i>left</i>"):
        return 2 * x if "left" in word else x

    shown = exported(explore(own, T=(1, 3, 2), C=2))
    ((slider, word, *buttons),) = shown["state"]["rows"]
    assert slider["kind"] == "slider" and [one["name"] for one in buttons] == ["reset", "new"]
    assert word["runs"] == [["", "word "], ["b", "<i>left</i>"], ["", " (it moves in Jupyter only)"]]
    assert shown["tables"]["stops"] == {"T": [1, 2, 3], "word": ["<i>left</i>"], "seed": [0, 1, 2]}
