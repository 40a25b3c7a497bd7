"""The still pictures: what they show, what they say to those who cannot see them, and that they never change."""

import base64
import io
import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import cycle, pairwise

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch
from PIL import Image

from helpers.attention.averages import average_matmul, average_past, masked_softmax
from helpers.attention.heads import head
from helpers.diagram import Diagram
from helpers.look import layout
from helpers.look.style import ROLES, THEMES, cell_text, fill
from helpers.pictures.figure import FigurePicture
from helpers.pictures.outlines import text_width
from helpers.pictures.painter import NOTE, shown
from helpers.pictures.picture import Picture
from helpers.pictures.plots import curves
from helpers.pictures.still import describe, picture
from helpers.trace.trace import Trace
from tests.strategies import RULES, STEPS
from tests.tiled import heads_of

HOSTILE = '<script>alert("1")</script> & \' <b>'
KINDS = ("png", "svg", "pdf")


def head_of(T=3, C=4, h=2, B=None, seed=0, tokens=None):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((T, C) if B is None else (B, T, C)).round(1)
    return head(x, *rng.standard_normal((3, C, h)).round(1), tokens=tokens)


SVG = "{http://www.w3.org/2000/svg}"
FOOT = 0.36  # of a letter's size: from its middle down to the line it stands on


@dataclass
class Text:
    """A text of a picture, with the middle of its letters where it begins, is centered or ends."""

    text: str
    x: float
    y: float
    color: str
    size: float
    align: str = "start"
    bold: bool = False
    turned: bool = False


@dataclass
class Drawn:
    """What a still picture holds, read from its SVG."""

    still: Picture

    def __post_init__(self):
        kind, data = self.still.image
        assert kind == "svg+xml"
        self.root, self.plan = ElementTree.fromstring(data), self.still.plan
        self.texts = [text for group in self.root.findall(f"{SVG}g") for text in texts_of(group)]
        self.rects = [rect.attrib for rect in self.root.findall(f"{SVG}rect")]

    def strokes(self, color):
        """The straight lines of a color: [(x1, y1, x2, y2), ...]."""
        found = []
        for path in self.root.findall(f"{SVG}path"):
            if path.get("stroke") == color and "C" not in path.get("d"):
                for one in path.get("d").split("M")[1:]:
                    x1, y1, kind, *to = re.match(r"(\S+) (\S+?)([HVL])(\S+)(?: (\S+))?$", one).groups()
                    to = [float(at) for at in to if at]
                    x2, y2 = {"H": (*to, y1), "V": (x1, *to), "L": to}[kind]
                    found.append(tuple(map(float, (x1, y1, x2, y2))))
        return found


def texts_of(group):
    size, color = float(group.get("font-size")), group.get("fill")
    style = {"align": group.get("text-anchor", "start"), "bold": group.get("font-weight") == "600"}
    for text in group.findall(f"{SVG}text"):
        if text.get("transform"):
            x, y = re.fullmatch(r"translate\((\S+) (\S+)\)rotate\(-90\)", text.get("transform")).groups()
            yield Text("".join(text.itertext()), float(x) - FOOT * size, float(y), color, size, **style, turned=True)
            continue
        for part in [text] if text.get("x") else text:
            y = float(text.get("y")) - FOOT * size
            yield Text("".join(part.itertext()), float(part.get("x")), y, color, size, **style)


def painted(trace, width=1000, **options):
    """The plan of a picture, and what is drawn."""
    found = Drawn(picture(trace, width=width, **options))
    return found.plan, found


def near(texts, x, y):
    """The texts that stand at a place."""
    return [text for text in texts if abs(text.x - x) < 0.1 and abs(text.y - y) < 0.1]


def cells(plan, step, pick=None):
    """Every drawn cell: value, x and y of its upper left corner."""
    box, (width, height) = plan["boxes"][step.name], plan["cell"]
    for (tile, row, column), value in np.ndenumerate(shown(step, pick or {})):
        yield value, box["tiles"][tile][0] + column * width, box["y"] + row * height


def glyphs(figure):
    """The points of all letters of a picture, in CSS pixels."""
    return np.concatenate(
        [
            patch.get_path().vertices
            for patch in figure.axes[0].artists + figure.axes[0].patches
            if isinstance(patch, PathPatch)
        ]
    )


class Images(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


# -- in words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trace",
    [
        head_of(),
        head_of(B=2),
        head_of(T=64, C=32),
        average_past([[1.0, 2.0]]),
        average_matmul(np.ones((3, 2))),
        masked_softmax([[0.0, 9.0], [0.0, 0.0]], [[1.0], [3.0]]),
    ],
    ids=lambda trace: trace.title,
)
def test_the_text_alternative_names_every_matrix_with_its_shape(trace):
    alt = describe(trace)
    assert alt.startswith(f"{trace.title}, from left to right: ")
    assert ", ".join(f"{step.name} {step.shape}" for step in trace) in alt
    last = list(trace)[-1]
    assert alt.endswith(".") and (f"{last.name} is " in alt) == (last.value.size <= 32)


