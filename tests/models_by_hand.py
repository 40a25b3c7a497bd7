"""Attention as seven hands write it, for tests: what learners bring from a lecture, from small GPTs, from a book.

``MODELS`` has a factory for each, from sizes to a module with random weights and its inputs. Where no
other ``Sizes`` are wanted all differ, so that no axis can be taken for another.
"""

# ruff: noqa: RET504, RUF059 - names that are not needed stand in the code of others too, and are what is seen

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

# -- as in the lecture: a head at a time ------------------------------------------------------------


class Head(nn.Module):
    """One head of self-attention, with a triangle for as many tokens as there may ever be."""

    def __init__(self, width, head_size, longest, dropout=0.1):
        super().__init__()
        self.key = nn.Linear(width, head_size, bias=False)
        self.query = nn.Linear(width, head_size, bias=False)
        self.value = nn.Linear(width, head_size, bias=False)
        self.register_buffer("tril", torch.tril(torch.ones(longest, longest)))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        B, T, C = x.shape
        k = self.key(x)
        q = self.query(x)
        wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
        wei = wei.masked_fill(self.tril[:T, :T] == 0, float("-inf"))
        wei = F.softmax(wei, dim=-1)
        wei = self.dropout(wei)
        v = self.value(x)
        out = wei @ v
        return out


class MultiHeadAttention(nn.Module):
    """Heads side by side, and a projection back."""

    def __init__(self, width, heads, head_size, longest):
        super().__init__()
        self.heads = nn.ModuleList([Head(width, head_size, longest) for _ in range(heads)])
        self.proj = nn.Linear(heads * head_size, width)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        out = torch.cat([head(x) for head in self.heads], dim=-1)
        return self.dropout(self.proj(out))


class FeedForward(nn.Module):
    """Each token on its own: wider, cut at zero, and back."""

    def __init__(self, width, wider):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(width, wider), nn.ReLU(), nn.Linear(wider, width), nn.Dropout(0.1))

    def forward(self, x):
        return self.net(x)


class Block(nn.Module):
    """Tokens talk, then each thinks."""

    def __init__(self, width, heads, longest, wider):
        super().__init__()
        self.sa = MultiHeadAttention(width, heads, width // heads, longest)
        self.ffwd = FeedForward(width, wider)
        self.ln1 = nn.LayerNorm(width)
        self.ln2 = nn.LayerNorm(width)

    def forward(self, x):
        x = x + self.sa(self.ln1(x))
        x = x + self.ffwd(self.ln2(x))
        return x


# -- as in small GPTs: q, k and v from one matrix ---------------------------------------------------


class FusedAttention(nn.Module):
    """All heads at once, split from one product; by PyTorch's own function, or step by step."""

    def __init__(self, width, heads, longest, flash):
        super().__init__()
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)
        self.attn_dropout, self.resid_dropout = nn.Dropout(0.1), nn.Dropout(0.1)
        self.n_head, self.n_embd, self.flash = heads, width, flash
        if not flash:
            self.register_buffer("bias", torch.tril(torch.ones(longest, longest)).view(1, 1, longest, longest))

    def forward(self, x):
        B, T, C = x.size()
        q, k, v = self.c_attn(x).split(self.n_embd, dim=2)
        k = k.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        q = q.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        v = v.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        if self.flash:
            dropout = 0.1 if self.training else 0
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=None, dropout_p=dropout, is_causal=True)
        else:
            att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
            att = att.masked_fill(self.bias[:, :, :T, :T] == 0, float("-inf"))
            att = F.softmax(att, dim=-1)
            att = self.attn_dropout(att)
            y = att @ v
        y = y.transpose(1, 2).contiguous().view(B, T, C)
        y = self.resid_dropout(self.c_proj(y))
        return y


class GELUFeedForward(nn.Module):
    """The feed-forward part of a small GPT, with PyTorch's GELU."""

    def __init__(self, width, wider):
        super().__init__()
        self.c_fc = nn.Linear(width, wider)
        self.gelu = nn.GELU()
        self.c_proj = nn.Linear(wider, width)

    def forward(self, x):
        x = self.c_fc(x)
        x = self.gelu(x)
        x = self.c_proj(x)
        return x


class TanhGELU(nn.Module):
    """GELU by a formula with tanh, in one line."""

    def forward(self, x):
        return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


