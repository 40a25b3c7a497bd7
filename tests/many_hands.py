"""Short functions of PyTorch in the styles of many hands: ``FUNCTIONS`` has each with the shapes that it takes.

A shape is written in the letters of sizes: ``"T C"``; D is head_size, N the number of heads, and C is N times D.
"""

# ruff: noqa: PERF401, RET504, RUF059 - as others write it

import math

import torch
import torch.nn.functional as F
from torch import nn

from tests.models_by_hand import Head

FUNCTIONS = {}


def takes(*shapes):
    """These are the shapes of a function's arguments."""

    def kept(function):
        FUNCTIONS[function.__name__] = function, shapes
        return function

    return kept


# -- averages -------------------------------------------------------------------------------------


@takes("B T C")
def mean_of_the_past_with_loops(x):
    B, T, C = x.shape
    xbow = torch.zeros((B, T, C), dtype=x.dtype)
    for b in range(B):
        for t in range(T):
            xprev = x[b, : t + 1]
            xbow[b, t] = torch.mean(xprev, 0)
    return xbow


@takes("T C")
def mean_of_the_past_in_place(x):
    out = torch.zeros_like(x)
    for t in range(len(x)):
        out[t] = x[: t + 1].mean(dim=0)
    return out


@takes("T C")
def mean_of_the_past_as_matmul(x):
    T = x.shape[0]
    wei = torch.tril(torch.ones(T, T, dtype=x.dtype))
    wei = wei / wei.sum(1, keepdim=True)
    return wei @ x


@takes("T C")
def mean_of_the_past_by_softmax(x):
    T = len(x)
    tril = torch.tril(torch.ones(T, T, dtype=x.dtype))
    wei = torch.zeros((T, T), dtype=x.dtype)
    wei = wei.masked_fill(tril == 0, float("-inf"))
    wei = F.softmax(wei, dim=-1)
    xbow = wei @ x
    return xbow


@takes("T C")
def mean_of_the_past_by_sums_so_far(x):
    sums = x.cumsum(dim=0)
    return sums / torch.arange(1, len(x) + 1, dtype=x.dtype)[:, None]


@takes("T C")
def list_of_rows_stacked(x):
    rows = []
    for t in range(x.size(0)):
        rows.append(x[: t + 1].sum(0) / (t + 1))
    return torch.stack(rows)


@takes("T C")
def comprehension(x):
    return torch.stack([x[max(0, t - 1) : t + 1].mean(0) for t in range(x.shape[0])], dim=0)


@takes("T C")
def double_loop_of_products(x):
    T = x.shape[0]
    scores = torch.empty(T, T, dtype=x.dtype)
    for i in range(T):
        for j in range(T):
            scores[i, j] = torch.dot(x[i], x[j])
    return scores.softmax(dim=1)


@takes("T C")
def running_total(x):
    total = x[0] * 0
    out = []
    for row in x:
        total = total + row
        out.append(total)
    return torch.stack(out)


@takes("T C")
def adding_into_rows(x):
    y = x.clone()
    y[1:] += x[:-1]
    return y


@takes("T C")
def decay(x):
    state = torch.zeros(x.shape[1], dtype=x.dtype)
    outs = []
    for t in range(x.shape[0]):
        state = 0.9 * state + 0.1 * x[t]
        outs.append(state)
    return torch.stack(outs, 0)


# -- heads ----------------------------------------------------------------------------------------


@takes("B T C", "C D", "C D", "C D")
def lecture_head(x, Wk, Wq, Wv):
    B, T, C = x.shape
    k = x @ Wk
    q = x @ Wq
    wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
    tril = torch.tril(torch.ones(T, T))
    wei = wei.masked_fill(tril == 0, float("-inf"))
    wei = F.softmax(wei, dim=-1)
    v = x @ Wv
    out = wei @ v
    return out


@takes("T D", "S D", "S D")
def one_line(q, k, v):
    return torch.softmax(q @ k.T / math.sqrt(q.shape[-1]), -1) @ v


