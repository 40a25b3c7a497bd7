"""The face of the pages without a kernel: for phones, for all eyes and hands, for paper, on any server."""

import functools
import http.server
import re
import threading
from html import unescape
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.attention import head
from helpers.diagram import Diagram
from helpers.explore import explore
from helpers.inputs import by_hand
from tests.browser.pages import place_in, plan_of
from tests.browser.site_pages import SIDEWAYS, troubles_of
from tests.browser.test_access import AXE
from tools.site.__main__ import save
from tools.site.exported import KIND, exported

FIRST = """# 1. Small

It asks for `nothing`.

**Time** 1 minutes

## The triangle, at first

It hides the future: see [the next](02_other.ipynb#Its-end).

## It's `out[t,c]**2`

| which | what it is | and what it was before that |
| --- | :---: | --- |
| a row | one token | another token |

$$2 \\cdot \\text{head size} \\cdot T$$

## Exercises

### Exercise 1.1

<details>
<summary>Hint</summary>

Look at `x`.

</details>"""
SECOND = "# 2. Other\n\n**Time** 2 minutes\n\n## Its end\n\nBack to [the first](01_small.ipynb)."
WIDE = "print('a line of code that is wider than any phone', 'since it goes on and on and on and on and on')"
# Nothing goes on in later frames until it is let go.
HOLD = """{
    const [frame, waiting] = [requestAnimationFrame, []];
    window.requestAnimationFrame = (act) => waiting.push(act);
    window.goOn = () => {
        window.requestAnimationFrame = frame;
        for (const act of waiting) frame(act);
    };
}"""
LOOK = """async colorsAlone => {
    const ofColors = axe.getRules(["cat.color"]).filter(({ tags }) => !tags.includes("wcag2aaa"));
    const options = colorsAlone ? { runOnly: ofColors.map(({ ruleId }) => ruleId) } : {};
    options.resultTypes = ["violations"];  // of what passes, the names are enough
    const { violations, passes } = await axe.run(document, { ...options, preload: false });
    return [violations.filter(({ impact }) => impact !== "minor").map(({ id, nodes }) => [id, nodes[0].html]),
        passes.length];
}"""


def worked():
    sheet = by_hand()
    return head(sheet.x, sheet.Wq, sheet.Wk, sheet.Wv, tokens=sheet.tokens)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Two pages and a front page, written from outputs that no kernel had to make."""
    live = explore(head, T=(1, 4, 3), C=3, head_size=2)
    shown = [
        (WIDE, new_output("stream", text="printed " * 20)),
        ("trace", new_output("display_data", {KIND: exported(Diagram(worked()))})),
        ("explore(head)", new_output("display_data", {KIND: exported(live)})),
    ]
    cells = [new_code_cell(source, outputs=[output], id=f"cell{i}") for i, (source, output) in enumerate(shown)]
    cells.append(new_code_cell("def small(x):\n    ...", id="task", metadata={"tags": ["exercise"]}))
    first = new_notebook(cells=[new_markdown_cell(FIRST, id="title"), *cells])
    notebooks = {"01_small": first, "02_other": new_notebook(cells=[new_markdown_cell(SECOND, id="title")])}
    root = tmp_path_factory.mktemp("face")
    files = [root / f"{name}.ipynb" for name in notebooks]
    for file in files:
        nbformat.write(notebooks[file.stem], file)
    save(root / "a" / "course", notebooks, files)
    return root / "a" / "course"


@pytest.fixture
def opened(browser, site):
    """``opened(page, **window)``: a page, opened from its folder; none of its own errors, and no request."""
    contexts, troubles = [], []

    def open_page(name, root=None, **window):
        root = root or site.as_uri()
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **window})
        contexts.append(context)
        page = context.new_page()
        troubles.append(troubles_of(page, root))
        page.goto(f"{root}/{name}.html")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not any(troubles), troubles


@pytest.fixture
def served(site):
    """The address of the folder on a plain server, where it is not at the root."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    root = site.parent.parent
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=root)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{site.relative_to(root).as_posix()}"
        server.shutdown()


