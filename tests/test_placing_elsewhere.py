"""A check says in which line it goes wrong, also in a module and in a function of another cell: rightly, or less."""

import linecache
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import check
from helpers.check.calls import Deadline
from helpers.check.handed_in import has_loop, is_stub
from helpers.check.judge import judge
from helpers.check.modules import as_function
from helpers.check.placing import placed
from helpers.check.tries import Trials

EXERCISES = check.exercises()

SOFTMAX = """
def softmax(scores):
    largest = scores.amax(-1, keepdim=True)
    powers = (scores - largest).exp()
    sums = powers.sum(-1, keepdim=True)
    return powers / sums
"""
HEAD = """
def unscaled_head(x, Wq, Wk, Wv):
    B, T, C = x.shape
    q = x @ Wq
    k = x @ Wk
    v = x @ Wv
    scores = q @ k.transpose(-2, -1)
    tril = torch.tril(torch.ones(T, T))
    scores = scores.masked_fill(tril == 0, float("-inf"))
    weights = softmax(scores)
    out = weights @ v
    return out
"""
CUT = """
def cut(q, heads):
    B, T, C = q.shape
    pieces = q.view(B, T, heads, C // heads)
    return pieces.transpose(1, 2)
"""
MASK = """
def mask(scores):
    T = scores.shape[-1]
    future = torch.ones(T, T).triu(1).bool()
    return scores.masked_fill(future, float("-inf"))
"""
HEADS = """
def all_heads(x, Wq, Wk, Wv, Wo, heads):
    B, T, C = x.shape
    q = cut(x @ Wq, heads)
    k = cut(x @ Wk, heads)
    v = cut(x @ Wv, heads)
    scores = q @ k.transpose(-2, -1) * (C // heads) ** -0.5
    weights = softmax(mask(scores))
    out = weights @ v
    joined = out.transpose(1, 2).reshape(B, T, C)
    return joined @ Wo
"""


def cells(*codes):
    """What is defined after some cells were run, one after the other."""
    names = {"np": np, "torch": torch, "nn": nn, "F": F, "math": math, "__name__": "__main__"}
    for place, code in enumerate(codes):
        code = code.strip()
        file = f"<cell {place} {abs(hash(code))}>"
        linecache.cache[file] = len(code), None, code.splitlines(keepends=True), file
        exec(compile(code, file, "exec"), names)
    return names


def sentence(name, handed_in):
    exercise, function, asks = EXERCISES[name], handed_in, EXERCISES[name].asks
    if isinstance(handed_in, nn.Module):
        exercise, function, _ = as_function(exercise, handed_in)
    with Deadline(20) as deadline:
        found = placed(Trials(exercise, function, [*asks], deadline))
    return found.sentence if found else ""


# -- functions of other cells ---------------------------------------------------------------------------

ELSEWHERE = [
    (
        SOFTMAX,
        "powers.sum(-1",
        "powers.mean(-1",
        "and powers are right; `sums` in line 4 of the cell with `softmax` is",
    ),
    (
        SOFTMAX,
        "largest).exp()",
        "largest).abs()",
        "and largest are right; `powers` in line 3 of the cell with `softmax`",
    ),
    (
        SOFTMAX,
        "powers / sums",
        "powers * sums",
        "what line 5 of the cell with `softmax` makes, `return powers * sums`,",
    ),
    (SOFTMAX, "amax(-1", "amax(-2", "scores are right; `largest` in line 2 of the cell with `softmax` is the first"),
    (
        HEAD,
        "weights @ v",
        "weights @ v + q",
        "scores and weights are right; `out` in line 10 is the first that differs",
    ),
    (HEAD, "softmax(scores)", "softmax(scores.sigmoid())", "scores are right; `weights` in line 9 is the first"),
]


@pytest.mark.parametrize(("cell", "old", "new", "said"), ELSEWHERE)
def test_a_line_of_another_cell_is_said(cell, old, new, said):
    codes = [code.replace(old, new) if code == cell else code for code in (SOFTMAX, HEAD)]
    assert old in cell and said in sentence("unscaled_head", cells(*codes)["unscaled_head"])


SHARED = [
    (
        CUT,
        "pieces.transpose(1, 2)",
        "pieces.transpose(1, 2).flip(2)",
        "pieces is right; what line 4 of the cell with `cut` makes,",
    ),
    (CUT, "q.view(B", "q.sin().view(B", "`pieces` in line 3 of the cell with `cut` is the first that differs."),
    (MASK, "triu(1)", "tril(-2)", "scores are right; `future` in line 3 of the cell with `mask` is the first"),
    (SOFTMAX, "sum(-1", "sum(-2", "and powers are right; `sums` in line 4 of the cell with `softmax`"),
    (HEADS, "cut(x @ Wk", "cut(x @ Wv", "q is right; `k` in line 4 is the first that differs."),
]


