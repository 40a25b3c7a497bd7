"""A Trace: what it accepts, how it is read, and one clear sentence for every mistake."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from helpers.attention.heads import head
from helpers.diagram.diagram import Diagram
from helpers.look.style import ROLES
from helpers.trace.arrays import as_array
from helpers.trace.kinds import KINDS
from helpers.trace.trace import Trace, UnknownName
from tests.near import assert_near
from tests.strategies import CHARACTER, GENERATOR, RULES, STEPS

RULED = [kind for kind, of in KINDS.items() if of.ruled]


@pytest.fixture
def trace():
    """x of shape (T=2, C=3) and its double, y."""
    made = Trace("double", ["the", "cat"])
    made.given("x", [[1, 2, 3], [4, 5, 6]], "t c", code="x = embedding[ids]")
    made.step("y", "sum-product", "t c -> t c", "x", factor=2, role="out", code="y = 2 * x")
    return made


# -- reading --------------------------------------------------------------------------------------


def test_steps_by_name_in_the_order_they_were_made(trace):
    assert [step.name for step in trace] == ["x", "y"] and len(trace) == 2
    assert "x" in trace and "z" not in trace
    assert trace["y"].value.tolist() == [[2, 4, 6], [8, 10, 12]]
    assert trace.inputs(trace["y"]) == [trace["x"]] and trace.inputs(trace["x"]) == []


def test_shapes_have_names_numbers_and_code(trace):
    assert trace.shapes() == ("x  (T=2, C=3)  x = embedding[ids]\ny  (T=2, C=3)  y = 2 * x")
    assert Trace().shapes() == ""


def test_text_displays_as_itself(trace):
    assert repr(trace.why("y", 0, 0)) == "y[0,0] = 2.000·x[0,0] = 2.000·1 = 2"
    assert repr(trace.shapes()) == str(trace.shapes())


def test_repr_shows_the_shapes_and_the_last_matrix(trace):
    assert repr(trace).splitlines() == [
        "double",
        "x  (T=2, C=3)  x = embedding[ids]",
        "y  (T=2, C=3)  y = 2 * x",
        "y =",
        "     2.000   4.000   6.000",
        "     8.000  10.000  12.000",
    ]


@settings(deadline=None, max_examples=30)
@given(shape=array_shapes(min_dims=0, max_dims=4, max_side=20))
def test_repr_stays_short_whatever_the_size(shape):
    trace = Trace()
    trace.given("x", np.ones(shape), " ".join("btch"[: len(shape)]))
    lines = repr(trace).splitlines()
    assert len(lines) <= 12 and max(map(len, lines)) <= 70
    assert len([line for line in lines if "1.000" in line]) == min(8, np.prod(shape[:-1]))


@pytest.mark.parametrize(
    "place",
    [
        {"at": (1, 2)},
        {"t": 1, "c": 2},
        {"c": 2, "t": 1},
        {"at": (-1, -1)},
        {"t": -1, "c": 2},
        {"at": (np.int64(1), torch.tensor(2))},
    ],
)
def test_a_cell_by_place_or_by_axes(trace, place):
    at = place.pop("at", ())
    assert trace.why("y", *at, **place) == "y[1,2] = 2.000·x[1,2] = 2.000·6 = 12"
    assert trace.sources("y", *at, **place) == [("x", (1, 2))]
    assert trace.index("y", *at, **place) == (1, 2)


@settings(deadline=None)
@given(shape=array_shapes(max_dims=3, max_side=4), data=st.data())
def test_indices_count_as_numpy_counts(shape, data):
    values = np.arange(np.prod(shape)).reshape(shape)
    trace = Trace()
    trace.given("x", values, " ".join("abc"[: len(shape)]))
    index = tuple(data.draw(st.integers(-6, 5)) for _ in shape)
    try:
        expected = values[index]
    except IndexError:
        with pytest.raises(IndexError):
            trace.index("x", *index)
    else:
        assert values[trace.index("x", *index)] == expected
        assert trace.why("x", *index).endswith(f" = {expected}")


@pytest.mark.parametrize("kind", RULES)
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_every_cell_has_a_reason_and_sources_in_the_trace(kind, data):
    trace = data.draw(STEPS[kind])
    for step in trace:
        for index in np.ndindex(step.value.shape):
            why = trace.why(step.name, *index)
            assert why.startswith(step.name) and "\n" not in why
            for name, where in trace.sources(step.name, *index):
                assert trace.index(name, *where) == where and name in step.inputs


# -- another shape --------------------------------------------------------------------------------


@settings(deadline=None, max_examples=50)
@given(
    rng=GENERATOR,
    T=st.integers(1, 6),
    heads=st.integers(1, 4),
    h=st.integers(1, 5),
    B=st.none() | st.integers(1, 3),
    told=st.sampled_from(["n", "h", "nh"]),
)
def test_a_reshape_is_view_and_transpose(rng, T, heads, h, B, told):
    b, batch = ("", ()) if B is None else ("b ", (B,))
    q = torch.from_numpy(rng.normal(size=(*batch, T, heads * h)))
    sizes = {axis: {"n": heads, "h": h}[axis] for axis in told}
    trace = Trace()
    trace.given("q", q, f"{b}t e")
    apart = trace.step("q_heads", "reshape", f"{b}t e -> {b}t n h -> {b}n t h", "q", **sizes)
    mixed = trace.step("mixed", "reshape", f"{b}t e -> {b}n t h", "q", **sizes)
    again = trace.step("again", "reshape", f"{b}n t h -> {b}t n h -> {b}t e", "q_heads")
    turned = trace.step("turned", "reshape", f"{b}n t h -> {b}n h t -> {b}e t", "q_heads")
    expected = q.view(*batch, T, heads, h).transpose(-3, -2)
    assert np.array_equal(apart.value, expected) and apart.axes == tuple(f"{b}n t h".split())
    assert np.array_equal(mixed.value, q.view(*batch, heads, T, h))
    assert np.array_equal(again.value, q)
    assert np.array_equal(turned.value, expected.transpose(-2, -1).reshape(*batch, heads * h, T))
    assert apart.shape == "(" + f"B={B}, " * bool(b) + f"heads={heads}, T={T}, head_size={h})"


@settings(deadline=None, max_examples=50)
@given(rng=GENERATOR, T=st.integers(1, 6), C=st.integers(1, 6))
def test_relu_and_rsqrt_are_those_of_torch(rng, T, C):
    x = torch.from_numpy(rng.normal(size=(T, C)))
    trace = Trace()
    trace.given("x", x, "t c")
    trace.step("hidden", "relu", "t c -> t c", "x")
    trace.step("centered", "subtract", "t c, t -> t c", "x", trace.step("mean", "mean", "t c -> t", "x").name)
    trace.step("squares", "sum-product", "t c, t c -> t c", "centered", "centered")
    trace.step("inverse", "rsqrt", "t -> t", trace.step("variance", "mean", "t c -> t", "squares").name)
    normal = trace.step("normal", "sum-product", "t c, t -> t c", "centered", "inverse")
    assert np.array_equal(trace["hidden"].value, x.relu())
    assert_near(normal.value, torch.nn.functional.layer_norm(x, (C,)), rtol=1e-9, atol=1e-9)


# -- what is accepted -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([[1, 2]], np.int64),
        ([[True, False]], np.int64),
        ([[1.0, 2]], np.float64),
        (((1, 2), (3, 4)), np.int64),
        (3, np.int64),
        (np.ones(2, np.uint8), np.int64),
        (np.ones(2, np.uint64), np.float64),
        (np.ones(2, np.float16), np.float64),
        (torch.ones(2, dtype=torch.bfloat16), np.float64),
        (torch.ones(2, dtype=torch.int32), np.int64),
        (torch.ones(2, requires_grad=True), np.float64),
        (torch.ones(2, dtype=torch.bool), np.int64),
    ],
)
def test_anything_with_numbers_in_it_is_an_array(value, dtype):
    array = as_array("x", value)
    assert array.dtype == dtype
    expected = value.detach().double().numpy() if isinstance(value, torch.Tensor) else np.array(value, float)
    np.testing.assert_array_equal(array, expected)


def test_large_whole_numbers_do_not_wrap_around():
    assert as_array("x", np.array([2**64 - 1], np.uint64))[0] == 2.0**64


@settings(deadline=None, max_examples=50)
@given(
    rng=GENERATOR,
    names=st.lists(st.text(CHARACTER, min_size=1), unique=True, min_size=2, max_size=2),
    token=st.text(CHARACTER),
)
def test_names_and_tokens_are_any_text(rng, names, token):
    trace = Trace(tokens=[token])
    value = rng.normal(size=(1, 2))
    trace.given(names[0], value, "t c")
    trace.step(names[1], "add", "t c -> t c", names[0])
    assert trace.sources(names[1], 0, 1) == [(names[0], (0, 1))]
    assert trace.why(names[1], 0, 1).startswith(f"{names[1]}[0,1] = {names[0]}[0,1] = ")
    assert trace.tokens == [token]


def attending(tokens=None, T=2, S=3):
    """x (T, c) looks at other (S, c)."""
    trace = Trace("attending", tokens)
    trace.given("x", np.ones((T, 2)), "t c")
    trace.given("other", np.ones((S, 2)), "s c")
    trace.step("scores", "sum-product", "t c, s c -> t s", "x", "other")
    return trace


def test_the_keys_have_a_size_of_their_own():
    trace = attending()
    assert [step.shape for step in trace] == ["(T=2, C=2)", "(S=3, C=2)", "(T=2, S=3)"]
    assert attending(S=2)["scores"].shape == "(T=2, T=2)"
    assert attending({"t": "ab", "s": "cd"}, S=2)["scores"].shape == "(T=2, S=2)"  # other words, as many
    assert attending({"t": "ab", "s": "ab"}, S=2)["scores"].shape == "(T=2, T=2)"  # the same words


def test_words_belong_to_axes():
    both = attending({"t": ["le", "chat"], "s": ["the", "cat", "sat"]})
    assert (both.words("t"), both.words("s"), both.words("c")) == (["le", "chat"], ["the", "cat", "sat"], None)
    alone = attending(["le", "chat"])  # they are the words of t, and no words for s
    assert (alone.words("t"), alone.words("s")) == (["le", "chat"], None)
    same = attending(["le", "chat"], S=2)
    assert same.words("s") == same.words("t") == ["le", "chat"]
    assert attending().words("t") is None and attending({"s": "abc"}).words("t") is None
    assert both.backward().words("s") == ["the", "cat", "sat"]


@pytest.mark.parametrize(
    ("tokens", "of_s"),
    [
        (list("abcdef"), None),
        ({"t": "abcdef"}, None),
        ({"t": list("abcdef"), "s": ["w", "x", "y", "z"]}, ["w", "x", "y", "z"]),
    ],
)
def test_keys_do_not_bear_the_words_of_the_queries(tokens, of_s):
    trace = attending(tokens, T=6, S=4)
    assert (trace.words("t"), trace.words("s")) == (list("abcdef"), of_s)
    drawn = Diagram(trace).forward["tokens"]  # what the live diagram writes beside rows and over columns
    assert drawn == {axis: words for axis, words in (("t", list("abcdef")), ("s", of_s)) if words}


@pytest.mark.parametrize(
    ("rule", "ids", "sentence"),
    [
        ("v c, t -> t c", [0, 5, 1], "5, which is ids[1]; wanted 0 to 2, for table has 3 rows."),
        ("v c, t -> t c", [0, 1, -1], "-1, which is ids[2]; wanted 0 to 2, for table has 3 rows."),
        ("v c, b t -> b t c", [[0, 1], [3, 0]], "3, which is ids[1,0]; wanted 0 to 2, for table has 3 rows."),
        ("v c, -> c", 5, "5, which is ids; wanted 0 to 2, for table has 3 rows."),
        ("v c, t -> t c", [0.0, 1.5], "1.500, which is ids[1]; wanted whole numbers, as ids.astype(int) has them."),
        ("v c, t -> t c", [0.0, 1.0], "0.000, which is ids[0]; wanted whole numbers, as ids.astype(int) has them."),
        ("v c, t -> t c", [0, np.nan], "NaN, which is ids[1]; wanted whole numbers, as ids.astype(int) has them."),
    ],
)
def test_an_id_that_the_table_does_not_have(rule, ids, sentence):
    trace = Trace()
    trace.given("table", np.ones((3, 2)), "v c")
    trace.given("ids", np.array(ids), rule.partition(" -> ")[0].partition(", ")[2])
    with pytest.raises(ValueError) as caught:
        trace.step("x", "lookup", rule, "table", "ids")
    assert str(caught.value) == f"x looks up {sentence}"


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        (["a"], "tokens has length 1, but x has shape (T=2, C=2): wanted one token a row."),
        ([], "tokens has length 0, but x has shape (T=2, C=2): wanted one token a row."),
        ({"s": "ab"}, "tokens['s'] has length 2, but other has shape (S=3, C=2): wanted one token a row."),
        (
            5,
            "tokens is 5; wanted a list of words, or one for each axis, as in {'t': ['le', 'chat'], "
            "'s': ['the', 'cat', 'sat']}.",
        ),
    ],
)
def test_words_that_do_not_fit(tokens, sentence):
    with pytest.raises(ValueError, match=r"^tokens") as caught:
        attending(tokens)
    assert str(caught.value) == sentence


# -- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "sentence", "name", "at", "axes"),
    [
        (UnknownName, "'out' is not in this trace; its steps are x, y.", "out", (0, 0), {}),
        (UnknownName, "0 is not in this trace; its steps are x, y.", 0, (0,), {}),
        (IndexError, "y has shape (T=2, C=3); t is 2, wanted a whole number from 0 to 1.", "y", (2, 0), {}),
        (IndexError, "y has shape (T=2, C=3); t is -3, wanted a whole number from 0 to 1.", "y", (-3, 0), {}),
        (IndexError, "y has shape (T=2, C=3); c is 3, wanted a whole number from 0 to 2.", "y", (), {"t": 0, "c": 3}),
        (IndexError, "y has shape (T=2, C=3); t is 0.5, wanted a whole number from 0 to 1.", "y", (0.5, 0), {}),
        (
            IndexError,
            "y has shape (T=2, C=3); c is nan, wanted a whole number from 0 to 2.",
            "y",
            (0, float("nan")),
            {},
        ),
        (IndexError, "y has shape (T=2, C=3); t is 'the', wanted a whole number from 0 to 1.", "y", ("the", 0), {}),
        (IndexError, "y has shape (T=2, C=3); t is None, wanted a whole number from 0 to 1.", "y", (None, 0), {}),
        *(
            (
                ValueError,
                f"y has the axes t, c, (T=2, C=3); you gave {given}. Give one number for each, as in why('y', t=0, "
                "c=0).",
                "y",
                at,
                axes,
            )
            for given, at, axes in [
                ("nothing", (), {}),
                ("1", (1,), {}),
                ("1, 2, 0", (1, 2, 0), {}),
                ("t=1", (), {"t": 1}),
                ("t=1, h=0", (), {"t": 1, "h": 0}),
                ("1, c=0", (1,), {"c": 0}),
                ("(1, 2)", ((1, 2),), {}),
                ("t=0, c=0, s=0", (), {"t": 0, "c": 0, "s": 0}),
            ]
        ),
    ],
)
@pytest.mark.parametrize("ask", ["why", "sources", "index"])
def test_a_cell_that_is_not_there(trace, ask, error, sentence, name, at, axes):
    with pytest.raises(error) as caught:
        getattr(trace, ask)(name, *at, **axes)
    assert type(caught.value) is error and str(caught.value) == sentence


def test_an_empty_trace_says_so():
    with pytest.raises(UnknownName, match=r"'x' is not in this trace; its steps are none yet."):
        Trace().why("x", 0)


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (("x", np.ones((2, 3)), "t c"), {}, "x is in the trace already: give each step its own name."),
        (
            ("q", np.ones((2, 3)), "t c"),
            {"role": "querry"},
            f"q has the role 'querry'; wanted one of {', '.join(ROLES)}.",
        ),
        (
            ("q", [1, 2], "t h"),
            {},
            (
                "q has shape (2,); wanted (T, head_size). "
                "Write q[None, :] to make one row of it, q[:, None] to make one column."
            ),
        ),
        (("q", [[1]], "b t h"), {}, "q has shape (1, 1); wanted (B, T, head_size)."),
        (("q", np.ones((0, 4)), "t h"), {}, "q has shape (T=0, head_size=4); T must be at least 1."),
        (("W", np.ones((3, 0)), "c h"), {}, "W has shape (C=3, head_size=0); head_size must be at least 1."),
        (
            ("q", np.ones((3, 4)), "t h"),
            {},
            "q has shape (T=3, head_size=4), but x has shape (T=2, C=3): both must have T=2.",
        ),
        (
            ("Wq", np.ones((4, 3)), "c h"),
            {"parameter": True},
            (
                "Wq has shape (C=4, head_size=3), but x has shape (T=2, C=3): both must have C=3. "
                "It looks transposed: try Wq.T."
            ),
        ),
        (
            ("z", np.ones((2, 2)), "t t"),
            {},
            "the axes of z are 't t'; wanted one text with a name for each axis, no two alike, as in 't s'.",
        ),
        (
            ("z", np.ones((2, 2)), ("t", "s")),
            {},
            ("the axes of z are ('t', 's'); wanted one text with a name for each axis, no two alike, as in 't s'."),
        ),
        (("z", [[1, 2], [3]], "t c"), {}, "z is not a matrix: its rows differ in length."),
        (("z", [["a", "b"]], "t c"), {}, "z has shape (1, 2) and holds text; wanted real numbers."),
    ],
)
def test_a_matrix_that_does_not_fit(trace, arguments, options, sentence):
    with pytest.raises(ValueError) as caught:
        trace.given(*arguments, **options)
    assert str(caught.value) == sentence
    assert list(trace.steps) == ["x", "y"]


@pytest.mark.parametrize(
    ("error", "arguments", "options", "sentence"),
    [
        (
            ValueError,
            ("z", "matmul", "t c -> t c", "x"),
            {},
            f"z is of kind 'matmul'; wanted one of {', '.join(RULED)}.",
        ),
        (ValueError, ("z", "given", "t c -> t c", "x"), {}, f"z is of kind 'given'; wanted one of {', '.join(RULED)}."),
        (
            ValueError,
            ("z", "add", "t c -> t c", "x"),
            {"role": "k"},
            f"z has the role 'k'; wanted one of {', '.join(ROLES)}.",
        ),
        (ValueError, ("y", "add", "t c -> t c", "x"), {}, "y is in the trace already: give each step its own name."),
        (UnknownName, ("z", "add", "t c -> t c", "w"), {}, "'w' is not in this trace; its steps are x, y."),
        (
            ValueError,
            ("z", "sum-product", "t c, s c -> t t", "x", "x"),
            {},
            "the rule 't c, s c -> t t' of z names two axes of a matrix alike; wanted a name for each, as in "
            "'t h, s h -> t s'.",
        ),
        (
            ValueError,
            ("z", "add", "t c, t c -> t c", "x"),
            {},
            "the rule 't c, t c -> t c' of z reads 2 inputs; you gave 1.",
        ),
        (
            ValueError,
            ("z", "add", "t c -> t c", "x", "y"),
            {},
            "the rule 't c -> t c' of z reads 1 inputs; you gave 2.",
        ),
        (
            ValueError,
            ("z", "add", "t -> t", "x"),
            {},
            "the rule 't -> t' of z reads x with 1 axes; it has 2, (T=2, C=3).",
        ),
        (
            ValueError,
            ("z", "sum-product", "t c, c h -> t h", "x", "y"),
            {},
            "z: the axis c of the rule 't c, c h -> t h' has size 3 in one input and 2 in another.",
        ),
        (
            ValueError,
            ("z", "add", "t c -> t c", "x"),
            {"rol": "key"},
            "z is given rol='key', which a step of kind 'add' with the rule 't c -> t c' has no use for.",
        ),
        (
            ValueError,
            ("z", "relu", "t c -> t", "x"),
            {},
            "the rule 't c -> t' of z is none for relu: it reads one matrix and keeps its axes, as in 't c -> t c'.",
        ),
        (
            ValueError,
            ("z", "relu", "t c, t c -> t c", "x", "y"),
            {},
            "the rule 't c, t c -> t c' of z is none for relu: it reads one matrix and keeps its axes, as in "
            "'t c -> t c'.",
        ),
        (
            ValueError,
            ("z", "rsqrt", "t c -> t c | c <= t", "x"),
            {},
            "the rule 't c -> t c | c <= t' of z is none for rsqrt: it reads one matrix and keeps its axes, as "
            "in 't -> t'.",
        ),
        (
            ValueError,
            ("z", "reshape", "t c, t c -> t n h", "x", "y"),
            {"n": 2},
            "the rule 't c, t c -> t n h' of z is none for reshape: it reads one matrix and keeps its numbers, "
            "as in 't e -> t n h -> n t h'.",
        ),
        (
            ValueError,
            ("z", "reshape", "t c -> t n h", "x"),
            {"n": 2},
            "z is made from a matrix of shape (T=2, C=3); its 6 numbers do not fill (T=2, heads=2, head_size).",
        ),
        (
            ValueError,
            ("z", "reshape", "t c -> t n h", "x"),
            {"n": 3, "h": 2},
            "z is made from a matrix of shape (T=2, C=3); its 6 numbers do not fill (T=2, heads=3, head_size=2).",
        ),
        (
            ValueError,
            ("z", "reshape", "t c -> t n h", "x"),
            {"n": 10**30},
            f"z is made from a matrix of shape (T=2, C=3); its 6 numbers do not fill (T=2, heads={10**30}, head_size).",
        ),
        (
            ValueError,
            ("z", "reshape", "t c -> t n h", "x"),
            {},
            "z: the rule 't c -> t n h' leaves n and h open; give each of them a size but one, as in n=2.",
        ),
        *(
            (
                ValueError,
                ("z", "reshape", "t c -> t n h", "x"),
                {"n": size},
                f"z: n is {size!r}; wanted a whole number from 1 up.",
            )
            for size in (0, -1, 3.0, "3", None)
        ),
        (
            ValueError,
            ("z", "reshape", "t c -> t n h", "x"),
            {"m": 3},
            "z is given m=3, which a step of kind 'reshape' with the rule 't c -> t n h' has no use for.",
        ),
        (
            ValueError,
            ("z", "reshape", "t c -> c t", "x"),
            {"t": 3},
            "z: t is 3, but the matrix that it is made from has shape (T=2, C=3).",
        ),
        (
            ValueError,
            ("z", "reshape", "t c -> t n h -> t e", "x"),
            {"n": 3},
            "the rule 't c -> t n h -> t e' of z passes through n, which neither its first nor its last shape "
            "has: make it two steps.",
        ),
    ],
)
def test_a_step_that_cannot_be(trace, error, arguments, options, sentence):
    with pytest.raises(error) as caught:
        trace.step(*arguments, **options)
    assert str(caught.value) == sentence
    assert list(trace.steps) == ["x", "y"]


def test_a_large_head_explains_itself_briefly():
    rng = np.random.default_rng(0)
    trace = head(rng.normal(size=(128, 128)), *rng.normal(size=(3, 128, 64)))
    assert len(trace.why("out", 127, 63)) < 400 and len(trace.sources("out", 127, 63)) == 256


# -- imports --------------------------------------------------------------------------------------


def python(*arguments):
    """What another Python, that finds the same modules, prints."""
    path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, env={**os.environ, **path}
    )


def test_the_explorer_is_imported_at_once():
    """In under 0.6 seconds of a core, the best of three: other tests may be on it at the same time."""
    code = "from time import process_time as now; start = now(); import helpers.explore.explorer; print(now() - start)"
    assert any(float(python("-c", code).stdout) < 0.6 for _ in range(3))
