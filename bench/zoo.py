"""Attention by other hands: tiny models of packages, one layer each, with random weights; nothing is fetched.

``ZOO`` has a factory for each: it returns a module, and the inputs by name that it is called with. Sizes differ where a
model allows it: B=2, T=5, C=12, head_size 4, 3 heads; where keys are shared, 6 heads read 3 keys. The packages are in
requirements-bench.txt.
"""

import os

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
import x_transformers
from linear_attention_transformer import linear_attention_transformer
from local_attention import LocalAttention
from transformers import AutoConfig, AutoModel

transformers.logging.set_verbosity_error()

B, T, S, C, HEADS, HEAD_SIZE, WORDS, WIDER, LONGEST = 2, 5, 7, 12, 3, 4, 19, 17, 23

# Configurations call one size by many names: each takes those that it knows.
SIZES = {
    **dict.fromkeys(["hidden_size", "n_embd", "d_model", "dim", "embedding_size", "word_embed_proj_dim"], C),
    **dict.fromkeys(["num_attention_heads", "n_head", "n_heads", "num_heads", "num_key_value_heads"], HEADS),
    **dict.fromkeys(["encoder_attention_heads", "decoder_attention_heads"], HEADS),
    **dict.fromkeys(["head_dim", "d_kv", "attention_head_size"], HEAD_SIZE),
    **dict.fromkeys(["num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_decoder_layers"], 1),
    **dict.fromkeys(["encoder_layers", "decoder_layers"], 1),
    **dict.fromkeys(["intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size", "hidden_dim", "d_ff", "dff"], WIDER),
    **dict.fromkeys(["encoder_ffn_dim", "decoder_ffn_dim", "d_inner", "feed_forward_size"], WIDER),
    **dict.fromkeys(["max_position_embeddings", "n_positions"], LONGEST),
    "vocab_size": WORDS,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 1,
}
GROUPED = {"num_attention_heads": 2 * HEADS, "num_key_value_heads": HEADS}
EXPERTS = {"num_local_experts": 4, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 11}
LATENT = {
    "num_key_value_heads": HEADS,
    "q_lora_rank": 7,
    "kv_lora_rank": 9,
    "qk_rope_head_dim": 2,
    "qk_nope_head_dim": 4,
    "v_head_dim": 3,
    "head_dim": 2,
    "first_k_dense_replace": 1,
}
DISENTANGLED = {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}


def words(text):
    return text.split()


def of_transformers(kind, attention="eager", **more):
    """One of the models of transformers, and the ids that it reads. attention: "eager" or "sdpa"."""
    known = AutoConfig.for_model(kind)
    known = {*known.to_dict(), *known.attribute_map}
    config = AutoConfig.for_model(kind, **{name: size for name, size in SIZES.items() if name in known} | more)
    experts = {"experts_implementation": "eager"} if "num_experts_per_tok" in more else {}
    model = AutoModel.from_config(config, attn_implementation=attention, **experts)
    inputs = {"input_ids": torch.randint(2, WORDS, (B, T))}
    if config.is_encoder_decoder:
        inputs["decoder_input_ids"] = torch.randint(2, WORDS, (B, T - 1))
    return model, inputs


def of_x_transformers(kind=x_transformers.Decoder, cross=False, **more):
    """One layer of x-transformers, and the x that it reads; with ``cross`` a context too."""
    more = {"heads": HEADS, "attn_dim_head": HEAD_SIZE, **more}
    model = kind(dim=C, depth=1, cross_attend=cross, ff_mult=2, **more)
    return model, {"x": torch.randn(B, T, C), **({"context": torch.randn(B, S, C)} if cross else {})}


def linear_attention(causal):
    model = linear_attention_transformer.SelfAttention(C, HEADS, causal, dim_head=HEAD_SIZE)
    return model, {"x": torch.randn(B, T, C)}


def local_attention(causal):
    """It takes q, k and v, in windows of 4 tokens, of which the last is filled up."""
    model = LocalAttention(dim=HEAD_SIZE, window_size=4, causal=causal, look_forward=0 if causal else 1, autopad=True)
    return model, {name: torch.randn(B, HEADS, T, HEAD_SIZE) for name in "qkv"}


