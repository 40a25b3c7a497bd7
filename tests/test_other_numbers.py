"""The same computation with other numbers, against the computation made anew of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.attention import head
from helpers.inputs import example
from helpers.trace.kinds import KINDS
from helpers.trace.other_numbers import with_values
from helpers.trace.rules import cell
from helpers.trace.trace import Trace
from tests.near import assert_near
from tests.runs import a_run
from tests.strategies import STEPS

RULED = [kind for kind, of in KINDS.items() if of.ruled]


@given(st.data())
def test_every_kind_of_step_follows_its_inputs(data):
    """y is made of matrices whose numbers are turned round; every cell is what its rule makes of them."""
    trace = data.draw(STEPS[data.draw(st.sampled_from(RULED))])
    others = {step.name: np.flip(step.value) for step in trace if step.kind == "given"}
    found = with_values(trace, others)["y"]
    inputs = [Trace().given(name, others[name], " ".join(trace[name].axes)) for name in found.inputs]
    for at in np.ndindex(found.value.shape):
        assert_near(found.value[at], cell(found, at, inputs), rtol=1e-9, atol=1e-12)


def test_a_head_on_other_words():
    one, other = example(T=4, C=3, seed=1), example(T=4, C=3, seed=2)
    made = head(one.x, one.Wq, one.Wk, one.Wv)
    found = with_values(made, {"x": other.x})
    for step in head(other.x, one.Wq, one.Wk, one.Wv):
        np.testing.assert_array_equal(found[step.name].value, step.value)
    assert found["Wq"].value is made["Wq"].value


def test_what_was_made_is_given_then_and_what_came_before_stays():
    trace = a_run(np.random.default_rng(0), known=True)
    found = with_values(trace, {"weights": np.eye(3)})
    assert found["weights"].kind == "given" and found["scores"].value is trace["scores"].value
    np.testing.assert_array_equal(found["out"].value, trace["x"].value)


def test_moved_numbers_follow():
    trace = a_run(np.random.default_rng(0), known=True)
    x = np.arange(6.0).reshape(3, 2)
    found = with_values(trace, {"x": x})
    np.testing.assert_array_equal(found["x.T"].value, x.T)
    scores = x @ trace["W"].value / 2 @ x.T
    assert_near(found["scores"].value, scores)
    assert_near(found["masked"].value, np.where(np.tri(3) > 0, scores, -9))


def test_what_has_no_rule_is_not_guessed():
    trace = a_run(np.random.default_rng(0))
    with pytest.raises(ValueError, match="total is made by prod: what follows from other numbers is not known"):
        with_values(trace, {"x": np.ones((3, 2))})
    with pytest.raises(ValueError, match=r"x has shape \(T=3, C=2\); you gave \(2, 3\)"):
        with_values(trace, {"x": np.ones((2, 3))})
    with pytest.raises(KeyError, match="'y' is not in this trace"):
        with_values(trace, {"y": 1.0})
