"""The tales: a text made from a small grammar, which knows how probable each of its characters was.

A tale calls two new names, three times each, and then speaks of them: what they have rhymes, what one
says the other repeats, what opens with a bracket closes with its like. So there is something to find
for a model that looks back, and a loss that no model can beat: the true entropy of the text.

    python -m helpers.inputs.corpus        writes data/tales.txt
"""

import math
import random
import re
from functools import lru_cache

import numpy as np

from helpers.look.given import positive, told, whole_number

SEED, LENGTH = 1, 300_000  # of data/tales.txt
LONGEST = 115  # characters of a tale, at most: who sees so far back sees all that helps

CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
DEEDS = ("fed", "hid", "led", "met", "saw")
NUMBERS = tuple(map(str, range(10, 100)))
VERBS = ("Bring", "Find", "Hide", "Lift", "Pass", "Sell", "Take", "Wash")
RHYMES = (
    ("bee", "key", "sea", "tea"),
    ("moon", "noon", "spoon", "tune"),
    ("bell", "gel", "shell", "well"),
    ("cake", "lake", "rake", "snake"),
    ("bat", "hat", "mat", "rat"),
    ("bite", "kite", "light", "night"),
    ("bone", "cone", "stone", "throne"),
    ("bed", "bread", "sled", "thread"),
)
BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">"}


class Writer:
    """Writes a text and notes, for each character, how many bits of choice went into it.

    text: the characters so far. bits: -log2 of the probability of each, given all before it.
    """

    def __init__(self, seed):
        self.random, self.text, self.bits, self.owed = random.Random(seed).random, [], [], 0.0

    def write(self, certain):
        """Add characters that could not have been others."""
        for character in certain:
            self.text.append(character)
            self.bits.append(self.owed)
            self.owed = 0.0
        return certain

    def choose(self, options):
        """Add one of these texts, each as likely as the others, and return it.

        A letter tells as much as it rules out: after the F of Find, of eight verbs one is left. Of two
        options one may begin with the other; what follows the shorter must then begin otherwise.
        """
        options = list(options)
        chosen = options[int(self.random() * len(options))]
        left = options
        for end, character in enumerate(chosen, 1):
            kept = [option for option in left if option.startswith(chosen[:end])]
            self.owed += math.log2(len(left) / len(kept))
            self.write(character)
            left = kept
        self.owed += math.log2(len(left))
        return chosen

    def toss(self):
        """True or False, each half the time; what is written next tells which, and bears the bit."""
        self.owed += 1
        return self.random() < 0.5


def write_name(writer, other=""):
    """A new name of two or three syllables; its first letter is not that of the other name."""
    name = writer.choose(letter for letter in CONSONANTS.upper() if letter != other[:1]) + writer.choose(VOWELS)
    while len(name) < 4 or (len(name) < 6 and writer.toss()):
        name += writer.choose(CONSONANTS) + writer.choose(VOWELS)
    return name


def write_tale(writer):
    """Two are called; then they own things that rhyme, or one says what the other said."""
    names = [write_name(writer)]
    writer.write(f", {names[0]}, {names[0]}!\n")
    names.append(write_name(writer, names[0]))
    writer.write(f", {names[1]}, {names[1]}!\n")
    (write_rhyme if writer.toss() else write_echo)(writer, *names)
    writer.write("\n")


def write_rhyme(writer, one, other):
    """(Zovo met Pimavu), and a line that rhymes: Pimavu has 31 bats, Zovo 74 rats."""
    bracket = writer.choose(BRACKETS)
    _, object = in_any_order(writer, one, other)
    writer.write(" ")
    writer.choose(DEEDS)
    writer.write(f" {object}{BRACKETS[bracket]}\n")
    _, object = in_any_order(writer, one, other)
    writer.write(" has ")
    writer.choose(NUMBERS)
    writer.write(" ")
    word = writer.choose(word for words in RHYMES for word in words)
    writer.write(f"s, {object} ")
    writer.choose(NUMBERS)
    writer.write(" ")
    writer.choose(rhyme for words in RHYMES if word in words for rhyme in words if rhyme != word)
    writer.write("s.\n")


def write_echo(writer, one, other):
    """ "\"Hide tea," said Zovo (31). And then the other said the very same."""
    writer.write('"')
    verb = writer.choose(VERBS)
    writer.write(" ")
    word = writer.choose(word for words in RHYMES for word in words)
    writer.write('," said ')
    _, second = in_any_order(writer, one, other)
    write_age(writer)
    writer.write(f'"{verb} {word}," said {second}')
    write_age(writer)


def write_age(writer):
    """How old somebody is, in brackets of any kind, and the end of the line."""
    writer.write(" ")
    bracket = writer.choose(BRACKETS)
    writer.choose(NUMBERS)
    writer.write(BRACKETS[bracket] + ".\n")


def in_any_order(writer, one, other):
    """Writes one of two names; returns that one and then the other."""
    first = writer.choose([one, other])
    return first, other if first == one else one


def tales(length=LENGTH, seed=SEED):
    """The text, and the bits of each of its characters: (length,), to the last whole tale.

    Raises ValueError for a length or a seed that is no whole number.

    >>> text, bits = tales(200)
    >>> print(text.splitlines()[0])
    Dusemo, Dusemo, Dusemo!
    """
    seed, length = whole_number("seed", seed, 0), whole_number("length", length, 1)
    text, bits = written(length, seed)
    return text, bits.copy()


@lru_cache(maxsize=4)
def written(length, seed):
    """What ``tales`` gives, written once, since every floor asks for it."""
    writer = Writer(seed)
    while len(writer.text) < length:
        write_tale(writer)
    return "".join(writer.text), np.array(writer.bits)


def floor(share=0.1):
    """The true entropy of the last share of data/tales.txt, in nats a character: no model can have a lower loss
    there, on average. Raises ValueError for a share that is none.
    """
    positive("share", share, 1)
    _, bits = tales()
    return float(bits[-int(share * len(bits)) :].mean() * math.log(2))


def repeated_names(tale):
    """For ``helpers.gpt.open_heads.score``: inside a name that was there before, the place after the same letters,
    each time before. Raises ValueError for what is no text.

    >>> repeated_names("Zo, Zo, Zo!")
    ('Zo, Zo, Zo!', {4: [1], 8: [1, 5]})
    """
    if not isinstance(tale, str):
        raise ValueError(f"you gave {told(tale)}; wanted a tale, a text.")
    places = {}
    for name in dict.fromkeys(line.split(",")[0] for line in tale.split("\n")[:2]):
        starts = [match.start() for match in re.finditer(re.escape(name), tale)]
        for i, start in enumerate(starts[1:], 1):
            places.update(
                {start + letter: [before + letter + 1 for before in starts[:i]] for letter in range(len(name) - 1)}
            )
    return tale, places


if __name__ == "__main__":
    from helpers.inputs.texts import data_folder

    (data_folder() / "tales.txt").write_text(tales()[0], encoding="utf-8", newline="\n")
