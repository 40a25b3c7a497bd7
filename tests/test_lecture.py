"""A model typed as in the lecture, or by another hand, is read: its heads against what they compute themselves."""

import types

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers.gpt import GPT, Training, previous, save, score, trace_model, watch, without, write
from helpers.gpt.open_heads import weights_of
from helpers.inputs import Tokenizer
from tests import lecture
from tests.near import assert_near
from tests.test_reading import one_sentence, state_of

LETTERS = "abc \n"
TEXT = "abc ab c\n" * 60


class Scaled(lecture.Head):
    """A head that multiplies its scores by another number: by C, as the lecture first did, or by nothing."""

    power = -0.5

    def forward(self, x):
        T, C = x.shape[-2:]
        wei = self.query(x) @ self.key(x).transpose(-2, -1) * C**self.power
        wei = wei.masked_fill(self.tril[:T, :T] == 0, float("-inf")).softmax(-1)
        return self.dropout(wei) @ self.value(x)


class Unscaled(Scaled):
    power = 0


class Encoder(lecture.Head):
    """Without a mask."""

    def forward(self, x):
        wei = self.query(x) @ self.key(x).transpose(-2, -1) * self.key.out_features**-0.5
        return self.dropout(wei.softmax(-1)) @ self.value(x)


class Lively(lecture.Head):
    """Its dropout does not know of eval()."""

    def forward(self, x):
        return F.dropout(super().forward(x), 0.3)


class Sigmoid(Scaled):
    """Not a softmax."""

    def forward(self, x):
        T = x.shape[-2]
        wei = (self.query(x) @ self.key(x).transpose(-2, -1)).sigmoid() * self.tril[:T, :T]
        return wei @ self.value(x)


class Pair(lecture.Head):
    """It gives its weights, too."""

    def forward(self, x):
        return super().forward(x), None

    def asked(self, x):
        return self(x)[0]


class Masked(lecture.Head):
    """It wants to be told who may look at whom."""

    def forward(self, x, mask=None):
        return super().forward(x * mask)

    def asked(self, x):
        return self(x, torch.ones_like(x))


class Single(lecture.Head):
    """Its code takes no float64."""

    def forward(self, x):
        return super().forward(x) @ torch.eye(self.value.out_features)


class Split(lecture.Head):
    """Two heads in one, as some models keep them."""

    def forward(self, x):
        q, k, v = (part(x).unflatten(-1, (2, -1)).transpose(1, 2) for part in (self.query, self.key, self.value))
        return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)