def test_a_few_last_numbers_are_told():
    assert describe(average_past([[1.0, -2.0], [3.0, 6.125]])).endswith("out is 1.00 −2.00; 2.00 2.06.")


def test_a_picture_displays_as_an_image_with_its_text_alternative():
    trace = head_of()
    trace.title = HOSTILE
    still = picture(trace)
    bundle = still._repr_mimebundle_()
    assert still.alt == describe(trace)
    assert bundle.keys() == {"text/plain", "text/html"} and bundle["text/plain"] == f"Picture: {still.alt}"
    [(tag, attributes)] = Images(bundle["text/html"]).tags
    assert tag == "img" and attributes["alt"] == still.alt and HOSTILE in still.alt
    kind, data = attributes["src"].split(",", 1)
    assert kind == "data:image/svg+xml;base64"
    root = ElementTree.fromstring(base64.b64decode(data))
    assert root.get("width") == attributes["width"] and root.get("viewBox").split()[2] == attributes["width"]


@settings(deadline=None, max_examples=12)
@given(T=st.integers(1, 12), C=st.integers(1, 12), width=st.integers(200, 1400))
def test_any_size_makes_an_image(T, C, width):
    still = picture(average_past(np.ones((T, C))), width=width)
    assert Images(still.html).tags[0][1]["alt"] == still.alt
    assert still.width <= width and still.figure.get_figwidth() * 96 <= width + 1e-6


# -- in numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trace", "width"),
    [
        (head_of(), 1000),
        (head_of(T=8, C=8, h=4), 1000),
        (head_of(T=16, C=12, h=4), 1200),
        (head_of(seed=3), 320),
        (average_matmul(np.arange(30.0).reshape(6, 5) * 1000), 700),
        (heads_of(), 1000),
        (heads_of(8, 16, 4), 1000),
        (masked_softmax([[0.125, -math.inf], [1e6, -0.125]], [[1.0], [-2.5]]), 700),
    ],
)
def test_the_drawn_numbers_are_those_of_the_trace(trace, width):
    plan, drawn = painted(trace, width)
    assert plan["numbers"]
    cell_width, cell_height = plan["cell"]
    written = {(round(2 * text.x), round(2 * text.y)): text for text in drawn.texts}
    for step in trace:
        for value, x, y in cells(plan, step):
            found = written.get((round(2 * x + cell_width), round(2 * y + cell_height)))
            if value == -math.inf and plan["compact"]:
                assert found is None  # hatched
            else:
                assert found.text == cell_text(value, step.digits, plan["compact"]).replace("−", "–")
                assert found.color == THEMES["light"]["muted" if value == 0 else "ink"] and found.align == "middle"
    inside = sum(1 for text in drawn.texts if re.fullmatch(r"–?[\d.e+]+|–?∞|NaN", text.text) and text.align == "middle")
    assert inside >= sum(shown(step, {}).size for step in trace if np.isfinite(step.value).all())


