"""Reading a trained model: the Trace of a head is what the model computes, and the course's own model teaches what it
should.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.gpt.checkpoint import load
from helpers.gpt.fast import FastGPT
from helpers.gpt.model import GPT
from helpers.gpt.open_heads import previous, score, trace_model, weights_of, without
from helpers.gpt.training import loss_on, split
from helpers.inputs.corpus import floor, repeated_names
from helpers.inputs.texts import data_folder, load_text
from helpers.inputs.tokenizer import Tokenizer

LETTERS = "abc \n"


def model_of(build, seed=0, **options):
    """A small model with random weights, none of them zero."""
    torch.manual_seed(seed)
    model = build(len(set(LETTERS)), **{"context": 12, "C": 12, "heads": 3, "layers": 2, **options}).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(std=0.3)
    model.tokenizer = Tokenizer(LETTERS)
    return model


def heads_of(model, ids, layer):
    """What the heads of a layer hand to the output projection, (n, T, h), caught on its way."""
    caught = []
    attention = model.blocks[layer].attention
    hook = attention.projection.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))
    with torch.no_grad():
        model(ids)
    hook.remove()
    return caught[0][0].unflatten(-1, (attention.heads, -1)).transpose(0, 1)  # (T, C) -> (T, n, h) -> (n, T, h)


@pytest.mark.parametrize("build", [GPT, FastGPT])
@settings(deadline=None, max_examples=20)
@given(text=st.text(LETTERS, min_size=1, max_size=12), layer=st.integers(0, 1), seed=st.integers(0, 9))
def test_a_trace_ends_in_what_the_model_computes(build, text, layer, seed):
    model = model_of(build, seed).double()  # as trace_model computes
    out = heads_of(model, torch.tensor([model.tokenizer.encode(text)]), layer).numpy()
    trace = trace_model(model, text, layer)
    np.testing.assert_allclose(trace["out"].value, out, atol=1e-12)
    weights = weights_of(model, torch.tensor(model.tokenizer.encode(text)))
    np.testing.assert_allclose(trace["weights"].value, weights[layer].numpy(), atol=1e-12)
    for head in range(3):
        np.testing.assert_allclose(trace_model(model, text, layer, head)["out"].value, out[head], atol=1e-12)
    assert len(trace.tokens) == len(text) and not {" ", "\n"} & {*trace.tokens}


@pytest.mark.parametrize("build", [GPT, FastGPT])
def test_without_a_head_its_part_is_zero_and_comes_back(build):
    model, ids = model_of(build), torch.tensor([[0, 1, 2, 3, 4, 0]])
    whole = model(ids)
    with without(model, 1, 2):
        silent = model(ids)
    weight = model.blocks[1].attention.projection.weight
    with torch.no_grad():
        kept = weight.clone()
        weight[:, 8:12] = 0  # head 2 has the last third of 12 channels
        by_hand = model(ids)
        weight.copy_(kept)
    torch.testing.assert_close(silent, by_hand)
    assert not torch.allclose(silent, whole)
    torch.testing.assert_close(model(ids), whole)


def test_a_score_is_the_weight_on_the_places_that_count():
    model = model_of(GPT)
    weights = weights_of(model, torch.tensor(model.tokenizer.encode("abcab")))
    torch.testing.assert_close(
        score(model, [("abcab", {3: [1], 4: [0, 2]})]),
        (weights[:, :, 3, 1] + weights[:, :, 4, 0] + weights[:, :, 4, 2]) / 2,
    )
    assert previous("abc") == ("abc", {1: [0], 2: [1]})


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("abd",), r"'d' \(U\+0064\) is not in the vocabulary of 5 tokens"),
        (("",), "the text has 0 characters; wanted 1 to 12, which the model can see at once"),
        (("a" * 13,), "the text has 13 characters; wanted 1 to 12"),
        (("a", 2), "layer is 2; the model has layers 0 to 1"),
        (("a", 0, 3), "head is 3; each layer has heads 0 to 2"),
        (("a", 0, -1), "head is -1"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        trace_model(model_of(FastGPT), *arguments)


# -- the model that the course brings -------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    return load(data_folder() / "tales")[0]


@pytest.fixture(scope="module")
def held_back():
    """The tales that it never saw."""
    return split(load_text("tales"))[1].split("\n\n")[1:-1]


def test_its_loss_is_within_a_tenth_of_the_true_entropy(trained):
    ids = torch.tensor(trained.tokenizer.encode(split(load_text("tales"))[1]))
    loss = loss_on(trained, ids, seen=96)
    assert 0.97 * floor() < loss < 1.10 * floor()


def test_its_best_induction_head_looks_where_it_should_and_costs_most(trained, held_back):
    induction = score(trained, [repeated_names(tale) for tale in held_back[:40]])
    best = divmod(induction.argmax().item(), induction.shape[1])
    assert induction[best] >= 0.5

    ids = torch.tensor(trained.tokenizer.encode("\n\n".join(held_back[:60])))
    costs = torch.zeros_like(induction)
    for layer, head in np.ndindex(*induction.shape):
        with without(trained, layer, head):
            costs[layer, head] = loss_on(trained, ids, seen=64)
    assert divmod(costs.argmax().item(), costs.shape[1]) == best
    others = costs.flatten().sort().values[-2]
    assert costs[best] - loss_on(trained, ids, seen=64) > 1.5 * (others - loss_on(trained, ids, seen=64))


def test_a_previous_token_head_stands_before_it(trained, held_back):
    found = score(trained, [previous(tale) for tale in held_back[:20]])
    assert found.max() >= 0.5 and found.argmax().item() < found.shape[1]  # in layer 0
