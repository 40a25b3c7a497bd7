"""Two ways to the same, compared: what differs first, and by how much; two functions under one set of sliders."""

import re

import numpy as np
import pytest
import torch
from ipywidgets.widgets.widget import _instances as alive
from torch import nn

from helpers.attention.averages import average_matmul, average_past
from helpers.attention.heads import head, many_heads, separate_heads
from helpers.explore.compare import compare
from helpers.explore.comparison import module
from helpers.explore.explorer import explore
from helpers.inputs.examples import example
from helpers.trace.differences import difference, differences, listed
from helpers.trace.trace import Trace

AXES = {"x": "t c", "Wq": "c h", "Wk": "c h", "Wv": "c h", "q": "t h", "k": "s h", "v": "s h", "out": "t h"}
SCORES = ("scores", "scaled", "masked", "weights")
FAULTS = ("none", "scale", "mask", "softmax", "transposed", "swapped", "noise")


def run(x, Wq, Wk, Wv, fault="none", noise=None):
    """A head in plain NumPy, or one with a wrong step: its matrices by name, in the order of the course's head."""
    made = {}

    def keep(name, value):
        value = value.copy()
        if noise and noise[0] == name:
            value[noise[1]] += value.dtype.type(noise[2])
        made[name] = value
        return value

    x, Wq, Wk, Wv = (keep(name, one) for name, one in zip(("x", "Wq", "Wk", "Wv"), (x, Wq, Wk, Wv)))
    q, k = (x @ Wk, x @ Wq) if fault == "swapped" else (x @ Wq, x @ Wk)
    q, k, v = keep("q", q), keep("k", k), keep("v", x @ Wv)
    scores = keep("scores", k @ q.T if fault == "transposed" else q @ k.T)
    scaled = keep("scaled", scores * np.array((x if fault == "scale" else Wq).shape[1] ** -0.5, scores.dtype))
    kept = np.tril(np.ones(scaled.shape), 1 if fault == "mask" else 0)
    masked = keep("masked", np.where(kept == 1, scaled, np.array(-np.inf, scaled.dtype)))
    axis = 0 if fault == "softmax" else 1
    powers = np.exp(masked - masked.max(axis, keepdims=True))
    weights = keep("weights", powers / powers.sum(axis, keepdims=True))
    keep("out", weights @ v)
    return made


def inputs(rng, dtype=float):
    T, C, h = rng.integers(1, 10), rng.integers(1, 17), rng.integers(1, 17)
    x = rng.standard_normal((T, C)).round(1)
    return [one.astype(dtype) for one in (x, *(rng.standard_normal((3, C, h)) * 1.5 / C**0.5).round(2))]


def as_trace(made):
    trace = Trace("by hand")
    for name, value in made.items():
        trace.given(name, value, AXES.get(name, "t s"), role="x")
    return trace


def a_noise(rng, made, size=1e-3):
    name = list(made)[rng.integers(len(made))]
    return name, tuple(int(rng.integers(n)) for n in made[name].shape), size


def expected(right, wrong):
    """The first name by which two runs differ, and by how much at most: cell by cell, in a loop."""
    for name, one in right.items():
        sizes = {
            at: 0.0 if one[at] == wrong[name][at] else abs(float(one[at]) - float(wrong[name][at]))
            for at in np.ndindex(one.shape)
        }
        if max(sizes.values()) > 1e-9:
            return name, sizes
    return None


@pytest.mark.parametrize("pairs", [200])
def test_of_random_pairs_none_is_told_wrongly(pairs):
    rng, told = np.random.default_rng(22), []
    for number in range(pairs):
        fault, given = FAULTS[number % len(FAULTS)], inputs(rng)
        right = run(*given)
        wrong = run(*given, fault, a_noise(rng, right) if fault == "noise" else None)
        a, b = head(*given), as_trace(wrong)
        shown = compare(a, b) if number % 2 else compare(b, a)
        found, wanted = shown.first_difference, expected(right, wrong)
        told.append(fault if found else "none")
        if wanted is None:
            assert found is None and "differs" not in shown.told, (fault, shown.told)
            continue
        name, sizes = wanted
        assert found.name == name and found.index in sizes, (fault, shown.told)
        assert sizes[found.index] == pytest.approx(max(sizes.values()), abs=1e-9)
        assert found.largest == pytest.approx(max(sizes.values()), abs=1e-9)
        index = ",".join(map(str, found.index))
        assert f"{name} is the first that differs" in shown.told and f"at [{index}] it is" in shown.told
        assert shown.told in repr(shown)
        shown.close()
    assert all(told.count(fault) > 15 for fault in FAULTS)  # each was seen, and seen to be wrong


