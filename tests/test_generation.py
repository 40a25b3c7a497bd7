"""Generation with a cache against generation without, sampling against transformers' rules written out, speculation
against the target's own distribution.
"""

from functools import cache as kept

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.attention import cached_head, head
from helpers.gpt import GPT, FastGPT, generate, left_padded, speculate
from helpers.gpt.cache import Cache
from helpers.gpt.sampling import cooled, draw, penalized, probabilities, top_k, top_p, trace_top_p
from helpers.gpt.speculative import residual, verify
from helpers.inputs import example
from tests.near import assert_near
from tests.strategies import GENERATOR
from tools.notebooks import NOTEBOOKS, load

VOCABULARY, CONTEXT = 7, 12
quick = settings(deadline=None, max_examples=10)


def scrambled(build, seed=0, **options):
    """A small model in float64 whose numbers are all random, so that no two places in a text look alike."""
    torch.manual_seed(seed)
    model = build(VOCABULARY, context=CONTEXT, C=8, heads=2, layers=2, **options).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(std=0.6)
    return model


MODELS = {
    "GPT": scrambled(GPT, dropout=0.3),  # in training: dropout must have no part in it
    "FastGPT": scrambled(FastGPT),
    "FastGPT without rotary": scrambled(FastGPT, rotary=False, normalize=False),
}


# -- the cache ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_200_random_prompts_go_on_as_without_a_cache(name):
    """In batches with padding at the left; each prompt alone, by the model's own generate, gives the same."""
    rng = np.random.default_rng(0)
    model, prompts = MODELS[name], [rng.integers(0, VOCABULARY, rng.integers(1, 8)).tolist() for _ in range(200)]
    ids, padding = left_padded(prompts)
    count = CONTEXT - ids.shape[1]
    found = generate(model, ids, count, temperature=0, padding=padding)
    for length in range(1, 8):  # without a cache: all prompts of one length at once
        same = [i for i, prompt in enumerate(prompts) if len(prompt) == length]
        alone = model.generate(torch.tensor([prompts[i] for i in same]), count, temperature=0)
        assert found[same, ids.shape[1] - length :].equal(alone)
    assert model.training  # as it was


@quick
@given(
    name=st.sampled_from(list(MODELS)),
    B=st.integers(1, 3),
    T=st.integers(1, 15),
    count=st.integers(0, 20),
    seed=st.integers(0, 99),
)
def test_drawn_tokens_are_the_same_also_beyond_the_context(name, B, T, count, seed):
    ids = torch.randint(VOCABULARY, (B, T), generator=torch.Generator().manual_seed(seed))
    model = MODELS[name]
    assert generate(model, ids, count, 0.8, seed).equal(model.generate(ids, count, 0.8, seed))


@quick
@given(name=st.sampled_from(list(MODELS)), rng=GENERATOR)
def test_logits_are_the_same_however_the_text_is_cut(name, rng):
    """Read in parts of any size, with padding, forgotten and read again: number by number what the whole text gives."""
    model, lengths = MODELS[name].eval(), rng.integers(1, CONTEXT + 1, 3)
    prompts = [rng.integers(0, VOCABULARY, length).tolist() for length in lengths]
    ids, padding = left_padded(prompts)
    cache, rows = Cache(model, 3, padding), []
    while cache.length < ids.shape[1]:
        part = ids[:, cache.length : cache.length + rng.integers(1, 5)]
        cache.copy().read(part)  # a copy changes nothing
        cache.read(part), cache.cut(cache.length - part.shape[1])
        rows.append(cache.read(part))
    for row, prompt in zip(torch.cat(rows, dim=1), prompts):
        torch.testing.assert_close(row[-len(prompt) :], model(torch.tensor([prompt]))[0], atol=1e-12, rtol=0)
    MODELS[name].train()


def test_a_batch_with_padding_beyond_the_context():
    model, prompts = MODELS["GPT"], [[1, 2, 3, 4, 5, 6, 0, 1, 2, 3], [4, 5], [6] * 5]
    ids, padding = left_padded(prompts)
    found = generate(model, ids, 9, temperature=0, padding=padding)
    for row, prompt in zip(found, prompts):
        assert row[-len(prompt) - 9 :].equal(model.generate(torch.tensor([prompt]), 9, temperature=0)[0])


