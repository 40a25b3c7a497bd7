"""Whatever is given to the helpers that read texts, tokens and models: a result, or one sentence."""

import random

import numpy as np
import torch

from helpers.gpt import GPT, FastGPT, load, loss_on, orthogonalize, previous, save, score, split, trace_model, write
from helpers.gpt.open_heads import weights_of, without
from helpers.inputs import Tokenizer, by_hand, example, floor, load_text, repeated_names, split_words, words

CALLS, SEED = 1000, 0


def small(build, tokens, **options):
    model = build(len(set(tokens)), context=8, C=8, heads=2, layers=2, **options)
    model.tokenizer = Tokenizer(tokens)
    return model


class Odd:
    """It has a length, until somebody asks for it."""

    def __len__(self):
        raise RuntimeError("no length")


torch.manual_seed(SEED)
MODELS = [small(GPT, "abc \n", dropout=0.5), small(FastGPT, "abc \n"), small(GPT, ["the", "cat", "sat"])]
THINGS = [
    *[None, True, 0, 1, 2, -1, 7, 10**20, 0.5, 1.0, float("nan"), float("inf"), 1j, np.float32(0.5), np.int64(1)],
    *[
        "",
        "a",
        "abc",
        "abca" * 9,
        "é",
        "\ud800",
        "mine",
        "nowhere/mine",
        "story",
        b"ab",
        ["a"],
        ["the", "cat"],
        [["a"]],
    ],
    *[[], [0], [0, 1, 2], [0.5], [[0]], [[0], [1, 2]], [None], (), (0, 1), {}, {"a": 1}, {1: [0]}, set(), range(3)],
    *[
        np.zeros(3),
        np.arange(3),
        np.zeros((2, 2), int),
        np.array(1),
        np.array(["a"]),
        np.array([], int),
        np.uint64([1]),
    ],
    *[torch.zeros(3), torch.arange(3), torch.zeros(2, 2), torch.tensor(1), torch.tensor(True), torch.zeros(0)],
    *[[("ab", {1: [0]})], [("ab", {1: [1, 0]}), ("abc", {2: [0]})], previous("abc"), [previous("ab")]],
    *[*MODELS, GPT, torch.nn.Linear(2, 2), object(), Odd, Odd(), len, MODELS[0].tokenizer, Ellipsis],
]
OF_A_MODEL = {  # name: what is called, and how many things it takes beside the model, at least and at most
    "trace_model": (trace_model, 1, 3),
    "weights_of": (weights_of, 1, 1),
    "score": (score, 1, 1),
    "without": (lambda *given: without(*given).__enter__() and None, 2, 2),
    "loss_on": (loss_on, 1, 3),
    "write": (lambda model, prompt, *others: write(model, prompt, 3, *others), 1, 3),
    "save": (save, 1, 1),
}
OTHERS = {
    "encode": (MODELS[0].tokenizer.encode, 1, 1),
    "decode": (MODELS[0].tokenizer.decode, 1, 1),
    "encode words": (MODELS[2].tokenizer.encode, 1, 1),
    "decode words": (MODELS[2].tokenizer.decode, 1, 1),
    "example": (lambda *given: example(3, 3, *given), 0, 3),
    "by_hand": (lambda *given: by_hand(2, 2, *given), 0, 3),
    "split": (split, 1, 2),
    **{one.__name__: (one, 1, 1) for one in (previous, load, Tokenizer, words, load_text, split_words)},
    **{one.__name__: (one, 1, 1) for one in (repeated_names, floor, orthogonalize)},
}


def test_a_result_or_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chance, told = random.Random(SEED), 0
    for _ in range(CALLS):
        name = chance.choice([*OF_A_MODEL, *OTHERS])
        function, least, most = (OF_A_MODEL | OTHERS)[name]
        given = [chance.choice(THINGS) for _ in range(chance.randint(least, most))]
        if name in OF_A_MODEL:
            given = [chance.choice(MODELS if chance.random() < 0.8 else THINGS), *given]
        try:
            function(*given)
        except (ValueError, OSError) as error:
            said, told = str(error), told + 1
            assert said.endswith(".") and "\n" not in said and len(said) < 400, (name, given, said)
    assert CALLS / 3 < told < CALLS - 100
