"""Any function of yours becomes a Trace."""

__all__ = ["Failed", "see"]


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from helpers.see import seeing  # only when it is asked for

    return getattr(seeing, name)
