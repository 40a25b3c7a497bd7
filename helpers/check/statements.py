"""What the source of a function tells, without a run: where it returns, and which of its variables are read where."""

import ast
from dataclasses import dataclass, field
from functools import lru_cache

from executing import Source

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
NESTED = (*FUNCTIONS, ast.Lambda, ast.ClassDef)
SIZES = {"len", "size", "int", "range", "shape", "numel", "ndim"}  # what is computed of these alone is a size


@dataclass
class Statement:
    """One statement of a function's own body.

    line, end: its first and its last line. reads: the variables that it mentions. gives: those that get a value.
    value: the syntax of it, where it is an assignment. is_plain: does it always run, and once? So is nothing in a loop
    or behind an ``if``.
    """

    line: int
    end: int
    reads: set = field(default_factory=set)
    gives: tuple = ()
    value: ast.expr | None = None
    is_plain: bool = True

    @property
    def computes(self):
        """May its value be more than sizes and parts of sizes? ``B, T, C = x.shape`` and ``h = C // heads`` are not."""
        return self.value is not None and not is_size(self.value)


class Statements:
    """The statements of a function, in order; none where its source is not to be had. code: the function's."""

    def __init__(self, code):
        node = definition(code)
        self.all = [*below(node.body, True)] if node else []
        returns = [one for one in own_nodes(node) if isinstance(one, ast.Return)] if node else []
        ends = node is not None and len(returns) == 1 and returns[0] is node.body[-1]
        self.returns = returns[0].lineno if ends else None

    def at(self, line):
        """The statement that a line belongs to, or None."""
        return next((one for one in reversed(self.all) if one.line <= line <= one.end), None)

    def start(self, line):
        """The first line of the statement that a line belongs to."""
        found = self.at(line)
        return found.line if found else line

    def before(self, line, name):
        """The last statement before a line that gives a variable its value, or None."""
        return next((one for one in reversed(self.all) if one.line < line and name in one.gives), None)

    def is_given_again(self, line, name):
        """Does a later statement give this variable another value?"""
        return any(one.line > line and name in one.gives for one in self.all)

    def unread(self):
        """The variables whose value no statement reads: (statement, variable, the last line that could have).

        >>> def two(x):
        ...     low = x.min()
        ...     high = x.max()
        ...     low = high - 1
        ...     return high - low
        >>> [(name, last - one.line) for one, name, last in Statements(two.__code__).unread()]
        [('low', 2)]
        """
        for place, one in enumerate(self.all):
            for name in one.gives if one.is_plain and one.value is not None else ():
                for later in self.all[place + 1 :]:
                    if name in later.reads or (name in later.gives and not later.is_plain):
                        break
                    if name in later.gives:
                        yield one, name, later.line
                        break
                else:
                    yield one, name, self.all[-1].line


def definition(code):
    """The syntax of the function that has this code, or None where its source is not to be had."""
    if code is None:
        return None
    tree = Source.for_filename(code.co_filename).tree
    return functions(tree).get((code.co_name, code.co_firstlineno)) if tree else None


@lru_cache(maxsize=16)
def functions(tree):
    """The functions in the syntax of a file, by name and first line."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            found.setdefault((node.name, first), node)
    return found


def own_nodes(node):
    """All syntax in a function, but not in the functions that are defined in it."""
    for one in ast.iter_child_nodes(node):
        yield one
        if not isinstance(one, NESTED):
            yield from own_nodes(one)


def below(body, is_plain):
    """The Statements of a body; the head of a loop or a branch is one, and what is in it follows."""
    for one in body:
        inner = [part for name in ("body", "orelse", "finalbody") for part in getattr(one, name, ())]
        inner += [part for held in getattr(one, "handlers", ()) for part in held.body]
        inner = [] if isinstance(one, NESTED) else inner
        head = [part for part in ast.iter_child_nodes(one) if part not in inner] if inner else [one]
        nodes = [node for part in head for node in ast.walk(part)]
        rounds = {id(name) for node in nodes if isinstance(node, ast.comprehension) for name in ast.walk(node.target)}
        names = [node for node in nodes if isinstance(node, ast.Name) and id(node) not in rounds]
        changed = isinstance(one, ast.AugAssign)
        yield Statement(
            one.lineno,
            max(getattr(part, "end_lineno", one.lineno) for part in head) if inner else one.end_lineno,
            {name.id for name in names if isinstance(name.ctx, ast.Load) or changed},
            tuple(name.id for name in names if isinstance(name.ctx, ast.Store)),
            one.value if isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign) else None,
            is_plain and not inner,
        )
        yield from below(inner, False)


def is_size(value):
    """Is it a size, or made of sizes and whole numbers: ``x.shape``, ``len(x)``, ``C // heads``, ``x.shape[-1]``?"""
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, ast.FloorDiv)
    if isinstance(value, ast.Call):
        called = value.func
        return (called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")) in SIZES
    if isinstance(value, ast.Subscript | ast.Starred):
        return is_size(value.value)
    return isinstance(value, ast.Attribute) and value.attr in SIZES


def function_at(file, line):
    """The name of the function around a line of some code, ``Head.forward``; "" where there is none."""
    found = ""
    for node in ast.walk(Source.for_filename(file).tree or ast.Module([], [])):
        if isinstance(node, FUNCTIONS) and node.lineno <= line <= node.end_lineno:
            owner = getattr(node, "parent", None)
            found = f"{owner.name}.{node.name}" if isinstance(owner, ast.ClassDef) else node.name
    return found
