"""A painted mask: strokes, buttons and Python change it; what comes of it is what PyTorch makes of the same mask."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from helpers.attention import cross_attention, masked_head, masks
from helpers.explore import paint
from helpers.inputs import example
from tests.near import assert_near

E = example(T=4, C=3, head_size=2)
Q, K, V = (torch.tensor(E.x @ W) for W in (E.Wq, E.Wk, E.Wv))


def head_of(allowed):
    return masked_head(E.x, E.Wq, E.Wk, E.Wv, allowed=allowed, tokens=E.tokens)


def in_torch(keep):
    scores = Q @ K.T * 2**-0.5
    masked = scores.masked_fill(~keep, float("-inf"))
    weights = masked.softmax(-1)
    return weights @ V


def agrees(painting):
    mask = torch.tensor(painting.allowed)
    wanted = scaled_dot_product_attention(Q, K, V, attn_mask=mask).masked_fill(~mask.any(-1, keepdim=True), math.nan)
    assert_near([*painting.trace][-1].value, wanted, atol=1e-12)
    assert np.array_equal(painting.trace[painting.mask].value, painting.allowed)


@pytest.mark.parametrize("build", [head_of, in_torch])
def test_strokes_buttons_and_python_paint_the_mask(build):
    p = paint(build, masks.causal(4))
    agrees(p)
    assert p.paintable == [p.mask] == ["allowed" if build is head_of else "keep"]
    p.stroke = {"name": p.mask, "cells": [[0, 1]], "value": 1, "count": 1}
    p.stroke = {"name": p.mask, "cells": [[0, 1], [0, 2], [1, 2]], "value": 1, "count": 1}  # the same one goes on
    assert np.argwhere(p.allowed != masks.causal(4)).tolist() == [[0, 1], [0, 2], [1, 2]]
    agrees(p)
    p.mark(3, 0, False)
    assert not p.allowed[3, 0] and p.line.words == "12 of 16 pairs may look."
    p.stroke = {"name": p.mask, "cells": [[1, s] for s in range(4)], "value": 0, "count": 2}
    assert p.line.words.startswith("9 of 16 pairs may look. Nobody is left for row 1")
    agrees(p)
    wanted = {"Everyone": np.ones((4, 4)), "Causal": masks.causal(4), "Window of 2": masks.window(4, 2)}
    wanted |= {"Prefix of 2": masks.prefix(4, 2), "Two texts": masks.packed([2, 2]) & masks.causal(4)}
    for button in [one for row in p.pieces for one in row if one.name.startswith("mask")]:
        button.click()
        assert np.array_equal(p.allowed, wanted.pop(button.label))
        agrees(p)
    p.pieces[1][-1].click()
    assert not wanted and np.array_equal(p.allowed, masks.causal(4)) and p.error == ""
    p.allowed = masks.window(4, 1)
    assert p.trace["weights"].value.tolist() == np.eye(4).tolist() and repr(p).startswith("paint: 4 of 16 pairs")
    with pytest.raises(ValueError, match=r"has shape \(3, 3\); wanted \(4, 4\), as it was at first"):
        p.allowed = masks.causal(3)
    p.close()
    assert p.comm is None and "<img" in p._repr_mimebundle_()[0]["text/html"] and p.comm is not None


def test_a_mask_that_is_not_square_and_one_that_the_function_does_not_take():
    W = np.ones((5, 2))

    def build(allowed):
        if not allowed.any():
            raise RuntimeError("nobody at all")
        return cross_attention(E.x, np.eye(2, 5), E.Wq, W, W, allowed=allowed)

    p = paint(build, np.ones((4, 2)), masks={"First": np.arange(2) < np.ones((4, 1))})
    assert [one.label for one in p.pieces[1]] == ["First", "Reset"]
    p.pieces[1][0].click()
    assert p.trace["weights"].value.tolist() == [[1, 0]] * 4
    p.draw("allowed", [[t, 0] for t in range(4)], 0)
    assert "nobody at all" in p.error and p.allowed[:, 0].all()  # all stays as it was
    p.mark(0, 1)
    assert p.error == "" and p.allowed[0].all()
    assert [*paint(build, np.ones((4, 2))).masks] == ["Everyone"]


@pytest.mark.parametrize(
    ("build", "allowed", "said"),
    [
        (3, np.eye(2), "paint was given 3; wanted a function of a mask"),
        (lambda a, b: a, np.eye(2), "paint was given a function of a, b; wanted one of the mask alone"),
        (head_of, np.ones(3), "allowed has shape (3,); wanted (T, S)"),
        (head_of, np.full((4, 4), 0.5), "allowed holds 0.5; wanted True where one may look"),
        (head_of, np.eye(3), "allowed has shape (3, 3); wanted (4, 4)"),
        (lambda mask: head_of(mask), masks.causal(4), "masked_head has no matrix mask (4, 4); wanted the mask given"),
        (lambda mask: 5, np.eye(2), "lambda returned int"),
    ],
)
def test_what_cannot_be_painted_is_told(build, allowed, said):
    with pytest.raises(ValueError) as told:
        paint(build, allowed)
    assert said in str(told.value) and "\n" not in str(told.value)