def test_bytes_are_those_of_the_formula():
    cache = Cache(MODELS["GPT"], batch=3)
    cache.read(torch.zeros(3, 5, dtype=torch.long))
    assert cache.bytes == 2 * 2 * 2 * 4 * 5 * 8 * 3  # both, layers, heads, head_size, tokens, bytes, texts


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Cache(torch.nn.Linear(2, 2)), "model is a Linear; wanted a GPT or a FastGPT"),
        (lambda: Cache(MODELS["GPT"], 2, [1]), r"padding has shape \(1,\)"),
        (lambda: Cache(MODELS["GPT"]).read(torch.zeros(2, 3, dtype=torch.long)), r"ids has shape \(2, 3\)"),
        (lambda: Cache(MODELS["GPT"]).read(torch.zeros(1, 13, dtype=torch.long)), "0 tokens are kept and 13 are new"),
        (lambda: left_padded([[1], []]), "a prompt is empty"),
        (lambda: cooled(torch.zeros(3), -1), "temperature is -1"),
        (lambda: top_k(torch.zeros(3), 0), "k is 0"),
        (lambda: top_p(torch.zeros(3), 1.5), "p is 1.5"),
        (lambda: speculate(MODELS["GPT"], MODELS["GPT"], torch.zeros(2, 3).long(), 2), r"wanted \(1, T\)"),
        (lambda: speculate(MODELS["GPT"], GPT(3), torch.zeros(1, 3).long(), 2), "must be the same ones"),
        (lambda: speculate(MODELS["GPT"], MODELS["GPT"], torch.zeros(1, 3).long(), 9), "a context of 12"),
        (lambda: cached_head(np.ones((1, 2, 3)), *np.ones((3, 3, 2)), step=0), r"wanted \(T, C\): one text"),
        (lambda: cached_head(np.ones((2, 3)), *np.ones((3, 3, 2)), step=2), "step is 2"),
        (lambda: cached_head(np.ones((2, 3)), *np.ones((3, 3, 2)), step=1, kept=np.ones((2, 2, 2))), "the kept k has"),
    ],
)
def test_what_cannot_be_is_told(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize(("T", "C", "h"), [(1, 3, 2), (2, 3, 4), (6, 4, 2)])
def test_the_trace_of_a_step_is_the_row_of_the_whole_head(T, C, h):
    e = example(T=T, C=C, head_size=h)
    whole, kept = head(e.x, e.Wq, e.Wk, e.Wv), (np.zeros((0, h)), np.zeros((0, h)))
    for step in range(T):
        trace = cached_head(e.x, e.Wq, e.Wk, e.Wv, step=step, kept=kept, tokens=e.tokens)
        kept = trace["k"].value, trace["v"].value
        assert_near(trace["weights"].value[0], whole["weights"].value[step, : step + 1], atol=1e-12)
        assert_near(trace["out"].value[0], whole["out"].value[step], atol=1e-12)


# -- sampling -------------------------------------------------------------------------------------


@quick
@given(rng=GENERATOR, size=st.integers(1, 9), p=st.floats(0.01, 1), k=st.integers(1, 10))
def test_filters_keep_what_plain_loops_keep(rng, size, p, k):
    logits = torch.tensor(rng.permutation(size) + rng.random(size) * 0.5)  # no two alike
    likeliest = sorted(range(size), key=lambda i: -logits[i])
    assert {*top_k(logits, k).isfinite().nonzero().flatten().tolist()} == {*likeliest[:k]}
    kept, total = [], 0.0
    for i in likeliest:
        if total < p:
            kept.append(i)
            total += logits.softmax(-1)[i].item()
    found = top_p(logits[None].expand(2, size), p)[1]
    assert {*found.isfinite().nonzero().flatten().tolist()} == {*kept}
    assert found[kept].equal(logits[kept])
    traced = trace_top_p(logits.tolist(), 0.7, p)["drawn_from"].value
    assert_near(traced, probabilities(logits[None], 0.7, p=p)[0], atol=1e-9)


def test_a_tie_is_cut_at_the_first_and_k_keeps_k():
    assert top_p(torch.zeros(4), 0.5).isfinite().tolist() == [True, True, False, False]
    assert top_k(torch.zeros(4), 3).isfinite().sum() == 3
    assert cooled(torch.zeros(4), 0).isfinite().tolist() == [True, False, False, False]


def test_the_penalty_falls_once_on_each_token_that_was_said():
    logits, ids = torch.tensor([[2.0, -1.0, 4.0], [2.0, -1.0, 4.0]]), torch.tensor([[0, 0], [1, 2]])
    assert penalized(logits, ids, 2.0).tolist() == [[1.0, -1.0, 4.0], [2.0, -2.0, 2.0]]
    found = probabilities(logits, 0.5, k=2, p=0.9, penalty=2.0, ids=ids)
    assert found[0].tolist() == [0, 0, 1] and found[1, 2] == found[1, 0] == 0.5
    assert draw(logits, 0).tolist() == [[2], [2]]


# -- speculation ----------------------------------------------------------------------------------


def chi_square(found, wanted):
    """The probability that counts differ from what is expected as much as these do, or more."""
    distance = ((found - wanted) ** 2 / wanted).sum()
    return torch.special.gammaincc(torch.tensor((len(found) - 1) / 2), torch.tensor(distance / 2)).item()


def rounds_of(target, draft, texts, count, K, chance):
    """Speculation on many texts of one token at once: (N, 1) -> (N, 1 + count). Rows that are long enough wait."""
    N, texts, lengths = len(texts), texts.repeat(1, count + K + 2), torch.ones(len(texts), dtype=torch.long)
    everybody = torch.arange(N)
    while (behind := everybody[lengths <= count]).numel():
        for length in lengths[behind].unique():
            rows = behind[lengths[behind] == length]
            ids, q = texts[rows, :length], []
            for _ in range(K):
                q.append(draft(ids)[:, -1].softmax(-1))
                ids = torch.cat([ids, torch.multinomial(q[-1], 1, generator=chance)], dim=1)
            p = target(ids)[:, -K - 1 :].softmax(-1)
            accepted, following = verify(ids[:, -K:], torch.stack(q, dim=1), p, chance)
            texts[rows, : length + K] = ids
            texts[rows, length + accepted] = following
            lengths[rows] += accepted + 1
    return texts[:, : count + 1]


@torch.no_grad()
def test_speculation_draws_from_the_targets_distribution():
    """Chi-square on 20,000 texts of two tokens, against the probability of each that the target itself gives it."""
    target, draft = MODELS["GPT"].eval(), MODELS["FastGPT"].eval()
    start, chance = torch.zeros(20_000, 1, dtype=torch.long), torch.Generator().manual_seed(1)
    found = rounds_of(target, draft, start, 2, 2, chance)[:, 1:]
    counts = torch.bincount(found[:, 0] * VOCABULARY + found[:, 1], minlength=VOCABULARY**2).numpy()
    first = target(start[:1])[0, -1].softmax(-1)  # (vocabulary)
    after = torch.tensor([[0, i] for i in range(VOCABULARY)])
    wanted = (first[:, None] * target(after)[:, -1].softmax(-1)).flatten().numpy()  # (vocabulary²)
    common = wanted * 20_000 >= 5  # the rule of thumb for the test; the rest count as one
    groups = [np.append(each[common], each[~common].sum()) for each in (counts, wanted * 20_000)]
    assert chi_square(*groups) > 0.01
    naive = first[:, None] * draft(after)[:, -1].softmax(-1)  # what taking every proposal would give instead
    wrong = np.append(naive.flatten().numpy()[common], naive.flatten().numpy()[~common].sum()) * 20_000
    assert chi_square(groups[0], wrong) < 1e-6
    MODELS["GPT"].train(), MODELS["FastGPT"].train()


@quick
@given(rng=GENERATOR, V=st.integers(2, 6))
def test_the_rule_gives_back_the_target_exactly(rng, V):
    """Summed over all proposals, in closed form: q · min(1, p/q) + P(refused) · residual = p."""
    p, q = (torch.tensor(rng.dirichlet(np.ones(V))) for _ in range(2))
    kept = torch.minimum(p, q)
    torch.testing.assert_close(kept + (1 - kept.sum()) * residual(p, q), p)
    assert residual(p, p).equal(p)


@pytest.mark.parametrize("guess", [1, 4])
def test_without_chance_the_text_is_the_targets_own(guess):
    start = torch.tensor([[3, 1]])
    for target in MODELS.values():
        for draft in MODELS.values():
            found = speculate(target, draft, start, CONTEXT - 2 - guess, guess=guess, temperature=0)
            assert found.ids.equal(target.generate(start, CONTEXT - 2 - guess, temperature=0))
        assert found.rounds <= found.ids.shape[1] and found.proposed == guess * found.rounds
    own = speculate(target, target, start, 4, guess=2)
    assert own.rate == 1 and own.rounds == 2  # two accepted and one more, twice


# -- what the notebook defines in the open ----------------------------------------------------------


@kept
def taught():
    """What some cells of notebook 15 define, by name."""
    sources = {cell.id: cell.source for cell in load(NOTEBOOKS / "15_generation_and_kv_cache.ipynb").cells}
    names = {}
    for one in ("imports", "read-attend", "read", "sampling", "top-k", "penalty"):
        exec(sources[one].partition("\nsaid =")[0], names)
    return names


def test_the_notebooks_cache_is_that_of_the_helpers():
    model, ids = MODELS["GPT"].eval(), torch.randint(VOCABULARY, (3, CONTEXT))
    rows = [[torch.zeros(3, 2, 0, 4).double()] * 2 for _ in model.blocks]
    with torch.no_grad():
        found = torch.cat([taught()["read"](model, ids[:, [t]], rows) for t in range(CONTEXT)], dim=1)
    torch.testing.assert_close(found, Cache(model, 3).read(ids), atol=1e-12, rtol=0)
    torch.testing.assert_close(found, model(ids).detach(), atol=1e-12, rtol=0)
    MODELS["GPT"].train()


def test_the_notebooks_filters_are_those_of_the_helpers():
    logits, said = torch.randn(20), torch.randint(20, (1, 5))
    assert taught()["top_k"](logits, 6).equal(top_k(logits, 6))
    mask = torch.zeros(20, dtype=torch.bool).scatter(0, said[0], True)
    assert taught()["penalized"](logits, mask, 1.7).equal(penalized(logits[None], said, 1.7)[0])
