"""Checkpoints: what comes back is what was saved; what is broken or foreign gets a sentence; the old one survives a
kill, and files that are not the checkpoint's own stay.
"""

import errno
import hashlib
import inspect
import itertools
import json
import os
import shutil
import threading
import tracemalloc
from functools import wraps
from pathlib import Path

import pytest
import torch

from helpers.gpt import blueprint, checkpoint
from helpers.gpt.checkpoint import load, save
from helpers.gpt.fast import FastGPT
from helpers.gpt.model import GPT
from helpers.inputs.tokenizer import Tokenizer

LETTERS = 'ab"é🙂\n<'


def small(build=FastGPT, seed=0, **options):
    torch.manual_seed(seed)
    model = build(len(LETTERS), context=8, C=8, heads=2, layers=2, **options)
    model.tokenizer = Tokenizer(LETTERS)
    return model


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return save(small(), tmp_path_factory.mktemp("one") / "mine", step=3, losses=[1.5, 0.25])


@pytest.fixture
def saved(one, tmp_path):
    for path in one.parent.iterdir():
        shutil.copy(path, tmp_path)
    return tmp_path / one.name


@pytest.mark.parametrize(
    "model", [small(), small(GPT), small(GPT, dropout=0.1), small(rotary=False, squared=False, normalize=False)]
)
def test_what_comes_back_is_what_was_saved(model, tmp_path):
    path = save(model, tmp_path / "mine", step=3, note="<b>é")
    again, facts = load(tmp_path / "mine")
    assert path == tmp_path / "mine.json" and facts == {"step": 3, "note": "<b>é"} and type(again) is type(model)
    assert again.settings == model.settings and again.tokenizer.vocabulary == model.tokenizer.vocabulary
    ids = torch.tensor([[0, 5, 2]])
    assert torch.equal(again(ids), model.eval()(ids)) and not again.training
    assert again.tokenizer.decode(again.tokenizer.encode(LETTERS)) == LETTERS


def test_a_newer_one_replaces_the_old_and_leaves_nothing_behind(saved):
    save(small(seed=1), saved, step=4)
    assert load(saved)[1] == {"step": 4}
    assert sorted(path.suffix for path in saved.parent.iterdir()) == [".json", ".safetensors"]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def dies(path, model, moment):
    """Save a model in a process that dies at one of the calls that change a file; returns how the process ended."""
    calls = itertools.count()

    def dying(call):
        return lambda *given, **options: os._exit(9) if next(calls) == moment else call(*given, **options)

    child = os.fork()
    if not child:
        try:
            os.fsync, os.replace, Path.unlink = map(dying, (os.fsync, os.replace, Path.unlink))
            save(model, path, step=4)
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_kill_at_any_moment_leaves_a_whole_one(tmp_path):
    """A process dies at each of the calls that change a file in turn; at the last one nothing is left to do."""
    models = [small(seed=seed) for seed in range(3)]
    folders = [tmp_path / str(moment) for moment in range(8)]
    for folder in folders:
        folder.mkdir()
    paths = [save(models[0], folder / "mine", step=3) for folder in folders]
    assert [dies(path, models[1], moment) for moment, path in enumerate(paths)] == [9] * 7 + [0]
    for moment, path in enumerate(paths):
        model, facts = load(path)
        assert facts["step"] == (3 if moment < 5 else 4)
        wanted = models[0 if facts["step"] == 3 else 1]
        assert torch.equal(model.tokens.weight, wanted.tokens.weight)
        for seed in (2, 0):
            save(models[seed], path, step=5)  # removes what the killed one left
            assert load(path)[1] == {"step": 5} and names_in(path.parent) == sorted([path.name, weights_of(path).name])


def edit(path, **changes):
    found = json.loads(path.read_text())
    found.update(changes)
    path.write_text(json.dumps({key: value for key, value in found.items() if value is not None}))


