"""Names and sentences of a learner's choice, as text that does nothing."""

KEPT = "\n\u200c\u200d"  # a new line, and what joins the letters of some scripts


def as_text(text):
    """A text without what a terminal would take for a command."""
    return "".join(letter if letter.isprintable() or letter in KEPT else "�" for letter in text)


def no_formula(text):
    """A text of a learner's choice, so that no spreadsheet takes it for a formula.

    >>> no_formula("Ada"), no_formula("=1+1")
    ('Ada', "'=1+1")
    """
    text = as_text(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