def test_what_single_precision_rounds_away_is_equal_and_a_thousandth_is_not():
    rng = np.random.default_rng(5)
    for number in range(60):
        given = inputs(rng)
        singles = [one.astype(np.float32) for one in given]
        made = run(*singles)
        assert all(value.dtype == np.float32 for value in made.values())
        assert not [one.name for one in differences(head(*given), as_trace(made)) if one.beyond]
        name, at, _ = a_noise(rng, made)
        if not np.isfinite(made[name][at]):
            continue
        size = 1e-3 * max(1.0, np.abs(made[name][np.isfinite(made[name])]).max())
        first = next(
            one for one in differences(head(*given), as_trace(run(*singles, noise=(name, at, size)))) if one.beyond
        )
        assert (first.name, first.index) == (name, at) and first.largest == pytest.approx(size, rel=0.1), number


def test_the_loop_and_the_product_of_float32_are_equal_and_a_shift_by_one_token_is_not():
    torch.manual_seed(0)
    x = torch.randn(128, 16)
    loop = torch.stack([x[: t + 1].mean(0) for t in range(128)])
    tril = torch.tril(torch.ones(128, 128))
    product = (tril / tril.sum(1, keepdim=True)) @ x
    a, b, c = (Trace(name) for name in "abc")
    for trace, out in [(a, loop), (b, product), (c, product.roll(1, 0))]:
        trace.given("x", x, "t c")
        trace.given("out", out, "t c", role="out")
    assert compare(a, b).told == "x and out are equal, but for rounding."
    assert compare(a, c).first_difference.name == "out"


# -- what is told -----------------------------------------------------------------------------------


def two(a, b, axes="t c"):
    """Two Traces of given matrices."""
    made = []
    for title, matrices in (("one", a), ("other", b)):
        made.append(Trace(title))
        for name, value in matrices.items():
            made[-1].given(name, np.array(value), axes)
    return made


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        ({"m": [[1.0, 2.0]]}, {"m": [[1.0, 2.0]]}, "m is equal."),
        ({"m": [[0.1 + 0.2, 2.0]]}, {"m": [[0.3, 2.0]]}, "m is equal, but for rounding."),
        (
            {"m": [[1.0, 2.0]]},
            {"m": [[1.5, 2.0]]},
            "m is the first that differs, by 0.500 at most: at [0,0] it is 1.000 in a and 1.500 in b.",
        ),
        (
            {"m": [[1.0, 2.0]]},
            {"m": [[1.00002, 2.0]]},
            "m is the first that differs, by 2.0e-05 at most: at [0,0] it is 1.000000 in a and 1.000020 in b.",
        ),
        (
            {"m": [[1.0, -np.inf]], "n": [[np.nan, 1.0]]},
            {"m": [[1.5, 0.25]], "n": [[np.nan, 1.0]]},
            "m is the first that differs: at [0,1] it is −∞ in a and 0.250 in b.",
        ),
        (
            {"m": [[np.nan, -np.inf]], "n": [[np.nan, 1.0]]},
            {"m": [[np.nan, -np.inf]], "n": [[2.0, 1.5]]},
            "m is equal; n is the first that differs: at [0,0] it is NaN in a and 2.000 in b.",
        ),
        (
            {"m": [[-1e9, 1.0]]},
            {"m": [[-1e9, 1.001]]},
            "m is the first that differs, by 0.001 at most: at [0,1] it is 1.000 in a and 1.001 in b.",
        ),
        (
            {"m": [[1.0]]},
            {"n": [[1.0]]},
            "m is in a alone. n is in b alone. No matrix of one name and shape is in both.",
        ),
        (
            {"m": [[1.0, 2.0]], "n": [[1.0, 2.0]]},
            {"m": [[1.0], [2.0]], "n": [[1.0], [2.0]]},
            "m and n are (T=1, C=2) in a and (T=2, C=1) in b. No matrix of one name and shape is in both.",
        ),
    ],
)
def test_what_is_told(a, b, told):
    assert compare(*two(a, b)).told == told