def weights_of(path):
    return path.with_name(json.loads(path.read_text())["weights"])


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            lambda path: path.write_text(path.read_text()[:100]),
            "mine.json is no checkpoint: it is not JSON, or half written",
        ),
        (lambda path: path.write_bytes(b"\xff\xfe\x00"), "it is not JSON, or half written"),
        (lambda path: path.write_text("[1]"), "mine.json is no checkpoint of this course"),
        (lambda path: path.write_text('{"cells": []}'), "mine.json is no checkpoint of this course"),
        (
            lambda path: edit(path, version=2),
            "mine.json is of version 2; this course reads version 1. Update the course",
        ),
        (lambda path: edit(path, settings=None), "settings is missing"),
        (lambda path: edit(path, model="Pickle"), "its model is 'Pickle'; wanted one of GPT, FastGPT"),
        (lambda path: edit(path, settings={"vocabulary": 7, "C": 16}), "do not fit together"),
        (lambda path: edit(path, settings={"evil": 1}), "do not fit together"),
        (lambda path: edit(path, settings=3), "mine.json is no checkpoint that can be read: settings is 3"),
        (lambda path: edit(path, model=["GPT"]), "model is ['GPT']"),
        (lambda path: edit(path, vocabulary="ab"), "vocabulary is 'ab'"),
        (lambda path: edit(path, vocabulary=[1, 2, 3, 4, 5, 6, 7]), "it names tokens that are no texts"),
        (lambda path: edit(path, vocabulary=[*"aaaaaaa"]), "its vocabulary is not in order"),
        (lambda path: edit(path, vocabulary=sorted(LETTERS, reverse=True)), "its vocabulary is not in order"),
        (lambda path: edit(path, facts=[1]), "facts is [1]"),
        (lambda path: edit(path, sha256=5), "sha256 is 5"),
        (lambda path: edit(path, weights=""), "weights is ''"),
        (lambda path: edit(path, weights="a\0b"), "weights is 'a\\x00b'"),
        (lambda path: edit(path, weights="n" * 5000), "weights is 'nnnn"),
        (lambda path: path.write_text("[" * 100_000), "it is not JSON, or half written"),
        (lambda path: path.write_text('{"a": ' + "9" * 10_000 + "}"), "it is not JSON, or half written"),
        (
            lambda path: path.write_bytes(b" " * 20_000_001),
            "mine.json is no checkpoint: it is a file of 20,000,001 bytes",
        ),
        (lambda path: edit(path, vocabulary=["a"]), "it names 1 tokens for a vocabulary of 7"),
        (lambda path: edit(path, weights="../../etc/passwd"), "wants its weights in passwd, which is not beside it"),
        (lambda path: weights_of(path).unlink(), "which is not beside it: copy both files"),
        (
            lambda path: weights_of(path).write_bytes(weights_of(path).read_bytes()[:-10]),
            "it is half written, or was changed",
        ),
        (lambda path: weights_of(path).write_bytes(b"x" * 100), "it is half written, or was changed"),
    ],
)
def test_what_is_broken_or_foreign_gets_a_sentence(spoil, sentence, saved):
    spoil(saved)
    with pytest.raises(ValueError) as raised:
        load(saved)
    assert sentence in str(raised.value) and "\n" not in str(raised.value)


def edit_settings(path, **changes):
    settings = json.loads(path.read_text())["settings"] | changes
    edit(path, settings={name: value for name, value in settings.items() if value != "missing"})


ABSURD = [
    *[
        {name: value}
        for name in ("vocabulary", "context", "C", "heads", "layers")
        for value in (-1, 2.5, 7.0, "7", True, None, [7], float("nan"), float("inf"), 10**9, 10**18, 10**300)
    ],
    *[{name: 0} for name in ("vocabulary", "context", "C", "heads")],
    *[{"C": 2**24, "layers": 2**24, "vocabulary": 2**24, "context": 2**24, "heads": 2**24}],
    *[{"C": 2**24}, {"layers": 2**24}, {"vocabulary": 2**24}, {"layers": 1}, {"layers": 0}, {"layers": 3}],
    *[{"heads": 3}, {"heads": 8}, {"C": 16}, {"vocabulary": 8}, {"vocabulary": "missing"}, {"evil": 1}],
    *[{name: value} for name in ("rotary", "zero", "normalize") for value in (0, 1, None, "True", [])],
    *[{"rotary": False}, {"dropout": 0.5}, {"": 1}],
]


