"""What stands in the code where a program is: the expression, its line, and the variable that gets its value."""

import ast
import inspect
import re
from typing import NamedTuple

from executing import Source

from helpers.see.record.events import Place

MOST_KEPT = 20_000  # places in code; one may be executed again and again
ANY = inspect.CO_VARARGS, inspect.CO_VARKEYWORDS
LOOPS = (ast.For, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
TRANSPARENT = (ast.IfExp, ast.BoolOp, ast.Await)  # the value of a part of them is their own


class Sourced(NamedTuple):
    """A place in the code, with what gives its value a name.

    target: the variable that its value goes to, or a tuple of several, if it is all that goes there; "" where there is
    none. returned: if it is what a function returns, at which position of the tuple: ``()`` for all of it, ``(1,)`` for
    the second; else None. reads: the variables of the function, without its arguments, that the expression mentions.
    numbers: those that are written in it.
    """

    place: Place
    target: str | tuple = ""
    returned: tuple | None = None
    reads: tuple = ()
    numbers: frozenset = frozenset()


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
        node = found.node or unpacking(found, line)
        if isinstance(node, LOOPS):  # what is run through, row by row
            node = node.iter if isinstance(node, ast.For) else node.generators[0].iter
        if node is None:
            return nowhere._replace(place=nowhere.place._replace(statement=the_line(found.source, line)))
        here = described(node, found.source, nowhere.place)
        return here._replace(reads=local(node, frame.f_code), numbers=frozenset(numbers(node)))
    except Exception:  # noqa: BLE001 - code may come from anywhere: then it has a line, and no names
        return nowhere


def the_line(source, line):
    return source.lines[line - 1].strip() if source and 0 < line <= len(source.lines) else ""


def described(node, source, place):
    """The Sourced of a node of the syntax tree."""
    statement, in_lambda = node, False
    while not isinstance(statement, ast.stmt):
        statement = statement.parent
        in_lambda |= isinstance(statement, ast.Lambda)
    loop_or_branch = hasattr(statement, "body")  # of which the first line counts
    line = the_line(source, statement.lineno) if loop_or_branch else text(statement, source)
    expression = text(node, source)
    if isinstance(getattr(node, "ctx", None), ast.Store):  # out[t] = row, or a, b = rows
        expression = (
            line if isinstance(node, ast.Subscript) or assigned(statement) is None else text(statement.value, source)
        )
    target, returned = destination(node)
    whole = target is not None or returned is not None
    return Sourced(
        place._replace(
            line=node.lineno,
            expression=expression,
            statement=line,
            target=written_out(variables(target if target is not None or in_lambda else assigned(statement))),
            whole=whole,
        ),
        variables(target),
        returned,
    )


def local(node, code):
    """The variables of a function that an expression mentions, but for the function's arguments."""
    arguments = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & ANY[0]) + bool(code.co_flags & ANY[1])
    own = {*code.co_varnames[arguments:], *code.co_cellvars, *code.co_freevars} - {*code.co_varnames[:arguments]}
    return tuple(dict.fromkeys(one.id for one in ast.walk(node) if isinstance(one, ast.Name) and one.id in own))


def numbers(node):
    """The numbers that are written in an expression, infinite ones too."""
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, int | float):
            yield from (one.value, -one.value)
    if re.search(r"\binf\b", ast.unparse(node)):
        yield from (float("inf"), -float("inf"))


def unpacking(found, line):
    """The syntax of ``a, b = rows``, where several variables get what one value holds, or None."""
    places = {one.lineno: one for one in found.statements if isinstance(one, ast.Assign)}
    targets = places[line].targets if line in places else []
    return next((one for one in targets if isinstance(one, ast.Tuple | ast.List)), None)


def text(node, source):
    """The source of a node in one line."""
    if source and getattr(node, "end_lineno", None) == node.lineno:  # ast.get_source_segment reads the whole file
        return source.lines[node.lineno - 1].encode()[node.col_offset : node.end_col_offset].decode()
    return ast.unparse(node)


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
        elif isinstance(parent, ast.Return) or (isinstance(parent, ast.Lambda) and node is parent.body):
            return None, path
        elif isinstance(parent, ast.NamedExpr):
            return parent.target, None
        elif isinstance(parent, ast.Assign | ast.AnnAssign) and node is parent.value:
            targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
            return picked(targets[0], path), None
        else:
            return None, None


def picked(target, path):
    """The syntax of a part of a target at a position of a tuple, or None: of ``q, k`` at ``(1,)`` it is ``k``."""
    for position in path:
        if not isinstance(target, ast.Tuple | ast.List) or position >= len(target.elts):
            return None
        if any(isinstance(one, ast.Starred) for one in target.elts):
            return None
        target = target.elts[position]
    return target


def assigned(statement):
    """The syntax of what a statement assigns to, or None."""
    if isinstance(statement, ast.Assign):
        return statement.targets[0]
    return statement.target if isinstance(statement, ast.AnnAssign | ast.AugAssign) else None


def variables(target):
    """The variables of a target: ``q``, ``self.att``, a tuple of several; "" for a cell, as ``out[t]``, or nothing."""
    if isinstance(target, ast.Name | ast.Attribute):
        return ast.unparse(target)
    return tuple(map(variables, target.elts)) if isinstance(target, ast.Tuple | ast.List) else ""


def written_out(target):
    """Variables as a text: ``q, k, v``."""
    return target if isinstance(target, str) else ", ".join(written_out(one) or "_" for one in target)


def named(target, value):
    """Which part of a value gets which name: pairs (part, name).

    >>> [*named(("q", "k"), [1, (2, 3)])]
    [(1, 'q'), (2, 'k[0]'), (3, 'k[1]')]
    """
    if isinstance(target, tuple):
        if isinstance(value, list | tuple) and len(value) == len(target):
            for one, part in zip(target, value):
                yield from named(one, part)
    elif target:
        yield from numbered(value, target)


def numbered(value, name):
    """A name for a value, and for each part of a list ``name[0]``, ``name[1]``."""
    if isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from numbered(part, f"{name}[{number}]")
    else:
        yield value, name
