"""Where things stand in a diagram: nothing overlaps, nothing leaves the page, rows and columns line up."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import example as case
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.attention.averages import average_matmul, average_past, masked_softmax
from helpers.attention.block import layer_norm
from helpers.attention.heads import head
from helpers.look import layout
from helpers.look.annotations import letters, tidy, wrap
from helpers.look.style import shape_text
from helpers.trace.trace import Trace
from tests.strategies import CHARACTER
from tests.tiled import heads_of, random_heads

SIZE = st.integers(1, 128)
WIDTH = st.integers(320, 1600)
WORDS = ["the", "cat", "an extraordinarily long token", "🙂", ""]


def head_trace(T, C, h, *, tokens=False, B=None):
    """A head whose numbers do not matter here."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(T, C) if B is None else (B, T, C))
    words = [WORDS[t % len(WORDS)] for t in range(T)] if tokens else None
    return head(x, *rng.normal(size=(3, C, h)), tokens=words)


def plan_of(trace, width, notes=None):
    found = layout.matrices(trace, notes)
    return found, layout.lay_out(found, width)


def extents(matrix, plan):
    """(left, top, right, bottom) of a matrix with everything that is written around it, from the design."""
    box, numbers = plan["boxes"][matrix.name], plan["numbers"]
    words = layout.LETTER * min(matrix.labels, layout.LONGEST) * box["words"]
    sums = (layout.SUMS if matrix.tiles == 1 else layout.TILE_SUMS) if matrix.sums and numbers else 0
    return (
        box["x"] - layout.GUTTER - words,
        box["top"],
        box["x"] + max(box["width"] + sums, matrix.title, matrix.noted),
        box["y"] + box["height"],
    )


def overlapping(matrices, plan):
    areas = {matrix.name: extents(matrix, plan) for matrix in matrices}
    return [
        (a, b)
        for a, b in combinations(areas, 2)
        if areas[a][0] < areas[b][2]
        and areas[b][0] < areas[a][2]
        and areas[a][1] < areas[b][3]
        and areas[b][1] < areas[a][3]
    ]


def check_room(matrices, plan, width):
    """Every matrix has its cells, room for its title and labels, and a place on the page of its own."""
    cell_width, cell_height = plan["cell"]
    assert set(plan["boxes"]) == {matrix.name for matrix in matrices}
    assert overlapping(matrices, plan) == []
    for matrix in matrices:
        box = plan["boxes"][matrix.name]
        assert box["height"] == matrix.rows * cell_height
        sums = plan["numbers"] and (matrix.sums or any(other.sums for other in matrices if other.name == matrix.above))
        check_tiles(matrix, box, cell_width, sums)
        over = (12 if matrix.heads == 1 else 6 * min(matrix.heads, 8)) if plan["numbers"] else 0
        names = layout.TILE_NAME if matrix.tiles > 1 and plan["numbers"] else 0
        noted = layout.LINE * len(box["note"])
        assert box["y"] - box["top"] >= layout.TITLE + noted + names + layout.COLUMNS + over
        assert bool(box["note"]) == bool(matrix.note) and len(box["note"]) <= 3
        assert all(layout.INDENT + layout.LETTER * letters(line) <= box["room"] for line in box["note"])
        left, top, right, bottom = extents(matrix, plan)
        assert left >= 0 and top >= 0 and bottom <= plan["height"]
        assert plan["overflow"] or right <= width
    for edge in plan["edges"]:
        assert all(0 <= y <= plan["height"] for _, y in edge["points"])
        assert plan["overflow"] or all(0 <= x <= width for x, _ in edge["points"])


