"""Numbers as people type them: 0.73, 0,73, −2, 1/2, -inf, e^2/(e^2+e^1). What is typed is read, never run."""

import ast
import math
import operator
import re
import unicodedata
from typing import NamedTuple

LONGEST = 200  # characters that are read
ECHOED = 60  # characters that are shown again
EXACT = 1e-6

SIGNS = str.maketrans(
    {**dict.fromkeys("−–—", "-"), **dict.fromkeys("·×⋅∙", "*"), **dict.fromkeys("÷⁄:", "/"), ",": "."}
)
SPELLINGS = {  # pattern: how the reader below spells it
    r"float\( ?[\"']([^\"']*)[\"'] ?\)": r"\1",
    r"infinity|∞": "inf",
    r"√ ?(\d+(?:\.\d+)?)": r"sqrt(\1)",
    r"√": "sqrt",
    r"\^": "**",
    r"(?<![\d.])0+(?=\d)": "",
}
TOKENS = re.compile(r"(?:(?<![\w.])(?:(?:inf|nan|sqrt|exp|e)|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?![\w.])|[-+*/() ])+")
PLAIN = re.compile(r"[-+]? ?(?:\d+\.?\d*|\.\d+)")
NAMES = {"e": math.e, "inf": math.inf, "nan": math.nan}
FUNCTIONS = {"sqrt": math.sqrt, "exp": math.exp}
OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


class Typed(NamedTuple):
    """A number that was typed. decimals: how many it was given with; None if it is exact, as 1/3 is."""

    value: float
    decimals: int | None

    def agrees(self, value):
        """Is it this value, or this value rounded to the decimals that were typed, if these are two or more?

        >>> read("0.73").agrees(0.7311), read("0.7").agrees(0.7311), read("0.5").agrees(0.5)
        (True, False, True)
        """
        if not (math.isfinite(self.value) and math.isfinite(value)):
            return self.value == value or (math.isnan(self.value) and math.isnan(value))
        rounding = 0.5 * 10.0**-self.decimals + 1e-9 if (self.decimals or 0) >= 2 else 0
        return math.isclose(self.value, value, rel_tol=1e-9, abs_tol=max(EXACT, rounding))


def read(text):
    """The number that a text says, with its decimals. Raises ValueError with a sentence where it says none.

    Decimals have a point or a comma; the signs of arithmetic, brackets, e, √ and infinity may stand in it.

    >>> read("−0,50"), read("1*2 + 3*-1"), read("−∞").value
    (Typed(value=-0.5, decimals=2), Typed(value=-1.0, decimals=None), -inf)
    """
    shown = printable(text)
    if not shown:
        raise ValueError("Type a number first.")
    problem = "type one such as 0.73, −2, 1/2 or e^2/(e^2+e^1)."
    if len(shown) <= LONGEST:
        plain = unicodedata.normalize("NFKC", shown).translate(SIGNS).casefold().strip(" =≈~")
        for pattern, spelling in SPELLINGS.items():
            plain = re.sub(pattern, spelling, plain)
        try:
            if TOKENS.fullmatch(plain):
                points = [len(digits) for digits in re.findall(r"\.(\d*)", plain)]
                return Typed(
                    evaluate(ast.parse(plain.strip(), mode="eval").body),
                    max(points) if points else 0 if PLAIN.fullmatch(plain) else None,
                )
        except ZeroDivisionError:
            problem = "it divides by zero."
        except OverflowError:
            problem = "it is too large."
        except (SyntaxError, KeyError, ValueError, TypeError, MemoryError, RecursionError):
            pass  # it is no arithmetic
    raise ValueError(f"I could not read '{echo(text)}' as a number: {problem}")


def echo(text):
    """The beginning of what was typed, to be shown again as plain text."""
    shown = printable(text)
    return shown if len(shown) <= ECHOED else shown[: ECHOED - 1] + "…"


def printable(text):
    """The text in one line, without characters that cannot be seen."""
    return "".join(c for c in " ".join(str(text).split()) if unicodedata.category(c)[0] != "C")


def evaluate(node):
    """The number of a parsed expression; KeyError for anything but arithmetic, ValueError for a root of a negative
    number.
    """
    match node:
        case ast.Constant(value=number):
            return float(number)
        case ast.Name(id=name):
            return NAMES[name]
        case ast.UnaryOp(op=sign, operand=operand):
            return OPERATORS[type(sign)](evaluate(operand))
        case ast.BinOp(left=left, op=sign, right=right):
            return float(OPERATORS[type(sign)](evaluate(left), evaluate(right)))  # float() refuses the complex root
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
            return FUNCTIONS[name](evaluate(argument))
    raise KeyError(type(node).__name__)
