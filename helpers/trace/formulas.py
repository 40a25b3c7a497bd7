"""How formulas are put together: pieces of text, each with the name of the step that it comes from.

``diagram/formulas.js`` is this module again, for the browser.
"""

from helpers.look.style import number


def names(inputs):
    """A function that names a cell of the i-th input: ``q[1,0]``."""
    return lambda i, where: inputs[i].written(where)


def numbers(inputs):
    """A function that gives the number in a cell of the i-th input; 0 without decimals."""

    def show(i, where):
        found = inputs[i].value[where]
        return number(found, inputs[i].digits if found else 0), inputs[i].written(where)[1]

    return show


def factors(terms, show):
    """Each term as a list of pieces, one for each factor."""
    return [[show(i, where) for i, where in enumerate(term)] for term in terms]


def shortened(terms, most):
    """The terms, or the first ones, an ellipsis and the last when there are more than ``most``."""
    return terms if len(terms) <= most else [*terms[: most - 1], [("…", "")], terms[-1]]


def join(terms, sign=" + "):
    """Put · between factors and a sign between terms, and brackets around negative numbers after a sign."""
    pieces = []
    for term in terms:
        pieces += [(sign, "")] if pieces else []
        for i, (text, name) in enumerate(term):
            pieces += [("·", "")] if i else []
            pieces.append((f"({text})" if text.startswith("−") and pieces and sign != ", " else text, name))
    return pieces


def listed(cells, show, most):
    """The first and the last of many cells, as terms: what is left out is not asked for."""
    few = cells if len(cells) <= most else [*cells[: most - 1], None, cells[-1]]
    return [[("…", "")] if cell is None else [show(*cell)] for cell in few]


def bracketed(pieces, before="(", after=")"):
    """Pieces between two brackets."""
    return [(before, ""), *pieces, (after, "")]
