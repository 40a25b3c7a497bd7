"""What a still picture costs, how it stays small, and that it stays true where cells are too many to be drawn."""

import base64
import io
import json
import math
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from helpers.attention.heads import head, many_heads
from helpers.look import layout
from helpers.look.style import THEMES, fill
from helpers.pictures import letters, thin
from helpers.pictures.outlines import text_width
from helpers.pictures.painter import shown
from helpers.pictures.raster import png, stored
from helpers.pictures.svg import MANY, short
from helpers.trace.trace import Trace
from tests.strategies import CHARACTER

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
KINDS = ("png", "svg", "pdf")


def head_of(T=8, C=8, h=4, heads=1, tokens=None):
    rng = np.random.default_rng(0)
    if heads == 1:
        return head(rng.normal(size=(T, C)), *rng.normal(size=(3, C, h)), tokens=tokens)
    return many_heads(rng.normal(size=(T, C)), *rng.normal(size=(3, C, C)), heads=heads, tokens=tokens)


def root_of(still):
    return ElementTree.fromstring(still.image[1])


def tiles_of(root):
    """Every block of cells: where it stands, and its colors (rows, columns, 3)."""
    for image in root.findall(f"{SVG}image"):
        data = base64.b64decode(image.get(LINK).removeprefix("data:image/png;base64,"))
        place = tuple(float(image.get(name)) for name in ("x", "y", "width", "height"))
        yield place, np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


# -- what it costs ----------------------------------------------------------------------------------

COST = """
import json, resource, sys, time
import numpy as np
from helpers.attention.heads import many_heads

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

rng = np.random.default_rng(0)
trace = many_heads(rng.normal(size=(512, 16)), *rng.normal(size=(3, 16, 16)), heads=4)
before, start = peak(), time.process_time()
page = trace._repr_mimebundle_()[0]["text/html"]
print(json.dumps([time.process_time() - start, peak() - before, len(page), [*sys.modules]]))
"""


def test_a_large_display_is_quick_and_small():
    """512 tokens and four heads, imports and all: many times faster than a shape for each of 4 million cells."""
    ran = subprocess.run([sys.executable, "-c", COST], capture_output=True, text=True, check=True)
    seconds, megabytes, length, modules = json.loads(ran.stdout)
    assert seconds < 2 and megabytes < 200 and length < 300_000
    assert not {"matplotlib", "PIL", "torch"} & {*modules}


def test_a_small_display_is_quick_and_small():
    traces = [head_of(T=16, C=16, h=16) for _ in range(3)]
    seconds = []
    for trace in traces:
        start = time.process_time()
        trace._repr_mimebundle_()
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.25
    assert len(head_of(T=2, C=3, h=2).picture().html) < 25_000 and len(head_of().picture().html) < 60_000


# -- cells ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
def test_each_cell_has_the_color_of_its_number(theme):
    trace = head_of()
    trace.given("broken", [[math.nan, math.inf], [-math.inf, 0.5]], "b e")
    still = trace.picture(theme=theme)
    tiles = dict(tiles_of(root_of(still)))
    assert still.plan["numbers"] and len(tiles) == len(trace)
    for step in trace:
        box, top = still.plan["boxes"][step.name], abs(step.value[np.isfinite(step.value)]).max()
        pixels = tiles[(box["x"], box["y"], box["width"], box["height"])]
        for place, value in np.ndenumerate(step.value):
            assert f"#{bytes(pixels[place]).hex().upper()}" == fill(value, step.role, top, THEMES[theme])