@pytest.mark.parametrize("changes", ABSURD, ids=lambda changes: str(changes)[:40])
def test_sizes_that_cannot_be_are_refused_before_anything_is_built(changes, saved, monkeypatch):
    edit_settings(saved, **changes)
    known, built = torch.empty, []

    def counted(*arguments, **options):
        made = known(*arguments, **options)
        built.append(0 if made.device.type == "meta" else made.numel())
        return made

    monkeypatch.setattr(torch, "empty", counted)  # all layers take their memory from it
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"mine.json and mine-\w+.safetensors do not fit together: ") as raised:
        load(saved)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2_000_000 and sum(built) == 0
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 400


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), True, None, "0", [], 10**300])
def test_a_dropout_that_cannot_be(share, tmp_path):
    path = save(small(GPT), tmp_path / "mine")
    edit_settings(path, dropout=share)
    with pytest.raises(ValueError, match=r"dropout is .*; wanted a share from 0 to 1"):
        load(path)


def test_no_model_is_built_on_this_machine_while_loading(saved, monkeypatch):
    """Of sizes that are borne out, too: only the weights of the file take memory, and chance is not asked."""
    wanted, before = small(), torch.get_rng_state()
    devices = []
    known = FastGPT.__init__

    @wraps(known)
    def counted(self, *arguments, **options):
        known(self, *arguments, **options)
        devices.extend({weight.device.type for weight in self.parameters()})

    monkeypatch.setattr(FastGPT, "__init__", counted)
    model = load(saved)[0]
    assert devices == ["meta"] and torch.equal(torch.get_rng_state(), before)
    for name, weight in model.named_parameters():
        assert torch.equal(weight, wanted.get_parameter(name)) and weight.requires_grad and weight.is_leaf
    model.loss(torch.tensor([[0, 1, 2]])).backward()


def rewrite(path, weights):
    """Put other weights in, with the right SHA-256."""
    beside = weights_of(path)
    beside.write_bytes(weights)
    edit(path, sha256=hashlib.sha256(weights).hexdigest())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda found: found.popitem() and None, "but a FastGPT has"),
        (lambda found: found.update(more=torch.zeros(1)), r"more is (1,), but a FastGPT has none"),
        (
            lambda found: found.update({"logits.weight": torch.zeros(7, 9)}),
            "logits.weight is (7, 9), but a FastGPT has (7, 8)",
        ),
        (lambda found: found.update({"tokens.weight": torch.zeros(56)}), "no table of tokens"),
        (lambda found: found.pop("tokens.weight") is None, "no table of tokens"),
        (lambda found: found.update({"blocks.x.y": torch.zeros(1)}), "layers is 2, but the weights have layers=3"),
        (
            lambda found: found.update({"logits.weight": torch.zeros(7, 8, dtype=torch.int64)}),
            "logits.weight holds torch.int64",
        ),
        (lambda found: found.clear(), "no table of tokens"),
    ],
)
def test_weights_that_are_not_the_models(change, sentence, saved):
    weights = dict(small().state_dict())
    change(weights)
    rewrite(saved, checkpoint.weights_as_bytes(weights))
    with pytest.raises(ValueError, match="do not fit together") as raised:
        load(saved)
    assert sentence in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw[:-10],
        lambda raw: raw + b"more",
        lambda raw: raw[:100],
        lambda raw: b"",
        lambda raw: b"\xff" * 8 + raw[8:],
        lambda raw: raw[:8] + b"{" * 20 + raw[28:],
        lambda raw: raw[:8] + raw[8:].replace(b'"F32"', b'"F16"', 1),
    ],
)
def test_a_file_of_weights_that_is_none(spoil, saved):
    rewrite(saved, spoil(weights_of(saved).read_bytes()))
    with pytest.raises(ValueError, match="do not fit together") as raised:
        load(saved)
    assert "\n" not in str(raised.value)


# -- what is not the checkpoint's own stays, what is its own goes -----------------------------------


