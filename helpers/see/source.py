"""What stands in the code where a program is: the expression, its line, and the variable that gets its value."""

import ast
from typing import NamedTuple

from executing import Source

from helpers.see.events import Place

MOST_KEPT = 20_000  # places in code; one may be executed again and again
TRANSPARENT = (ast.IfExp, ast.BoolOp, ast.Await)  # the value of a part of them is their own


class Sourced(NamedTuple):
    """A place in the code, with what gives its value a name.

    target: the syntax of the variable or of several that its value goes to, if it is all that goes there. returned: if
    it is what a function returns, at which position of the tuple: ``()`` for all of it, ``(1,)`` for the second; else
    None.
    """

    place: Place
    target: ast.AST | None = None
    returned: tuple | None = None


kept = {}


def sourced(frame, lasti=None):
    """Where a frame is now: a Sourced. lasti: the instruction, if it is another one than the frame's own."""
    code = frame.f_code
    key = id(code), frame.f_lasti if lasti is None else lasti
    if key not in kept:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[key] = look(frame), code  # the code stays, so that no other one gets its id
    return kept[key][0]


def look(frame_or_traceback):
    """The same without a memory, of a frame or of a traceback."""
    frame = getattr(frame_or_traceback, "tb_frame", frame_or_traceback)
    line = getattr(frame_or_traceback, "tb_lineno", frame.f_lineno) or 0
    nowhere = Sourced(Place(frame.f_code.co_filename, line))
    try:
        found = Source.executing(frame_or_traceback)
        if found.node is None:
            return nowhere._replace(place=nowhere.place._replace(statement=the_line(found.source, line)))
        return described(found.node, found.source, nowhere.place)
    except Exception:  # noqa: BLE001 - code may come from anywhere: then it has a line, and no names
        return nowhere


def the_line(source, line):
    return source.lines[line - 1].strip() if source and 0 < line <= len(source.lines) else ""


def described(node, source, place):
    """The Sourced of a node of the syntax tree."""
    statement = node
    while not isinstance(statement, ast.stmt):
        statement = statement.parent
    loop_or_branch = hasattr(statement, "body")  # of which the first line counts
    line = the_line(source, statement.lineno) if loop_or_branch else text(statement, source)
    stored = isinstance(getattr(node, "ctx", None), ast.Store) and isinstance(node, ast.Subscript)
    target, returned = destination(node)
    whole = target is not None or returned is not None
    named = target if target is not None else assigned(statement)
    return Sourced(
        place._replace(
            line=node.lineno,
            expression=line if stored else text(node, source),
            statement=line,
            target=written_out(named),
            whole=whole,
        ),
        target,
        returned,
    )


def text(node, source):
    """The source of a node in one line."""
    segment = ast.get_source_segment(source.text, node) if source else None
    return segment if segment and "\n" not in segment else ast.unparse(node)


def destination(node):
    """Where the value of an expression goes, if it is all that goes there: syntax of a target, and a place in a return.

    One of both is None.
    """
    if isinstance(node, ast.AugAssign):
        return node.target, None
    if isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Store):  # unpacking: a, b = rows
        return node, None
    path = ()
    while True:
        parent = node.parent
        if isinstance(parent, TRANSPARENT) and node is not getattr(parent, "test", None):
            node = parent
        elif isinstance(parent, ast.Tuple) and isinstance(parent.parent, ast.Assign | ast.Return):
            path, node = (parent.elts.index(node), *path), parent
        elif isinstance(parent, ast.Return):
            return None, path
        elif isinstance(parent, ast.NamedExpr):
            return parent.target, None
        elif isinstance(parent, ast.Assign | ast.AnnAssign) and node is parent.value:
            targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
            return picked(targets[0], path), None
        else:
            return None, None


def picked(target, path):
    """The part of a target at a position of a tuple, or None: of ``q, k`` at ``(1,)`` it is ``k``."""
    for position in path:
        if not isinstance(target, ast.Tuple | ast.List) or any(isinstance(one, ast.Starred) for one in target.elts):
            return None
        if position >= len(target.elts):
            return None
        target = target.elts[position]
    return target


def assigned(statement):
    """The syntax of what a statement assigns to, or None."""
    if isinstance(statement, ast.Assign):
        return statement.targets[0]
    return statement.target if isinstance(statement, ast.AnnAssign | ast.AugAssign) else None


def written_out(target):
    """A target as text: ``q``, ``self.att``, ``q, k, v``; "" for a cell, as of ``out[t]``, which is no variable."""
    if isinstance(target, ast.Name | ast.Attribute):
        return ast.unparse(target)
    if isinstance(target, ast.Tuple | ast.List):
        return ", ".join(written_out(one) or "_" for one in target.elts)
    return ""


def named(target, value, path=()):
    """Which part of a value gets which name: pairs (part, name).

    >>> [*named(ast.parse("q, k = 1").body[0].targets[0], [1, (2, 3)])]
    [(1, 'q'), (2, 'k[0]'), (3, 'k[1]')]
    """
    target = picked(target, path)
    if isinstance(target, ast.Tuple | ast.List):
        if isinstance(value, list | tuple) and len(value) == len(target.elts):
            for one, part in zip(target.elts, value):
                if not isinstance(one, ast.Starred):
                    yield from named(one, part)
    elif written_out(target):
        yield from numbered(value, written_out(target))


def numbered(value, name):
    """A name for a value, and for each part of a list ``name[0]``, ``name[1]``."""
    if isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from numbered(part, f"{name}[{number}]")
    else:
        yield value, name
