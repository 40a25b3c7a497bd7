"""How the author of a function broke it up: into paragraphs, statements, and what stands in loops and branches."""

import ast
import inspect
import linecache
import re
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

LOOPS = (ast.For, ast.AsyncFor, ast.While)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
FOR_TOOLS = re.compile(r"(?i)(noqa|todo|fixme|xxx|copied|adapted)\b|(type|pyrefly|pylint|fmt|mypy|ruff|pragma):")
CODE = (ast.Call, ast.Tuple, ast.List, ast.stmt)
LETTERS = re.compile(r"[^\W\d_]{3}")  # a word
LONGEST = 40  # characters of a name


class Block(NamedTuple):
    """A piece of the code of a function.

    kind: "paragraph" or "statement"; what is smaller has kinds of its own, and numbers in the place of lines. first,
    last: its lines. heading: the comment above a paragraph, the first line of a loop or of a branch, or "". repeats: is
    it a loop?
    """

    kind: str
    first: int
    last: int
    heading: str = ""
    repeats: bool = False


def blocks(code, instruction):
    """The blocks around an instruction, the outermost first: a paragraph, a statement in it, a paragraph in that, …

    Where the code cannot be read, its line stands for them.
    """
    line = line_of(code, instruction)
    return around(code, code.co_filename, line) or (Block("statement", line, line),)


@lru_cache(1_000)
def around(code, file, line):  # two codes are equal though their files have other comments
    """The blocks around a line, as far as they can be read."""
    body, lines = read(code, file)
    found = []
    while body:
        paragraph = next((one for one in paragraphs(body, lines) if one[-1].end_lineno >= line), body)
        statement = next((one for one in paragraph if one.end_lineno >= line), paragraph[-1])
        found += [Block("paragraph", start(paragraph[0]), paragraph[-1].end_lineno, heading(paragraph[0], lines))]
        inner = [some for some in bodies(statement) if start(some[0]) <= line <= some[-1].end_lineno]
        header = lines[statement.lineno - 1].strip().rstrip(":") if bodies(statement) else ""
        repeats = isinstance(statement, LOOPS) and bool(inner)
        found += [Block("statement", start(statement), statement.end_lineno, shortened(header), repeats)]
        body = inner[0] if inner else None
    return tuple(found)


def line_of(code, instruction):
    """The line of an instruction."""
    lines = [line for first, end, line in code.co_lines() if first <= instruction < end and line is not None]
    return lines[0] if lines else code.co_firstlineno


@lru_cache(1_000)
def read(code, file):
    """The statements of a function, with the lines of its file; none where its source cannot be read."""
    if code.co_name.startswith("<"):
        return [], []
    lines = linecache.getlines(file)
    try:
        source = "".join(inspect.getblock(lines[code.co_firstlineno - 1 :]))
        indented = source[:1].isspace()
        function = ast.parse("if True:\n" + source if indented else source).body[0]
        function = function.body[0] if indented else function
    except (SyntaxError, IndexError, ValueError):
        return [], []
    if not isinstance(function, FUNCTIONS) or function.name != code.co_name:
        return [], []
    ast.increment_lineno(function, code.co_firstlineno - 1 - indented)
    return function.body, lines


def start(statement):
    """Its first line; that of a function, its first decorator's."""
    return min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", ()))])


def bodies(statement):
    """The lists of statements in a loop, a branch or the like."""
    if isinstance(statement, FUNCTIONS):  # what is defined there does not run there
        return []
    handlers = [one.body for one in [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]]
    own = [getattr(statement, name, None) for name in ("body", "orelse", "finalbody")]
    return [some for some in [*own, *handlers] if isinstance(some, list) and some]


def paragraphs(body, lines):
    """Statements in runs: an empty line or a comment of its own stands between two of them."""
    found = [[body[0]]]
    for before, statement in pairwise(body):
        between = [lines[at].strip() for at in range(before.end_lineno, start(statement) - 1)]
        if any(not one or one.startswith("#") for one in between):
            found.append([])
        found[-1].append(statement)
    return found


def heading(statement, lines):
    """What the comment above a statement says, in short, or "" where there is none that says something."""
    said, at = [], start(statement) - 2
    while at >= 0 and (not lines[at].strip() or lines[at].strip().startswith("#")):
        if said and not lines[at].strip():
            break
        said = [lines[at].strip().strip("# "), *said] if lines[at].strip() else said
        at -= 1
    told = " ".join(one for one in said if not FOR_TOOLS.match(one))
    first = re.split(r"(?<=\w)[.:;] ", re.sub(r"\([^)]*\)", "", told) + " ")[0].strip(" -=*.:")
    return "" if is_code(told) or not LETTERS.search(first) else shortened(first)


def is_code(comment):
    """Is it a line of code, or the shape of something, and no sentence?"""
    try:
        found = [one for statement in ast.parse(comment).body for one in ast.walk(statement)]
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(one, CODE) and not isinstance(one, ast.Expr) for one in found)


def shortened(text):
    """A text cut between two words where it is too long."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST + 1].rsplit(" ", 1)[0][:LONGEST].rstrip(" ,-(") + " …"