@pytest.mark.parametrize("trace", [head_of(T=8, C=8, h=4), average_matmul(np.arange(30.0).reshape(6, 5) * -12345.678)])
def test_each_number_is_written_inside_its_cell(trace):
    plan, drawn = painted(trace, 1000)
    points = glyphs(drawn.still.figure)
    width, height = plan["cell"]
    for step in trace:
        box = plan["boxes"][step.name]
        inside = points - [box["x"], box["y"]]
        inside = inside[((inside > 0) & (inside < [box["width"], box["height"]])).all(axis=1)]
        across, down = (inside % [width, height]).T
        assert across.min() >= 0.9 and across.max() <= width - 0.9 and down.min() >= 1 and down.max() <= height - 1
        filled = set(map(tuple, (inside // [width, height]).astype(int).tolist()))
        [values] = shown(step, {})
        assert filled == {
            (c, r) for (r, c), value in np.ndenumerate(values) if value != -math.inf or not plan["compact"]
        }


@pytest.mark.parametrize(
    "trace", [head_of(T=5, C=3, h=4, seed=1), heads_of(T=4, C=6, heads=3, seed=1)], ids=lambda trace: trace.title
)
@pytest.mark.parametrize("theme", THEMES)
def test_cells_have_the_colors_of_their_values(theme, trace):
    plan, _ = painted(trace)
    with Image.open(io.BytesIO(picture(trace, theme=theme).encoded("png", dpi=192))) as image:
        pixels = np.asarray(image.convert("RGB")) / 255
    width, height = plan["cell"]
    for step in trace:
        top = abs(step.value[np.isfinite(step.value)]).max()
        for value, x, y in cells(plan, step):
            found = pixels[round(2 * (y + 0.12 * height)), round(2 * (x + 0.5 * width))]  # above the number
            if value != -math.inf:
                assert to_hex(found).upper() == fill(value, step.role, top, THEMES[theme]), (step.name, value)


def test_masked_and_broken_cells_look_unlike_numbers():
    values = np.full((3, 3), 0.5)
    values[0] = [math.nan, math.inf, -math.inf]
    trace = Trace("marks")
    trace.given("x", values, "t c")
    plan, _ = painted(trace)
    with Image.open(io.BytesIO(picture(trace).encoded("png", dpi=192))) as image:
        pixels = np.asarray(image.convert("RGB")) / 255
    corners = [to_hex(pixels[round(2 * y) + 6, round(2 * x) + 6]).upper() for _, x, y in cells(plan, trace["x"])]
    alarm = THEMES["light"]["alarm"].upper()
    assert [corner == alarm for corner in corners] == [True, True] + [False] * 7
    width, height = plan["cell"]
    [(x, y)] = [(x, y) for value, x, y in cells(plan, trace["x"]) if value == -math.inf]
    assert to_hex(pixels[round(2 * y) + 3, round(2 * (x + width / 2))]).upper() == THEMES["light"]["mask"]
    lines = painted(trace)[1].strokes(THEMES["light"]["hatch"])
    assert len(lines) == 5 and all(x <= at <= x + width for x1, _, x2, _ in lines for at in (x1, x2))
    assert all(y <= at <= y + height for _, y1, _, y2 in lines for at in (y1, y2))


@settings(deadline=None, max_examples=15)
@given(masked=arrays(bool, st.tuples(*[st.integers(1, 6)] * 2)), tiles=st.integers(1, 2))
def test_hatches_cross_the_masked_cells_alone(masked, tiles):
    trace = Trace("masked")
    values = np.broadcast_to(np.where(masked, -np.inf, 1.0), (tiles, *masked.shape))
    trace.given("scores", values if tiles > 1 else values[0], "n c h" if tiles > 1 else "c h")
    plan, drawn = painted(trace)
    width, height = plan["cell"]
    lines = np.array(drawn.strokes(THEMES["light"]["hatch"])).reshape(-1, 2, 2)  # (lines, ends, 2)
    (right, down), steps = np.diff(lines, axis=1)[:, 0].T, np.linspace(0, 1, 300)[:, None]
    assert right * height == pytest.approx(-down * width, abs=4)  # as steep as a cell's diagonal
    crossed = (lines[:, None, 0] * (1 - steps) + lines[:, None, 1] * steps).reshape(-1, 2)
    for value, x, y in cells(plan, trace["scores"]):
        corner, inner = [x + 0.2, y + 0.2], [width - 0.4, height - 0.4]
        inside = ((crossed > corner) & (crossed < np.add(corner, inner))).all(axis=1).sum()
        assert inside > 30 if value == -math.inf else inside == 0


def test_rows_of_weights_show_their_sum():
    trace = average_matmul(np.ones((4, 2)))
    texts = [text.text for text in painted(trace)[1].texts]
    assert texts.count("Σ 1.00") == 5  # four rows of weights, the first row of tril
    assert {"Σ 2.00", "Σ 3.00", "Σ 4.00"} <= set(texts)


def test_titles_and_labels_are_written():
    tokens = ["the", "cat", "an extraordinarily long token"]
    trace = head_of(tokens=tokens)
    texts = [text.text for text in painted(trace)[1].texts]
    for step in trace:
        assert step.name in texts and step.shape in texts
    assert texts.count("the") == texts.count("an extr…") >= 5  # beside x, and above every matrix with columns s


@pytest.mark.parametrize(
    "trace",
    [
        head_of(T=4, tokens=["WWWWWWWWWWWW", "the", "🙂", "שלום"]),
        head_of(T=8, C=8, h=4, B=2),
        head_of(T=24, C=20, h=16),
        average_matmul(np.ones((3, 2)), tokens=["MMMMMMMM", "W", "@@@@@@@@"]),
        heads_of(8, 8, 2),
        heads_of(4, 8, 8),
        heads_of(20, 8, 4),
    ],
)
@pytest.mark.parametrize("width", [480, 1000])
def test_nothing_is_cut_off(trace, width):
    still = picture(trace, width=width)
    page = still.figure.get_size_inches() * 96
    points = glyphs(still.figure)
    assert points.min() >= 0 and (points <= page).all()


def test_a_long_name_is_not_cut_off():
    trace = Trace("names")
    trace.given("x", np.ones((2, 2)), "t c")
    trace.step("the_mean_of_all_the_past", "mean", "s c -> t c | s <= t", "x")
    still = picture(trace)
    assert glyphs(still.figure)[:, 0].max() <= still.figure.get_figwidth() * 96


# -- heads, side by side ---------------------------------------------------------------------------


def test_shown_is_a_tile_for_each_head():
    trace = heads_of(T=3, C=4, heads=2, B=2)
    assert (shown(trace["q"], {"b": 1}) == trace["q"].value[1]).all()
    assert (shown(trace["Wq"], {"b": 1}) == trace["Wq"].value).all()
    turned = Trace().given("x", np.arange(48).reshape(2, 3, 4, 2), "n b t h")
    assert (shown(turned, {"b": 2}) == turned.value[:, 2]).all()


@pytest.mark.parametrize(
    ("sizes", "name"), [((3, 4, 2), "head {}"), ((4, 8, 8), "{}"), ((40, 8, 2), "{}"), ((40, 60, 2), "head {}")]
)
def test_each_tile_says_which_head_it_is(sizes, name):
    """In full, or its number where a tile is narrow; also where the cells are too small for numbers."""
    trace = heads_of(*sizes)
    plan, drawn = painted(trace)
    box, heads = plan["boxes"]["v"], sizes[2]
    above = [
        text for text in drawn.texts if box["top"] + layout.TITLE <= text.y < box["y"] - (8.5 if plan["numbers"] else 0)
    ]
    for number, (left, width) in enumerate(box["tiles"]):
        assert [text.text for text in above if abs(text.x - left - width / 2) < 0.1] == [name.format(number)]
    assert len(box["tiles"]) == heads


def test_sums_and_columns_stand_at_each_tile_and_words_once():
    trace = heads_of(T=3, C=4, heads=2, tokens=False)
    trace.tokens = ["the", "cat", "sat"]
    plan, drawn = painted(trace)

    def inside(left, top, right, bottom):
        found = [text for text in drawn.texts if left < text.x < right and top < text.y < bottom]
        return [text.text for text in sorted(found, key=lambda text: (round(text.y + 0.2), text.x))]

    box = plan["boxes"]["weights"]
    for (x, width), values in zip(box["tiles"], trace["weights"].value):
        sums = inside(x + width, box["y"] - 9, x + width + layout.TILE_SUMS, box["y"] + box["height"])
        assert sums == ["Σ", *(f"{total:.2f}" for total in values.sum(axis=-1))]
    box = plan["boxes"]["scores"]
    for number, (x, width) in enumerate(box["tiles"]):
        over = inside(x, box["top"] + layout.TITLE, x + width, box["y"])
        assert over == [f"head {number}", "the", "cat", "sat", "0", "1", "2"]
    assert inside(0, box["y"], box["x"], box["y"] + box["height"]) == ["the", "0", "cat", "1", "sat", "2"]


def test_the_text_alternative_tells_head_by_head():
    trace = Trace("two heads")
    trace.given("out", [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]], "n t h")
    assert describe(trace) == (
        "two heads, from left to right: out (heads=2, T=2, head_size=2). "
        "head 0 of out is 1.00 2.00; 3.00 4.00. head 1 of out is 5.00 6.00; 7.00 8.00."
    )


def test_a_head_cannot_be_picked():
    with pytest.raises(ValueError) as error:
        heads_of().picture(pick={"n": 1})
    assert str(error.value) == "pick has n=1; heads are drawn side by side, and none is picked."


@pytest.mark.parametrize("B", [None, 2])
def test_a_question_mark_stands_in_its_tile(B):
    trace = heads_of(B=B)
    index = [1] * (B is not None) + [1, 2, 0]
    plan, drawn = painted(trace, pick={"b": 1} if B else {}, blank=["weights", index])
    (left, _), (width, height), y = plan["boxes"]["weights"]["tiles"][1], plan["cell"], plan["boxes"]["weights"]["y"]
    asked = [text for text in drawn.texts if text.text == "?"]
    assert asked == near(drawn.texts, left + 0.5 * width, y + 2.5 * height) and len(asked) == 1


def test_heads_and_their_gradients_are_drawn_in_any_face(tmp_path):
    trace, kinds = heads_of(), [*KINDS]
    for drawn, themes in ((trace, [*THEMES]), (trace.backward(), [*THEMES][::-1])):
        for kind, theme in zip(kinds, cycle(themes)):
            assert drawn.save(tmp_path / f"heads.{kind}", theme=theme).stat().st_size > 1000


# -- notes and a blank matrix -----------------------------------------------------------------------

NOTES = {"Wq": "learned", "weights": "rows sum to 1", "x": "one row a token"}


def test_notes_are_written_and_told():
    trace = head_of()
    still = trace.picture(notes=NOTES)
    assert still.alt == describe(trace)[:-1] + (
        ". Note on x: “one row a token”. Note on Wq: “learned”. Note on weights: “rows sum to 1”."
    )
    plan, drawn = painted(trace, notes=NOTES)
    written = {text.text: text for text in drawn.texts}
    for name, text in NOTES.items():
        box, found = plan["boxes"][name], written[text]
        assert found.x == box["x"] + layout.INDENT and found.size <= NOTE
        assert box["top"] + layout.TITLE < found.y < box["y"] - layout.COLUMNS
    assert (
        trace.picture(notes={}).encoded("svg")
        == trace.picture().encoded("svg")
        == trace.picture(notes={"x": " "}).encoded("svg")
    )


def test_a_note_is_in_a_saved_picture(tmp_path):
    trace = head_of()
    files = [
        trace.save(tmp_path / name, notes=notes).read_bytes() for name, notes in (("a.svg", None), ("b.svg", NOTES))
    ]
    assert files[0] != files[1] and "Note on weights: “rows sum to 1”" in files[1].decode()


@pytest.mark.parametrize(
    "text", ["$x$", "$", r"\frac{1}{2}", "w" * 10_000, "W " * 5000, "\x00\x1b", "🙂", "שלום", HOSTILE, "a\nb", 3.5]
)
def test_a_note_is_text_whatever_it_holds(text):
    trace = head_of(tokens=["the", "cat", "sat"])
    notes = dict.fromkeys(trace.steps, text)
    for width in (400, 1000):
        still = picture(trace, notes=notes, width=width)
        assert f"Note on out: “{text}”" in still.alt
        points = glyphs(still.figure)
        assert points.min() >= 0 and (points <= still.figure.get_size_inches() * 96).all()
    ElementTree.fromstring(still.encoded("svg"))
    assert len(Images(still.html).tags) == 1


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        (
            {"wieghts": "no"},
            "notes has 'wieghts', which is not in this trace; its matrices are x, Wq, Wk, Wv, q, k, v, scores, "
            "scaled, masked, weights, out.",
        ),
        ("rows", "notes is 'rows'; wanted a dictionary of texts by the name of a matrix, {'x': 'one row a token'}."),
    ],
)
def test_a_note_on_nothing_gives_a_sentence(notes, words):
    with pytest.raises(ValueError) as error:
        head_of().picture(notes=notes)
    assert str(error.value) == words


