"""The lecture's own code, typed into cells class by class by one who follows it through the course: explored, checked,
trained and read in a real JupyterLab.
"""

import inspect

from tests import lecture
from tests.browser.lab import write_notebooks

SIZES = """
import torch
from torch import nn
from torch.nn import functional as F

from helpers import check
from helpers.explore import explore
from helpers.gpt import Training, loss_on, previous, score, trace_model, watch, without, write

torch.manual_seed(0)
block_size, n_embd, n_head, n_layer, dropout, device = 8, 12, 3, 2, 0.2, "cpu"
text = "abc ab c\\n" * 100
chars = sorted(set(text))
vocab_size = len(chars)
"""
HEAD = """
def head(x, Wq, Wk, Wv):
    B, T, C = x.shape
    k, q, v = x @ Wk, x @ Wq, x @ Wv
    wei = q @ k.transpose(-2, -1)
    tril = torch.tril(torch.ones(T, T))
    wei = wei.masked_fill(tril == 0, float("-inf"))
    wei = F.softmax(wei, dim=-1)
    return wei @ v

check.unscaled_head(head)
"""
BATCHES = """
data = torch.tensor([chars.index(letter) for letter in text])

def get_batch():
    ix = torch.randint(len(data) - block_size, (4,))
    x = torch.stack([data[i:i+block_size] for i in ix])
    y = torch.stack([data[i+1:i+block_size+1] for i in ix])
    return x, y
"""
LOOP = """
model = GPTLanguageModel()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
losses = []
for iter in range(20):
    xb, yb = get_batch()
    logits, loss = model(xb, yb)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print("it learns:", losses[-1] < losses[0], model.generate(xb[:1], 5).shape)
"""
CELLS = [  # what is typed, and what the page says then
    (SIZES, ""),
    ("check.all_scores(lambda q, k: q @ k.transpose(-2, -1))", "all_scores: right, on"),
    (HEAD, "unscaled_head: right, on"),
    ("explore(head, T=(1, 8, 5), C=4, head_size=2, B=2)", "out (B=2, T=5, head_size=2)"),
    (inspect.getsource(lecture.Head), ""),
    ("explore(Head(4), T=(1, 8, 5), C=12, B=2)", "x (B=2, T=5, C=12)"),
    (inspect.getsource(lecture.MultiHeadAttention), ""),
    ("explore(MultiHeadAttention(3, 4).eval(), T=(1, 8, 5), C=12, B=2)", "x (B=2, T=5, C=12)"),
    (inspect.getsource(lecture.FeedFoward), ""),
    ("explore(FeedFoward(12), T=(1, 8, 5), C=12)", "x (T=5, C=12)"),
    ("check.normalize_rows(lambda x, gain, bias: F.layer_norm(x, x.shape[-1:], gain, bias))", "normalize_rows: right"),
    (inspect.getsource(lecture.Block), ""),
    (inspect.getsource(lecture.GPTLanguageModel), ""),
    (BATCHES, ""),
    (
        "check.mean_loss(lambda logits, targets: F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1)))",
        "mean_loss: right, on",
    ),
    (LOOP, "it learns: True torch.Size([1, 13])"),
    ("training = Training(model, text, steps=20)\nview = watch(training, tests=1)", "step 20 of 20"),
    ('print(score(model, [previous("abc ab")]).shape, len(write(model, "ab", 5)))', "torch.Size([2, 3]) 7"),
    ("with without(model, 0, 1):\n    print(loss_on(model, data) > 0)", "True"),
    ('trace = trace_model(model, "abc ab", layer=1, head=2)\ntrace', ""),
    ('print(trace.why("out", 0, 0))', "out[0,0] = weights[0,0]·v[0,0]"),
]


def test_the_lecture_is_typed_explored_checked_trained_and_read(lab):
    write_notebooks(lab.folder, {"lecture": [code for code, _ in CELLS]})
    with lab.open("lecture") as notebook:
        notebook.run_all()
        for place, (code, wanted) in enumerate(CELLS):
            cell = notebook.cell(place)
            if wanted:
                cell.locator(".jp-OutputArea").filter(has_text=wanted).wait_for()
            assert cell.locator(".attention-error:visible").count() == 0, code
        stage = notebook.cell(len(CELLS) - 2).locator(".attention-stage")
        stage.press("Escape"), stage.press("ArrowDown")
        said = notebook.cells()[-1]["outputs"][0]["text"].strip()
        assert notebook.cell(len(CELLS) - 2).locator(".attention-formula").inner_text() == said
        assert notebook.requests == []