PLAIN = """
    gpt2 llama bert roberta electra albert distilbert megatron-bert mistral qwen2 qwen3 gemma gemma2 gemma3_text phi
    phi3 gpt_neox gptj gpt_neo codegen gpt_bigcode openai-gpt t5 bart pegasus m2m_100 falcon bloom mpt opt xglm biogpt
    olmo2 cohere granite stablelm starcoder2 glm4 smollm3 nemotron persimmon modernbert eurobert roformer esm big_bird
    nystromformer longformer convbert xlnet ctrl xlm clip_text_model fnet mamba
"""
FUSED = "gpt2 llama bert mistral gemma phi gpt_neox bart falcon opt qwen3 modernbert t5"
SHARED_KEYS = "llama mistral qwen2 qwen3 gemma gemma2 gemma3_text phi3 cohere granite smollm3"
OPTIONS = {
    **dict.fromkeys(words(SHARED_KEYS), GROUPED),
    "gptj": {"rotary_dim": 2},
    "codegen": {"rotary_dim": 2},
    "gpt_neo": {"attention_types": [[["local"], 1]], "window_size": 3},
    "longformer": {"attention_window": 4},
    "falcon": {"alibi": True},
    "big_bird": {"attention_type": "original_full"},
}


def joined(*names_and_options):
    """Several sets of options as one."""
    return {name: value for one in names_and_options for name, value in one.items()}


ZOO = {
    **{name: (of_transformers, (name,), OPTIONS.get(name, {})) for name in words(PLAIN)},
    **{f"{name}, sdpa": (of_transformers, (name, "sdpa"), OPTIONS.get(name, {})) for name in words(FUSED)},
    "gpt_neo, global": (of_transformers, ("gpt_neo",), {"attention_types": [[["global"], 1]]}),
    "mixtral": (of_transformers, ("mixtral",), joined(GROUPED, EXPERTS)),
    "qwen3_moe": (of_transformers, ("qwen3_moe",), joined(GROUPED, EXPERTS)),
    "gpt_oss": (of_transformers, ("gpt_oss",), joined(GROUPED, EXPERTS)),
    "deepseek_v3": (of_transformers, ("deepseek_v3",), LATENT),
    "diffllama": (of_transformers, ("diffllama",), {"num_attention_heads": 6, "num_key_value_heads": 2}),
    "deberta": (of_transformers, ("deberta",), DISENTANGLED),
    "deberta-v2": (of_transformers, ("deberta-v2",), joined(DISENTANGLED, {"position_buckets": 4})),
    "x: decoder": (of_x_transformers, (), {}),
    "x: encoder": (of_x_transformers, (x_transformers.Encoder,), {}),
    "x: flash": (of_x_transformers, (), {"attn_flash": True}),
    "x: rotary": (of_x_transformers, (), {"rotary_pos_emb": True, "rotary_emb_dim": 4}),
    "x: ALiBi": (of_x_transformers, (), {"alibi_pos_bias": True}),
    "x: relative positions": (of_x_transformers, (), {"rel_pos_bias": True}),
    "x: talking heads": (of_x_transformers, (), {"attn_pre_talking_heads": True, "attn_post_talking_heads": True}),
    "x: normalized q and k": (of_x_transformers, (), {"attn_qk_norm": True}),
    "x: grouped keys": (of_x_transformers, (), {"heads": 6, "attn_kv_heads": 3}),
    "x: one key": (of_x_transformers, (), {"attn_one_kv_head": True}),
    "x: memories": (of_x_transformers, (), {"attn_num_mem_kv": 2}),
    "x: largest scores only": (of_x_transformers, (), {"attn_sparse_topk": 2}),
    "x: gated values": (of_x_transformers, (), {"attn_gate_values": True, "ff_glu": True, "ff_swish": True}),
    "x: attention on attention": (of_x_transformers, (), {"attn_on_attn": True}),
    "x: cross attention": (of_x_transformers, (), {"cross": True}),
    "x: soft clamp, RMSNorm": (of_x_transformers, (), {"softclamp_output": True, "use_rmsnorm": True}),
    "linear attention": (linear_attention, (False,), {}),
    "linear attention, causal": (linear_attention, (True,), {}),
    "local attention": (local_attention, (False,), {}),
    "local attention, causal": (local_attention, (True,), {}),
}


def made(name, seed=0):
    """A model of the zoo, ready to be called, and its inputs: ``module(**inputs)``. Seeded weights, none is 0."""
    torch.manual_seed(seed)
    factory, places, options = ZOO[name]
    module, inputs = factory(*places, **options)
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(torch.randn_like(weight) * 0.2)
    return module.eval(), inputs
