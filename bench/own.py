"""How long a function of your own takes to be seen, and to follow the hand, beside one that is built in.

    python -m bench.own

A head at T=16, C=16, head_size=16, NumPy's loops over B=4 and T=16, a Block of 4 heads and a GPT of 3 such Blocks. The
milliseconds are those of Python; what the browser takes, bench/slider.py tells.
"""

import statistics
import time

import numpy as np
import torch
from torch import nn

from helpers.attention import head
from helpers.explore import explore
from helpers.inputs.examples import example
from helpers.see import see
from tests.many_hands import Block

STEPS = 40
SIZES = dict.fromkeys(("T", "C", "head_size"), (1, 16, 16))


def own_head(x, Wq, Wk, Wv):
    T = x.shape[-2]
    q, k, v = x @ Wq, x @ Wk, x @ Wv  # (T, C) @ (C, h) -> (T, h)
    wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5  # (T, h) @ (h, T) -> (T, T)
    tril = torch.tril(torch.ones(T, T))
    wei = wei.masked_fill(tril == 0, float("-inf"))
    wei = wei.softmax(-1)
    return wei @ v  # (T, T) @ (T, h) -> (T, h)


def averages(x):
    B, T, C = x.shape
    out = np.zeros((B, T, C))
    for b in range(B):
        for t in range(T):
            out[b, t] = x[b, : t + 1].mean(0)
    return out


class GPT(nn.Module):
    def __init__(self, vocabulary=20, C=16, heads=4, T=16, blocks=3):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, C), nn.Embedding(T, C)
        self.blocks = nn.Sequential(*(Block(C, heads, T) for _ in range(blocks)))
        self.norm, self.head = nn.LayerNorm(C), nn.Linear(C, vocabulary)

    def forward(self, idx):
        x = self.tokens(idx) + self.positions(torch.arange(idx.shape[-1]))  # (B, T) -> (B, T, C)
        return self.head(self.norm(self.blocks(x)))  # (B, T, C) -> (B, T, vocabulary)


def milliseconds(act):
    """What one action takes, each of several times."""
    times = []
    for number in range(STEPS):
        begun = time.perf_counter()
        act(number)
        times.append(1000 * (time.perf_counter() - begun))
    return times


def slider(build, **sizes):
    """Steps of the T slider, to and fro between two sizes."""
    explorer = explore(build, **(sizes or SIZES))
    assert not explorer.diagram.error, explorer.diagram.error

    def step(number):
        explorer.controls["T"].value = 15 + number % 2

    step(0)
    return milliseconds(step)


def main():
    made = example(T=16, C=16, head_size=16)
    inputs = [torch.tensor(getattr(made, name), dtype=torch.float32) for name in ("x", "Wq", "Wk", "Wv")]
    see(own_head, *inputs)
    rows = [
        ("see of a head, after the first call", milliseconds(lambda number: see(own_head, *inputs))),
        ("slider step, a built-in head", slider(head)),
        ("slider step, a head of your own", slider(own_head)),
        ("slider step, NumPy's loops", slider(averages, B=(1, 4, 4), T=(1, 16, 16), C=(1, 16, 4))),
        ("slider step, a Block of 4 heads", slider(Block(16, 4, 16).eval(), B=(1, 4, 1), T=(1, 16, 16), C=16)),
        ("slider step, a GPT of 3 Blocks", slider(GPT().eval(), B=(1, 4, 1), T=(1, 16, 16))),
    ]
    print("| Python alone, T=16, C=16 | median | slowest of ten |\n| --- | ---: | ---: |")
    for label, times in rows:
        print(f"| {label} | {statistics.median(times):.1f} ms | {statistics.quantiles(times, n=10)[-1]:.1f} ms |")
    built_in, own = (statistics.median(times) for _, times in rows[1:3])
    print(f"\na step of your own takes {own - built_in:.1f} ms more")


if __name__ == "__main__":
    main()
