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
    """``table[ids]`` is a lookup where the table is a parameter or the ids an input; other indices move numbers."""
    table, ids = event.args[:2]
    return named(read, table, ids) or moved(read, event, FIRST)


def index_select(read, event):
    table, dim, ids = (argument(event, at, name) for at, name in enumerate(("input", "dim", "index")))
    return (named(read, table, ids) if dim == 0 else None) or moved(read, event, FIRST)


def take(read, event):
    """NumPy's; PyTorch's has no axis, and takes numbers."""
    table, ids, axis = argument(event, 0, "input", "a"), argument(event, 1, "indices"), argument(event, 2, "axis")
    return (named(read, table, ids) if axis == 0 else None) or moved(read, event, FIRST)


def named(read, table, ids):
    """The lookup of rows by ids that are worth a look, or None."""
    whole = isinstance(ids, Matrix) and ids.value.dtype.kind == "i" and ids.shape and (ids.value >= 0).all()
    return looked_up(read, table, ids) if whole and (table.origin == "parameter" or read.alive(ids)) else None


READERS = {"embedding": embedding, "getitem": indexed, "index_select": index_select, "take": take}
