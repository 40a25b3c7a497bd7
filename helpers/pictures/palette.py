"""A palette for a PNG image in a notebook: few colors keep it small, and those that mean something stay as they are."""

import numpy as np
from PIL import Image

from helpers.look.style import COLORS

EDGES = 40  # colors that are left for the edges of letters


def in_few_colors(image):
    """An image with a palette of 256 colors, each pixel the nearest of them. image: a PIL image in RGB.

    Pillow's own way to a given palette is coarse: it takes colors that are four steps apart for one.
    """
    palette, pixels = np.array(few_colors(image), float), packed(np.asarray(image))  # (256, 3), (height, width)
    colors = distinct(pixels)  # (colors, 3)
    # Of the squared distance c·c - 2c·p + p·p to each p, c·c is the same: the smallest of the rest will do. All are
    # whole numbers.
    nearest = ((palette**2).sum(-1) - 2.0 * colors @ palette.T).argmin(
        1
    )  # (colors, 3) @ (3, 256) -> (colors, 256) -> (colors,)
    place = np.zeros(1 << 24, np.uint8)
    place[packed(colors)] = nearest
    found = Image.fromarray(place[pixels], "P")
    found.putpalette(palette.astype(np.uint8).tobytes())
    return found


def few_colors(image):
    """At most 256 colors for an image: the style's own stay exact, and the fills to a step that nobody sees.

    image: a PIL image in RGB. Letters' edges share what is left.
    """
    own = [tuple(bytes.fromhex(color[1:])) for color in sorted(COLORS)]
    exact, step = areas(np.asarray(image)), 1
    fills = exact
    while len(fills) > 256 - len(own) - EDGES:
        step *= 2
        fills = {tuple(min(255, step * round(part / step)) for part in color) for color in exact}
    common = sorted(image.getcolors(image.width * image.height), key=lambda entry: (-entry[0], entry[1]))
    return [*dict.fromkeys([*own, *sorted(fills), *(color for _, color in common)])][:256]


def areas(pixels):
    """The colors that fill three by three pixels somewhere. pixels: (height, width, 3)"""
    one = packed(pixels)  # (height, width, 3) -> (height, width)
    inner = one[1:-1, 1:-1]
    alike = np.ones(inner.shape, bool)
    for down in (0, 1, 2):
        for right in (0, 1, 2):
            alike &= one[down : down + inner.shape[0], right : right + inner.shape[1]] == inner
    return {tuple(color) for color in distinct(inner[alike]).tolist()}


def distinct(numbers):
    """The colors (colors, 3) among ``packed`` numbers, each once: many times faster than sorting them."""
    found = np.zeros(1 << 24, bool)
    found[numbers] = True
    return unpacked(np.flatnonzero(found))


def packed(colors):
    """Colors (..., 3) as one number each."""
    red, green, blue = np.moveaxis(colors.astype(np.uint32), -1, 0)
    return red << 16 | green << 8 | blue


def unpacked(numbers):
    """The colors (..., 3) of ``packed`` numbers."""
    return np.stack([numbers >> 16, numbers >> 8 & 255, numbers & 255], axis=-1).astype(np.uint8)
