"""What learners bring to an explorer: functions of every kind, modules, results of every form, and how they fail."""

import functools
import itertools
import random
import sys
from dataclasses import dataclass
from itertools import permutations
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.explore import explore
from helpers.inputs.examples import example
from helpers.see import plain_function, probes
from helpers.see.axis_names import LETTERS
from helpers.see.misfits import fitting
from helpers.see.plain_function import PlainFunction
from helpers.see.probes import MOST_PROBES, PROBES
from tests.near import assert_near

RANGES = dict.fromkeys(LETTERS, (1, 16))


def shapes(explorer):
    assert explorer.diagram.error == ""
    return {step.name: step.shape for step in explorer.trace}


def sizes(explorer):
    """The highest value of each slider, and the sizes that have none."""
    return {name: one.max for name, one in explorer.controls.items() if name in LETTERS}, explorer.subject.fixed


# -- which axis is which --------------------------------------------------------------------------


class Pair(NamedTuple):
    weights: object
    mean: object


@dataclass
class Head:
    q: object
    out: object


MANY = [
    (lambda x: (x, -x), {"out": "t c", "out₂": "t c"}),
    (lambda x: [x, x.T], {"out": "t c", "out₂": "c t"}),
    (lambda x: np.stack([x, -x]), {"out": "i t c"}),
    (lambda x: np.stack([x, -x], axis=-1), {"out": "t c i"}),
    (lambda x: np.concatenate([x, x]), {"out": "i c"}),
    (lambda x: x @ np.ones((x.shape[1], 5)), {"out": "t i"}),
    (lambda x: np.ones((4, x.shape[0])) @ x, {"out": "i c"}),
    (lambda x: x[:, :3], {"out": "t i"}),
    (lambda x: x[:2], {"out": "i c"}),
    (lambda x: x[..., None] * np.ones(4), {"out": "t c i"}),
    (lambda x: x.reshape(-1, 2), {"out": "i j"}),
    (lambda x: {"scores": x @ x.T, "mean": x.mean(0)}, {"scores": "t s", "mean": "c"}),
    (lambda x: Pair(x @ x.T, x.mean(0)), {"weights": "t s", "mean": "c"}),
    (lambda x: Head(x[:, :1], x), {"q": "t i", "out": "t c"}),
    (lambda x: (x, (x.T, {"k": x[:, :1]})), {"out": "t c", "out₂": "c t", "k": "t i"}),
    (lambda x: {"x": x * 2, 3: x}, {"x₂": "t c", "out": "t c"}),
    (lambda x: [row * 2 for row in x], {"out": "t c"}),
    (lambda x: (x.mean(0), x.mean(1)), {"out": "c", "out₂": "t"}),
    (lambda x: (x[:, :2], x.sum(0)[:2]), {"out": "t i", "out₂": "i"}),
    (lambda x: [[1.0, 2.0], [3.0, 4.0]], {"out": "i j"}),
    (lambda x, Wq, Wk: (x @ Wq, x @ Wk, x @ Wq @ (x @ Wk).T), {"out": "t h", "out₂": "t h", "out₃": "t s"}),
    (lambda x: torch.relu(x).max(dim=1), {"values": "t", "indices": "t"}),
    (lambda x: torch.relu(x).chunk(2, dim=-1), {"out": "t i", "out₂": "t i"}),
]


@pytest.mark.parametrize("number", range(len(MANY)))
def test_the_same_function_always_gets_the_same_names(number):
    """Explored anew with other seeds and sizes."""
    build, axes = MANY[number]
    rng, all_drawn = random.Random(number), set()
    for seed in range(10):
        size = {"T": rng.randint(3, 12), "C": 2 * rng.randint(2, 6), "head_size": rng.randint(1, 8)}
        made = example(**size, seed=seed)._asdict()
        names = [name for name in ("x", "Wq", "Wk") if name in build.__code__.co_varnames[: build.__code__.co_argcount]]
        function = PlainFunction(build, "f", RANGES)
        trace = function.seen({name: made[name] for name in names}, seed).trace
        drawn = {step.name: " ".join(step.axes) for step in trace.shown if step.name not in names}
        assert {name: drawn[name] for name in axes} == axes, size
        all_drawn.add(str(drawn))
    assert len(all_drawn) == 1  # on the way, too


