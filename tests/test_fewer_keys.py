"""Fewer keys, latents, windows, slopes, states: each against torch's own function or a plain loop."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from helpers.attention import delta_rule, latent_keys, linear_attention, masks, shared_keys, sloped_head, window_head
from helpers.attention.longer import WAYS, sharper, stretched_speeds
from helpers.gpt.changed import changed, turned
from helpers.gpt.fast import FastAttention, FastGPT, rotate
from helpers.gpt.fewer_keys import FewerKeysGPT, LatentKeys, SharedKeys, slopes
from tests.near import assert_near
from tests.strategies import GENERATOR, SIZE

few = settings(deadline=None, max_examples=20)
HEADS = st.sampled_from([(1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (6, 2), (6, 3), (4, 4)])
BATCH = st.sampled_from([(), (2,)])


def close(mine, torches, atol=1e-12):
    assert_near(mine, torches, rtol=1e-9, atol=atol)


def tensors(*arrays):
    return [torch.from_numpy(array) for array in arrays]


# -- the traces -----------------------------------------------------------------------------------


@few
@given(rng=GENERATOR, T=SIZE, heads=HEADS, h=st.integers(1, 4), B=BATCH)
def test_shared_keys_are_grouped_query_attention(rng, T, heads, h, B):
    (n, m), C = heads, heads[0] * h
    x, Wq, Wk, Wv = (rng.normal(size=(*B, T, C)), rng.normal(size=(n, C, h)), *rng.normal(size=(2, m, C, h)))
    trace = shared_keys(x, Wq, Wk, Wv, Wo=rng.normal(size=(C, C)))
    q, k, v = (one[..., None, :, :] @ W for one, W in zip(tensors(x, x, x), tensors(Wq, Wk, Wv)))
    q, k, v = (one if B else one[None] for one in (q, k, v))
    expected = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    close(trace["out"].value.reshape(expected.shape), expected)
    close(trace["projected"].value, trace["concatenated"].value @ trace["Wo"].value)


@few
@given(rng=GENERATOR, T=SIZE, C=SIZE, n=st.integers(1, 3), h=st.integers(1, 4), latent=st.integers(1, 5), B=BATCH)
def test_absorbing_changes_nothing(rng, T, C, n, h, latent, B):
    x, Wq, Wdown = rng.normal(size=(*B, T, C)), rng.normal(size=(n, C, h)), rng.normal(size=(C, latent))
    Wk, Wv = rng.normal(size=(2, n, latent, h))
    made, absorbed = (latent_keys(x, Wq, Wdown, Wk, Wv, absorbed=one) for one in (False, True))
    q, k, v = (torch.from_numpy(x[..., None, :, :] @ W) for W in (Wq, Wdown @ Wk, Wdown @ Wv))
    expected = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    for trace in (made, absorbed):
        close(trace["out"].value, expected, atol=1e-10)
    close(made["scores"].value, absorbed["scores"].value, atol=1e-10)
    assert not {"k", "v"} & {step.name for step in absorbed}


@few
@given(rng=GENERATOR, T=SIZE, C=SIZE, h=SIZE, B=BATCH, window=st.integers(1, 10), sinks=st.integers(0, 3))
def test_windows_are_masks_of_torch(rng, T, C, h, B, window, sinks):
    x, W = rng.normal(size=(*B, T, C)), rng.normal(size=(3, C, h))
    allowed = [[s <= t and (t - s < window or s < sinks) for s in range(T)] for t in range(T)]
    q, k, v = (torch.from_numpy(x @ one) for one in W)
    expected = F.scaled_dot_product_attention(q, k, v, torch.tensor(allowed))
    close(window_head(x, *W, window=window, sinks=sinks)["out"].value, expected)
    assert masks.window(T, window, sinks).tolist() == allowed


@few
@given(rng=GENERATOR, T=SIZE, C=SIZE, h=SIZE, B=BATCH, slope=st.floats(0, 3))
def test_slopes_are_a_bias_of_torch(rng, T, C, h, B, slope):
    x, W = rng.normal(size=(*B, T, C)), rng.normal(size=(3, C, h))
    bias = torch.tensor([[-slope * (t - s) if s <= t else -math.inf for s in range(T)] for t in range(T)]).double()
    q, k, v = (torch.from_numpy(x @ one) for one in W)
    close(sloped_head(x, *W, slope=slope)["out"].value, F.scaled_dot_product_attention(q, k, v, bias), atol=1e-6)


@few
@given(rng=GENERATOR, T=SIZE, h=SIZE, e=SIZE, positive=st.booleans(), normalize=st.booleans())
def test_a_state_is_a_masked_product_without_softmax(rng, T, h, e, positive, normalize):
    q, k, v = rng.normal(size=(T, h)), rng.normal(size=(T, h)), rng.normal(size=(T, e))
    options = {"positive": positive, "normalize": normalize}
    by_state, by_scores = (linear_attention(q, k, v, by_state=one, **options) for one in (True, False))
    q, k, v = tensors(q, k, v)
    if positive:
        q, k = q.exp(), k.exp()
    scores = (q @ k.T).tril()
    total = scores.sum(-1, keepdim=True) if normalize else torch.ones(T, 1)
    if total.abs().min() > 1e-3:
        close(by_scores["out"].value, scores @ v / total, atol=1e-7)
        close(by_state["out"].value, scores @ v / total, atol=1e-7)
    state = torch.zeros(h, e).double()
    for t in range(T):
        state = state + torch.outer(k[t], v[t])
        close(by_state["state"].value[t], state)


@few
@given(rng=GENERATOR, T=st.integers(1, 5), h=SIZE, e=SIZE, gated=st.booleans(), shared=st.booleans())
def test_the_delta_rule_is_a_product_of_matrices(rng, T, h, e, gated, shared):
    """As the papers write it: the state is multiplied by decay · (1 - beta · k kᵀ), and beta · k vᵀ is added."""
    q, k, v = tensors(rng.normal(size=(T, h)), rng.normal(size=(T, h)), rng.normal(size=(T, e)))
    k = F.normalize(k, dim=-1)
    beta, decay = (torch.from_numpy(rng.random(T)) if one else float(rng.random()) for one in (shared, gated))
    trace = delta_rule(q, k, v, beta, decay)
    state = torch.zeros(h, e).double()
    for t in range(T):
        part, left = (one if isinstance(one, float) else one[t] for one in (beta, decay))
        erase = left * (torch.eye(h).double() - part * torch.outer(k[t], k[t]))  # (h, h)
        close(trace["state_before"].value[t], state)
        state = erase @ state + part * torch.outer(k[t], v[t])
        close(trace["state"].value[t], state)
        close(trace["out"].value[t], q[t] @ state)


def test_the_delta_rule_gives_back_what_was_written_last():
    k = np.eye(3)[[0, 1, 0]]
    trace = delta_rule(k, k, [[1.0], [2.0], [5.0]])
    assert trace["out"].value.tolist() == [[1.0], [2.0], [5.0]]
    assert trace["state"].value[2].tolist() == [[5.0], [2.0], [0.0]]
    assert trace["state_before"].value.tolist() == [[[0.0]] * 3, *trace["state"].value[:-1].tolist()]
    read = "k[2,0]·state_before[2,0,0] + k[2,1]·state_before[2,1,0] + k[2,2]·state_before[2,2,0]"
    assert trace.why("stored", 2, 0) == f"stored[2,0] = {read} = 1·1 + 0·2 + 0·0 = 1"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shared_keys(np.ones((2, 3)), *[np.ones((n, 3, 1)) for n in (3, 2, 2)]), "Wq has 3 heads"),
        (lambda: window_head(np.ones((2, 3)), *np.ones((3, 3, 1)), window=0), "window"),
        (lambda: window_head(np.ones((2, 3)), *np.ones((3, 3, 1)), sinks=-1), "sinks"),
        (lambda: sloped_head(np.ones((2, 3)), *np.ones((3, 3, 1)), slope=-1), "slope is -1"),
        (lambda: linear_attention([1.0], [1.0], [1.0]), "q has shape"),
        (lambda: stretched_speeds(4, 2, "longer"), "way is 'longer'"),
        (lambda: stretched_speeds(4, 0.5), "factor is 0.5"),
        (lambda: SharedKeys(8, 4, 3), "heads is 4 and key_heads is 3"),
        (lambda: LatentKeys(8, 2, 3, 3), "turned is 3"),
        (lambda: changed(FewerKeysGPT), "wanted a FastGPT"),
    ],
)
def test_what_cannot_be_is_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# -- longer texts ---------------------------------------------------------------------------------


@few
@given(half=st.integers(2, 8), factor=st.floats(1, 16), base=st.floats(10, 20_000), context=st.integers(16, 4096))
def test_stretched_speeds_are_those_of_the_papers(half, factor, base, context):
    h = 2 * half
    found = {way: stretched_speeds(h, factor, way, base=base, context=context) for way in WAYS}
    for i in range(half):
        speed = base ** (-2 * i / h)
        turns = context * speed / (2 * math.pi)
        kept = 0 if turns < 1 else 1 if turns > 32 else (turns - 1) / 31
        wanted = [
            speed,
            speed / factor,
            (base * factor ** (h / (h - 2))) ** (-2 * i / h),
            (1 - kept) * speed / factor + kept * speed,
        ]
        close([found[way][i] for way in WAYS], wanted)
    assert sharper(1) == 1
    close(found["NTK-aware"][[0, -1]], [1, found["interpolated"][-1]])


# -- the models -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key_heads", [1, 2, 4])
def test_the_gpt_shares_as_torch_does(key_heads):
    torch.manual_seed(key_heads)
    attention, x = SharedKeys(24, 4, key_heads).double(), torch.randn(2, 7, 24).double()
    q = rotate(attention.split(attention.query(x)))
    k, v = (W(x).unflatten(-1, (key_heads, -1)).transpose(1, 2) for W in (attention.key, attention.value))
    out = F.scaled_dot_product_attention(q, rotate(k), v, is_causal=True, enable_gqa=True, scale=attention.scale)
    close(attention(x).detach(), attention.projection(out.transpose(1, 2).flatten(2)).detach())
    assert attention.cache_numbers(7) == (k.numel() + v.numel()) // 2
    if key_heads == 4:
        fast = FastAttention(24, 4, normalize=False).double()
        fast.load_state_dict(attention.state_dict())
        close(fast(x).detach(), attention(x).detach())


def test_the_gpt_absorbs_its_latent():
    torch.manual_seed(0)
    attention, x = LatentKeys(24, 4, 7, 4).double(), torch.randn(2, 9, 24).double()
    close(attention(x).detach(), attention.absorbed(x).detach())
    assert attention.cache_numbers(9) == sum(one.numel() for one in attention.kept(x)) // 2


def test_windows_and_slopes_of_the_gpt():
    torch.manual_seed(1)
    x = torch.randn(1, 9, 8).double()
    window = SharedKeys(8, 2, window=3, sinks=1).double()
    q, k = window.queries_and_keys(x)
    out = window.weights(q, k).masked_fill(~torch.from_numpy(masks.window(9, 3, 1)), 0)
    out = out / out.sum(-1, keepdim=True) @ window.shared(window.value(x))
    close(window(x).detach(), window.projection(out.transpose(1, 2).flatten(2)).detach())
    assert window.cache_numbers(9) == 4 * 16
    sloped = SharedKeys(8, 2, sloped=True).double()
    assert [sloped.mask(4)[n, 3, 1].item() for n in range(2)] == (-2 * slopes(2)).tolist()
    assert slopes(8)[0] == 0.5


def test_a_changed_model_is_the_old_one_until_something_is_changed():
    torch.manual_seed(2)
    model = FastGPT(5, context=8, C=8, heads=2, layers=2, zero=False).double()
    ids = torch.randint(5, (2, 8))
    close(changed(model)(ids).detach(), model(ids).detach())
    close(changed(model, window=8)(ids).detach(), model(ids).detach())
    assert (changed(model, window=2)(ids) - model(ids)).abs().max() > 1e-3
    x = torch.randn(1, 1, 5, 4).double()
    close(turned(x, torch.tensor(stretched_speeds(4, 1))), rotate(x))
    slow = changed(model, factor=2, way="interpolated")
    assert slow.context == 16
    every_other = turned(x.repeat_interleave(2, dim=2), torch.tensor(stretched_speeds(4, 2, "interpolated")))
    close(every_other[:, :, ::2], rotate(x))  # position 2i of the stretched is position i of the trained


@pytest.mark.parametrize("options", [{"key_heads": 1}, {"latent": 3, "turned": 2}, {"window": 3}, {"sloped": True}])
def test_each_variant_learns(options):
    torch.manual_seed(0)
    model, losses = FewerKeysGPT(3, context=8, C=8, heads=2, layers=1, **options), []
    ids = torch.tensor([[0, 1, 2] * 3, [1, 2, 0] * 3])  # (B=2, T+1=9)
    for _ in range(30):
        loss = model.loss(ids)
        losses.append(loss.item())
        for weight, slope in zip(model.parameters(), torch.autograd.grad(loss, [*model.parameters()])):
            weight.data -= 0.3 * slope
    assert losses[-1] < 0.3 * losses[0]
