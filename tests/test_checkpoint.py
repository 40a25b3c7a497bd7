"""Checkpoints: what comes back is what was saved; what is broken or foreign gets a sentence; the old one survives a
kill.
"""

import inspect
import json
import os
import subprocess
import sys

import pytest
import torch

from helpers.gpt import checkpoint
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


@pytest.fixture
def saved(tmp_path):
    return save(small(), tmp_path / "mine", step=3, losses=[1.5, 0.25])


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


@pytest.mark.parametrize("moment", range(6))
def test_a_kill_at_any_moment_leaves_a_whole_one(saved, moment):
    """The process dies at each of the calls that change a file in turn."""
    script = f"""
import os, torch
from helpers.gpt import checkpoint
from helpers.gpt import FastGPT
from tests.test_checkpoint import small
calls = 0
def dying(call):
    def counted(*arguments, **options):
        global calls
        calls += 1
        if calls == {moment} + 1:
            os._exit(9)
        return call(*arguments, **options)
    return counted
os.fsync, os.replace = dying(os.fsync), dying(os.replace)
checkpoint.Path.unlink = dying(checkpoint.Path.unlink)
checkpoint.save(small(seed=1), {str(saved)!r}, step=4)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, timeout=60
    )
    model, facts = load(saved)
    assert done.returncode == 9
    wanted = small(seed=0 if facts["step"] == 3 else 1)
    assert torch.equal(model.tokens.weight, wanted.tokens.weight)
    assert facts["step"] == (3 if moment < 5 else 4)


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
        (lambda path: edit(path, settings=3), "do not fit together"),
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


def test_what_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no checkpoint .*none.json"):
        load(tmp_path / "none")
    with pytest.raises(ValueError, match="the model has no tokenizer"):
        save(FastGPT(3, context=4, C=4, heads=1, layers=1), tmp_path / "mine")


def test_nothing_of_pickle_is_read():
    assert "pickle" not in dir(checkpoint) and "torch.load" not in inspect.getsource(checkpoint)
