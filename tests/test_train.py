"""Training: it learns, it can be stopped and gone on with, and its optimizer does what it says."""

import ast
import inspect
import json
import os
import re
import signal
import threading
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
import torch
import torch._dynamo  # optimizers import it: here it is imported once, and not in each worker
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.gpt.fast import SHARPNESS, FastGPT
from helpers.gpt.model import GPT
from helpers.gpt.muon import Muon, orthogonalize
from helpers.gpt.training import RATES, Training, draw, learn, loss_on, optimizers, share_of_rate, split, write
from helpers.gpt.watching import drawing, smooth, watch
from helpers.inputs.corpus import floor, tales
from helpers.inputs.texts import data_folder
from helpers.inputs.tokenizer import Tokenizer

TEXT = tales(6000)[0]


def small(build=FastGPT, **options):
    torch.manual_seed(0)
    return build(len(set(TEXT)), **{"context": 16, "C": 16, "heads": 2, "layers": 1, **options})


def training(steps=12, build=FastGPT, **options):
    return Training(small(build), TEXT, batch=4, steps=steps, **options)


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


# -- Muon -----------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(many=st.integers(1, 3), rows=st.integers(1, 6), more=st.integers(0, 5), seed=st.integers(0, 999))
def test_orthogonalize_keeps_directions_and_evens_lengths(many, rows, more, seed):
    matrices = torch.randn(many, rows, rows + more, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    found = orthogonalize(matrices)
    for before, after in zip(matrices, found):
        left, lengths, right = torch.linalg.svd(before, full_matrices=False)
        inside = left.mT @ after @ right.mT  # diagonal where the directions are kept
        torch.testing.assert_close(inside, inside.diagonal().diag(), atol=1e-9, rtol=0)
        assert inside.diagonal().max() < 1.3
        assert (inside.diagonal()[lengths > lengths.norm() / 20] > 0.4).all()


def test_muon_moves_each_matrix_as_a_loop_would():
    torch.manual_seed(0)
    weights = [
        torch.nn.Parameter(torch.randn(4, 4)),
        torch.nn.Parameter(torch.randn(8, 4)),
        torch.nn.Parameter(torch.randn(4, 8)),
    ]
    mine, means = [weight.detach().clone() for weight in weights], [torch.zeros_like(weight) for weight in weights]
    muon = Muon(weights, lr=0.1, momentum=0.9)
    for _ in range(3):
        for i, weight in enumerate(weights):
            weight.grad = torch.randn(weight.shape)
            means[i] = 0.9 * means[i] + 0.1 * weight.grad
            step = 0.1 * weight.grad + 0.9 * means[i]
            tall = step.shape[0] > step.shape[1]
            step = orthogonalize((step.T if tall else step)[None])[0]
            mine[i] -= 0.1 * (step.T if tall else step) * (2**0.5 if tall else 1)
        muon.step()
    for weight, wanted in zip(weights, mine):
        torch.testing.assert_close(weight.detach(), wanted)


# -- a run ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("build", "optimizer"), [(FastGPT, "muon"), (GPT, "adamw"), (GPT, "muon")])
def test_it_learns(build, optimizer):
    run = training(60, build, optimizer=optimizer).run()
    assert 3.6 < run.losses[0] < 5 and sum(run.losses[-5:]) / 5 < run.losses[0] - 0.5
    assert run.test() < run.losses[0] and len(run.losses) == run.step == 60
    assert list(run.snapshots) == list(range(0, 61, 3)) and run.tokens_a_second > 0


def test_a_seed_repeats():
    one, other, third = training().run(), training().run(), training(seed=1).run()
    assert one.losses == other.losses and same(one.model, other.model) and one.losses != third.losses


@pytest.mark.parametrize(
    "send",
    [
        lambda: os.kill(os.getpid(), signal.SIGINT),
        lambda: threading.Timer(0, os.kill, (os.getpid(), signal.SIGINT)).run(),
    ],
)
def test_an_interrupt_keeps_what_was_reached_and_a_second_run_goes_on(send):
    before = signal.getsignal(signal.SIGINT)
    whole, run = training().run(), training()
    run.run(lambda run: send() if run.step == 5 else None)
    assert run.step == 5 and 5 in run.snapshots and signal.getsignal(signal.SIGINT) is before
    run.run()
    assert run.losses == whole.losses and same(run.model, whole.model)
    assert run.run().step == 12  # nothing is left to do


def test_a_run_in_a_thread():
    """There signals cannot be caught; it runs all the same."""
    run = training(3)
    thread = threading.Thread(target=run.run)
    thread.start()
    thread.join()
    assert run.step == 3


def test_the_learning_rate_rests_and_then_falls():
    run, shares = training(100), [share_of_rate(step, 100) for step in range(101)]
    rates = [[group["lr"] for one in run.optimizers for group in one.param_groups]]
    for _ in range(100):
        run.take_a_step()
        rates.append([group["lr"] for one in run.optimizers for group in one.param_groups])
    assert all(rate == pytest.approx([share * first for first in rates[0]]) for rate, share in zip(rates, shares))
    assert shares[:51] == [1.0] * 51 and shares == sorted(shares, reverse=True) and shares[-1] == pytest.approx(0.05)


@settings(deadline=None, max_examples=20)
@given(seen=st.integers(0, 7), length=st.integers(9, 60), batch=st.integers(1, 5))
def test_loss_on_a_text_against_a_loop(seen, length, batch):
    model = small(context=8)
    ids = torch.randint(len(set(TEXT)), (length,), generator=torch.Generator().manual_seed(length))
    surprises = []
    with torch.no_grad():
        for start in range(0, length - 8, 8 - seen):
            logits = model(ids[None, start : start + 8])[0]
            surprises += [-logits[t].log_softmax(-1)[ids[start + t + 1]] for t in range(seen, 8)]
    assert loss_on(model, ids, seen=seen, batch=batch) == pytest.approx(torch.stack(surprises).mean().item(), rel=1e-5)


def test_writing():
    run = training(3).run()
    assert write(run.model, "Zo", count=5).startswith("Zo") and len(write(run.model, "Zo", count=5)) == 7
    assert len(write(run.model, "", count=5)) == 5
    assert len(write(run.model, TEXT[:100], count=5)) == 105
    assert write(run.model, "Zo", count=9, seed=1) == write(run.model, "Zo", count=9, seed=1)
    with pytest.raises(ValueError, match=r"'é' \(U\+00E9\) is not in the vocabulary"):
        write(run.model, "Zoé")


def test_what_cannot_be_gets_a_sentence():
    with pytest.raises(
        ValueError, match="the text has 100 characters; wanted at least 170: a tenth is kept for the test"
    ):
        Training(FastGPT(len(set(TEXT[:100])), context=16, C=16, heads=2, layers=1), TEXT[:100])
    with pytest.raises(ValueError, match="optimizer is 'sgd'; wanted one of muon, adamw"):
        optimizers(small(), "sgd")
    with pytest.raises(ValueError, match="the model knows 5 tokens, but the text has"):
        Training(FastGPT(5, context=16, C=16, heads=2, layers=1), TEXT)
    assert split("0123456789", 0.5) == ("01234", "56789")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        *[({name: value}, f"{name} is ") for name in ("batch", "steps") for value in (0, -1, 2.0, "4", None, True)],
        *[({"rate": value}, "rate is .*; wanted a number above 0") for value in (0, -1, float("nan"), "1", None, 1j)],
        *[({"optimizer": value}, "optimizer is .*; wanted one of muon, adamw") for value in ("SGD", None, ["muon"])],
        *[({"seed": value}, "seed is ") for value in ("a", None, 0.5)],
        *[({"tokenizer": value}, "tokenizer is .*; wanted a Tokenizer") for value in (5, "ab", Tokenizer)],
        ({"tokenizer": Tokenizer("ab")}, "the model knows .* tokens, but the text has 2"),
    ],
)
def test_a_training_that_cannot_be_leaves_the_model_as_it_was(options, sentence):
    model = small()
    model.tokenizer = before = Tokenizer(TEXT)
    with pytest.raises(ValueError, match=sentence) as raised:
        Training(model, TEXT, **options)
    assert "\n" not in str(raised.value) and model.tokenizer is before


