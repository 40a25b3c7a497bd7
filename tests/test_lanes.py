"""Arrows run in lanes of their own: over nothing that is drawn, into the matrix that is computed, and seldom over each
other."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example as case
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.look import lanes, layout
from tests.course_pictures import one_head, pictures, shown_in_notebooks, signatures
from tests.tiled import random_heads

WIDTHS = (400, 600, 1000, 1400)
PLANS = [(width, False) for width in WIDTHS] + [(1000, True), (1900, True)]  # and where cells may grow
APART = 4  # nearer than this, two lines look like one


@pytest.fixture(scope="module")
def course():
    return pictures()


def planned(trace, width, grow=False, notes=None):
    matrices = layout.matrices(trace, notes)
    return matrices, layout.lay_out(matrices, width, grow)


def areas(matrix, plan):
    """All that is drawn of a matrix: (what, left, top, right, bottom)."""
    box, numbers = plan["boxes"][matrix.name], plan["numbers"]
    below_title, foot = box["top"] + layout.TITLE, box["y"] + box["height"]
    sums = (layout.SUMS if matrix.tiles == 1 else layout.TILE_SUMS) if matrix.sums and numbers else 0
    yield "title", box["x"], box["top"], box["x"] + matrix.title, below_title
    yield "note", box["x"], below_title, box["x"] + matrix.noted, below_title + layout.LINE * len(box["note"])
    yield "row labels", box["x"] - box["left"] * numbers, box["y"], box["x"], foot
    for x, width in box["tiles"]:
        words = layout.LETTER * min(matrix.heads, layout.LONGEST) * numbers
        yield "column labels", x, box["y"] - layout.COLUMNS - words, x + width, box["y"]
        yield "cells and sums", x, box["y"], x + width + sums, foot


def runs(edge):
    """The straight parts of an arrow: (left, top, right, bottom)."""
    for (x1, y1), (x2, y2) in pairwise(edge["points"]):
        yield min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def runs_of(plan):
    """The straight parts of all arrows, (runs, 4), and of each the arrow that it belongs to."""
    found = [(edge, run) for edge in plan["edges"] for run in runs(edge)]
    return [edge for edge, _ in found], np.array([run for _, run in found], float).reshape(-1, 4)


def run_over(matrices, plan):
    """What arrows run over, themselves half a pixel wide to each side: (from, to, whose, what)."""
    drawn = [(matrix.name, *area) for matrix in matrices for area in areas(matrix, plan)]
    edges, lines = runs_of(plan)
    left, top, right, bottom = lines.T[..., None]  # (runs, 1) each
    x1, y1, x2, y2 = np.array([area for _, _, *area in drawn], float).reshape(-1, 4).T
    met = (left - 0.5 < x2) & (x1 < right + 0.5) & (top - 0.5 < y2) & (y1 < bottom + 0.5) & (x1 < x2) & (y1 < y2)
    return [(edges[i]["from"], edges[i]["to"], *drawn[j][:2]) for i, j in np.argwhere(met)]


def meetings(plan):
    """Of arrows that share neither source nor target: where they run along each other, and where they cross."""
    edges, lines = runs_of(plan)
    names = np.array([(edge["from"], edge["to"]) for edge in edges], object).reshape(-1, 2)
    strangers = (names[:, None] != names).all(axis=-1)  # (runs, runs)
    one, other = lines.T[..., None], lines.T[:, None]  # left, top, right and bottom of each: (runs, 1), (1, runs)
    near = (one[0] - APART < other[2]) & (other[0] < one[2] + APART)
    near &= (one[1] - APART < other[3]) & (other[1] < one[3] + APART)
    steep = lines[:, 0] == lines[:, 2]
    beside = np.minimum(one[2:], other[2:]).sum(axis=0) - np.maximum(one[:2], other[:2]).sum(axis=0)
    along = np.argwhere(np.triu(strangers & near & (steep[:, None] == steep) & (beside > 0)))
    crossed = strangers & ~steep[:, None] & steep  # a flat run, and a steep one
    crossed &= (one[0] < other[0]) & (other[0] < one[2]) & (other[1] < one[1]) & (one[1] < other[3])
    places = {(lines[j, 0], lines[i, 1]) for i, j in np.argwhere(crossed)}
    return [(*names[i], *names[j]) for i, j in along], places


def check_arrows(trace, width, grow=False, notes=None):
    """All that holds for the arrows of any picture; returns how many crossings there are."""
    matrices, plan = planned(trace, width, grow, notes)
    boxes, of = plan["boxes"], {matrix.name: matrix for matrix in matrices}
    wanted = [(source, matrix.name) for matrix in matrices for source in dict.fromkeys(matrix.inputs)]
    assert [(edge["from"], edge["to"]) for edge in plan["edges"]] == wanted
    for edge in plan["edges"]:
        points = edge["points"]
        assert all((x1 == x2) != (y1 == y2) for (x1, y1), (x2, y2) in pairwise(points)), edge  # straight, and turning
        check_ends(points, boxes[edge["from"]], boxes[edge["to"]], of[edge["to"]])
        assert all(0 < y < plan["height"] for _, y in points)
        assert plan["overflow"] or all(0 < x < plan["width"] for x, _ in points)
    assert run_over(matrices, plan) == []
    assert at_parameters(trace, matrices, plan) == []
    along, crossed = meetings(plan)
    assert along == []
    return len(crossed)


def check_ends(points, source, target, matrix):
    """It leaves cells downward or to the right, and comes to its matrix at the left of a cell or from above."""
    (x, y), (x1, _), *_ = points
    foot = source["y"] + source["height"]
    assert (x == x1 and source["x"] <= x <= source["x"] + source["width"] and foot < y < foot + 5) or (
        x > source["x"] + source["width"] and source["y"] < y < foot
    )
    (x1, _), (x, y) = points[-2:]
    if x1 == x:
        assert target["x"] <= x <= target["x"] + max(target["width"], matrix.title) and -3 < y - target["top"] < 0
    else:
        assert x1 < x and -4 < x - (target["x"] - target["left"]) < 0
        assert target["y"] < y < target["y"] + target["height"]


def at_parameters(trace, matrices, plan):
    """Arrows that come to a parameter, or from above to a matrix that has one there."""
    above = {matrix.above: matrix.name for matrix in matrices if matrix.above}
    areas = [plan["boxes"][step.name] for step in trace.shown if step.parameter]
    found = []
    for edge in plan["edges"]:
        x, y = edge["points"][-1]
        inside = any(box["x"] <= x <= box["x"] + box["width"] and box["top"] - 2 < y < box["y"] for box in areas)
        over = plan["boxes"][above[edge["to"]]] if edge["to"] in above else None
        if trace[edge["to"]].parameter or inside or (over and y < over["y"] + over["height"]):
            found.append((edge["from"], edge["to"]))
    return found


def test_every_picture_of_the_notebooks_is_among_those_that_are_tested():
    tested = signatures()
    shown = [*shown_in_notebooks()]
    assert len(shown) > 60 and [found for found in shown if found[1] not in tested] == []


@pytest.mark.parametrize(("width", "grow"), PLANS)
def test_arrows_of_the_course_run_over_nothing_and_seldom_cross(course, width, grow):
    crossed = []
    for trace, notes in course:
        crossed.append(check_arrows(trace, width, grow, notes))
    assert np.mean(crossed) < 2.6 and max(crossed) <= 23  # the most are in rotary_scores and the gradients


@settings(deadline=None, max_examples=50)
@given(T=st.integers(1, 128), C=st.integers(1, 128), h=st.integers(1, 64), width=st.integers(320, 1900))
@case(T=128, C=128, h=64, width=320)
@case(T=1, C=1, h=1, width=1900)
@case(T=128, C=1, h=1, width=700)
def test_arrows_of_a_head_of_any_size(T, C, h, width):
    trace = one_head(T, C, h, Wo=True, tokens=T % 2 == 0)
    for grow in (False, True):
        assert check_arrows(trace, width, grow) <= 8


@pytest.mark.parametrize("seed", range(40))
def test_arrows_of_any_trace_with_heads(seed):
    trace = random_heads(seed)
    for width in (360, 640, 1000, 1600):
        check_arrows(trace, width)


def test_arrows_that_lead_to_the_same_matrix_share_their_lane():
    """q and k both lead to scores, and to nothing else: one line, from where they meet."""
    _, plan = planned(one_head(2, 3, 2), 1400)
    q, k = (next(edge["points"] for edge in plan["edges"] if edge["from"] == name) for name in "qk")
    assert q[2:] == k[2:] and q[1][1] == k[1][1]
    x = [edge["points"] for edge in plan["edges"] if edge["from"] == "x"]
    assert x[1][:2] == x[2][:2]  # to k and to v: what one matrix sends out shares its lane, too


def test_room_grows_with_the_lanes():
    rooms = [lanes.room(tracks) for tracks in range(6)]
    assert rooms == sorted(rooms) and rooms[5] - rooms[4] == lanes.LANE
    flat, busy = (planned(trace, 1000)[1] for trace in (one_head(8, 4, 2), one_head(8, 4, 2).backward()))
    for plan in (flat, busy):
        for band in range(max(box["band"] for box in plan["boxes"].values())):
            foot = max(box["y"] + box["height"] for box in plan["boxes"].values() if box["band"] == band)
            top = min(box["top"] for box in plan["boxes"].values() if box["band"] == band + 1)
            between = {y for edge in plan["edges"] for _, y in edge["points"] if foot + lanes.OFF + 1 < y < top - 2}
            assert top - foot >= lanes.FALL + lanes.LANE * (len(between) - 1) + lanes.LAND - 1


def test_corners_are_round_and_small_where_there_is_no_room():
    (begin, corner, end), (_, _, last) = lanes.rounded([[0, 0], [0, 20], [8, 20], [8, 40]])
    assert (begin, corner, end) == ([0, 14 + 2], [0, 20], [4, 20]) and last == [8, 24]
    assert lanes.rounded([[0, 0], [0, 9]]) == []
    assert lanes.rounded([[0, 0], [0, 0], [0, 5]]) == [([0, 0], [0, 0], [0, 0])]


def test_small_matrices_use_the_room_of_a_wide_page():
    """On a page 1900 px wide, the cells of T=2, C=3 grow, and no further than they can in one band; a still stays."""
    trace = one_head(2, 3, 2)
    _, still = planned(trace, 1900)
    _, live = planned(trace, 1900, grow=True)
    assert still["cell"] == [42, 28] and live["cell"] == [64, 42] and live["font"] > still["font"]
    assert {box["band"] for box in live["boxes"].values()} == {0} and live["height"] <= 450
    right = max(box["x"] + box["width"] for box in live["boxes"].values())
    assert right > 0.85 * 1900
    for T, C, h in [(2, 3, 2), (1, 1, 1), (4, 3, 2), (16, 16, 8)]:
        cells = [planned(one_head(T, C, h), width, grow=True)[1]["cell"] for width in range(320, 2600, 120)]
        assert cells == sorted(cells)