def test_a_blank_matrix_looks_the_same_whatever_its_numbers():
    """Not a byte of the picture, and not a word of its text alternative, depends on them."""
    seen = set()
    for scores in ([[3.75, -8.5], [0.25, 7.0]], [[0.0, 1.0], [-math.inf, math.nan]], [[0.5, 0.5], [1.0, 0.0]]):
        trace = Trace("asked", ["the", "cat"])
        trace.given("scores", np.array(scores), "t s", role="weights")
        still = trace.picture(blank=("scores", (1, 0)))
        seen.add((still.alt, *(still.encoded(kind) for kind in KINDS)))
    assert len(seen) == 1
    assert still.alt == "asked, from left to right: scores (T=2, T=2). scores[1,0] is asked for."


@pytest.mark.parametrize("theme", THEMES)
def test_a_question_mark_stands_in_the_cell_that_is_asked_for(theme):
    trace = head_of(B=2)
    plan, drawn = painted(trace, theme=theme, pick={"b": 1}, blank=["weights", [1, 2, 1]])
    box, (width, height) = plan["boxes"]["weights"], plan["cell"]
    asked = [text for text in drawn.texts if text.text == "?"]
    assert asked == near(drawn.texts, box["x"] + 1.5 * width, box["y"] + 2.5 * height) and len(asked) == 1
    assert not any(text.text.startswith("Σ") for text in drawn.texts)
    inside = {
        name: [
            text.text
            for text in drawn.texts
            if box["x"] < text.x < box["x"] + box["width"] and box["y"] < text.y < box["y"] + box["height"]
        ]
        for name, box in plan["boxes"].items()
    }
    assert inside["weights"] == ["?"] and inside["out"] == [] and len(inside["masked"]) > 0  # out is made from weights
    assert len(drawn.root.findall(f"{SVG}image")) == len(trace) - 2  # they have no colors either
    other = painted(trace, theme=theme, pick={"b": 0}, blank=["weights", [1, 2, 1]])[1]
    assert not any(text.text == "?" for text in other.texts)