class Between(lecture.BigramLanguageModel):
    """The stage with several heads and no block yet, called by name."""

    def __init__(self):
        super().__init__()
        self.sa_heads = lecture.MultiHeadAttention(4, lecture.n_embd // 4)
        del self.sa_head

    def sa_head(self, x):
        return self.sa_heads(x=x)


@pytest.fixture
def together(head, monkeypatch):
    """Heads that want more than x, or give more than their out, are asked as they want it."""
    ask = getattr(head, "asked", head.__call__)
    monkeypatch.setattr(
        lecture.MultiHeadAttention,
        "forward",
        lambda self, x: self.proj(torch.cat([ask(one, x) for one in self.heads], dim=-1)),
    )


def model_of(build=lecture.GPTLanguageModel, head=lecture.Head, seed=0):
    """A model with random weights, none of them zero, whose heads are of this kind."""
    torch.manual_seed(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lecture, "Head", head)
        model = build()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(std=0.4)
    model.tokenizer = Tokenizer(LETTERS)
    return model


def seen_in(model, text, layer):
    """What the heads of a layer themselves give, (n, T, h), and the shares that a softmax gives there, (n, T, T)."""
    given, shares, hooks, softmax = {}, [], [], torch.softmax
    heads = model.eval().blocks[layer].sa.heads
    for i, head in enumerate(heads):
        hooks.append(head.register_forward_hook(lambda *call, i=i: given.update({i: call[-1]})))

    def noted(*args, **named):
        shares.append(real(*args, **named))
        return shares[-1]

    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        for owner, name in [(F, "softmax"), (torch.Tensor, "softmax"), (torch, "softmax")]:
            real = softmax if owner is torch else torch.Tensor.softmax
            patch.setattr(owner, name, noted)
        real = softmax
        model(torch.tensor([model.tokenizer.encode(text)]))
    for hook in hooks:
        hook.remove()
    found = [one[0] if isinstance(one, tuple) else one for one in map(given.get, range(len(heads)))]
    n = len(heads)
    return np.stack([one[0] for one in found]), np.stack([one[0] for one in shares[layer * n : layer * n + n]])


def ending(trace):
    """The numbers that the last matrix has, without the batch of one."""
    return trace.shown[-1].value[0]


@pytest.mark.parametrize("text", ["a", "cab", "abcab ca"])
@pytest.mark.parametrize("head", [lecture.Head, Scaled, Unscaled, Encoder, Pair, Masked, Single])
def test_a_trace_is_what_the_heads_compute(head, text, together):
    model = model_of(head=head, seed=len(text))
    layer = len(text) % 2
    out, wei = seen_in(model, text, layer)
    assert_near(weights_of(model.train(), model.tokenizer.encode(text))[layer], wei, atol=1e-5)
    one = trace_model(model, text, layer, 2)
    assert_near(ending(one), out[2], atol=1e-4)
    assert one.shown[-1].value.dtype == np.float64 and len(one.tokens) == len(text)
    assert one.title == f"layer {layer}, head 2" and "query.weight" in one and one["x"].shape.endswith("C=12)")


@pytest.mark.parametrize("build", [lecture.BigramLanguageModel, Between])
def test_every_stage_of_the_lecture_can_be_read(build):
    model = model_of(build)
    head = model.sa_head if build is lecture.BigramLanguageModel else model.sa_heads.heads[1]
    caught = []
    hook = head.register_forward_hook(lambda *call: caught.append(call[-1][0].detach()))
    model.eval()(torch.tensor([model.tokenizer.encode("abca")]))
    hook.remove()
    trace = trace_model(model.train(), "abca", 0, 0 if build is lecture.BigramLanguageModel else 1)
    assert_near(ending(trace), caught[0], atol=1e-4)


def test_names_and_formulas_are_those_of_the_code():
    trace = trace_model(model_of(), "abca", 1, 0)
    assert trace.shapes().splitlines()[5] == (
        "wei                (B=1, T=4, T=4)          wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5"
    )
    assert trace.why("out", 0, 0, 0).startswith("out[0,0,0] = wei₃[0,0,0]·v[0,0,0]")
    whole = trace_model(model_of(), "abca", 1)
    assert whole.title == "layer 1" and "heads.2.query.weight" in whole and len(whole.folded().shown) <= 15


def test_dropout_is_out_and_the_model_stays_as_it_was():
    model = model_of().train()
    lecture_loss = model(torch.tensor([[0, 1, 2]]), torch.tensor([[1, 2, 3]]))[1]
    lecture_loss.backward()
    before = state_of(model)
    first, *others = [ending(trace_model(model, "abcab")) for _ in range(3)]
    assert all(np.array_equal(first, other) for other in others)
    weights_of(model, [0, 1]), score(model, [previous("abc")]), write(model, "ab", count=3)
    with without(model, 0, 1):
        pass
    assert state_of(model) == before


def test_without_a_head_its_part_is_zero_and_comes_back():
    model, ids = model_of().eval(), torch.tensor([[0, 1, 2, 3]])
    whole = model(ids)[0]
    with without(model, 1, 2):
        silent = model(ids)[0]
    kept = model.blocks[1].sa.heads[2].value.weight.detach().clone()
    with torch.no_grad():
        model.blocks[1].sa.heads[2].value.weight.zero_()
        by_hand = model(ids)[0]
        model.blocks[1].sa.heads[2].value.weight.copy_(kept)
    torch.testing.assert_close(silent, by_hand)
    assert not torch.allclose(silent, whole)
    torch.testing.assert_close(model(ids)[0], whole)


def test_a_score_is_the_weight_on_the_places_that_count():
    model = model_of()
    _, wei = seen_in(model, "abca", 0)
    assert_near(score(model, [("abca", {3: [0, 1]})])[0], wei[:, 3, :2].sum(-1), atol=1e-5)


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
@pytest.mark.parametrize("build", [lecture.GPTLanguageModel, lecture.BigramLanguageModel])
def test_it_is_trained_watched_and_goes_on_writing(build, optimizer):
    model = model_of(build)
    del model.tokenizer
    training = Training(model, "abc \n" * 100, steps=12, batch=4, optimizer=optimizer, rate=2)
    watch(training, tests=1)
    assert min(training.losses[-3:]) < training.losses[0] and training.model is model
    model.load_state_dict(training.snapshots[12])
    assert training.test() > 0 and len(write(model, "ab", count=6)) == 8


# -- another kind -----------------------------------------------------------------------------------


def test_what_draws_at_random_even_then_draws_the_same():
    model = model_of(head=Lively)
    first, again = [trace_model(model, "abc", head=1) for _ in range(2)]
    assert np.array_equal(ending(first), ending(again)) and "kept by dropout(0.3)" in first


class Fused(nn.Module):
    """The heads of a layer in one matrix, without the course's or the lecture's names."""

    def __init__(self):
        super().__init__()
        self.mix, self.back = nn.Linear(12, 36), nn.Linear(12, 12)

    def forward(self, x):
        q, k, v = (one.unflatten(-1, (3, 4)).transpose(1, 2) for one in self.mix(x).chunk(3, -1))
        return self.back(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))


