"""What is printed where a stream does not have every letter: such letters are spelled, so that printing never fails.

Windows gives a program whose output goes to a file or a pipe an encoding without −, √ or ∞, and Python raises at the
first of them.
"""

import codecs
import io
import sys
import unicodedata
from contextlib import suppress

SPELLED = {
    **{"−": "-", "–": "-", "—": "--", "·": "*", "⋅": "*", "∙": "*", "×": "x", "÷": "/", "⁄": "/", "±": "+-"},
    **{"≠": "!=", "≤": "<=", "≥": ">=", "≈": "~", "→": "->", "←": "<-", "√": "sqrt ", "∞": "inf", "Σ": "sum", "∂": "d"},
    **{"“": '"', "”": '"', "‘": "'", "’": "'", "•": "*", "●": "*", "○": "o", "✓": "ok", "█": "#"},
    **{"↵": "\\n", "␣": "_", "⌘": "Cmd+", "⇥": "\\t", "λ": "lambda"},
}
NEVER_FAIL = {"ignore", "replace", "backslashreplace", "xmlcharrefreplace", "namereplace"}
OURS = "spelled-after-"  # the stream's own way is tried first: "spelled-after-strict"


def spelled(letter):
    """A letter in ASCII, or a question mark.

    >>> [spelled(letter) for letter in "−∞²₂ᵀéβΦ猫"]
    ['-', 'inf', '^2', '2', '^T', 'e', 'beta', 'Phi', '?']
    """
    if letter in SPELLED:
        return SPELLED[letter]
    parts = "".join(SPELLED.get(part, part) for part in unicodedata.normalize("NFKD", letter))
    if plain := parts.encode("ascii", "ignore").decode():
        return "^" + plain if unicodedata.decomposition(letter).startswith("<super>") else plain
    name = unicodedata.name(letter, "")
    if name.startswith("GREEK "):
        return name.split()[-1].capitalize() if "CAPITAL" in name else name.split()[-1].lower()
    return "?"


def ready(stream):
    """From now on this stream spells what it cannot have. One that never fails, and what is no text file, stay."""
    if not isinstance(stream, io.TextIOWrapper) or stream.errors in NEVER_FAIL or stream.errors.startswith(OURS):
        return
    own = codecs.lookup_error(stream.errors)

    def spell(error):
        """What the codec asks at a letter that it does not have: what to write, and where to go on."""
        end = error.start + 1
        try:
            return own(UnicodeEncodeError(error.encoding, error.object, error.start, end, error.reason))
        except UnicodeEncodeError:
            return spelled(error.object[error.start]), end

    codecs.register_error(OURS + stream.errors, spell)
    with suppress(ValueError, OSError):  # it is closed, or its file is full
        stream.reconfigure(errors=OURS + stream.errors)


def tell(text):
    """Print a text, whatever it holds, wherever it goes: ``tell("√3 → ∞")``."""
    ready(sys.stdout)
    print(text)