@pytest.mark.parametrize(
    ("axes", "index", "place"), [("t", (2,), (0, 2)), ("c", (2,), (2, 0)), ("", (), (0, 0)), ("t c", (1, 2), (2, 1))]
)
def test_a_matrix_of_any_axes_can_be_asked_for(axes, index, place):
    trace = Trace("one")
    trace.given("x", np.ones([3] * len(axes.split())), axes)
    plan, drawn = painted(trace, 600, blank=["x", list(index)])
    box, (width, height) = plan["boxes"]["x"], plan["cell"]
    [asked] = near(drawn.texts, box["x"] + (place[0] + 0.5) * width, box["y"] + (place[1] + 0.5) * height)
    assert asked.text == "?"


@pytest.mark.parametrize(
    ("blank", "error"), [(("nope", (0, 0)), KeyError), (("out", (9, 0)), IndexError), (("out", (0,)), ValueError)]
)
def test_a_blank_cell_that_is_not_there_gives_a_sentence(blank, error):
    with pytest.raises(error) as raised:
        head_of().picture(blank=blank)
    assert str(raised.value).endswith((".", "out"))


# -- a pinned cell ----------------------------------------------------------------------------------


def frames(still):
    """Upper left corner of every framed cell, and the color of its frame, which cells of a rectangle share."""
    found, (wide, high) = {}, still.plan["cell"]
    for rect in Drawn(still).rects:
        if rect.get("stroke-width") == "2.5":
            x, y, width, height = (float(rect[name]) for name in ("x", "y", "width", "height"))
            for row in np.arange(height // high):
                for column in np.arange(width // wide):
                    found[(round(x + column * wide, 1), round(y + row * high, 1))] = rect["stroke"]
    return found


def veils(still):
    """The rectangles that cover what is not lit: {opacity: [(x, y, width, height), ...]}."""
    found = {}
    for path in Drawn(still).root.findall(f"{SVG}path[@fill-opacity]"):
        areas = re.findall(r"M(\S+) (\S+?)h(\S+?)v(\S+?)h-\3z", path.get("d"))
        found[float(path.get("fill-opacity"))] = [tuple(map(float, area)) for area in areas]
    return found


@pytest.mark.parametrize(("trace", "cell"), [(head_of(T=5), ("out", (2, 1))), (heads_of(), ("weights", (1, 2, 0)))])
def test_what_a_pinned_cell_does_not_depend_on_is_veiled(trace, cell):
    """Lit are the cell and its sources, half lit what reaches it through them, and all else is veiled."""
    half, ahead = set(), list(trace.sources(cell[0], *cell[1]))
    lit = {cell, *ahead}
    while ahead:
        ahead = [source for name, index in ahead for source in trace.sources(name, *index)]
        half |= {*ahead} - lit
    still = trace.picture(pinned=cell)
    covers = veils(still)
    for step in trace:
        for index in np.ndindex(step.value.shape):
            box, (tile, row, column) = still.plan["boxes"][step.name], layout.place_of(step, index)
            wide, high = still.plan["cell"]
            x, y = box["tiles"][tile][0] + (column + 0.5) * wide, box["y"] + (row + 0.5) * high
            over = [
                opacity
                for opacity, areas in covers.items()
                for left, top, width, height in areas
                if left < x < left + width and top < y < top + height
            ]
            place = step.name, index
            assert over == ([] if place in lit else [0.3] if place in half else [0.62]), place
    assert veils(trace.picture()) == {}
    tree = list(Drawn(still).root)
    first = next(i for i, part in enumerate(tree) if part.get("fill-opacity"))
    assert {part.tag for part in tree[first:]} == {f"{SVG}path", f"{SVG}rect"}  # no number lies over the veils
    to = [part for part in tree[first:] if part.get("d") and part.get("stroke-width") == "2"]
    assert {part.get("stroke") for part in to} == {ROLES[trace[name].role][0] for name in trace[cell[0]].inputs}


@pytest.mark.parametrize(("B", "n", "index"), [(None, None, (2, 1)), (2, None, (1, 2, 1)), (None, 2, (1, 2, 1))])
@pytest.mark.parametrize("theme", THEMES)
def test_a_pinned_cell_is_framed_with_those_it_is_made_of(B, n, index, theme):
    trace = heads_of(heads=n) if n else head_of(B=B)
    still = trace.picture(pinned=("out", index), theme=theme)
    plan, dark, wanted = layout.lay_out(layout.matrices(trace), 1000), theme == "dark", {}
    for source, place in [*trace.sources("out", *index), ("out", index)]:
        (tile, row, column), box, (width, height) = (
            layout.place_of(trace[source], place),
            plan["boxes"][source],
            plan["cell"],
        )
        corner = round(box["tiles"][tile][0] + column * width, 1), round(box["y"] + row * height, 1)
        wanted[corner] = THEMES[theme]["ink"] if source == "out" else ROLES[trace[source].role][dark]
    assert frames(still) == wanted and len(wanted) > 3
    assert f"Pinned: {trace.why('out', *index)}" in still.alt
    assert frames(trace.picture(theme=theme)) == {}


def test_a_pinned_cell_in_another_sequence_than_the_picked_one_has_no_frame():
    assert frames(head_of(B=2).picture(pinned=("out", (1, 2, 1)), pick={"b": 0})) == {}


def test_a_pinned_cell_gives_no_blank_number_away():
    assert "Pinned" not in head_of().picture(pinned=("out", (2, 1)), blank=("weights", (2, 0))).alt


def test_the_still_of_a_diagram_shows_what_is_pinned_while_it_is_there():
    diagram = Diagram(head_of(T=3), pinned=("out", (2, 1)))
    assert "Pinned: out[2,1] = " in diagram._repr_mimebundle_()[0]["text/html"]
    diagram.trace = head_of(T=2)
    assert "Pinned" not in diagram._repr_mimebundle_()[0]["text/html"]


@pytest.mark.parametrize(
    ("pinned", "error"), [(("nope", (0, 0)), KeyError), (("out", (9, 0)), IndexError), (("out", (0,)), ValueError)]
)
def test_a_pinned_cell_that_is_not_there_gives_a_sentence(pinned, error):
    with pytest.raises(error):
        head_of().picture(pinned=pinned)


# -- whatever is given ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", [" ", "", "\n", "\t", "$x$", r"$\foo$", "$5 or $6", "w" * 10_000, "\x00\x1b", "🙂", "שלום", HOSTILE]
)
def test_text_is_written_as_it_is(text):
    trace = Trace(text, [text, "b"])
    trace.given("x", np.ones((2, 2)), "t c")
    trace.step(f"y {text[:200]}", "sum-product", "t c -> t c", "x", role="weights")
    still = picture(trace)
    assert text in still.alt
    ElementTree.fromstring(still.encoded("svg"))
    ElementTree.fromstring(still.image[1])
    assert Images(still.html).tags[0][1]["alt"] == still.alt.replace(
        "\x00", "\ufffd" if "\ufffd" in still.html else "\x00"
    )


def test_a_dollar_is_no_formula():
    """matplotlib would read $a_b$ as mathematics: narrower, and in italics."""
    plain = sum(text_width(letter, 10) for letter in "$a_b$")
    assert text_width("$a_b$", 10) == pytest.approx(plain, rel=0.15)


@pytest.mark.parametrize(
    "tokens",
    [["a", "b", "c"], ("a", "b", "c"), [1, 2, 3], np.array(["a", "b", "c"])],
    ids=["list", "tuple", "numbers", "array"],
)
def test_tokens_of_any_kind(tokens):
    trace = Trace("tokens", tokens)
    trace.given("x", np.ones((3, 2)), "t c")
    trace.step("y", "sum-product", "t c, s c -> t s", "x", "x")
    texts = [text.text for text in painted(trace)[1].texts]
    assert all(str(token) in texts for token in tokens)


@pytest.mark.parametrize("kind", RULES)
@settings(deadline=None, max_examples=3)
@given(data=st.data())
def test_every_kind_of_step_is_drawn(kind, data):
    trace = data.draw(STEPS[kind])
    plan, drawn = painted(trace)
    texts = {text.text.replace("–", "−") for text in drawn.texts}  # a shorter one in cells
    for step in trace:
        assert step.name in texts
        if step.value.ndim < 3:
            assert {cell_text(value, step.digits, plan["compact"]) for value in step.value.flat} <= texts


def test_words_stand_along_their_own_axis():
    """Queries and keys from different places: no word of the one is written beside the other."""
    trace = Trace("crossed", {"t": ["le", "chat"], "s": ["the", "cat", "sat"]})
    trace.given("x", np.ones((2, 4)), "t c")
    trace.given("other", np.ones((3, 4)), "s c")
    trace.step("scores", "sum-product", "t c, s c -> t s", "x", "other")
    plan, drawn = painted(trace)
    box = plan["boxes"]["scores"]
    above = [text.text for text in drawn.texts if text.turned]
    assert above == ["the", "cat", "sat"]
    beside = [text for text in drawn.texts if text.text in ("le", "chat", "the", "cat", "sat") and not text.turned]
    rows = {text.text: text.y for text in beside if text.x < box["x"]}
    assert rows["le"] < rows["chat"]
    assert "(T=2, S=3)" in [text.text for text in drawn.texts] and "(T=2, S=3)" in drawn.still.alt
    alone = painted(Trace("crossed", ["le", "chat"], dict(trace.steps)))[1]  # no word for the keys
    assert not [text for text in alone.texts if text.turned]


def test_nothing_makes_an_empty_picture():
    still = picture(Trace("nothing yet"))
    assert "nothing yet" in still.alt and still.encoded("png") and Images(still.html).tags[0][0] == "img"


# -- the same bytes -------------------------------------------------------------------------------


def test_a_learners_matplotlib_settings_change_nothing():
    settings = {
        "savefig.bbox": "tight",
        "savefig.transparent": True,
        "savefig.facecolor": "red",
        "svg.fonttype": "path",
        "figure.dpi": 50,
        "figure.facecolor": "red",
        "axes.facecolor": "black",
        "hatch.linewidth": 4,
        "lines.linewidth": 9,
    }
    before = {kind: picture(head_of()).encoded(kind) for kind in KINDS}, picture(head_of()).html
    with matplotlib.rc_context(settings):
        assert ({kind: picture(head_of()).encoded(kind) for kind in KINDS}, picture(head_of()).html) == before


# -- files ----------------------------------------------------------------------------------------


def test_save_writes_what_the_ending_says(tmp_path):
    trace = head_of()
    starts = {"png": b"\x89PNG\r\n", "svg": b"<?xml", "pdf": b"%PDF-"}
    for kind, start in starts.items():
        path = trace.save(tmp_path / f"head.{kind}")
        assert path == tmp_path / f"head.{kind}" and path.read_bytes().startswith(start)
        assert path.read_bytes() == picture(trace).encoded(kind)
    assert (
        picture(trace, theme="dark").save(str(tmp_path / "dark.svg")).read_bytes()
        != (tmp_path / "head.svg").read_bytes()
    )


def test_a_saved_svg_carries_its_words():
    still = picture(head_of())
    root = ElementTree.fromstring(still.encoded("svg"))
    assert still.alt in [element.text for element in root.iter() if element.tag.endswith("title")]


@pytest.mark.parametrize("name", ["head.jpg", "head", "head.", "head.SVGZ"])
def test_another_ending_gives_a_sentence(tmp_path, name):
    with pytest.raises(ValueError, match=r"ends in .*; wanted one of \.png, \.svg, \.pdf\.$") as error:
        picture(head_of()).save(tmp_path / name)
    assert name in str(error.value) and list(tmp_path.iterdir()) == []


# -- options --------------------------------------------------------------------------------------


def test_another_theme_gives_a_sentence():
    for draw in (
        lambda: picture(head_of(), theme="blue"),
        lambda: head_of().picture(theme="blue"),
        lambda: curves([1], {"a": [1]}, alt="a", theme="blue"),
    ):
        with pytest.raises(ValueError, match=r"^theme is 'blue'; wanted one of light, dark.$"):
            draw()


def test_the_theme_gives_the_page_its_color():
    for theme, paint in THEMES.items():
        still = picture(head_of(), theme=theme)
        page = {"x": "0", "y": "0", "width": str(still.plan["width"]), "height": f"{still.plan['height']:g}"}
        assert Drawn(still).rects[0] == {**page, "fill": paint["surface"]}
        with Image.open(io.BytesIO(still.encoded("png"))) as image:
            assert to_hex(np.array(image.convert("RGB"))[-1, -1] / 255).upper() == paint["surface"]


def test_a_sequence_of_the_batch_is_picked():
    trace = head_of(B=3)
    for b in range(3):
        plan, drawn = painted(trace, pick={"b": b})
        width, height = plan["cell"]
        for (t, c), value in np.ndenumerate(trace["x"].value[b]):
            box = plan["boxes"]["x"]
            [written] = near(drawn.texts, box["x"] + (c + 0.5) * width, box["y"] + (t + 0.5) * height)
            assert written.text == cell_text(value, trace["x"].digits, plan["compact"]).replace("−", "–")
    assert picture(trace).encoded("svg") == picture(trace, pick={"b": 0}).encoded("svg")
    assert picture(trace).encoded("svg") != picture(trace, pick={"b": 1}).encoded("svg")


@pytest.mark.parametrize(
    ("pick", "words"),
    [
        ({"b": 3}, "pick has b=3; wanted 0 to 2."),
        ({"b": -1}, "pick has b=-1; wanted 0 to 2."),
        ({"n": 0}, "pick has n=0; no matrix of head has a higher axis n."),
        ({"t": 0}, "no matrix of head has a higher axis t."),
    ],
)
def test_a_pick_that_is_not_there_gives_a_sentence(pick, words):
    with pytest.raises(ValueError) as error:
        picture(head_of(B=3), pick=pick)
    assert words in str(error.value)


# -- curves ---------------------------------------------------------------------------------------


def test_curves_draw_their_numbers_and_name_their_lines():
    x = [1, 2, 4, 8]
    lines = {"one": [1.0, 2.0, 3.0, 4.0], "$two$": np.array([4.0, 3.0, 2.0, 1.0])}
    still = curves(x, lines, xlabel="size", ylabel="variance", title="Variance", alt="two lines that cross", logx=True)
    axes = still.figure.axes[0]
    assert isinstance(still, FigurePicture) and still.alt == "two lines that cross"
    assert [line.get_xdata().tolist() for line in axes.lines] == [x, x]
    assert [list(line.get_ydata()) for line in axes.lines] == [list(y) for y in lines.values()]
    labels = {text.get_text(): text for text in axes.texts}
    assert labels.keys() == lines.keys()
    for label, line in zip(lines, axes.lines):
        assert to_hex(labels[label].get_color()) == to_hex(line.get_color())
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    ticks = [*axes.get_xticklabels(which="major"), *axes.get_xticklabels(which="minor")]
    assert [tick.get_text() for tick in ticks] == ["1", "2", "4", "8"]  # plain numbers, those of x where it is short
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title("left")) == ("size", "variance", "Variance")
    for kind in KINDS:
        assert still.encoded(kind)


