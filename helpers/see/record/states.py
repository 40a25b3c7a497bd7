"""Which Matrix a tensor is now: it is another one after each write, also after one by way of a view of it."""

from dataclasses import dataclass

import numpy as np

from helpers.see.record.events import Event, Matrix
from helpers.see.record.holders import cell_size, cells, kind, memory, numbers, version


@dataclass(slots=True)
class State:
    """What is known of a tensor. version: PyTorch's count of writes. time: the number of writes that were seen."""

    tensor: object
    matrix: Matrix
    version: int | None
    time: int


@dataclass(slots=True)
class Written:
    """A write: when, into what, and its new state."""

    time: int
    tensor: object
    matrix: Matrix


class States:
    """The tensors of a run, each with its Matrix.

    events: where the events go that tell of writes by way of a view. unknown: a function that makes the Matrix of a
    tensor that no call has given; it is told if another one lies in the same memory, and may give None then.
    """

    def __init__(self, events, unknown):
        self.events, self.unknown = events, unknown
        self.known, self.writes, self.homes, self.time = {}, {}, {}, 0
        self.lent = set()  # memory that NumPy can write into

    def read(self, tensor):
        """The Matrix of a tensor as it is now."""
        state = self.known.get(id(tensor))
        if state is None:
            return self.first(tensor)
        if self.stale(state):
            self.renew(state)
        return state.matrix

    def knows(self, tensor):
        return id(tensor) in self.known

    def add(self, tensor, matrix):
        """From now on, this tensor is this Matrix."""
        self.known[id(tensor)] = State(tensor, matrix, version(tensor), self.time)
        self.homes.setdefault(memory(tensor), tensor)

    def written(self, tensor, matrix):
        """A call has written into a tensor, which is this Matrix now."""
        self.time += 1
        self.add(tensor, matrix)
        self.writes.setdefault(memory(tensor), []).append(Written(self.time, tensor, matrix))

    def lend(self, tensor):
        """The memory of this tensor can be written into by others, unseen."""
        self.lent.add(memory(tensor))

    def first(self, tensor):
        """A tensor that no call has given: it may lie in the memory of another one, as ``nn.Parameter(x)`` does."""
        other = self.neighbor(tensor)
        made = self.unknown(tensor, other is not None)
        if made is None:
            made = self.told([(self.read(other), cells(other))], cells(tensor), tensor, None)
        self.add(tensor, made)
        return made

    def neighbor(self, tensor):
        """A tensor of the run in the same memory, or None."""
        return self.homes.get(memory(tensor))

    def forget(self, tensor):
        """Whatever this tensor has been, it is looked at anew."""
        self.known.pop(id(tensor), None)

    def stale(self, state):
        """Has something been written into this tensor since it was last looked at?"""
        if state.version != version(state.tensor):
            return True
        if not self.writes and not self.lent:
            return False
        place = memory(state.tensor)
        if place in self.writes and self.writes[place][-1].time > state.time:
            return True
        return place in self.lent and not same(state.matrix.value, numbers(state.tensor))

    def renew(self, state):
        """Find the present Matrix of a tensor that others have written into."""
        tensor, before = state.tensor, state.matrix
        state.version, later = version(tensor), state.time
        state.time = self.time
        writes = [one for one in self.writes.get(memory(tensor), ()) if one.time > later]
        if any(cell_size(one.tensor) != cell_size(tensor) for one in writes):  # seen as another type of numbers
            writes = []
        mine = cells(tensor)
        pieces = [(before, mine), *((one.matrix, cells(one.tensor)) for one in writes)]
        state.matrix = self.told(pieces, mine, tensor, before)

    def told(self, pieces, mine, tensor, before):
        """The Matrix of a tensor whose cells lie at ``mine``: of several matrices the last one that has the cell."""
        owner, position = np.full(mine.shape, -1), np.full(mine.shape, -1)
        for number, (_, theirs) in enumerate(pieces):
            found = positions(mine, theirs)
            owner[found >= 0], position[found >= 0] = number, found[found >= 0]
        value, variable = numbers(tensor), before.variable if before else ""
        used = [number for number in range(len(pieces)) if (owner == number).any()]
        parts = [pieces[number][0] for number in used]
        whole = parts and np.concatenate([part.value.ravel() for part in parts])
        starts = np.cumsum([0, *(part.value.size for part in parts)])
        places = position.copy()
        for start, number in zip(starts, used):
            places[owner == number] += start
        if (owner < 0).any() or (mine.size and not same(whole[places], value)):
            if before and same(before.value, value):
                return before  # the same numbers were written, or into another part of the memory
            made = Matrix(value, origin="broken", kind=kind(tensor), variable=variable)
            self.note(made, parts, None, pieces[-1][0].event)
            return made
        if len(parts) == 1 and parts[0].shape == value.shape and (places.ravel() == np.arange(places.size)).all():
            return parts[0]
        origin = "constant" if all(part.origin == "constant" for part in parts) else "made"
        made = Matrix(value, origin=origin, kind=kind(tensor), variable=variable)
        self.note(made, parts, places, parts[-1].event if parts else None)
        return made

    def note(self, made, parts, places, last):
        """Note that a matrix was written into by way of another one. last: the call that did it, or None."""
        made.event = Event("written", None, (parts,), {}, [made], places=places, number=len(self.events))
        if last:
            made.event.place, made.event.within, made.event.trail = last.place, last.within, last.trail
        self.events.append(made.event)


def positions(mine, theirs):
    """For each place in ``mine`` its position in the flattened ``theirs``, -1 where it is not there."""
    if not mine.size or not theirs.size:
        return np.full(mine.shape, -1)
    low = int(theirs.min())
    table = np.full(int(theirs.max()) - low + 1, -1)
    table[theirs.ravel() - low] = np.arange(theirs.size)
    inside = (mine >= low) & (mine < low + table.size)
    return np.where(inside, table[np.clip(mine - low, 0, table.size - 1)], -1)


def same(one, other):
    """Are these the same numbers, NaN being NaN?"""
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
