"""One run of a learner's function, recorded: its results, and by lines of the code what each hands on to the others."""

from helpers.check.handed_in import parameters
from helpers.check.replay import Unknown, leading_to, read_by, replayed
from helpers.check.tries import arguments, same
from helpers.see.record.events import Matrix
from helpers.see.record.recording import record


class OwnRun:
    """A recorded run of the function of some Trials at a case, which is once more called for it.

    Raises Unknown where it cannot be told how its results were made.
    """

    def __init__(self, trials, case):
        self.exercise, self.case = trials.exercise, case
        given, names = arguments(trials.exercise, case), [one.name for one in parameters(trials.function) or []]
        if len(names) < len(trials.order):
            raise Unknown
        placed = {own: given[name] for own, name in zip(names, trials.order)}
        self.recording = trials.deadline.limited(lambda: record(trials.function, placed, tensors=False))
        returned, many = self.recording.returned, len(self.exercise.gives) > 1
        self.results = [*returned] if many and isinstance(returned, list | tuple) else [returned]
        if self.recording.error or len(self.results) != len(self.exercise.gives):
            raise Unknown
        if not all(isinstance(one, Matrix) and one.event for one in self.results):
            raise Unknown
        self.ways = {}
        self.order = {event: place for place, event in enumerate(self.recording.events)}

    def wanted(self, at):
        """The numbers that its result of this place should be."""
        return [*self.exercise.wanted(self.case).values()][at]

    def is_right(self, at, value=None):
        """Is this result right? value: its numbers, if not its own."""
        found = self.results[at].value if value is None else value
        return same({"": found}, {"": self.wanted(at)}, self.case.scale)

    @property
    def made(self):
        """All matrices that were made in it, in order."""
        return [matrix for event in self.recording.events for matrix in event.results]

    @property
    def is_wrong(self):
        return not all(self.is_right(at) for at in range(len(self.results)))

    def way(self, at):
        """The events that lead to a result, in order, each with what it reads.

        Raises Unknown where the trail is lost.
        """
        if at not in self.ways:
            events = sorted(leading_to(self.results[at]), key=self.order.__getitem__)
            if any(matrix.origin == "broken" for event in events for matrix in event.results):
                raise Unknown
            self.ways[at] = {event: read_by(event) for event in events}
        return self.ways[at]

    def sites(self, at):
        """What each line of the code hands on to other lines, on the way to a result: a list of matrices by site.

        A site is a place in the code: its file and line, the call's expression and name, and which of its results.
        """
        events, outside = self.way(at), {self.results[at]}
        for event, read in events.items():
            for matrix in read:
                if matrix.event is None or line_of(matrix.event) != line_of(event):
                    outside.add(matrix)
        found = {}
        for event in events:
            for place, matrix in enumerate(event.results):
                if matrix in outside:
                    site = (*line_of(event), event.place.expression, event.operation, place)
                    found.setdefault(site, []).append(matrix)
        return found

    def with_others(self, at, others):
        """Is the result right, had some matrices had other numbers? others: arrays by matrix."""
        try:
            value = replayed(self.way(at), others, self.results[at], self.exercise.tensors)
        except Exception:  # noqa: BLE001 - with these numbers the calls do not work: then it is not right
            return False
        return self.is_right(at, value)


def line_of(event):
    return event.place.file, event.place.line