@pytest.mark.parametrize("text", [None, 5, b"text" * 900, [1, 2], ""])
def test_a_training_wants_a_text(text):
    model = small()
    with pytest.raises(ValueError, match=r"a tokenizer is made from a text|there is nothing to learn"):
        Training(model, text)
    assert not hasattr(model, "tokenizer")


@pytest.mark.parametrize("other", [None, 5, FastGPT, torch.nn.Linear(2, 2)])
def test_what_cannot_be_trained_or_watched(other):
    with pytest.raises(ValueError, match="wanted a model of the course"):
        Training(other, TEXT)
    with pytest.raises(ValueError, match=r"you gave .*; wanted a Training"):
        watch(other)


def test_a_training_that_breaks_off_rests():
    run = training(3)
    with pytest.raises(ZeroDivisionError):
        run.run(lambda _: 1 / 0)
    assert not run.model.training and run.run().step == 3


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"prompt": None}, "prompt is None; wanted a text"),
        ({"prompt": 5}, "prompt is 5"),
        ({"prompt": [1]}, "decode turns ids into tokens"),
        *[({"count": value}, "count is ") for value in (-1, 2.5, "9", None)],
        *[({"temperature": value}, "temperature is ") for value in (-1, "1", None, float("nan"), 1e-300, 1j, [0])],
        *[({"seed": value}, "seed is ") for value in ("a", None, 0.5, -1)],
    ],
)
def test_what_cannot_be_written(options, sentence):
    run = training(3)
    with pytest.raises(ValueError, match=sentence) as raised:
        write(run.model, **options)
    assert "\n" not in str(raised.value)


