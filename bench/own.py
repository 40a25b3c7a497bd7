"""How long a function of your own takes to be seen, and to follow the hand, beside one that is built in.

    python -m bench.own

A head at T=16, C=16, head_size=16. The milliseconds are those of Python; what the browser takes, bench/slider.py tells.
"""

import statistics
import time

import torch

from helpers.attention import head
from helpers.explore import explore
from helpers.inputs.examples import example
from helpers.see import see

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


def milliseconds(act):
    """What one action takes, each of several times."""
    times = []
    for number in range(STEPS):
        begun = time.perf_counter()
        act(number)
        times.append(1000 * (time.perf_counter() - begun))
    return times


def slider(build):
    """Steps of the T slider, to and fro between two sizes."""
    explorer = explore(build, **SIZES)

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
    ]
    print("| Python alone, T=16, C=16 | median | slowest of ten |\n| --- | ---: | ---: |")
    for label, times in rows:
        print(f"| {label} | {statistics.median(times):.1f} ms | {statistics.quantiles(times, n=10)[-1]:.1f} ms |")
    built_in, own = (statistics.median(times) for _, times in rows[1:])
    print(f"\na step of your own takes {own - built_in:.1f} ms more")


if __name__ == "__main__":
    main()