def test_what_is_drawn_is_what_came_back():
    explorer = explore(lambda x: (x, {"twice": x * 2}, [x.sum(0), x.sum(1)]))
    x = explorer.trace["x"].value
    for name, wanted in {"out": x, "twice": x * 2, "out₂": x.sum(0), "out₃": x.sum(1)}.items():
        assert_near(explorer.trace[name].value, wanted, atol=1e-6)
    assert explorer.trace["out"].code == "out = <lambda>(x)[0]" and "x.sum(1)" in explorer.trace["out₃"].code
    explorer.controls["T"].value = 3
    assert shapes(explorer)["out₃"] == "(T=3)"


def test_what_is_no_matrix_among_several_is_told():
    explorer = explore(lambda x: (x, 2.5, None, "text"))
    assert [*shapes(explorer)] == ["x", "out"]
    assert explorer.remarks == [
        "what it returns as [1] is not drawn: it is a single number, 2.5.",
        "what it returns as [3] is not drawn: it is text, 'text'.",
    ]


def test_very_many_results():
    assert shapes(explore(lambda x: [x] * 40)) == {"x": "(T=8, C=4)", "out": "(i=40, T=8, C=4)"}
    explorer = explore(lambda x: tuple(np.ones((n, n + 50)) for n in range(1, 40)))
    assert len(explorer.trace) == 17 and "it returns 39 matrices: the first 16 are drawn." in explorer.remarks
    assert len({axis for step in explorer.trace for axis in step.axes}) == 2 + 32  # letters without end


