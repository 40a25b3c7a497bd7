"""A GPT that keeps the keys and values of what it has read, and computes nothing of it again.

It works for ``GPT`` and ``FastGPT``, one token or many at a time, for batches whose prompts are filled up on the left.
"""

import torch
from torch.nn import functional as F

from helpers.gpt.fast import BASE, FastAttention, FastGPT, norm
from helpers.gpt.model import GPT
from helpers.gpt.sampling import draw
from helpers.look.given import told, whole_number


class Cache:
    """The keys and values of every layer, of B texts that a model reads: each new token adds a row.

    model: a ``GPT`` or ``FastGPT``, which stays as it is; dropout has no part in it. batch: B. padding: how many tokens
    at the left of each text are none, (B); none if left out. The room is made once, for ``model.context`` tokens.

    length: tokens kept so far, padding included. Raises ValueError for a model of another kind.

    >>> model = GPT(vocabulary=5, context=8, C=8, heads=2, layers=3)
    >>> cache = Cache(model)
    >>> cache.read(torch.tensor([[0, 4, 2]])).shape, cache.length
    (torch.Size([1, 3, 5]), 3)
    >>> cache.keys[0].shape, cache.bytes  # 2 · layers · heads · head_size · tokens · 4 bytes
    (torch.Size([1, 2, 8, 4]), 576)
    """

    def __init__(self, model, batch=1, padding=None):
        if not isinstance(model, GPT):
            raise ValueError(f"model is {told(model)}; wanted a GPT or a FastGPT of the course, whose parts are known.")
        self.model, self.length = model, 0
        batch, weight = whole_number("batch", batch, 1), model.tokens.weight
        settings = model.settings
        shape = (batch, settings["heads"], model.context, settings["C"] // settings["heads"])  # (B, n, context, h)
        self.keys, self.values = ([weight.new_zeros(shape) for _ in model.blocks] for _ in range(2))
        self.padding = None if padding is None or not any(map(int, padding)) else torch.as_tensor(padding)
        if self.padding is not None and self.padding.shape != (batch,):
            raise ValueError(f"padding has shape {tuple(self.padding.shape)}; wanted one number for each of {batch}.")

    @property
    def bytes(self):
        """What the rows that are in use take in memory."""
        return sum(kept[:, :, : self.length].numel() * kept.element_size() for kept in (*self.keys, *self.values))

    @torch.no_grad()
    def read(self, ids):
        """Read on: (B, T) ids of the new tokens alone -> (B, T, vocabulary), the logits of the token after each.

        Raises ValueError where they do not fit into the context, which leaves the cache as it was: what is kept stands
        at its place, and does not slide.
        """
        T, end = ids.shape[-1], self.length + ids.shape[-1]
        if ids.ndim != 2 or len(ids) != len(self.keys[0] if self.keys else ids) or not T:
            raise ValueError(f"ids has shape {tuple(ids.shape)}; wanted (B, T), with B as the cache was made for.")
        if end > self.model.context:
            raise ValueError(
                f"{self.length} tokens are kept and {T} are new, but the model sees {self.model.context} at most: cut "
                "the text, and read it anew with a new Cache, since each token then stands at another place."
            )
        positions = self.positions(T)
        x, mask = embedded(self.model, ids, positions), self.mask(T)
        for layer, block in enumerate(self.model.blocks):  # as Block.forward, without its dropout
            x = x + self.attended(layer, block.attention, block.norm1(x), positions, mask)
            x = x + block.feed_forward(block.norm2(x))
        self.length = end
        return self.model.logits(self.model.norm(x))  # (B, T, C) -> (B, T, vocabulary)

    def attended(self, layer, attention, x, positions, mask):
        """What the new tokens find among the kept ones and themselves: (B, T, C) -> (B, T, C)."""
        q, k, v = projected(attention, x, positions)  # 3 × (B, n, T, h)
        end = self.length + x.shape[1]
        for kept, new in ((self.keys[layer], k), (self.values[layer], v)):
            kept[:, :, self.length : end] = new
        k, v = self.keys[layer][:, :, :end], self.values[layer][:, :, :end]  # (B, n, S, h)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=attention.scale)  # (B, n, T, h)
        return attention.projection(out.transpose(1, 2).flatten(2))  # (B, n, T, h) -> (B, T, C)

    def positions(self, T):
        """Where the new tokens stand: (T), or (B, T) where texts begin at different places."""
        places = torch.arange(self.length, self.length + T, device=self.model.tokens.weight.device)
        return places if self.padding is None else (places - self.padding[:, None].to(places.device)).clamp(min=0)

    def mask(self, T):
        """Who may be looked at: True is yes. (T, S), or (B, 1, T, S) with padding; None where it is everybody.

        A token that is padding looks at itself, so that no row is empty; nobody reads what it finds.
        """
        if T == 1 and self.padding is None:
            return None
        S, device = self.length + T, self.model.tokens.weight.device
        t, s = torch.arange(self.length, S, device=device)[:, None], torch.arange(S, device=device)  # (T, 1), (S)
        if self.padding is None:
            return s <= t
        is_text = s >= self.padding[:, None, None, None].to(device)  # (B, 1, 1, S)
        return ((s <= t) & is_text) | (s == t)  # (B, 1, T, S)

    def cut(self, length):
        """Forget all but the first ``length`` tokens: nothing is moved, the rows behind are written over."""
        self.length = whole_number("length", length, 0, self.length)

    def copy(self):
        """A cache of its own with the same rows: two texts that go on from one prompt need one each."""
        other = type(self)(self.model, len(self.keys[0]), self.padding)
        for mine, its in zip((*self.keys, *self.values), (*other.keys, *other.values)):
            its[:, :, : self.length] = mine[:, :, : self.length]
        other.length = self.length
        return other


def embedded(model, ids, positions):
    """What each token is, plus where it stands: (B, T) ids, (T) or (B, T) positions -> (B, T, C)."""
    x = model.tokens(ids)
    x = x if model.positions is None else x + model.positions(positions)
    return norm(x) if isinstance(model, FastGPT) else x


def projected(attention, x, positions):
    """Queries, keys and values of tokens at these positions: (B, T, C) -> 3 × (B, n, T, h).

    Keys are kept as they meet in the scores: normalized, and turned by their own position.
    """
    q, k, v = (attention.split(layer(x)) for layer in (attention.query, attention.key, attention.value))
    if isinstance(attention, FastAttention):
        q, k = (norm(q), norm(k)) if attention.normalize else (q, k)
        q, k = (turned(q, positions), turned(k, positions)) if attention.rotary else (q, k)
    return q, k, v


def turned(x, positions):
    """``helpers.gpt.fast.rotate`` for tokens that stand at these positions: (B, n, T, h) -> (B, n, T, h).

    positions: (T), or (B, T) where texts begin at different places.

    >>> from helpers.gpt.fast import rotate
    >>> x = torch.randn(2, 3, 5, 4)
    >>> turned(x[:, :, 3:], torch.arange(3, 5)).allclose(rotate(x)[:, :, 3:])
    True
    """
    half = x.shape[-1] // 2
    speeds = BASE ** -(torch.arange(half, device=x.device, dtype=x.dtype) / half)
    angles = positions[..., None].to(x.dtype) * speeds  # (T, 1) * (h/2) -> (T, h/2)
    angles = angles[:, None] if angles.ndim == 3 else angles  # (B, T, h/2) -> (B, 1, T, h/2)
    x1, x2 = x.chunk(2, dim=-1)  # (B, n, T, h) -> 2 × (B, n, T, h/2)
    return torch.cat((x1 * angles.cos() - x2 * angles.sin(), x1 * angles.sin() + x2 * angles.cos()), dim=-1)


def left_padded(prompts, fill=0):
    """Prompts of different lengths as one batch: lists of ids -> (B, T) ids, and how many each has at its left, (B).

    Raises ValueError for a prompt without a token.

    >>> ids, padding = left_padded([[5, 6, 7], [8]])
    >>> ids.tolist(), padding.tolist()
    ([[5, 6, 7], [0, 0, 8]], [0, 2])
    """
    T = max(map(len, prompts), default=0)
    if not T or not all(len(prompt) for prompt in prompts):
        raise ValueError("a prompt is empty: each needs a token to go on from.")
    padding = torch.tensor([T - len(prompt) for prompt in prompts])
    return torch.tensor([[fill] * (T - len(prompt)) + list(prompt) for prompt in prompts]), padding


@torch.no_grad()
def generate(model, ids, count, temperature=1.0, seed=0, padding=None, **sampling):
    """What ``model.generate`` writes, from a cache: (B, T) -> (B, T+count). The draws are the same.

    padding: of a batch from ``left_padded``. sampling: what ``helpers.gpt.sampling.draw`` takes, ``p=0.9``.
    While the text fits into the context, each step reads one token. Beyond it the window slides, every token stands at
    another place and has lost one of its past: the cache is void, and each step reads the window anew, as slowly as
    ``model.generate``.

    >>> model = GPT(vocabulary=5, context=8, C=8, heads=2, layers=1)
    >>> start = torch.tensor([[0, 4, 2]])
    >>> generate(model, start, 9).equal(model.generate(start, 9))
    True
    """
    chance, cache, context = torch.Generator().manual_seed(seed), None, model.context
    for _ in range(count):
        if cache is None or cache.length == context:
            cut = max(0, ids.shape[1] - context)
            cache = Cache(model, len(ids), None if padding is None else (padding - cut).clamp(min=0))
            logits = cache.read(ids[:, cut:])[:, -1]  # (B, T, vocabulary) -> (B, vocabulary)
        else:
            logits = cache.read(ids[:, -1:])[:, -1]  # (B, 1, vocabulary) -> (B, vocabulary)
        following = draw(logits.cpu(), temperature, ids=ids, chance=chance, **sampling)  # (B, 1)
        ids = torch.cat([ids, following.to(ids.device)], dim=1)  # (B, T) -> (B, T+1)
    return ids