def test_hidden_matrices_are_not_compared_and_a_lone_number_has_no_place():
    a, b = Trace("a"), Trace("b")
    for trace, value in ((a, 1.0), (b, 2.0)):
        trace.given("secret", [value], "t", hidden=True)
        trace.given("loss", value, "")
    assert compare(a, b).told == "loss is the first that differs, by 1.000 at most: it is 1.000 in a and 2.000 in b."


def test_many_names_are_cut():
    assert listed(["q"]) == "q" and listed(["q", "k", "v"]) == "q, k and v"
    assert listed([*"abcdefgh"]) == "a, b, c, d, e and 3 more"


def test_the_stack_and_the_split_of_many_heads():
    e = example(T=4, C=6, head_size=6)
    stack = separate_heads(e.x, *(W.reshape(6, 2, 3).transpose(1, 0, 2) for W in (e.Wq, e.Wk, e.Wv)))
    shown = compare(stack, many_heads(e.x, e.Wq, e.Wk, e.Wv, heads=2))
    assert shown.first_difference is None
    assert shown.told == (
        "Wq, Wk and Wv are (heads=2, C=6, head_size=3) in a and (C=6, C=6) in b. "
        "q, k and v are (heads=2, T=4, head_size=3) in a and (T=4, C=6) in b. "
        "q_heads, k_heads and v_heads are in b alone. x, scores, scaled, masked, weights and 2 more are equal."
    )


def test_infinite_alike_is_no_difference():
    odd = np.array([np.nan, np.inf, -np.inf, 1.0])
    sizes = difference(odd[:, None], odd)
    assert np.array_equal(sizes, np.where(np.eye(4) == 1, 0, np.inf))


# -- the widget -------------------------------------------------------------------------------------


def halved(x, Wq, Wk, Wv, temperature=2.0):
    return head(x, Wq, Wk, Wv, temperature=temperature)


def test_two_functions_share_their_controls_inputs_and_seed():
    def one(x, T=4, loud=False):
        return average_past(x)

    def other(x, T=6, gain=1.0):
        return average_past(x * gain)

    shown = compare(one, other, T=(2, 8, 3))
    assert [*shown.controls] == ["T", "C", "loud", "gain"] and shown.titles == ["one", "other"]
    assert shown.told == "x and out are equal." and [trace["x"].value.shape for trace in shown.traces] == [(3, 4)] * 2
    with shown.at_once():
        shown.T, shown.gain = 5, 2.0
    assert shown.first_difference.name == "x" and shown.traces[1]["x"].value.shape == (5, 4)
    assert np.array_equal(2 * shown.traces[0]["x"].value, shown.traces[1]["x"].value)
    shown.new_numbers()
    assert shown.seed == 1 and np.array_equal(2 * shown.traces[0]["x"].value, shown.traces[1]["x"].value)
    shown.reset()
    assert (shown.T, shown.gain, shown.seed) == (3, 1.0, 0) and shown.first_difference is None
    assert repr(shown).startswith("compare(T=3, C=4, loud=False, gain=1.0)\na: average_past\nx    (T=3, C=4)\n")


