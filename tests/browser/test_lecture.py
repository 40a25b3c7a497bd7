"""The lecture's own code, typed into cells class by class by one who follows it from notebook 05 to 12: explored,
checked, trained and read in a real JupyterLab, and the errors that are made on the way.
"""

import inspect

import nbformat

from tests import lecture
from tests.browser.lab import plain, write_notebooks

SIZES = """
import torch
from torch import nn
from torch.nn import functional as F

from helpers import check
from helpers.explore import explore
from helpers.gpt import Training, loss_on, previous, score, trace_model, watch, without, write
from helpers.see import see

torch.manual_seed(0)
block_size, n_embd, n_head, n_layer, dropout, device = 8, 12, 3, 2, 0.2, "cpu"
text = "abc ab c\\n" * 100
chars = sorted(set(text))
vocab_size = len(chars)
x = torch.randn(1, 3, n_embd)
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
NO_MASK = """
class Forgotten(Head):
    def forward(self, x):
        k, q = self.key(x), self.query(x)
        wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
        return F.softmax(wei, dim=-1) @ self.value(x)

check.whole_head(Forgotten(4))
"""
NO_TRANSPOSE = """
class Turned(Head):
    def forward(self, x):
        k, q = self.key(x), self.query(x)
        return q @ k

see(Turned(4), x)
"""
BATCHES = """
data = torch.tensor([chars.index(letter) for letter in text])

def get_batch():
    ix = torch.randint(len(data) - block_size, (4,))
    x = torch.stack([data[i:i+block_size] for i in ix])
    y = torch.stack([data[i+1:i+block_size+1] for i in ix])
    return x, y
"""
LOSS = """
def mean_loss(logits, targets):
    B, T, C = logits.shape
    return F.cross_entropy(logits.view(B*T, C), targets.view(B*T))

check.mean_loss(mean_loss)
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
DIAGRAM = "a live diagram, in which nothing is said"
RAISES = "raises"  # such a cell ends in an error, all of which is one sentence
CELLS = [  # what is typed, what the page says then, and whether that is an error
    (SIZES, ""),
    # 05: one head
    ("check.all_scores(lambda q, k: q @ k.transpose(-2, -1))", "all_scores: right, on"),
    (HEAD, "unscaled_head: right, on"),
    ("explore(head, T=(1, 8, 5), C=4, head_size=2, B=2)", "out (B=2, T=5, head_size=2)"),
    (inspect.getsource(lecture.Head), ""),
    ("explore(Head(4).eval(), T=(1, 8, 5), B=2)", "x (B=2, T=5, C=12)"),
    ("check.unscaled_head(Head(4))", "divided by the root of head_size: that is asked in notebook 6"),
    # 06 and 07: scaled, and every number of it
    ("check.whole_head(Head(4))", "whole_head: right, on 14 shapes, with C=12, head_size=4 as in the module."),
    ("seen = see(Head(4).eval(), x)\nseen", DIAGRAM),
    ('print(seen.why("out", 0, 0, 0))', "out[0,0,0] = wei₃[0,0,0]·v[0,0,0]"),
    ('print(seen.backward().why("dv", 0, 2, 0))', "dv[0,2,0] = wei₃[0,0,2]·dout[0,0,0] + "),
    (NO_MASK, "It looks as if there is no mask: each token hears its future."),
    (NO_TRANSPOSE, "q is (1, 3, 4) and k is (1, 3, 4), of which 4 meets 3: k.transpose(-2, -1) would fit", RAISES),
    ("see(Head(4), torch.randn(1, 3, 8))", "x is (1, 3, 8), and key.weight takes 12 channels, not 8", RAISES),
    # 09: several heads
    (inspect.getsource(lecture.MultiHeadAttention), ""),
    ("explore(MultiHeadAttention(3, 4).eval(), T=(1, 8, 5), B=2)", "x (B=2, T=5, C=12)"),
    ("check.all_heads(MultiHeadAttention(3, 4))", "all_heads: right, on"),
    ("check.whole_head(MultiHeadAttention(3, 4))", "as in check.whole_head(module.heads[0])"),
    # 11: the block
    (inspect.getsource(lecture.FeedFoward), ""),
    ("explore(FeedFoward(12).eval(), T=(1, 8, 5))", "x (T=5, C=12)"),
    ("check.up_and_down(FeedFoward(12))", "up_and_down: right, on"),
    (inspect.getsource(lecture.Block), ""),
    ("explore(Block(n_embd, n_head).eval(), T=(1, 8, 5), B=2)", "x (B=2, T=5, C=12)"),
    ("check.normalize_rows(Block(n_embd, n_head).ln1)", "normalize_rows: right, on"),
    ("check.all_heads(Block(n_embd, n_head))", "as in check.all_heads(module.sa)"),
    # 12: the whole model
    (inspect.getsource(lecture.GPTLanguageModel), ""),
    ("explore(GPTLanguageModel().eval(), T=(1, 8, 5), B=2)", "idx (B=2, T=5)"),
    ("check.look_up(GPTLanguageModel().token_embedding_table)", "look_up: right, on"),
    (BATCHES, ""),
    (LOSS, "mean_loss: right, on"),
    (LOOP, "it learns: True torch.Size([1, 13])"),
    ("see(model, torch.tensor([[0, 9]]))", "idx[0,1] is 9, and token_embedding_table.weight has 5 rows", RAISES),
    (
        "see(model, torch.zeros(1, 9).long())",
        "torch.arange(T, device=device)[8] is 8, and position_embedding_table.weight has 8 rows, from 0 to 7",
        RAISES,
    ),
    ("training = Training(model, text, steps=20)\nview = watch(training, tests=1)", "step 20 of 20"),
    ('print(score(model, [previous("abc ab")]).shape, len(write(model, "ab", 5)))', "torch.Size([2, 3]) 7"),
    ("with without(model, 0, 1):\n    print(loss_on(model, data) > 0)", "True"),
    # 13: read
    ('trace = trace_model(model, "abc ab", layer=1, head=2)\ntrace', DIAGRAM),
    ('print(trace.why("out", 0, 0, 0))', "out[0,0,0] = wei₃[0,0,0]·v[0,0,0]"),
]


