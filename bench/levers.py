"""What each lever of the training is worth: the course's GPT trained again and again, one thing changed each time.

python -m bench.levers                  prints a table and writes data/levers.json, which notebook 12 draws
python -m bench.levers --optimizers     Muon and AdamW at three rates and with two seeds each: data/optimizers.json
"""

import argparse
import os

import torch
from tqdm import tqdm

from bench.taught import keep
from helpers.gpt.fast import FastGPT
from helpers.gpt.model import GPT
from helpers.gpt.open_heads import copied
from helpers.gpt.training import RATES, Training, split
from helpers.inputs.corpus import floor, repeated_names
from helpers.inputs.texts import load_text

STEPS = 600
LEVERS = {  # name: (model, its options, the training's options)
    "all levers": (FastGPT, {}, {}),
    "AdamW, not Muon": (FastGPT, {}, {"optimizer": "adamw"}),
    "learned positions, not rotary": (FastGPT, {"rotary": False}, {}),
    "q and k not normalized": (FastGPT, {"normalize": False}, {}),
    "ReLU, not its square": (FastGPT, {"squared": False}, {}),
    "no matrix begins at zero": (FastGPT, {"zero": False}, {}),
    "1 head": (FastGPT, {"heads": 1}, {}),
    "2 heads": (FastGPT, {"heads": 2}, {}),
    "8 heads": (FastGPT, {"heads": 8}, {}),
    "learning rate / 4": (FastGPT, {}, {"rate": 0.25}),
    "learning rate × 4": (FastGPT, {}, {"rate": 4.0}),
    "context 32": (FastGPT, {"context": 32}, {"batch": 32}),
    "context 64": (FastGPT, {"context": 64}, {"batch": 16}),
    "the plain GPT": (GPT, {}, {"optimizer": "adamw"}),
}
AS_NOTEBOOK_12 = dict(context=128, C=80, heads=4, layers=3)
FACTORS, SEEDS = (1 / 3, 1.0, 3.0), (0, 1)  # of the rates that notebook 12 uses
FIRST = {"muon": RATES["muon"]["matrices"], "adamw": RATES["adamw"]}


def trained(build, model_options, training_options, steps, seed=0):
    """A training on the tales, at its end; a step reads 1024 characters."""
    torch.manual_seed(seed)
    text = load_text("tales")
    model = build(len(set(text)), **{"context": 128, **model_options})
    return Training(model, text, steps=steps, seed=seed, **training_options).run()


def levers():
    """The loss with each lever moved: data/levers.json."""
    losses = {}
    for name, lever in tqdm(LEVERS.items()):
        training = trained(*lever, STEPS)
        losses[name] = round(training.test(seen=min(115, training.context // 2), most=8000), 3)
        print(f"{losses[name]:6.3f}  {name}")
    keep("levers", {"steps": STEPS, "floor": round(floor(), 3), "losses": losses})


def optimizers(steps):
    """The loss, and the share of copied letters, with both optimizers, each at several rates: data/optimizers.json."""
    tales = split(load_text("tales"))[1].split("\n\n")[1:41]  # 40 that no training has seen
    runs = []
    for kind in FIRST:
        for factor in FACTORS:
            for seed in SEEDS:
                options = {"optimizer": kind, "rate": factor}
                training = trained(FastGPT, AS_NOTEBOOK_12, options, steps, seed)
                run = {
                    "optimizer": kind,
                    "rate": round(factor * FIRST[kind], 4),
                    "seed": seed,
                    "loss": round(training.test(seen=96, most=12_000), 3),
                    "copied": round(copied(training.model, [repeated_names(tale) for tale in tales]), 3),
                }
                print(run, f"{training.seconds:.0f} s", flush=True)
                runs.append(run)
    keep("optimizers", {**where(steps), "floor": round(floor(), 3), "runs": runs})


def where(steps):
    """On what machine, and with what settings."""
    threads = torch.get_num_threads()
    machine = f"{os.cpu_count()} cores, {threads} thread{'s' * (threads > 1)}, torch {torch.__version__}"
    return {"machine": machine, "settings": {"model": "FastGPT", **AS_NOTEBOOK_12, "batch": 8, "steps": steps}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--optimizers", action="store_true", help="compare Muon and AdamW, not the levers")
    parser.add_argument("--steps", type=int, default=520, help="of each run of --optimizers")
    chosen = parser.parse_args()
    if chosen.optimizers:
        optimizers(chosen.steps)
    else:
        levers()


if __name__ == "__main__":
    main()
