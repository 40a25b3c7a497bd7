"""The GPT against torch's own modules, and the notebooks' definitions against the helpers'."""

import ast
from pathlib import Path

import nbformat
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helpers.gpt import model as plain
from helpers.gpt.fast import BASE, FastAttention, FastGPT, norm, rotate
from helpers.gpt.model import GPT, MultiHeadAttention
from helpers.gpt.muon import orthogonalize

ROOT = Path(__file__).resolve().parent.parent
SIZES = {
    "T": st.integers(1, 6),
    "heads": st.integers(1, 3),
    "h": st.integers(1, 4).map(lambda half: 2 * half),
    "layers": st.integers(1, 2),
    "seed": st.integers(0, 99),
}
quick = settings(deadline=None, max_examples=25)


def scrambled(build, seed, *arguments, **options):
    """A model in float64 whose numbers are all random, none left at its start."""
    torch.manual_seed(seed)
    model = build(*arguments, **options).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(std=0.4)
    return model


class Composed(nn.Module):
    """A GPT put together from torch's own layers, with the weights of ours."""

    def __init__(self, ours):
        super().__init__()
        C, heads = ours.settings["C"], ours.settings["heads"]
        self.tokens, self.positions = nn.Embedding(ours.settings["vocabulary"], C), nn.Embedding(ours.context, C)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                C, heads, 4 * C, dropout=0.0, activation="relu", batch_first=True, norm_first=True
            )
            for _ in ours.blocks
        )
        self.norm, self.logits = nn.LayerNorm(C), nn.Linear(C, ours.settings["vocabulary"])
        self.double()
        for name in ("tokens", "positions", "norm", "logits"):
            getattr(self, name).load_state_dict(getattr(ours, name).state_dict())
        self.pairs = []
        for block, layer in zip(ours.blocks, self.layers):
            attention = block.attention
            three = [attention.query.weight, attention.key.weight, attention.value.weight]
            with torch.no_grad():
                layer.self_attn.in_proj_weight.copy_(torch.cat(three))
                layer.self_attn.in_proj_bias.zero_()
            for mine, theirs in [
                (attention.projection, layer.self_attn.out_proj),
                (block.norm1, layer.norm1),
                (block.norm2, layer.norm2),
                (block.feed_forward.up, layer.linear1),
                (block.feed_forward.down, layer.linear2),
            ]:
                theirs.load_state_dict(mine.state_dict())
                self.pairs += list(zip(mine.parameters(), theirs.parameters()))
            self.pairs.append((three, layer.self_attn.in_proj_weight))
        self.pairs += [
            (getattr(ours, name).weight, getattr(self, name).weight)
            for name in ("tokens", "positions", "norm", "logits")
        ]

    def forward(self, ids):
        T = ids.shape[1]
        x = self.tokens(ids) + self.positions(torch.arange(T))
        for layer in self.layers:
            x = layer(x, src_mask=nn.Transformer.generate_square_subsequent_mask(T, dtype=x.dtype))
        return self.logits(self.norm(x))