def test_a_saved_svg_has_a_shape_for_each_cell():
    trace = Trace("two by three")
    trace.given("x", [[1, -2, 1], [0, 1, 4]], "t c")
    still = trace.picture()
    root, (wide, high), box = ElementTree.fromstring(still.encoded("svg")), still.plan["cell"], still.plan["boxes"]["x"]
    found = {}
    for path in root.findall(f"{SVG}path"):
        for one in re.findall(r"M(\S+) (\S+?)h(\S+?)v(\S+?)h-\3z", path.get("d")):
            found[tuple(map(float, one))] = path.get("fill").upper()
    assert not root.findall(f"{SVG}image") and found == {
        (box["x"] + c * wide, box["y"] + r * high, wide, high): fill(value, "x", 4, THEMES["light"])
        for (r, c), value in np.ndenumerate(trace["x"].value)
    }
    many = ElementTree.fromstring(head_of(T=72).picture().encoded("svg"))
    assert len(many.findall(f"{SVG}image")) == 4 and MANY < 72**2


@settings(deadline=None, max_examples=40)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)), elements=st.integers(0, 255)),
    st.sampled_from([1, 40, 255]),
)
def test_an_image_holds_its_colors(colors, different):
    colors = colors % different
    with Image.open(io.BytesIO(png(colors))) as image:
        image.load()
        assert np.array_equal(np.asarray(image.convert("RGB")), colors)


def test_a_large_image_holds_its_colors():
    rng = np.random.default_rng(0)
    for colors in (rng.integers(0, 256, (300, 280, 3), np.uint8), rng.integers(0, 5, (300, 280, 3), np.uint8)):
        with Image.open(io.BytesIO(png(colors))) as image:
            assert np.array_equal(np.asarray(image.convert("RGB")), colors)


@pytest.mark.parametrize("size", [1, 65_535, 65_536, 200_000])
def test_what_is_stored_is_what_zlib_reads(size):
    data = np.random.default_rng(0).bytes(size)
    assert zlib.decompress(stored(data)) == data


@settings(deadline=None)
@given(st.floats(-1e5, 1e5))
def test_a_short_number_is_near(value):
    assert float(short(value)) == pytest.approx(value, abs=0.0501) and len(short(value)) <= len(f"{value:.1f}")


# -- fewer cells than numbers -----------------------------------------------------------------------


def strongest_of(values, down, across, r, c):
    """The strongest number of one block, by a loop."""
    block = values[r * down : (r + 1) * down, c * across : (c + 1) * across].ravel().tolist()
    if any(math.isnan(value) or value == math.inf for value in block):
        return math.nan
    return max([value for value in block if math.isfinite(value)], key=abs, default=-math.inf)


