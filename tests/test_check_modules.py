"""A module is welcome wherever a check wants a function: a copy gets the case's matrices, or it is told why not."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import check
from helpers.attention.heads import head, many_heads
from helpers.check.judge import judge
from tests import lecture

EXERCISES = check.exercises()


class Head(nn.Module):
    """As in the lecture; slip: a scale, a mask or an order that is another one."""

    def __init__(self, n_embd=5, head_size=3, block_size=6, dropout=0.2, bias=False, scale=True, slip=""):
        super().__init__()
        self.key = nn.Linear(n_embd, head_size, bias=bias)
        self.query = nn.Linear(n_embd, head_size, bias=bias)
        self.value = nn.Linear(n_embd, head_size, bias=bias)
        self.register_buffer("tril", torch.tril(torch.ones(block_size, block_size)))
        self.dropout, self.scale, self.slip = nn.Dropout(dropout), scale, slip

    def forward(self, x):
        _, T, C = x.shape
        k, q, v = self.key(x), self.query(x), self.value(x)
        if self.slip == "swapped":
            q, k = k, q
        size = C if self.slip == "by C" else k.shape[-1]
        wei = q @ k.transpose(-2, -1) * (size**-0.5 if self.scale else 1)
        if self.slip != "no mask":
            wei = wei.masked_fill(self.tril[:T, :T] == 0, -8.0 if self.slip == "fill" else float("-inf"))
        return self.dropout(F.softmax(wei, dim=-1)) @ v


class MultiHeadAttention(nn.Module):
    """As in the lecture: heads in a list, and a projection with its bias."""

    def __init__(self, heads=2, head_size=3, n_embd=6):
        super().__init__()
        self.heads = nn.ModuleList([Head(n_embd, head_size) for _ in range(heads)])
        self.proj, self.dropout = nn.Linear(n_embd, n_embd), nn.Dropout(0.2)

    def forward(self, x):
        return self.dropout(self.proj(torch.cat([head(x) for head in self.heads], dim=-1)))


class CausalSelfAttention(nn.Module):
    """With one matrix for q, k and v, as GPT-2 has it."""

    def __init__(self, n_embd=6, n_head=3, slip=""):
        super().__init__()
        self.c_attn, self.c_proj = nn.Linear(n_embd, 3 * n_embd), nn.Linear(n_embd, n_embd)
        self.n_head, self.slip = n_head, slip

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.c_attn(x).split(C, dim=2)
        if self.slip == "view":
            q, k, v = (one.reshape(B, self.n_head, T, C // self.n_head) for one in (q, k, v))
        else:
            q, k, v = (one.view(B, T, self.n_head, C // self.n_head).transpose(1, 2) for one in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).reshape(B, T, C))


class Matrices(nn.Module):
    """With plain parameters, used as ``x @ W``."""

    def __init__(self, C=4, h=4):
        super().__init__()
        self.W_query, self.W_key, self.W_value = (nn.Parameter(torch.rand(C, h)) for _ in range(3))

    def forward(self, x):
        q, k, v = x @ self.W_query, x @ self.W_key, x @ self.W_value
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=1.0)


class Named(nn.Module):
    """A head whose layers have names that say nothing."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.three = (nn.Linear(4, 2, bias=False) for _ in range(3))

    def forward(self, x):
        return F.scaled_dot_product_attention(self.one(x), self.two(x), self.three(x), is_causal=True, scale=1.0)


class Masked(Matrices):
    def forward(self, x, mask=None):
        return super().forward(x)


class Norm(nn.Module):
    def __init__(self, C, unbiased=False):
        super().__init__()
        self.gamma, self.beta, self.unbiased = nn.Parameter(torch.ones(C)), nn.Parameter(torch.zeros(C)), unbiased

    def forward(self, x):
        variance = x.var(-1, keepdim=True, unbiased=self.unbiased)
        return (x - x.mean(-1, keepdim=True)) / (variance + 1e-5).sqrt() * self.gamma + self.beta


def two_layers(*between):
    return nn.Sequential(nn.Linear(3, 7), *between, nn.Linear(7, 3), nn.Dropout(0.5))


