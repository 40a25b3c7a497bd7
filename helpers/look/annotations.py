"""What is put on a diagram by hand: notes over its matrices, and a matrix left blank, to be asked about.

``diagram/annotations.js`` is ``tidy``, ``wrap`` and ``in_words`` again, for the browser; a test holds them equal.
"""

import re

from helpers.look.given import as_text, told
from helpers.look.style import cell_name

WIDE = 0x2E80  # from this character on (Chinese, Japanese, Korean, emoji) a letter is as wide as two
LINES = 3  # of a note that are drawn


def checked_notes(notes, names):
    """Notes as a dictionary of texts, without the empty ones; raises ValueError for a matrix that is not there."""
    if not isinstance(notes, dict):
        raise ValueError(
            f"notes is {told(notes)}; wanted a dictionary of texts by the name of a matrix, {{'x': 'one row a token'}}."
        )
    unknown = [name for name in notes if name not in names]
    if unknown:
        raise ValueError(
            f"notes has {told(unknown[0])}, which is not in this trace; its matrices are "
            f"{', '.join(names) or 'none yet'}."
        )
    texts = {name: as_text(text) for name, text in notes.items()}
    return {name: text for name, text in texts.items() if tidy(text)}


def checked_cell(cell, trace):
    """``[name, [index, ...]]``, counted from 0, or None; raises what ``trace.why`` raises where there is no such
    cell.
    """
    if cell is None or (isinstance(cell, list | tuple) and not cell):
        return None
    try:
        name, index = cell
        index = list(index)
    except Exception:  # noqa: BLE001 - a learner's own thing may do anything
        raise ValueError(f"the cell is {told(cell)}; wanted a name and its place, as in ('out', (1, 0)).") from None
    found = [name, list(trace.index(name, *index))]
    if trace[name].hidden:
        shown = ", ".join(step.name for step in trace.shown)
        raise ValueError(f"{name} is in no picture of this trace; its matrices are {shown}.")
    return found


def withheld(trace, blank):
    """The names of the matrices that stand empty: the one asked about, and all that are made from it.

    A hidden one that holds the same numbers is among them.
    """
    found = {blank[0], *trace.copied(blank[0])} if blank else set()
    for step in trace:
        if found & {*step.inputs}:
            found.add(step.name)
    return found


def in_words(notes, blank=None):
    """What is put on a diagram, as sentences for its text alternative.

    >>> in_words({"weights": "rows sum to 1"}, ["scores", [1, 0]])
    ['scores[1,0] is asked for', 'Note on weights: “rows sum to 1”']
    """
    asked = [f"{cell_name(blank[0], blank[1])} is asked for"] if blank else []
    return asked + [f"Note on {name}: “{text}”" for name, text in notes.items()]


def tidy(text):
    """A text on one line, with single spaces.

    >>> tidy(" rows sum\\n to 1 ")
    'rows sum to 1'
    """
    return re.sub("[ \t\n\v\f\r]+", " ", text).strip(" ")


def letters(text):
    """How many letters wide a text is."""
    return sum(1 + (ord(letter) >= WIDE) for letter in text)


def wrap(text, room):
    """Break a tidy text into at most three lines of ``room`` letters; an ellipsis stands for what is left out.

    >>> wrap("each row sums to one", 8)
    ['each row', 'sums to', 'one']
    >>> wrap("each row sums to one, always", 8)
    ['each row', 'sums to', 'one, al…']
    """
    lines = []
    while text:
        end = fitting(text, room)
        if end == len(text):
            return [*lines, text]
        if len(lines) == LINES - 1:
            return [*lines, text[: fitting(text, room - 1)].rstrip(" ") + "…"]
        space = text.rfind(" ", 0, end + 1)
        end = space if space > 0 else end
        lines.append(text[:end])
        text = text[end:].lstrip(" ")
    return lines


def fitting(text, room):
    """How many characters of a text are at most ``room`` letters wide; one at least."""
    used = 0
    for end, letter in enumerate(text):
        used += letters(letter)
        if used > room:
            return max(end, 1)
    return len(text)
