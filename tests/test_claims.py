"""Each number that a notebook's text claims, read again from the output that shows it.

tests/claims/06.tsv is the table of notebook 06, one claim a row: the markdown cell and the piece of its text that
claims; the code cell whose output shows it, and the piece of that output; and, where the number is not in it as such,
an expression that makes it of n, the numbers of that piece: ``n[1] / n[0]``. ``100 * n[0] = 50`` is for a claim in
words, such as "half". A claim that is ``given`` is a size that the notebook's own code or text chooses, or the figure
of a source that the text names.
"""

import csv
import html
import math
import re

import pytest

from tools.notebooks import REPO, course_notebooks, load

TABLES = sorted((REPO / "tests" / "claims").glob("*.tsv"))
COLUMNS = ["cell", "claim", "shown", "output", "rule"]
COMPLETE = ["06", "11", "11b", "12", "13", "14", "15", "16", "17", "18"]  # all numbers of their text stand in them
NUMBER = re.compile(r"(?<![\w.])[-−]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?(?![\d])")
NOT_TEXT = (
    re.compile(  # code, formulas, links, tags, headings, the numbers of a list, and other notebooks and exercises
        r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$|\[[^\]]*\]\([^)]*\)|<[^>]*>|^#.*?$|^\s*\d+\.\s"
        r"|\b(?:[Nn]otebooks?|[Ee]xercises?|[Pp]uzzles?)\s(?:\d+b?(?:\.\d+)?(?:,\s|\sto\s|\sand\s)?)+|\d+ minutes",
        re.DOTALL | re.MULTILINE,
    )
)
WORDS_OFF = 0.1  # "twice", "half": this part of the number may be wrong


def notebook(number):
    (path,) = [path for path in course_notebooks() if path.name.startswith(f"{number}_")]
    return load(path)


def claims(table):
    with table.open(encoding="utf-8", newline="") as file:
        rows = [*csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    assert rows[0] == COLUMNS, table
    assert {len(row) for row in rows} == {len(COLUMNS)}, table
    return [dict(zip(COLUMNS, row)) for row in rows[1:]]


def flat(text):
    return " ".join(text.split())


def said(cell):
    """What the outputs of a cell say, without tags."""
    texts = []
    for output in cell.outputs:
        data = output.get("data", {})
        texts += [output.get("text", ""), data.get("text/plain", ""), *map(str, output.get("traceback", []))]
        texts.append(html.unescape(re.sub(r"<[^>]*>", " ", data.get("text/html", ""))))
        texts += [output.get("evalue", ""), data.get("text/markdown", "")]
    return flat("\n".join(texts))


def numbers(text):
    """(number, half a unit of its last digit) for each in a text."""
    found = []
    for match in NUMBER.findall(text):
        plain = match.replace(",", "").replace("−", "-")
        digits, _, power = plain.partition("e")
        unit = 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
        found.append((float(plain), unit / 2))
    return found


def near(number, half, value):
    return math.isclose(number, value, rel_tol=1e-9, abs_tol=half * 1.001)


def computed(rule, n):
    """The number that a rule makes, and what it must be where it says so itself."""
    expression, _, wanted = rule.partition(" = ")
    value = eval(
        expression, {"__builtins__": {}}, {"n": n, **vars(math), "abs": abs, "max": max, "min": min, "sum": sum}
    )
    return value, float(wanted) if wanted else None


def wrong(row, book):
    """What is wrong with a row; "" where it holds."""
    cells = {cell.id: cell for cell in book.cells}
    text, code = (
        "\n".join(cell.source for cell in book.cells if cell.cell_type == kind) for kind in ("markdown", "code")
    )
    if row["cell"] not in cells or row["claim"] not in cells[row["cell"]].source:
        return "its cell does not say this"
    claimed = numbers(row["claim"])
    if row["shown"] == "given":
        if not any(flat(row["output"]) in flat(where) for where in (code, text)):
            return "neither the code nor the text of the notebook gives this"
        there = [number for number, _ in numbers(row["output"])]
        return "" if all(any(near(*one, n) for n in there) for one in claimed) else f"{row['output']} gives others"
    if row["shown"] not in cells or flat(row["output"]) not in said(cells[row["shown"]]):
        return "no output says this"
    n = [number for number, _ in numbers(row["output"])]
    if not row["rule"]:
        return "" if claimed and all(any(near(*one, m) for m in n) for one in claimed) else f"the output has {n}"
    value, wanted = computed(row["rule"], n)
    if wanted is not None:
        return "" if math.isclose(value, wanted, rel_tol=WORDS_OFF) else f"the output makes it {value}"
    return "" if claimed and near(*claimed[0], value) else f"the output makes it {value}"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_claims(table):
    book = notebook(table.stem)
    found = {f"{row['cell']}: {row['claim']}": wrong(row, book) for row in claims(table)}
    assert {claim: what for claim, what in found.items() if what} == {}


def unclaimed(book, rows):
    """The numbers of a notebook's running text that stand in no row, each with what is around it.

    A whole number that the notebook's code holds is a size, and what has one digit counts things.
    """
    code = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
    sizes = {*range(11), *(abs(number) for number, _ in numbers(code))}
    found = []
    for cell in book.cells:
        if cell.cell_type != "markdown":
            continue
        covered = [
            range(match.start(), match.end())
            for row in rows
            if row["cell"] == cell.id
            for match in re.finditer(re.escape(row["claim"]), cell.source)
        ]
        covered += [range(match.start(), match.end()) for match in NOT_TEXT.finditer(cell.source)]
        found += [
            f"{cell.id}: {flat(cell.source[max(0, match.start() - 30) : match.end() + 20])}"
            for match in NUMBER.finditer(cell.source)
            if not any(match.start() in part for part in covered)
            and not (match[0].isdigit() and int(match[0]) in sizes)
        ]
    return found


@pytest.mark.parametrize("number", COMPLETE)
def test_no_number_is_unclaimed(number):
    table = REPO / "tests" / "claims" / f"{number}.tsv"
    assert unclaimed(notebook(number), claims(table)) == []


def test_a_wrong_claim_is_found():
    """Each way in which a row can be wrong, on a notebook of two cells."""
    book = notebook("02")
    shows = next(cell for cell in book.cells if cell.cell_type == "code" and numbers(said(cell)))
    says = next(cell for cell in book.cells if cell.cell_type == "markdown" and numbers(cell.source))
    row = dict(cell=says.id, claim=says.source.splitlines()[0], shown=shows.id, output="no such output", rule="")
    assert wrong(row, book) == "no output says this"
    assert wrong({**row, "claim": "never written 7"}, book) == "its cell does not say this"
    assert wrong({**row, "shown": "given", "output": "never written 7"}, book).startswith("neither")
