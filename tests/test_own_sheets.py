"""Worksheets of heads by other hands: the numbers of their own code, where it is the head that the sheet asks for."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.by_hand import worksheet
from helpers.see import see
from tests import lecture
from tests.near import assert_near
from tests.test_walk_own import SEEN, head, matrix

WORDS = ["the", "cat", "sat"]


class Small(nn.Module):
    """The lecture's head for few channels; slip: what is otherwise in it."""

    def __init__(self, slip=""):
        super().__init__()
        self.key, self.query, self.value = (nn.Linear(2, 3, bias=slip == "biases") for _ in range(3))
        self.slip = slip

    def forward(self, x):
        k, q, v = self.key(x), self.query(x), self.value(x)
        wei = q @ k.transpose(-2, -1) * (1 if self.slip == "unscaled" else k.shape[-1] ** -0.5)
        if self.slip != "no mask":
            wei = wei.masked_fill(torch.ones(wei.shape[-2:]).tril() == 0, float("-inf"))
        return wei.softmax(-1) @ v


def joined(x, W):
    q, k, v = (x @ W).chunk(3, -1)
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


@pytest.mark.parametrize("shape", [(3, 2), (1, 3, 2)])
def test_a_head_of_your_own_is_put_on_paper_with_its_numbers(shape):
    torch.manual_seed(0)
    module, x = Small(), torch.randn(shape)
    sheet = worksheet(see(module, x, tokens=WORDS))
    assert repr(sheet) == "Worksheet: T=3, C=2, head_size=3, numbers of your own, on two pages of A4"
    given = [x.reshape(3, 2), module.query.weight.T, module.key.weight.T, module.value.weight.T]
    for name, value in zip(("x", "Wq", "Wk", "Wv"), given):
        assert_near(sheet.trace[name].value, value.detach(), atol=0.005 + 1e-9)
    q, k, v = (sheet.trace["x"].value @ sheet.trace[name].value for name in ("Wq", "Wk", "Wv"))
    scores = q @ k.T / np.sqrt(3) + np.triu(np.full((3, 3), -np.inf), 1)
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    assert_near(sheet.trace["out"].value, weights @ v, atol=1e-12)
    texts = [label.text for label in sheet.pages[0].labels]
    assert {*WORDS} <= {*texts} and "stage, from 1 to 9. Write" in " ".join(texts)
    assert f"{given[0][2, 1]:.2f}".replace("-", "–") in texts and "projected" not in sheet.alt


def test_in_numpy_and_without_words():
    sheet = worksheet(see(head, matrix(3, 4), *(matrix(4, 2) for _ in range(3))), paper="Letter")
    assert sheet.trace.tokens == ["token 0", "token 1", "token 2"] and sheet.paper == "Letter"
    assert len(sheet.pages) == 2 and sheet.pdf.startswith(b"%PDF")


REFUSED = {
    "no scale": (
        lambda: see(Small("unscaled"), torch.randn(3, 2)),
        "'Small' gives other numbers than one head, causal",
    ),
    "no mask": (lambda: see(Small("no mask"), torch.randn(3, 2)), "'Small' gives other numbers than one head, causal"),
    "biases": (lambda: see(Small("biases"), torch.randn(3, 2)), "without biases; wanted such a head"),
    "joined": (
        lambda: see(joined, torch.randn(3, 2), torch.randn(2, 9)),
        "'joined' has no Wq, Wk, Wv that multiplies x",
    ),
    "a batch": (lambda: see(Small(), torch.randn(2, 3, 2)), "x has shape (2, 3, 2); wanted one sequence, (T, C)."),
    "tokens": (
        lambda: see(Small(), torch.randn(5, 2)),
        "T is 5 in 'Small'; wanted at most 4: more does not fit on a page",
    ),
    "channels": (lambda: see(lecture.Head(4).eval(), torch.randn(1, 3, 12)), "C is 12 in 'Head'; wanted at most 4"),
    "a loop": (
        SEEN["a loop that writes in place"],
        "'averages' has no Wq, Wk, Wv that multiplies x; wanted a Trace of",
    ),
    "opaque": (SEEN["an opaque step"], "'inverse' has no Wq, Wk, Wv"),
    "a block": (
        lambda: see(lecture.Block(12, 3).eval(), torch.randn(1, 3, 12)),
        "C is 12 in 'Block'; wanted at most 4",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_such_head_is_told_in_a_sentence(kind):
    make, said = REFUSED[kind]
    torch.manual_seed(0)
    with pytest.raises(ValueError) as told:
        worksheet(make())
    assert said in str(told.value) and "\n" not in str(told.value)
