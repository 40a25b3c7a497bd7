"""You work the numbers out: stage by stage, in a puzzle, or on paper."""

from helpers.by_hand.puzzles import puzzle
from helpers.by_hand.slips import diagnose
from helpers.by_hand.walking import walk

__all__ = ["diagnose", "puzzle", "walk", "worksheet"]


def __getattr__(name):
    """The worksheet is drawn with matplotlib, which the others do without: it is imported when it is asked for."""
    if name != "worksheet":
        raise AttributeError(f"helpers.by_hand has no {name!r}; it has {', '.join(__all__)}.")
    from helpers.by_hand.worksheets import worksheet

    return worksheet