@quick
@given(**SIZES)
def test_a_gpt_is_torchs_own_layers(T, heads, h, layers, seed):
    ours = scrambled(GPT, seed, vocabulary=7, context=6, C=heads * h, heads=heads, layers=layers)
    theirs = Composed(ours)
    ids = torch.randint(7, (2, T), generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(ours(ids), theirs(ids), rtol=1e-5, atol=1e-5)

    wanted = torch.randn(2, T, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    for model in (ours, theirs):
        (model(ids) * wanted).sum().backward()
    for mine, other in theirs.pairs:
        mine = torch.cat([one.grad for one in mine]) if isinstance(mine, list) else mine.grad
        torch.testing.assert_close(mine, other.grad, rtol=1e-5, atol=1e-5)


@quick
@given(**SIZES)
def test_a_token_changes_nothing_before_it(T, heads, h, layers, seed):
    for build in (GPT, FastGPT):
        model = scrambled(build, seed, 7, context=6, C=heads * h, heads=heads, layers=layers)
        ids = torch.randint(7, (1, T), generator=torch.Generator().manual_seed(seed))
        for at in range(T):
            changed = ids.clone()
            changed[0, at] = (changed[0, at] + 1) % 7
            before, after = model(ids), model(changed)
            torch.testing.assert_close(after[:, :at], before[:, :at], rtol=0, atol=1e-12)
            assert heads * h < 4 or not torch.equal(
                after[:, at], before[:, at]
            )  # two normalized channels hold a sign alone


@quick
@given(
    T=SIZES["T"], heads=SIZES["heads"], h=SIZES["h"], seed=SIZES["seed"], rotary=st.booleans(), normalize=st.booleans()
)
def test_fast_attention_against_a_loop(T, heads, h, seed, rotary, normalize):
    """Pairs of channels as complex numbers, one query and one key at a time."""
    attention = scrambled(FastAttention, seed, heads * h, heads, rotary, normalize)
    x = torch.randn(1, T, heads * h, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    q, k, v = (layer(x)[0].reshape(T, heads, h) for layer in (attention.query, attention.key, attention.value))
    out = torch.zeros(T, heads, h, dtype=torch.float64)
    for n in range(heads):

        def vector(row, at):
            row = row / (row.square().mean() + torch.finfo(row.dtype).eps).sqrt() if normalize else row
            pairs = torch.complex(row[: h // 2], row[h // 2 :])
            angles = at * BASE ** -(torch.arange(h // 2, dtype=torch.float64) / (h // 2))
            return pairs * torch.polar(torch.ones_like(angles), angles) if rotary else pairs

        for t in range(T):
            scores = (
                torch.stack([(vector(q[t, n], t) * vector(k[s, n], s).conj()).real.sum() for s in range(t + 1)])
                * attention.scale
            )
            out[t, n] = (scores.softmax(0)[:, None] * v[: t + 1, n]).sum(0)
    torch.testing.assert_close(attention(x)[0], attention.projection(out.flatten(1)), rtol=1e-9, atol=1e-9)
    weights = attention.weights(*attention.queries_and_keys(x))
    torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))


def test_turning_keeps_lengths_and_depends_on_the_distance():
    x = torch.randn(1, 1, 1, 8, dtype=torch.float64).expand(1, 1, 9, 8)
    turned = rotate(x)
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    products = turned @ turned.mT  # (1, 1, T, h) @ (1, 1, h, T) -> (1, 1, T, T)
    for distance in range(9):
        diagonal = products[0, 0].diagonal(-distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal))
    torch.testing.assert_close(norm(x).square().mean(-1), torch.ones(1, 1, 9, dtype=torch.float64))


# -- loss and generation --------------------------------------------------------------------------


def test_the_loss_is_the_mean_surprise():
    model = scrambled(GPT, 0, vocabulary=5, context=4, C=4, heads=1, layers=1)
    ids = torch.tensor([[0, 1, 2, 3, 4], [4, 4, 1, 0, 2]])
    logits = model(ids[:, :-1])
    surprises = [-logits[b, t].softmax(-1)[ids[b, t + 1]].log() for b in range(2) for t in range(4)]
    torch.testing.assert_close(model.loss(ids), torch.stack(surprises).mean())


@pytest.mark.parametrize("build", [GPT, FastGPT])
def test_generation(build):
    model = scrambled(build, 1, 5, context=4, C=4, heads=1, layers=1)
    start = torch.tensor([[0, 1, 2, 3, 4, 0]])  # longer than the context
    once = model.generate(start, 20, seed=3)
    assert once.shape == (1, 26) and (once[:, :6] == start).all() and once.max() < 5
    assert torch.equal(once, model.generate(start, 20, seed=3)) and not torch.equal(
        once, model.generate(start, 20, seed=4)
    )
    likeliest = model.generate(start, 8, temperature=0)
    for at in range(6, 14):
        assert likeliest[0, at] == model(likeliest[:, at - 4 : at])[0, -1].argmax()
    assert model.training  # as it was


def test_dropout_is_off_when_it_writes():
    model = scrambled(GPT, 1, vocabulary=5, context=4, C=4, heads=1, layers=1, dropout=0.5)
    ids = torch.tensor([[0, 1, 2]])
    assert not torch.equal(model(ids), model(ids))
    assert torch.equal(model.eval()(ids), model(ids))


def test_what_cannot_be_gets_a_sentence():
    with pytest.raises(ValueError, match="C is 10 and heads is 4: C must be a multiple of heads"):
        MultiHeadAttention(10, 4)
    with pytest.raises(
        ValueError,
        match=r"ids has shape \(2, 5\), but the model sees 4 tokens at most: give it the last ones, ids\[:, -4:\]",
    ):
        GPT(5, context=4, C=4, heads=1, layers=1)(torch.zeros(2, 5, dtype=torch.long))
    with pytest.raises(
        ValueError,
        match=r"C is 9 and heads is 3: each head gets 3 channels; wanted an even number, since channels are "
        r"turned in pairs",
    ):
        FastGPT(5, C=9, heads=3)


@pytest.mark.parametrize("name", ["vocabulary", "context", "C", "heads", "layers"])
@pytest.mark.parametrize("value", [-1, 2.0, "4", None, True])
def test_sizes_of_a_fast_gpt_that_cannot_be(name, value):
    with pytest.raises(ValueError, match=rf"{name} is .*; wanted a whole number from"):
        FastGPT(**({"vocabulary": 5} | {name: value}))


@pytest.mark.parametrize("matrices", [None, [[1.0]], torch.zeros(3), torch.zeros(2, 2, dtype=torch.long)])
def test_what_is_no_matrix_to_orthogonalize(matrices):
    with pytest.raises(ValueError, match=r"you gave .*; wanted a tensor of matrices, \(many, rows, columns\)"):
        orthogonalize(matrices)


# -- one definition, one place --------------------------------------------------------------------


def bare(node):
    """The source of a class without its docstrings."""
    for part in ast.walk(node):
        if isinstance(part, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(part) is not None:
            part.body = part.body[1:] or [ast.Pass()]
    return ast.unparse(node)


def classes(source):
    return {node.name: bare(node) for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize(
    ("notebook", "names"),
    [("09_many_heads", {"MultiHeadAttention"}), ("11_the_block", {"FeedForward", "Block", "GPT"})],
)
def test_the_notebooks_teach_what_the_helpers_hold(notebook, names):
    cells = nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", as_version=4).cells
    taught = {}
    for cell in cells:
        if cell.cell_type == "code" and cell.source.startswith("class "):
            taught |= classes(cell.source)
    held = classes(Path(plain.__file__).read_text())
    assert {name: taught.get(name) for name in names} == {name: held[name] for name in names}


def test_the_gpt_is_short():
    assert len(Path(plain.__file__).read_text().splitlines()) < 150
