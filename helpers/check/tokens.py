"""Exercises of notebook 01: text becomes numbers."""

import numpy as np

from helpers.check.exercise import exercise

LETTERS = "abcdefg"


def a_text(rng, sizes):
    """A vocabulary of V letters in some order, and a text of T of them."""
    sizes["V"] = int(rng.integers(3, 8))
    vocabulary = "".join(rng.permutation(list(LETTERS))[: sizes["V"]])
    return {"text": "".join(rng.choice(list(vocabulary), sizes["T"])), "vocabulary": vocabulary}


@exercise("01", asks="text:, vocabulary:", gives="ids: T", tensors=False, draw=a_text)
def encode_text(text, vocabulary):
    """The place of each letter of the text in the vocabulary."""
    ids = []
    for letter in text:
        for i, known in enumerate(vocabulary):
            if known == letter:
                ids.append(i)
    return np.array(ids)


@encode_text.mistake("the ids begin at 1: places are counted from 0")
def from_one(text, vocabulary):
    return np.array([vocabulary.index(letter) + 1 for letter in text])


@encode_text.mistake("these are the letters' own code points, from ord: wanted their places in this vocabulary")
def code_points(text, vocabulary):
    return np.array([ord(letter) for letter in text])


@encode_text.mistake("the letters are counted from a: wanted their places in this vocabulary, whatever its order")
def from_a(text, vocabulary):
    return np.array([ord(letter) - ord("a") for letter in text])


@encode_text.mistake("the vocabulary was made anew from the text: the ids are places among the text's own letters")
def of_the_text(text, vocabulary):
    own = sorted({*text})
    return np.array([own.index(letter) for letter in text])


@encode_text.mistake("the vocabulary was sorted first: wanted the order in which it is given")
def sorted_first(text, vocabulary):
    return np.array([sorted(vocabulary).index(letter) for letter in text])


@encode_text.mistake("the text is read from its end: the first id belongs to the first letter")
def from_the_end(text, vocabulary):
    return np.array([vocabulary.index(letter) for letter in text[::-1]])


@encode_text.mistake("a letter that comes again is left out: every letter of the text gets an id")
def once_each(text, vocabulary):
    return np.array([vocabulary.index(letter) for letter in dict.fromkeys(text)])


def some_ids(rng, sizes):
    """A table of V rows, and ids of (B, T) that fit it."""
    sizes.setdefault("V", int(rng.integers(2, 7)))
    return {"ids": rng.integers(sizes["V"], size=(sizes["B"], sizes["T"]))}


@exercise("01", asks="ids: B T, table: V C", gives="x: B T C", tensors=False, loops=False, draw=some_ids)
def look_up(ids, table):
    """For each id the row of the table that it names."""
    B, T = ids.shape
    C = table.shape[1]
    x = np.zeros((B, T, C))
    for b in range(B):
        for t in range(T):
            for c in range(C):
                x[b, t, c] = table[ids[b, t], c]
    return x


@look_up.mistake("only the first sequence of the batch was looked up: wanted all B of them")
def first_sequence(ids, table):
    return table[ids[0]]


@look_up.mistake("the tokens stand in front of the batch: wanted (B, T, C), in the order of ids")
def tokens_first(ids, table):
    return table[ids.T]


@look_up.mistake("channels and tokens have changed places: wanted the channels last, (B, T, C)")
def channels_first(ids, table):
    return np.moveaxis(table[ids], -1, 1)


@look_up.mistake("the ids were taken to begin at 1: row 0 of the table belongs to id 0")
def one_row_up(ids, table):
    return table[ids - 1]


@look_up.mistake("the batch was laid out in one line, (B·T, C): wanted (B, T, C)")
def in_one_line(ids, table):
    return table[ids.reshape(-1)]


@look_up.mistake("each id multiplies the first row of the table: an id is a place in the table, not an amount")
def multiplied(ids, table):
    return ids[..., None] * table[0]


@look_up.mistake("these are one-hot rows, as long as the vocabulary: multiply them with the table")
def one_hot(ids, table):
    return np.eye(len(table))[ids]


@look_up.mistake("the rows of each sequence are added up: wanted a row for every token")
def added_up(ids, table):
    return table[ids].sum(axis=1)
