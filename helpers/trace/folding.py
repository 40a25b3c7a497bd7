"""The parts of a learner's code, closed: of a module or a called function only what comes out of it is shown.

A closed part stands as the matrices that others read from it; opened, it shows its own steps. ``diagram/folding.js`` is
this module again, for the browser.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

MOST = 15  # matrices at a time
FEWEST = 2  # so few explain nothing: an input and what comes out


def parts(steps):
    """The parts that there are, each a path: those of the outermost first, in the order of the code.

    >>> from helpers.trace import Trace
    >>> trace = Trace()
    >>> _ = trace.seen("x", [1.0], "t"), trace.seen("y", [1.0], "t", part=("block", "attn"))
    >>> parts(trace)
    [('block',), ('block', 'attn')]
    """
    paths = [step.part[:depth] for step in steps for depth in range(1, len(step.part) + 1)]
    return sorted(dict.fromkeys(paths), key=len)


def closed_part(step, opened):
    """The outermost part around a step that is not open, or () where all are open."""
    paths = (step.part[:depth] for depth in range(1, len(step.part) + 1))
    return next((path for path in paths if path not in opened), ())


def folded(steps, opened):
    """The steps as they are shown while the parts in ``opened`` are open and all others closed: a dictionary by name.

    What others read of a closed part, and what is shown and nobody reads, stands for it: ``Step.folded`` is then its
    name. All else in it is hidden. Where more is open than has room, the part that was opened last is shown alone, or
    the last one that has room.
    """
    opened = list(opened)
    found = closed_and_open(steps, opened)
    if count(found) <= MOST:
        return found
    views = [view for path in reversed(opened) if is_open(path, opened) and (view := alone(found, path))]
    return next((view for view in views if count(view) <= MOST), next(iter(views), found))


def is_open(path, opened):
    """Is a part open, with all those around it?"""
    return all(path[:depth] in opened for depth in range(1, len(path) + 1))


def closed_and_open(steps, opened):
    """All the steps, however many there are."""
    steps = list(steps)
    closed = {step.name: closed_part(step, opened) for step in steps}
    read = {name for step in steps for name in step.inputs}
    out = {name for step in steps for name in step.inputs if closed[name] != closed[step.name]}
    out |= {step.name for step in steps if not step.hidden} - read
    return {step.name: as_shown(step, closed[step.name], step.name in out) for step in steps}


def alone(steps, path):
    """One open part, and what it reads from outside; None where nothing of it is shown."""
    inside = {name for name, step in steps.items() if step.part[: len(path)] == path}
    kept, left = set(), [name for name in inside if not steps[name].hidden]
    if not left:
        return None
    while left:
        step = steps[left.pop()]
        kept.add(step.name)
        if step.name in inside or step.hidden:
            left += [name for name in step.inputs if name not in kept]
    return {name: step if name in kept else replace(step, hidden=True) for name, step in steps.items()}


def as_shown(step, part, comes_out):
    """A step while the part around it is closed."""
    if not part:
        return step
    if not comes_out:
        return replace(step, hidden=True)
    return step if step.kind == "given" else replace(step, hidden=False, folded=part[-1])


def opened_at_first(steps, most=MOST):
    """The parts that are open when nobody has chosen: as many as leave at most so many matrices.

    The outermost come first, and among them those in which something looks at something: a softmax is there. Where so
    little is shown that it explains nothing, a part is opened whatever it holds.
    """
    told = ((one.name, one.kind, tuple(one.inputs), tuple(one.part), one.hidden) for one in steps)
    return [*chosen(tuple(Outline(*one) for one in told), most)]


@dataclass(frozen=True)
class Outline:
    """What is to be known of a step to tell when it is shown."""

    name: str
    kind: str
    inputs: tuple
    part: tuple
    hidden: bool
    folded: str = ""


@lru_cache(maxsize=32)
def chosen(steps, most):
    """``opened_at_first`` of outlines: a slider mostly makes the same steps again, of other sizes."""
    opened, shown = [], 0
    looking = {step.part[:depth] for step in steps if step.kind == "softmax" for depth in range(1, len(step.part) + 1)}
    for path in sorted(parts(steps), key=lambda path: (len(path), path not in looking)):
        if path[:-1] and path[:-1] not in opened:
            continue
        more = count(closed_and_open(steps, [*opened, path]))
        shown = shown or count(closed_and_open(steps, opened))
        if more <= most or shown <= FEWEST:
            opened.append(path)
            shown = more
    return opened


def count(steps):
    """How many of them are shown."""
    return sum(not step.hidden for step in steps.values())
