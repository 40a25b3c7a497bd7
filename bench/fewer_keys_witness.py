"""Latent attention and the gated delta rule against implementations by other hands, those of ``transformers``.

    python -m pip install -r requirements-bench.txt
    PYTHONPATH=. python -m bench.fewer_keys_witness

Prints the largest differences, over random sizes, and ends with an error where one is not small. The weights are the
course's own, put where the other module looks for them; no weights are fetched. (``transformers`` turns positions in
float32.)
"""

import numpy as np
import torch
from transformers.models.deepseek_v2.configuration_deepseek_v2 import DeepseekV2Config
from transformers.models.deepseek_v2.modeling_deepseek_v2 import DeepseekV2Attention
from transformers.models.qwen3_next.modeling_qwen3_next import torch_recurrent_gated_delta_rule

from helpers.attention import delta_rule
from helpers.gpt.fast import BASE
from helpers.gpt.fewer_keys import LatentKeys

CASES, SMALL = 20, 1e-5


def theirs(ours, C):
    """DeepSeek-V2's attention with the weights of a ``LatentKeys``."""
    n, h, turned = ours.heads, ours.head_size, ours.turned
    config = DeepseekV2Config(
        hidden_size=C,
        num_attention_heads=n,
        num_key_value_heads=n,
        q_lora_rank=None,
        kv_lora_rank=ours.latent,
        qk_nope_head_dim=h,
        qk_rope_head_dim=turned,
        v_head_dim=h,
        attn_implementation="eager",
    )
    found = DeepseekV2Attention(config, layer_idx=0).double().eval()
    found.kv_a_layernorm.variance_epsilon = torch.finfo(torch.float64).eps  # as ``norm`` of the course has it
    # Pairs of channels that are turned stand side by side there, half a head apart here.
    pairs = torch.arange(turned).view(2, -1).T.flatten()  # (2, turned/2) -> (turned/2, 2) -> (turned,)
    by_content, by_position = ours.query.weight.view(n, h, C), ours.query_turned.weight.view(n, turned, C)
    up = [W.weight.view(n, h, ours.latent) for W in (ours.key, ours.value)]
    with torch.no_grad():
        found.q_proj.weight.copy_(torch.cat([by_content, by_position[:, pairs]], 1).flatten(0, 1))
        found.kv_a_proj_with_mqa.weight.copy_(torch.cat([ours.compress.weight, ours.key_turned.weight[pairs]]))
        found.kv_b_proj.weight.copy_(torch.cat(up, 1).flatten(0, 1))
        found.o_proj.weight.copy_(ours.projection.weight)
    return found


@torch.no_grad()
def latent(rng):
    """Ours, keys made and absorbed, against DeepSeek-V2's: the largest difference."""
    n, h, length, half, T = (int(rng.integers(1, most)) for most in (5, 7, 9, 4, 12))
    C, turned = n * h, 2 * half
    torch.manual_seed(int(rng.integers(10**6)))
    ours, x = LatentKeys(C, n, length, turned).double(), torch.randn(2, T, C).double()
    speeds = BASE ** -(torch.arange(half).double() / half)
    angles = torch.arange(T).double()[:, None] * speeds  # (T, turned/2)
    future = torch.full((1, 1, T, T), float("-inf")).triu(1).double()
    other, _ = theirs(ours, C)(x, future, position_embeddings=torch.polar(torch.ones_like(angles), angles)[None])
    return max((other - made).abs().max().item() for made in (ours(x), ours.absorbed(x)))


def delta(rng):
    """The gated delta rule against that of Qwen3-Next: the largest difference of out."""
    T, h, e = (int(rng.integers(1, most)) for most in (9, 6, 6))
    q, k, v, beta, decay = (
        rng.normal(size=(T, h)),
        rng.normal(size=(T, h)),
        rng.normal(size=(T, e)),
        *rng.random((2, T)),
    )
    k = k / np.linalg.norm(k, axis=1, keepdims=True)
    ours = delta_rule(q, k, v, beta, decay)["out"].value
    one, two = ([torch.tensor(a).float()[None, :, None] for a in pair] for pair in ((q, k, v), (np.log(decay), beta)))
    other, _ = torch_recurrent_gated_delta_rule(*one, *two, None, False)  # (B=1, T, heads=1, …); it divides q by √h
    return abs(other[0, :, 0].numpy() * h**0.5 - ours).max()


def main():
    rng = np.random.default_rng(0)
    for name, compared in [("latent attention, DeepSeek-V2", latent), ("gated delta rule, Qwen3-Next", delta)]:
        worst = max(compared(rng) for _ in range(CASES))
        print(f"{name}: largest difference over {CASES} random sizes {worst:.1e}")
        if worst > SMALL:
            raise SystemExit(f"wanted less than {SMALL:.0e}.")


if __name__ == "__main__":
    main()
