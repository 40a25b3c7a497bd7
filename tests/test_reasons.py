"""What is told beside an error of PyTorch or NumPy: the names and shapes that did not fit, the id that no table has."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from helpers.explore import explore
from helpers.look.sentence import sentence
from helpers.see import Failed, see
from tests import lecture

ids, table = torch.tensor([[0, 4], [3, 9]]), torch.ones(5, 2)
x, y = torch.ones(2, 3, 4), torch.ones(2, 3, 4)


def looked_up(ids, table):
    return F.embedding(ids, table)


def from_below(ids, table):
    return F.embedding(ids - 4, table)


def products(x, y):
    return x @ y


def doubled(x, y):
    return torch.matmul(x, 2 * y)


def apart(x, y):
    return x @ y[0, :2]


def batches(x, y):
    return torch.cat([x, x, x, x]) + y


def masked(x, mask):
    return x.masked_fill(mask == 0, -1.0)


def loss(logits, targets):
    return F.cross_entropy(logits, targets)


NAMED = {  # what is called, with what, and what is known of the reason
    "an id": (looked_up, [ids, table], "ids[1,1] is 9, and table has 5 rows, from 0 to 4"),
    "an id below 0": (from_below, [ids, table], "(ids - 4)[0,0] is -4, and table has 5 rows, from 0 to 4"),
    "no transpose": (
        products,
        [x, y],
        "x is (2, 3, 4) and y is (2, 3, 4), of which 4 meets 3: y.transpose(-2, -1) would fit",
    ),
    "of an expression": (
        doubled,
        [x, y],
        "x is (2, 3, 4) and 2 * y is (2, 3, 4), of which 4 meets 3: (2 * y).transpose(-2, -1) would fit",
    ),
    "of other sizes": (apart, [x, y[:, :, :3]], "x is (2, 3, 4) and y[0, :2] is (2, 3), of which 4 meets 2"),
    "in NumPy": (
        products,
        [np.ones((2, 3)), np.ones((2, 3))],
        "x is (2, 3) and y is (2, 3), of which 3 meets 2: y.transpose(-2, -1) would fit",
    ),
    "a sum": (batches, [x, torch.ones(5, 1, 1)], "torch.cat([x, x, x, x]) is (8, 3, 4) and y is (5, 1, 1)"),
    "a mask": (masked, [x, torch.ones(5, 5)], "x is (2, 3, 4) and mask == 0 is (5, 5)"),
    "a target": (
        loss,
        [torch.ones(3, 5), torch.tensor([0, 4, 5])],
        "targets[2] is 5, and logits has 5 classes, from 0",
    ),
    "targets in a batch": (
        loss,
        [torch.ones(2, 3, 5), torch.zeros(2, 3).long()],
        "logits is (2, 3, 5), and axis 1 is taken for the classes: logits.flatten(0, -2) and targets.flatten() have",
    ),
}


@pytest.mark.parametrize("kind", NAMED)
def test_the_reason_is_told_with_the_names_of_the_code(kind):
    function, inputs, wanted = NAMED[kind]
    with pytest.raises(Failed) as told:
        see(function, *inputs)
    assert f": {wanted}" in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (loss, [torch.ones(3, 5), torch.zeros(2).long()]),  # PyTorch says it well
        (products, [torch.ones(2, 3, 4), torch.ones(3, 4, 2)]),
        (lambda x: x.nothing, [x]),
        (lambda x: x.view(7), [x]),
    ],
)
def test_where_nothing_is_known_nothing_is_added(function, inputs):
    with pytest.raises(Failed) as told:
        see(function, *inputs)
    assert not hasattr(told.value.__cause__, "__notes__")


def test_a_target_that_is_left_out_is_right():
    assert see(loss, torch.ones(3, 5), torch.tensor([0, -100, 4])).shown[-1].value > 0


def test_the_lectures_own_errors():
    torch.manual_seed(0)
    model = lecture.GPTLanguageModel().eval()
    said = {
        "idx[0,1] is 9, and token_embedding_table.weight has 5 rows, from 0 to 4": {"idx": torch.tensor([[0, 9]])},
        "torch.arange(T, device=device)[8] is 8, and position_embedding_table.weight has 8 rows": {"B": 1, "T": 9},
    }
    for wanted, given in said.items():
        assert wanted in explore(model, **given).diagram.error
    error = explore(lecture.Head(4).eval(), B=1, T=9, C=12).diagram.error
    assert "wei is (1, 9, 9) and self.tril[:T, :T] == 0 is (8, 8). It stopped in line" in error
    error = explore(lecture.Head(4).eval(), B=1, T=3, C=8).diagram.error
    assert "x is (1, 3, 8), and key.weight takes 12 channels, not 8. It stopped in line" in error


def test_a_notebook_shows_the_sentence_and_what_was_done_before():
    with pytest.raises(Failed) as told:
        see(lecture.Head(4), torch.ones(1, 2, 8))
    first, *before = told.value._render_traceback_()
    assert first == f"Failed: {told.value}" and before == ["", "Before that:", "x  (B=1, T=2, C=8)"]


def test_the_notes_of_an_error_are_told_with_it():
    error = KeyError("q")
    error.add_note("there is k")
    assert sentence(error) == "KeyError: 'q': there is k"


class Turned(lecture.Head):
    """The transpose is forgotten: it fits where there are as many tokens as channels in the head."""

    def forward(self, x):
        wei = self.query(x) @ self.key(x)
        return F.softmax(wei, dim=-1) @ self.value(x)


def test_a_size_that_fits_by_chance_is_told():
    first, *_ = explore(Turned(4).eval(), B=2).remarks
    assert first.startswith("Turned takes T=4 alone: with T=3, RuntimeError: Expected size for first two dimensions")


def test_a_call_that_would_work_can_be_typed():
    block = lecture.Block(12, 3).eval()
    assert explore(block).diagram.error.endswith("and with that it works: explore(Block(…), B=(1, 8, 4)).")
    assert explore(block, B=(1, 8, 4)).diagram.error == ""