class SeparateAttention(nn.Module):
    """Three matrices, each split into heads, and the heads joined again."""

    def __init__(self, width, heads, longest):
        super().__init__()
        self.key, self.query, self.value = (nn.Linear(width, width) for _ in range(3))
        self.proj = nn.Linear(width, width)
        self.register_buffer("mask", torch.tril(torch.ones(longest, longest))[None, None])
        self.n_head = heads

    def forward(self, x, layer_past=None):
        B, T, C = x.size()
        k = self.key(x).view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        q = self.query(x).view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        v = self.value(x).view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.mask[:, :, :T, :T] == 0, float("-inf"))
        att = F.softmax(att, dim=-1)
        y = att @ v
        y = y.transpose(1, 2).contiguous().view(B, T, C)
        return self.proj(y)


class ModuleDictBlock(nn.Module):
    """A block whose feed-forward part is a dictionary of modules and a lambda."""

    def __init__(self, width, heads, longest, wider):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = SeparateAttention(width, heads, longest)
        self.mlp = nn.ModuleDict(
            {
                "c_fc": nn.Linear(width, 17),
                "act": TanhGELU(),
                "c_proj": nn.Linear(17, width),
                "dropout": nn.Dropout(0.1),
            }
        )
        m = self.mlp
        self.mlpf = lambda x: m.c_proj(m.act(m.c_fc(x)))

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        x = x + self.mlpf(self.ln_2(x))
        return x


# -- as in a book's chapter: names in full, a mask that is filled in place --------------------------


class CausalAttention(nn.Module):
    """One head whose scores are masked in place."""

    def __init__(self, d_in, d_out, context_length, dropout=0.5):
        super().__init__()
        self.W_query, self.W_key, self.W_value = (nn.Linear(d_in, d_out, bias=False) for _ in range(3))
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("mask", torch.triu(torch.ones(context_length, context_length), diagonal=1))

    def forward(self, x):
        b, num_tokens, d_in = x.shape
        keys = self.W_key(x)
        queries = self.W_query(x)
        values = self.W_value(x)
        attn_scores = queries @ keys.transpose(1, 2)
        attn_scores.masked_fill_(self.mask.bool()[:num_tokens, :num_tokens], -torch.inf)
        attn_weights = torch.softmax(attn_scores / keys.shape[-1] ** 0.5, dim=-1)
        attn_weights = self.dropout(attn_weights)
        context_vec = attn_weights @ values
        return context_vec


class SplitHeads(nn.Module):
    """Heads by splitting the last axis, an output projection at the end."""

    def __init__(self, d_in, d_out, context_length, num_heads):
        super().__init__()
        self.d_out, self.num_heads, self.head_dim = d_out, num_heads, d_out // num_heads
        self.W_query, self.W_key, self.W_value = (nn.Linear(d_in, d_out) for _ in range(3))
        self.out_proj = nn.Linear(d_out, d_out)
        self.dropout = nn.Dropout(0.5)
        self.register_buffer("mask", torch.triu(torch.ones(context_length, context_length), diagonal=1))

    def forward(self, x):
        b, num_tokens, d_in = x.shape
        keys = self.W_key(x).view(b, num_tokens, self.num_heads, self.head_dim)
        queries = self.W_query(x).view(b, num_tokens, self.num_heads, self.head_dim)
        values = self.W_value(x).view(b, num_tokens, self.num_heads, self.head_dim)
        keys = keys.transpose(1, 2)
        queries = queries.transpose(1, 2)
        values = values.transpose(1, 2)
        attn_scores = queries @ keys.transpose(2, 3)
        mask_bool = self.mask.bool()[:num_tokens, :num_tokens]
        attn_scores.masked_fill_(mask_bool, -torch.inf)
        attn_weights = torch.softmax(attn_scores / keys.shape[-1] ** 0.5, dim=-1)
        attn_weights = self.dropout(attn_weights)
        context_vec = (attn_weights @ values).transpose(1, 2)
        context_vec = context_vec.contiguous().view(b, num_tokens, self.d_out)
        context_vec = self.out_proj(context_vec)
        return context_vec


# -- as in an annotated paper: a function, and queries that may come from elsewhere -----------------


def attention(query, key, value, mask=None, dropout=None):
    """Scaled dot-product attention. Returns what is passed on, and the weights."""
    d_k = query.size(-1)
    scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(d_k)
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    p_attn = scores.softmax(dim=-1)
    if dropout is not None:
        p_attn = dropout(p_attn)
    return torch.matmul(p_attn, value), p_attn


