"""Trains the small model that proposes characters in notebook 15, and writes it to data/.

python -m tools.pretrain_draft
"""

import torch

from helpers.gpt.checkpoint import save
from helpers.gpt.fast import FastGPT
from helpers.gpt.training import Training
from helpers.inputs.texts import data_folder, load_text

STEPS, SEED, CONTEXT = 1000, 0, 128


def main():
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    text = load_text("tales")
    draft = FastGPT(len(set(text)), context=CONTEXT, C=28, heads=2, layers=2)
    training = Training(draft, text, steps=STEPS, seed=SEED)
    training.run(
        lambda training: (
            training.step % 100
            or print(f"{training.step:4} steps  {training.seconds:5.1f} s  loss {training.losses[-1]:.3f}", flush=True)
        )
    )
    loss = training.test(seen=115)
    print(f"loss {loss:.3f} on what was kept away")
    print(save(training.model, data_folder() / "draft", step=training.step, loss=round(loss, 3)))


if __name__ == "__main__":
    main()
