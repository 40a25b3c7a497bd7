"""Trains the model that notebook 13 reads, and writes it to data/.

python -m tools.pretrain
"""

import torch

from helpers.gpt.checkpoint import save
from helpers.gpt.fast import FastGPT
from helpers.gpt.training import Training
from helpers.inputs.corpus import floor
from helpers.inputs.texts import data_folder, load_text

STEPS, SEED, CONTEXT = 600, 0, 128


def main():
    torch.set_num_threads(2)
    torch.manual_seed(SEED)
    text = load_text("tales")
    training = Training(FastGPT(len(set(text)), context=CONTEXT), text, steps=STEPS, seed=SEED)
    training.run(
        lambda training: (
            training.step % 100
            or print(f"{training.step:4} steps  {training.seconds:5.1f} s  loss {training.losses[-1]:.3f}")
        )
    )
    loss = training.test(seen=115)
    print(f"loss {loss:.3f} on what was kept away, {loss / floor():.3f} of the true entropy")
    print(save(training.model, data_folder() / "tales", step=training.step, loss=round(loss, 3)))


if __name__ == "__main__":
    main()