class MultiHeadedAttention(nn.Module):
    """Four matrices in a list; the first three make query, key and value in one comprehension."""

    def __init__(self, h, d_model):
        super().__init__()
        self.d_k, self.h = d_model // h, h
        self.linears = nn.ModuleList([nn.Linear(d_model, d_model) for _ in range(4)])
        self.attn = None
        self.dropout = nn.Dropout(p=0.1)

    def forward(self, query, key, value, mask=None):
        if mask is not None:
            mask = mask.unsqueeze(1)
        nbatches = query.size(0)
        query, key, value = [
            lin(x).view(nbatches, -1, self.h, self.d_k).transpose(1, 2)
            for lin, x in zip(self.linears, (query, key, value))
        ]
        x, self.attn = attention(query, key, value, mask=mask, dropout=self.dropout)
        x = x.transpose(1, 2).contiguous().view(nbatches, -1, self.h * self.d_k)
        return self.linears[-1](x)


class HandMadeNorm(nn.Module):
    """LayerNorm by its formula, with the standard deviation of a sample, as in the annotated paper."""

    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.a_2, self.b_2 = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))
        self.eps = eps

    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        std = x.std(-1, keepdim=True)
        return self.a_2 * (x - mean) / (std + self.eps) + self.b_2


# -- as in one long forward: a whole block without a function of its own ----------------------------


class LongBlock(nn.Module):
    """A block in one function, in paragraphs: gated attention with a bias of positions and values of the past."""

    def __init__(self, width, heads, longest):
        super().__init__()
        self.norm = nn.Parameter(torch.ones(width))
        self.qkv, self.gate, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width), nn.Linear(width, width)
        self.up, self.side, self.down = nn.Linear(width, 17), nn.Linear(width, 17), nn.Linear(17, width)
        self.positions = nn.Parameter(torch.zeros(heads, longest, longest))
        self.decay, self.heads = nn.Parameter(torch.zeros(heads)), heads

    def forward(self, x):
        B, T, C = x.shape

        # Normalize: a length of 1 on average (RMSNorm).
        square = (x * x).mean(-1, keepdim=True)
        normal = x * torch.rsqrt(square + 1e-6) * self.norm

        # ---- queries, keys and values ----
        # fmt: off, which a tool reads, and nobody else
        q, k, v = self.qkv(normal).chunk(3, dim=-1)
        q = q.view(B, T, self.heads, -1).transpose(1, 2)  # (B, heads, T, h)
        k = k.view(B, T, self.heads, -1).transpose(1, 2)
        v = v.view(B, T, self.heads, -1).transpose(1, 2)

        # (B, heads, T, T)
        scores = q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5
        scores = scores + self.positions[:, :T, :T]
        scores = scores.masked_fill(torch.ones(T, T).triu(1).bool(), float("-inf"))
        weights = scores.softmax(-1)
        heads = weights @ v

        # A mean of the values so far, which fades
        fade = torch.sigmoid(self.decay)[:, None]
        state = v[:, :, 0]
        past = [state]
        for t in range(1, T):
            state = fade * state
            state = state + (1 - fade) * v[:, :, t]
            past.append(state)
        heads = heads + torch.stack(past, dim=2)

        joined = heads.transpose(1, 2).reshape(B, T, C)
        gate = torch.sigmoid(self.gate(normal))
        x = x + self.out(gate * joined)
        hidden = F.silu(self.side(x)) * self.up(x)
        x = x + self.down(hidden)
        return x


def without_a_break(q, k, v):
    """Attention with all that was ever added to it, in one run of statements."""
    scores = q @ k.transpose(-2, -1)
    scaled = scores * q.shape[-1] ** -0.5
    capped = 30 * torch.tanh(scaled / 30)
    sharper = capped * 1.5
    weights = sharper.softmax(-1)
    kept = weights.clamp(min=0.05)
    total = kept.sum(-1, keepdim=True)
    shares = kept / total
    mixed = shares @ v
    mean = mixed.mean(-1, keepdim=True)
    centered = mixed - mean
    square = centered * centered
    variance = square.mean(-1, keepdim=True)
    normal = centered * torch.rsqrt(variance + 1e-5)
    gate = torch.sigmoid(normal)
    return gate * normal


# -- factories --------------------------------------------------------------------------------------


