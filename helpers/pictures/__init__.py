"""Pictures that stand still: a Trace, or curves, with a text alternative."""

from helpers.pictures.still import picture

__all__ = ["curves", "picture"]


def __getattr__(name):
    """Curves are drawn with matplotlib, which a Trace does without: it is imported when they are asked for."""
    if name != "curves":
        raise AttributeError(f"helpers.pictures has no {name!r}; it has {', '.join(__all__)}.")
    from helpers.pictures.plots import curves

    return curves
