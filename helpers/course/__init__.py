"""Where the course begins: is everything here, are live pictures alive, and what is done so far."""

from helpers.course.course_map import CourseMap
from helpers.course.installed import machine
from helpers.course.pulse import Pulse

__all__ = ["CourseMap", "Pulse", "machine"]
