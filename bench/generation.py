"""Generation with and without a cache, by length, on two cores; what bounds it, and what speculation gives, on one.

python -m bench.generation      prints tables and writes data/generation.json, which notebook 15 shows

The times with and without a cache are of a GPT with random weights and a context of 512: what is written does not
matter to the clock. Let nothing else run beside it. (What is measured on one core is the processor's own time.)
"""

import time
from functools import partial

import torch
from tqdm import tqdm

from bench.taught import keep
from helpers.gpt import GPT, Cache, generate, load, speculate
from helpers.inputs.texts import data_folder

ROUNDS = 3
LENGTHS = [32, 64, 128, 256, 512]
SIZES = dict(vocabulary=63, context=512, C=384, heads=6, layers=4)
ROWS, WIDTH = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512], 4096
GUESSES = [1, 2, 4, 8]


def shortest(run, *arguments, rounds=ROUNDS, least=0.2, clock=time.process_time, **options):
    """The shortest time of a few runs, in seconds; short ones are repeated more often."""
    times, total = [], 0.0
    while len(times) < rounds or total < least:
        began = clock()
        run(*arguments, **options)
        times.append(clock() - began)
        total += times[-1]
    return min(times)


def by_length():
    """Seconds for so many tokens after the first one, without a cache and with it."""
    torch.manual_seed(0)
    torch.set_num_threads(2)
    once = {"rounds": 1, "least": 0, "clock": time.perf_counter}
    model, start = GPT(**SIZES).eval(), torch.zeros(1, 1, dtype=torch.long)
    rows, ways = [], (model.generate, partial(generate, model))
    for length in tqdm(LENGTHS, disable=None):
        rounds = range(max(1, ROUNDS - length // 256))  # in turn, so that what disturbs one disturbs the other
        times = [[shortest(write, start, length - 1, **once) for write in ways] for _ in rounds]
        plain, cached = map(min, zip(*times))
        rows.append({"length": length, "plain": round(plain, 4), "cached": round(cached, 4)})
        print(f"{length:4} tokens: without {plain:8.3f} s, with {cached:7.3f} s: {plain / cached:5.1f} times as fast")
    return {"sizes": SIZES, "rows": rows}


def phases():
    """Tokens a second: a prompt of 256 read at once, and read one by one."""
    torch.manual_seed(0)
    model, ids = GPT(**SIZES).eval(), torch.randint(63, (1, 256))

    def one_by_one():
        cache = Cache(model)
        for t in range(256):
            cache.read(ids[:, t : t + 1])

    prefill, decode = 256 / shortest(lambda: Cache(model).read(ids)), 256 / shortest(one_by_one)
    print(f"prefill {prefill:,.0f} tokens a second, decode {decode:,.0f}")
    return {"prefill": round(prefill), "decode": round(decode)}


def roofline():
    """A weight matrix in memory times n rows: operations a second by operations a byte, and the two roofs."""
    torch.manual_seed(0)
    W, rows = torch.randn(WIDTH, WIDTH), []
    for n in tqdm(ROWS, disable=None):
        seconds = shortest(torch.matmul, torch.randn(n, WIDTH), W)
        flops, moved = 2 * n * WIDTH**2, 4 * (WIDTH**2 + 2 * n * WIDTH)
        rows.append({"rows": n, "intensity": round(flops / moved, 3), "gflops": round(flops / seconds / 1e9, 2)})
        print(f"{n:4} rows: {flops / moved:7.2f} operations a byte, {flops / seconds / 1e9:7.1f} billion a second")
    reading = min(shortest(W.sum), shortest(torch.mv, W, W[0]))  # the faster way of reading it once
    bandwidth = 4 * W.numel() / reading / 1e9
    print(f"memory: {bandwidth:.1f} GB/s")
    return {"width": WIDTH, "bandwidth": round(bandwidth, 2), "peak": max(row["gflops"] for row in rows), "rows": rows}


def again(cache, width):
    """Read so many tokens, and forget them."""
    cache.read(torch.zeros(1, width, dtype=torch.long))
    cache.cut(cache.length - width)


def speculation():
    """The tales with the small draft: how much is accepted, and the time against the target alone."""
    (target, _), (draft, _) = load(data_folder() / "tales"), load(data_folder() / "draft")
    start, count = torch.tensor([target.tokenizer.encode("\n\n")]), 100
    steps = {}
    for name, model in (("target", target), ("draft", draft)):
        for width in (1, 5):
            cache = Cache(model)
            cache.read(torch.zeros(1, 60, dtype=torch.long))
            steps[f"{name} reads {width}"] = shortest(again, cache, width, least=1)
    rows = []
    for guess in GUESSES:
        found = [speculate(target, draft, start, count, guess=guess, seed=seed) for seed in range(10)]
        ways = (partial(generate, target, start, count), partial(speculate, target, draft, start, count, guess=guess))
        alone, seconds = map(min, zip(*([shortest(way, rounds=1, least=0) for way in ways] for _ in range(5))))
        accepted, proposed, rounds = (
            sum(getattr(one, of) for one in found) for of in ("accepted", "proposed", "rounds")
        )
        rows.append(
            {
                "guess": guess,
                "rate": round(accepted / proposed, 3),
                "a_round": round(10 * count / rounds, 3),
                "faster": round(alone / seconds, 3),
            }
        )
        print(*rows[-1].items())
    milliseconds = {name: round(1000 * seconds, 3) for name, seconds in steps.items()}
    print(milliseconds)
    return {"rows": rows, "milliseconds": milliseconds}


def main():
    found = {"lengths": by_length()}
    torch.set_num_threads(1)
    keep("generation", {**found, "phases": phases(), "roofline": roofline(), "speculation": speculation()})


if __name__ == "__main__":
    with torch.no_grad():
        main()