WELCOME = {
    "Head without a scale": ("unscaled_head", lambda: Head(scale=False)),
    "Head with biases": ("unscaled_head", lambda: Head(scale=False, bias=True)),
    "Head of GPT's size": ("unscaled_head", lambda: Head(384, 64, 256, scale=False)),
    "plain parameters": ("unscaled_head", Matrices),
    "in double": ("unscaled_head", lambda: Head(scale=False).double()),
    "Head for NumPy": ("whole_head", Head),
    "heads in a list": ("all_heads", MultiHeadAttention),
    "c_attn": ("all_heads", CausalSelfAttention),
    "nn.MultiheadAttention": ("all_heads", lambda: nn.MultiheadAttention(6, 2, batch_first=True)),
    "feed-forward": ("up_and_down", lambda: two_layers(nn.ReLU())),
    "nn.LayerNorm": ("normalize_rows", lambda: nn.LayerNorm(4)),
    "gamma and beta": ("normalize_rows", lambda: Norm(4)),
    "nn.Embedding": ("look_up", lambda: nn.Embedding(5, 3)),
    "nn.Softmax": ("softmax_rows", lambda: nn.Softmax(dim=-1)),
}
WRONG = {
    "the lecture's Head in 5.2": ("unscaled_head", Head, "that is asked in notebook 6"),
    "by C": ("unscaled_head", lambda: Head(slip="by C"), "by the root of C"),
    "no mask": ("unscaled_head", lambda: Head(slip="no mask"), "and there is no mask"),
    "swapped": ("unscaled_head", lambda: Head(slip="swapped", scale=False), "q and k have changed places"),
    "fill": ("unscaled_head", lambda: Head(slip="fill", scale=False), "became a finite number"),
    "whole by C": ("whole_head", lambda: Head(slip="by C"), "root of C"),
    "not cut well": ("all_heads", lambda: CausalSelfAttention(slip="view"), "without the transpose"),
    "sequence first": ("all_heads", lambda: nn.MultiheadAttention(6, 2), "axis 0 for the tokens"),
    "GELU": ("up_and_down", lambda: two_layers(nn.GELU()), "the activation is GELU"),
    "no activation": ("up_and_down", two_layers, "there is no relu"),
    "unbiased": ("normalize_rows", lambda: Norm(4, unbiased=True), "C - 1"),
    "columns": ("softmax_rows", lambda: nn.Softmax(dim=1), "the columns"),
}
REFUSED = {
    "a class": ("unscaled_head", lambda: Head, "Head is a class: make one of it, `Head(...)`"),
    "other names": ("unscaled_head", Named, "one.weight is none of them"),
    "a mask": ("unscaled_head", Masked, "its forward takes x, mask"),
    "several heads": ("unscaled_head", lambda: nn.MultiheadAttention(6, 2), "it has 2 heads, and here there is one"),
    "no number of heads": ("all_heads", lambda: Matrices(4, 4), "how many heads it has"),
    "a layer for a norm": (
        "normalize_rows",
        lambda: nn.Linear(3, 3),
        "weight has shape (3, 3), and gain has the axes C",
    ),
    "a layer for a table": ("look_up", lambda: nn.Linear(3, 3, bias=False), "table cannot be put in its place"),
    "three layers": ("up_and_down", lambda: nn.Sequential(*(nn.Linear(3, 3) for _ in range(3))), "it has 3 matrices"),
}


@pytest.mark.parametrize("form", WELCOME)
def test_a_module_is_welcome(form):
    name, make = WELCOME[form]
    torch.manual_seed(0)
    module = make()
    before = copy.deepcopy(module.state_dict())
    verdict = judge(EXERCISES[name], module)
    assert verdict.solved, verdict.text
    after = module.state_dict()
    assert module.training and all(torch.equal(before[key], after[key]) for key in before) and len(before) == len(after)


@pytest.mark.parametrize("form", WRONG)
def test_what_is_wrong_in_a_module_is_told_as_in_a_function(form):
    name, make, said = WRONG[form]
    torch.manual_seed(0)
    verdict = judge(EXERCISES[name], make())
    assert verdict.solved is False and said in verdict.text, verdict.text


@pytest.mark.parametrize("form", REFUSED)
def test_a_module_that_cannot_be_filled_is_told_why_and_how_to_wrap_it(form):
    name, make, said = REFUSED[form]
    text = judge(EXERCISES[name], make()).text
    assert said in text and text.startswith(f"{name}: ")
    if form != "a class":
        lines = text.splitlines()[-3:]
        first = next(iter(EXERCISES[name].asks))
        assert lines[0].startswith(f"    def {name}({first}, ") and lines[2].startswith(
            f"        return module({first})"
        )
        compile("\n".join(line[4:] for line in lines), "the wrapping", "exec")


@pytest.mark.parametrize(
    ("name", "part"),
    [("all_heads", "sa"), ("whole_head", "sa.heads[0]"), ("up_and_down", "ffwd"), ("normalize_rows", "ln1")],
)
def test_of_a_module_that_does_more_the_part_is_told_that_does_what_is_asked(name, part):
    block = lecture.Block(12, 3)
    text = judge(EXERCISES[name], block).text
    assert text == (
        f"{name}: it got a Block, which does more than is asked here: hand over the part of it that does this, as in "
        f"check.{name}(module.{part}), where `module` is yours."
    )
    assert judge(EXERCISES[name], eval(f"module.{part}", {"module": block})).solved


@pytest.mark.parametrize(
    ("name", "module", "said"),
    [
        (
            "add_positions",
            nn.Embedding(8, 4),
            "it got a Embedding, whose forward takes input; wanted a function of x, P",
        ),
        ("all_scores", nn.Softmax(-1), "it got a Softmax, whose forward takes input; wanted a function of q, k."),
    ],
)
def test_a_module_that_takes_something_else_is_told(name, module, said):
    assert judge(EXERCISES[name], module).text.startswith(f"{name}: {said}")


def test_the_sizes_are_those_of_the_module():
    text = judge(EXERCISES["unscaled_head"], Head(5, 3, block_size=4, scale=False)).text
    assert text == "unscaled_head: right, on 14 shapes, with C=5, head_size=3 as in the module."


