"""What a learner handed in: a notebook's exercises, and for each the statements that its function needs.

A notebook is read, never run, here. Of its statements only those are taken along which give a name that the function
uses, or that these use in turn: so a slider, a training or a mistake elsewhere in the notebook changes no grade.
"""

import ast
import json
import linecache
import re
import symtable
import warnings
from dataclasses import dataclass, field
from symtable import Symbol

LARGEST = 32 << 20  # bytes of a notebook
CALL = re.compile(r"^check\.(\w+)\(", re.MULTILINE)
OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
LOOPS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
NOT_PARSED = (SyntaxError, ValueError, MemoryError, RecursionError)


class Unreadable(ValueError):
    """A file is no notebook that can be graded; says why."""


@dataclass
class Unit:
    """Statements that stand on the same lines. gives, changes, uses: names."""

    file: str
    text: str
    statements: list
    gives: set
    changes: set
    uses: set


@dataclass
class HandedIn:
    """An exercise as it was handed in. argument: the code of what stands in the brackets of its check; units: the
    statements that it needs, sources: the cells these stand in, by file. code: of the function, where it can be told.
    """

    name: str
    argument: str = ""
    units: list = field(default_factory=list)
    sources: dict = field(default_factory=dict)
    code: object = None
    problem: str = ""


def exercises_in(path):
    """The exercises of a notebook by name, as they were handed in. Raises Unreadable."""
    units, sources, found = [], {}, {}
    for number, source in enumerate(cells(path)):
        file = f"<{path.stem}, cell {number}>"
        try:
            tree, source = parsed(source)
        except NOT_PARSED as error:
            place = f" in line {error.lineno} of its cell" if getattr(error, "lineno", None) else ""
            for name in CALL.findall(source):
                found[name] = HandedIn(name, problem=f"Python cannot read it{place}: {getattr(error, 'msg', error)}.")
            continue
        sources[file] = source
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        for unit in units_of(tree, source, file):
            for name, argument in (both for statement in unit.statements for both in checks(statement)):
                found[name] = handed_in(name, argument, units, sources)
            units.append(unit)
    return found


def parsed(source):
    """``(syntax, source)`` of a cell, without its ``%magic`` and ``!command`` lines. Raises one of NOT_PARSED."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source), source
        except SyntaxError:
            lines = source.splitlines()
            source = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)
            return ast.parse(source), source


def cells(path):
    """The sources of a notebook's cells of code. Raises Unreadable."""
    try:
        if path.is_symlink() or not path.is_file():
            raise Unreadable("it is not a plain file")
        if path.stat().st_size > LARGEST:
            raise Unreadable(f"it is larger than {LARGEST >> 20} MB")
        text = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"it cannot be opened: {error.strerror}") from None
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("it is not JSON, as a notebook is, perhaps since it was cut off on its way") from None
    version = notebook.get("nbformat") if isinstance(notebook, dict) else None
    if not isinstance(version, int) or version < 1:
        raise Unreadable("it is JSON, but no notebook")
    if version != 4:
        raise Unreadable(
            f"it is a notebook of format {version}, wanted 4: JupyterLab writes that when it is saved there"
        )
    try:
        return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    except (TypeError, KeyError):
        raise Unreadable("it says that it is a notebook, but its cells are broken") from None


def units_of(tree, source, file):
    """The Units of a cell. Each text begins with so many empty lines that its line numbers are those of the cell."""
    lines, groups = source.splitlines(), []
    for statement in tree.body:
        first = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", []))])
        if groups and first <= groups[-1][1]:
            groups[-1][1] = max(groups[-1][1], statement.end_lineno)
            groups[-1][2].append(statement)
        else:
            groups.append([first, statement.end_lineno, [statement]])
    for first, last, statements in groups:
        text = "\n" * (first - 1) + "\n".join(lines[first - 1 : last])
        names, changed = (set().union(*both) for both in zip(*map(given, statements)))
        yield Unit(file, text, statements, names, changed, used(text))


def used(text):
    """The names outside of it that some code reads; what is a function's own is none of them.

    >>> sorted(used("def mean(x): total = sum(x); return total / np.size(x)"))
    ['np', 'sum']
    """
    try:
        tables = [symtable.symtable(text, "", "exec")]
    except NOT_PARSED:
        return set()
    names = set()
    for table in tables:
        is_read = Symbol.is_referenced if table.get_type() == "module" else Symbol.is_global
        names |= {one.get_name() for one in table.get_symbols() if is_read(one)}
        tables += table.get_children()
    return names


def given(statement):
    """``(names, changed)``: the names that a statement gives a value, "*" for those of ``import *``; and those of whose
    value it may change a part: ``a.b = 1``, ``a[0] = 1``, ``a.append(1)``.
    """
    names, changed, nodes = set(), set(), [statement]
    while nodes:
        node = nodes.pop()
        stores = isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
        if isinstance(node, OWN_SCOPE[:3]):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.Name) and stores:
            names.add(node.id)
        elif isinstance(node, ast.Attribute | ast.Subscript) and stores:
            changed |= root(node)
        elif isinstance(node, ast.Expr) and isinstance(getattr(node.value, "func", None), ast.Attribute):
            changed |= root(node.value.func)
        if not isinstance(node, OWN_SCOPE + LOOPS):
            nodes += ast.iter_child_nodes(node)
    return names, changed


def root(node):
    """``{"a"}`` for ``a.b[0].c``."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def checks(statement):
    """``(name, argument)`` of each exercise that a statement checks: ``check.mean_so_far(mean_so_far)``."""
    for node in [] if isinstance(statement, OWN_SCOPE) else ast.walk(statement):
        called = node.func if isinstance(node, ast.Call) and node.args else None
        if isinstance(called, ast.Attribute) and getattr(called.value, "id", "") == "check":
            yield called.attr, node.args[0]


def handed_in(name, argument, units, sources):
    """The HandedIn of an exercise whose check comes after these units."""
    needed = used(ast.unparse(argument))
    imports = [one for one in units if isinstance(one.statements[0], ast.Import | ast.ImportFrom)]
    imported = set().union(*(one.gives for one in imports))  # a seed or a setting of a library is not followed
    chosen, before = set(), -1
    while len(chosen) > before:
        before = len(chosen)
        for place, unit in enumerate(units):
            gives = unit.gives | unit.changes - imported
            if place not in chosen and (gives & needed or "*" in gives):
                chosen.add(place)
                needed |= unit.uses
    units = [units[place] for place in sorted(chosen)]
    return HandedIn(
        name,
        ast.unparse(argument),
        [(unit.file, unit.text) for unit in units],
        {unit.file: sources[unit.file] for unit in units},
        code_of(argument, units),
    )


def code_of(argument, units):
    """The code of the function that is handed over, where its definition can be found; nothing of it is run."""
    for unit in reversed(units):
        for statement in reversed(unit.statements):
            if not isinstance(argument, ast.Name):
                break
            if isinstance(statement, OWN_SCOPE[:2]) and statement.name == argument.id:
                return compiled(unit.text, unit.file, argument.id)
            if isinstance(statement, ast.Assign) and argument.id in given(statement)[0]:
                argument = statement.value
                if isinstance(argument, ast.Lambda):
                    return compiled(unit.text, unit.file, "<lambda>")
    return compiled(ast.unparse(argument), "", "<lambda>") if isinstance(argument, ast.Lambda) else None


def compiled(text, file, name):
    """The code of a function of this name, from the text it stands in."""
    try:
        whole = compile(text, file, "exec")
    except NOT_PARSED:
        return None
    return next((one for one in whole.co_consts if getattr(one, "co_name", "") == name), None)