def test_no_simple_rule_makes_one_size_of_a_probe_from_another():
    """Else what follows the one would be taken for the other."""
    numbers = range(-9, 10)
    for one, other in permutations(LETTERS, 2):
        pairs = [(sizes[one], sizes[other]) for sizes in PROBES[:3]]
        assert not [(k, m) for k in range(5) for m in numbers if all(k * a + m == b for a, b in pairs)]
        assert not [(k, m) for k in (2, 3, 4) for m in numbers if all((a + m) // k == b for a, b in pairs)]
    for sizes in PROBES:
        assert len({*sizes.values()}) == len(sizes)


@pytest.mark.parametrize(
    ("build", "axes"),
    [
        (lambda x, heads=2: x.reshape(len(x), heads, -1), "t i j"),
        (lambda x, heads=5: x.reshape(len(x), heads, -1), "t i j"),
        (lambda x: x[:, [9]] + x, "t c"),
        (lambda x: x * np.arange(60).reshape(6, 10), "t c"),
        (lambda x: x + np.ones((20, 10))[: len(x)], "t c"),
        (lambda x: np.ones((6, 10)) * (x.shape == (6, 10)), "i j"),
    ],
)
def test_a_function_that_does_not_take_a_probe_is_drawn_nevertheless(build, axes):
    calls = []

    def counted(x, heads=build.__defaults__[0] if build.__defaults__ else 1):
        calls.append(x.shape)
        return build(x, heads) if build.__defaults__ else build(x)

    made = example(T=6, C=10)
    trace = PlainFunction(counted, "f", {"T": (1, 16), "C": (1, 16)}).seen({"x": made.x}).trace
    assert " ".join(trace["out"].axes) == axes and len(calls) <= 1 + MOST_PROBES


def test_a_function_that_never_ends_at_another_size_is_drawn_nevertheless(monkeypatch):
    for module in (plain_function, probes):
        monkeypatch.setattr(module, "LONGEST", 0.3)

    def until(x):
        while x.shape not in ((8, 4), (7, 4)):
            pass
        return x

    explorer = explore(until)
    assert shapes(explorer)["out"] == "(T=8, C=4)"
    explorer.controls["T"].value = 7
    assert shapes(explorer)["out"] == "(T=7, C=4)"


def test_probes_leave_nothing_behind(capsys):
    class Counter(nn.Module):
        def __init__(self):
            super().__init__()
            self.calls, self.norm = 0, nn.BatchNorm1d(4)

        def forward(self, x):
            self.calls += 1
            print("here", file=sys.stderr)
            return self.norm(x)

    module = Counter()
    explorer = explore(module)
    assert module.calls == 1 and module.norm.num_batches_tracked == 1 and capsys.readouterr().out == ""
    explorer.controls["T"].value = 3
    assert module.calls == 2 and shapes(explorer)["out"] == "(T=3, C=4)"


# -- what goes wrong ------------------------------------------------------------------------------

LINEAR = nn.Linear(4, 2)


class Wrapped:
    def __init__(self):
        self.layer = LINEAR

    def __call__(self, x):
        return self.layer(x)


BROKEN = [lambda x: LINEAR(x), LINEAR, Wrapped(), lambda x: LINEAR(x) * np.sqrt(2), lambda x: Wrapped()(x)]


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_the_error_is_that_of_the_attempt_that_fits(number):
    error = explore(BROKEN[number], C=5).diagram.error
    assert error.startswith("RuntimeError: mat1 and mat2 shapes cannot be multiplied (8x5 and 4x2)")
    assert number == 4 or error.endswith(". Its own matrices take C=4.")


def test_the_slider_finds_back_to_what_works():
    explorer = explore(lambda x: Wrapped()(x), C=(1, 8, 5))
    if "C" in explorer.controls:
        assert "shapes cannot be multiplied" in explorer.diagram.error
        explorer.controls["C"].value = 4
    assert shapes(explorer)["out"] == "(T=8, i=2)"


@pytest.mark.parametrize(
    ("failed", "kind"),
    [
        ([("arrays", TypeError("must be Tensor, not numpy.ndarray")), ("tensors", RuntimeError("8x5"))], "tensors"),
        ([("tensors", AttributeError("'Tensor' object has no attribute 'astype'")), ("arrays", KeyError(3))], "arrays"),
        ([("tensors", ValueError("one")), ("arrays", ValueError("two"))], "tensors"),
        ([("arrays", AttributeError("'numpy.ndarray' object")), ("tensors", AttributeError("'Tensor'"))], "arrays"),
    ],
    ids=range(4),
)
def test_which_attempt_fits(failed, kind):
    assert fitting(failed)[0] == kind


def unpacked(x):
    B, T, C = x.shape
    return x.reshape(B * T, C)


def sized(x):
    b, t, c = x.size()
    return x.view(b, t, c)


class Needs3D(nn.Module):
    def forward(self, x):
        return torch.bmm(x, x.transpose(1, 2))


BATCHES = [
    unpacked,
    sized,
    lambda x: x * x.shape[2],
    lambda x: torch.relu(x) * x.size(2),
    lambda x: torch.einsum("btc,bsc->bts", x, x),
    lambda x: np.einsum("btc,bsc->bts", x, x),
    lambda x: torch.relu(x).permute(0, 2, 1),
    lambda x: np.transpose(x, (0, 2, 1)),
    lambda x: x[:, :, 0],
    lambda x: torch.relu(x).mean(dim=2),
    lambda x: x.mean(axis=2),
    lambda x: torch.relu(x).transpose(1, 2),
    lambda x: x.swapaxes(1, 2),
    Needs3D(),
]


@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_what_needs_a_batch_is_told(number):
    explorer = explore(BATCHES[number])
    said = "x is (T, C) here: B=(1, 8, 4) gives a batch, (B, T, C), and with that it works: explore("
    assert said in explorer.diagram.error
    assert shapes(explore(BATCHES[number], B=(1, 8, 4)))["x"] == "(B=4, T=8, C=4)"


NO_BATCHES = [
    lambda x: torch.einsum("tc,sc->ts", x, x),
    lambda x: np.transpose(x, (1, 0)),
    lambda x: np.ones((lambda T, C: (C, T))(*x.shape)),
]


@pytest.mark.parametrize("number", range(len(NO_BATCHES)))
def test_what_needs_no_batch_is_told(number):
    error = explore(NO_BATCHES[number], B=2).diagram.error
    assert "x is (B, T, C) here: without B it is (T, C), and with that it works" in error


def test_a_batch_of_your_own():
    assert (
        "x is (T, C) here: x[None] is (B, T, C), and with that it works"
        in explore(unpacked, x=np.ones((3, 2))).diagram.error
    )


def test_no_hint_where_nothing_is_known_to_help():
    def broken(x):
        raise AttributeError("no such thing")

    line = broken.__code__.co_firstlineno + 1
    assert explore(broken).diagram.error == f"AttributeError: no such thing. It stopped in line {line}."
    error = explore(lambda x: x.no_such).diagram.error
    assert error.startswith("AttributeError: 'numpy.ndarray' object has no attribute 'no_such'. It stopped in line ")
    assert error.endswith(", x.no_such.") or error.endswith("error = explore(lambda x: x.no_such).diagram.error.")


# -- modules as they are --------------------------------------------------------------------------


class LectureHead(nn.Module):
    def __init__(self, n_embd=8, head_size=4, block_size=6, dropout=0.0):
        super().__init__()
        self.key = nn.Linear(n_embd, head_size, bias=False)
        self.query = nn.Linear(n_embd, head_size, bias=False)
        self.value = nn.Linear(n_embd, head_size, bias=False)
        self.register_buffer("tril", torch.tril(torch.ones(block_size, block_size)))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        T = x.shape[-2]
        k, q = self.key(x), self.query(x)
        wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
        wei = wei.masked_fill(self.tril[:T, :T] == 0, float("-inf")).softmax(-1)
        return self.dropout(wei) @ self.value(x)


class LectureBlock(nn.Module):
    def __init__(self, n_embd=8):
        super().__init__()
        self.sa = LectureHead(n_embd, n_embd)
        self.ffwd = nn.Sequential(nn.Linear(n_embd, 4 * n_embd), nn.ReLU(), nn.Linear(4 * n_embd, n_embd))
        self.ln1, self.ln2 = nn.LayerNorm(n_embd), nn.LayerNorm(n_embd)

    def forward(self, x):
        x = x + self.sa(self.ln1(x))
        return x + self.ffwd(self.ln2(x))


class Batched(LectureBlock):
    def forward(self, x):
        x = self.ln1(x)
        B, T, C = x.shape
        return x.view(B, T, C)


class LectureModel(nn.Module):
    def __init__(self, vocab_size=11, n_embd=8, block_size=5):
        super().__init__()
        self.token_embedding_table = nn.Embedding(vocab_size, n_embd)
        self.position_embedding_table = nn.Embedding(block_size, n_embd)
        self.lm_head = nn.Linear(n_embd, vocab_size)

    def forward(self, idx, targets=None):
        T = idx.shape[1]
        x = self.token_embedding_table(idx) + self.position_embedding_table(torch.arange(T))
        return self.lm_head(x), None


class Positions(nn.Module):
    """A table of positions, added whole."""

    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(1, 7, 6))

    def forward(self, x):
        return x + self.table


class MoreIds(LectureModel):
    """More positions than ids, and no name that tells what it takes."""

    def __init__(self):
        super().__init__(vocab_size=3, block_size=12)

    def forward(self, x):
        return super().forward(x.view(1, -1))[0][0]


class ByHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.head_size = 3

    def forward(self, x, Wq):
        return x @ Wq @ torch.eye(self.head_size)


@pytest.mark.parametrize(
    ("module", "ranges", "ends", "fixed", "drawn"),
    [
        (nn.Linear(4, 2), {}, {"T": 16}, {"C": 4}, {"input": "(T=8, C=4)", "out": "(T=8, i=2)"}),
        (nn.Linear(4, 2), {"C": 4}, {"T": 16}, {"C": 4}, {"input": "(T=8, C=4)", "out": "(T=8, i=2)"}),
        (nn.LayerNorm(6), {"T": 3}, {}, {"T": 3, "C": 6}, {"input": "(T=3, C=6)", "out": "(T=3, C=6)"}),
        (nn.Embedding(9, 4), {}, {"T": 16}, {}, {"input": "(T=8)", "out": "(T=8, C=4)"}),
        (LectureHead(), {}, {"T": 6}, {"C": 8}, {"x": "(T=6, C=8)", "out": "(T=6, head_size=4)"}),
        (LectureHead(20).forward, {}, {"T": 6}, {"C": 20}, {"x": "(T=6, C=20)", "out": "(T=6, head_size=4)"}),
        (LectureBlock(), {"B": 2}, {"T": 6}, {"B": 2, "C": 8}, {"x": "(B=2, T=6, C=8)", "out": "(B=2, T=6, C=8)"}),
        (LectureModel(), {"B": 2}, {"T": 5}, {"B": 2}, {"idx": "(B=2, T=5)", "out": "(B=2, T=5, i=11)"}),
        (MoreIds(), {}, {"T": 12}, {}, {"x": "(T=8)", "out": "(T=8, i=3)"}),
        (Positions(), {"B": 2}, {}, {"B": 2, "T": 7, "C": 6}, {"x": "(B=2, T=7, C=6)", "out": "(B=2, T=7, C=6)"}),
        (ByHeads(), {}, {"T": 16, "C": 16}, {"head_size": 3}, {"x": "(T=8, C=4)", "out": "(T=8, i=3)"}),
        (
            nn.MultiheadAttention(6, 3, batch_first=True),
            {},
            {"T": 16},
            {"C": 6},
            {"query": "(T=8, C=6)", "key": "(T=8, C=6)", "out": "(T=8, j=6)", "out₂": "(T=8, T=8)"},
        ),
        (
            nn.TransformerDecoderLayer(6, 3, batch_first=True).eval(),
            {},
            {"T": 16},
            {"C": 6},
            {"tgt": "(T=8, C=6)", "memory": "(T=8, C=6)", "out": "(T=8, C=6)"},
        ),
        (nn.GRU(6, 2, batch_first=True), {}, {"T": 16}, {"C": 6}, {"input": "(T=8, C=6)", "out": "(T=8, k=2)"}),
        (nn.Sequential(nn.Linear(6, 9), nn.Linear(9, 6)), {}, {"T": 16}, {"C": 6}, {"out": "(T=8, j=6)"}),
        (nn.ReLU(), {}, {"T": 16, "C": 16}, {}, {"input": "(T=8, C=4)", "out": "(T=8, C=4)"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_a_module_gives_its_own_sizes_to_the_sliders(module, ranges, ends, fixed, drawn):
    explorer = explore(module, **ranges)
    shown = shapes(explorer)
    assert sizes(explorer) == (ends, fixed)
    assert drawn.items() <= shown.items()
    for name, control in explorer.controls.items():  # none of them leads to an error
        if name in LETTERS:
            for value in {control.min, control.max}:
                control.value = value
                assert explorer.diagram.error == ""


def test_a_range_that_a_module_does_not_take_is_told():
    assert explore(nn.Linear(7, 2), C=(1, 8, 4)).remarks == ["Linear takes C=7 alone."]
    explorer = explore(LectureHead(), T=(1, 16, 3))
    assert explorer.remarks == ["LectureHead takes T=6 at most."] and explorer.controls["T"].value == 3
    error = explore(LectureHead(), T=8, B=2).diagram.error
    assert error.endswith("Its own matrices take C=8 and at most T=6.")
    assert explore(LectureHead(384)).diagram.error.endswith(
        "It takes C=384, of which at most 128 can be drawn: make a smaller one."
    )
    assert "(B, T, C), and with that it works: explore(Batched" in explore(Batched()).diagram.error
    assert "idx is (T) here: B=(1, 8, 4) gives a batch, (B, T)" in explore(LectureModel()).diagram.error


def test_functions_with_matrices_of_their_own_start_where_these_fit():
    W, head, table = np.ones((6, 3)), LectureHead(), np.ones((5, 4))
    for build, ends, fixed in [
        (lambda x: x @ W, {"T": 16}, {"C": 6}),
        (lambda x: torch.relu(x) @ torch.tensor(W, dtype=torch.float32), {"T": 16}, {"C": 6}),
        (lambda x: head(x), {"T": 6}, {"C": 8}),
        (lambda x: x[:, :4] + table[: len(x)], {"T": 5, "C": 16}, {}),
    ]:
        explorer = explore(build)
        assert explorer.diagram.error == "" and sizes(explorer) == (ends, fixed)


def test_dropout_in_train_mode_is_told():
    module = LectureHead(dropout=0.5)
    told = "LectureHead is in train mode, and its dropout draws at random: .eval() shows what it does without."
    assert explore(module).remarks == [told] == explore(module.forward).remarks
    assert explore(nn.MultiheadAttention(4, 2, dropout=0.5)).remarks[0].startswith("MultiheadAttention is in train")
    assert explore(lambda x: module(x)).remarks[0].startswith("a module of <lambda> is in train mode")
    assert explore(LectureHead()).remarks == [] == explore(module.eval()).remarks


def test_the_numbers_are_those_of_the_module():
    module = LectureBlock()
    explorer = explore(module, B=2)
    x = torch.tensor(explorer.trace["x"].value, dtype=torch.float32)
    assert_near(explorer.trace["out"].value, module(x).detach(), rtol=1e-5, atol=1e-6)


def test_a_class_is_no_module():
    with pytest.raises(ValueError, match=r"LectureHead is a class, which makes modules: .*\(LectureHead\(…\)\)"):
        explore(LectureHead)


# -- in every form --------------------------------------------------------------------------------


def counted(function):
    """A decorator that keeps no name."""

    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def by_place(function):
    return lambda *args: function(*args)


def kept(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


class Methods:
    scale = 2

    def method(self, x):
        return x * self.scale

    @classmethod
    def of_class(cls, x):
        return x * cls.scale

    @staticmethod
    def static(x):
        return x * 2

    __call__ = method


class Twice(nn.Module):
    def forward(self, x):
        return x * 2


def typed_elsewhere():
    """A function as a cell makes it: its source is nowhere."""
    names = {}
    exec("import numpy\ndef f(x):\n    return numpy.multiply(x, 2)", names)
    return names["f"]


def twice(x):
    return x * 2


@pytest.mark.parametrize(
    "build",
    [
        twice,
        lambda x: x * 2,
        Methods().method,
        Methods().of_class,
        Methods.static,
        Methods(),
        counted(twice),
        by_place(twice),
        kept(twice),
        counted(by_place(counted(twice))),
        torch.no_grad()(twice),
        torch.vmap(twice),
        functools.partial(lambda x, k: x * k, k=2),
        typed_elsewhere(),
        lambda input: input * 2,
        lambda X: X * 2,
        lambda x: F.leaky_relu(x, 1.0) * 2,
        functools.partial(Twice()),
    ],
    ids=range(18),
)
def test_functions_in_every_form(build):
    explorer = explore(build)
    x, *_, out = explorer.trace
    assert explorer.diagram.error == "" and out.axes == ("t", "c")
    assert_near(out.value, 2 * x.value, rtol=1e-6)


def test_an_attention_of_q_k_and_v():
    explorer = explore(lambda q, k, v: F.softmax(q @ k.transpose(-2, -1), -1) @ v)
    assert dict.fromkeys(("q", "k", "v", "out"), "(T=8, head_size=2)").items() <= shapes(explorer).items()
    assert explorer.trace["F.softmax(q @ k.transpose(-2, -1), -1)"].role == "weights"
    q, k, v = (torch.tensor(explorer.trace[name].value) for name in "qkv")
    wanted = F.scaled_dot_product_attention(q, k, v, scale=1.0)
    assert_near(explorer.trace["out"].value, wanted, atol=1e-6)
    assert [explorer.trace[name].role for name in "qkv"] == ["query", "key", "value"]
    assert "needs k, which explore cannot fill in" in explore(lambda x, k: x[:k]).diagram.error


def rows(x):
    yield from x


def endless(x):
    while True:
        yield x


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (rows, "rows returned a generator, which can be read only once"),
        (endless, "One without end: list(islice(…, 8))."),
        (lambda x: itertools.count(), "<lambda> returned a count, which can be read only once"),
        (lambda x: map(twice, x), "<lambda> returned a map, which can be read only once"),
        (lambda x: range(10**12), "<lambda> returned a range of 1,000,000,000,000"),
        (functools.lru_cache(twice), "Its cache holds no arrays: explore the function inside, .__wrapped__."),
        (Methods.method, "method is a method: give that of an object, as in explore(mine.method)."),
    ],
    ids=range(7),
)
def test_what_does_not_work_says_why(build, words):
    assert words in explore(build).diagram.error


def test_a_function_of_any_arguments_is_told():
    with pytest.raises(ValueError, match=r"^<lambda> takes any arguments, \*args, and does not tell which"):
        explore(lambda *args: args)
    with pytest.raises(ValueError, match=r"^ModuleList takes any arguments, \*input, and does not tell which"):
        explore(nn.ModuleList())
