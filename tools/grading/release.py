"""Writes notebooks for a graded class: without solutions, and without the hints that give them away.

    python -m tools.grading.release                     all of the course, into build/release/
    python -m tools.grading.release --notebooks 02 05b  these

An exercise that is solved in a notebook is empty again in its copy. All other cells stay, your own, too.
"""

import argparse
import ast
import copy
import re
import sys
from pathlib import Path

from nbformat.v4 import new_output

from helpers.course.course_map import number_of
from tools.grading.handed_in import checks
from tools.notebooks import course_notebooks, load, normal_form
from tools.solutions import CODE

FOLDED = re.compile(r"\n*<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL)
TOLD = "Hints and a solution are folded"  # is told in two notebooks
GIVEN_AWAY = 0.4  # of a solution: a hint that has more of it is left out
RUN = 3  # so many signs one after the other are more than chance


def released(notebook):
    """``(copy, sentences)``: a notebook without its solutions; and what its teacher should look at."""
    made, sentences = copy.deepcopy(notebook), []
    solution = ""
    for cell in made.cells:
        if cell.cell_type == "markdown":
            cell.source, solution = without_solution(cell.source, solution)
        elif cell.cell_type == "code" and (name := exercise_of(cell.source)):
            if "exercise" in cell.metadata.get("tags", []):
                empty(cell, name, solution)
            else:
                sentences.append(f"a cell of your own has check.{name}, and stays: does it give the solution away?")
    return made, sentences


def exercise_of(source):
    """The exercise that a cell checks, or nothing."""
    found = re.findall(r"^check\.(\w+)\(", source, re.MULTILINE)
    return found[-1] if found else ""


def without_solution(text, before=""):
    """``(text, solution)``: a task without its solution, and its hints without those that give it away.

    before: the solution of the task above, which this text may belong to.
    """
    folded = FOLDED.findall(text)
    solutions = [CODE.search(inner) for summary, inner in folded if summary.startswith("A solution")]
    solution = next((found[1] for found in solutions if found), "")
    hints = [inner for summary, inner in folded if summary.startswith("Hint") and not gives_away(inner, solution)]

    def kept(found):
        if found[1].startswith("A solution"):
            return ""
        if not found[1].startswith("Hint"):
            return found[0]
        if found[2] not in hints:
            return ""
        number = f" {hints.index(found[2]) + 1}" if len(hints) > 1 else ""
        return found[0].replace(f"<summary>{found[1]}<", f"<summary>Hint{number}<")

    text = FOLDED.sub(kept, text) if folded else text
    return text.replace(TOLD, "Hints are folded"), solution or before


def gives_away(hint, solution):
    """Does a hint hold a good part of the code of a solution?

    >>> gives_away("Divide by their number: `x.sum(0) / len(x)`.", "def mean(x):\\n    return x.sum(0) / len(x)")
    True
    >>> gives_away("`x.sum()` adds up. Along which axis?", "def mean(x):\\n    return x.sum(0) / len(x)")
    False
    """
    body, hint = signs(re.sub(r"#.*", "", solution.partition("\n")[2])), signs(hint)
    runs = {(*hint[i : i + RUN],) for i in range(len(hint) - RUN + 1)}
    told = {i + j for i in range(len(body)) if (*body[i : i + RUN],) in runs for j in range(RUN)}
    return len(told) > GIVEN_AWAY * len(body)


def signs(text):
    return re.findall(r"\w+|[^\w\s]", text)


def empty(cell, name, solution):
    """Make the cell of an exercise one that nobody has begun. Raises ValueError where its function is not known."""
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError:
        statements = []
    functions = [one for one in statements if isinstance(one, ast.FunctionDef) and one.name == name]
    others = [one for one in statements if one not in functions and not [*checks(one)]]
    if others or len(functions) != 1 or is_begun(functions[0]):
        heads = re.findall(rf"^def {name}\(.*\):(?: *#.*)?$", f"{cell.source}\n{solution}", re.MULTILINE)
        if not heads:
            raise ValueError(f"what {name} takes can be told neither from its cell nor from a solution")
        cell.source = f"{heads[0]}\n    ...\n\ncheck.{name}({name})"
    said = new_output("stream", name="stdout", text=f"{name}: not tried yet.\n")
    cell.outputs = [said] if cell.outputs else []


def is_begun(function):
    """Is there more in a function than ``...``?"""
    (first, *rest) = function.body
    return bool(rest) or not (isinstance(first, ast.Expr) and getattr(first.value, "value", None) is ...)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notebooks", nargs="+", default=[], help="their numbers; all of the course if left out")
    parser.add_argument("--out", type=Path, default=Path("build/release"), help="the folder that is written")
    chosen = parser.parse_args()
    paths = [path for path in course_notebooks() if not chosen.notebooks or number_of(path) in chosen.notebooks]
    if unknown := {*chosen.notebooks} - {number_of(path) for path in paths}:
        sys.exit(f"There is no notebook {', '.join(sorted(unknown))}.")
    chosen.out.mkdir(parents=True, exist_ok=True)
    for path in paths:
        made, sentences = released(load(path))
        (chosen.out / path.name).write_text(normal_form(made), encoding="utf-8", newline="\n")
        print(*[chosen.out / path.name, *(f"  {sentence}" for sentence in sentences)], sep="\n")


if __name__ == "__main__":
    main()
