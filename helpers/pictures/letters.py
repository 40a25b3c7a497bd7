"""How wide a text can get, whatever font the reader has: a still picture is measured before anybody opens it."""

from functools import lru_cache
from itertools import accumulate

from helpers.look.annotations import WIDE

# Of the letters from the space to ~, in hundredths of the size: DejaVu Sans, the widest of the usual fonts.
ADVANCES = [32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, *[64] * 10, 34, 34, 84, 84, 84, 53, 100]
ADVANCES += [68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69]
ADVANCES += [39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39]
ADVANCES += [63, 59, 82, 59, 59, 52, 64, 34, 64, 84]
OTHERS = {"–": 50, "…": 100, "·": 38, "Σ": 64, "“": 52, "”": 52}
FOREIGN, EMOJI, BOLD = 85, 130, 1.15  # any other letter, one that is as wide as two, and how much wider bold ones are
SMALLEST = 0.7  # of its size: a text that does not fit even so is cut


def advance(letter):
    """How wide one letter is, in hundredths of the size."""
    place = ord(letter) - ord(" ")
    if 0 <= place < len(ADVANCES):
        return ADVANCES[place]
    return OTHERS.get(letter, FOREIGN if ord(letter) < WIDE else EMOJI)


@lru_cache(8192)
def width(text, size=1.0, bold=False):
    """How wide a text is at most, in the units of its size.

    >>> width("0.50", 10), width("0.50", 10, bold=True)
    (22.4, 25.76)
    """
    return round(sum(map(advance, text)) * size * (BOLD if bold else 1) / 100, 3)


def fitted(text, size, most, bold=False):
    """A text and its size, smaller where it would be wider than ``most``, and cut where that does not help.

    >>> fitted("scores", 10, 100), fitted("scores", 10, 30), fitted("scores", 10, 20)
    (('scores', 10), ('scores', 9.2), ('sco…', 7.0))
    """
    if width(text, size, bold) <= most:
        return text, size
    smaller = int(10 * size * most / width(text, size, bold)) / 10
    if smaller >= SMALLEST * size:
        return text, smaller
    size = round(SMALLEST * size, 1)
    room = most - width("…", size, bold)
    ends = accumulate(map(advance, text))
    kept = sum(end * size * (BOLD if bold else 1) / 100 <= room for end in ends)
    return text[:kept].rstrip() + "…", size
