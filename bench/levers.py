"""What each lever of the training is worth: the course's GPT trained again and again, one thing changed each time.

python bench/levers.py      prints a table and writes data/levers.json, which notebook 12 draws
"""

import json

import torch
from tqdm import tqdm

from helpers.gpt.fast import FastGPT
from helpers.gpt.model import GPT
from helpers.gpt.training import Training
from helpers.inputs.corpus import floor
from helpers.inputs.texts import data_folder, load_text

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


def measure(build, model_options, training_options):
    """The loss on the part of the tales that was kept away, after STEPS steps of 1024 characters."""
    torch.manual_seed(0)
    text = load_text("tales")
    model = build(len(set(text)), **{"context": 128, **model_options})
    training = Training(model, text, steps=STEPS, **training_options).run()
    return training.test(seen=min(115, model.context // 2), most=8000)


def main():
    losses = {name: round(measure(*lever), 3) for name, lever in tqdm(LEVERS.items())}
    for name, loss in losses.items():
        print(f"{loss:6.3f}  {name}")
    found = {"steps": STEPS, "floor": round(floor(), 3), "losses": losses}
    (data_folder() / "levers.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
