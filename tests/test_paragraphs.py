"""Code that runs long is folded into its paragraphs: no part shows more than 15 matrices, and each has a name."""

import ast
import linecache

import pytest
import torch
from torch import nn

from helpers.see import see
from helpers.see.read import assembling
from helpers.see.read.paragraphs import Part
from helpers.see.record.blocks import blocks, heading, line_of, read, shortened, start
from helpers.trace.folding import MOST, alone, closed_and_open, count, folded, opened_at_first, parts
from tests.models_by_hand import MODELS, LongBlock, made
from tests.near import assert_near


def widths(trace):
    """How many matrices are shown with each part open as the last one, after those around it and after all others."""
    steps, paths = [*trace], parts(trace)
    yield count(folded(steps, opened_at_first(steps)))
    for path in [(), *paths]:
        yield count(folded(steps, [path[:depth] for depth in range(1, len(path) + 1)]))
        yield count(folded(steps, [*(one for one in paths if one != path), *([path] if path else [])]))


def in_a_loop(x, layers=20):
    for layer in range(layers):
        x = x * (1 + layer)
        x = x + torch.tanh(x)
    return x


def side_by_side(x, heads=12):
    return torch.stack([torch.tanh(x * head) + head for head in range(1, heads)])


def in_branches(x):
    """Nothing but a branch, and no empty line in it."""
    if x.ndim > 1:
        a = x + 1
        b = a * 2
        c = torch.tanh(b)
        d = torch.sigmoid(c)
        e = d + 3
        f = e * e
        g = torch.exp(-f)
        with torch.no_grad():
            h = g + 1
            i = torch.log(h)
            j = i * i
            k = torch.sqrt(j + 1)
            m = k + 5
            n = torch.cos(m)
            o = n * 2
            x = torch.sin(o) + x
    return x


def in_one_line(x):
    return x.tanh().exp().tanh().exp().tanh().exp().tanh().exp().tanh().exp().tanh().exp().tanh().exp().tanh().exp()


def of_a_lambda(x):
    return (lambda x: in_branches(x) + in_branches(x * 2))(x)


LONG = [in_a_loop, side_by_side, in_branches, in_one_line, of_a_lambda]
LAYERS = [
    nn.TransformerEncoderLayer(12, 3, 17, batch_first=True).eval(),
    nn.TransformerEncoder(nn.TransformerEncoderLayer(12, 3, 17), 3, enable_nested_tensor=False).eval(),
    nn.MultiheadAttention(12, 3, add_bias_kv=True).eval(),
    nn.MultiheadAttention(12, 3, kdim=12, vdim=12).eval(),
    nn.Sequential(*[nn.Linear(12, 12) for _ in range(40)]),
]


@pytest.mark.parametrize("name", MODELS)
def test_no_part_of_a_model_shows_more_than_has_room(name):
    model, inputs = made(name)
    assert max(widths(see(model, **inputs))) <= MOST


@pytest.mark.parametrize("function", [*LONG, *LAYERS], ids=lambda one: getattr(one, "__name__", type(one).__name__))
def test_no_part_of_long_code_shows_more_than_has_room(function):
    x = torch.randn(5, 2, 12)
    trace = see(function, *[x] * (3 if isinstance(function, nn.MultiheadAttention) else 1))
    assert max(widths(trace)) <= MOST
    assert trace.parts or len(trace.shown) <= MOST


def test_a_function_without_a_source_is_cut_at_its_lines():
    lines = ["def f(x):", *("    x = torch.tanh(x + 1)" for _ in range(20)), "    return x"]
    known = {"torch": torch}
    exec("\n".join(lines), known)
    trace = see(known["f"], torch.randn(2, 3))
    assert trace.parts and max(widths(trace)) <= MOST


def test_where_a_function_fits_nothing_changes():
    for name in ("lecture: Head", "small GPT: attention, step by step", "book: CausalAttention"):
        model, inputs = made(name)
        assert see(model, **inputs).parts == []


def test_a_paragraph_is_called_by_its_comment_or_by_what_comes_out_of_it():
    model, inputs = made("long: block in paragraphs")
    trace = see(model, **inputs)
    assert [path[0] for path in trace.parts if len(path) == 1] == [
        "Normalize",
        "queries, keys and values",
        "steps to heads",
        "A mean of the values so far, which fades",
        "steps to x₃",
    ]
    turns = [path[-1] for path in trace.parts if "turn" in path[-1]]
    assert turns == ["turns 1–2", "turns 3–4"]
    closed = trace.folded([])
    assert [step.name for step in closed.shown][:2] == ["x", "normal"]
    assert closed.why("normal", 0, 0, 0).startswith("normal[0,0,0] = Normalize(x[0,0,0], ")
    assert [*see(model, **inputs).parts] == trace.parts  # the same each time