def test_files_of_like_names_stay(tmp_path):
    theirs = [
        "m-finetuned-v2.safetensors",
        "m-202611280745.safetensors",
        "m-0123456789ab.safetensors",
        "m-.safetensors",
    ]
    theirs += ["m-0123456789ab.safetensors.bak", "M-0123456789ab.safetensors", "m.safetensors", "m-x.safetensors.part"]
    for name in theirs:
        (tmp_path / name).write_bytes(b"mine")
    others = [save(small(seed=seed), tmp_path / name) for seed, name in enumerate(("m-finetuned", "m-0", "n", "[m]"))]
    for seed in (5, 6):
        save(small(seed=seed), tmp_path / "m")
        save(small(seed=seed + 2), tmp_path / "[m]")
    wanted = [*theirs, "m.json", weights_of(tmp_path / "m.json").name]
    wanted += [name for path in others for name in (path.name, weights_of(path).name)]
    assert names_in(tmp_path) == sorted(wanted)
    assert all((tmp_path / name).read_bytes() == b"mine" for name in theirs) and all(load(path) for path in others)


@pytest.mark.parametrize("copy", ["best.json", "mine (copy).json", "mine.json.bak"])
def test_a_copy_of_the_json_keeps_its_weights(saved, copy):
    (saved.parent / copy).write_bytes(saved.read_bytes())
    save(small(seed=1), saved)
    (saved.parent / "again.json").write_bytes((saved.parent / copy).read_bytes())
    assert torch.equal(load(saved.parent / "again")[0].tokens.weight, small().tokens.weight)


@pytest.mark.parametrize("content", ['{"format": "attention-course progress", "solved": []}', "{", "", "[1]", "\xff"])
def test_another_kind_of_json_is_not_written_over(content, tmp_path):
    (tmp_path / "progress.json").write_text(content)
    with pytest.raises(ValueError, match=r"progress.json is no checkpoint.*was not written over: save .* another name"):
        save(small(), tmp_path / "progress")
    assert (tmp_path / "progress.json").read_text() == content and names_in(tmp_path) == ["progress.json"]


@pytest.mark.parametrize("call", range(4))
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_save_that_fails_leaves_nothing_and_the_old_one(call, error, is_first, tmp_path, monkeypatch):
    """Each of the calls that write in turn: to the disk, into place, for the weights and for the JSON."""
    path, calls = tmp_path / "mine.json", []
    if not is_first:
        save(small(), path, step=3)
    before = names_in(tmp_path)

    def failing(known):
        def counted(*arguments):
            calls.append(known)
            if len(calls) == call + 1:
                raise error
            return known(*arguments)

        return counted

    with monkeypatch.context() as patch:
        for name in ("fsync", "replace"):
            patch.setattr(os, name, failing(getattr(os, name)))
        with pytest.raises(type(error)) as raised:
            save(small(seed=1), path, step=4)
    if isinstance(error, OSError):
        assert "mine.json could not be written: No space left on device. What was there" in str(raised.value)
    assert names_in(tmp_path) == before and (is_first or load(path)[1] == {"step": 3})


def test_an_interrupt_right_after_the_last_write_keeps_the_new_one(saved, monkeypatch):
    known = os.replace

    def late(source, target):
        known(source, target)
        if str(target).endswith(".json"):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", late)
        with pytest.raises(KeyboardInterrupt):
            save(small(seed=1), saved, step=4)
    assert load(saved)[1] == {"step": 4} and len(names_in(saved.parent)) == 2


