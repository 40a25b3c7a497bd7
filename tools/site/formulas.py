"""Formulas that a notebook sets in LaTeX, as MathML: a browser draws it by itself."""

import re
from html import escape, unescape

SET_APART = re.compile(r"<p>\$\$(.+?)\$\$</p>", re.DOTALL)
PIECE = re.compile(
    r"(?P<mn>[\d.]+)|\\text\{(?P<mtext>[^}]*)\}|(?P<mi>[A-Za-z])|(?P<mo>\\cdot|[-+=/(),])|\s+|(?P<other>.)"
)
SIGNS = {r"\cdot": "·", "-": "−"}


def formulas(text):
    """The HTML of some words, with each ``$$...$$`` in it as MathML.

    >>> formulas(r"<p>$$2 \\cdot T$$</p>")
    '<p class="formula"><math display="block"><mn>2</mn><mo>·</mo><mi>T</mi></math></p>'
    """
    return SET_APART.sub(
        lambda found: f'<p class="formula"><math display="block">{drawn(unescape(found[1]))}</math></p>', text
    )


def drawn(formula):
    """A formula of LaTeX; raises ValueError where it has what no notebook had before."""
    pieces = [(piece.lastgroup, piece[piece.lastgroup]) for piece in PIECE.finditer(formula) if piece.lastgroup]
    if unknown := [what for kind, what in pieces if kind == "other"]:
        raise ValueError(
            f"A page cannot draw {unknown[0]!r} of the formula {formula!r}; teach it to tools.site.formulas."
        )
    return "".join(f"<{kind}>{escape(SIGNS.get(what, what))}</{kind}>" for kind, what in pieces)
