"""Arrows on the screen: where Python's layout has them, sharp, and in colors where somebody points."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from helpers.look import lanes, layout
from helpers.look.style import ROLES, THEMES
from tests.browser.pages import PIXELS, head_of, rgb, saved
from tests.browser.test_twins import STYLE, compare_layouts, sent
from tests.course_pictures import pictures
from tests.tiled import random_heads

# The name, the room for its title and how wide that is, for each matrix of some traces.
MEASURE = """([style, traces]) => {
    const context = document.createElement("canvas").getContext("2d");
    const brush = new course.CanvasBrush(context);
    const wide = (text, options) => {
        brush.text(text, 0, 0, { color: "black", ...options });
        return context.measureText(text).width;
    };
    return traces.map(trace => course.matrices(trace, style).map(({ name, title }, i) => [
        name, title, Math.max(13 + wide(name, { size: 13.5, bold: true }),
            wide(course.shapeText(trace.steps[i], style), { size: 11 })),
    ]));
}"""


def middles(edge, least=16):
    """The middle of each run of an arrow that is not all corner."""
    for (x1, y1), (x2, y2) in pairwise(edge["points"][:-1]):
        if abs(x2 - x1) + abs(y2 - y1) >= least:
            yield (x1 + x2) / 2, (y1 + y2) / 2


def colors(shown, places, layer=0):
    return shown.page.evaluate(PIXELS, [shown.which, layer, places])


def edge_of(shown, source, target):
    return next(edge for edge in shown.plan()["edges"] if (edge["from"], edge["to"]) == (source, target))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_arrows_are_drawn_where_they_run_and_as_sharp_as_a_pixel(show, theme):
    for trace in (head_of(T=4, C=3), random_heads(3), head_of(T=4, C=3).backward()):
        shown = show(trace, media={"color_scheme": theme}, width=700, height=2000)
        places = [place for edge in shown.plan()["edges"] for place in middles(edge)]
        assert len(places) > 8
        assert colors(shown, places) == [[*rgb(THEMES[theme]["edge"]), 255]] * len(places)


def test_arrows_have_the_colors_of_their_sources_and_where_they_join_of_what_they_make(show):
    shown = show(head_of(T=3, C=4), width=1700)
    shown.point("scores", 1, 0)
    q, k = (edge_of(shown, name, "scores")["points"] for name in "qk")
    (x1, y), (x2, _) = q[1], k[1]  # the lane that both share, from the k's corner on
    assert y == k[1][1] and x1 < x2 < q[2][0]
    before, after, street = (x1 + x2) / 2, (x2 + q[2][0]) / 2, (q[2][0], (q[2][1] + q[3][1]) / 2)
    found = colors(shown, [(before, y), (after, y), street], layer=1)
    wanted = [rgb(ROLES[role][0]) for role in ("query", "scores", "scores")]
    for color, expected in zip(found, wanted):
        assert max(abs(a - b) for a, b in zip(color, expected)) < 40, (color, expected)
    shown.point("q", 1, 0)
    assert colors(shown, [street], layer=1)[0][3] == 0  # no arrow of it runs there


def test_a_saved_picture_has_the_same_round_corners(show):
    shown = show(head_of(T=3, C=4), width=700)
    root = ElementTree.fromstring(saved(shown, "SVG").path().read_text(encoding="utf-8"))
    ways = [path.get("d") for path in root.iter("{http://www.w3.org/2000/svg}path") if "L" in path.get("d")]
    corners = sum(len(lanes.rounded(edge["points"])) for edge in shown.plan()["edges"])
    assert corners > 8 and sum(way.count("Q") for way in ways) == corners


def test_every_picture_of_the_course_is_laid_out_alike_in_python_and_in_the_browser(blank):
    compare_layouts(blank.ask, [(trace, [400, 700, 600, 1000, 1400, 1900]) for trace, _ in pictures()[::2]])


def test_titles_are_no_wider_than_the_room_that_arrows_leave_them(blank):
    """In this browser's font, which is a wide one."""
    course = [trace for trace, _ in pictures()]
    found = blank.ask(MEASURE, [STYLE, [sent(trace)["trace"] for trace in course]])
    assert sum(map(len, found)) > 1000
    for trace, titles in zip(course, found):
        for name, reserved, drawn in titles:
            assert drawn < reserved + layout.GAP - lanes.TURN - lanes.LANE, (trace.title, name)
