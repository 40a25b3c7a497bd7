"""What went wrong, or is worth a word, as one sentence that fits a line or two.

Everything here may come from a learner's own code: a text may be endless, and reading it may itself go wrong.
"""

LONGEST_SENTENCE = 400
ASKED_FOR = {
    SystemExit: "the function asked Python to end; it goes on",
    KeyboardInterrupt: "the function raised an interrupt of its own; nobody pressed the key",
}


def sentence(error):
    """An exception as one sentence, cut where it would fill the page.

    A ValueError speaks for itself; of any other the kind is told, too. Its notes stand behind it.

    >>> sentence(ValueError("T=6 is too many")), sentence(KeyError("q"))
    ('T=6 is too many', "KeyError: 'q'")
    """
    try:
        text = one_line(ASKED_FOR.get(type(error)) or str(error)) or "no message"
    except BaseException as another:  # noqa: BLE001 - the text of a learner's own exception may raise anything
        text = f"its text cannot be read, that raises {type(another).__name__}"
    return one_line(with_notes(error, text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"))


def with_notes(error, text):
    """A text about an exception, and what its notes say of the reason.

    >>> error = IndexError("out of range")
    >>> error.add_note("ids[1] is 9")
    >>> with_notes(error, "out of range.")
    'out of range: ids[1] is 9'
    """
    notes = [note for note in getattr(error, "__notes__", ()) if isinstance(note, str)]
    return ": ".join([text.rstrip(" ."), *notes]) if notes else text


def one_line(text, longest=LONGEST_SENTENCE):
    """A text without line breaks and double spaces, cut at so many characters: ``one_line("a\\n b") == "a b"``."""
    text = " ".join(str(text)[: 8 * longest].encode("utf-8", "replace").decode().split())  # halves of a character go
    return text if len(text) <= longest else text[:longest] + "…"
