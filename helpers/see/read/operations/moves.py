"""Operations that only move numbers: which number goes where is told by the operation itself, done on their positions.

The call is made again with the numbers' positions, counted from 1, in the place of the numbers; a 0 is one that is
filled in. So each form of each view, index or roll is right, and none needs a line of its own here.
"""

import numpy as np

from helpers.see.read.arguments import argument, as_tensor, of_numpy, plain_number, tensors
from helpers.see.read.drafts import joined
from helpers.see.read.operations.elementwise import between
from helpers.see.read.operations.labels import spread
from helpers.see.record.events import Matrix, matrices, replaced

FIRST = (0, "input", "self", "a", "arr")
LIST = (0, "tensors", "arrays", "tup")


def mover(*slots):
    """A reader of an operation whose arguments in these places, or of these names, are moved; others say how."""

    def read_move(read, event):
        return moved(read, event, slots)

    return read_move


def moved(read, event, slots):
    """The views of an operation's results."""
    views, made, total = [], {}, 0
    array = np.array if of_numpy(event.function) else as_tensor

    def positions(matrix):
        nonlocal total
        if matrix not in made:
            count = matrix.value.size
            if not read.alive(matrix) and same(matrix.value):
                made[matrix] = array(np.zeros(matrix.shape, np.int64))
                return made[matrix]
            made[matrix] = array(np.arange(total + 1, total + count + 1).reshape(matrix.shape))
            views.append(read.view(matrix))
            total += count
        return made[matrix]

    def renewed(slot, value):
        if slot not in slots:
            return replaced(value, lambda matrix: array(matrix.value))
        return 0 if plain_number(value) or isinstance(value, bool) else replaced(value, positions)

    for one in read.writes.up_to(event):
        args = [renewed(slot, value) for slot, value in enumerate(one.args)]
        kwargs = {name: renewed(name, value) for name, value in one.kwargs.items() if name not in ("dtype", "out")}
        returned = one.function(*args, **kwargs)
        if one is not event:
            made[one.results[0]] = args[0]
    found = [args[0]] if event.in_place is not None else tensors(returned)
    return [joined(views, as_numbers(one) - 1) if views else None for one in found]


def as_numbers(positions):
    """A tensor or an array of whole numbers as an array."""
    return np.asarray(positions if isinstance(positions, np.ndarray | np.generic) else positions.numpy()).astype(int)


def same(value):
    """Are all numbers alike?"""
    return value.size == 0 or bool((value == value.reshape(-1)[0]).all())


def unchanged(read, event):
    """A cast, a copy, a layout: each number stays in its place."""
    view = read.view(argument(event, 0, "input", "self"))
    (shape,) = {result.shape for result in event.results}
    return [view] * len(event.results) if view.shape == shape else None


def dropout(read, event):
    """Dropout: outside of training nothing; in training a product with what was drawn."""
    thing, result = argument(event, 0, "input"), event.results[0]
    view = read.view(thing)
    if np.array_equal(thing.value, result.value, equal_nan=True):
        return view
    labels = tuple("abcdefghijkl"[: len(view.shape)])
    p = argument(event, 1, "p", default=0.5)
    kept = np.where((thing.value != 0) & (result.value == 0), 0.0, 1 / (1 - p))
    drawn = read.drawn(kept, f"kept by dropout({p:g})")
    return read.make("sum-product", [(thing, labels), (drawn, labels)], labels)


def masked(read, event):
    """masked_fill and where with −∞ are a mask; with another number they fill it in."""
    if event.operation == "where":
        if len(event.args) < 3:
            return None
        keep, one, other = event.args[:3]
        for thing, fill, yes in ((one, other, True), (other, one, False)):
            if minus_infinity(read, fill) and isinstance(thing, Matrix):
                return mask(read, thing, keep, yes)
        return moved(read, event, (1, 2, "input", "other"))
    thing, hidden, fill = (argument(event, at, name) for at, name in ((0, "input"), (1, "mask"), (2, "value")))
    if minus_infinity(read, fill):
        return mask(read, thing, hidden, False)
    return moved(read, event, (0, 2, "input", "self", "value"))


def minus_infinity(read, value):
    if isinstance(value, Matrix):
        return not read.alive(value) and value.value.size == 1 and float(value.value.reshape(-1)[0]) == -np.inf
    return plain_number(value) and value == -np.inf


