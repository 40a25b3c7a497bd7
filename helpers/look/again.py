"""Names that are used again: they get a small number, ``wei₂``, which no name of Python ends with."""

SMALL = "₀₁₂₃₄₅₆₇₈₉"
TO_SMALL, TO_LARGE = str.maketrans("0123456789", SMALL), str.maketrans(SMALL, "0123456789")


def again(name, number):
    """A name as it is called the second, the third time; the first time it stands alone.

    >>> again("wei", 1), again("wei", 12)
    ('wei', 'wei₁₂')
    """
    return name if number == 1 else name + str(number).translate(TO_SMALL)


def without_number(name):
    """The name without its small number: ``without_number("wei₂") == "wei"``."""
    return name.rstrip(SMALL)


def in_python(text):
    """An expression with such names as Python can read it: ``in_python("x₂ @ W") == "x2 @ W"``."""
    return text.translate(TO_LARGE)
