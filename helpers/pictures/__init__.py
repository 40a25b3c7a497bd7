"""Pictures that stand still: a Trace, or curves, with a text alternative."""

from helpers.pictures.plots import curves
from helpers.pictures.still import picture

__all__ = ["curves", "picture"]
