"""A trained FastGPT that sees otherwise than it learned to: through a window, or with slower turns."""

import copy

import torch
from torch.nn import functional as F

from helpers.attention import masks
from helpers.attention.longer import sharper, stretched_speeds
from helpers.gpt.fast import BASE, FastAttention, FastGPT, norm
from helpers.look.given import told, whole_number


def turned(x, speeds):
    """Turn each pair of channels by position times speed: (B, n, T, h) and (h/2,) -> (B, n, T, h)."""
    angles = torch.arange(x.shape[-2], dtype=x.dtype)[:, None] * speeds.to(x.dtype)  # (T, 1) * (h/2,) -> (T, h/2)
    cos, sin = angles.cos(), angles.sin()
    x1, x2 = x.chunk(2, dim=-1)  # (B, n, T, h) -> 2 × (B, n, T, h/2)
    return torch.cat((x1 * cos - x2 * sin, x1 * sin + x2 * cos), dim=-1)


class ChangedAttention(FastAttention):
    """The attention of a FastGPT with a window, or with other speeds: (B, T, C) -> (B, T, C)."""

    def __init__(self, attention, speeds, window=0, sinks=0, sharp=1.0):
        super().__init__(attention.query.in_features, attention.heads, normalize=attention.normalize)
        self.load_state_dict(attention.state_dict())
        self.to(attention.query.weight)  # float64 where it is
        self.speeds, self.window, self.sinks = speeds, window, sinks
        self.scale = attention.scale * sharp

    def queries_and_keys(self, x):
        """What meets in the scores: (B, T, C) -> 2 × (B, n, T, h)."""
        both = self.split(self.query(x)), self.split(self.key(x))
        both = map(norm, both) if self.normalize else both
        return tuple(turned(one, self.speeds) for one in both)

    def forward(self, x):
        (q, k), v = self.queries_and_keys(x), self.split(self.value(x))
        T = x.shape[1]
        allowed = torch.from_numpy(masks.window(T, self.window or T, self.sinks))  # (T, T)
        out = F.scaled_dot_product_attention(q, k, v, allowed, scale=self.scale)
        return self.projection(out.transpose(1, 2).flatten(2))  # (B, n, T, h) -> (B, T, C)


def changed(model, *, window=0, sinks=0, factor=1, way="as trained"):
    """A copy of a trained FastGPT with the same weights and another sight.

    window, sinks: see ``masks.window``; 0 is no window. factor: its context is so many times as long, and its rotary
    positions turn in one of the ways of ``stretched_speeds``. Raises ValueError for another model, and for numbers that
    cannot be.

    >>> model = FastGPT(vocabulary=5, context=8, C=8, heads=2, layers=1)
    >>> changed(model, factor=4, way="interpolated").context
    32
    """
    if not isinstance(model, FastGPT) or not model.settings.get("rotary"):
        raise ValueError(f"you gave {told(model)}; wanted a FastGPT with rotary positions, as load gives it.")
    window, sinks = whole_number("window", window, 0), whole_number("sinks", sinks, 0)
    found, size = copy.deepcopy(model), model.settings["C"] // model.settings["heads"]
    speeds = torch.tensor(stretched_speeds(size, factor, way, base=BASE, context=model.context))
    for block in found.blocks:
        sharp = sharper(factor) if way == "YaRN" else 1.0
        block.attention = ChangedAttention(block.attention, speeds, window, sinks, sharp)
    found.context = round(model.context * factor)
    return found
