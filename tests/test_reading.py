"""Reading a trained model: the Trace of a head is what the model computes, and the course's own model teaches what it
should. The model stays as it was.
"""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.gpt.checkpoint import load
from helpers.gpt.fast import FastGPT
from helpers.gpt.model import GPT
from helpers.gpt.open_heads import copied, previous, score, trace_model, weights_of, without
from helpers.gpt.training import loss_on, split, write
from helpers.inputs.corpus import floor, repeated_names
from helpers.inputs.texts import data_folder, load_text
from helpers.inputs.tokenizer import Tokenizer
from tests.near import assert_near

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
    assert_near(trace["out"].value, out, atol=1e-12)
    weights = weights_of(model, torch.tensor(model.tokenizer.encode(text)))
    assert_near(trace["weights"].value, weights[layer].numpy(), atol=1e-12)
    for head in range(3):
        assert_near(trace_model(model, text, layer, head)["out"].value, out[head], atol=1e-12)
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


# -- the model stays as it was ----------------------------------------------------------------------

READERS = {
    "trace_model": lambda model: trace_model(model, "abca", 1, 2)["out"].value,
    "all heads": lambda model: trace_model(model, "abca", 0)["weights"].value,
    "weights_of": lambda model: weights_of(model, torch.tensor([0, 2, 3])),
    "score": lambda model: score(model, [previous("abc"), ("cab", {2: [0, 1]})]),
    "loss_on": lambda model: loss_on(model, torch.tensor([0, 1, 2, 3, 4] * 4)),
    "write": lambda model: write(model, "ab", count=5),
}