def blocks(values, down, across):
    """How many rows and columns of blocks there are."""
    return tuple(-(-size // many) for size, many in zip(values.shape, (down, across)))


NUMBERS = st.one_of(st.integers(-9, 9), st.sampled_from([-math.inf, math.inf, math.nan])).map(float)


@settings(deadline=None, max_examples=30)
@given(arrays(float, st.tuples(*[st.integers(1, 23)] * 2), elements=NUMBERS), st.integers(1, 9))
def test_a_cell_shows_the_strongest_of_its_numbers(values, longest):
    down, across = (thin.together(size, longest) for size in values.shape)
    [found] = thin.strongest(values[None], longest)
    shape = blocks(values, down, across)
    wanted = np.reshape([strongest_of(values, down, across, *place) for place in np.ndindex(shape)], shape)
    assert found.shape == wanted.shape <= (longest, longest)
    if down == across == 1:
        assert np.array_equal(found, values, equal_nan=True)
        return
    assert np.array_equal(np.abs(found), np.abs(wanted), equal_nan=True)  # of 3 and -3, either
    masked = found == -math.inf
    assert np.array_equal(masked, wanted == -math.inf) and np.isin(found[np.isfinite(found)], values).all()


@pytest.mark.parametrize(("T", "heads", "together"), [(512, 1, 4), (500, 1, 4), (512, 4, 8), (600, 2, 5)])
def test_a_large_picture_says_what_a_cell_stands_for(T, heads, together):
    trace = head_of(T=T, C=16, h=16, heads=heads)
    trace["scores"].value[(0,) * (heads > 1) + (T - 1, 0)] = math.nan
    still = trace.picture()
    root, plan = root_of(still), still.plan
    remark = f"Each cell stands for {together} numbers along T, and shows the one furthest from zero"
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert remark in texts and still.alt.endswith(f" {remark}.") and not plan["overflow"]
    tiles = dict(tiles_of(root))
    for name in ("x", "scores", "masked", "weights", "out"):
        step, box, values = trace[name], plan["boxes"][name], shown(trace[name], {})
        top = abs(values[np.isfinite(values)]).max()
        for (x, wide), tile in zip(box["tiles"], values):
            pixels = tiles[(float(short(x)), float(short(box["y"])), wide, box["height"])].astype(int)
            many = together, together if tile.shape[1] == T else 1
            shape = blocks(tile, *many)
            assert pixels.shape[:2] == shape
            for place in [*np.ndindex(shape)][:: max(1, math.prod(shape) // 300)]:
                value = strongest_of(tile, *many, *place)
                color = THEMES["light"]["alarm"] if math.isnan(value) else fill(value, step.role, top, THEMES["light"])
                near = np.array([*bytes.fromhex(color[1:])])
                assert abs(pixels[place] - near).max() <= 2, (name, place, value)
    assert thin.sentence(trace, None) == "" and "stands for" not in head_of(T=64).picture().alt


@settings(deadline=None, max_examples=30)
@given(T=st.integers(1, 5000), C=st.integers(1, 5000), heads=st.integers(1, 20), width=st.integers(300, 1400))
def test_any_size_finds_room(T, C, heads, width):
    made = layout.Matrix("q", T, C, heads, title=150, inputs=("x",))
    plan = thin.lay_out([layout.Matrix("x", T, C), layout.Matrix("Wq", C, C, heads, above="q"), made], width)
    assert not plan["overflow"] and (plan["numbers"] or plan["height"] <= thin.TALLEST + thin.REMARK)
    assert not (plan["numbers"] and plan["longest"])
    for box in plan["boxes"].values():
        assert box["x"] > 0 and box["y"] > 0 and box["y"] + box["height"] < plan["height"]
        assert box["tiles"][-1][0] + box["tiles"][-1][1] < width


def test_a_hundred_heads_find_room():
    plan = head_of(T=8, C=100, heads=100).picture().plan
    last = max(box["tiles"][-1][0] + box["tiles"][-1][1] for box in plan["boxes"].values())
    assert last <= plan["width"]


def test_a_pinned_and_an_asked_cell_stand_where_their_numbers_are():
    trace = head_of(T=512, C=4)
    still = trace.picture(pinned=("out", (300, 1)))
    frames = [rect.attrib for rect in root_of(still).findall(f"{SVG}rect") if rect.get("stroke-width") == "1"]
    box, (wide, high) = still.plan["boxes"]["out"], still.plan["cell"]
    at = [(float(rect["x"]), float(rect["y"])) for rect in frames if rect["stroke"] == THEMES["light"]["ink"]]
    assert at == [(box["x"] + wide, box["y"] + 300 // 4 * high)]
    # A cell stands for four numbers: a whole row of weights, and of v what has a weight, up to token 300.
    sizes = [(float(rect["width"]) / wide, float(rect["height"]) / high) for rect in frames]
    assert sizes == [(128, 1), (1, 76), (1, 1)]
    asked = root_of(trace.picture(blank=("weights", (5, 300))))
    [rect] = [rect for rect in asked.findall(f"{SVG}rect") if rect.get("stroke-width") == "1"]
    box = still.plan["boxes"]["weights"]
    assert (float(rect.get("x")), float(rect.get("y"))) == (box["x"] + 75 * wide, box["y"] + high)


# -- texts ------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30))
def test_a_text_is_no_wider_than_is_thought(text):
    assert text_width(text, 100) <= letters.width(text, 100) + 3
    assert text_width(text, 100, bold=True) <= 1.1 * letters.width(text, 100, bold=True) + 3


@settings(deadline=None, max_examples=50)
@given(st.text(CHARACTER, max_size=40), st.floats(5, 20), st.floats(0, 300), st.booleans())
def test_a_fitted_text_fits(text, size, most, bold):
    found, smaller = letters.fitted(text, size, most, bold)
    assert smaller <= size and smaller >= round(letters.SMALLEST * size, 1) - 1e-9
    assert letters.width(found, smaller, bold) <= most + 0.01 or found == "…"
    assert found == text or (found.endswith("…") and text.startswith(found[:-1]))


TAGS = {"svg", "title", "g", "text", "tspan", "path", "rect", "image"}
LONG = "w" * 10_000
HOSTILE = [
    "<script>alert(1)</script> & ' \"",
    "]]>",
    "<!--",
    "&amp;",
    "a\nb",
    "\x00\x1b",
    "\ud800",
    "🙂",
    "שלום",
    "ab\u202ecd",
]


@pytest.mark.parametrize("text", [*HOSTILE, LONG, "W " * 5000])
def test_any_text_is_text(text):
    trace = Trace("texts", [text, "b"])
    trace.given(text, np.ones((2, 2)), "t c")
    trace.step("out", "sum-product", "t c, s c -> t s", text, text)
    still = trace.picture(notes={text: text})
    for data in (still.image[1], still.encoded("svg")):
        root = ElementTree.fromstring(data)
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= TAGS
        texts = [("".join(one.itertext()), one.get("font-size")) for one in root.iter(f"{SVG}text")]
        words = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", "\ufffd", text)
        assert any(found.strip("…") and words.startswith(found.rstrip("…")) for found, _ in texts)
        assert max(len(found) for found, _ in texts) < 200
    assert still.width <= 1000 and len(still.image[1]) < 20_000


# -- files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("T", "theme"), [(3, "light"), (80, "dark"), (600, "light")])
def test_files_open_with_the_size_of_the_page(T, theme, tmp_path):
    trace = head_of(T=T)
    still = trace.picture(theme=theme)
    wide, high = still.plan["width"], still.plan["height"]
    with Image.open(trace.save(tmp_path / "head.png", theme=theme)) as image:
        image.load()
        assert image.size == pytest.approx((2 * wide, 2 * high), abs=1)
    pdf = trace.save(tmp_path / "head.pdf", theme=theme).read_bytes()
    box = re.search(rb"/MediaBox \[ 0 0 (\S+) (\S+) \]", pdf).groups()
    assert [float(side) for side in box] == pytest.approx([0.75 * wide, 0.75 * high], abs=0.01)
    assert pdf.rstrip().endswith(b"%%EOF")
    root = ElementTree.parse(trace.save(tmp_path / "head.svg", theme=theme)).getroot()
    assert (float(root.get("width")), float(root.get("height"))) == pytest.approx((wide, high), abs=0.1)


def test_all_kinds_of_files_show_the_same_colors():
    """A PNG file is drawn by another brush than the picture in a notebook: their cells are of one color."""
    for trace in (head_of(), head_of(T=80)):
        still = trace.picture()
        with Image.open(io.BytesIO(still.encoded("png", dpi=192))) as image:
            page = np.asarray(image.convert("RGB")).astype(int)
        wide, high = still.plan["cell"]
        across, down = (0.5, 0.12) if still.plan["numbers"] else (0.5, 0.5)  # above the number
        for (x, y, _, _), pixels in tiles_of(root_of(still)):
            unhatched = (pixels != [*bytes.fromhex(THEMES["light"]["mask"][1:])]).any(axis=-1)
            r, c = np.argwhere(unhatched[1:-1, 1:-1]).T + 1  # frames lie over the outer ones
            places = np.rint(2 * (y + (r + down) * high)), np.rint(2 * (x + (c + across) * wide))
            found = page[*(place.astype(int) for place in places)]
            assert r.size and abs(found - pixels[r, c]).max() <= 1
