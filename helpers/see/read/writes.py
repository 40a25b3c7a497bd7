"""Writes into one matrix, one after the other, as ``out[t] = …`` in a loop: they are read as one."""


class Writes:
    """The writes of a run whose results nothing reads but the next write.

    passing: these results, not worth a step of their own. joined: the writes that were last read with another one.
    """

    def __init__(self, events, readers):
        self.passing = passing(events, readers)
        self.waiting, self.joined = {}, []  # by matrix, the write that made it

    def put_off(self, event):
        """Leave it to the next write, where nothing else will look at what it made. Returns whether it is left."""
        results = event.results
        left = event.operation == "setitem" and event.in_place and len(results) == 1 and results[0] in self.passing
        if left:
            self.waiting[results[0]] = event
        return left

    def up_to(self, event):
        """The writes that have waited for this one, and this one: their events, in order."""
        found = [event]
        while found[-1].in_place in self.waiting:
            found.append(self.waiting.pop(found[-1].in_place))
        self.joined = found[:0:-1]
        return found[::-1]


def passing(events, counts):
    """Matrices that are written into next, themselves or by way of a piece of them, and read by nothing else.

    counts: how often each matrix is read.
    """
    written = {event.in_place for event in events if event.in_place is not None}
    found, readers = {matrix for matrix in written if counts[matrix] == 1}, {}
    for event in events:
        for matrix in event.reads:
            readers.setdefault(matrix, []).append(event)
    for event in events:
        for matrix in event.results if event.operation == "written" else ():
            those = readers.get(matrix, [])
            goes_on = any(one.operation == "written" for one in those) and len(those) == counts[matrix]
            if goes_on and all(one.operation == "written" or found.issuperset(one.results) for one in those):
                found.add(matrix)
    return found