def state_of(model):
    """All that a reader could change."""
    return {
        "numbers": {name: weight.tolist() for name, weight in model.state_dict().items()},
        "gradients": [None if weight.grad is None else weight.grad.tolist() for weight in model.parameters()],
        "kinds": [(weight.dtype, weight.device, weight.requires_grad) for weight in model.parameters()],
        "training": [part.training for part in model.modules()],
        "hooks": [len(part._forward_pre_hooks) + len(part._forward_hooks) for part in model.modules()],
        "attributes": sorted(vars(model)),
        "chance": torch.get_rng_state().tolist(),
    }


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("options", [{"dropout": 0.5}, {"dropout": 0.0}], ids=str)
@pytest.mark.parametrize("training", [True, False, "some"])
def test_reading_drops_nothing_out_and_leaves_the_model_as_it_was(reader, options, training):
    model = model_of(GPT, **options)
    model.loss(torch.tensor([[0, 1, 2, 3]])).backward()
    model.train(bool(training))
    if training == "some":
        model.blocks[0].eval()  # a learner may have frozen a part
    quiet = copy.deepcopy(model).eval()
    before, parts = state_of(model), list(model.parameters())
    first, second, wanted = (READERS[reader](one) for one in (model, model, quiet))
    assert np.array_equal(first, second) and np.array_equal(first, wanted)
    assert state_of(model) == before and all(one is other for one, other in zip(parts, model.parameters()))


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_that_fails_leaves_the_model_as_it_was(reader, monkeypatch):
    model = model_of(GPT, dropout=0.5).train()
    before = state_of(model)
    monkeypatch.setattr(GPT, "embed", lambda self, ids: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        READERS[reader](model)
    assert state_of(model) == before


class Holding(GPT):
    """A learner's model that keeps what it saw."""

    def embed(self, ids):
        self.last = super().embed(ids)
        return self.last


def test_a_model_that_holds_its_last_call():
    model = model_of(Holding)
    model(torch.tensor([[0, 1]]))
    last = model.last
    np.testing.assert_array_equal(
        trace_model(model, "abc")["out"].value, trace_model(model_of(GPT), "abc")["out"].value
    )
    assert model.last is last and last.requires_grad
    model.held = [2 * last]
    with pytest.raises(ValueError, match=r"a Holding is read in a copy, and holds what cannot be copied"):
        trace_model(model, "abc")


def test_a_silent_head_stays_silent_in_the_copy():
    model = model_of(GPT)
    whole = weights_of(model, [0, 1, 2])
    with without(model, 0, 1):
        silent = weights_of(model, [0, 1, 2])
        assert torch.equal(silent[0], whole[0]) and not torch.allclose(silent[1], whole[1])
    assert torch.equal(weights_of(model, [0, 1, 2]), whole)


# -- what is another kind ---------------------------------------------------------------------------

MODELS = [None, 5, "model", GPT, torch.nn.Linear(2, 2), {}, [], torch.zeros(2), torch.nn.MultiheadAttention(4, 2)]
TEXTS = [
    (None, "you gave None; wanted a text"),
    (5, "you gave 5; wanted a text"),
    (b"ab", "you gave b'ab'; wanted a text"),
    (torch.tensor([0, 1]), r"you gave a Tensor of shape \(2,\); wanted a text"),
    ([0, 1], r"you gave \[0, 1\]: decode turns ids into tokens"),
    ([["a"]], r"one sequence at a time"),
    ("", "the text has 0 characters; wanted 1 to 12"),
    ([], "the text has 0 tokens; wanted 1 to 12"),
    ("a" * 13, "the text has 13 characters; wanted 1 to 12, which the model can see at once"),
    ("abé", r"'é' \(U\+00E9\) is not in the vocabulary of 5 tokens"),
]
IDS = [
    ("ab", "you gave 'ab'; wanted ids"),
    (None, "you gave None; wanted ids"),
    (3, "you gave 3; wanted ids"),
    ([], "there are 0 ids; wanted 1 to 12"),
    ([0] * 13, "there are 13 ids; wanted 1 to 12, which the model can see at once"),
    ([[0, 1]], r"ids has shape \(1, 2\); wanted one sequence, \(T\), such as ids\[0\] of a batch"),
    ([[0], [1, 2]], "which are whole numbers"),
    ([None], "which are whole numbers"),
    ([10**30], "which are whole numbers"),
    (["a"], "which are whole numbers"),
    ([0.0, 1.0], "ids holds float32; ids are whole numbers"),
    (torch.tensor([0.5]), "ids holds float32; ids are whole numbers"),
    (torch.tensor([True]), "ids holds bool"),
    (torch.tensor([1j]), "ids holds complex64"),
    (np.array([0, 5]), "5 is no id that the model knows; its ids go from 0 to 4"),
    ([-1], "-1 is no id that the model knows"),
]


def one_sentence(raised):
    said = str(raised.value)
    assert said.endswith(".") and "\n" not in said and len(said) < 400


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_a_model_of_another_kind_gets_a_sentence(model):
    for read in (*READERS.values(), lambda model: without(model, 0, 0).__enter__()):
        with pytest.raises(
            ValueError, match=r"you gave .*; wanted a model of the course, a GPT or a FastGPT"
        ) as raised:
            read(model)
        one_sentence(raised)


def test_a_model_that_cannot_be_read():
    bare = GPT(5, context=4, C=4, heads=1, layers=1)
    for read in (lambda: trace_model(bare, "a"), lambda: score(bare, [previous("ab")]), lambda: write(bare, "a")):
        with pytest.raises(ValueError, match="the model has no tokenizer"):
            read()
    with pytest.raises(ValueError, match="without attention; wanted a layer at least"):
        weights_of(GPT(5, context=4, C=4, heads=1, layers=0), [0])


@pytest.mark.parametrize(("text", "sentence"), TEXTS, ids=repr)
def test_what_is_no_text_for_a_model(text, sentence):
    model = model_of(GPT)
    for read in (lambda: trace_model(model, text), lambda: score(model, [(text, {0: [0]})])):
        with pytest.raises(ValueError, match=sentence) as raised:
            read()
        one_sentence(raised)


@pytest.mark.parametrize(("ids", "sentence"), IDS, ids=repr)
def test_what_are_no_ids_for_a_model(ids, sentence):
    with pytest.raises(ValueError, match=sentence) as raised:
        weights_of(model_of(GPT), ids)
    one_sentence(raised)


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        ([], r"you gave \[\]; wanted a list of pairs, as in \[previous\(text\)\]"),
        (None, "you gave None; wanted a list of pairs"),
        ("abc", "you gave 'abc'; wanted a list of pairs"),
        (previous("abc"), "'abc' is no pair of a text and its places.*: put the pair into a list"),
        (previous("ab"), "put the pair into a list"),
        (["abc"], "'abc' is no pair of a text and its places"),
        ([("abc", [1])], r"\('abc', \[1\]\) is no pair"),
        ([("abc", {2: [1]}, 3)], "is no pair"),
        ([("abc", {})], "no place counts in these texts"),
        ([("abc", {3: [1]})], "a place is 3; wanted a whole number from 0 to 2"),
        ([("abc", {-1: [0]})], "a place is -1; wanted a whole number"),
        ([("abc", {1.0: [0]})], "a place is 1.0; wanted a whole number"),
        ([("abc", {1: [2]})], "a place seen from 1 is 2; wanted a whole number from 0 to 1"),
        ([("abc", {1: ["0"]})], "a place seen from 1 is '0'"),
        ([("abc", {1: 0})], r"at 1 stands 0; wanted a list of the places looked at"),
        ([("abc", {1: []})], r"at 1 stands \[\]; wanted a list"),
    ],
)
def test_what_are_no_pairs_to_score(pairs, sentence):
    with pytest.raises(ValueError, match=sentence) as raised:
        score(model_of(GPT), pairs)
    one_sentence(raised)


