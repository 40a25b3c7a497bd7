"""Which Matrix a tensor is now: it is another one after each write, also after one by way of a view of it."""

from dataclasses import dataclass

import numpy as np

from helpers.see.events import Event, Matrix


@dataclass(slots=True)
class State:
    """What is known of a tensor. version: PyTorch's count of writes. time: the number of writes that were seen."""

    tensor: object
    matrix: Matrix
    version: int | None
    time: int


@dataclass(slots=True)
class Written:
    """A write: when, the new state of what was written, where its cells lie in memory, and how large one is."""

    time: int
    matrix: Matrix
    cells: np.ndarray
    size: int


class States:
    """The tensors of a run, each with its Matrix.

    events: where the events go that tell of writes by way of a view. unknown: a function that makes the Matrix of a
    tensor that no call has given.
    """

    def __init__(self, events, unknown):
        self.events, self.unknown = events, unknown
        self.known, self.writes, self.time = {}, {}, 0
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

    def written(self, tensor, matrix):
        """A call has written into a tensor, which is this Matrix now."""
        self.time += 1
        self.add(tensor, matrix)
        self.writes.setdefault(memory(tensor), []).append(
            Written(self.time, matrix, cells(tensor), tensor.element_size())
        )

    def lend(self, tensor):
        """The memory of this tensor can be written into by others, unseen."""
        self.lent.add(memory(tensor))

    def first(self, tensor):
        """A tensor that no call has given: it may lie in the memory of another one, as ``nn.Parameter(x)`` does."""
        place = memory(tensor)
        other = next((one for one in self.known.values() if place and memory(one.tensor) == place), None)
        if other is None:
            self.add(tensor, self.unknown(tensor))
            return self.known[id(tensor)].matrix
        self.read(other.tensor)
        made = self.told([(other.matrix, cells(other.tensor))], cells(tensor), tensor, "")
        self.add(tensor, made)
        return made

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
        if any(one.size != tensor.element_size() for one in writes):  # seen as another type of numbers
            writes = []
        mine = cells(tensor)
        state.matrix = self.told([(before, mine)] + [(one.matrix, one.cells) for one in writes], mine, tensor, before)

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
            place = pieces[-1][0].event.place if pieces[-1][0].event else None
            made = Matrix(value, origin="broken", kind=kind(tensor), variable=variable)
            self.note(made, parts, None, place)
            return made
        if len(parts) == 1 and parts[0].shape == value.shape and (places.ravel() == np.arange(places.size)).all():
            return parts[0]
        origin = "constant" if all(part.origin == "constant" for part in parts) else "made"
        made = Matrix(value, origin=origin, kind=kind(tensor), variable=variable)
        self.note(made, parts, places, parts[-1].event.place if parts and parts[-1].event else None)
        return made

    def note(self, made, parts, places, place):
        made.event = Event("written", None, (parts,), {}, [made], places=places)
        if place:
            made.event.place = place
        self.events.append(made.event)


def version(tensor):
    """How often it was written into, as PyTorch counts; None in inference mode, where nobody counts."""
    try:
        return tensor._version
    except RuntimeError:
        return None


def memory(tensor):
    """What tells the memory of a tensor from all others, or 0."""
    try:
        return tensor.untyped_storage()._cdata
    except (RuntimeError, NotImplementedError):  # sparse ones have none
        return 0


def cells(tensor):
    """For each cell of a tensor its place in the memory."""
    found = np.full(tuple(tensor.shape), tensor.storage_offset(), dtype=np.int64)
    for axis, (size, stride) in enumerate(zip(tensor.shape, tensor.stride())):
        found += (np.arange(size) * stride).reshape([-1 if one == axis else 1 for one in range(tensor.ndim)])
    return found


def positions(mine, theirs):
    """For each place in ``mine`` its position in the flattened ``theirs``, -1 where it is not there."""
    if not mine.size or not theirs.size:
        return np.full(mine.shape, -1)
    low = int(theirs.min())
    table = np.full(int(theirs.max()) - low + 1, -1)
    table[theirs.ravel() - low] = np.arange(theirs.size)
    inside = (mine >= low) & (mine < low + table.size)
    return np.where(inside, table[np.clip(mine - low, 0, table.size - 1)], -1)


def numbers(tensor):
    """A copy of the numbers of a tensor: float64, int64, bool or complex128; NaN where they cannot be read."""
    plain = tensor.detach()
    try:
        plain = plain.dequantize() if plain.is_quantized else plain.to_dense()
        plain = plain.cpu().resolve_conj().resolve_neg()
        if plain.is_floating_point() and plain.element_size() < 4:
            plain = plain.float()  # NumPy knows no bfloat16
        return plain.numpy().astype(TYPES[plain.numpy().dtype.kind])
    except (RuntimeError, TypeError, ValueError, NotImplementedError):
        return np.full(tuple(tensor.shape), np.nan)


TYPES = {"f": np.float64, "i": np.int64, "u": np.int64, "b": np.bool_, "c": np.complex128}


def kind(tensor):
    """The type of its numbers: ``"float32"``."""
    return str(tensor.dtype).removeprefix("torch.")


def same(one, other):
    """Are these the same numbers, NaN being NaN?"""
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
