"""A tokenizer: turns tokens, words or characters, into ids and back."""

from numbers import Number

from helpers.look.given import listed, told, whole_number


class Tokenizer:
    """Turns tokens into ids and back; the vocabulary is every distinct token, sorted.

    tokens: the tokens that it shall know; a string stands for its characters. Raises ValueError for none.

    >>> tokenizer = Tokenizer("hello")
    >>> tokenizer.vocabulary, tokenizer.encode("hole"), tokenizer.decode([1, 0, 2])
    (['e', 'h', 'l', 'o'], [1, 3, 2, 0], 'hel')
    >>> Tokenizer(["the", "cat"]).encode(["cat", "the"])
    [0, 1]
    """

    def __init__(self, tokens):
        known = set(tokens_in(tokens, "a tokenizer is made from"))
        if not known:
            raise ValueError("there is nothing to learn a vocabulary from: the text is empty.")
        self.vocabulary = sorted(known)
        self.joins = isinstance(tokens, str)
        self.ids = {token: i for i, token in enumerate(self.vocabulary)}

    def __len__(self):
        return len(self.vocabulary)

    def encode(self, tokens):
        """The id of each token: a list of T whole numbers.

        tokens: a text, or a list of words, as the vocabulary has them. Raises ValueError for a token it does not know,
        and for what holds no tokens.
        """
        tokens = tokens_in(tokens, "encode takes")
        try:
            return [self.ids[token] for token in tokens]
        except KeyError as error:
            token = error.args[0]
        point = f" (U+{ord(token):04X})" if len(token) == 1 else ""
        if not self.joins and isinstance(tokens, str):
            likely = "the tokens are words, so give it a list of them, as split_words makes"
        elif self.joins and len(token) > 1:
            likely = "the tokens are characters, so give it one text at a time"
        else:
            likely = "it did not occur in the text that the tokenizer was made from"
        raise ValueError(f"{told(token)}{point} is not in the vocabulary of {len(self)} tokens: {likely}.")

    def decode(self, ids):
        """The tokens of these ids: one string if the tokens are characters, else a list of tokens.

        ids: T whole numbers in a list, a NumPy array or a torch tensor. Raises ValueError for an id out of range, and
        for what holds no ids: numbers that are not whole, a batch.
        """
        found = listed(ids)
        if found is None:
            raise ValueError(f"decode takes a list of ids; you gave {told(ids)}.")
        if any(listed(i) is not None for i in found):
            raise ValueError(f"decode takes one sequence of ids, (T); you gave {told(ids)}: decode one row at a time.")
        tokens = [self.vocabulary[self.id_of(i)] for i in found]
        return "".join(tokens) if self.joins else tokens

    def id_of(self, number):
        """A number as an id; raises ValueError where it is none."""
        try:
            return whole_number("id", number, 0, len(self) - 1)
        except ValueError:
            raise ValueError(
                f"{told(number)} is no token's id; the ids are whole numbers from 0 to {len(self) - 1}."
            ) from None


def tokens_in(given, taker):
    """The tokens that somebody gave: a string, or a list of strings.

    taker: who takes them, ``"encode takes"``. Raises ValueError where they are something else.
    """
    if isinstance(given, str):
        return given
    found = listed(given)
    others = [given] if found is None else [one for one in found if not isinstance(one, str)]
    if not others:
        return found
    if listed(others[0]) is not None:
        likely = "one sequence at a time"
    elif isinstance(others[0], Number):
        likely = "decode turns ids into tokens"
    else:
        likely = "each token is a string"
    raise ValueError(f"{taker} a text, or a list of words; you gave {told(given)}: {likely}.")
