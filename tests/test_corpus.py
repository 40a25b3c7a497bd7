"""The tales: what must agree agrees, and the bits are the true probabilities."""

import math
import re
from collections import Counter, defaultdict
from itertools import product

import numpy as np
import pytest

from helpers.inputs.corpus import BRACKETS, LENGTH, LONGEST, RHYMES, Writer, floor, repeated_names, tales
from helpers.inputs.texts import load_text


@pytest.fixture(scope="module")
def written():
    return tales()


@pytest.fixture
def text(written):
    return written[0]


@pytest.fixture
def bits(written):
    return written[1]


@pytest.fixture
def each(text):
    return text.removesuffix("\n\n").split("\n\n")


def test_the_file_is_what_the_grammar_writes(text, bits, each):
    assert load_text("tales") == text and tales()[0] == text and tales(500)[0] == text[: len(tales(500)[0])]
    assert len(text) == len(bits) >= LENGTH and text.endswith(".\n\n") and max(map(len, each)) <= LONGEST
    assert tales(500, seed=2)[0] != tales(500)[0]


def test_what_must_agree_agrees(each):
    for tale in each:
        first, second, third, fourth = tale.split("\n")
        names = [first.split(",")[0], second.split(",")[0]]
        assert (first, second) == tuple(f"{name}, {name}, {name}!" for name in names) and names[0][0] != names[1][0]
        assert {*re.findall(r"\b[A-Z][a-z]+\b", re.sub('"[^"]*"', "", third + fourth))} <= {*names}
        stack = []
        for character in tale:
            if character in BRACKETS:
                stack.append(BRACKETS[character])
            elif character in BRACKETS.values():
                assert stack.pop() == character
        assert not stack
        if third.startswith('"'):
            assert third.split('"')[1] == fourth.split('"')[1] and {
                re.search(r"said (\w+)", line)[1] for line in (third, fourth)
            } == {*names}
        else:
            one, other = re.findall(r"(\w+)s[,.]", fourth)
            assert one != other and any({one, other} <= {*words} for words in RHYMES)


def test_bits_of_a_small_grammar_are_its_conditional_probabilities():
    """Every text that a grammar can write, with its probability, says what each character's must be."""

    class Dice:
        """Answers what it is told, instead of chance."""

        def __init__(self, answers):
            self.answers, self.used = iter(answers), 1.0

        def __call__(self):
            return next(self.answers)

    def play(dice):
        writer = Writer(0)
        writer.random = dice
        writer.choose(["a", "ab", "b"])  # one begins with another; what follows begins otherwise
        writer.write(".")
        while writer.toss():
            writer.choose(["xy", "xz"])
            if len(writer.text) > 5:
                break
        writer.write("!")
        return "".join(writer.text), writer.bits

    outcomes = defaultdict(float)
    bits = {}
    halves = [1 / 12, 5 / 12, 7 / 12, 11 / 12]  # answers that fall evenly among two and among three options
    for answers in product([1 / 6, 3 / 6, 5 / 6], *[halves] * 6):
        text, found = play(Dice(answers))
        outcomes[text] += 1 / (3 * 4**6)
        bits[text] = found
    assert sum(outcomes.values()) == pytest.approx(1) and len(outcomes) > 10
    for text, found in bits.items():
        for at in range(len(text)):
            before = sum(p for other, p in outcomes.items() if other[:at] == text[:at])
            after = sum(p for other, p in outcomes.items() if other[: at + 1] == text[: at + 1])
            assert found[at] == pytest.approx(-math.log2(after / before), abs=1e-9), (text, at)
        assert 2 ** -sum(found) == pytest.approx(outcomes[text])


def test_bits_of_the_tales_are_what_happens(text, bits, each):
    """Of the characters that were foretold with a probability, that share came true, at each place of a tale."""
    starts = np.cumsum([0, *(len(tale) + 2 for tale in each[:-1])])
    first = Counter(text[start] for start in starts)
    for letter, count in first.items():
        p = 2 ** -bits[starts[[text[start] == letter for start in starts]]]
        assert np.ptp(p) < 1e-12 and abs(count / len(starts) - p[0]) < 5 * math.sqrt(p[0] / len(starts))
    # The mean of 1 / p is the number of things that can happen: here after a quotation mark, after "has", after "said".
    for after, outcomes in [('!\n"', 8), (" has ", 9), ("said ", 2), (" has 1", 10)]:
        at = [match.end() for match in re.finditer(re.escape(after), text)]
        at = at[::2] if after == "said " else at  # who speaks second is sure
        assert (2 ** bits[at]).mean() == pytest.approx(outcomes, rel=0.1), after
    assert (bits >= 0).all() and bits.max() < 8


def test_the_sum_of_bits_is_the_probability_of_a_tale(bits, each):
    """By hand: the choices of the first tale of each kind."""
    ends = np.cumsum([len(tale) + 2 for tale in each])
    for tale, end in zip(each[:50], ends):
        first, second, third, _ = tale.split("\n")
        one, other = first.split(",")[0], second.split(",")[0]
        syllables = 5 * 14 * 5, 14 * 5
        wanted = 1.0 + math.log2(14) + math.log2(13)  # the kind of tale, the first letters
        for name in (one, other):
            wanted += math.log2(syllables[0]) + 1 + (math.log2(syllables[1]) if len(name) == 6 else 0)
        if third.startswith('"'):
            wanted += 3 + 5 + 1 + 2 * (2 + math.log2(90))  # verb, word, who begins, and twice a bracket and an age
        else:
            wanted += 2 + 1 + math.log2(5) + 1 + 2 * math.log2(90) + 5 + math.log2(3)
        assert bits[end - len(tale) - 2 : end].sum() == pytest.approx(wanted)


@pytest.mark.parametrize(
    "call",
    [
        *[lambda value=value: tales(value) for value in (0, -1, 2.5, "9", None)],
        *[lambda value=value: tales(9, seed=value) for value in (-1, "a", None, [1])],
        *[lambda value=value: floor(value) for value in (0, -0.1, 2, "1", None, float("nan"))],
        *[lambda value=value: repeated_names(value) for value in (None, 5, ["Zo"], b"Zo")],
    ],
)
def test_what_cannot_be_gets_a_sentence(call):
    with pytest.raises(ValueError, match=r"(length|seed|share|you gave) .*; wanted a .*\.$") as raised:
        call()
    assert "\n" not in str(raised.value)


def test_names_of_any_letters_are_found():
    assert repeated_names("(+, (+!\n*, *") == ("(+, (+!\n*, *", {4: [1]}) and repeated_names("")[1] == {}


def test_the_floor(bits):
    assert 0.40 < floor() < 0.43
    assert floor(1.0) == pytest.approx(bits.mean() * math.log(2))


def test_places_of_repeated_names(each):
    tale, places = repeated_names(each[0])
    for at, looked_at in places.items():
        for place in looked_at:
            assert place <= at and tale[place - 1] == tale[at] and tale[place] == tale[at + 1]
    called = each[0].split(",")[0]
    assert len(places) >= (len(called) - 1) * (each[0].count(called) - 1)