def test_attention_of_pytorch_opens_into_projections_and_attention():
    model, inputs = made("nn.MultiheadAttention")
    trace = see(model, **inputs)
    assert trace.parts == [("in-projection",), ("attention",), ("out-projection",)]
    shown = [step.name for step in trace.folded([]).shown]
    assert shown[:8] == ["query", "key", "value", "q", "k", "v", "weights", "heads"]
    q = trace["q"].value  # that is how it runs: time before the batch
    wanted = inputs["query"].transpose(0, 1).double() @ model.in_proj_weight[:12].double().T + model.in_proj_bias[:12]
    assert_near(q, wanted.detach(), rtol=1e-5, atol=1e-6)


def test_a_width_is_what_folding_shows(monkeypatch):
    """Two ways to count what is shown of a part: while parts are made, and of the finished trace."""
    found = []

    def after(drafts, readers, names):
        divide(drafts, readers, names)
        paths = {draft.part[:depth] for draft in drafts for depth in range(len(draft.part) + 1)}
        found.append({path: Part(drafts, readers, names, path).width() for path in paths})

    divide = assembling.divide
    monkeypatch.setattr(assembling, "divide", after)
    for name in MODELS:
        model, inputs = made(name)
        steps = [*see(model, **inputs)]
        for path, width in found.pop().items():
            opened = [path[:depth] for depth in range(1, len(path) + 1)]
            shown = closed_and_open(steps, opened)
            assert width == count(alone(shown, path) or {} if path else shown), (name, path)


def test_the_blocks_around_a_line():
    code = LongBlock.forward.__code__
    body, lines = read(code, code.co_filename)
    assert [heading(one, lines) for one in body if heading(one, lines)] == [
        *("Normalize", "queries, keys and values", "A mean of the values so far, which fades")
    ]
    found = {line_of(code, at): blocks(code, at) for at in range(0, len(code.co_code), 2)}
    (loop,) = [one for one in body if lines[start(one) - 1].strip().startswith("for t in")]
    around = found[loop.lineno + 2]
    assert [(one.kind, one.repeats) for one in around] == [
        *(("paragraph", False), ("statement", True), ("paragraph", False), ("statement", False))
    ]
    assert around[1].heading == "for t in range(1, T)"
    assert around[0].first <= loop.lineno <= around[0].last
    assert blocks((lambda x: x).__code__, 0)[0].heading == ""


@pytest.mark.parametrize(
    ("comment", "wanted"),
    [
        ("# in-projection", "in-projection"),
        ("# ---- Attention ----", "Attention"),
        ("# q = self.query(x)", ""),
        ("# (B, T, C)", ""),
        ("# x: (B, T, C)", ""),
        ("# noqa: E501", ""),
        ("# type: ignore", ""),
        ("# type of attention", "type of attention"),
        ("#", ""),
        ("# (deep breath) calculate attention", "calculate attention"),
        ("# Scale. Then mask.", "Scale"),
        ("# " + "long " * 20, shortened("long " * 20)),
        ("# a\n    # of two lines", "a of two lines"),
        ("# far away\n\n    # near", "near"),
        ("# above an empty line\n", "above an empty line"),
    ],
)
def test_what_a_comment_says(comment, wanted):
    source = f"def f(x):\n    y = x\n    {comment}\n    return y\n"
    last = ast.parse(source).body[0].body[-1]
    assert heading(last, source.splitlines()) == wanted


def test_another_comment_is_another_name():
    """The code is the same, and equal for Python: what it says is not."""
    names = []
    for said in ("first", "second"):
        source = f"def f(x):\n    # the {said}\n" + "    x = torch.tanh(x + 1)\n" * 5 + "\n    # and then\n"
        source += "    x = torch.tanh(x + 1)\n" * 5 + "    return x\n"
        known = {"torch": torch}
        linecache.cache[f"<{said}>"] = len(source), None, source.splitlines(keepends=True), f"<{said}>"
        exec(compile(source, f"<{said}>", "exec"), known)
        names.append([path[-1] for path in see(known["f"], torch.randn(2, 3)).parts])
    assert names == [["the first", "and then"], ["the second", "and then"]]


def test_the_turns_of_a_loop_keep_their_numbers():
    x = torch.randn(2, 3)
    turns = [path for path in see(in_a_loop, x, 40).parts if "turn" in path[-1]]
    numbers = {path: [int(one) for one in path[-1].split()[-1].split("–")] for path in turns}
    deepest = [path for path in turns if not any(other[: len(path)] == path for other in turns if other != path)]
    covered = [turn for path in deepest for turn in range(numbers[path][0], numbers[path][-1] + 1)]
    assert covered == [*range(1, 41)]
    assert all(numbers[path][0] <= numbers[inner][0] for path in turns for inner in turns if inner[:-1] == path)