def check_tiles(matrix, box, cell_width, sums):
    """Tiles of one size, one after the other, with a gap that one sees between them, and room for sums where there
    are any.
    """
    tiles = box["tiles"]
    assert len(tiles) == matrix.tiles and {width for _, width in tiles} == {matrix.columns * cell_width}
    assert tiles[0][0] == box["x"] and sum(tiles[-1]) == box["x"] + box["width"]
    gaps = {right - left - width for (left, width), (right, _) in pairwise(tiles)}
    assert gaps <= {max(4, cell_width // 3) + layout.TILE_SUMS * sums}


@settings(deadline=None, max_examples=150)
@given(T=SIZE, C=SIZE, h=SIZE, width=WIDTH, tokens=st.booleans())
@case(T=128, C=128, h=128, width=320, tokens=True)
@case(T=1, C=1, h=1, width=1600, tokens=True)
@case(T=8, C=128, h=2, width=700, tokens=False)
def test_a_head_of_any_size_has_room(T, C, h, width, tokens):
    matrices, plan = plan_of(head_trace(T, C, h, tokens=tokens), width)
    check_room(matrices, plan, width)
    assert not plan["overflow"]


TEXT = st.text(CHARACTER) | st.lists(
    st.sampled_from(["rows", "sum", "to one", "🙂", "注意力", "w" * 30, "\n", "$x$", "<b>"]), max_size=20
).map(" ".join)


@settings(deadline=None, max_examples=150)
@given(
    T=SIZE,
    C=SIZE,
    h=SIZE,
    width=WIDTH,
    tokens=st.booleans(),
    notes=st.dictionaries(
        st.sampled_from(["x", "Wq", "Wk", "Wv", "q", "k", "v", "scores", "scaled", "masked", "weights", "out"]), TEXT
    ),
)
@case(T=2, C=3, h=2, width=320, tokens=True, notes=dict.fromkeys(("x", "Wq", "q", "weights", "out"), "w" * 10000))
@case(T=128, C=1, h=1, width=400, tokens=True, notes=dict.fromkeys(("Wq", "q", "k", "scores"), "rows sum to one " * 9))
def test_notes_have_room(T, C, h, width, tokens, notes):
    matrices, plan = plan_of(head_trace(T, C, h, tokens=tokens), width, notes)
    check_room(matrices, plan, width)
    assert not plan["overflow"]
    boxes = plan["boxes"]
    for made, parameter in (("q", "Wq"), ("k", "Wk"), ("v", "Wv")):  # still one above the other, and beside x
        assert boxes[parameter]["x"] == boxes[made]["x"]
        if boxes[made]["band"] == boxes["x"]["band"]:
            assert boxes[made]["y"] == boxes["x"]["y"]


@given(text=TEXT, room=st.integers(3, 80))
def test_a_note_is_broken_at_spaces_and_cut_after_three_lines(text, room):
    text = tidy(text)
    lines = wrap(text, room)
    assert len(lines) <= 3 and all(line and letters(line) <= room for line in lines)
    whole, shown = text.replace(" ", ""), "".join(lines).replace(" ", "")
    if shown != whole:
        assert len(lines) == 3 and shown.endswith("…") and whole.startswith(shown[:-1])
    words = text.split(" ")
    if all(letters(word) <= room for word in words) and shown == whole:
        assert " ".join(lines) == text


def test_a_short_note_asks_for_no_more_than_its_words():
    trace = head_trace(1, 1, 1)
    plain, noted = (
        plan_of(trace, 1000, notes)[1] for notes in ({}, {"scores": "one", "q": "a rather long note on every query"})
    )
    assert noted["boxes"]["scores"]["room"] == plain["boxes"]["scores"]["room"]
    assert noted["boxes"]["q"]["room"] >= layout.NOTE
    assert plain == plan_of(trace, 1000, {"scores": " \n"})[1]


@settings(deadline=None, max_examples=60)
@given(T=SIZE, C=SIZE, width=WIDTH)
def test_the_first_notebooks_have_room(T, C, width):
    rng = np.random.default_rng(0)
    x, scores = rng.normal(size=(T, C)), rng.normal(size=(T, T))
    words = [WORDS[t % len(WORDS)] for t in range(T)]
    for trace in (average_past(x, tokens=words), average_matmul(x), masked_softmax(scores, x, tokens=words)):
        matrices, plan = plan_of(trace, width)
        check_room(matrices, plan, width)


@settings(deadline=None, max_examples=100)
@given(data=st.data(), width=WIDTH)
def test_any_chain_of_products_has_room(data, width):
    """Traces that are no head: random products, with parameters and without, of any shape and in any number."""
    size = st.integers(1, 40)
    axes = list("tschrv")
    sizes = {axis: data.draw(size) for axis in axes}
    trace = Trace("chain", ["token"] * sizes["t"])
    name, (row, column) = "a", ("t", "c")
    trace.given(name, np.zeros((sizes[row], sizes[column])), f"{row} {column}")
    for i in range(data.draw(st.integers(1, 9))):
        fresh = data.draw(st.sampled_from([axis for axis in axes if axis not in (row, column)]))
        factor = trace.given(
            f"W{i}", np.zeros((sizes[column], sizes[fresh])), f"{column} {fresh}", parameter=data.draw(st.booleans())
        )
        role = data.draw(st.sampled_from(["x", "weights"]))
        name = trace.step(
            f"matrix_{i}" * data.draw(st.integers(1, 3)),
            "sum-product",
            f"{row} {column}, {column} {fresh} -> {row} {fresh}",
            name,
            factor.name,
            role=role,
        ).name
        column = fresh
    matrices, plan = plan_of(trace, width)
    check_room(matrices, plan, width)


@settings(deadline=None, max_examples=80)
@given(T=st.integers(1, 16), C=st.integers(1, 16), width=st.integers(700, 1600), tokens=st.booleans(), data=st.data())
def test_small_traces_show_their_numbers(T, C, width, tokens, data):
    """With the head_size that an example has, C / 2 or less; from 820 px on, with any up to 16."""
    h = data.draw(st.integers(1, 16 if width >= 820 else (C + 1) // 2))
    _, plan = plan_of(head_trace(T, C, h, tokens=tokens), width)
    assert plan["numbers"] and not plan["overflow"]


@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize(("h", "width"), [(8, 700), (16, 820), (16, 1000), (8, 1000)])
def test_the_largest_traces_with_numbers(h, width, tokens):
    _, plan = plan_of(head_trace(16, 16, h, tokens=tokens), width)
    assert plan["numbers"] and not plan["overflow"]


@settings(deadline=None, max_examples=80)
@given(T=SIZE, C=SIZE, h=SIZE, width=WIDTH, B=st.none() | st.integers(1, 4))
def test_rows_and_columns_line_up(T, C, h, width, B):
    _, plan = plan_of(head_trace(T, C, h, B=B), width)
    boxes = plan["boxes"]
    for made, parameter in (("q", "Wq"), ("k", "Wk"), ("v", "Wv")):
        assert (boxes[parameter]["x"], boxes[parameter]["width"]) == (boxes[made]["x"], boxes[made]["width"])
        assert boxes[parameter]["y"] + boxes[parameter]["height"] < boxes[made]["top"]
        if boxes[made]["band"] == boxes["x"]["band"]:
            assert (boxes[made]["y"], boxes[made]["height"]) == (boxes["x"]["y"], boxes["x"]["height"])


@settings(deadline=None, max_examples=60)
@given(T=SIZE, C=SIZE, h=SIZE, width=WIDTH)
def test_data_flows_left_to_right_and_down(T, C, h, width):
    trace = head_trace(T, C, h)
    matrices, plan = plan_of(trace, width)
    order = [plan["boxes"][matrix.name] for matrix in matrices if not matrix.above]
    places = [(box["band"], box["x"]) for box in order]
    assert places == sorted(places)
    assert [(edge["from"], edge["to"]) for edge in plan["edges"]] == [
        (source, step.name) for step in trace for source in step.inputs
    ]


def test_more_room_never_makes_the_cells_smaller():
    for T, C, h in [(2, 3, 2), (8, 8, 4), (16, 16, 8), (64, 32, 32)]:
        trace = head_trace(T, C, h)
        cells = [plan_of(trace, width)[1]["cell"][0] for width in range(320, 1601, 40)]
        assert cells == sorted(cells)


def test_eight_by_eight_is_seen_at_once():
    """T=8, C=8 with numbers in a cell 1000 px wide, about one screen high."""
    _, plan = plan_of(head_trace(8, 8, 4, tokens=True), 1000)
    assert plan["numbers"] and not plan["overflow"] and plan["height"] <= 700


def test_too_narrow_a_page_says_so():
    _, plan = plan_of(head_trace(128, 128, 128), 100)
    assert plan["overflow"] and not plan["numbers"]


def test_a_parameter_stands_above_only_what_shares_its_columns():
    trace = Trace("learned averages")
    trace.given("x", np.ones((4, 3)), "s c")
    trace.given("W", np.ones((4, 4)), "t s", parameter=True)  # its rows, not its columns, are those of out
    trace.step("out", "sum-product", "t s, s c -> t c", "W", "x")
    assert {matrix.name: matrix.above for matrix in layout.matrices(trace)} == {"x": "", "W": "", "out": ""}


def test_a_parameter_that_is_added_to_each_row_stands_above():
    trace = layer_norm(np.ones((4, 3)), gain=np.ones(3), bias=np.ones(3))
    assert {matrix.name: matrix.above for matrix in layout.matrices(trace) if matrix.above} == {
        "gain": "stretched",
        "bias": "shifted",
    }
    trace = Trace("added, cell by cell")
    trace.given("x", np.ones((4, 3)), "t c")
    trace.given("P", np.ones((4, 3)), "t c", parameter=True)  # its rows are those of x: beside it they line up
    trace.step("placed", "add", "t c, t c -> t c", "x", "P")
    assert not any(matrix.above for matrix in layout.matrices(trace))


@pytest.mark.parametrize("rule", ["r c -> c r", "c r -> r c"])
def test_an_arrow_to_the_next_matrix_leaves_and_meets_cells(rule):
    """A band stands on one line: one row and the four beside it share the row at the foot."""
    trace, sizes = Trace("one row and four"), {"r": 1, "c": 4}
    axes = rule.split(" -> ")[0]
    trace.given("a", np.ones([sizes[axis] for axis in axes.split()]), axes)
    trace.step("z", "sum-product", rule, "a")
    _, plan = plan_of(trace, 1000)
    [edge], boxes = plan["edges"], plan["boxes"]
    low = min(boxes.values(), key=lambda box: box["height"])
    assert boxes["a"]["height"] != boxes["z"]["height"] and len({y for _, y in edge["points"]}) == 1
    assert edge["points"][0][1] == pytest.approx(low["y"] + low["height"] / 2, abs=0.5)


@pytest.mark.parametrize(
    ("tokens", "room"),
    [("abcd", 12), (["a", "", "🙂", "b"], 12), (["ab", "c", "d", "e"], 12), (["the", "c", "d", "e"], 18)],
)
def test_letters_stand_upright_over_their_columns_and_words_are_turned(tokens, room):
    trace = head(np.ones((4, 2)), *np.ones((3, 2, 2)), tokens=list(tokens))
    boxes = plan_of(trace, 1000)[1]["boxes"]
    assert boxes["weights"]["y"] - boxes["weights"]["top"] == layout.TITLE + layout.COLUMNS + room


@pytest.mark.parametrize("rule", ["c h, d h -> c d", "c h, h d -> c d", "c h, c h -> c h"])
def test_a_product_of_two_parameters_has_room_for_both(rule):
    """Two learned matrices, as in Wq @ Wk.T: both are drawn, neither on top of the other."""
    trace = Trace("circuit")
    left, right = (part.split() for part in rule.split(" -> ")[0].split(", "))
    sizes = {"c": 4, "h": 3, "d": 5}
    for name, axes in (("Wa", left), ("Wb", right)):
        trace.given(name, np.ones([sizes[axis] for axis in axes]), " ".join(axes), parameter=True)
    trace.step("Wab", "sum-product", rule, "Wa", "Wb")
    matrices, plan = plan_of(trace, 1000)
    check_room(matrices, plan, 1000)


@pytest.mark.parametrize(
    ("axes", "rows", "columns"),
    [
        ("", ("", 1), ("", 1)),
        ("t", ("t", 2), ("", 1)),
        ("b", ("b", 2), ("", 1)),
        ("c", ("", 1), ("c", 2)),
        ("t c", ("t", 2), ("c", 3)),
        ("b t c", ("t", 3), ("c", 4)),
    ],
)
def test_on_paper_a_token_axis_runs_down(axes, rows, columns):
    axes = axes.split()
    trace = Trace()
    step = trace.given("x", np.zeros([2 + i for i in range(len(axes))]), " ".join(axes))
    assert layout.on_paper(step) == (rows, columns)


def test_a_title_is_as_wide_as_the_longer_of_name_and_shape():
    trace = Trace()
    trace.given("x", np.zeros((4, 3)), "t c")
    trace.given("a_name_longer_than_its_shape", np.zeros((4, 3)), "t c")
    short, long = layout.matrices(trace)
    assert short.title == int(6.2 * len(shape_text("tc", (4, 3))))
    assert long.title == 9 * len(long.name) + 13


def test_no_matrices_make_an_empty_page():
    plan = layout.lay_out([], 640)
    assert (plan["boxes"], plan["edges"], plan["width"]) == ({}, [], 640)


# -- heads, side by side --------------------------------------------------------------------------------


@settings(deadline=None, max_examples=100)
@given(
    T=st.integers(1, 40),
    h=st.integers(1, 16),
    heads=st.integers(1, 12),
    width=WIDTH,
    tokens=st.booleans(),
    B=st.none() | st.integers(1, 3),
    notes=st.dictionaries(st.sampled_from(["x", "Wq", "q", "weights", "out"]), TEXT),
)
def test_heads_have_room(T, h, heads, width, tokens, B, notes):
    matrices, plan = plan_of(heads_of(T, 3, heads, B, tokens=tokens, h=h), width, notes)
    assert {matrix.name: matrix.tiles for matrix in matrices} == {
        "x": 1,
        **dict.fromkeys(("Wq", "Wk", "Wv", "q", "k", "v", "scores", "masked", "weights", "out"), heads),
    }
    check_room(matrices, plan, width)
    boxes = plan["boxes"]
    for made, parameter in (("q", "Wq"), ("k", "Wk"), ("v", "Wv")):
        assert boxes[parameter]["tiles"] == boxes[made]["tiles"]
        assert boxes[parameter]["y"] + boxes[parameter]["height"] < boxes[made]["top"]


@pytest.mark.parametrize("seed", range(40))
def test_any_trace_with_heads_has_room(seed):
    for width in (400, 1000):
        check_room(*plan_of(random_heads(seed), width), width)


@pytest.mark.parametrize(("T", "C", "heads"), [(2, 4, 2), (4, 6, 3), (8, 16, 4), (4, 8, 8), (12, 8, 2)])
def test_heads_show_their_numbers(T, C, heads):
    _, plan = plan_of(heads_of(T, C, heads), 1000)
    assert plan["numbers"] and not plan["overflow"]


def test_two_heads_look_like_the_matrix_they_are_cut_from():
    """(heads=2, T=4, head_size=3) is (T=4, C=6) with a gap of a third of a cell."""
    plan = plan_of(heads_of(4, 6, 2), 1600)[1]
    (width, _), x, q = plan["cell"], plan["boxes"]["x"], plan["boxes"]["q"]
    assert (q["y"], q["height"]) == (x["y"], x["height"])
    assert q["width"] == x["width"] + width // 3
    assert q["tiles"] == [(q["x"], 3 * width), (q["x"] + 3 * width + width // 3, 3 * width)]


@pytest.mark.parametrize(
    ("axes", "tiles"),
    [
        ("n t h", 3),
        ("b n t h", 3),
        ("n b t h", 3),
        ("n t", 1),
        ("t n h", 1),
        ("b t h", 1),
        ("n", 1),
        ("t", 1),
        ("b", 1),
        ("h", 1),
        ("", 1),
    ],
)
def test_every_cell_has_a_place_of_its_own(axes, tiles):
    axes = axes.split()
    sizes = {"n": 3, "b": 2, "t": 4, "h": 5}
    step = Trace().given("x", np.zeros([sizes[axis] for axis in axes]), " ".join(axes))
    (_, rows), (_, columns) = layout.on_paper(step)
    assert layout.tiles(step) == tiles
    chosen = [axis for axis in axes[:-2] if axis != "n"]  # one index of these is drawn at a time
    places = {}
    for index in np.ndindex(step.value.shape):
        place = layout.place_of(step, index)
        assert all(0 <= at < size for at, size in zip(place, (tiles, rows, columns), strict=True))
        places.setdefault(tuple(index[axes.index(axis)] for axis in chosen), set()).add(place)
    assert all(len(found) == tiles * rows * columns for found in places.values())


def test_a_parameter_that_heads_share_stands_beside_them():
    """Its columns are those of one tile only, so it has a place in the row."""
    trace = Trace("shared")
    trace.given("x", np.ones((2, 4, 3)), "n t c")
    trace.given("W", np.ones((3, 2)), "c h", parameter=True)
    trace.step("q", "sum-product", "n t c, c h -> n t h", "x", "W")
    matrices, plan = plan_of(trace, 1000)
    assert {matrix.name: matrix.above for matrix in matrices} == {"x": "", "W": "", "q": ""}
    check_room(matrices, plan, 1000)
