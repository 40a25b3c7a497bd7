"""Walks through Traces of code by other hands: every question can be answered, and none is asked where nobody could."""

import numpy as np
import pytest
import torch

import helpers.by_hand.walking as module
from helpers.by_hand import diagnose, walk
from helpers.by_hand.slips import slips
from helpers.by_hand.stages import SENTENCES
from helpers.see import see
from tests import lecture

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def a_fresh_kernel(monkeypatch):
    monkeypatch.setattr(module, "memories", {})
    monkeypatch.setattr(module, "alive", {})


def matrix(*shape):
    return rng.normal(size=shape).round(1)


def head(x, Wq, Wk, Wv):
    """Called as the course's own is; its scores are scaled at once."""
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = q @ k.T / np.sqrt(k.shape[-1])
    scores = np.where(np.tril(np.ones(scores.shape)) == 0, -np.inf, scores)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True) @ v


def averages(x):
    out = torch.zeros(x.shape)
    for t in range(len(x)):
        out[t] = x[: t + 1].mean(0)
    return out


def inverse(x):
    y, _ = torch.sort(x, dim=0)
    z = torch.linalg.inv(y @ y.T + torch.eye(len(x)))
    return z @ x


def again(x):
    for _ in range(3):
        x = x @ x.T @ x
        x = x / 10
    return x


def turned(x):
    q, k = x[:, :2] * 2, (x @ x.T).flatten()[1:7].view(2, 3)
    return q @ k


def shares(x):
    return (x[None] @ x.T).softmax(-1).sum((0, 1))


def total(x):
    return x.sum() * 2


def across(x, y):
    return torch.softmax(x @ y.T, -1) @ y


SEEN = {
    "a lecture's head": lambda: see(lecture.Head(4).eval(), torch.randn(1, 3, 12)),
    "in training": lambda: see(lecture.Head(4), torch.randn(1, 3, 12)),
    "in NumPy": lambda: see(head, matrix(3, 4), *(matrix(4, 2) for _ in range(3))),
    "a loop that writes in place": lambda: see(averages, torch.randn(3, 4)),
    "a module with parts": lambda: see(lecture.Block(12, 3).eval(), torch.randn(1, 3, 12)),
    "a whole model": lambda: see(lecture.GPTLanguageModel().eval(), torch.tensor([[0, 1, 2]])),
    "an opaque step": lambda: see(inverse, torch.randn(3, 3)),
    "names again": lambda: see(again, torch.randn(3, 3)),
    "hidden steps": lambda: see(turned, torch.randn(3, 3)),
    "odd letters": lambda: see(shares, torch.randn(3, 3)),
    "one number": lambda: see(total, torch.randn(3, 3)),
    "more keys than queries": lambda: see(across, torch.randn(2, 3), torch.randn(5, 3)),
    "gradients": lambda: see(lecture.Head(4).eval(), torch.randn(1, 2, 12)).backward(),
}


def said(walked):
    return walked.said.words


@pytest.mark.parametrize("kind", SEEN)
def test_every_question_can_be_answered(kind):
    torch.manual_seed(0)
    walked = walk(SEEN[kind]())
    assert len(walked.stages) >= 2
    for stop in walked.stages[1:]:
        walked.next.click()
        shown = {step.name for step in walked.trace.folded(walked.opened).shown}
        assert stop.name in shown and (len(shown) <= 15 or not walked.trace.parts)
        if stop.asked is None:
            assert stop.sentence.endswith("and not asked.") and walked.diagram.blank is None
            continue
        assert len(walked.trace.sources(stop.name, *stop.asked)) <= 40 and stop.sentence == ""
        walked.box.value = "77.125"
        wrong, name = said(walked), walked.trace[stop.name].written(stop.asked)[0]
        assert walked.box.label == f"Your turn: what is {name}?"
        assert wrong.startswith(f"77.125 is not {name}. It is ") and " where ," not in wrong
        walked.box.value = repr(float(walked.trace[stop.name].value[stop.asked]))
        assert said(walked).startswith("Right. ") and walked.is_filled_in


@pytest.mark.parametrize("kind", SEEN)
def test_every_slip_is_a_sentence_about_what_is_shown(kind):
    torch.manual_seed(0)
    trace = SEEN[kind]()
    hidden = {step.name for step in trace if step.hidden and not step.name.isidentifier()}
    for step in trace.shown:
        unread = hidden - {*step.inputs}
        for index in [*np.ndindex(step.value.shape)][-2:]:
            for slip in slips(trace, step.name, index):
                assert slip.sentence.endswith(".") and not slip.sentence.startswith(". ")
                assert not any(f"of {name} with" in slip.sentence for name in unread)


def test_what_is_masked_is_told_by_the_matrix_that_masks_it():
    trace = SEEN["a lecture's head"]()
    assert diagnose(trace, "wei₂", (0, 0, 1), 5).sentence == (
        "5 is not wei₂[0,0,1]. It is wei[0,0,1] where self.tril[:T, :T][0,1] is not 0, and −∞ elsewhere."
    )
    assert diagnose(trace, "wei₂", (0, 0, 1), "0").sentence.startswith("0 is its weight, after the softmax.")


def test_a_scale_within_a_product_may_be_left_out():
    trace = SEEN["a lecture's head"]()
    unscaled = float(trace["wei"].value[0, 2, 0]) * 2
    assert diagnose(trace, "wei", (0, 2, 0), unscaled).sentence == "You left out the factor 0.500."


def test_a_mean_of_channels_is_no_mean_of_a_past():
    """Of three channels, at the third token: that many tokens it would see, too."""
    trace = see(lambda x: x.mean(-1, keepdim=True), torch.randn(3, 3))
    assert not any("token" in slip.sentence for slip in slips(trace, trace.shown[-1].name, (2, 0)))


def test_more_numbers_than_anybody_takes_together_are_not_asked():
    walked = walk(see(lambda x, W: x @ W, torch.randn(2, 50), torch.randn(50, 2)))
    assert [stop.asked for stop in walked.stages] == [None, None]
    assert walked.stages[1].sentence == "So many numbers go into each cell that none is asked."
    chosen = walk(see(lambda x, W: x @ W, torch.randn(2, 50), torch.randn(50, 2)), ask={"x @ W": (0, 1)})
    assert chosen.stages[1].asked == (0, 1)


def test_a_closed_part_is_told_by_its_name_and_may_be_walked_through_by_choice():
    torch.manual_seed(0)
    trace = SEEN["a module with parts"]()
    assert walk(trace).stages[2].sentence == (
        "sa.heads.0 is a part of the code, and closed: what comes out of it is shown, and not asked."
    )
    walked = walk(trace, stages=["wei₂", "wei₃"])
    assert [stop.asked for stop in walked.stages] == [None, (0, 0, 1), (0, 2, 0)]
    walked.next.click()
    assert "wei₂" in {step.name for step in walked.trace.folded(walked.opened).shown}


def test_the_sentences_of_the_courses_head_are_not_told_of_another():
    assert not {stop.sentence for stop in walk(SEEN["in NumPy"]()).stages} & {*SENTENCES.values()}
