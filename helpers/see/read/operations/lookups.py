"""The rows of a table that ids name."""

from helpers.see.read.arguments import argument
from helpers.see.read.operations.labels import LETTERS
from helpers.see.read.operations.moves import FIRST, moved
from helpers.see.record.events import Matrix


def looked_up(read, table, ids):
    """table: (V, ...), ids: any shape, whole numbers. Returns a draft of the shape of the ids, then of a row."""
    rows, columns = read.whole(table), read.whole(ids)
    named = tuple(LETTERS[: columns.value.ndim])
    rest = tuple(f"r{at}" for at in range(rows.value.ndim - 1))
    return read.make("lookup", [(rows, ("v", *rest)), (columns, named)], (*named, *rest))


def embedding(read, event):
    ids, table = argument(event, 0, "input"), argument(event, 1, "weight")
    return looked_up(read, table, ids)


def indexed(read, event):
    """``table[ids]`` is a lookup where the table is a parameter; all other indices move numbers."""
    table, key = event.args[:2]
    ids = isinstance(key, Matrix) and key.value.dtype.kind == "i" and key.shape and (key.value >= 0).all()
    if ids and table.origin == "parameter":
        return looked_up(read, table, key)
    return moved(read, event, FIRST)


READERS = {"embedding": embedding, "getitem": indexed}