def test_saving_the_same_again_and_failing_keeps_it(saved, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            save(small(), saved, step=4)
    assert load(saved)[1]["step"] == 3


def test_two_that_save_at_once_leave_a_whole_one(tmp_path):
    models = [small(seed=seed) for seed in range(4)]
    threads = [
        threading.Thread(target=lambda model=model: [save(model, tmp_path / "mine") for _ in range(5)])
        for model in models
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if (tmp_path / "mine.json").exists():
            load(tmp_path / "mine")
    assert any(torch.equal(load(tmp_path / "mine")[0].tokens.weight, model.tokens.weight) for model in models)
    assert len(names_in(tmp_path)) == 2


class Own(GPT):
    """A learner's own kind."""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda model: setattr(model, "__class__", Own), "its model is 'Own'; wanted one of GPT, FastGPT"),
        (lambda model: setattr(model, "settings", None), "its settings are None"),
        (lambda model: model.settings.update(C=16), "C is 16, but the weights have C=8"),
        (lambda model: setattr(model, "more", torch.nn.Linear(2, 2)), "more.bias is (2,), but a GPT has none"),
        (lambda model: setattr(model, "tokenizer", Tokenizer("ab")), "it names 2 tokens for a vocabulary of 7"),
        (lambda model: setattr(model, "tokenizer", "ab"), "the model has no tokenizer"),
        (lambda model: model.to("meta"), "cannot be read"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(change, sentence, tmp_path):
    path = save(small(GPT), tmp_path / "mine", step=3)
    model, before = small(GPT, seed=1), names_in(tmp_path)
    change(model)
    with pytest.raises(ValueError) as raised:
        save(model, path)
    assert sentence in str(raised.value) and "\n" not in str(raised.value)
    assert names_in(tmp_path) == before and load(path)[1] == {"step": 3}


@pytest.mark.parametrize("model", [None, 5, "mine", GPT, torch.nn.Linear(2, 2), {}])
def test_what_is_no_model_is_not_saved(model, tmp_path):
    with pytest.raises(ValueError, match=r"you gave .*; wanted a model of the course") as raised:
        save(model, tmp_path / "mine")
    assert "\n" not in str(raised.value) and names_in(tmp_path) == []


@pytest.mark.parametrize(
    "fact", [torch.zeros(2), {1, 2}, b"a", object(), {("a",): 1}, 1j, (cycle := []).append(cycle) or cycle]
)
def test_a_fact_that_json_cannot_hold(fact, tmp_path):
    with pytest.raises(ValueError, match=r"^loss is .*, which a checkpoint cannot hold; wanted numbers") as raised:
        save(small(), tmp_path / "mine", step=1, loss=fact)
    assert "\n" not in str(raised.value) and names_in(tmp_path) == []


@pytest.mark.parametrize("path", ["", ".", "..", "/", None, 5, b"mine", "a\0b"])
def test_what_is_no_name(path):
    for act in (load, lambda path: save(small(), path)):
        with pytest.raises(ValueError, match="wanted a name for the checkpoint"):
            act(path)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mine.json could not be written: No such file or directory\."):
        save(small(), tmp_path / "nowhere" / "mine")


@pytest.mark.parametrize("tokens", ["\ud800ab", [*"ab", "c"], ["the", "cat", "\udfff"], ["", "a", "b"]])
def test_a_tokenizer_comes_back_as_it_was(tokens, tmp_path):
    model = GPT(3, context=4, C=4, heads=1, layers=1)
    model.tokenizer = Tokenizer(tokens)
    again = load(save(model, tmp_path / "mine"))[0].tokenizer
    assert again.vocabulary == model.tokenizer.vocabulary and again.decode([0, 2]) == model.tokenizer.decode([0, 2])


def test_tied_weights_and_other_decimals_come_back(tmp_path):
    model = small(GPT).double()
    model.logits.weight = model.tokens.weight
    again = load(save(model, tmp_path / "mine"))[0]
    ids = torch.tensor([[0, 5, 2]])
    assert torch.equal(again(ids), model.eval()(ids)) and again.logits.weight.dtype == torch.float64


def test_a_checkpoint_of_before_says_nothing_of_characters(saved):
    edit(saved, characters=None)
    assert load(saved)[0].tokenizer.decode([0, 1]) == "".join(sorted(LETTERS)[:2])


def test_what_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no checkpoint .*none.json"):
        load(tmp_path / "none")
    with pytest.raises(ValueError, match="the model has no tokenizer"):
        save(FastGPT(3, context=4, C=4, heads=1, layers=1), tmp_path / "mine")


def test_nothing_of_pickle_is_read():
    for module in (checkpoint, blueprint):
        assert "pickle" not in dir(module) and "torch.load" not in inspect.getsource(module)
