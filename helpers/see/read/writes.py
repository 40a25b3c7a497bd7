"""Writes into one matrix, one after the other, as ``out[t] = …`` in a loop: they are read as one."""


class Writes:
    """The writes of a run whose results nothing reads but the next write.

    passing: these results, not worth a step of their own. joined: the writes that were last read with another one.
    """

    def __init__(self, events, readers):
        written = {event.in_place for event in events if event.in_place is not None}
        self.passing = {matrix for matrix in written if readers[matrix] == 1}
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