@pytest.mark.parametrize(("cell", "old", "new", "said"), SHARED)
def test_a_function_that_several_lines_call(cell, old, new, said):
    codes = [code.replace(old, new) if code == cell else code for code in (SOFTMAX, CUT, MASK, HEADS)]
    assert old in cell and said in sentence("all_heads", cells(*codes)["all_heads"])


@pytest.mark.parametrize(
    ("helper", "said"),
    [
        ("softmax = lambda s: s.exp() / s.exp().mean(-1, keepdim=True)", "`weights` in line 9 is the first"),
        ("def softmax(s):\n    p = s.exp()\n    return p", "the mistake is in line 9 or 10."),
        (
            "@torch.no_grad()\ndef softmax(s):\n    p = s.exp()\n    m = p.mean(-1, keepdim=True)\n    return p / m",
            "`m` in",
        ),
        (
            "class Softmax(nn.Module):\n    def forward(self, s):\n        p = s.exp()\n        m = p.mean(-1, "
            "keepdim=True)\n        return p / m\nsoftmax = Softmax()",
            "and p are right; `m` in line 4 of the cell with `Softmax.forward` is the first that differs.",
        ),
    ],
    ids=["a lambda", "one that is not finished", "decorated", "a module"],
)
def test_another_cell_of_another_kind(helper, said):
    assert said in sentence("unscaled_head", cells(helper, HEAD)["unscaled_head"])


def test_a_function_in_the_same_cell_has_its_line_alone():
    code = SOFTMAX.replace("sum(-1", "mean(-1") + HEAD
    assert sentence("unscaled_head", cells(code)["unscaled_head"]).endswith(
        "`sums` in line 4 is the first that differs."
    )


# -- modules --------------------------------------------------------------------------------------------

MODULE = """
class Head(nn.Module):
    def __init__(self, C=5, h=3):
        super().__init__()
        self.key = nn.Linear(C, h, bias=False)
        self.query = nn.Linear(C, h, bias=False)
        self.value = nn.Linear(C, h, bias=False)
        self.register_buffer("tril", torch.tril(torch.ones(6, 6)))

    def forward(self, x):
        B, T, C = x.shape
        k = self.key(x)
        q = self.query(x)
        wei = q @ k.transpose(-2, -1)
        wei = wei.masked_fill(self.tril[:T, :T] == 0, float("-inf"))
        wei = F.softmax(wei, dim=-1)
        v = self.value(x)
        out = wei @ v
        return out
"""
FEED = """
class FeedForward(nn.Module):
    def __init__(self, C=3):
        super().__init__()
        self.up = nn.Linear(C, 7)
        self.down = nn.Linear(7, C)

    def forward(self, x):
        up = self.up(x)
        active = F.relu(up)
        return self.down(active)
"""
SEVERAL = """
class Heads(nn.Module):
    def __init__(self, C=6, heads=2):
        super().__init__()
        self.heads = nn.ModuleList([Head(C, C // heads) for _ in range(heads)])
        self.proj = nn.Linear(C, C)

    def forward(self, x):
        out = torch.cat([head(x) for head in self.heads], dim=-1)
        out = self.proj(out)
        return out
"""
SCALED = MODULE.replace("k.transpose(-2, -1)", "k.transpose(-2, -1) * k.shape[-1] ** -0.5")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("F.softmax(wei, dim=-1)", "torch.sigmoid(wei)", "k, q and wei are right; `wei`, as line 15 leaves it, is the"),
        ("self.query(x)", "self.key(x)", "k is right; `q` in line 12 is the first that differs."),
        ("wei @ v", "wei @ v + x.mean()", "k, q, wei and v are right; `out` in line 17 is the first that differs."),
        ("self.tril[:T, :T] == 0", "self.tril[:T, :T] == 2", "k and q are right; the mistake is in line 13 or 15, or"),
        ("self.value(x)", "self.value(x).abs()", "k, q and wei are right; `v` in line 16 is the first that differs."),
    ],
)
def test_the_line_of_a_module_is_said(old, new, said):
    assert old in MODULE and said in sentence("unscaled_head", cells(MODULE.replace(old, new))["Head"]())


def test_a_module_in_the_place_of_a_function_of_arrays():
    code = SCALED.replace("F.softmax(wei, dim=-1)", "torch.sigmoid(wei)")
    assert "`wei`, as line 15 leaves it, is the first" in sentence("whole_head", cells(code)["Head"]())


