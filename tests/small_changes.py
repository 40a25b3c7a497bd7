"""Small changes of code, as they slip in: another operator, name, number or function, a call or a line left out."""

import ast
import itertools
import sys
from functools import cache

SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult}
OTHERS = """
    softmax sigmoid log_softmax tanh relu exp; sum mean amax prod max; tril triu; sin cos; sqrt square; var std;
    relu gelu; cumsum cumprod; zeros ones; log exp
""".replace("\n", " ").split(";")


class OneChange(ast.NodeTransformer):
    """Makes one of the small changes that a piece of code allows: the one of this number."""

    def __init__(self, number, names):
        self.number, self.names, self.was_made = number, names, False

    def is_next(self):
        self.number -= 1
        self.was_made = self.was_made or self.number == -1
        return self.number == -1

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if type(node.op) in SWAPPED and self.is_next():
            node.op = SWAPPED[type(node.op)]()
        elif self.is_next():
            node.left, node.right = node.right, node.left
        elif self.is_next():
            return node.left
        elif self.is_next():
            return node.right
        return node

    def visit_Constant(self, node):
        if type(node.value) in (int, float):
            for step in (1, -1):
                if self.is_next():
                    return ast.Constant(node.value + step)
        return node

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load) and node.id in self.names:
            for other in self.names:
                if other != node.id and self.is_next():
                    return ast.Name(other, ast.Load())
        return node

    def visit_Call(self, node):
        self.generic_visit(node)
        return node.func.value if isinstance(node.func, ast.Attribute) and self.is_next() else node


class OtherFunction(OneChange):
    """The same with more changes: another function of its kind is called, arguments change places, a line is missing.

    was_dropped: the number of the line that is missing, if one is.
    """

    was_dropped = None

    def visit_Call(self, node):
        called = super().visit_Call(node)
        if called is node and isinstance(node.func, ast.Attribute):
            for others in map(str.split, OTHERS):
                for other in others:
                    if node.func.attr in others and other != node.func.attr and self.is_next():
                        return ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, node.keywords)
        if called is node and len(node.args) == 2 and self.is_next():
            return ast.Call(node.func, node.args[::-1], node.keywords)
        return called

    def visit_Assign(self, node):
        if self.is_next():
            self.was_dropped = node.lineno
            return None
        return self.generic_visit(node)


def some_changes(code, chance, most):
    """So many versions of some code, each with one small change, drawn from all that there are."""
    counting = OneChange(sys.maxsize, names_in(code))
    counting.visit(ast.parse(code.strip()))
    numbers = range(sys.maxsize - counting.number)
    return [version(code, number, OneChange)[0] for number in chance.sample(numbers, min(most, len(numbers)))]


def versions(code, kind=OtherFunction):
    """Pairs: a version of some code with one small change, and the number of the line that is missing, or None."""
    for number in itertools.count():
        made = version(code, number, kind)
        if made is None:
            return
        if made[0]:
            yield made


def version(code, number, kind=OtherFunction):
    """One of these pairs: None if there are not so many, "" for the code if it is none."""
    change = kind(number, names_in(code))
    changed = change.visit(ast.parse(code.strip()))  # each time anew: a change is made in place
    if not change.was_made:
        return None
    is_code = all(getattr(node, "body", True) for node in ast.walk(changed))  # the missing line may be the only one
    return is_code and ast.unparse(ast.fix_missing_locations(changed)), getattr(change, "was_dropped", None)


@cache
def names_in(code):
    """The names of arguments and of variables that are assigned to."""
    nodes = [*ast.walk(ast.parse(code.strip()))]
    names = [node.arg for node in nodes if isinstance(node, ast.arg)]
    names += [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return [*dict.fromkeys(names)]