@pytest.mark.parametrize(
    "ends", [[1 + i / 100 for i in range(6)], [0.0] * 8, [0, 1, 1, 1, 5], [math.nan, math.inf, 2.0], [3.0]]
)
def test_labels_of_curves_neither_overlap_nor_leave_the_page(ends):
    still = curves([0, 1], {f"line {i}": [1, end] for i, end in enumerate(ends)}, alt="lines that end close together")
    boxes = [text.get_window_extent() for text in still.figure.axes[0].texts]
    width, height = still.figure.bbox.size
    assert len(boxes) == len(ends)
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in boxes)
    boxes.sort(key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 for low, high in pairwise(boxes))


def test_labels_of_curves_stand_at_the_ends_of_their_lines():
    still = curves([0, 1], {"low": [0, 0], "high": [0, 4], "middle": [0, 2]}, alt="three lines")
    axes = still.figure.axes[0]
    for text, line in zip(axes.texts, axes.lines):
        box, (_, end) = text.get_window_extent(), axes.transData.transform((1, line.get_ydata()[-1]))
        assert (box.y0 + box.y1) / 2 == pytest.approx(end, abs=3)


@pytest.mark.parametrize("order", [("high", "low"), ("low", "high")])
def test_of_two_lines_that_end_together_the_upper_one_has_the_upper_label(order):
    lines = {"high": [math.nan, 3, 2, 1], "low": [0, 0, 0, 1]}
    still = curves(range(4), {name: lines[name] for name in order}, alt="two lines that meet")
    height = {text.get_text(): text.get_position()[1] for text in still.figure.axes[0].texts}
    assert height["high"] > height["low"]


def test_curves_need_words_and_lines_of_one_length():
    with pytest.raises(ValueError, match="needs alt: say in words"):
        curves([1, 2], {"a": [1, 2]})
    with pytest.raises(ValueError, match="the line 'a' has 3 numbers; wanted 2"):
        curves([1, 2], {"a": [1, 2, 3]}, alt="a")