@takes("T D", "S D", "S D")
def scaled_before(q, k, v):
    q = q / q.size(-1) ** 0.5
    att = torch.matmul(q, k.mT)
    att = att - att.amax(dim=-1, keepdim=True)
    att = torch.exp(att)
    att = att / att.sum(dim=-1, keepdim=True)
    return torch.matmul(att, v)


@takes("T D", "T D", "T D")
def with_triu(q, k, v):
    T = q.shape[0]
    mask = torch.triu(torch.full((T, T), float("-inf"), dtype=q.dtype), diagonal=1)
    scores = (q * q.shape[1] ** -0.5) @ k.t() + mask
    weights = scores.softmax(-1)
    return weights, weights @ v


@takes("T D", "T D", "T D")
def with_where(q, k, v):
    t = torch.arange(len(q))
    seen = t[:, None] >= t
    scores = torch.where(seen, torch.einsum("td,sd->ts", q, k), -torch.inf)
    return torch.einsum("ts,sd->td", scores.softmax(-1), v)


@takes("T D", "T D", "T D")
def window(q, k, v):
    T = q.shape[0]
    i, j = torch.meshgrid(torch.arange(T), torch.arange(T), indexing="ij")
    far = (j > i) | (j <= i - 2)
    w = q.matmul(k.transpose(0, 1)).masked_fill(far, -1e9)
    return w.softmax(1).matmul(v)


@takes("T D", "T D", "T D")
def unmasked_with_keep(q, k, v):
    keep = torch.ones(len(q), len(k)).tril().bool()
    s = (q @ k.T).masked_fill(~keep, -math.inf)
    return {"weights": s.softmax(-1), "out": s.softmax(-1) @ v}


@takes("B N T D", "B N T D", "B N T D")
def sdpa_causal(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


@takes("B N T D", "B N S D", "B N S D")
def sdpa_with_mask(q, k, v):
    mask = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool)
    mask[0, -1] = k.shape[-2] == 1
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=0.3)


@takes("B 4 T D", "B 2 T D", "B 2 T D")
def sdpa_grouped(q, k, v):
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    return y.transpose(1, 2).flatten(2)


@takes("T D", "T D", "T D")
def distances_as_bias(q, k, v):  # ALiBi
    t = torch.arange(q.shape[0], dtype=q.dtype)
    bias = -(t[:, None] - t[None, :]).abs() * 0.5
    att = (q @ k.T + bias).softmax(-1)
    return att @ v


@takes("T D", "T D", "T D")
def linear_attention(q, k, v):
    q, k = F.elu(q) + 1, F.elu(k) + 1
    state = k.T @ v
    norm = q @ k.sum(0)
    return (q @ state) / norm[:, None]


@takes("T D", "T D", "T D")
def sigmoid_attention(q, k, v):
    scores = q @ k.T - math.log(q.shape[0])
    return scores.sigmoid() @ v


@takes("T D", "T D", "T D")
def normed_queries(q, k, v):
    q = F.normalize(q, dim=-1)
    k = k / k.norm(dim=-1, keepdim=True)
    return (10 * q @ k.T).softmax(-1) @ v


@takes("T D", "T D", "T D")
def soft_cap(q, k, v):
    scores = q @ k.T
    scores = 5.0 * torch.tanh(scores / 5.0)
    return scores.softmax(-1) @ v


@takes("T D", "T D", "T D")
def only_the_best(q, k, v):
    scores = q @ k.T
    best, _ = scores.topk(1, dim=-1)
    scores = scores.masked_fill(scores < best, float("-inf"))
    return scores.softmax(-1) @ v


@takes("T D", "S D", "S D")
def online_softmax(q, k, v):
    out = []
    for query in q:
        top, total, acc = torch.tensor(-torch.inf, dtype=q.dtype), 0.0, torch.zeros(v.shape[1], dtype=q.dtype)
        for key, value in zip(k, v):
            score = query @ key
            new = torch.maximum(top, score)
            total = total * (top - new).exp() + (score - new).exp()
            acc = acc * (top - new).exp() + (score - new).exp() * value
            top = new
        out.append(acc / total)
    return torch.stack(out)


