"""A GPT in plain PyTorch, as notebooks 9 and 11 build it (Radford et al. 2019; Vaswani et al. 2017).

B sequences in a batch, T tokens, C channels, n heads of head_size h = C / n.
"""

import torch
from torch import nn
from torch.nn import functional as F


class MultiHeadAttention(nn.Module):
    """Causal self-attention with several heads side by side: (B, T, C) -> (B, T, C).

    >>> MultiHeadAttention(C=8, heads=2)(torch.zeros(1, 4, 8)).shape
    torch.Size([1, 4, 8])
    """

    def __init__(self, C, heads, dropout=0.0):
        super().__init__()
        if C % heads:
            raise ValueError(
                f"C is {C} and heads is {heads}: C must be a multiple of heads, so that each head gets C / heads "
                "channels."
            )
        self.heads, self.scale = heads, (C // heads) ** -0.5
        self.query = nn.Linear(C, C, bias=False)
        self.key = nn.Linear(C, C, bias=False)
        self.value = nn.Linear(C, C, bias=False)
        self.projection = nn.Linear(C, C)
        self.dropout = nn.Dropout(dropout)

    def split(self, x):
        """Cut the channels into heads."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, T, C) -> (B, T, n, h) -> (B, n, T, h)

    def queries_and_keys(self, x):
        """What meets in the scores: (B, T, C) -> 2 × (B, n, T, h)."""
        return self.split(self.query(x)), self.split(self.key(x))

    def weights(self, q, k):
        """Who looks at whom, and how much: every row sums to 1."""
        scores = q @ k.transpose(-2, -1) * self.scale  # (B, n, T, h) @ (B, n, h, T) -> (B, n, T, T)
        future = torch.ones_like(scores, dtype=torch.bool).triu(1)
        return scores.masked_fill(future, float("-inf")).softmax(-1)

    def forward(self, x):
        q, k = self.queries_and_keys(x)
        v = self.split(self.value(x))
        out = self.dropout(self.weights(q, k)) @ v  # (B, n, T, T) @ (B, n, T, h) -> (B, n, T, h)
        return self.projection(out.transpose(1, 2).flatten(2))  # (B, n, T, h) -> (B, T, n, h) -> (B, T, C)


class FeedForward(nn.Module):
    """Each token on its own, through a layer four times as wide: (B, T, C) -> (B, T, C)."""

    def __init__(self, C):
        super().__init__()
        self.up, self.down = nn.Linear(C, 4 * C), nn.Linear(4 * C, C)

    def forward(self, x):
        return self.down(self.up(x).relu())  # (B, T, C) -> (B, T, 4C) -> (B, T, C)


class Block(nn.Module):
    """Look around, then think: each adds its result to what was there (a residual connection)."""

    def __init__(self, C, heads, dropout=0.0):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(C), MultiHeadAttention(C, heads, dropout)
        self.norm2, self.feed_forward = nn.LayerNorm(C), FeedForward(C)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = x + self.dropout(self.attention(self.norm1(x)))
        return x + self.dropout(self.feed_forward(self.norm2(x)))


class GPT(nn.Module):
    """Logits of the next token, for every token of the context: (B, T) ids -> (B, T, vocabulary).

    vocabulary: how many tokens there are. context: the most tokens it can see. Raises ValueError for sizes
    that cannot be.

    >>> GPT(vocabulary=5, context=8, C=8, heads=2, layers=1)(torch.tensor([[0, 4, 2]])).shape
    torch.Size([1, 3, 5])
    """

    def __init__(self, vocabulary, context=64, C=96, heads=4, layers=3, dropout=0.0):
        super().__init__()
        self.settings = dict(vocabulary=vocabulary, context=context, C=C, heads=heads, layers=layers, dropout=dropout)
        self.context = context
        self.tokens = nn.Embedding(vocabulary, C)
        self.positions = nn.Embedding(context, C)
        self.blocks = nn.Sequential(*(Block(C, heads, dropout) for _ in range(layers)))
        self.norm = nn.LayerNorm(C)
        self.logits = nn.Linear(C, vocabulary)

    def embed(self, ids):
        """What a token is, plus where it stands."""
        return self.tokens(ids) + self.positions(torch.arange(ids.shape[-1], device=ids.device))  # (B, T) -> (B, T, C)

    def forward(self, ids):
        if ids.shape[-1] > self.context:
            raise ValueError(
                f"ids has shape {tuple(ids.shape)}, but the model sees {self.context} tokens at most: "
                f"give it the last ones, ids[:, -{self.context}:]."
            )
        x = self.blocks(self.embed(ids))
        return self.logits(self.norm(x))  # (B, T, C) -> (B, T, vocabulary)

    def loss(self, ids):
        """Mean surprise at each next token, in nats: (B, T+1) ids -> one number."""
        logits = self(ids[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())  # (B·T, vocabulary), (B·T)

    @torch.no_grad()
    def generate(self, ids, count, temperature=1.0, seed=0):
        """Draw ``count`` more tokens, one after the other, each from what the model expects: (B, T) -> (B, T+count).

        temperature: 0 takes the likeliest token each time. Of a text longer than the context the model sees the end.
        """
        training, chance = self.training, torch.Generator().manual_seed(seed)
        self.eval()
        for _ in range(count):
            logits = self(ids[:, -self.context :])[:, -1].cpu()  # (B, T, vocabulary) -> (B, vocabulary)
            if temperature == 0:
                following = logits.argmax(-1, keepdim=True)
            else:
                following = torch.multinomial((logits / temperature).softmax(-1), 1, generator=chance)  # (B, 1)
            ids = torch.cat([ids, following.to(ids.device)], dim=1)  # (B, T) -> (B, T+1)
        self.train(training)
        return ids
