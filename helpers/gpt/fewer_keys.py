"""The small GPT with a smaller cache: heads that share keys, keys made of a latent, and windows.

B sequences in a batch, T tokens, C channels, n heads of queries and m of keys, of head_size h each.
"""

import torch
from torch import nn
from torch.nn import functional as F

from helpers.attention import masks
from helpers.gpt.fast import FastAttention, FastGPT, norm, rotate
from helpers.gpt.model import MultiHeadAttention
from helpers.look.given import whole_number


def slopes(heads):
    """How steeply each head's scores fall with the distance: 2^(-8/n), its square, … (Press et al. 2022): (n,).

    >>> slopes(4).tolist()
    [0.25, 0.0625, 0.015625, 0.00390625]
    """
    return 2.0 ** (-8 / heads * torch.arange(1, heads + 1))


class SharedKeys(FastAttention):
    """Causal self-attention whose queries share keys and values: (B, T, C) -> (B, T, C).

    key_heads: n is multi-head, 1 multi-query (Shazeer 2019), in between grouped-query attention (Ainslie et al. 2023).
    window, sinks: see ``masks.window``; 0 is no window (Beltagy et al. 2020; Xiao et al. 2023). sloped: scores fall
    with the distance in place of rotary positions (ALiBi, Press et al. 2022). Raises ValueError for sizes that cannot
    be.

    >>> attention = SharedKeys(C=8, heads=4, key_heads=2)
    >>> attention(torch.zeros(1, 3, 8)).shape, attention.cache_numbers(3)
    (torch.Size([1, 3, 8]), 24)
    """

    def __init__(self, C, heads, key_heads=None, window=0, sinks=0, sloped=False):
        super().__init__(C, heads, rotary=not sloped, normalize=False)
        key_heads = heads if key_heads is None else whole_number("key_heads", key_heads, 1)
        if heads % key_heads:
            raise ValueError(
                f"heads is {heads} and key_heads is {key_heads}: heads must be a multiple of key_heads, so that each "
                "head of keys serves as many heads of queries as the others."
            )
        self.key_heads, self.head_size = key_heads, C // heads
        self.window, self.sinks = whole_number("window", window, 0), whole_number("sinks", sinks, 0)
        self.sloped = sloped
        self.key = nn.Linear(C, key_heads * self.head_size)
        self.value = nn.Linear(C, key_heads * self.head_size, bias=False)

    def shared(self, x):
        """Cut into heads of keys, and each of them lent to its heads of queries."""
        cut = x.unflatten(-1, (self.key_heads, -1)).transpose(1, 2)  # (B, T, m·h) -> (B, T, m, h) -> (B, m, T, h)
        return cut.repeat_interleave(self.heads // self.key_heads, dim=1)  # (B, m, T, h) -> (B, n, T, h)

    def queries_and_keys(self, x):
        """What meets in the scores: (B, T, C) -> 2 × (B, n, T, h)."""
        q, k = self.split(self.query(x)), self.shared(self.key(x))
        return (rotate(q), rotate(k)) if self.rotary else (q, k)

    def mask(self, T):
        """What is added to the scores, or True where one may look; None where it is the plain causal mask."""
        if not self.window and not self.sloped:
            return None
        allowed = torch.from_numpy(masks.window(T, self.window or T, self.sinks))
        if not self.sloped:
            return allowed
        distance = torch.arange(T)[:, None] - torch.arange(T)  # (T, T)
        bias = -slopes(self.heads)[:, None, None] * distance  # (n, 1, 1) * (T, T) -> (n, T, T)
        return bias.masked_fill(~allowed, float("-inf"))

    def forward(self, x):
        q, k = self.queries_and_keys(x)
        mask, v = self.mask(x.shape[1]), self.shared(self.value(x))
        out = F.scaled_dot_product_attention(q, k, v, mask, is_causal=mask is None, scale=self.scale)
        return self.projection(out.transpose(1, 2).flatten(2))  # (B, n, T, h) -> (B, T, C)

    def cache_numbers(self, T):
        """How many numbers are kept of T tokens, to go on from there."""
        kept = min(T, self.window + self.sinks) if self.window else T
        return kept * 2 * self.key_heads * self.head_size


class LatentKeys(MultiHeadAttention):
    """Multi-head latent attention: keys and values of all heads from one short row (DeepSeek-V2, 2024).

    latent: how long that row is. turned: channels of a key that all heads share and that tells the position, which the
    latent, where it is absorbed, could not. Raises ValueError for sizes that cannot be.

    >>> attention = LatentKeys(C=8, heads=2, latent=3, turned=2)
    >>> attention(torch.zeros(1, 3, 8)).shape, attention.cache_numbers(3)
    (torch.Size([1, 3, 8]), 15)
    """

    def __init__(self, C, heads, latent, turned):
        super().__init__(C, heads)
        self.latent, self.turned = whole_number("latent", latent, 1), whole_number("turned", turned, 2)
        if turned % 2:
            raise ValueError(f"turned is {turned}; wanted an even number, since channels are turned in pairs.")
        self.head_size = C // heads
        self.scale = (self.head_size + turned) ** -0.5  # so many products are in a score
        self.query, self.query_turned = nn.Linear(C, C, bias=False), nn.Linear(C, heads * turned, bias=False)
        self.compress, self.key_turned = nn.Linear(C, latent, bias=False), nn.Linear(C, turned, bias=False)
        self.key, self.value = nn.Linear(latent, C, bias=False), nn.Linear(latent, C, bias=False)
        self.projection = nn.Linear(C, C, bias=False)

    def kept(self, x):
        """What the cache would hold: the latent, (B, T, latent), and the turned key, (B, 1, T, turned)."""
        return norm(self.compress(x)), rotate(self.key_turned(x)[:, None])  # (B, T, C) -> (B, 1, T, turned)

    def queries(self, x):
        """What a token asks, by content and by position: (B, n, T, h) and (B, n, T, turned)."""
        return self.split(self.query(x)), rotate(self.split(self.query_turned(x)))

    def out(self, scores, by_position, values):
        """Masked softmax of both scores, times values of whatever width."""
        return self.weights_of((scores + by_position) * self.scale) @ values

    def weights_of(self, scores):
        future = torch.ones_like(scores, dtype=torch.bool).triu(1)
        return scores.masked_fill(future, float("-inf")).softmax(-1)

    def forward(self, x):
        (latent, k_turned), (q, q_turned) = self.kept(x), self.queries(x)
        k, v = self.split(self.key(latent)), self.split(self.value(latent))  # (B, T, latent) -> (B, n, T, h)
        out = F.scaled_dot_product_attention(
            torch.cat([q, q_turned], -1),  # (B, n, T, h + turned)
            torch.cat([k, k_turned.expand(-1, self.heads, -1, -1)], -1),
            v,
            is_causal=True,
            scale=self.scale,
        )
        return self.projection(out.transpose(1, 2).flatten(2))  # (B, n, T, h) -> (B, T, C)

    def absorbed(self, x):
        """The same result from the latent alone: no key and no value is ever made."""
        (latent, k_turned), (q, q_turned) = self.kept(x), self.queries(x)
        by_head = (self.heads, self.head_size)
        up_key, up_value = (W.weight.unflatten(0, by_head) for W in (self.key, self.value))  # (C, l) -> (n, h, l)
        q_latent = q @ up_key  # (B, n, T, h) @ (n, h, l) -> (B, n, T, l)
        scores = q_latent @ latent[:, None].mT  # (B, n, T, l) @ (B, 1, l, T) -> (B, n, T, T)
        mixed = self.out(scores, q_turned @ k_turned.mT, latent[:, None])  # (B, n, T, T) @ (B, 1, T, l) -> (B, n, T, l)
        out = mixed @ up_value.mT  # (B, n, T, l) @ (n, l, h) -> (B, n, T, h)
        return self.projection(out.transpose(1, 2).flatten(2))

    def cache_numbers(self, T):
        """How many numbers are kept of T tokens, to go on from there."""
        return T * (self.latent + self.turned)


class FewerKeysGPT(FastGPT):
    """The FastGPT whose attention keeps less: (B, T) ids -> (B, T, vocabulary) logits.

    With latent, its attention is ``LatentKeys`` with latent and turned, else ``SharedKeys`` with the other settings.
    Queries and keys are not normalized here: a norm between the latent and the key could not be absorbed. Raises
    ValueError for sizes that cannot be.

    >>> model = FewerKeysGPT(vocabulary=5, context=8, C=8, heads=2, layers=1, key_heads=1)
    >>> model(torch.tensor([[0, 4, 2]])).shape, model.cache_numbers(3)
    (torch.Size([1, 3, 5]), 24)
    """

    def __init__(
        self,
        vocabulary,
        context=64,
        C=96,
        heads=4,
        layers=3,
        *,
        key_heads=None,
        latent=0,
        turned=8,
        window=0,
        sinks=0,
        sloped=False,
    ):
        super().__init__(vocabulary, context, C, heads, layers, normalize=False)
        for block in self.blocks:
            made = (
                LatentKeys(C, heads, latent, turned)
                if latent
                else SharedKeys(C, heads, key_heads, window, sinks, sloped)
            )
            block.attention = made
            for name, weight in made.named_parameters():
                if weight.ndim == 1 or name.startswith("projection"):
                    nn.init.zeros_(weight)
                else:
                    nn.init.normal_(weight, std=0.8 * weight.shape[1] ** -0.5)

    def cache_numbers(self, T):
        """How many numbers are kept of T tokens in all layers, to go on from there."""
        return sum(block.attention.cache_numbers(T) for block in self.blocks)