def mask(read, thing, matrix, yes):
    """A step of kind mask. matrix: True where a number is kept (yes), or where it is hidden."""
    keep = matrix if yes else kept(read, matrix)
    shapes = read.view(thing).shape, read.view(keep).shape
    if tuple(shapes[0]) != np.broadcast_shapes(*shapes):
        return None  # the mask has more axes than what it masks
    lists, output = spread(*shapes)
    return read.make("mask", [(thing, lists[0]), (keep, lists[1])], output)


def kept(read, matrix):
    """Where a mask of hidden cells keeps a number: what was compared with 0 to make it, if so, or its opposite."""
    event = matrix.event
    if event is not None and event.operation in ("eq", "logical_not", "invert", "bitwise_not"):
        parts = [*matrices([event.args])]
        zero = (
            event.operation != "eq"
            or 0 in [one for one in event.args if plain_number(one)]
            or False in [one for one in event.args if isinstance(one, bool)]
        )
        if len(parts) == 1 and zero and np.isin(parts[0].value, (0, 1)).all() and parts[0].shape == matrix.shape:
            for draft in read.view(matrix).pieces:
                draft.hidden |= read.fleeting(draft)  # nothing else reads it
            return parts[0]
    name = read.text(matrix)
    if not read.alive(matrix):
        return read.drawn(~matrix.value.astype(bool), f"~{name}" if name.isidentifier() else f"~({name})", matrix)
    opposite = between(read, "subtract", 1, matrix, hidden=True)
    opposite.text = f"~({name})"
    return opposite


def picked_numbers(read, event):
    """sort, topk, median: the numbers are moved to where the places that come with them say; these have no derivative.

    NumPy's sort tells no places: they are looked for.
    """
    thing, results = argument(event, 0, "input", "self", "a"), event.results
    dim = argument(event, 2 if event.operation in ("topk", "kthvalue") else 1, "dim", "axis", default=-1)
    dim = dim if isinstance(dim, int) and not isinstance(dim, bool) else -1
    places = results[1].value if len(results) > 1 else np.argsort(thing.value, axis=dim, kind="stable")
    kept = places if places.ndim == thing.value.ndim else np.expand_dims(places, dim)
    positions = np.take_along_axis(np.arange(thing.value.size).reshape(thing.shape), kept, axis=dim)
    return [read.view(thing).then(positions.reshape(places.shape))]


def written(read, event):
    """A matrix that was written into by way of another one of the same numbers."""
    return [joined([read.view(matrix) for matrix in event.reads], event.places)]


VIEWS = """
    view reshape transpose permute t T mT H mH adjoint unsqueeze squeeze expand expand_as flatten unflatten ravel
    swapaxes swapdims movedim moveaxis flip fliplr flipud roll rot90 chunk split split_with_sizes tensor_split hsplit
    vsplit dsplit unbind narrow select getitem repeat repeat_interleave tile unfold diagonal diag diag_embed tril triu
    index_select gather take take_along_dim masked_select broadcast_to view_as reshape_as as_strided atleast_1d
    atleast_2d atleast_3d channel_shuffle pixel_shuffle unsafe_chunk unsafe_split
"""
CASTS = """
    to float double half bfloat16 type type_as astype contiguous clone detach cpu cuda requires_grad alias positive long
    int bool short data resolve_conj identity as_tensor real
"""
READERS = {
    **dict.fromkeys(VIEWS.split(), mover(*FIRST)),
    **dict.fromkeys(CASTS.split(), unchanged),
    **dict.fromkeys(["dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout", "alpha_dropout"], dropout),
    **dict.fromkeys(
        ["cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack", "row_stack", "column_stack"],
        mover(*LIST),
    ),
    **dict.fromkeys(["array", "asarray", "asanyarray", "ascontiguousarray"], mover(0, "object", "obj", "a")),
    **dict.fromkeys(["broadcast_tensors", "meshgrid", "block_diag"], mover(*range(16), "tensors")),
    **dict.fromkeys(["masked_fill", "where"], masked),
    **dict.fromkeys(["setitem", "index_put", "masked_scatter"], mover(*FIRST, 2, "values", "source")),
    **dict.fromkeys(["scatter", "index_copy", "index_fill"], mover(*FIRST, 3, "src", "value", "source")),
    **dict.fromkeys(["select_scatter", "slice_scatter", "diagonal_scatter"], mover(*FIRST, 1, "src")),
    **dict.fromkeys(["copy", "fill"], mover(*FIRST, 1, "src", "value")),
    "zero": mover(*FIRST),
    "pad": mover(*FIRST, 3, "value"),
    **dict.fromkeys(["sort", "topk", "kthvalue", "median", "cummax", "cummin"], picked_numbers),
    "written": written,
}
