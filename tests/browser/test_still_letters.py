"""The still picture in a browser: its letters fit whichever font the reader has, and its cells stay sharp."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from helpers.attention import tiles
from helpers.attention.averages import average_matmul
from helpers.look.layout import TITLE
from helpers.look.style import THEMES, fill
from helpers.pictures import letters
from helpers.pictures.painter import SHAPE
from helpers.pictures.svg import FONT
from tests.browser.pages import head_of
from tests.tiled import heads_of

MEASURE = """svg => {
  document.body.innerHTML = svg;
  const page = document.querySelector("svg").getBoundingClientRect();
  const texts = [...document.querySelectorAll("text")];
  const parts = texts.flatMap(text => text.querySelector("tspan[x]") ? [...text.children] : [text]);
  return JSON.stringify(parts.map(part => {
    const { left, right, top, bottom } = part.getBoundingClientRect();
    return [part.textContent, left - page.left, right - page.left, top - page.top, bottom - page.top];
  }));
}"""


@pytest.fixture(scope="module")
def page(browser):
    with browser.new_context(device_scale_factor=2, viewport={"width": 1000, "height": 1400}) as context:
        yield context.new_page()


def measured(page, still, font):
    """Each text of a still picture, and the box of its letters in a font."""
    return json.loads(page.evaluate(MEASURE, still.image[1].decode().replace(FONT, font)))  # as text it is faster


@pytest.mark.parametrize("font", ["DejaVu Sans", "Liberation Sans", "Liberation Serif", "Liberation Sans Narrow"])
@pytest.mark.parametrize(
    "trace",
    [
        head_of(T=2, C=3, h=2),
        head_of(T=8, C=8, h=4),
        head_of(T=4, C=3, h=2, tokens=["WWWWWWWWWWWW", "🙂", "שלום", "注意力"]),
        heads_of(8, 8, 2),
        heads_of(40, 60, 2),
        average_matmul(np.arange(30.0).reshape(6, 5) * -12345.678),
    ],
    ids=lambda trace: f"{trace.title} {trace['x'].shape}",
)
def test_letters_fit_in_any_font(page, trace, font):
    still = trace.picture()
    found = measured(page, still, font)
    wide, _ = still.plan["cell"]
    cells = [
        (box["tiles"][tile][0], box["y"], width, box["height"])
        for box in still.plan["boxes"].values()
        for tile, (_, width) in enumerate(box["tiles"])
    ]
    inside = 0
    for text, left, right, top, bottom in found:
        assert left > -1 and right < still.plan["width"] + 1 and bottom < still.plan["height"] + 2, text
        middle, height = (left + right) / 2, (top + bottom) / 2
        for x, y, width, tall in cells if still.plan["numbers"] else ():
            if x < middle < x + width and y < height < y + tall:
                inside += 1
                at = x + (middle - x) // wide * wide
                assert at - 0.2 <= left and right <= at + wide + 0.2, text
    assert inside > 50 or not still.plan["numbers"]


@pytest.mark.parametrize("width", [600, 1000])
def test_a_long_word_over_a_narrow_matrix_stays_below_its_shape(page, width):
    x = np.arange(12.0).reshape(4, 3)
    still = tiles(x, x, x, tile=2, step=3, tokens=["the", "window", "watched", "because"]).picture(width=width)
    found = measured(page, still, "DejaVu Sans")
    box = still.plan["boxes"]["scores"]
    low, right = box["top"] + TITLE - 2, box["x"] + letters.width("(i=2, j=2)", SHAPE)  # where the shape ends
    words = [(left, top) for text, left, _, top, _ in found if text in ("watched", "because") and left > box["x"]]
    assert words and all(top > low or left > right for left, top in words)


@pytest.mark.parametrize("trace", [head_of(T=8, C=8, h=4), head_of(T=70, C=20, h=8)], ids=["numbers", "colors"])
def test_cells_are_sharp_to_their_edges(page, trace):
    """A browser smooths images that it enlarges, unless it is told not to."""
    still = trace.picture()
    page.set_content(f"<style>body {{ margin: 0 }}</style>{still.html}")
    page.locator("img").evaluate("image => image.decode()")
    pixels = np.asarray(Image.open(io.BytesIO(page.locator("img").screenshot())).convert("RGB")).astype(int)
    (wide, high), step = still.plan["cell"], trace["q"]
    box, top = still.plan["boxes"]["q"], abs(step.value).max()
    for (r, c), value in np.ndenumerate(step.value[1:-1, 1:-1]):
        x, y = 2 * (box["x"] + (c + 1) * wide), 2 * (box["y"] + (r + 1) * high)
        color = [*bytes.fromhex(fill(value, step.role, top, THEMES["light"])[1:])]
        for across, down in ((2, 2), (2 * wide - 3, 2), (2, 2 * high - 3), (2 * wide - 3, 2 * high - 3)):
            assert abs(pixels[round(y) + down, round(x) + across] - color).max() <= 2, (r, c)
