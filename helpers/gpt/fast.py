"""The same GPT, changed so that it learns in seconds: each change is a lever that can be moved alone.

The changes are those of the NanoGPT speed runs (Jordan et al. 2024), small enough here to read.
"""

import torch
from torch import nn
from torch.nn import functional as F

from helpers.gpt.model import GPT, Block, FeedForward, MultiHeadAttention
from helpers.look.given import whole_number

SHARPNESS = 0.5  # what scores of normalized queries and keys are multiplied by
BASE = 1000  # the slowest channel turns about this many times more slowly than the fastest


def norm(x):
    """Every vector to the length √C; nothing in it is learned (Zhang and Sennrich 2019)."""
    return F.rms_norm(x, x.shape[-1:])


def rotate(x):
    """Turn each pair of channels by an angle that grows with the position (Su et al. 2021): (B, n, T, h) -> (B, n, T,
    h).
    """
    T, half = x.shape[-2], x.shape[-1] // 2
    speeds = BASE ** -(torch.arange(half, device=x.device, dtype=x.dtype) / half)
    angles = torch.arange(T, device=x.device, dtype=x.dtype)[:, None] * speeds  # (T, h/2)
    cos, sin = angles.cos(), angles.sin()
    x1, x2 = x.chunk(2, dim=-1)  # (B, n, T, h) -> 2 × (B, n, T, h/2)
    return torch.cat((x1 * cos - x2 * sin, x1 * sin + x2 * cos), dim=-1)


class FastAttention(MultiHeadAttention):
    """Attention whose queries and keys are normalized and rotated, computed by PyTorch's fused function."""

    def __init__(self, C, heads, rotary=True, normalize=True):
        super().__init__(C, heads)
        if rotary and C // heads % 2:
            raise ValueError(
                f"C is {C} and heads is {heads}: each head gets {C // heads} channels; wanted an even number, "
                "since channels "
                "are turned in pairs."
            )
        self.rotary, self.normalize = rotary, normalize
        self.scale = SHARPNESS if normalize else self.scale
        self.query, self.key = (
            nn.Linear(C, C),
            nn.Linear(C, C),
        )  # with a bias: a look back may depend on the distance alone
        self.projection = nn.Linear(C, C, bias=False)

    def queries_and_keys(self, x):
        """What meets in the scores: (B, T, C) -> 2 × (B, n, T, h)."""
        both = self.split(self.query(x)), self.split(self.key(x))
        both = map(norm, both) if self.normalize else both
        return tuple(map(rotate, both) if self.rotary else both)

    def forward(self, x):
        q, k = self.queries_and_keys(x)
        out = F.scaled_dot_product_attention(q, k, self.split(self.value(x)), is_causal=True, scale=self.scale)
        return self.projection(out.transpose(1, 2).flatten(2))  # (B, n, T, h) -> (B, T, C)


class FastFeedForward(FeedForward):
    """With the square of ReLU between the layers (So et al. 2021)."""

    def __init__(self, C, squared=True):
        super().__init__(C)
        self.squared = squared
        self.up, self.down = nn.Linear(C, 4 * C, bias=False), nn.Linear(4 * C, C, bias=False)

    def forward(self, x):
        hidden = self.up(x).relu()
        return self.down(hidden * hidden if self.squared else hidden)  # faster than square(), going back


class FastBlock(Block):
    """A block that normalizes without parameters."""

    def __init__(self, C, heads, rotary=True, normalize=True, squared=True):
        super().__init__(C, heads)
        self.norm1 = self.norm2 = nn.RMSNorm(C, elementwise_affine=False)
        self.attention, self.feed_forward = FastAttention(C, heads, rotary, normalize), FastFeedForward(C, squared)


class FastGPT(GPT):
    """A GPT with the levers of this module: (B, T) ids -> (B, T, vocabulary) logits.

    rotary: positions turn queries and keys; else they are learned and added. normalize: queries and keys
    have one length. squared: the square of ReLU. zero: what writes into x, and the logits, begin at 0.
    Raises ValueError for sizes that cannot be.

    >>> FastGPT(vocabulary=5, context=8, C=8, heads=2, layers=1)(torch.tensor([[0, 4, 2]])).shape
    torch.Size([1, 3, 5])
    """

    def __init__(
        self, vocabulary, context=64, C=96, heads=4, layers=3, *, rotary=True, normalize=True, squared=True, zero=True
    ):
        for name, size in [("vocabulary", vocabulary), ("context", context), ("C", C), ("heads", heads)]:
            whole_number(name, size, 1)
        whole_number("layers", layers, 0)
        super().__init__(vocabulary, context, C, heads, layers=0)
        levers = dict(rotary=rotary, normalize=normalize, squared=squared)
        self.settings = dict(
            vocabulary=vocabulary, context=context, C=C, heads=heads, layers=layers, zero=zero, **levers
        )
        self.blocks = nn.Sequential(*(FastBlock(C, heads, **levers) for _ in range(layers)))
        self.positions = None if rotary else self.positions
        self.norm = nn.RMSNorm(C, elementwise_affine=False)
        self.logits = nn.Linear(C, vocabulary, bias=False)
        for name, weight in self.named_parameters():
            writes = name.split(".")[-2] in ("projection", "down", "logits")
            if weight.ndim == 1 or (writes and zero):
                nn.init.zeros_(weight)
            elif name.startswith("blocks"):
                nn.init.normal_(weight, std=0.8 * weight.shape[1] ** -0.5)

    def embed(self, ids):
        return norm(super().embed(ids) if self.positions else self.tokens(ids))  # (B, T) -> (B, T, C)