class Sizes(NamedTuple):
    """Of a model and its inputs: S is the length of another text, longest that of the longest one."""

    B: int = 2
    T: int = 5
    S: int = 7
    heads: int = 3
    head_size: int = 4
    wider: int = 17

    @property
    def C(self):
        return self.heads * self.head_size

    @property
    def longest(self):
        return self.T + 3


def x(s):
    return {"x": torch.randn(s.B, s.T, s.C)}


def three(s):
    """Queries from one text, keys and values from another."""
    return {"query": torch.randn(s.B, s.T, s.C), **dict.fromkeys(("key", "value"), torch.randn(s.B, s.S, s.C))}


def one_as_three(s, *shape):
    return dict.fromkeys(("query", "key", "value"), torch.randn(*shape, s.C))


def split(inputs, s, names=("query", "key", "value")):
    heads = (one.unflatten(2, (s.heads, s.head_size)).transpose(1, 2) for one in inputs.values())
    return dict(zip(names, heads))


def past(s):
    return torch.ones(s.T, s.T).tril().bool()


ALL_DIFFERENT = Sizes()
MODELS = {
    "lecture: Head": lambda s: (Head(s.C, s.head_size, s.longest), x(s)),
    "lecture: MultiHeadAttention": lambda s: (MultiHeadAttention(s.C, s.heads, s.head_size, s.longest), x(s)),
    "lecture: FeedForward": lambda s: (FeedForward(s.C, s.wider), x(s)),
    "lecture: Block": lambda s: (Block(s.C, s.heads, s.longest, s.wider), x(s)),
    "small GPT: attention, flash": lambda s: (FusedAttention(s.C, s.heads, s.longest, flash=True), x(s)),
    "small GPT: attention, step by step": lambda s: (FusedAttention(s.C, s.heads, s.longest, flash=False), x(s)),
    "small GPT: MLP": lambda s: (GELUFeedForward(s.C, s.wider), x(s)),
    "smaller GPT: attention": lambda s: (SeparateAttention(s.C, s.heads, s.longest), x(s)),
    "smaller GPT: Block": lambda s: (ModuleDictBlock(s.C, s.heads, s.longest, s.wider), x(s)),
    "book: CausalAttention": lambda s: (CausalAttention(s.C, s.head_size, s.longest), x(s)),
    "book: MultiHeadAttention": lambda s: (SplitHeads(s.C, s.C, s.longest, s.heads), x(s)),
    "annotated: attention": lambda s: (attention, split(three(s), s)),
    "annotated: MultiHeadedAttention": lambda s: (MultiHeadedAttention(s.heads, s.C), three(s)),
    "annotated: MultiHeadedAttention, masked": lambda s: (
        MultiHeadedAttention(s.heads, s.C),
        {**one_as_three(s, s.B, s.T), "mask": past(s)[None]},
    ),
    "annotated: LayerNorm": lambda s: (HandMadeNorm(s.C), x(s)),
    "long: block in paragraphs": lambda s: (LongBlock(s.C, s.heads, s.longest), x(s)),
    "long: without a break": lambda s: (without_a_break, split(three(s), s, "qkv")),
    "nn.MultiheadAttention": lambda s: (nn.MultiheadAttention(s.C, s.heads, batch_first=True), three(s)),
    "nn.MultiheadAttention, masked": lambda s: (
        nn.MultiheadAttention(s.C, s.heads, dropout=0.1),
        {**one_as_three(s, s.T, s.B), "attn_mask": ~past(s)},
    ),
    "nn.TransformerEncoderLayer": lambda s: (
        nn.TransformerEncoderLayer(s.C, s.heads, s.wider, batch_first=True, norm_first=True, activation="gelu"),
        {"src": torch.randn(s.B, s.T, s.C)},
    ),
    "nn.TransformerDecoderLayer": lambda s: (
        nn.TransformerDecoderLayer(s.C, s.heads, s.wider, batch_first=True),
        {"tgt": torch.randn(s.B, s.T, s.C), "memory": torch.randn(s.B, s.S, s.C), "tgt_mask": ~past(s)},
    ),
}


def made(name, seed=0, sizes=ALL_DIFFERENT):
    """A model and its inputs, with seeded weights, all different from zero, ready to be called: ``model(**inputs)``."""
    torch.manual_seed(seed)
    model, inputs = MODELS[name](sizes)
    if isinstance(model, nn.Module):
        model.eval()
        with torch.no_grad():
            for weight in model.parameters():
                weight.copy_(torch.randn_like(weight) * 0.3 + (weight if weight.ndim == 1 else 0))
    return model, inputs