@pytest.mark.parametrize(
    ("head", "heads", "said"),
    [
        (
            SCALED.replace("F.softmax(wei, dim=-1)", "torch.sigmoid(wei)"),
            SEVERAL,
            "line 15 of the cell with `Head.forward`",
        ),
        (
            SCALED.replace("self.value(x)", "self.value(x).abs()"),
            SEVERAL,
            "`v` in line 16 of the cell with `Head.forward`",
        ),
        (SCALED, SEVERAL.replace("self.proj(out)", "self.proj(out).sin()"), "`out`, as line 9 leaves it, is the first"),
        (
            SCALED,
            SEVERAL.replace("in self.heads]", "in self.heads[::-1]]"),
            "`out` in line 8 is the first that differs.",
        ),
    ],
    ids=["softmax", "v", "the projection", "another order"],
)
def test_the_line_in_modules_of_a_module(head, heads, said):
    assert said in sentence("all_heads", cells(head, heads)["Heads"]())


def test_the_line_of_two_layers():
    code = FEED.replace("F.relu(up)", "up * torch.sigmoid(up - 1)")
    assert sentence("up_and_down", cells(code)["FeedForward"]()) == (
        "up is right; `active` in line 9 is the first that differs."
    )


def test_a_module_of_torch_has_no_line_of_the_learners():
    assert sentence("softmax_rows", nn.Softmax(dim=1)) == ""
    assert sentence("up_and_down", nn.Sequential(nn.Linear(3, 7), nn.GELU(), nn.Linear(7, 3))) == ""


def test_the_report_has_the_line_and_the_module_itself_stays_as_it_is(capsys):
    module = cells(MODULE.replace("wei @ v", "wei @ v + x.mean()"))["Head"]()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    check.unscaled_head(module)
    assert capsys.readouterr().out.splitlines()[-1].endswith("`out` in line 17 is the first that differs.")
    assert module.training and all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


# -- a Python that says less ------------------------------------------------------------------------------

WRONG = [
    HEAD.replace("softmax(scores)", "torch.sigmoid(scores)"),
    HEAD.replace("x @ Wq", "x @ Wk").replace("softmax", "torch.nn.Softmax(-1)"),
    HEAD.replace("weights @ v", "weights + 1").replace("softmax", "torch.nn.Softmax(-1)"),
]


class Nowhere:
    """What ``executing`` gives where it cannot tell which expression runs."""

    node, statements, source = None, (), None


@pytest.mark.parametrize("code", WRONG)
@pytest.mark.parametrize("fails", [False, True])
def test_instructions_that_nobody_knows_lead_to_less_and_to_no_error(monkeypatch, code, fails):
    """As in a newer Python: no expression is found for any instruction; the lines are known all the same."""
    known = sentence("unscaled_head", cells(code)["unscaled_head"])

    def executing(*_):
        if fails:
            raise IndexError("an instruction that is not known")
        return Nowhere()

    monkeypatch.setattr("helpers.see.record.source.kept", {})
    monkeypatch.setattr("helpers.see.record.source.Source.executing", executing)
    monkeypatch.setattr("dis.get_instructions", lambda *_: 1 / 0)
    said = sentence("unscaled_head", cells(code + "\n\n")["unscaled_head"])
    line = known.partition(" in line ")[2].split()[0].strip(",") if " in line " in known else ""
    assert said == "" or "the mistake is in line" in said or f"line {line}" in said, (known, said)


def test_a_function_without_a_source_is_told_nothing_more():
    names = {"torch": torch}
    exec(WRONG[0].strip(), names)
    assert sentence("unscaled_head", names["unscaled_head"]) == ""


def test_a_stub_and_a_loop_are_told_without_instructions(monkeypatch):
    monkeypatch.setattr("dis.get_instructions", lambda *_: 1 / 0)
    kinds = {"...": (True, False), '"""a mean"""\n    pass': (True, False), "return [t for t in x]": (False, True)}
    kinds |= {"return x": (False, False), "while x:\n        x = x[1:]\n    return x": (False, True)}
    for body, told in kinds.items():
        function = cells(f"def mean_so_far(x):\n    {body}")["mean_so_far"]
        assert (is_stub(function), has_loop(function)) == told, body


def test_a_result_that_is_not_a_number_ends_no_check():
    """A whole row of NaN, as where all is minus the largest of infinite scores, has no finite fill."""
    code = """
def whole_head(x, Wq, Wk, Wv):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = q @ k.swapaxes(-1, -2) * Wq.shape[1] ** -0.5
    masked = np.where(np.tri(x.shape[1]) == 0, -np.inf, scores)
    powers = np.exp(masked - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True) @ v
"""
    assert judge(EXERCISES["whole_head"], cells(code)["whole_head"]).solved is False