def dead_links(folder):
    """What the pages of a folder lead to and what is not there: files, and places in them."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    places = {name: {"", *map(unescape, re.findall(r'\bid="([^"]*)"', text))} for name, text in texts.items()}
    dead = []
    for name, text in texts.items():
        for link in map(unescape, re.findall(r'(?:href|src)="([^"]*)"', text)):
            to = urlsplit(link)
            if to.scheme in ("data", "https"):
                continue
            file = unquote(to.path) or name
            if not (folder / file).is_file() or to.fragment not in places.get(file, {""}):
                dead.append((name, link))
    return dead


def test_all_links_lead_somewhere(site):
    assert dead_links(site) == []
    text = (site / "01_small.html").read_text(encoding="utf-8")
    assert 'href="02_other.html#Its-end"' in text and ".ipynb" not in re.sub(r"<code>.*?</code>", "", text)
    assert "<mtext>head size</mtext><mo>·</mo><mi>T</mi></math>" in text and "$$" not in text


def test_a_site_of_some_notebooks_leads_to_these_alone(site, tmp_path):
    """What is not there is not on the front page, not below the text and not in the words."""
    second = new_notebook(cells=[new_markdown_cell(SECOND, id="title")])
    nbformat.write(second, tmp_path / "02_averaging_the_past.ipynb")
    save(tmp_path, {"02_averaging_the_past": second}, [tmp_path / "02_averaging_the_past.ipynb"])
    assert dead_links(tmp_path) == []
    assert "<h3>Averaging</h3>" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Back to the first." in (tmp_path / "02_averaging_the_past.html").read_text(encoding="utf-8")


def test_on_a_phone_nothing_moves_sideways_but_what_says_so(opened):
    """And a finger moves a slider, and asks a number where it came from."""
    phone = dict(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    for name in ("index", "02_other", "01_small"):
        page = opened(name, **phone)
        assert page.evaluate(SIDEWAYS) == [0, []]
        assert name != "index" or "Tap any number" in page.locator(".promise").inner_text()
    assert page.locator(".attention-formula").first.inner_text() == "Tap a number to see which numbers made it."
    page.wait_for_function("document.querySelector('.code pre.more')")
    wide = page.locator(".code pre").first
    assert wide.get_attribute("tabindex") == "0" and page.locator(".printed.more").count() == 1
    wide.evaluate("one => one.scrollTo(one.scrollWidth, 0)")
    page.wait_for_function("!document.querySelector('.code pre').matches('.more')")
    explorer = page.locator(".alive").nth(1)
    slider = explorer.get_by_role("slider", name="T, tokens")
    slider.tap(position={"x": 4, "y": 16})
    assert slider.input_value() == "1" and slider.bounding_box()["height"] >= 32
    stage = page.locator(".attention-stage").first
    stage.scroll_into_view_if_needed()
    area = stage.bounding_box()
    x, y = place_in(plan_of(worked(), int(area["width"]), {}), worked()["q"], (1, 0))
    stage.tap(position={"x": x, "y": y})
    assert page.locator(".attention-formula").first.inner_text().startswith("q[1,0] = x[1,0]·Wq[0,0] + ")


@pytest.mark.parametrize("name", ["index", "01_small", "02_other"])
def test_axe_finds_nothing(opened, name):
    page = opened(name, color_scheme="light")
    page.add_script_tag(path=AXE)
    for theme in ("light", "dark"):  # where all but the colors is the same
        found, passed = page.evaluate(LOOK, theme == "dark")
        assert page.evaluate("document.documentElement.getAttribute('theme')") == theme
        assert found == [] and passed > 0
        page.locator(".theme").click()


def test_all_of_the_page_is_reached_by_keyboard(opened):
    page = opened("02_other")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the text"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_what_was_read_is_kept_in_the_browser(opened, site):
    page = opened("01_small", viewport={"width": 1280, "height": 300})
    marked = "[...document.querySelectorAll('.contents a.read')].map(one => one.textContent)"
    here = page.locator(".contents [aria-current]")
    assert page.evaluate(marked) == []
    page.evaluate("location.hash = 'Exercises'")  # who jumps over sections has not read them
    page.wait_for_function("document.querySelector('.contents [aria-current]')?.textContent === 'Exercises'")
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function("document.querySelector('.contents [aria-current]')?.textContent !== 'Exercises'")
    before = page.evaluate(marked)
    page.evaluate("""async () => {
        for (let y = 0; y < document.documentElement.scrollHeight; y += 150) {
            scrollTo(0, y);
            await new Promise(requestAnimationFrame);
        }
    }""")
    page.wait_for_function(f"({marked}).length === 3")
    assert "Exercises" not in before and here.count() == 1
    assert page.evaluate("JSON.parse(localStorage.getItem('attention-read'))['01_small'].length") == 3
    page.goto(f"{site.as_uri()}/index.html")
    assert page.locator("[data-page='01_small'] progress").evaluate("one => one.value") == 1
    assert page.locator("[data-page='02_other'] progress").evaluate("one => one.value") == 0
    assert page.locator(".resume").inner_text() == "You were reading 1. Small."
    page.locator(".resume a").click()
    page.wait_for_url("**/01_small.html")
    page.wait_for_function(f"({marked}).length === 3")


def test_what_is_seen_comes_to_life_first(opened):
    """The others follow by themselves, and are there at once where the page opens below them, or is opened again."""
    alive = "() => [...document.querySelectorAll('.alive')].map(one => one.matches(':has(.attention-live)'))"
    page = opened("index", viewport={"width": 1280, "height": 300})
    page.add_init_script(HOLD)
    address = page.url.replace("index", "01_small")
    page.goto(address)
    assert page.evaluate(alive) == [True, False]
    page.evaluate("goOn()")
    page.wait_for_function(f"({alive})().every(Boolean)")
    page.goto(page.url.replace("01_small", "02_other"))
    page.goto(f"{address}#cell-task")
    assert page.evaluate(alive) == [True, True]
    assert 0 <= page.evaluate("document.getElementById('cell-task').getBoundingClientRect().top") < 300
    page.goto(page.url.replace("01_small.html#cell-task", "02_other.html"))
    page.goto(address)
    page.reload()
    assert page.evaluate(alive) == [True, True]


def test_a_picture_far_from_the_window_is_no_part_of_a_frame(opened):
    """It is when somebody comes near; and what is written far away is there for screen readers."""
    page = opened("01_small")
    drawn = """() => [...document.querySelectorAll(".attention-canvas")]
        .map(one => one.checkVisibility({ contentVisibilityAuto: true }))"""
    page.add_style_tag(content="#cell-title, #cell-cell1 { margin-bottom: 9000px }")
    page.wait_for_function(f"String(({drawn})()) === 'false,false'")
    told = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    headings = [node["name"]["value"] for node in told if node["role"]["value"] == "heading" and not node["ignored"]]
    assert len(headings) == page.locator("h1, h2, h3").count()
    buttons = [node["name"]["value"] for node in told if node["role"]["value"] == "button"]
    assert len(buttons) == page.get_by_role("button").count() and "Reset" in buttons
    page.locator("#cell-cell1").scroll_into_view_if_needed()
    page.wait_for_function(f"String(({drawn})()) === 'true,false'")


def test_search_shows_where_the_words_stand(opened):
    page = opened("02_other")
    box = page.get_by_role("searchbox")
    box.press_sequentially("triangle fut")
    link = page.locator(".found a")
    link.wait_for()
    assert (
        link.locator("b").inner_text() == "The triangle, at first" == page.locator(".found").inner_text().split("\n")[0]
    )
    box.fill("hides")
    assert page.locator(".found mark").inner_text() == "hides"
    box.fill("<b>nowhere")
    assert page.locator(".found").inner_text() == "No section has all these words."
    box.press("Escape")
    assert page.locator(".found").is_hidden()
    box.fill("triangle")
    link.click()
    page.wait_for_url("**/01_small.html#The-triangle*")


def test_it_lives_under_a_path_of_a_plain_server(opened, served):
    """Code is copied there, and each link of the bar and below the text leads on."""
    page = opened("index", served, permissions=["clipboard-read", "clipboard-write"])
    assert page.evaluate("attentionModels.length") == 1
    page.get_by_role("link", name="1. Small").click()
    page.get_by_role("button", name="Copy this code").first.click()
    page.wait_for_function("document.querySelector('.copy').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == WIDE
    page.locator(".onward a").click()
    page.wait_for_url("**/a/course/02_other.html")
    page.locator(".home").click()
    page.wait_for_url("**/a/course/index.html")


def test_on_paper_it_is_light_and_unfolded(opened):
    page = opened("01_small", color_scheme="dark")
    state = """() => [document.documentElement.getAttribute("theme"), document.querySelector(".words details").open,
        document.querySelector(".attention-canvas").width, document.querySelector(".alive").style.zoom]"""
    before = page.evaluate(state)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    theme, unfolded, width, zoom = page.evaluate(state)
    assert (theme, unfolded) == ("light", True) and width > 2 * before[2] and 0.5 < float(zoom) < 1
    page.emulate_media(media="print")
    assert page.locator(".bar").is_hidden() and page.locator(".onward").is_hidden()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(state) == before and before[:2] == ["dark", False]
