"""What each matrix of a run is called: by the variable that it was assigned to, numbered where one is used again."""

from helpers.look.again import again
from helpers.see.record.source import named, numbered, sourced

KEEPING = ("setitem", "written")  # what is written piece by piece keeps its name


class Names:
    """The names of a run, as its calls come in.

    What a module or a function gives back has the name of the variable that gets it; of the calls in there, the last
    one's result is what is given back, so that each takes the name away from the one before.
    """

    def __init__(self):
        self.claims = {}  # of calls that have not returned: what has their name so far

    def notice(self, where, nameless):
        """Name what a variable holds now, as the rows in ``for row in x``: what a function was given keeps its own.

        nameless: pairs of what is about to be read, and its Matrix.
        """
        if not nameless or where.at is None or not sourced(where.at).reads:
            return
        held = where.at.f_locals
        for name in sourced(where.at).reads:
            for value, matrix in nameless:
                if held.get(name) is value:
                    matrix.variable = name

    def claim(self, where, value, matrix_of):
        """Name what a call gave.

        where: a Where. value: what came back. matrix_of: a function that gives the Matrix of a part of it, or None.
        """
        self.claims = {key: held for key, held in self.claims.items() if key[2] in where.stack}
        if not where.frames:
            return
        outer = ()  # where it stands in what the frame gives back
        for frame, called in where.frames:
            here, path, key = sourced(frame), outer, (frame, frame.f_lasti, called, outer)
            if here.returned is None:
                break
            outer = (*here.returned, *path)
        for matrix in self.claims.pop(key, ()):
            matrix.variable = matrix.expression = ""
        found = [(matrix_of(part), name) for part, name in named(at(here.target, path), value)]
        for matrix, name in found:
            if matrix is not None:
                matrix.variable = name
        if called is not None:  # it came back from a call, which is what others know of it
            expression = here.place.expression + "".join(f"[{position}]" for position in path)
            calls = [(matrix_of(part), text) for part, text in numbered(value, expression)]
            for matrix, text in calls:
                if matrix is not None:
                    matrix.expression = text
            self.claims[key] = [matrix for matrix, _ in [*found, *calls] if matrix is not None]


def at(target, path):
    """The variable of a target that gets what stands at a position of a tuple, or ""."""
    for position in path:
        target = target[position] if isinstance(target, tuple) and position < len(target) else ""
    return target


def number(known, made):
    """Give all matrices their names: those that were there before keep theirs, the others follow in order."""
    used = {}
    for matrix in [*known, *made]:
        name = matrix.variable
        if not name:
            continue
        event = matrix.event
        before = event.reads[0] if event and event.operation == "written" else event and event.in_place
        if event and event.operation in KEEPING and before is not None and before.variable == name:
            matrix.name = before.name
            continue
        used[name] = used.get(name, 0) + 1
        matrix.name = again(name, used[name])