def test_the_line_of_an_error_in_a_module_is_the_learners_own():
    class Broken(Head):
        def forward(self, x):
            return self.query(x) @ self.key(x)

    text = judge(EXERCISES["unscaled_head"], Broken()).text
    assert "it raised RuntimeError in line" in text and "`return self.query(x) @ self.key(x)`" in text


def with_layers(x, query, key, value):
    return query(x) + key(x) + value(x)


def with_weights(x, Wq, Wk, Wv):
    return x @ Wq.weight.T


@pytest.mark.parametrize(
    ("name", "function"),
    [("unscaled_head", with_layers), ("whole_head", with_layers), ("unscaled_head", with_weights)],
    ids=["layers", "layers in NumPy", "their weights"],
)
def test_matrices_that_are_taken_for_layers(name, function):
    text = judge(EXERCISES[name], function).text
    assert "Wq, Wk and Wv are matrices, not layers: wanted `x @ Wq`" in text and "lin.weight.T" in text


def test_layers_that_are_made_in_a_function_and_filled_there_are_right():
    def unscaled_head(x, Wq, Wk, Wv):
        query, key, value = nn.Linear(*Wq.shape, bias=False), nn.Linear(*Wk.shape), nn.Linear(*Wv.shape, bias=False)
        query.weight.data, key.weight.data, value.weight.data = Wq.T, Wk.T, Wv.T
        key.bias.data.zero_()
        return F.scaled_dot_product_attention(query(x), key(x), value(x), is_causal=True, scale=1.0)

    verdict = judge(EXERCISES["unscaled_head"], unscaled_head)
    assert verdict.solved, verdict.text


# -- the other library ------------------------------------------------------------------------------


def torch_means(x):
    out = torch.zeros(x.shape)
    for t in range(len(x)):
        out[t] = x[: t + 1].mean(0)
    return out


def torch_running(x):
    return torch.cumsum(x, dim=1) / torch.arange(1, x.shape[1] + 1)[:, None]


def torch_sums(x):
    return torch.cumsum(x, dim=1)


def torch_ids(text, vocabulary):
    return torch.tensor([vocabulary.index(letter) for letter in text])


def numpy_softmax(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def numpy_weights(T):
    tril = np.tril(np.ones((T, T)))
    return tril / tril.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("name", "function", "said"),
    [
        ("mean_so_far", torch_means, "your function with PyTorch tensors, with which it is right"),
        ("running_means", torch_running, "your function with PyTorch tensors, with which it is right"),
        ("running_means", torch_sums, "your function with PyTorch tensors: use"),
        ("encode_text", torch_ids, "it returned a PyTorch tensor; wanted a NumPy array, as the input is: `.numpy()`"),
        ("softmax_rows", numpy_softmax, "your function with NumPy arrays, with which it is right"),
        ("averaging_matrix", numpy_weights, "it returned a NumPy array; wanted a tensor, as the input is: `torch"),
    ],
    ids=["a loop", "all at once", "sums alone", "ids", "softmax", "a matrix"],
)
def test_a_solution_with_the_other_library_is_told_in_one_sentence(name, function, said):
    text = judge(EXERCISES[name], function).text
    assert said in text and text.splitlines()[0].endswith("."), text


def test_an_error_that_is_not_the_librarys_stays():
    text = judge(EXERCISES["mean_so_far"], lambda x: x[99]).text
    assert "IndexError" in text and "works with" not in text


# -- layers and joined matrices where this course's own functions want a matrix -----------------------


@pytest.mark.parametrize("function", [head, many_heads])
@pytest.mark.parametrize("bias", [False, True])
def test_a_layer_in_the_place_of_a_matrix(function, bias):
    layer = nn.Linear(4, 4, bias=bias)
    with pytest.raises(
        ValueError, match=r"Wq is a Linear, a layer; wanted its matrix, as in Wq = layer\.weight\.T"
    ) as told:
        function(np.ones((3, 4)), layer, layer, layer)
    assert ("bias has a place as one more row of Wq" in str(told.value)) == bias


def test_a_bias_as_one_more_row_of_the_matrix():
    """What the sentence says is so: a channel of ones reads it."""
    layers, x = [nn.Linear(4, 3) for _ in range(3)], torch.randn(5, 4)
    q, k, v = (layer(x) for layer in layers)
    wanted = F.scaled_dot_product_attention(q, k, v, is_causal=True).detach().numpy()
    matrices = [torch.cat([layer.weight.T, layer.bias[None, :]]) for layer in layers]
    found = head(torch.cat([x, torch.ones(5, 1)], dim=1), *matrices)["out"].value
    assert np.allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize(("shape", "said"), [((4, 12), "W.chunk(3, -1)"), ((12, 4), "c_attn.weight.T.chunk(3, -1)")])
def test_a_joined_matrix_is_told_how_to_be_split(shape, said):
    joined = np.ones(shape)
    with pytest.raises(ValueError, match="Those of q, k and v are joined in it") as told:
        many_heads(np.ones((3, 4)), joined, joined, joined)
    assert f"Wq, Wk, Wv = {said}" in str(told.value)
