"""A learner's own function, which returns plain numbers, drops into explore and draws."""

import numpy as np
import pytest
import torch

from helpers.explore.explorer import explore


def mean_so_far(x):
    return np.cumsum(x, axis=0) / np.arange(1, len(x) + 1)[:, None]


def own_head(x, Wq, Wk, Wv):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = (q @ k.transpose(-2, -1) * Wq.shape[-1] ** -0.5).masked_fill(
        torch.tril(torch.ones(len(x), len(x))) == 0, float("-inf")
    )
    return scores.softmax(-1) @ v


def own_weights(x, Wq, Wk):
    return torch.softmax(torch.as_tensor(x @ Wq @ (x @ Wk).T), -1)


@pytest.mark.parametrize(
    ("build", "axes", "role"),
    [(mean_so_far, ("t", "c"), "out"), (own_head, ("t", "h"), "out"), (own_weights, ("t", "s"), "weights")],
)
@pytest.mark.parametrize(("T", "C"), [(2, 3), (8, 16), (16, 16), (4, 4), (1, 1)])
def test_it_is_drawn_at_every_size(build, axes, role, T, C):
    explorer = explore(build, T=(1, 16, T), C=(1, 16, C))
    assert explorer.diagram.error == ""
    out, made = explorer.trace["out"], explorer._arguments()
    assert out.axes == axes and out.role == (role if T > 1 or role == "weights" else out.role)
    wanted = build(
        **{
            name: torch.tensor(value, dtype=torch.float32) if build is own_head else value
            for name, value in made.items()
        }
    )
    np.testing.assert_allclose(out.value, np.asarray(wanted), rtol=1e-5, atol=1e-5)  # tensors are float32
    assert [*explorer.trace.steps] == [*made, "out"] and "<img" in explorer._repr_mimebundle_()["text/html"]
    explorer.controls["T"].value = 3
    assert explorer.diagram.error == "" and explorer.trace["out"].value.shape[0] == 3


def test_a_batch_and_a_single_row():
    assert explore(lambda x: x.mean(1), B=(1, 4, 2)).trace["out"].axes == ("b", "c")
    assert explore(lambda x: x.mean(1)).trace["out"].axes == ("t",)
    assert explore(lambda x: x[:1, :1].repeat(7, axis=1)).trace["out"].axes == ("i", "j")


@pytest.mark.parametrize("value", [None, "text", 3, [], object(), {}, [[1.0], [1.0, 2.0]], np.array(["a"]), print])
def test_what_holds_no_numbers_is_told(value):
    explorer = explore(lambda x: value)
    assert "wanted a Trace, or an array or a tensor of numbers" in explorer.diagram.error


def test_an_error_of_the_function_is_told_once():
    def broken(x):
        raise AttributeError("no such thing")

    assert explore(broken).diagram.error == "AttributeError: no such thing"
