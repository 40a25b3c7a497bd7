"""The page of who solved what, in a browser: a class of forty fits, on a phone its squares move below the names."""

import pytest

from tests.browser.site_pages import SIDEWAYS, troubles_of
from tests.browser.test_access import AXE
from tools.grading.class_page import Learner, notebooks, page

MISSED = """async () => {
    const { violations } = await axe.run(document, { preload: false, resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => [id, nodes[0].html]);
}"""
NARROW = (
    "() => { const { scrollWidth, clientWidth } = document.querySelector('.wide'); return scrollWidth > clientWidth; }"
)


@pytest.fixture(scope="module")
def opened(browser, tmp_path_factory):
    """The page, with axe-core, and what went wrong there."""
    made, course = tmp_path_factory.mktemp("class") / "class.html", notebooks()
    names = [name for one in course for name in one.tasks]
    everybody = [Learner(f"Wolfeschlegelsteinhausen {i:02}", {*names[: i + 3 : 1 + i % 3]}) for i in range(40)]
    made.write_text(page([*everybody, Learner("Bo", trouble="it is broken")], course), encoding="utf-8")
    with browser.new_context(bypass_csp=True) as context:
        window = context.new_page()
        troubles = troubles_of(window)
        window.goto(made.as_uri())
        window.add_script_tag(path=AXE)
        yield window, troubles


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_it_fits_its_window_and_all_can_read_it(opened, width, scheme):
    window, troubles = opened
    window.set_viewport_size({"width": width, "height": 900})
    window.wait_for_function("width => innerWidth === width", arg=width)  # a page may hear of it some frames later
    window.emulate_media(color_scheme=scheme)
    window.evaluate("document.querySelector('.wide').scrollLeft = 0")
    assert window.evaluate(SIDEWAYS) == [0, []]
    assert window.evaluate(NARROW) == (width == 390)
    name = window.locator("tbody .name").first
    before = name.bounding_box()
    window.evaluate("document.querySelector('.wide').scrollLeft = 400")
    assert name.bounding_box() == before
    assert window.evaluate(MISSED) == []
    assert troubles == []
