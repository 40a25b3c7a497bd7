"""The palette of an image keeps what means something: the style's colors, and every fill to a step that nobody sees."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from helpers.attention.heads import head
from helpers.inputs.examples import example
from helpers.look.style import COLORS
from helpers.pictures.figure import FigurePicture
from helpers.pictures.palette import areas, few_colors, packed


def still(trace):
    """A picture by matplotlib as a notebook holds it, and as it was drawn, as pixels (height, width, 3)."""
    picture = FigurePicture(trace.picture().figure, "a head")
    stored = Image.open(io.BytesIO(base64.b64decode(re.search(r'base64,([^"]+)"', picture.html)[1])))
    drawn = Image.open(io.BytesIO(picture.encoded("png", dpi=144))).convert("RGB")
    return np.asarray(stored.convert("RGB")), np.asarray(drawn), stored.mode


@pytest.mark.parametrize(("T", "C", "h", "step"), [(4, 3, 2, 0), (8, 8, 4, 2), (20, 20, 20, 8)])
def test_no_fill_changes_its_hue(T, C, h, step):
    e = example(T=T, C=C, head_size=h)
    x = e.x + np.random.default_rng(0).normal(size=e.x.shape) / 7  # more values than a palette has colors
    stored, drawn, mode = still(head(x, e.Wq, e.Wk, e.Wv))
    assert mode == "P" and stored.shape == drawn.shape
    inner = np.isin(packed(drawn), packed(np.array([*areas(drawn)])))
    assert inner.mean() > 0.5 and abs(stored.astype(int) - drawn)[inner].max() <= step


def test_a_thousand_fills_leave_room_for_the_styles_own_colors():
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (40, 25, 3), np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    found = few_colors(Image.fromarray(blocks))
    assert len(found) == len({*found}) <= 256 and {tuple(bytes.fromhex(color[1:])) for color in COLORS} <= {*found}


def test_areas_are_three_by_three():
    pixels = np.zeros((9, 9, 3), np.uint8)
    pixels[2:5, 2:5], pixels[6:8, 6:9], pixels[0, :] = (9, 8, 7), (1, 1, 1), (5, 5, 5)
    assert areas(pixels) == {(9, 8, 7), (0, 0, 0)}