class Other(nn.Module):
    """A model by another hand: nothing in it is called as in the course."""

    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(5, 12), nn.Embedding(8, 12)
        self.h = nn.ModuleList([Fused() for _ in range(2)])

    def forward(self, tokens):
        z = self.wte(tokens) + self.wpe.weight[: tokens.shape[-1]]
        for layer in self.h:
            z = z + layer(z)
        return z @ self.wte.weight.T


def test_a_model_by_another_hand_is_read_as_well():
    model, text = model_of(Other), "abcab"
    trace, ids = trace_model(model, text, 1), model.tokenizer.encode(text)
    assert {"mix.weight", "q", "k", "v"} <= {*trace.steps} and trace.title == "layer 1"
    caught = []
    hook = model.h[1].register_forward_hook(lambda *call: caught.append(call[-1][0].detach()))
    model.eval()(torch.tensor([ids]))
    hook.remove()
    assert_near(ending(trace), caught[0], atol=1e-4)
    softmax = next(step for step in trace if step.kind == "softmax")
    assert_near(weights_of(model, ids)[1], softmax.value[0], atol=1e-5)
    assert score(model, [previous(text)]).shape == (2, 3) and len(write(model, "ab", 3)) == 5
    for read in (lambda: trace_model(model, text, 1, 2), lambda: without(model, 1, 2).__enter__()):
        with pytest.raises(
            ValueError, match=r"the 3 heads of layer 1 are computed side by side in h\.1, none"
        ) as raised:
            read()
        one_sentence(raised)


class Twice(Other):
    """The same layer, used again."""

    def __init__(self):
        super().__init__()
        self.h = nn.ModuleList([lecture.Head(12)])

    def forward(self, tokens):
        z = self.wte(tokens) + self.wpe.weight[: tokens.shape[-1]]
        for _ in range(3):
            z = z + self.h[0](z)
        return z @ self.wte.weight.T


def test_a_layer_that_is_used_again_is_another_one():
    model, text, came = model_of(Twice), "abcab", []
    hook = model.h[0].register_forward_hook(lambda _, given, made: came.append((given[0].detach(), made.detach())))
    model.eval()(torch.tensor([model.tokenizer.encode(text)]))
    hook.remove()
    for layer, (x, made) in enumerate(came):
        trace = trace_model(model, text, layer, 0)
        assert_near(trace["x"].value, x, atol=1e-5)
        assert_near(ending(trace), made[0], atol=1e-4)
    assert weights_of(model, [0, 1]).shape == (3, 1, 2, 2)
    with pytest.raises(ValueError, match=r"h\.0 is called 3 times: without one of these heads") as raised:
        without(model, 1, 0).__enter__()
    one_sentence(raised)


class Direct(Other):
    """Its layer is not called as modules are."""

    def forward(self, tokens):
        z = self.wte(tokens)
        return self.h[0].forward(z) @ self.wte.weight.T


def test_a_module_that_is_not_called_is_told():
    with pytest.raises(ValueError, match=r"h\.0 is run by its forward; wanted it to be called") as raised:
        trace_model(model_of(Direct), "abc")
    one_sentence(raised)


class Odd(lecture.Head):
    """With a step that no rule describes."""

    def forward(self, x):
        small = x[:, :1, :4].mT @ x[:, :1, :4]  # (1, 4, 1) @ (1, 1, 4) -> (1, 4, 4)
        return super().forward(x) @ torch.linalg.inv(torch.eye(4, dtype=x.dtype) + small)


def test_what_no_rule_describes_has_its_sources_all_the_same():
    last = trace_model(model_of(head=Odd), "abcab", head=1)
    opaque = next(step for step in last if step.kind == "opaque")
    assert {name for name, _ in last.sources(opaque.name, 0, 0, 0)} == {"torch.eye(4, dtype=x.dtype) + small"}