def test_the_lecture_is_typed_explored_checked_trained_and_read(lab):
    write_notebooks(lab.folder, {"lecture": [code for code, *_ in CELLS]})
    fails = let_fail(lab.folder / "lecture.ipynb")
    with lab.open("lecture") as notebook:
        notebook.run_all()
        held = notebook.cells()
        for place, (code, wanted, *_) in enumerate(CELLS):
            cell, errors = notebook.cell(place), errors_of(held[place])
            if wanted == DIAGRAM:
                cell.locator(".attention-stage").wait_for()
            elif wanted:
                cell.locator(".jp-OutputArea").filter(has_text=wanted).first.wait_for()
            assert cell.locator(".attention-error:visible").count() == 0, code
            assert len(errors) == (place in fails) and all(map(is_a_sentence, errors)), code
        stage = notebook.cell(len(CELLS) - 2).locator(".attention-stage")
        stage.press("Escape"), stage.press("ArrowDown")
        said = held[-1]["outputs"][0]["text"].strip()
        assert notebook.cell(len(CELLS) - 2).locator(".attention-formula").inner_text() == said
        assert notebook.requests == []


def let_fail(path):
    """Mark the cells of the notebook that are to end in an error, so that the others run; returns their places."""
    notebook, places = nbformat.read(path, 4), [at for at, (_, _, *fails) in enumerate(CELLS) if fails]
    for at in places:
        notebook.cells[at].metadata["tags"] = ["raises-exception"]
    nbformat.write(notebook, path)
    return places


def errors_of(cell):
    return [plain(one["traceback"]) for one in cell["outputs"] if one["output_type"] == "error"]


def is_a_sentence(error):
    """Is it one line that says what is wrong, and no way through other people's files?"""
    first, *rest = error.splitlines()
    return first.startswith("Failed: ") and not any("File " in line or "site-packages" in line for line in rest)
