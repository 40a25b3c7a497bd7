"""Rotary positions on longer texts: the GPT of notebook 13, stretched four ways, before and after a little training.

python -m bench.longer_texts    prints a table and writes data/longer_texts.json, which notebook 16 shows

The loss is that of the last 64 of 512 tokens; the model has learned on 128.
"""

import torch
from tqdm import tqdm

from bench.taught import keep
from helpers.attention.longer import WAYS
from helpers.gpt.changed import changed
from helpers.gpt.checkpoint import load
from helpers.gpt.training import Training, loss_on
from helpers.inputs.texts import data_folder, load_text

FACTOR, STEPS, BATCH, RATE, SEEDS = 4, 40, 4, 0.3, (0, 1)


def loss(model, ids):
    return round(loss_on(model, ids, seen=model.context - 64, most=8000), 3)


def main():
    torch.set_num_threads(1)
    model, _ = load(data_folder() / "tales")
    found = {}
    for way in tqdm(WAYS, disable=None):
        row = found[way] = {"before": None, "after": []}
        for seed in SEEDS:
            longer = changed(model, factor=FACTOR, way=way)
            steps = dict(batch=BATCH, steps=STEPS, rate=RATE, seed=seed, tokenizer=model.tokenizer)
            training = Training(longer, load_text("tales"), **steps)
            row["before"] = row["before"] or loss(longer, training.tested)
            row["after"].append(loss(training.run().model, training.tested))
        print(way, row, flush=True)
    window = loss(changed(model, factor=FACTOR, window=model.context), training.tested)
    print("window of 128", window)
    sizes = {"factor": FACTOR, "steps": STEPS, "seeds": list(SEEDS), "context": model.context}
    keep("longer_texts", {**sizes, "ways": found, "window": window})


if __name__ == "__main__":
    main()