def test_a_slider_shows_what_both_take():
    layer = nn.Linear(6, 2, bias=False)

    def narrow(x):
        return layer(x)

    def wide(x, W=None):
        return x @ layer.weight.T

    shown = compare(narrow, average_past, T=(1, 8, 4))
    assert [*shown.controls] == ["T"] and shown.traces[1]["x"].value.shape == (4, 6) and shown.error_b == ""
    assert compare(average_past, narrow).traces[0]["x"].value.shape == (8, 6)
    short = compare(lambda x, T=2: average_past(x), lambda x, T=20: average_past(x))
    assert (short.controls["T"].min, short.controls["T"].max, short.T) == (1, 16, 2)
    assert "out is equal" not in compare(narrow, wide).told


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: compare(average_past([[1.0]]), average_past), "compare was given a Trace and something else"),
        (
            lambda: compare(average_past([[1.0]]), average_past([[1.0]]), T=(1, 2, 1)),
            "two Traces, which are made already",
        ),
        (lambda: compare(average_past, 3), "explore was given int, which cannot be called"),
        (lambda: compare(average_past, average_matmul, heads=2), "nor average_matmul has a use for heads"),
        (lambda: compare(lambda loud=True: 0, lambda loud="x": 0), "loud is True in <lambda> and 'x' in <lambda>"),
        (lambda: compare(nn.Linear(3, 2), nn.Linear(5, 2)), "Linear takes C=3 alone, Linear C=5 alone: no C suits"),
        (lambda: compare(lambda n=1: 0, lambda n=100: 0), None),
        (lambda: compare(average_past, average_matmul, T=(3, 2, 1)), "out of order"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(build, words):
    if words is None:
        assert build().controls["n"].max == 2
        return
    with pytest.raises(ValueError) as error:
        build()
    assert words in str(error.value) and "\n" not in str(error.value)


def test_where_one_fails_both_pictures_stay_and_it_is_told_which():
    def fails(x, T=4):
        if len(x) > 5:
            raise ValueError("six is too many")
        return average_past(x)

    shown = compare(average_past, fails, T=(1, 8, 4))
    shown.T = 7
    assert (shown.error_a, shown.error_b.partition(".")[0]) == ("", "six is too many")
    assert [trace["x"].value.shape for trace in shown.traces] == [(4, 4)] * 2 and "b: six is too many" in repr(shown)
    shown.T = 3
    assert shown.error_b == "" and shown.traces[0]["x"].value.shape == (3, 4)
    at_once = compare(fails, average_past, T=(1, 8, 7))
    assert at_once.error_a and len(at_once.traces[1]) == 2 and len(at_once.traces[0]) == 0


def test_a_step_is_one_message(monkeypatch):
    shown = compare(head, halved, T=(1, 8, 4))
    sent = []
    monkeypatch.setattr(shown.comm, "send", lambda data, **_: sent.append(data))
    shown.set_state({"T": 3, "asked": 1})
    (state,) = [data["state"] for data in sent if data["method"] == "update"]
    assert {"forward_a", "forward_b", "answered"} <= {*state} <= {*shown.keys}


def test_the_page_gets_what_it_asks_for():
    shown = compare(head, halved)
    asked = set(re.findall(r'model\.get\("(\w+)"\)', module()))
    own = {"forward", "error", "readout", "backward", "editable", "paintable"}  # each side has its own, or none
    assert asked - own - {"typed"} <= {*shown.get_state()}
    assert len(re.findall(r"^export default", module(), re.MULTILINE)) == 1
    assert not re.search(r"^\s*import\b", module(), re.MULTILINE)


def test_it_is_one_widget_and_ends():
    before = {*alive}
    shown = compare(head, halved)
    assert len({*alive} - before) == 1
    shown.close()
    assert {*alive} == before


def test_the_bundle_has_two_stills_the_titles_and_the_sentence():
    shown = compare(*two({"<b>": [[1.0]]}, {"<b>": [[2.0]]}))
    bundle, _ = shown._repr_mimebundle_()
    still = bundle["text/html"]
    assert still.count("<img ") == 2 and "<b>a</b> one" in still and "<b>b</b> other" in still
    assert "&lt;b&gt; is the first that differs" in still and bundle["text/plain"] == repr(shown)
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_pins_and_notes_are_of_either():
    x = [[1.0, 2.0], [3.0, 4.0]]
    shown = compare(average_past(x), average_matmul(x))
    shown.pinned = ("weights", (1, 0))
    shown.notes = {"tril": "ones", "out": "means"}
    assert shown.pinned == ["weights", [1, 0]] and shown._repr_mimebundle_()[0]["text/html"].count("Note on") == 3
    with pytest.raises(ValueError, match="notes has 'scores'"):
        shown.notes = {"scores": "none"}
    with pytest.raises(IndexError):
        shown.pinned = ("out", (5, 0))
    shown.traces = average_past(x), average_past(x)
    assert shown.told == "x and out are equal." and shown.first == ""


def test_a_parameter_may_have_a_name_that_a_comparison_has():
    def build(traces=2, told=1, forward_a=3):
        return average_past(np.ones((traces, forward_a)) * told)

    shown = compare(build, build)
    shown.traces_ = 4
    assert shown.traces[0]["x"].value.shape == (4, 3) and explore(build).traces_ == 2