def test_heads_of_several_heads_are_read_together():
    model = model_of(head=Split)
    assert weights_of(model, [0, 1, 2]).shape == (2, 6, 3, 3)
    with pytest.raises(
        ValueError, match=r"the 6 heads of layer 0 are computed side by side in blocks\.0\.sa, none alone"
    ):
        trace_model(model, "abc", 0, 1)


def test_heads_without_a_softmax_are_none_that_could_be_read():
    model = model_of(head=Sigmoid)
    for read in (lambda: trace_model(model, "abc"), lambda: weights_of(model, [0, 1])):
        with pytest.raises(
            ValueError, match="in a GPTLanguageModel no softmax says how much each token takes"
        ) as raised:
            read()
        one_sentence(raised)


def test_a_model_that_gives_the_last_logits_alone_is_told():
    model = model_of(Other)
    real = type(model).forward
    model.forward = types.MethodType(lambda self, ids: real(self, ids)[:, [-1]], model)
    training = Training(model, TEXT, steps=2)
    with pytest.raises(
        ValueError, match=r"an? Other gives a Tensor of shape \(8, 1, 5\); wanted the logits of every"
    ) as raised:
        training.run()
    one_sentence(raised)


class Joined(nn.Module):
    """A query, a key and a value in one layer."""

    def __init__(self):
        super().__init__()
        self.wte, self.c_attn = nn.Embedding(5, 8), nn.Linear(8, 24)


@pytest.mark.parametrize("build", [Joined, lambda: nn.TransformerEncoderLayer(8, 2), lambda: lecture.Head(4)])
def test_other_models_get_a_sentence_that_says_what_to_do(build):
    model = build()
    for read in (lambda: trace_model(model, "abc"), lambda: Training(model, TEXT), lambda: write(model, "a")):
        with pytest.raises(
            ValueError, match=r"one of your own, which looks ids up in a table .*helpers\.see\.see\(module, x\) shows"
        ) as raised:
            read()
        one_sentence(raised)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda model: trace_model(model, "abd"), r"'d' \(U\+0064\) is not in the vocabulary of 5 tokens"),
        (lambda model: trace_model(model, "a" * 9), "the text has 9 characters; wanted 1 to 8"),
        (lambda model: trace_model(model, "a", 2), "layer is 2; the model has layers 0 to 1"),
        (lambda model: trace_model(model, "a", 0, 3), "head is 3; each layer has heads 0 to 2"),
        (lambda model: weights_of(model, [0, 1, 7]), r"7 is no id that the model knows.* 0 to 4, and ids\[2\] is 7"),
        (lambda model: save(model, "mine"), r"keep yours with torch\.save\(model\.state_dict\(\), 'mine\.pt'\)"),
        (lambda model: Training(model, "ab" * 60), "the model knows 5 tokens, but the text has 2"),
        (lambda model: [delattr(model, "tokenizer"), trace_model(model, "a")], r"model\.tokenizer = Tokenizer\(text\)"),
    ],
    ids=["letter", "length", "layer", "head", "id", "save", "vocabulary", "tokenizer"],
)
def test_what_cannot_be_read_gets_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence) as raised:
        call(model_of())
    one_sentence(raised)


# -- accelerators without float64 -------------------------------------------------------------------


@pytest.mark.parametrize("build", [lambda: GPT(5, context=8, C=8, heads=2, layers=1), model_of], ids=["ours", "own"])
def test_first_to_the_cpu_then_to_float64(build, monkeypatch):
    """As on an accelerator that has no float64: what is asked for it there fails."""
    model, order = build(), []
    model.tokenizer = Tokenizer(LETTERS)
    for kind in (nn.Module, torch.Tensor):
        for name in ("cpu", "double"):
            real = getattr(kind, name)

            def recorded(self, *given, name=name, real=real):
                order.append((self, name))
                return real(self, *given)

            monkeypatch.setattr(kind, name, recorded)
    trace_model(model, "abc")
    monkeypatch.undo()
    moved = {id(one): [] for one, _ in order}
    for one, name in order:
        moved[id(one)].append(name)
    assert len(moved) > 5 and {tuple(dict.fromkeys(names)) for names in moved.values()} <= {("cpu", "double"), ("cpu",)}


def test_an_own_model_runs_where_it_is_and_only_its_attention_moves(monkeypatch):
    """Its code may name its device, as the lecture's does."""
    model, whole = model_of(), []
    real = lecture.GPTLanguageModel.double
    monkeypatch.setattr(lecture.GPTLanguageModel, "double", lambda self: whole.append(1) or real(self), raising=False)
    assert trace_model(model, "abc", head=0)["q"].value.dtype == np.float64 and not whole
