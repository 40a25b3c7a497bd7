"""Where the course begins: is everything here, are live pictures alive, and what is done so far."""

from importlib import import_module

PLACES = {"CourseMap": "course_map", "Pulse": "pulse", "machine": "installed"}
__all__ = [*PLACES]


def __getattr__(name):
    """Each is imported when it is asked for: the command that copies the notebooks starts in a quarter of the time."""
    if name not in PLACES:
        raise AttributeError(f"helpers.course has no {name!r}; it has {', '.join(__all__)}.")
    return getattr(import_module(f"helpers.course.{PLACES[name]}"), name)