def test_a_place_that_is_named_twice_counts_once():
    model = model_of(GPT)
    assert torch.equal(score(model, [("abc", {2: [0, 0]})]), score(model, iter([("abc", {2: (0,)})])))


@pytest.mark.parametrize("text", ["M", "", None, 5, b"ab", ["M"], torch.tensor([0, 1])])
def test_nothing_stands_before(text):
    with pytest.raises(ValueError, match=r"you gave .*; wanted a text of two characters or more") as raised:
        previous(text)
    one_sentence(raised)


@pytest.mark.parametrize("place", [1.0, True, "0", None, -1, 2, [0], float("nan")])
def test_a_layer_or_head_that_is_not_there(place):
    model = model_of(GPT, heads=2)
    calls = [lambda: trace_model(model, "ab", place), lambda: without(model, place, 0).__enter__()]
    calls += [lambda: without(model, 0, place).__enter__()]
    calls += [lambda: trace_model(model, "ab", 0, place)] if place is not None else []
    for call in calls:
        with pytest.raises(ValueError, match=r"(layer|head) is .*; (the model has layers|each layer has heads) 0 to 1"):
            call()


def test_numbers_of_any_kind_name_a_head():
    model = model_of(GPT)
    wanted = trace_model(model, "ab", 1, 2)["out"].value
    for one, two in [(np.int64(1), np.int64(2)), (torch.tensor(1), torch.tensor(2))]:
        np.testing.assert_array_equal(trace_model(model, "ab", one, two)["out"].value, wanted)


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
    loss = loss_on(trained, ids, seen=96, most=15_000)  # half of it
    assert 0.97 * floor() < loss < 1.10 * floor()


def test_its_best_induction_head_looks_where_it_should_and_costs_most(trained, held_back):
    induction = score(trained, [repeated_names(tale) for tale in held_back[:40]])
    best = divmod(induction.argmax().item(), induction.shape[1])
    assert induction[best] >= 0.5

    ids = torch.tensor(trained.tokenizer.encode("\n\n".join(held_back[:20])))
    costs = torch.zeros_like(induction)
    for layer, head in np.ndindex(*induction.shape):
        with without(trained, layer, head):
            costs[layer, head] = loss_on(trained, ids, seen=64)
    assert divmod(costs.argmax().item(), costs.shape[1]) == best
    others = costs.flatten().sort().values[-2]
    assert costs[best] - loss_on(trained, ids, seen=64) > 1.5 * (others - loss_on(trained, ids, seen=64))


def test_it_copies_the_letters_of_names_that_were_called_before(trained, held_back):
    pairs = [repeated_names(tale) for tale in held_back[:6]]
    assert copied(trained, pairs) > 0.9
    right = []
    for tale, places in pairs[:2]:  # each place by itself: the text so far, and the letter that the model goes on with
        right += [write(trained, tale[: at + 1], count=1, temperature=0) == tale[: at + 2] for at in places]
    assert copied(trained, pairs[:2]) == sum(right) / len(right)
    with pytest.raises(ValueError, match="no place counts in these texts, so that there is no share"):
        copied(trained, [("Zilu", {})])
    with pytest.raises(ValueError, match="a place is 3"):
        copied(trained, [("Zilu", {3: [1]})])


def test_a_previous_token_head_stands_before_it(trained, held_back):
    found = score(trained, [previous(tale) for tale in held_back[:20]])
    assert found.max() >= 0.5 and found.argmax().item() < found.shape[1]  # in layer 0
