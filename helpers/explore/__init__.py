"""Sliders in front of any function, yours too."""

from helpers.explore.compare import compare
from helpers.explore.explorer import explore
from helpers.explore.painting import paint

__all__ = ["compare", "explore", "paint"]