# -- many heads -----------------------------------------------------------------------------------


@takes("B T C", "C C", "C C", "C C", "C C")
def many_heads_by_view(x, Wq, Wk, Wv, Wo, n=2):
    B, T, C = x.shape
    q = (x @ Wq).view(B, T, n, C // n).transpose(1, 2)
    k = (x @ Wk).view(B, T, n, C // n).transpose(1, 2)
    v = (x @ Wv).view(B, T, n, C // n).transpose(1, 2)
    att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
    att = att.masked_fill(torch.tril(torch.ones(T, T)).view(1, 1, T, T) == 0, float("-inf"))
    att = F.softmax(att, dim=-1)
    y = att @ v
    y = y.transpose(1, 2).contiguous().view(B, T, C)
    return y @ Wo


@takes("B T C", "C 3C", "C C")
def joined_projection(x, W, Wo, n=2):
    B, T, C = x.size()
    q, k, v = (x @ W).split(C, dim=2)
    k = k.view(B, T, n, C // n).transpose(1, 2)
    q = q.view(B, T, n, C // n).transpose(1, 2)
    v = v.view(B, T, n, C // n).transpose(1, 2)
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    y = y.transpose(1, 2).contiguous().view(B, T, C)
    return y @ Wo


@takes("T C", "C 3C")
def chunk_and_unflatten(x, W, n=2):
    q, k, v = (part.unflatten(-1, (n, -1)).transpose(-3, -2) for part in (x @ W).chunk(3, dim=-1))
    weights = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1)
    return (weights @ v).transpose(-3, -2).flatten(-2)


@takes("T C", "3 N C D")
def einsum_heads(x, W):
    q, k, v = torch.einsum("tc,kncd->kntd", x, W)
    w = torch.einsum("ntd,nsd->nts", q, k).softmax(-1)
    return torch.einsum("nts,nsd->tnd", w, v).reshape(x.shape[0], -1)


@takes("T C", "C C")
def heads_in_a_loop(x, W, n=2):
    heads = []
    for part in torch.split(x @ W, x.shape[1] // n, dim=-1):
        heads.append(torch.softmax(part @ part.T, dim=-1) @ part)
    return torch.cat(heads, dim=-1)


@takes("B T C", "C C", "C D", "C D")
def grouped_queries(x, Wq, Wk, Wv):
    B, T, C = x.shape
    D = Wk.shape[1]
    q = (x @ Wq).reshape(B, T, -1, D).permute(0, 2, 1, 3)
    k = (x @ Wk)[:, None].expand(B, q.shape[1], T, D)
    v = (x @ Wv).unsqueeze(1).repeat(1, q.shape[1], 1, 1)
    a = torch.softmax(q @ k.transpose(2, 3), dim=-1)
    return (a @ v).permute(0, 2, 1, 3).reshape(B, T, C)


@takes("T C", "C D", "C D")
def repeat_interleaved_keys(x, Wk, Wv):
    q = x.view(x.shape[0], -1, Wk.shape[1]).transpose(0, 1)
    k = (x @ Wk)[None].repeat_interleave(q.shape[0], dim=0)
    v = (x @ Wv)[None].repeat_interleave(q.shape[0], dim=0)
    return (q @ k.transpose(1, 2)).softmax(-1) @ v


# -- positions ------------------------------------------------------------------------------------


def rotate_half(x):
    x1, x2 = x.chunk(2, dim=-1)
    return torch.cat((-x2, x1), dim=-1)


@takes("T 4")
def rotary_by_halves(q):
    T, d = q.shape
    inv_freq = 1.0 / (10000 ** (torch.arange(0, d, 2).to(q.dtype) / d))
    freqs = torch.outer(torch.arange(T).to(q.dtype), inv_freq)
    emb = torch.cat((freqs, freqs), dim=-1)
    cos, sin = emb.cos(), emb.sin()
    return q * cos + rotate_half(q) * sin


@takes("T 4")
def rotary_by_pairs(x):
    T, d = x.shape
    theta = 10000.0 ** (-torch.arange(0, d, 2, dtype=x.dtype) / d)
    angles = torch.arange(T, dtype=x.dtype)[:, None] * theta
    even, odd = x[..., ::2], x[..., 1::2]
    out = torch.empty_like(x)
    out[..., ::2] = even * angles.cos() - odd * angles.sin()
    out[..., 1::2] = even * angles.sin() + odd * angles.cos()
    return out


@takes("T C")
def waves_added(x):
    T, C = x.shape
    pos = torch.arange(T, dtype=x.dtype).unsqueeze(1)
    rate = torch.exp(torch.arange(0, C, 2, dtype=x.dtype) * (-math.log(10000.0) / C))
    pe = torch.zeros(T, C, dtype=x.dtype)
    pe[:, 0::2] = torch.sin(pos * rate)
    pe[:, 1::2] = torch.cos(pos * rate)
    return x + pe


@takes("6 C", "4 C")
def embeddings(table, places):
    idx = torch.tensor([[1, 0, 3], [5, 5, 2]])
    tok_emb = F.embedding(idx, table)
    pos_emb = places[torch.arange(3)]
    return tok_emb + pos_emb


@takes("T T", "9 1")
def relative_bias(scores, bias):
    t = torch.arange(scores.shape[0])
    offset = (t[:, None] - t[None, :]).clamp(-4, 4) + 4
    return (scores + bias.squeeze(-1)[offset]).softmax(dim=-1)


# -- layers ---------------------------------------------------------------------------------------


@takes("B T C", "C", "C")
def layer_norm_by_hand(x, gamma, beta, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    var = x.var(-1, keepdim=True, unbiased=False)
    xhat = (x - mean) / torch.sqrt(var + eps)
    return gamma * xhat + beta


@takes("B T C", "C", "C")
def layer_norm_in_one_call(x, gamma, beta):
    return F.layer_norm(x, (x.shape[-1],), gamma, beta)


@takes("T C", "C")
def rms_norm_by_hand(x, weight):
    ms = x.pow(2).mean(-1, keepdim=True)
    return weight * (x * torch.rsqrt(ms + 1e-6))


@takes("T C", "C")
def rms_norm_in_one_call(x, weight):
    return F.rms_norm(x, x.shape[-1:], weight, eps=1e-5)


@takes("T C")
def standardized(x):
    return (x - x.mean(0)) / x.std(0, correction=0)


@takes("T C", "4C C", "4C", "C 4C", "C")
def feed_forward(x, W1, b1, W2, b2):
    return x + F.linear(F.relu(F.linear(x, W1, b1)), W2, b2)


@takes("T C", "C 4C", "C 4C", "4C C")
def gated(x, Wg, Wu, Wd):
    return (F.silu(x @ Wg) * (x @ Wu)) @ Wd


@takes("T C")
def gelus(x):
    tanh = 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return F.gelu(x) + F.gelu(x, approximate="tanh") - tanh * 2


@takes("T C")
def squared_relu(x):
    return torch.relu(x).square() + F.leaky_relu(x, 0.1)


@takes("T C")
def gates(x):
    by_hand = 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))
    return F.glu(x, dim=-1), F.gelu(x, approximate="tanh"), by_hand, F.softplus(x), F.softplus(x, 2), F.logsigmoid(x)


@takes("T C")
def gelu_of_gpt2_by_hand(x):
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


# -- limits and comparisons -----------------------------------------------------------------------


@takes("T C", "T C")
def limits(x, y):
    top = torch.max(x, y), torch.min(x, other=y), torch.minimum(x, y.mean(0)), x.clamp(max=0.3), x.clip(min=0.1)
    return *top, torch.clamp(x, -y.abs(), y.abs()), F.hardtanh(x), F.relu6(4 * x), x.clamp_min(0.2).clamp_max_(0.4)


@takes("T D", "T D", "T D")
def cosine_attention(q, k, v):
    q, k = F.normalize(q, dim=-1), F.normalize(k, dim=-1)
    return torch.softmax(10 * q @ k.transpose(-2, -1), dim=-1) @ v


@takes("T C")
def hardly_longer_than_nothing(x):
    return F.normalize(x * torch.tensor([0.0, 1e-14] + [1.0] * (len(x) - 2))[: len(x), None], dim=1)


@takes("T D", "T D", "T D")
def only_what_fits(q, k, v):
    scores = q @ k.T
    later = torch.ones_like(scores).triu(1).bool()
    seen = (scores > 0) & ~later | torch.eye(len(q)).bool()
    weights = scores.masked_fill(~seen, float("-inf")).softmax(-1)
    return weights @ v


@takes("T D", "T D", "T D")
def the_best_two(q, k, v):
    scores = q @ k.T
    least = torch.topk(scores, min(2, len(k))).values[:, -1:]
    return scores.masked_fill(scores < least, -torch.inf).softmax(-1) @ v


@takes("T C")
def on_and_off(x):
    either = torch.logical_xor(x > 0, x < 0.5)
    return (x >= 0.1).float() * x, x * (x != 0), torch.where(x <= -0.1, x.exp(), -x), x.sin() * either


@takes("T C")
def ranks(x):
    lowest, where = x.min(dim=-1, keepdim=True)
    return 2 * x - lowest, x.amin(0), x.min(), x.kthvalue(1).values, x.median(dim=0).values, x.cummax(0).values, where


# -- the loss -------------------------------------------------------------------------------------


@takes("B T C")
def loss_in_one_call(logits):
    B, T, C = logits.shape
    targets = (torch.arange(B * T) * 7) % C
    return F.cross_entropy(logits.view(B * T, C), targets)


@takes("T C")
def loss_by_hand(logits):
    targets = torch.arange(logits.shape[0]) % logits.shape[1]
    logprobs = logits - logits.logsumexp(dim=1, keepdim=True)
    return -logprobs[torch.arange(len(targets)), targets].mean()


@takes("T C")
def loss_from_counts(logits):
    counts = logits.exp()
    probs = counts / counts.sum(1, keepdims=True)
    loss = -probs[range(len(logits)), [t % logits.shape[1] for t in range(len(logits))]].log().mean()
    return loss


@takes("T C")
def log_softmaxed(logits):
    return F.log_softmax(logits, dim=-1), F.nll_loss(logits.log_softmax(1), torch.zeros(len(logits), dtype=torch.long))


@takes("T C", "T C")
def squared_error(x, y):
    return F.mse_loss(x, y), ((x - y) ** 2).mean()


# -- moving and cutting ---------------------------------------------------------------------------


@takes("T C")
def shifted(x):
    return torch.roll(x, 1, dims=0) + 2 * x.flip(0) - 4 * F.pad(x, (0, 0, 1, 0))[:-1]


@takes("T C")
def moved_about(x):
    a = x.T.reshape(-1)[::2]
    b = torch.stack([x, -x]).movedim(0, -1).flatten(1)
    return a, b, x[[0, -1]], x[None, ..., 0], x.unbind(1)[1]


@takes("T C")
def picked_by_mask(x):
    return x[torch.arange(len(x)) % 2 == 0].sum(0, keepdim=True).expand(3, -1)


@takes("T C")
def halves_swapped(x):
    a, b = x.chunk(2, -1)
    return torch.cat([b, a], dim=1).tril() + torch.hstack((a, b)).triu(1)


@takes("T C")
def scattered(x):
    order = torch.arange(len(x)).flip(0)[:, None].expand_as(x)
    return torch.zeros_like(x).scatter(0, order, x) + x.gather(0, order)


@takes("T C")
def in_place_all_over(x):
    y = x * 2
    y.add_(1).mul_(x)
    y[0] = 0
    y.masked_fill_(torch.ones_like(y).triu(2).bool(), 0.5)
    y.t()[0] += 1.5
    return y


@takes("T C", "C")
def odd_products(x, v):
    return x.mv(v), x @ v, torch.outer(v, v), v.dot(v), torch.tensordot(x, x, dims=([1], [1])), x.addmm(x, v.outer(v))


@takes("2 T C", "2 C D")
def batches(x, W):
    return torch.bmm(x, W), torch.einsum("bij,bjk->ik", x, W), torch.einsum("bii->bi", x[:, :2, :2]), x.sum((0, 2))


@takes("T C")
def einsums(x):
    return (
        torch.einsum("ij->ji", x),
        torch.einsum("...j,kj", x, x),
        torch.einsum("ij,ij->", x, x),
        torch.einsum(x, [0, 1], x, [0, 2], [1, 2]),
    )


@takes("T C")
def not_read_here(x):
    return x.cumprod(0), torch.logcumsumexp(x, 1), x.sort(dim=0).values, x.prod(0)


@takes("T C")
def curves(x):
    y = x.abs() + 1
    return y.log(), y.sqrt() + y**-0.5 - y.rsqrt(), 1 / y, 2**x, x**3, y.pow(-2), x.cos() * x.sin(), x.clamp(-0.5, 0.5)


@takes("T C")
def extremes(x):
    top, where = x.max(dim=-1)
    return top, x.amax(0, keepdim=True), x.max(), torch.maximum(x, x.flip(0)), x - top.unsqueeze(-1), where


@takes("T C")
def spread(x):
    return x.var(), x.std(1), x.var(0, keepdim=True) * x, torch.linalg.norm(x, dim=1), x.logsumexp(-1)


@takes("T C")
def a_lambda_and_a_closure(x):
    scale = 1 / math.sqrt(x.shape[1])
    scaled = lambda y: y * scale  # noqa: E731 - as learners write it

    def shares(y):
        return scaled(y).softmax(-1)

    return shares(x @ x.mT)


# -- modules --------------------------------------------------------------------------------------


class MultiHead(nn.Module):
    """Heads side by side, and a projection."""

    def __init__(self, C, heads, T):
        super().__init__()
        self.heads = nn.ModuleList([Head(C, C // heads, T) for _ in range(heads)])
        self.proj = nn.Linear(C, C)

    def forward(self, x):
        out = torch.cat([h(x) for h in self.heads], dim=-1)
        return self.proj(out)


class Block(nn.Module):
    """A transformer block with layer norm first."""

    def __init__(self, C, heads, T):
        super().__init__()
        self.sa = MultiHead(C, heads, T)
        self.ffwd = nn.Sequential(nn.Linear(C, 4 * C), nn.ReLU(), nn.Linear(4 * C, C), nn.Dropout(0.2))
        self.ln1, self.ln2 = nn.LayerNorm(C), nn.LayerNorm(C)

    def forward(self, x):
        x = x + self.sa(self.ln1(x))
        x = x + self.ffwd(self.ln2(x))
        return x


MODULES = {
    "head": lambda: Head(4, 3, 8),
    "many heads": lambda: MultiHead(4, 2, 8),
    "block": lambda: Block(4, 2, 8),
    "nn.MultiheadAttention": lambda: nn.MultiheadAttention(4, 2, batch_first=True),
    "nn.TransformerEncoderLayer": lambda: nn.TransformerEncoderLayer(4, 2, 8, batch_first=True),
    "nn.TransformerEncoderLayer, norm first, gelu": lambda: nn.TransformerEncoderLayer(
        4, 2, 8, batch_first=True, norm_first=True, activation="gelu"
    ),
    "nn.Sequential": lambda: nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.LayerNorm(3)),
}