def test_a_model_that_has_diverged_writes_nothing():
    run = training(1)
    with torch.no_grad():
        run.model.tokens.weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match="no numbers any longer"):
        write(run.model, "Z")


@pytest.mark.parametrize("tokens", ["abc", ["a", "cat", "the"]])
def test_a_text_without_line_ends_is_gone_on_with(tokens):
    """There an empty prompt begins with the first token, and every other with itself."""
    model = FastGPT(3, context=4, C=4, heads=1, layers=1)
    model.tokenizer = Tokenizer(tokens)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_()
    prompt = tokens[1:]
    ids = model.generate(torch.tensor([[1, 2]]), 4, seed=3)[0]
    assert write(model, prompt, count=4, seed=3) == model.tokenizer.decode(ids)
    assert write(model, prompt[:0], count=4) == model.tokenizer.decode(model.generate(torch.tensor([[0]]), 4)[0, 1:])


@pytest.mark.parametrize(
    ("ids", "options", "sentence"),
    [
        (range(8), {}, "there are 8 ids; wanted 17 or more"),
        ([[0] * 20], {}, r"ids has shape \(1, 20\)"),
        ([0.5] * 20, {}, "ids holds float32"),
        ([99] * 20, {}, "99 is no id that the model knows"),
        ("a" * 20, {}, "wanted ids"),
        *[([0] * 20, {"seen": value}, "seen is ") for value in (16, -1, 2.0, None)],
        *[([0] * 20, {"batch": value}, "batch is ") for value in (0, None)],
        *[([0] * 20, {"most": value}, "most is ") for value in (0, "9")],
    ],
)
def test_what_has_no_loss(ids, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        loss_on(small(), ids, **options)


@pytest.mark.parametrize(
    "arguments", [(None,), (5,), ("abc", 0), ("abc", 1.1), ("abc", "0"), ("abc", None), ("a", float("nan"))]
)
def test_what_cannot_be_split(arguments):
    with pytest.raises(ValueError, match=r"wanted a text\.|share is .*; wanted a number above 0, and 1 at most"):
        split(*arguments)


@pytest.mark.parametrize(
    "options", [{"tests": 0}, {"tests": None}, {"floor": "0"}, {"floor": True}, {"floor": float("nan")}]
)
def test_what_cannot_be_watched_so(options):
    with pytest.raises(ValueError, match=r"(tests|floor) is .*; wanted a") as raised:
        watch(training(1), **options)
    assert "\n" not in str(raised.value)


# -- what the notebook shows of it ----------------------------------------------------------------


def test_the_curve():
    assert smooth([1.0, 2.0, 3.0]) == [1.0, 1.5, 2.0] and smooth([0.0] * 20 + [20.0])[-1] == 1.0
    paths, texts = drawing({"training": [(1, 4.0), (10, 2.0)], "floor": [(0, 1.0), (10, 1.0)]}, 10)
    assert [role for role, _ in paths] == ["grid"] * 5 + ["training", "floor"]
    assert all(d.startswith("M") and "nan" not in d for _, d in paths) and texts[-1][2] == "floor"


def test_names_of_lines_that_end_together_stand_apart():
    _, texts = drawing(
        {"training": [(1, 4.0), (10, 0.5)], "test": [(1, 3.0), (10, 0.44)], "floor": [(0, 0.41), (10, 0.41)]}, 10
    )
    heights = [float(place["top"].removesuffix("px")) for role, place, _ in texts if role]
    assert heights == sorted(heights) and min(low - high for high, low in pairwise(heights)) > 12 and len(heights) == 3


# -- what the notebook teaches --------------------------------------------------------------------

NOTEBOOK = nbformat.read(Path(__file__).parent.parent / "notebooks" / "12_train_a_gpt.ipynb", as_version=4)
SOURCES = {cell.id: cell.source for cell in NOTEBOOK.cells}


def bare(function):
    """A function as its syntax tree says it, without its docstring."""
    if ast.get_docstring(function) is not None:
        del function.body[0]
    return ast.dump(function)


@pytest.mark.parametrize(
    ("cell", "function"), [("loop-draw", draw), ("loop-learn", learn), ("rate", share_of_rate)], ids=str
)
def test_the_notebook_teaches_the_loop_that_the_helpers_run(cell, function):
    taught = [node for node in ast.parse(SOURCES[cell]).body if isinstance(node, ast.FunctionDef)]
    (held,) = ast.parse(inspect.getsource(function)).body
    assert [bare(node) for node in taught] == [bare(held)]


def differences():
    """The rows of the notebook's table of what differs between its two models: (GPT, FastGPT) by what."""
    rows = [line.strip("|").split("|") for line in SOURCES["levers-all"].splitlines() if line.startswith("|")]
    return {row[0].strip(): (row[1], row[2]) for row in rows[2:]}


def test_the_notebook_names_what_differs_between_its_models():
    plain, fast = (dict(build(63, context=128, C=80).named_parameters()) for build in (GPT, FastGPT))
    told = differences()
    for model, there in zip((plain, fast), told["biases"]):
        biases = {name.split(".")[-2] for name in model if name.endswith("bias")} - {"norm", "norm1", "norm2"}
        assert biases == {*re.findall(r"`(\w+)`", there)}
    assert "positions.weight" in plain and "positions.weight" not in fast and "rotary" in told["positions"][1]
    assert {name for name in plain if "norm" in name} and not {name for name in fast if "norm" in name}
    zeros = {name.split(".")[-2] for name, weight in fast.items() if weight.ndim == 2 and not weight.any()}
    assert zeros == {"projection", "down", "logits"} and "zero" in told["what writes into x, and the logits"][1]
    root = {name: weight.std().item() * weight.shape[1] ** 0.5 for name, weight in fast.items() if ".up." in name}
    assert [*root.values()] == [pytest.approx(0.8, abs=0.02)] * 3 and "0.8" in told["the other matrices of a block"][1]
    before, after = told["scale of the scores"]
    assert f"{20**-0.5:.3f}" in before and str(SHARPNESS) in after
    models = GPT(63, context=128, C=80), FastGPT(63, context=128, C=80)
    assert [model.blocks[0].attention.scale for model in models] == [20**-0.5, SHARPNESS]
    means = [re.findall(r"\d\.\d+", one) for one in told["optimizer"]]
    (adamw,), (muon, adam) = (optimizers(model, kind) for model, kind in zip(models, ("adamw", "muon")))
    assert [float(mean) for mean in means[0]] == [*adamw.defaults["betas"]]
    assert [float(mean) for mean in means[1]] == [muon.defaults["momentum"], *adam.defaults["betas"]]
    assert adam.defaults["weight_decay"] == 0 and f"{adam.defaults['eps']:.0e}" in told["optimizer"][1]
    rates = told["learning rate"]
    assert str(RATES["adamw"]) in rates[0]
    assert [float(rate) for rate in re.findall(r"\d\.\d+", rates[1])] == [*RATES["muon"].values()]


def test_each_difference_of_the_code_stands_in_the_table():
    """Whatever is switched, or written anew, in fast.py: a change there asks for a row."""
    switches = {name for name, one in inspect.signature(FastGPT).parameters.items() if isinstance(one.default, bool)}
    bold = " ".join(re.findall(r"\*\*(.*?)\*\*", SOURCES["levers-all"]))
    assert switches == {"rotary", "normalize", "squared", "zero"}
    assert all(word in bold for word in ("rotary", "normalized", "square of relu", "zero", "Muon"))
    x = torch.randn(2, 3, 80)
    torch.testing.assert_close(FastGPT(63, C=80).blocks[0].norm1(x), x / x.square().mean(-1, keepdim=True).sqrt())
    embedded = FastGPT(63, C=80).embed(torch.tensor([[1, 2]]))
    torch.testing.assert_close(embedded.norm(dim=-1), torch.full((1, 2), 80**0.5))


def test_the_table_of_optimizers_is_that_of_the_notebook():
    measured = json.loads((data_folder() / "optimizers.json").read_text())
    sizes = {name: measured["settings"][name] for name in ("context", "C", "heads", "layers", "steps")}
    assert sizes == {"context": 128, "C": 80, "heads": 4, "layers": 3, "steps": 520}
    told = [f"{name}={size}" for name, size in sizes.items()]
    assert all(one in SOURCES["train"] for one in told) and measured["floor"] == round(floor(), 3)
    for kind in ("muon", "adamw"):
        runs = [(run["rate"], run["seed"]) for run in measured["runs"] if run["optimizer"] == kind]
        assert len(runs) == len({*runs}) >= 6 and {seed for _, seed in runs} == {0, 1}
