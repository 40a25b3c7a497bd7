"""Products of matrices: matmul and its relatives, einsum, linear."""

from helpers.see.read.arguments import argument
from helpers.see.read.operations.labels import LETTERS, spread
from helpers.see.record.events import Matrix


def product(read, left, right, factor=1.0, **more):
    """The matrix product of two matrices or vectors, in batches of any shape.

    left: (..., n, k) or (k,), right: (..., k, m) or (k,). Returns a draft.
    """
    a, b = read.view(left), read.view(right)
    (one, other), batch = spread(a.shape[:-2], b.shape[:-2])
    rows, columns = ("y",) if len(a.shape) > 1 else (), ("z",) if len(b.shape) > 1 else ()
    terms = [(left, (*one, *rows, "x")), (right, (*other, "x", *columns))]
    return read.make("sum-product", terms, (*batch, *rows, *columns), factor=factor, **more)


def matmul(read, event):
    return product(read, argument(event, 0, "input"), argument(event, 1, "other", "mat2", "vec", "tensor"))


def reversed_matmul(read, event):
    return product(read, event.args[1], event.args[0])


def outer(read, event):
    terms = [(argument(event, 0, "input"), "a"), (argument(event, 1, "vec2"), "b")]
    return read.make("sum-product", terms, ("a", "b"))


def linear(read, event):
    """x @ W.T + bias; the bias is a step of its own, as it can be asked for."""
    x, W = argument(event, 0, "input"), argument(event, 1, "weight")
    return projected(read, x, W, argument(event, 2, "bias"))


def projected(read, x, W, bias=None, **more):
    """x: (..., C), W: (D, C), bias: (D,) or None. Returns a draft of shape (..., D)."""
    ahead = tuple(LETTERS[: len(read.view(x).shape) - 1])
    columns = ("z",) if len(read.view(W).shape) > 1 else ()
    terms = [(x, (*ahead, "x")), (W, (*columns, "x"))]
    hidden = {} if bias is None else {"hidden": True}
    made = read.make("sum-product", terms, (*ahead, *columns), **(more if bias is None else hidden))
    if bias is None:
        return made
    if not made.text:
        made.text = f"{read.text(x)} @ {read.text(W)}.T"
    return read.make("add", [(made, (*ahead, *columns)), (bias, columns)], (*ahead, *columns), **more)


def added_product(read, event):
    """addmm, baddbmm: beta · input + alpha · left @ right."""
    start, left, right = (
        argument(event, 0, "input"),
        *(
            argument(event, at, *names)
            for at, names in ((1, ("mat1", "batch1", "mat")), (2, ("mat2", "batch2", "vec")))
        ),
    )
    made = product(read, left, right, factor=float(event.kwargs.get("alpha", 1)), hidden=True)
    made.text = f"{read.text(left)} @ {read.text(right)}"
    beta = float(event.kwargs.get("beta", 1))
    if beta == 0:
        return made
    lists, output = spread(read.view(start).shape, made.shape)
    if beta != 1:
        start = read.make("sum-product", [(start, lists[0])], lists[0], factor=beta, hidden=True)
    return read.make("add", [(start, lists[0]), (made, lists[1])], output)


def einsum(read, event):
    """Every form of einsum: with and without an arrow, with an ellipsis, with letters or with lists of numbers."""
    equation, *operands = event.args
    if isinstance(equation, Matrix):
        equation, operands = from_lists(list(event.args))
    elif len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = list(operands[0])
    return contracted(read, equation, operands)


def contracted(read, equation, operands):
    """An einsum of matrices."""
    left, arrow, output = equation.replace(" ", "").partition("->")
    parts = left.split(",")
    shapes = [read.view(one).shape for one in operands]
    most = max(len(shape) - len(part.replace("...", "")) for part, shape in zip(parts, shapes))
    extra = [f"e{i}" for i in range(most)] if "..." in left else []
    lists = []
    for part, shape in zip(parts, shapes):
        before, dots, after = part.partition("...")
        here = extra[len(extra) - (len(shape) - len(before) - len(after)) :] if dots else []
        if dots and len(shape) == len(before) + len(after):
            here = []
        lists.append([*before, *here, *after])
    if arrow:
        before, dots, after = output.partition("...")
        made = [*before, *(extra if dots else []), *after]
    else:
        letters = [letter for part in parts for letter in part.replace(".", "")]
        made = [*extra, *sorted(letter for letter in {*letters} if letters.count(letter) == 1)]
    sizes = {}
    for labels, shape in zip(lists, shapes):
        for label, size in zip(labels, shape):
            sizes[label] = max(sizes.get(label, 1), size)
    terms = []
    for i, (one, labels) in enumerate(zip(operands, lists)):
        view = read.view(one)
        if len({*labels}) < len(labels):
            view, labels = diagonal(view, labels)
        named = tuple(label if size == sizes[label] else f"w{i}{label}" for label, size in zip(labels, view.shape))
        terms.append((one if view is read.view(one) else view, named))
    return read.make("sum-product", terms, tuple(made))


def diagonal(view, labels):
    """A matrix where several of its axes go along with each other: ``ii`` of an einsum."""
    import numpy as np

    places = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    numbers = np.arange(int(np.prod(view.shape))).reshape(view.shape)
    positions = np.einsum(numbers, [places[label] for label in labels], list(places.values()))
    return view.then(np.array(positions)), list(places)


def from_lists(args):
    """``(a, [0, 1], b, [1, 2], [0, 2])`` as an equation and its operands."""
    output = args.pop() if len(args) % 2 else None
    parts = args[1::2]

    def letters(part):
        return "".join("..." if one is Ellipsis else "abcdefghijklmnopqrstuvwxyz"[one] for one in part)

    left = ",".join(map(letters, parts))
    return (left if output is None else f"{left}->{letters(output)}"), args[::2]


def tensordot(read, event):
    """The sum over the last axes of one and the first of the other, or over those that are named."""
    a, b = argument(event, 0, "a"), argument(event, 1, "b")
    dims = argument(event, 2, "dims", default=2)
    left, right = read.view(a).shape, read.view(b).shape
    if isinstance(dims, int):
        dims = [list(range(len(left) - dims, len(left))), list(range(dims))]
    one, other = [f"l{i}" for i in range(len(left))], [f"r{i}" for i in range(len(right))]
    for i, j in zip(*dims):
        other[j] = one[i]
    gone = {one[i] for i in dims[0]}
    return read.make(
        "sum-product", [(a, one), (b, other)], tuple(label for label in (*one, *other) if label not in gone)
    )


READERS = {
    **dict.fromkeys(["matmul", "mm", "bmm", "mv", "dot", "inner_product", "vdot"], matmul),
    "rmatmul": reversed_matmul,
    **dict.fromkeys(["outer", "ger"], outer),
    "linear": linear,
    **dict.fromkeys(["addmm", "baddbmm", "addmv"], added_product),
    "einsum": einsum,
    "tensordot": tensordot,
}
