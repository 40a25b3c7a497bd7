"""What a smaller cache costs: the course's GPT with fewer keys, a latent or a window, trained alike on the tales.

python -m bench.fewer_keys      prints a table and writes data/fewer_keys.json, which notebook 16 draws

Of each variant: the numbers that its cache holds of one more token and of a whole text, how many parameters it has, the
loss on tales kept away and the seconds of training, seed by seed. Of two of them, also the loss on longer texts than it
was trained on.
"""

import torch
from tqdm import tqdm

from bench.taught import keep
from helpers.gpt.fewer_keys import FewerKeysGPT
from helpers.gpt.training import Training, loss_on
from helpers.inputs.corpus import floor
from helpers.inputs.texts import load_text

STEPS, SEEDS, CONTEXT = 400, (0, 1, 2), 128
SIZES = dict(context=CONTEXT, C=64, heads=4, layers=3)
VARIANTS = {  # name: options of FewerKeysGPT
    "MHA": {},
    "GQA": {"key_heads": 2},
    "MQA": {"key_heads": 1},
    "MLA": {"latent": 24, "turned": 8},
    "window 32": {"window": 32},
    "window 16": {"window": 16},
    "ALiBi": {"sloped": True},
}
LONGER = ("MHA", "ALiBi")  # rotary positions against slopes, on texts twice and four times as long
LENGTHS = (128, 256, 512)


def trained(options, seed):
    """A training on the tales, at its end; a step reads 1024 characters."""
    torch.manual_seed(seed)
    text = load_text("tales")
    return Training(FewerKeysGPT(len(set(text)), **SIZES, **options), text, steps=STEPS, seed=seed).run()


def at_the_end(training, length):
    """The loss on the last 64 tokens of texts of this length, which may be longer than those of the training."""
    training.model.context = length
    loss = loss_on(training.model, training.tested, seen=length - 64, most=8000)
    training.model.context = CONTEXT
    return round(loss, 3)


def main():
    torch.set_num_threads(1)
    found = {name: {"losses": [], "seconds": []} for name in VARIANTS}
    longer = {name: [] for name in LONGER}
    runs = [(seed, name) for seed in SEEDS for name in VARIANTS]
    for seed, name in tqdm(runs, disable=None):
        training, row = trained(VARIANTS[name], seed), found[name]
        model = training.model
        row["losses"].append(round(training.test(seen=64), 3))
        row["seconds"].append(round(training.seconds, 1))
        row |= {
            "parameters": sum(weight.numel() for weight in model.parameters()),
            "numbers": model.cache_numbers(1),
            "text": model.cache_numbers(CONTEXT),
        }
        if name in LONGER:
            longer[name].append([at_the_end(training, length) for length in LENGTHS])
        print(
            f"{name:10} {seed} {row['losses'][-1]:.3f} {row['seconds'][-1]:6.1f} s {longer.get(name, '')}", flush=True
        )
        done = [seed for i, seed in enumerate(SEEDS) if all(len(row["losses"]) > i for row in found.values())]
        described = {"steps": STEPS, "seeds": done, "floor": round(floor(), 3), "sizes": SIZES}
        keep("fewer_keys", {**described, "variants": found, "lengths": list(LENGTHS), "longer": longer})


if __name__ == "__main__":
    main()
