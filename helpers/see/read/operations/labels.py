"""Labels of axes: how two matrices meet, and which axes an operation goes along."""

LETTERS = "abcdefghijklmnop"


def of(shape):
    """A label for each axis: ``of((2, 3)) == ("a", "b")``."""
    return tuple(LETTERS[: len(shape)])


def spread(*shapes):
    """Labels for matrices that are spread over each other, from their last axes on, and those of the result.

    >>> spread((2, 3), (3,), (2, 1))
    ([('a', 'b'), ('b',), ('a', 'w2b')], ('a', 'b'))
    """
    axes = max(map(len, shapes))
    sizes = [max(shape[at - axes] for shape in shapes if len(shape) >= axes - at) for at in range(axes)]
    lists = []
    for i, shape in enumerate(shapes):
        ahead = axes - len(shape)
        lists.append(
            tuple(
                LETTERS[ahead + at] if size == sizes[ahead + at] else f"w{i}{LETTERS[ahead + at]}"
                for at, size in enumerate(shape)
            )
        )
    return lists, tuple(LETTERS[:axes])


def along(dims, axes):
    """Which axes are meant, counted from 0: all for None and ().

    >>> along(-1, 3), along((0, -1), 3), along(None, 2)
    ([2], [0, 2], [0, 1])
    """
    if dims is None or (isinstance(dims, tuple | list) and not dims):
        return list(range(axes))
    return sorted(dim % axes for dim in ([dims] if isinstance(dims, int) else dims)) if axes else []


def reduced(shape, dims, keepdim):
    """Labels of a matrix, and those of what is left of it: gone axes are away, or of size 1 where they are kept."""
    labels, gone = of(shape), along(dims, len(shape))
    left = [f"k{label}" if at in gone else label for at, label in enumerate(labels) if keepdim or at not in gone]
    return labels, tuple(left)
