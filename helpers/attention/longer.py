"""Rotary positions for texts longer than those of the training: slower turns, three ways."""

import math

import numpy as np

from helpers.attention.positions import even, speeds

WAYS = ("as trained", "interpolated", "NTK-aware", "YaRN")
SLOW, FAST = 1, 32  # YaRN: pairs that turned less than once in the training are slowed down, those above 32 are not


def stretched_speeds(head_size, factor, way="as trained", *, base=1000.0, context=128):
    """How fast each pair of channels turns, in radians a position, for texts ``factor`` times as long: (h/2,).

    way: "interpolated", all speeds divided by factor (Chen et al. 2023); "NTK-aware", a larger base, so that the last
    pair is divided by factor and the first not at all; "YaRN", each pair by how often it turned in the ``context`` of
    the training (both in Peng et al. 2023). Raises ValueError for another way, an odd head_size and a factor below 1.

    >>> stretched_speeds(4, 2, "interpolated", base=100.0).round(3).tolist()
    [0.5, 0.05]
    >>> stretched_speeds(4, 2, "NTK-aware", base=100.0).round(3).tolist()
    [1.0, 0.05]
    """
    even("head_size", head_size, "channels are turned in pairs")
    if not (hasattr(factor, "__float__") and math.isfinite(factor) and factor >= 1):
        raise ValueError(f"factor is {factor!r}; wanted a number from 1 up: how many times as long the texts are.")
    trained = speeds(head_size, base)
    match way:
        case "as trained":
            return trained
        case "interpolated":
            return trained / factor
        case "NTK-aware":
            if head_size == 2:  # its only pair is first and last at once
                return trained
            return speeds(head_size, base * factor ** (head_size / (head_size - 2)))
        case "YaRN":
            turns = context * trained / (2 * math.pi)
            kept = np.clip((turns - SLOW) / (FAST - SLOW), 0, 1)
            return kept * trained + (1 - kept) * trained / factor
    raise ValueError(f"way is {way!r}; wanted one of {', '.join(WAYS)}.")


def sharper(factor):
    """What YaRN multiplies the scores by: (0.1 · ln(factor) + 1)², since more tokens make flatter weights.

    >>> round(sharper(4), 3)
    1.296
    """
    return (0.1 * math.log(factor) + 1) ** 2
