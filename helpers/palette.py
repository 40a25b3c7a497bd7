"""A palette for a still picture: few colors keep the file small, and the colors that mean something stay as they are."""

import numpy as np
from PIL import Image

from helpers.style import COLORS

EDGES = 40  # colors that are left for the edges of letters


def in_few_colors(image):
    """An image with a palette of 256 colors, each pixel the nearest of them. image: a PIL image in RGB.

    Pillow's own way to a given palette is coarse: it takes colors that are four steps apart for one.
    """
    pixels = np.asarray(image)
    palette = np.array(few_colors(image), np.uint8)  # (256, 3)
    colors, places = np.unique(packed(pixels), return_inverse=True)
    apart = unpacked(colors).astype(int)[:, None] - palette  # (colors, 1, 3) - (256, 3) -> (colors, 256, 3)
    nearest = (apart**2).sum(-1).argmin(1).astype(np.uint8)  # (colors, 256, 3) -> (colors,)
    found = Image.fromarray(nearest[places.reshape(pixels.shape[:2])], "P")
    found.putpalette(palette.tobytes())
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
    return {tuple(color) for color in unpacked(np.unique(inner[alike])).tolist()}


def packed(colors):
    """Colors (..., 3) as one number each."""
    return colors.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)


def unpacked(numbers):
    """The colors (..., 3) of ``packed`` numbers."""
    return np.stack([numbers >> 16, numbers >> 8 & 255, numbers & 255], axis=-1).astype(np.uint8)
