"""How a pinned cell is lit, as in ``diagram/light.js``: framed, with the cells it is made of; all else is veiled."""

from itertools import combinations

import numpy as np

from helpers.look.style import ROLES

ENOUGH = 3000  # cells to walk back through before the rest stays veiled
VEILS = (0.62, 0.3)  # over what the pinned cell does not depend on, and over what reaches it through others


def light(painter, name, index):
    """Light up one cell of what a painter has drawn."""
    trace, brush, numbers = painter.trace, painter.brush, painter.plan["numbers"]
    pinned, direct = (name, tuple(index)), trace.sources(name, *index)
    if numbers:
        reached = [[pinned, *direct], ancestors(trace, direct)]
        brush.settle()
        for veil, blocks in zip(VEILS, veiled(painter, reached)):
            brush.veil(blocks, painter.theme["surface"], veil)
        edges = [edge for edge in painter.plan["edges"] if edge["to"] == name]
        for edge in edges:
            painter.arrow(edge["points"], role_of(painter, edge["from"]), 2)
        # Where two of them run together they have the color of what they make.
        for one, other in combinations(edges, 2):
            points = ending(one["points"], other["points"])
            if len(points) > 1:
                painter.arrow(points, role_of(painter, name), 2)
    for source in dict.fromkeys(source for source, _ in direct):
        frame(painter, [cell for cell in direct if cell[0] == source], role_of(painter, source))
    frame(painter, [pinned], painter.theme["ink"])


def ending(one, other):
    """The way that two arrows have in common at their end."""
    shared = 0
    while shared < min(len(one), len(other)) and one[-1 - shared] == other[-1 - shared]:
        shared += 1
    found = one[len(one) - shared :]
    if not found or shared in (len(one), len(other)):
        return found
    a, b, end = one[-1 - shared], other[-1 - shared], found[0]
    along, far = (
        (1, 0) if a[0] == end[0] else (0, 1)
    )  # which of x and y changes on the way to the first point in common
    before, after = a[along] - end[along], b[along] - end[along]
    if a[far] != b[far] or before * after <= 0:
        return found
    return [a if abs(before) < abs(after) else b, *found]


def ancestors(trace, cells):
    """Every cell that reaches these ones, however far back."""
    found, queue = {}, [*cells]
    while queue and len(found) < ENOUGH:
        name, index = queue.pop()
        for source in trace.sources(name, *index):
            if source not in found:
                found[source] = True
                queue.append(source)
    return [*found]


def role_of(painter, name):
    return ROLES[painter.trace[name].role][painter.dark]


def frame(painter, cells, color):
    """Frames around cells of one matrix, one around those that fill a rectangle; thin where cells are tiny."""
    for tile, mask in enumerate(masks(painter, cells, cells[0][0]) if cells else ()):
        for block in blocks(mask):
            place = area(painter, cells[0][0], tile, block)
            painter.brush.rect(*place, stroke=color, line=2.5 if painter.plan["numbers"] else 1)


def veiled(painter, reached):
    """Where the two veils lie: [[(x, y, width, height), ...], ...]. reached: what is lit, what is half lit."""
    for_each = [[], []]
    for name in painter.plan["boxes"]:
        lit, half = (masks(painter, [cell for cell in cells if cell[0] == name], name) for cells in reached)
        for tile, (one, other) in enumerate(zip(lit, half)):
            for found, mask in zip(for_each, (~one & ~other, ~one & other)):
                found += [area(painter, name, tile, block, 1) for block in blocks(mask)]
    return for_each


def masks(painter, cells, name):
    """Which cells of a matrix are among these, as (tiles, rows, columns)."""
    step = painter.trace[name]
    found = np.zeros(painter.sizes(step), bool)
    for _, index in cells:
        place = painter.place(step, index)
        if place:
            found[place] = True
    return found


def area(painter, name, tile, block, over=0):
    """Where a block of cells is drawn: x, y, width, height. over: so far beyond the edges of its matrix."""
    box, (wide, high) = painter.plan["boxes"][name], painter.plan["cell"]
    (x, width), (row, column, rows, columns) = box["tiles"][tile], block
    left, top = x + column * wide - over * (column == 0), box["y"] + row * high - over * (row == 0)
    right = x + (column + columns) * wide
    bottom = box["y"] + (row + rows) * high
    right, bottom = right + over * (right == x + width), bottom + over * (bottom == box["y"] + box["height"])
    return left, top, right - left, bottom - top


def blocks(mask):
    """The true cells of a mask (rows, columns) as few rectangles: (row, column, rows, columns) each.

    >>> blocks(np.array([[True, True, False], [True, True, True]]))
    [(0, 0, 2, 2), (1, 2, 1, 1)]
    """
    left, found = mask.copy(), []
    for row, column in np.argwhere(mask).tolist():
        if not left[row, column]:
            continue
        columns = int(np.append(~left[row, column:], True).argmax())
        rows = int(np.append(~left[row:, column : column + columns].all(axis=1), True).argmax())
        left[row : row + rows, column : column + columns] = False
        found.append((row, column, rows, columns))
    return found
