"""Right solutions of the exercises, and the slips that make them wrong: (old, new, words of what the check says)."""

NOTHING = "No mistake that is known here"

RIGHT = {
    "encode_text": """
def encode_text(text, vocabulary):
    return np.array([vocabulary.index(letter) for letter in text])
""",
    "look_up": """
def look_up(ids, table):
    return table[ids]
""",
    "mean_so_far": """
def mean_so_far(x):
    T, C = x.shape
    out = np.zeros((T, C))
    for t in range(T):
        out[t] = x[: t + 1].mean(0)
    return out
""",
    "running_means": """
def running_means(x):
    B, T, C = x.shape
    counts = np.arange(1, T + 1)[:, None]
    return np.cumsum(x, axis=1) / counts
""",
    "averaging_matrix": """
def averaging_matrix(T):
    tril = torch.tril(torch.ones(T, T))
    return tril / tril.sum(1, keepdim=True)
""",
    "weighted_sums": """
def weighted_sums(weights, x):
    return weights @ x
""",
    "softmax_rows": """
def softmax_rows(scores):
    powers = (scores - scores.amax(-1, keepdim=True)).exp()
    return powers / powers.sum(-1, keepdim=True)
""",
    "masked_weights": """
def masked_weights(scores):
    T = scores.shape[-1]
    tril = torch.tril(torch.ones(T, T))
    masked = scores.masked_fill(tril == 0, float("-inf"))
    return masked.softmax(dim=-1)
""",
    "all_scores": """
def all_scores(q, k):
    B, T, h = q.shape
    return q @ k.transpose(-2, -1)
""",
    "unscaled_head": """
def unscaled_head(x, Wq, Wk, Wv):
    B, T, C = x.shape
    h = Wq.shape[1]
    q = x @ Wq
    k = x @ Wk
    v = x @ Wv
    scores = q @ k.transpose(-2, -1)
    tril = torch.tril(torch.ones(T, T))
    scores = scores.masked_fill(tril == 0, float("-inf"))
    weights = scores.softmax(dim=-1)
    out = weights @ v
    return out
""",
    "scaled_scores": """
def scaled_scores(x, Wq, Wk):
    B, T, C = x.shape
    h = Wq.shape[1]
    q = x @ Wq
    k = x @ Wk
    return q @ k.transpose(-2, -1) * h**-0.5
""",
    "softened": """
def softened(scores, temperature):
    return (scores / temperature).softmax(dim=-1)
""",
    "one_number": """
def one_number(x, Wq, Wk, Wv, t, h):
    past = x[: t + 1]
    head_size = Wq.shape[1]
    query = x[t] @ Wq
    keys = past @ Wk
    values = past @ Wv[:, h]
    scores = keys @ query * head_size**-0.5
    powers = np.exp(scores - scores.max())
    weights = powers / powers.sum()
    return weights @ values
""",
    "whole_head": """
def whole_head(x, Wq, Wk, Wv):
    B, T, C = x.shape
    head_size = Wq.shape[1]
    q = x @ Wq
    k = x @ Wk
    v = x @ Wv
    scores = q @ k.swapaxes(-1, -2) * head_size**-0.5
    tril = np.tril(np.ones((T, T)))
    masked = np.where(tril == 0, -np.inf, scores)
    powers = np.exp(masked - masked.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    out = weights @ v
    return out
""",
    "softmax_backward": """
def softmax_backward(weights, dweights):
    average = (weights * dweights).sum(axis=1, keepdims=True)
    return weights * (dweights - average)
""",
    "values_backward": """
def values_backward(weights, v, dout):
    dweights = dout @ v.T
    dv = weights.T @ dout
    return dweights, dv
""",
    "cut_into_heads": """
def cut_into_heads(q, heads):
    B, T, C = q.shape
    return q.view(B, T, heads, C // heads).transpose(1, 2)
""",
    "join_heads": """
def join_heads(out):
    B, heads, T, h = out.shape
    return out.transpose(1, 2).reshape(B, T, heads * h)
""",
    "all_heads": """
def all_heads(x, Wq, Wk, Wv, Wo, heads):
    B, T, C = x.shape
    head_size = C // heads
    q = (x @ Wq).view(B, T, heads, head_size).transpose(1, 2)
    k = (x @ Wk).view(B, T, heads, head_size).transpose(1, 2)
    v = (x @ Wv).view(B, T, heads, head_size).transpose(1, 2)
    scores = q @ k.transpose(-2, -1) * head_size**-0.5
    tril = torch.tril(torch.ones(T, T))
    scores = scores.masked_fill(tril == 0, float("-inf"))
    weights = scores.softmax(dim=-1)
    out = (weights @ v).transpose(1, 2).reshape(B, T, C)
    return out @ Wo
""",
    "add_positions": """
def add_positions(x, P, shift):
    B, T, C = x.shape
    return x + P[shift : shift + T]
""",
    "waves_at": """
def waves_at(positions, C):
    T = len(positions)
    i = torch.arange(C // 2)
    speeds = 10_000 ** (-2 * i / C)
    angles = positions[:, None] * speeds
    p = torch.zeros(T, C)
    p[:, 0::2] = angles.sin()
    p[:, 1::2] = angles.cos()
    return p
""",
    "turned_at": """
def turned_at(q, positions):
    T, h = q.shape
    i = torch.arange(h // 2)
    speeds = 1000 ** (-2 * i / h)
    angles = positions[:, None] * speeds
    angles = torch.cat((angles, angles), dim=-1)
    x1, x2 = q.chunk(2, dim=-1)
    quarter = torch.cat((-x2, x1), dim=-1)
    return q * angles.cos() + quarter * angles.sin()
""",
    "drop_weights": """
def drop_weights(weights, keep, p):
    return weights * keep / (1 - p)
""",
    "up_and_down": """
def up_and_down(x, Wup, bup, Wdown, bdown):
    up = x @ Wup + bup
    active = F.relu(up)
    out = active @ Wdown + bdown
    return out
""",
    "normalize_rows": """
def normalize_rows(x, gain, bias):
    mean = x.mean(-1, keepdim=True)
    variance = x.var(-1, keepdim=True, unbiased=False)
    normalized = (x - mean) / torch.sqrt(variance + 1e-5)
    return normalized * gain + bias
""",
    "inputs_and_targets": """
def inputs_and_targets(ids, starts, context):
    inputs = torch.stack([ids[s : s + context] for s in starts])
    targets = torch.stack([ids[s + 1 : s + context + 1] for s in starts])
    return inputs, targets
""",
    "mean_loss": """
def mean_loss(logits, targets):
    B, T, V = logits.shape
    return F.cross_entropy(logits.view(B * T, V), targets.view(B * T))
""",
    "previous_score": """
def previous_score(weights):
    return weights.diagonal(-1).mean()
""",
    "without_head": """
def without_head(out, head):
    silent = out.clone()
    silent[head] = 0
    return silent
""",
    "repeated_places": """
def repeated_places(ids):
    T = len(ids)
    places = torch.zeros(T, T)
    for t in range(T):
        for s in range(1, t + 1):
            if ids[s - 1] == ids[t]:
                places[t, s] = 1
    return places
""",
    "hide_padding": """
def hide_padding(scores, lengths):
    S = scores.shape[-1]
    real = torch.arange(S)[None, :] < lengths[:, None]
    return scores.masked_fill(~real[:, None, None, :], float("-inf"))
""",
    "safe_weights": """
def safe_weights(scores, allowed):
    masked = scores.masked_fill(~allowed, float("-inf"))
    weights = masked.softmax(dim=-1)
    nobody = ~allowed.any(dim=-1, keepdim=True)
    return weights.masked_fill(nobody, 0.0)
""",
    "look_elsewhere": """
def look_elsewhere(x, source, Wq, Wk, Wv, Wo, heads):
    B, T, C = x.shape
    S, E = source.shape[1], Wq.shape[1]
    h = E // heads
    q = (x @ Wq).view(B, T, heads, h).transpose(1, 2)
    k = (source @ Wk).view(B, S, heads, h).transpose(1, 2)
    v = (source @ Wv).view(B, S, heads, h).transpose(1, 2)
    scores = q @ k.transpose(-2, -1) * h**-0.5
    weights = scores.softmax(dim=-1)
    out = (weights @ v).transpose(1, 2).reshape(B, T, E)
    return out @ Wo
""",
    "one_mask": """
def one_mask(dropped, padded):
    hidden = dropped | padded[:, None, :]
    return torch.zeros(hidden.shape).masked_fill(hidden, float("-inf"))
""",
    "one_pass": """
def one_pass(scores):
    m = torch.full_like(scores[:, 0], float("-inf"))
    l = torch.zeros_like(m)
    for t in range(scores.shape[1]):
        m_before, m = m, torch.maximum(m, scores[:, t])
        l = l * (m_before - m).exp() + (scores[:, t] - m).exp()
    return m, l
""",
    "merge_parts": """
def merge_parts(m_a, l_a, out_a, m_b, l_b, out_b):
    m = torch.maximum(m_a, m_b)
    shrink_a, shrink_b = (m_a - m).exp(), (m_b - m).exp()
    l = shrink_a * l_a + shrink_b * l_b
    out = shrink_a[..., None] * out_a + shrink_b[..., None] * out_b
    return m, l, out
""",
    "times_as_many": """
def times_as_many(T, h, tile):
    plain = 4 * T * h + 4 * T * T
    tiles = -(-T // tile)
    in_tiles = 2 * T * h + T + tiles * 2 * T * h
    return plain / in_tiles
""",
    "score_gradients": """
def score_gradients(q, k, v, out, logsumexp, dout):
    scores = q @ k.mT * q.shape[-1] ** -0.5
    weights = (scores - logsumexp[..., None]).exp()
    D = (dout * out).sum(dim=-1, keepdim=True)
    return weights * (dout @ v.mT - D)
""",
    "grouped_queries": """
def grouped_queries(q, k, v):
    n, T, h = q.shape
    times = n // len(k)
    k, v = k.repeat_interleave(times, dim=0), v.repeat_interleave(times, dim=0)
    scores = q @ k.transpose(-2, -1) * h**-0.5
    masked = scores.masked_fill(torch.ones(T, T).tril() == 0, float("-inf"))
    weights = masked.softmax(dim=-1)
    return weights @ v
""",
    "absorbed_out": """
def absorbed_out(q, latent, Wk, Wv):
    n, T, h = q.shape
    asked = q @ Wk.transpose(-2, -1)
    scores = asked @ latent.transpose(-2, -1) * h**-0.5
    masked = scores.masked_fill(torch.ones(T, T).tril() == 0, float("-inf"))
    mixed = masked.softmax(dim=-1) @ latent
    return mixed @ Wv
""",
    "window_weights": """
def window_weights(scores, window, sinks):
    T = len(scores)
    t, s = torch.arange(T)[:, None], torch.arange(T)
    near = s > t - window
    allowed = (s <= t) & (near | (s < sinks))
    masked = scores.masked_fill(~allowed, float("-inf"))
    return masked.softmax(dim=-1)
""",
    "delta_step": """
def delta_step(state, k, v, beta):
    stored = k @ state
    missing = v - stored
    return state + beta * torch.outer(k, missing)
""",
    "zigzag_ranks": """
def zigzag_ranks(T, ranks):
    piece = torch.arange(T) // (T // (2 * ranks))
    return torch.minimum(piece, 2 * ranks - 1 - piece)
""",
    "pass_and_add": """
def pass_and_add(pieces, step):
    after = pieces.clone()
    N = len(pieces)
    for rank in range(N):
        i = (rank - step) % N
        after[(rank + 1) % N, i] += pieces[rank, i]
    return after
""",
    "part_of_rank": """
def part_of_rank(x, Wq, Wk, Wv, Wo, heads, ranks, rank):
    width = x.shape[-1] // ranks
    own = slice(rank * width, (rank + 1) * width)
    q, k, v = ((x @ W[:, own]).unflatten(-1, (heads // ranks, -1)).transpose(1, 2) for W in (Wq, Wk, Wv))
    out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return out.transpose(1, 2).flatten(2) @ Wo[own]
""",
    "one_more_token": """
def one_more_token(q, k_kept, v_kept, k_new, v_new, padding):
    k = torch.cat([k_kept[:, padding:], k_new[:, None]], dim=1)
    v = torch.cat([v_kept[:, padding:], v_new[:, None]], dim=1)
    scaled = q[:, None] @ k.transpose(1, 2) * q.shape[1] ** -0.5
    return (scaled.softmax(-1) @ v)[:, 0]
""",
    "nucleus": """
def nucleus(probabilities, p):
    likely, order = probabilities.sort(descending=True)
    likely[likely.cumsum(0) - likely >= p] = 0
    kept = torch.zeros_like(probabilities)
    kept[order] = likely
    return kept / kept.sum()
""",
    "accept": """
def accept(target, draft, x):
    chance = (target[x] / draft[x]).clamp(max=1)
    more = (target - draft).clamp(min=0)
    return chance, more / more.sum()
""",
    "tokens_that_fit": """
def tokens_that_fit(free, batch, layers, heads, key_heads, head_size, bytes_each):
    token = 2 * batch * layers * key_heads * head_size * bytes_each
    return free // token
""",
}

FILLS = [
    ('float("-inf")', fill, "became a finite number") for fill in ("-1", "-5", "-8", "-20", "-100", "-1e3", "-1e4")
]

TORCH_HEAD = [
    ("tril == 0", "tril == 1", "the mask fills where the triangle has a 1"),
    ('tril == 0, float("-inf")', "tril == 1, -1e9", "with nothing left, hears all alike"),
    ("torch.tril(", "torch.triu(", "the triangle is the wrong way round"),
    ("torch.ones(T, T))", "torch.ones(T, T), -1)", "the diagonal is masked, too"),
    (
        'torch.ones(T, T))\n    scores = scores.masked_fill(tril == 0, float("-inf"))',
        "torch.ones(T, T), -1)\n    scores = scores.masked_fill(tril == 0, -1e9)",
        "the diagonal is masked, too",
    ),
    ("torch.ones(T, T))", "torch.ones(T, T), 1)", "one token too many"),
    ("tril == 0", "tril.T == 0", "the triangle is the wrong way round"),
    ('float("-inf")', "0", "became 0, not -inf"),
    (
        'scores = scores.masked_fill(tril == 0, float("-inf"))\n    ',
        "scores = scores * tril\n    ",
        "became 0, not -inf",
    ),
    ('scores = scores.masked_fill(tril == 0, float("-inf"))\n    ', "", "there is no mask"),
    (
        'scores = scores.masked_fill(tril == 0, float("-inf"))\n    weights = scores.softmax(dim=-1)',
        "weights = scores.softmax(dim=-1)\n    weights = weights.masked_fill(tril == 0, 0)",
        "the mask came after the softmax",
    ),
    (
        'scores = scores.masked_fill(tril == 0, float("-inf"))\n    ',
        "scores = scores + (1 - tril) * float('-inf')\n    ",
        "Every number of it is NaN",
    ),
    ("softmax(dim=-1)", "softmax(dim=-2)", "down the columns"),
    ("softmax(dim=-1)", "softmax(dim=0)", "over the batch"),
    ("softmax(dim=-1)", "softmax(dim=-1).softmax(dim=-1)", "softmax came twice"),
    ("scores.masked_fill(", "scores.softmax(-1).masked_fill(", "softmax came twice, before the mask"),
    ("scores.softmax(dim=-1)", "scores.exp()", "not divided by their sum"),
    ("scores.softmax(dim=-1)", "scores.exp() / scores.exp().sum()", "all weights share one sum"),
    ("scores.softmax(dim=-1)", "scores.exp() / scores.exp().sum(-1, keepdim=True)", "overflows"),
    (
        "scores.softmax(dim=-1)",
        "(scores - scores.max()).exp() / (scores - scores.max()).exp().sum(-1, keepdim=True)",
        "large ones give NaN",
    ),
    ("weights = scores.softmax(dim=-1)", "weights = scores.masked_fill(tril == 0, 0)", "there is no softmax"),
    ("k.transpose(-2, -1)", "k.reshape(*k.shape[:-2], k.shape[-1], k.shape[-2])", "k was reshaped, not transposed"),
    ("q @ k.transpose", "k @ q.transpose", "q and k have changed places"),
    ("q @ k.transpose", "q @ q.transpose", "the queries meet themselves"),
    ("q @ k.transpose", "k @ k.transpose", "the keys meet themselves"),
    ("weights @ v", "weights @ k", "the weights mix the keys"),
    ("weights @ v", "weights @ q", "the weights mix the queries"),
    ("weights @ v", "weights.transpose(-2, -1) @ v", "the weights are transposed"),
    ("x @ Wq", "x @ Wk", "the keys meet themselves"),
    ("x @ Wq", "x @ Wq.T", "Wq was transposed"),
    ("x @ Wk", "F.linear(x, Wk)", "Wk was transposed"),
    ("x @ Wv", "x @ Wv.T", "Wv was transposed"),
    ("softmax(dim=-1)", "softmax(dim=-1) * 2", "every number is 2.000 times"),
    ("softmax(dim=-1)", "softmax(dim=-1) ** 2", NOTHING),
    ("softmax(dim=-1)", "softmax(dim=-1).round(decimals=1)", NOTHING),
    ("scores.softmax(dim=-1)", "scores.sigmoid()", NOTHING),
    ("scores.softmax(dim=-1)", "F.dropout(scores.softmax(dim=-1), 0.2)", "drawn at random"),
]

SLIPS = {
    "encode_text": [
        ("vocabulary.index(letter)", "vocabulary.index(letter) + 1", "the ids begin at 1"),
        ("vocabulary.index(letter)", "ord(letter)", "code points"),
        ("vocabulary.index(letter)", "sorted(vocabulary).index(letter)", "the vocabulary was sorted first"),
        ("vocabulary.index(letter)", "text.index(letter)", NOTHING),
        ("in text]", "in reversed(text)]", "read from its end"),
        ("in text]", "in text[:3]]", NOTHING),
        ("in text]", "in vocabulary]", NOTHING),
        (
            "np.array([vocabulary.index(letter) for letter in text])",
            "[vocabulary.index(letter) for letter in text]",
            "it returned a list",
        ),
        ("vocabulary.index(letter)", "letter", "it returned numbers of type"),
        ("vocabulary.index(letter)", "len(vocabulary) - vocabulary.index(letter)", NOTHING),
    ],
    "look_up": [
        ("table[ids]", "table[ids[0]]", "only the first sequence"),
        ("table[ids]", "table[ids.T]", "the tokens stand in front of the batch"),
        ("table[ids]", "table[ids - 1]", "taken to begin at 1"),
        ("table[ids]", "table[ids].sum(1)", "added up"),
        ("table[ids]", "ids", "it returned numbers of type int64"),
        ("table[ids]", "table", "It gives back table as it came"),
        ("table[ids]", "np.eye(len(table))[ids]", "one-hot"),
        ("table[ids]", "table[::-1][ids]", NOTHING),
        ("table[ids]", "table[ids].swapaxes(0, 2)", "its axes stand in another order: (C, T, B), wanted (B, T, C)"),
        ("table[ids]", "table[ids] + ids[..., None]", NOTHING),
    ],
    "mean_so_far": [
        ("t + 1].mean(0)", "t].mean(0)", "the slice stops at t"),
        (".mean(0)", ".mean()", "the mean runs over the channels as well"),
        (".mean(0)", ".sum(0)", "not divided by how many"),
        (".mean(0)", ".sum(0) / T", "divided by T"),
        (".mean(0)", ".sum(0) / t", "row t is divided by t, wanted t + 1"),
        (".mean(0)", ".mean(1)", "it raised ValueError"),
        (".mean(0)", ".max(0)", NOTHING),
        ("x[: t + 1]", "x[t:]", "its future, wanted its past"),
        ("x[: t + 1]", "x[: T]", "every row is the mean of all rows"),
        ("x[: t + 1]", "x[1 : t + 1]", "the first token is left out"),
        ("x[: t + 1]", "x[: t + 2]", "It sees later tokens"),
        ("x[: t + 1]", "x[max(0, t - 1) : t + 1]", "itself and the row before alone"),
        ("x[: t + 1]", "x[max(0, t - 2) : t + 1]", NOTHING),
        ("x[: t + 1].mean(0)", "np.median(x[: t + 1], 0)", NOTHING),
        ("return out", "return out + x", "x was added to it"),
        ("return out", "return x", "It gives back x as it came"),
        ("return out", "return out.T", "right, but transposed"),
        ("return out", "return -out", "for its sign"),
        ("return out", "return np.zeros((T, C))", "Every number of it is 0"),
        ("return out", "return out.round()", NOTHING),
        ("range(T)", "range(T - 1)", NOTHING),
        ("range(T)", "range(1, T)", NOTHING),
        ("range(T)", "range(C)", "it raised IndexError"),
        ("np.zeros((T, C))", "np.zeros((C, T))", "It is right only where T equals C"),
        ("np.zeros((T, C))", "x", "it changes its input in place"),
        ("np.zeros((T, C))", "np.zeros((T, C), int)", "whole numbers cut off"),
    ],
    "running_means": [
        ("axis=1", "axis=0", "over the batch"),
        ("axis=1", "axis=2", "over the channels"),
        ("np.cumsum(x, axis=1)", "np.cumsum(x).reshape(x.shape)", "name the axis"),
        ("/ counts", "", "not divided by how many"),
        ("/ counts", "/ T", "divided by T"),
        ("arange(1, T + 1)", "arange(T)", "divided by t, wanted t + 1"),
        ("arange(1, T + 1)", "arange(2, T + 2)", "divided by t + 2"),
        ("np.arange(1, T + 1)[:, None]", "np.arange(1, T + 1)", "the counts lost their axis"),
        ("np.cumsum(x, axis=1)", "np.cumsum(x[0], axis=0)", "only the first sequence"),
        ("np.cumsum(x, axis=1) / counts", "x.mean(1, keepdims=True) + 0 * x", "its future included"),
        ("np.cumsum(x, axis=1) / counts", "np.full(x.shape, x.mean())", "the mean of all of x"),
        ("np.cumsum(x, axis=1)", "np.cumprod(x, axis=1)", NOTHING),
        ("np.cumsum(x, axis=1) / counts", "np.maximum.accumulate(x, axis=1)", NOTHING),
        ("np.cumsum(x, axis=1) / counts", "x + np.cumsum(x, axis=1) / counts", "x was added to it"),
        ("np.cumsum(x, axis=1) / counts", "(np.cumsum(x, axis=1) / counts).swapaxes(0, 1)", "another order: (T, B, C)"),
        ("return np.cumsum(x, axis=1) / counts", "return np.cumsum(x, axis=1) / np.sqrt(counts)", NOTHING),
    ],
    "averaging_matrix": [
        ("torch.tril(", "torch.triu(", "the triangle is the upper one"),
        ("sum(1, keepdim=True)", "sum(0, keepdim=True)", "each column sums to 1"),
        ("sum(1, keepdim=True)", "sum(1)", "lost their axis"),
        ("sum(1, keepdim=True)", "sum()", "all ones share one sum"),
        (" / tril.sum(1, keepdim=True)", "", "the ones are not divided"),
        (" / tril.sum(1, keepdim=True)", " / T", "the ones are divided by T"),
        ("tril / tril.sum(1, keepdim=True)", "tril.softmax(-1)", "softmax was taken of ones and zeros"),
        ("tril / tril.sum(1, keepdim=True)", "torch.ones(T, T) / T", "every entry is 1/T"),
        ("torch.ones(T, T))", "torch.ones(T, T), -1)", "the diagonal is missing"),
        ("torch.ones(T, T))", "torch.rand(T, T))", "drawn at random"),
        ("torch.ones(T, T))", "torch.ones(T, T), 1)", NOTHING),
        (
            "return tril / tril.sum(1, keepdim=True)",
            "return (tril / tril.sum(1, keepdim=True)).T",
            "the matrix is transposed",
        ),
        ("return tril", "return 1 - tril", NOTHING),
    ],
    "weighted_sums": [
        ("weights @ x", "weights.T @ x", "weights is transposed"),
        ("weights @ x", "weights @ x[0]", "only the first sequence"),
        ("weights @ x", "torch.tril(weights) @ x", "the weights were masked"),
        ("weights @ x", "weights.softmax(-1) @ x", "softmax was taken of the weights"),
        ("weights @ x", "weights / weights.sum(-1, keepdim=True) @ x", "made to sum to 1"),
        ("weights @ x", "x + weights @ x", "x was added to the sums"),
        ("weights @ x", "weights @ x / len(weights)", "averaged, wanted added up"),
        ("weights @ x", "x @ weights", "the factors have changed places"),
        ("weights @ x", "weights @ (weights @ x)", NOTHING),
        ("weights @ x", "(weights @ x).relu()", NOTHING),
        ("weights @ x", "weights @ x.sum(0)", "added up"),
        ("weights @ x", "weights @ x @ x.mT", NOTHING),
    ],
    "softmax_rows": [
        ("(scores - scores.amax(-1, keepdim=True)).exp()", "scores.exp()", "overflows"),
        ("(scores - scores.amax(-1, keepdim=True)).exp()", "(scores - scores.max()).exp()", "large ones give NaN"),
        ("powers.sum(-1, keepdim=True)", "powers.sum(-2, keepdim=True)", "the sum of their column"),
        ("powers.sum(-1, keepdim=True)", "powers.sum()", "of all rows share one sum"),
        ("return powers / powers.sum(-1, keepdim=True)", "return powers", "not divided by their sum"),
        ("return powers / powers.sum(-1, keepdim=True)", "return scores.softmax(-1).softmax(-1)", "softmax came twice"),
        ("return powers / powers.sum(-1, keepdim=True)", "return scores.softmax(1)", "the columns"),
        ("return powers / powers.sum(-1, keepdim=True)", "return scores.softmax(0)", "over the batch"),
        ("return powers / powers.sum(-1, keepdim=True)", "return scores.log_softmax(-1)", "log_softmax"),
        (
            "return powers / powers.sum(-1, keepdim=True)",
            "return scores.flatten().softmax(0).view(scores.shape)",
            "share one sum",
        ),
        (
            "return powers / powers.sum(-1, keepdim=True)",
            "return scores / scores.sum(-1, keepdim=True)",
            "without the powers of e",
        ),
        ("return powers / powers.sum(-1, keepdim=True)", "return torch.tril(scores).softmax(-1)", NOTHING),
        ("powers.sum(-1, keepdim=True)", "powers.norm(dim=-1, keepdim=True)", NOTHING),
        (".exp()", ".exp2()", "powers of 2"),
    ],
    "masked_weights": [
        ("tril == 0", "tril == 1", "the mask fills where the triangle has a 1"),
        ('tril == 0, float("-inf")', "tril == 1, -1e9", "with nothing left, hears all alike"),
        ("torch.tril(", "torch.triu(", "the wrong way round"),
        ("torch.ones(T, T))", "torch.ones(T, T), -1)", "the diagonal is masked, too"),
        ("torch.ones(T, T))", "torch.ones(T, T), 1)", "one token too many"),
        ('float("-inf")', "0", "became 0, not -inf"),
        ('float("-inf")', 'float("inf")', "became +inf, the sign is missing"),
        *FILLS,
        ("return masked.softmax(dim=-1)", "return (scores + tril).softmax(dim=-1)", "were lowered by a finite number"),
        (
            "return masked.softmax(dim=-1)",
            "return (scores + tril - 1).softmax(dim=-1)",
            "were lowered by a finite number",
        ),
        ("masked.softmax(dim=-1)", "F.dropout(masked.softmax(dim=-1), 0.01)", "drawn at random"),
        ("return masked.softmax(dim=-1)", "return nn.Dropout(0.1)(masked.softmax(dim=-1))", "drawn at random"),
        ("masked.softmax(dim=-1)", "scores.softmax(dim=-1) * tril", "the mask came after the softmax"),
        ("masked.softmax(dim=-1)", "scores.softmax(dim=-1)", "there is no mask"),
        ("masked.softmax(dim=-1)", "masked", "there is no softmax"),
        ("softmax(dim=-1)", "softmax(dim=1)", "down the columns"),
        ("softmax(dim=-1)", "softmax(dim=0)", "over the batch"),
        ("softmax(dim=-1)", "softmax(dim=-1).softmax(dim=-1)", "softmax came twice"),
        ("masked.softmax(dim=-1)", "masked.exp() / masked.exp().sum()", "all weights share one sum"),
        ("masked.softmax(dim=-1)", "masked.exp()", "not divided by their sum"),
        ("masked.softmax(dim=-1)", "tril / tril.sum(-1, keepdim=True) + 0 * scores", "plain averages"),
        ("masked.softmax(dim=-1)", "masked.softmax(dim=-1).transpose(1, 2)", "right, but transposed"),
        ("masked.softmax(dim=-1)", "masked.sigmoid()", NOTHING),
        ("masked.softmax(dim=-1)", "(2 * masked).softmax(dim=-1)", NOTHING),
        ("masked.softmax(dim=-1)", "masked.log_softmax(dim=-1)", NOTHING),
        ("scores.masked_fill(", "scores.softmax(-1).masked_fill(", "softmax came twice, before the mask"),
        ("T = scores.shape[-1]", "T = scores.shape[0]", "only where B equals T"),
        (
            "torch.tril(torch.ones(T, T))",
            "torch.tril(torch.ones(T, T)); scores[:, tril == 0] = float('-inf')",
            "it changes its input in place",
        ),
    ],
    "all_scores": [
        ("k.transpose(-2, -1)", "k.view(B, h, T)", "k was reshaped, not transposed"),
        ("q @ k.transpose(-2, -1)", "k @ q.transpose(-2, -1)", "k is the first factor"),
        ("q @ k.transpose(-2, -1)", "q.transpose(-2, -1) @ k", "channels meet channels"),
        ("q @ k.transpose(-2, -1)", "q @ q.transpose(-2, -1)", "the queries meet themselves"),
        ("q @ k.transpose(-2, -1)", "(q * k).sum(-1)", "the key of its own token"),
        ("q @ k.transpose(-2, -1)", "q @ k.transpose(-2, -1) / h", "averaged over head_size"),
        ("q @ k.transpose(-2, -1)", "q @ k.transpose(-2, -1) / math.sqrt(h)", "root of head_size"),
        ("q @ k.transpose(-2, -1)", "q @ k.transpose(-2, -1) * math.sqrt(h)", "multiplied by the root of head_size"),
        ("q @ k.transpose(-2, -1)", "k @ q.transpose(-2, -1) / math.sqrt(h)", "k is the first factor, and the scores"),
        ("q @ k.transpose(-2, -1)", "(q @ k.transpose(-2, -1)).softmax(-1)", "softmax came already"),
        ("q @ k.transpose(-2, -1)", "(q @ k.transpose(-2, -1)).abs()", NOTHING),
        ("q @ k.transpose(-2, -1)", "q @ k", "it raised RuntimeError"),
        ("q @ k.transpose(-2, -1)", "torch.cdist(q, k)", NOTHING),
        ("q @ k.transpose(-2, -1)", "F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)", NOTHING),
        ("q @ k.transpose(-2, -1)", "torch.einsum('tbh,sbh->bts', q, k)", "axis 0 for the tokens"),
        ("q @ k.transpose(-2, -1)", "-(q @ k.transpose(-2, -1))", "for its sign"),
    ],
    "unscaled_head": [
        *TORCH_HEAD,
        ("q @ k.transpose(-2, -1)", "q @ k.transpose(-2, -1) * h**-0.5", "that is asked in notebook 6"),
        ("q @ k.transpose(-2, -1)", "q @ k.transpose(-2, -1) / h", "divided by head_size: that is not asked"),
        ("q @ k.transpose(-2, -1)", "q @ k.transpose(-2, -1) / T", NOTHING),
        ("q @ k.transpose(-2, -1)", "x @ x.transpose(-2, -1)", "the rows of x themselves meet"),
        ("weights @ v", "weights @ x", "the weights mix x itself"),
        *FILLS,
        ('float("-inf")', "float('inf')", "became +inf, the sign is missing"),
        ("q @ k.transpose(-2, -1)", "q @ k.transpose(-2, -1) * C**-0.5", "the root of C: here they stay"),
        ("q @ k.transpose(-2, -1)", "q @ k.transpose(-2, -1) / C", "divided by C: that is not asked"),
        ("q @ k.transpose(-2, -1)", "k @ q.transpose(-2, -1) * h**-0.5", "places in the scores, and these are divided"),
        (
            "q @ k.transpose(-2, -1)",
            "k @ q.transpose(-2, -1) * C**-0.5",
            "divided by the root of C, wanted as they are",
        ),
        ("return out", "return F.scaled_dot_product_attention(q, k, v, is_causal=True)", "that is asked in notebook 6"),
        ("return out", "return F.scaled_dot_product_attention(q, k, v)", "and there is no mask"),
        ("return out", "return F.scaled_dot_product_attention(q, k, v, attn_mask=tril)", "It sees later tokens"),
        ("return out", "return F.scaled_dot_product_attention(q, k, v, scale=1.0)", "there is no mask"),
        ("torch.ones(T, T)", "torch.ones(C, C)", "only where T equals C"),
        ("torch.ones(T, T)", "torch.ones(h, h)", "only where T equals head_size"),
        ("return out", "return out + x", "x was added to it"),
        ("return out", "return out.transpose(1, 2)", "right, but transposed"),
        ("return out", "return out.transpose(0, 1)", "its axes stand in another order: (T, B, head_size)"),
        ("return out", "return out[0]", NOTHING),
        ("return out", "return F.layer_norm(out, out.shape[-1:])", NOTHING),
        ("q = x @ Wq", "x = x.transpose(0, 1); B, T = T, B; q = x @ Wq", "axis 0 for the tokens"),
        ("x @ Wq", "x @ Wq.T", "an nn.Linear keeps its matrix that way"),
        (
            "q = x @ Wq\n    k = x @ Wk\n    v = x @ Wv",
            "q, k, v = x @ Wq.T, x @ Wk.T, x @ Wv.T",
            "Wq, Wk and Wv were transposed",
        ),
        (
            "(x, Wq, Wk, Wv):",
            "(x, key, query, value):\n    Wq, Wk, Wv = key, query, value",
            "q and k have changed places",
        ),
    ],
    "scaled_scores": [
        ("h**-0.5", "h**-1/2", "head_size**-1/2"),
        ("h**-0.5", "h**0.5", "multiplied by the root"),
        ("h**-0.5", "h**-1", "by head_size itself"),
        ("h**-0.5", "C**-0.5", "root of C"),
        ("h**-0.5", "T**-0.5", "root of T"),
        ("h**-0.5", "B**-0.5", "root of B"),
        ("h**-0.5", "C**-1/2", NOTHING),
        (" * h**-0.5", "", "not divided by the root"),
        (" * h**-0.5", " / math.sqrt(h) / math.sqrt(h)", "by head_size itself"),
        (" * h**-0.5", " * 0.5", NOTHING),
        (" * h**-0.5", " * h**-0.25", NOTHING),
        ("k.transpose(-2, -1)", "k.view(B, h, T)", "k was reshaped, not transposed"),
        ("q @ k.transpose", "k @ q.transpose", "k is the first factor"),
        ("q = x @ Wq", "q = x @ Wk", "the keys meet themselves"),
        ("k = x @ Wk", "k = x @ Wq", "the queries meet themselves"),
        ("x @ Wk", "x @ Wk.T", "Wk was transposed"),
        (
            "return q @ k.transpose(-2, -1) * h**-0.5",
            "return (q @ k.transpose(-2, -1) * h**-0.5).softmax(-1)",
            "softmax came already",
        ),
        ("return q", "return 3 * q", "3.000 times"),
        ("x @ Wq", "x @ Wq / x.norm()", NOTHING),
        ("q = x @ Wq", "x = x.transpose(0, 1); q = x @ Wq", "axis 0 for the tokens"),
    ],
    "softened": [
        ("scores / temperature", "scores * temperature", "multiplied by the temperature"),
        ("(scores / temperature).softmax(dim=-1)", "scores.softmax(dim=-1) / temperature", "after the softmax"),
        ("(scores / temperature).softmax(dim=-1)", "scores.softmax(dim=-1)", "the temperature is not used"),
        ("scores / temperature", "scores / math.sqrt(temperature)", "root of the temperature"),
        ("scores / temperature", "scores / temperature**2", "square of the temperature"),
        ("scores / temperature", "scores - temperature", "the temperature is not used"),
        ("scores / temperature", "scores / (1 + temperature)", NOTHING),
        ("dim=-1", "dim=-2", "over the columns"),
        ("dim=-1", "dim=0", "over the batch"),
        ("softmax(dim=-1)", "softmax(dim=-1).softmax(dim=-1)", "softmax came twice"),
        (
            "(scores / temperature).softmax(dim=-1)",
            "(scores.softmax(dim=-1) / temperature).softmax(dim=-1)",
            "softmax came first",
        ),
        ("scores / temperature", "torch.tril(scores) / temperature", NOTHING),
        ("softmax(dim=-1)", "sigmoid()", NOTHING),
        ("softmax(dim=-1)", "exp()", NOTHING),
    ],
    "one_number": [
        ("x[: t + 1]", "x[:t]", "which ends before token t"),
        ("x[: t + 1]", "x", "each token hears its future"),
        ("x[: t + 1]", "x[t:]", "the wrong way round"),
        ("head_size**-0.5", "head_size**-1/2", "head_size**-1/2"),
        ("head_size**-0.5", "1", "not divided by the root"),
        ("head_size**-0.5", "head_size**-1", "by head_size itself"),
        ("head_size**-0.5", "len(Wq) ** -0.5", "root of C"),
        ("head_size**-0.5", "(t + 1) ** -0.5", NOTHING),
        ("values = past @ Wv[:, h]", "values = past @ Wk[:, h]", "mix the keys"),
        ("query = x[t] @ Wq", "query = x[t] @ Wk", "the keys meet themselves"),
        ("query = x[t] @ Wq\n    keys = past @ Wk", "query = x[t] @ Wk\n    keys = past @ Wq", "changed places"),
        ("x[t] @ Wq", "x[-1] @ Wq", NOTHING),
        ("weights @ values", "values.mean()", "plain mean"),
        ("weights @ values", "values[t]", "the value of token t alone"),
        ("weights @ values", "weights * values", "your number has shape"),
        ("np.exp(scores - scores.max())", "np.exp(scores)", "overflows"),
        ("powers / powers.sum()", "powers", "not divided by their sum"),
        ("powers / powers.sum()", "powers / len(powers)", NOTHING),
        ("x[t] @ Wq", "x[t] @ Wq.T", "Wq was transposed"),
        ("Wv[:, h]", "Wv[:, 0]", NOTHING),
    ],
    "whole_head": [
        ("tril == 0", "tril == 1", "the mask fills where the triangle has a 1"),
        ("tril == 0, -np.inf, scores", "tril == 1, -1e9, scores", "with nothing left, hears all alike"),
        ("np.tril(", "np.triu(", "the wrong way round"),
        ("np.ones((T, T)))", "np.ones((T, T)), -1)", "the diagonal is masked, too"),
        ("np.ones((T, T)))", "np.ones((T, T)), 1)", "one token too many"),
        ("-np.inf, scores", "0, scores", "became 0, not -inf"),
        ("np.where(tril == 0, -np.inf, scores)", "scores", "there is no mask"),
        ("np.where(tril == 0, -np.inf, scores)", "scores * tril", "became 0, not -inf"),
        ("np.where(tril == 0, -np.inf, scores)", "scores + (1 - tril) * -np.inf", "Every number of it is NaN"),
        ("np.where(tril == 0, -np.inf, scores)", "scores - (1 - tril)", "were lowered by a finite number"),
        ("-np.inf, scores", "-8, scores", "became a finite number"),
        ("-np.inf, scores", "-1e4, scores", "became a finite number"),
        ("-np.inf, scores", "np.inf, scores", "became +inf, the sign is missing"),
        ("axis=-1", "axis=-2", "down the columns"),
        ("axis=-1", "axis=0", "over the batch"),
        ("powers.sum(axis=-1, keepdims=True)", "powers.sum()", "of all rows share one sum"),
        ("masked.max(axis=-1, keepdims=True)", "0", "overflows"),
        (
            "masked - masked.max(axis=-1, keepdims=True))\n    weights = powers / powers.sum(axis=-1, keepdims=True)",
            "masked)\n    weights = powers / powers.sum()",
            "all weights share one sum",
        ),
        ("out = weights @ v", "out = weights @ k", "mix the keys"),
        ("out = weights @ v", "out = (weights * tril).swapaxes(-1, -2) @ v", "the weights are transposed"),
        ("k.swapaxes(-1, -2)", "k.reshape(B, head_size, T)", "k was reshaped, not transposed"),
        ("head_size**-0.5", "head_size**-1/2", "head_size**-1/2"),
        ("head_size**-0.5", "C**-0.5", "root of C"),
        ("head_size**-0.5", "head_size**0.5", "multiplied by the root"),
        ("head_size**-0.5", "head_size**-1", "by head_size itself"),
        ("head_size**-0.5", "1", "not divided by the root"),
        ("head_size**-0.5", "T**-0.5", NOTHING),
        ("x @ Wq", "x @ Wq.T", "Wq was transposed"),
        ("q = x @ Wq", "x, B, T = x.swapaxes(0, 1), T, B\n    q = x @ Wq", "axis 0 for the tokens"),
        ("return out", "return out + x", "x was added to it"),
        ("return out", "return out[0]", "only the first sequence"),
        ("return out", "return out.swapaxes(0, 1)", "its axes stand in another order"),
        ("return out", "return np.tanh(out)", NOTHING),
        (
            "weights = powers / powers.sum(axis=-1, keepdims=True)",
            "weights = powers / powers.sum(axis=-1, keepdims=True)\n"
            "    weights = np.exp(weights) / np.exp(weights).sum(axis=-1, keepdims=True)",
            "softmax came twice",
        ),
        ("weights = powers / powers.sum(axis=-1, keepdims=True)", "weights = powers", "not divided by their sum"),
        ("np.ones((T, T))", "np.ones((C, C))", "only where T equals C"),
        ("np.ones((T, T))", "np.ones((B, B))", "only where B equals T"),
    ],
    "softmax_backward": [
        ("weights * (dweights - average)", "weights * dweights", "was not taken away"),
        ("weights * (dweights - average)", "weights * (average - dweights)", "the sign is turned round"),
        ("weights * (dweights - average)", "dweights - average", "not multiplied by the weight"),
        ("weights * (dweights - average)", "weights * (1 - weights) * dweights", "treated by itself"),
        ("axis=1", "axis=0", "down the columns"),
        ("sum(axis=1, keepdims=True)", "sum(axis=1)", "lost its axis"),
        ("sum(axis=1, keepdims=True)", "sum()", "a single number for all rows"),
        ("(weights * dweights).sum", "dweights.mean", "plain mean of the row"),
        ("(weights * dweights).sum", "dweights.sum", "the sum of the row was taken away"),
        ("return weights", "return weights.T", NOTHING),
        ("return weights", "return 2 * weights", "2.000 times"),
    ],
    "values_backward": [
        ("weights.T @ dout", "weights @ dout", "wanted its transpose"),
        ("dout @ v.T", "v @ dout.T", "dweights came out transposed"),
        ("return dweights, dv", "return dv, dweights", "have changed places"),
        ("dout @ v.T", "np.tril(dout @ v.T)", "dweights was masked"),
        ("weights.T @ dout", "dout", "dv is dout itself"),
        ("weights.T @ dout", "weights.T @ v", NOTHING),
        ("return dweights, dv", "return dweights", "it returned something of type ndarray; wanted 2 results"),
        ("return dweights, dv", "return dweights * 2, dv", NOTHING),
        ("return dweights, dv", "return dweights * 2, dv * 2", "2.000 times"),
    ],
    "cut_into_heads": [
        (
            "q.view(B, T, heads, C // heads).transpose(1, 2)",
            "q.view(B, heads, T, C // heads)",
            "mixes heads with tokens",
        ),
        (".transpose(1, 2)", "", "still stand behind the tokens"),
        (".transpose(1, 2)", ".transpose(0, 1)", "axes 0 and 1 have changed places"),
        ("heads, C // heads)", "C // heads, heads)", "taken for head_size"),
        (
            "q.view(B, T, heads, C // heads).transpose(1, 2)",
            "q.view(B, T, C // heads, heads).permute(0, 3, 1, 2)",
            "interleaved",
        ),
        (
            "q.view(B, T, heads, C // heads).transpose(1, 2)",
            "q.transpose(1, 2).reshape(B, heads, T, C // heads)",
            "before it was cut",
        ),
        (".transpose(1, 2)", ".permute(2, 0, 1, 3)", "in front of the batch"),
        (".transpose(1, 2)", ".permute(0, 2, 3, 1)", "right, but transposed"),
        (".transpose(1, 2)", ".permute(3, 2, 1, 0)", "its axes stand in another order"),
        (".transpose(1, 2)", ".transpose(1, 2).flip(1)", NOTHING),
        (".transpose(1, 2)", ".transpose(1, 2).cumsum(1)", NOTHING),
    ],
    "join_heads": [
        ("out.transpose(1, 2)", "out", "one reshape went straight"),
        (".reshape(B, T, heads * h)", "", "were not joined"),
        ("out.transpose(1, 2)", "out.permute(0, 2, 3, 1)", "take turns"),
        ("out.transpose(1, 2).reshape(B, T, heads * h)", "out.sum(1)", "added up"),
        ("out.transpose(1, 2).reshape(B, T, heads * h)", "out.mean(1)", "averaged"),
        (
            "out.transpose(1, 2).reshape(B, T, heads * h)",
            "out.transpose(1, 2).flatten(1)",
            "the tokens were joined as well",
        ),
        ("out.transpose(1, 2).reshape(B, T, heads * h)", "out.flip(1).transpose(1, 2).flatten(2)", NOTHING),
        ("out.transpose(1, 2).reshape(B, T, heads * h)", "out[:, 0]", NOTHING),
        (
            "out.transpose(1, 2).reshape(B, T, heads * h)",
            "out.transpose(1, 2).flatten(2).transpose(0, 1)",
            "another order: (T, B, C)",
        ),
    ],
    "all_heads": [
        *TORCH_HEAD,
        ('float("-inf")', "-100", "became a finite number"),
        ('float("-inf")', "-8", "became a finite number"),
        ("out @ Wo", "out @ Wo + torch.linspace(-1, 1, C)", "right, but for a bias"),
        ("out @ Wo", "F.linear(out, Wo.T, nn.Linear(C, C).bias)", "drawn at random"),
        ("out @ Wo", "F.linear(out, Wo.T, nn.Linear(C, C).bias)", "It is right, but for a bias"),
        ("x @ Wv)", "x @ Wv + torch.linspace(-1, 1, C))", "right, but for a bias"),
        ("x @ Wq)", "x @ Wq + nn.Linear(C, C).bias)", "drawn at random"),
        ("softmax(dim=-1)", "softmax(dim=1)", "over the heads"),
        ("head_size**-0.5", "heads**-0.5", "the number of heads"),
        ("head_size**-0.5", "head_size**-1/2", "head_size**-1/2"),
        ("head_size**-0.5", "C**-0.5", "C**-0.5"),
        ("head_size**-0.5", "1", "not divided by the root"),
        ("head_size**-0.5", "T**-0.5", NOTHING),
        ("k.transpose(-2, -1)", "k.reshape(B, heads, head_size, T)", "k was reshaped, not transposed"),
        (".view(B, T, heads, head_size).transpose(1, 2)", ".view(B, heads, T, head_size)", "without the transpose"),
        ("(weights @ v).transpose(1, 2)", "(weights @ v)", "before its heads were moved back"),
        ("out @ Wo", "out", "the output projection is missing"),
        ("out @ Wo", "out @ Wo.T", "Wo was transposed"),
        ("out @ Wo", "F.linear(out, Wo)", "Wo was transposed"),
        ("out @ Wo", "x + out @ Wo", "x was added to it"),
        ("out @ Wo", "out + out @ Wo", NOTHING),
        ("x @ Wq", "x @ Wq.T", "Wq was transposed"),
        ("x @ Wq).view", "x @ Wq.T).view", "Wq was transposed"),
        (
            "    B, T, C = x.shape\n    head_size",
            "    heads = 1\n    B, T, C = x.shape\n    head_size",
            "one wide head",
        ),
        (
            "q = (x @ Wq).view(B, T, heads, head_size).transpose(1, 2)",
            "q = (x @ Wq).view(B, heads, T, head_size)",
            "It sees later tokens",
        ),
        ("    B, T, C = x.shape\n", "    x = x.transpose(0, 1)\n    B, T, C = x.shape\n", "axis 0 for the tokens"),
        ("torch.ones(T, T)", "torch.ones(head_size, head_size)", NOTHING),
    ],
    "add_positions": [
        ("shift : shift + T", ":T", "the shift is not used"),
        ("shift : shift + T", "shift + 1 : shift + T + 1", "begin one too late"),
        ("shift : shift + T", "shift - 1 : shift + T - 1", "begin one too early"),
        ("P[shift : shift + T]", "P[shift]", "the same row of P"),
        ("P[shift : shift + T]", "P[-T:]", "from its end"),
        ("x + P", "x * P", "x was multiplied"),
        ("x + P[shift : shift + T]", "P[shift : shift + T].expand(B, T, C)", "without x"),
        ("x + P", "x - P", NOTHING),
        ("x + P", "2 * x + P", "x was added to it"),
        ("P[shift : shift + T]", "P[shift : shift + T].flip(0)", "run backward"),
        ("P[shift : shift + T]", "P[shift : shift + B, None]", "chosen by sequence"),
        ("P[shift : shift + T]", "P[:T] + shift", "added to the numbers"),
        ("P[shift : shift + T]", "P[shift : shift + C]", "only where T equals C"),
        ("return x + P[shift : shift + T]", "x += P[shift : shift + T]\n    return x", "it changes its input in place"),
        ("shift + T", "shift + T + 1", "it raised RuntimeError"),
    ],
    "waves_at": [
        ("positions[:, None]", "(positions[:, None] + 1)", "one too high"),
        ("positions[:, None]", "(positions[:, None] - 1)", "one too low"),
        ("positions[:, None]", "torch.arange(T)[:, None]", "the positions 0 to T - 1"),
        ("-2 * i / C", "-i / C", "-i / C"),
        ("-2 * i / C", "2 * i / C", "each next hand turns faster"),
        ("* speeds", "/ speeds", "each next hand turns faster"),
        ("-2 * i / C", "4 * i / C", "2i taken twice and no minus"),
        ("torch.arange(C // 2)", "torch.arange(0, C, 2)", "arange(0, C, 2)"),
        (
            "torch.arange(C // 2)\n    speeds = 10_000 ** (-2",
            "torch.arange(0, C, 2)\n    speeds = 10_000 ** (2",
            "2i taken twice",
        ),
        (
            "speeds\n    p = torch.zeros(T, C)\n    p[:, 0::2] = angles.sin()\n    p[:, 1::2] = angles.cos()",
            "(1 / speeds)\n    p = torch.cat((angles.sin(), angles.cos()), -1)",
            "each next hand turns faster: wanted each sine beside",
        ),
        ("(-2 * i / C)", "-2 * i / C", "put brackets"),
        ("-2 * i / C", "-4 * i / C", "arange(0, C, 2)"),
        ("10_000 **", "1000.0 **", "the base is 1,000"),
        ("10_000 **", "100.0 **", "or the base is 100"),
        (
            "p[:, 0::2] = angles.sin()\n    p[:, 1::2] = angles.cos()",
            "p[:, 0::2] = angles.cos()\n    p[:, 1::2] = angles.sin()",
            "changed places",
        ),
        (
            "p[:, 0::2] = angles.sin()\n    p[:, 1::2] = angles.cos()",
            "p = torch.cat((angles.sin(), angles.cos()), -1)",
            "all sines stand first",
        ),
        ("angles.cos()", "angles.sin()", "every channel is a sine"),
        ("angles.sin()", "angles.cos()", "every channel is a cosine"),
        ("angles.cos()", "angles.tan()", NOTHING),
        ("p[:, 1::2] = angles.cos()", "", NOTHING),
        ("angles = positions[:, None] * speeds", "angles = positions[:, None] * speeds * 3.14159 / 180", NOTHING),
        ("return p", "return p.T", "right, but transposed"),
    ],
    "turned_at": [
        ("positions[:, None]", "(positions[:, None] + 1)", "one too high"),
        ("positions[:, None]", "(positions[:, None] - 1)", "one too low"),
        ("positions[:, None]", "torch.arange(T)[:, None]", "turned by 0, 1, 2"),
        ("torch.cat((angles, angles), dim=-1)", "angles.repeat_interleave(2, dim=-1)", "as by `repeat_interleave(2)`"),
        (
            "quarter = torch.cat((-x2, x1), dim=-1)",
            "quarter = torch.stack((-q[:, 1::2], q[:, 0::2]), dim=-1).flatten(1)",
            "laid out for halves",
        ),
        (
            "angles = torch.cat((angles, angles), dim=-1)\n"
            "    x1, x2 = q.chunk(2, dim=-1)\n    quarter = torch.cat((-x2, x1), dim=-1)",
            "angles = angles.repeat_interleave(2, dim=-1)\n"
            "    quarter = torch.stack((-q[:, 1::2], q[:, 0::2]), dim=-1).flatten(1)",
            "neighbors are turned together",
        ),
        (
            "angles = torch.cat((angles, angles), dim=-1)\n"
            "    x1, x2 = q.chunk(2, dim=-1)\n    quarter = torch.cat((-x2, x1), dim=-1)\n"
            "    return q * angles.cos() + quarter * angles.sin()",
            "x1, x2, cos, sin = q[:, 0::2], q[:, 1::2], angles.cos(), angles.sin()\n"
            "    return torch.cat((x1 * cos - x2 * sin, x1 * sin + x2 * cos), -1)",
            "put together as halves",
        ),
        ("(-x2, x1)", "(x2, -x1)", "turns the other way"),
        ("(-x2, x1)", "(x2, x1)", "there is no minus"),
        ("(-x2, x1)", "(x1, x2)", "q itself is multiplied by sin"),
        ("(-x2, x1)", "(-x1, x2)", NOTHING),
        ("1000 **", "10_000.0 **", "the base is 10,000"),
        ("1000 **", "1.0 **", "equally fast"),
        ("-2 * i / h", "-i / h", "-i / head_size"),
        ("-2 * i / h", "-4 * i / h", "-4i / head_size"),
        ("(-2 * i / h)", "-2 * i / h", "put brackets"),
        ("-2 * i / h", "2 * i / h", "faster"),
        ("* speeds", "/ speeds", "faster"),
        (
            "torch.arange(h // 2)\n    speeds = 1000 ** (-2",
            "torch.arange(0, h, 2)\n    speeds = 1000 ** (2",
            "2i taken twice",
        ),
        (
            "angles.cos() + quarter * angles.sin()",
            "angles.sin() + quarter * angles.cos()",
            "sine and cosine have changed places",
        ),
        ("return q *", "return q.T *", NOTHING),
        ("return q * angles.cos()", "return q", NOTHING),
        ("return q * angles.cos() + quarter * angles.sin()", "return q", "q comes out as it was"),
    ],
    "drop_weights": [
        ("/ (1 - p)", "", "not divided by 1 - p"),
        ("/ (1 - p)", "/ p", "divided by p"),
        ("/ (1 - p)", "* (1 - p)", "multiplied by 1 - p"),
        ("/ (1 - p)", "* p", "multiplied by p"),
        ("/ (1 - p)", "- p", "p was subtracted"),
        ("weights * keep", "weights * (1 - keep)", "the wrong ones were dropped"),
        ("weights * keep", "weights", "nothing was dropped"),
        ("/ (1 - p)", "/ (weights * keep).sum(-1, keepdim=True)", "divided by its sum"),
        ("/ (1 - p)", "/ keep.mean()", "happened to stay"),
        ("weights * keep / (1 - p)", "F.dropout(weights, p)", "drawn at random"),
        ("/ (1 - p)", "/ (1 + p)", NOTHING),
        ("weights * keep", "weights * keep.T", NOTHING),
    ],
    "up_and_down": [
        ("F.relu(up)", "F.gelu(up)", "the activation is GELU, as"),
        ("F.relu(up)", "F.gelu(up, approximate='tanh')", "tanh form"),
        ("F.relu(up)", "F.silu(up)", "SiLU"),
        ("F.relu(up)", "F.leaky_relu(up)", "leaky relu"),
        ("F.relu(up)", "F.leaky_relu(up, 0.2)", NOTHING),
        ("F.relu(up)", "up.sigmoid()", "a sigmoid"),
        ("F.relu(up)", "up.tanh()", "is tanh"),
        ("F.relu(up)", "F.elu(up)", "ELU"),
        ("F.relu(up)", "F.relu(up) ** 2", "relu was squared"),
        ("F.relu(up)", "up", "there is no relu"),
        ("F.relu(up)", "up.abs()", "lost their sign"),
        ("F.relu(up)", "up.softmax(-1)", NOTHING),
        ("F.relu(up)", "F.softplus(up)", NOTHING),
        ("F.relu(up)", "F.relu6(up)", "is there a constant in it"),
        ("F.relu(up)", "F.hardtanh(up)", NOTHING),
        ("F.relu(up)", "F.mish(up)", NOTHING),
        ("F.relu(up)", "F.relu(up - 1)", NOTHING),
        ("F.relu(up)", "F.dropout(F.relu(up), 0.1)", "drawn at random"),
        ("F.relu(up)", "F.relu(up) / up.shape[-1]", NOTHING),
        ("x @ Wup + bup", "x @ Wup", "bup is missing"),
        ("x @ Wup + bup", "x @ (Wup + bup)", NOTHING),
        ("x @ Wup + bup", "F.layer_norm(x, x.shape[-1:]) @ Wup + bup", NOTHING),
        ("x @ Wup + bup", "x.mean(1, keepdim=True) @ Wup + bup", "only where there is one token"),
        ("x @ Wup", "x @ Wup.T", "Wup was transposed"),
        ("active @ Wdown", "active @ Wdown.T", "Wdown was transposed"),
        ("+ bdown", "", "bdown is missing"),
        ("return out", "return out + x", "x was added at the end"),
        ("return out", "return F.relu(out)", "a second time"),
        ("return out", "return out.cumsum(1)", "only where there is one token"),
        ("return out", "return out - out.mean(1, keepdim=True)", NOTHING),
        ("return out", "return out * out.shape[1]", "only where there is one token"),
        ("return out", "return out[:1].expand_as(out)", NOTHING),
    ],
    "normalize_rows": [
        ("normalized * gain + bias", "normalized * gain", "the bias is missing"),
        ("normalized * gain + bias", "normalized + bias", "the gain is missing"),
        ("normalized * gain + bias", "normalized", "gain and bias are missing"),
        ("normalized * gain + bias", "(normalized + bias) * gain", "before the gain"),
        ("    mean = x", "    x = x * gain\n    gain = 1\n    mean = x", "the gain came before the norm"),
        ("    mean = x", "    x = x * gain + bias\n    gain, bias = 1, 0\n    mean = x", "gain and bias came first"),
        ("unbiased=False", "unbiased=True", "C - 1"),
        ("x.mean(-1, keepdim=True)", "x.mean()", NOTHING),
        ("x.var(-1, keepdim=True, unbiased=False)", "x.var(unbiased=False)", NOTHING),
        (
            "x.mean(-1, keepdim=True)\n    variance = x.var(-1, keepdim=True, unbiased=False)",
            "x.mean()\n    variance = x.var(unbiased=False)",
            "for the whole batch",
        ),
        ("(-1, keepdim=True", "(1, keepdim=True", "over the tokens"),
        ("(-1, keepdim=True", "(0, keepdim=True", "over the batch"),
        ("torch.sqrt(variance + 1e-5)", "(variance + 1e-5)", "divided by the variance"),
        ("/ torch.sqrt(variance + 1e-5)", "* (variance + 1e-5)**-1/2", "`**-1/2`"),
        ("/ torch.sqrt(variance + 1e-5)", "* torch.sqrt(variance + 1e-5)", "multiplied by the root"),
        ("torch.sqrt(variance + 1e-5)", "torch.sqrt(variance)", "0.00001 is missing"),
        ("torch.sqrt(variance + 1e-5)", "(torch.sqrt(variance) + 1e-5)", "added to the root"),
        ("torch.sqrt(variance + 1e-5)", "torch.sqrt(variance + 1e-3)", NOTHING),
        ("torch.sqrt(variance + 1e-5)", "torch.sqrt(variance + 1e-8)", NOTHING),
        ("torch.sqrt(variance + 1e-5)", "x.norm(dim=-1, keepdim=True)", NOTHING),
        ("(x - mean)", "x", "the mean was not taken away"),
        ("return normalized", "return x + normalized", "x was added to it"),
        ("+ bias", "+ bias + x", "x was added to it"),
        ("+ bias", "- bias", NOTHING),
        ("(x - mean) / torch.sqrt(variance + 1e-5)", "x / torch.sqrt((x**2).mean(-1, keepdim=True) + 1e-5)", "RMSNorm"),
    ],
    "inputs_and_targets": [
        ("ids[s + 1 : s + context + 1]", "ids[s : s + context]", "the targets are the inputs themselves"),
        ("ids[s + 1 : s + context + 1]", "ids[s + 2 : s + context + 2]", "it raised RuntimeError"),
        ("return inputs, targets", "return targets, inputs", "have changed places"),
        ("return inputs, targets", "return inputs, targets[:, -1]", "only the last token"),
        ("return inputs, targets", "return inputs[:, :-1], targets[:, :-1]", "one token too early"),
        ("return inputs, targets", "return inputs", "it returned something of type Tensor; wanted 2 results"),
        ("return inputs, targets", "return inputs.float(), targets.float()", "wanted whole numbers"),
        ("return inputs, targets", "return inputs.T, targets.T", "right, but transposed"),
        ("return inputs, targets", "return inputs.flip(1), targets.flip(1)", "only where there is one token"),
        ("in starts", "in 0 * starts", "the starts are not used"),
        ("in starts", "in starts.flip(0)", NOTHING),
    ],
    "mean_loss": [
        ("logits.view(B * T, V)", "logits.softmax(-1).view(B * T, V)", "softmax came before"),
        ("targets.view(B * T))", "targets.view(B * T), reduction='sum')", "added up, wanted their mean"),
        ("targets.view(B * T))", "targets.view(B * T), reduction='sum') / B", "by B alone"),
        ("targets.view(B * T))", "targets.view(B * T), reduction='sum') / T", "by T alone"),
        ("targets.view(B * T))", "targets.view(B * T), label_smoothing=0.1)", NOTHING),
        ("targets.view(B * T))", "targets.view(B * T), reduction='none')", "your loss has shape"),
        ("targets.view(B * T))", "targets.view(B * T)) / math.log(2)", "bits"),
        ("targets.view(B * T))", "targets.view(B * T)).exp()", "perplexity"),
        ("targets.view(B * T))", "targets.roll(1, 1).flatten())", "the target before it"),
        ("targets.view(B * T))", "targets.roll(-1, 1).flatten())", NOTHING),
        ("logits.view(B * T, V), targets.view(B * T)", "logits.view(B, V, T), targets", "reshaped to (B, V, T)"),
        ("logits.view(B * T, V), targets.view(B * T)", "logits[:, -1], targets[:, -1]", "only the last token"),
        ("logits.view(B * T, V), targets.view(B * T)", "logits[0], targets[0]", "only the first sequence"),
        ("return F", "return -F", "the sign is missing"),
        (
            "return F.cross_entropy(logits.view(B * T, V), targets.view(B * T))",
            "return -logits.log_softmax(-1).mean()",
            "the whole vocabulary",
        ),
        (
            "return F.cross_entropy(logits.view(B * T, V), targets.view(B * T))",
            "return -logits.log_softmax(1).gather(-1, targets[..., None]).mean()",
            "over the tokens",
        ),
        (
            "return F.cross_entropy(logits.view(B * T, V), targets.view(B * T))",
            "return -logits.softmax(-1).gather(-1, targets[..., None]).mean()",
            "taken for its logarithm",
        ),
        (
            "return F.cross_entropy(logits.view(B * T, V), targets.view(B * T))",
            "return -logits.gather(-1, targets[..., None]).mean()",
            "there is no softmax",
        ),
        (
            "return F.cross_entropy(logits.view(B * T, V), targets.view(B * T))",
            "return F.mse_loss(logits.argmax(-1).float(), targets.float())",
            NOTHING,
        ),
    ],
    "previous_score": [
        ("diagonal(-1)", "diagonal()", "to themselves"),
        ("diagonal(-1)", "diagonal(1)", "above the main one"),
        ("diagonal(-1).mean()", "diagonal(-1).sum()", "added up"),
        ("diagonal(-1).mean()", "diagonal(-1).sum() / len(weights)", "divided by T"),
        ("diagonal(-1).mean()", "diagonal(-1).max()", "the largest"),
        ("diagonal(-1).mean()", "mean()", "the mean of all weights"),
        ("diagonal(-1).mean()", "diagonal(-1).median()", NOTHING),
        ("diagonal(-1).mean()", "diagonal(-1)[-1]", NOTHING),
        ("weights.diagonal(-1)", "weights[:, 0]", NOTHING),
        ("weights.diagonal(-1)", "weights[1:, 0]", "the first column"),
    ],
    "without_head": [
        ("out.clone()", "out", "it changes its input in place"),
        ("silent[head]", "silent[head, 0]", "only the first token"),
        ("silent[head]", "silent[head - 1]", "counted from 1"),
        ("silent[head]", "silent[:, :, head % out.shape[-1]]", "the last axis was indexed"),
        ("silent[head] = 0", "silent[head] = silent[head].mean(0)", "the mean of what it said"),
        ("silent[head] = 0", "pass", "nothing was silenced"),
        ("silent[head] = 0", "silent[head] = 1", NOTHING),
        ("silent[head] = 0", "silent[head] *= 0.5", NOTHING),
        ("silent[head] = 0", "silent[head:] = 0", NOTHING),
        ("out.clone()", "torch.zeros_like(out)", "Every number of it is 0"),
        ("return silent", "return silent.transpose(0, 1)", "its axes stand in another order"),
        ("return silent", "return", "it returned None"),
    ],
    "repeated_places": [
        ("ids[s - 1] == ids[t]", "ids[s] == ids[t]", NOTHING),
        ("ids[s - 1] == ids[t]", "ids[s - 1] == ids[t - 1]", NOTHING),
        ("range(1, t + 1)", "range(1, t)", "the token at t itself is left out"),
        ("range(1, t + 1)", "range(1, T)", "the future is marked"),
        ("range(1, t + 1)", "range(t + 1)", "It sees later tokens"),
        ("places[t, s] = 1", "places[s, t] = 1", "changed places"),
        ("places[t, s] = 1", "places[t, s - 1] = 1", "the earlier token itself is marked"),
        ("places[t, s] = 1", "places[t] = 0; places[t, s] = 1", "only the latest place"),
        ("places[t, s] = 1", "places[t, s] = 1; break", "only the first place"),
        ("return places", "return places / places.sum(-1, keepdim=True).clamp(min=1)", "made to sum to 1"),
        ("return places", "return 1 - places", NOTHING),
        ("return places", "return places.bool()", "these are no plain numbers"),
    ],
    "hide_padding": [
        ("~real", "real", "the wrong way round"),
        ("<", "<=", "one place too many is kept"),
        ("< lengths[:, None]", "< lengths[:, None] - 1", "one token too many is hidden"),
        ('float("-inf")', "-1e9", "became -1e9"),
        ('float("-inf")', "0.0", "became 0, not -inf"),
        ('float("-inf")', "float('inf')", "the sign is missing"),
        ("lengths[:, None]", "lengths.max()", "as many keys as the longest"),
        ("lengths[:, None]", "lengths[0]", "cut to the length of the first"),
        ('float("-inf"))', 'float("-inf")).softmax(-1)', "softmax came already"),
        ("S = scores.shape[-1]", "S = scores.shape[-2]", "T equals S"),
        ("real[:, None, None, :]", "real[:, None, :, None]", "RuntimeError"),
    ],
    "safe_weights": [
        ("weights.masked_fill(nobody, 0.0)", "weights", "is NaN, and stays it"),
        ("weights.masked_fill(nobody, 0.0)", "weights * ~nobody", "is NaN, and stays it"),
        ("~allowed, float", "allowed, float", "the wrong way round"),
        ("weights.masked_fill(nobody, 0.0)", "torch.nan_to_num(weights) + 1", NOTHING),
        ("masked.softmax(dim=-1)", "scores.softmax(dim=-1) * allowed", "the mask came after the softmax"),
        ("masked.softmax(dim=-1)", "scores.softmax(dim=-1)", NOTHING),
        ("masked.softmax(dim=-1)", "masked.softmax(dim=-2).nan_to_num()", "down the columns"),
        ("masked_fill(nobody, 0.0)", "masked_fill(nobody, 1.0)", NOTHING),
        ('float("-inf"))', "0.0)", "e to the power of 0 is 1"),
        ('scores.masked_fill(~allowed, float("-inf"))', "scores + allowed.float()", "as 1 and 0, which hides nobody"),
        (
            "def safe_weights(scores, allowed):",
            "def safe_weights(scores, allowed):\n    allowed = allowed | torch.eye(*scores.shape[1:]).bool()",
            "let look at itself",
        ),
    ],
    "look_elsewhere": [
        ("h**-0.5", "E**-0.5", "all heads together"),
        ("h**-0.5", "C**-0.5", "the channels of x"),
        ("h**-0.5", "1", "not divided by the root"),
        ("softmax(dim=-1)", "softmax(dim=-2)", "over the words of x"),
        ("softmax(dim=-1)", "softmax(dim=1)", "over the heads"),
        ("weights @ v", "weights @ k", "the weights mix the keys"),
        (
            "scores.softmax",
            "scores.tril().masked_fill(torch.ones(T, S).tril() == 0, float('-inf')).softmax",
            "a causal mask",
        ),
        ("(weights @ v).transpose(1, 2)", "(weights @ v)", "before its heads were moved back"),
        ("weights = scores.softmax(dim=-1)", "weights = scores", "there is no softmax"),
        ("(source @ Wk)", "(x @ Wk)", "RuntimeError"),
        ("out @ Wo", "x + out @ Wo", "x was added to it"),
    ],
    "one_mask": [
        ("dropped | padded", "dropped & padded", "lets it in"),
        ("dropped | padded", "~dropped | padded", "dropped is read the wrong way round"),
        ("dropped | padded[:, None, :]", "dropped | ~padded[:, None, :]", "padded is read the wrong way round"),
        ("masked_fill(hidden", "masked_fill(~hidden", "the two ends are exchanged"),
        ('float("-inf")', "-1e9", "became -1e9"),
        ('torch.zeros(hidden.shape).masked_fill(hidden, float("-inf"))', "hidden.float()", "these are 0 and 1"),
        ('torch.zeros(hidden.shape).masked_fill(hidden, float("-inf"))', "1.0 - hidden.float()", "these are 1 and 0"),
        ("dropped | padded[:, None, :]", "dropped | (padded[:, None, :] & False)", "padded was forgotten"),
        ("dropped | padded[:, None, :]", "(dropped & False) | padded[:, None, :]", "dropped was forgotten"),
    ],
    "grouped_queries": [
        (
            "k.repeat_interleave(times, dim=0), v.repeat_interleave(times, dim=0)",
            "k.repeat(times, 1, 1), v.repeat(times, 1, 1)",
            "go round",
        ),
        ("v.repeat_interleave(times, dim=0)", "v.repeat(times, 1, 1)", "but the values go round"),
        ("k, v = k.repeat_interleave(times, dim=0)", "k, v = k.repeat(times, 1, 1)", "but the keys go round"),
        ("k.repeat_interleave(times, dim=0), v.repeat_interleave(times, dim=0)", "k[:1], v[:1]", "that is multi-query"),
        (" * h**-0.5", "", "not divided by the root of head_size"),
        ("h**-0.5", "h**-1", "divided by head_size"),
        ("h**-0.5", "(n * h) ** -0.5", "the root of n · h"),
        ('scores.masked_fill(torch.ones(T, T).tril() == 0, float("-inf"))', "scores", "no causal mask"),
        (".tril() == 0", ".triu() == 0", "hides the past"),
        ("masked.softmax(dim=-1)", "scores.softmax(dim=-1).tril()", "after the softmax"),
        (
            "k, v = k.repeat_interleave(times, dim=0), v.repeat_interleave(times, dim=0)",
            "k, v = (one[(torch.arange(n) // len(k)).clamp(max=len(k) - 1)] for one in (k, v))",
            "head i // m",
        ),
        ("return weights @ v", "return weights @ v + 0.1 * q", NOTHING),
    ],
    "absorbed_out": [
        ("h**-0.5", "latent.shape[-1] ** -0.5", "the root of the latent's length"),
        (" * h**-0.5", "", "not divided by the root"),
        ("h**-0.5", "h**-1", "divided by head_size"),
        ('scores.masked_fill(torch.ones(T, T).tril() == 0, float("-inf"))', "scores", "no causal mask"),
        ("return mixed @ Wv", "return mixed @ Wk", "multiplied by Wk at the end"),
        ("q @ Wk.transpose", "q @ Wv.transpose", "the queries were multiplied by Wv"),
        ("Wk.transpose(-2, -1)", "Wk[:1].transpose(-2, -1)", NOTHING),
        (".tril() == 0", ".triu() == 0", "hides the past"),
        ("return mixed @ Wv", "return (mixed @ Wv).relu()", NOTHING),
    ],
    "window_weights": [
        ("s > t - window", "s >= t - window", "one too long"),
        ("s > t - window", "s > t - window + 1", NOTHING),
        ("near | (s < sinks)", "near", "the sinks are not seen"),
        ("s < sinks", "s <= sinks", "one sink too many"),
        ("s > t - window", "s > t - (window - sinks)", "counted in the window"),
        ('float("-inf")', "0.0", "e to the power of 0 is 1"),
        ("(s <= t) & (near | (s < sinks))", "(s <= t) & near | (s < sinks)", "seen by tokens before them"),
        ("near = s > t - window", "near = s >= 0", "there is no window"),
        ("s < sinks", "s >= T - sinks", "the last tokens of the text"),
        ("masked.softmax(dim=-1)", "scores.softmax(dim=-1) * allowed", "masked after the softmax"),
        ("masked.softmax(dim=-1)", "masked.softmax(dim=-1) ** 2", NOTHING),
    ],
    "delta_step": [
        ("missing = v - stored", "missing = v", "nothing was erased"),
        ("beta * torch", "torch", "beta was left out"),
        ("v - stored", "stored - v", "the wrong sign"),
        ("beta * torch.outer(k, missing)", "torch.outer(k, beta * v - stored)", "applied to v alone"),
        ("beta * torch.outer(k, missing)", "torch.outer(k, v - beta * stored)", "what is erased alone"),
        ("beta * torch", "beta**2 * torch", "beta was squared"),
        ("beta * torch", "(1 - beta) * torch", "1 - beta was written"),
        ("return state + ", "return ", "the old state was dropped"),
        ("missing = v - stored", "missing = -stored", "was not written"),
        ("torch.outer(k, missing)", "missing", "every row of the state"),
        ("return state + ", "return 2 * state + ", NOTHING),
    ],
    "one_pass": [
        ("l * (m_before - m).exp()", "l", "l is not rescaled"),
        ('torch.full_like(scores[:, 0], float("-inf"))', "torch.zeros_like(scores[:, 0])", "m begins at 0"),
        ("return m, l", "return m, m + l.log()", "l is the logarithm"),
        ("return m, l", "return m, scores.exp().sum(1)", "with no m taken off"),
        ("return m, l", "return scores[:, -1], (scores - scores[:, -1:]).exp().sum(1)", "m is the last score"),
        (
            'torch.full_like(scores[:, 0], float("-inf"))\n    l = torch.zeros_like(m)',
            "scores[:, 0]\n    l = torch.ones_like(m)",
            "the first score is counted twice",
        ),
        ("return m, l", "return l, m", "changed places"),
        ("range(scores.shape[1])", "range(scores.shape[1] - 1)", "the last score is left out"),
        ("return m, l", "return m, l / scores.shape[1]", NOTHING),
    ],
    "merge_parts": [
        ("shrink_a, shrink_b =", "shrink_b, shrink_a =", "by the other's factor"),
        ("(m_a - m).exp(), (m_b - m).exp()", "(m - m_a).exp(), (m - m_b).exp()", "the wrong way round"),
        ("(m_a - m).exp(), (m_b - m).exp()", "torch.ones_like(m), torch.ones_like(m)", "nothing is rescaled"),
        ("l = shrink_a * l_a + shrink_b * l_b", "l = l_a + l_b", "l is not"),
        ("out = shrink_a[..., None] * out_a + shrink_b[..., None] * out_b", "out = out_a + out_b", "out is not"),
        ("return m, l, out", "return m, l, out / l[..., None]", "divided by l already"),
        ("return m, l, out", "return m_a + m_b, l, out", "the sum of both"),
        ("[..., None] * out", " * out", "lack an axis"),
        ("(m_a - m).exp(), (m_b - m).exp()", "(m_a - m_b).exp(), torch.ones_like(m)", "part a always shrinks"),
        ("return m, l, out", "return m, l, (out_a + out_b) / 2", NOTHING),
    ],
    "times_as_many": [
        ("-(-T // tile)", "T // tile", "the last tile is forgotten"),
        ("tiles * 2 * T * h", "2 * T * h", "k and v are read once"),
        ("4 * T * T", "2 * T * T", "writes its scores"),
        ("4 * T * h + 4", "4", "moves q, k, v and out, too"),
        ("2 * T * h + T", "T * h + T", "out is not written"),
        ("2 * T * h + T", "2 * T * h", "the logsumexp is missing"),
        ("-(-T // tile)", "T / tile", "not rounded up"),
        ("plain / in_tiles", "in_tiles / plain", "upside down"),
        ("4 * T * T", "3 * T * T", "moves T² numbers four times"),
        ("-(-T // tile)", "T // tile + 1", "a tile too many"),
        ("tiles * 2 * T * h", "tiles * T * h", "only one of k and v"),
        ("plain / in_tiles", "plain / in_tiles + 0.5", NOTHING),
    ],
    "score_gradients": [
        ("(dout @ v.mT - D)", "(dout @ v.mT)", "no D is taken off"),
        ("(dout @ v.mT - D)", "(dout @ v.mT - D.mT)", "the D is taken off by columns"),
        ("(dout @ v.mT - D)", "(dout @ v.mT + D)", "the D is added"),
        ("(dout * out)", "(dout * v)", "made with v"),
        ("logsumexp[..., None]", "logsumexp[:, None]", "logsumexp is taken off by columns"),
        (" * q.shape[-1] ** -0.5", "", "not divided by the root"),
        ("return weights * (dout @ v.mT - D)", "return dout @ v.mT", "still to be gone back through"),
        ("- D)", "- D) * q.shape[-1] ** -0.5", "through the scale came already"),
        (", keepdim=True)", ")", "the D has lost an axis"),
        ("sum(dim=-1, keepdim=True)", "sum()", "one number for all queries"),
        ("- D)", "- (dout @ v.mT).mean(-1, keepdim=True))", "not weighted"),
        ("(dout @ v.mT - D)", "(dout @ v.mT) - D", "behind the weights"),
        ("logsumexp[..., None]", "logsumexp", "logsumexp lacks an axis"),
        ("return weights * (dout @ v.mT - D)", "return weights", "the weights alone"),
        ("- D)", "- D.mean(1, keepdim=True))", NOTHING),
    ],
    "zigzag_ranks": [
        ("T // (2 * ranks)", "T // ranks", "one run of them"),
        ("2 * ranks - 1 - piece", "2 * ranks - piece", "counted from 2 · ranks"),
        ("torch.minimum(piece, 2 * ranks - 1 - piece)", "piece", "each row has the number of its piece"),
        ("torch.minimum(piece, 2 * ranks - 1 - piece)", "piece % ranks", "dealt out in turn"),
        ("torch.minimum(piece, 2 * ranks - 1 - piece)", "torch.arange(T) % ranks", "dealt out like cards"),
        ("torch.minimum(piece, 2 * ranks - 1 - piece)", "torch.arange(T) // (T // ranks)", "one run of them"),
        (
            "torch.minimum(piece, 2 * ranks - 1 - piece)",
            "torch.minimum(piece, 2 * ranks - 1 - piece) + 1",
            "counted from 1",
        ),
        ("torch.minimum", "torch.maximum", NOTHING),
    ],
    "pass_and_add": [
        ("(rank + 1) % N", "(rank - 1) % N", "to the one before"),
        ("+= pieces", "= pieces", "took the place"),
        ("(rank - step) % N", "(rank + step) % N", "sends piece r + step"),
        ("(rank - step) % N", "rank", "its piece r in every step"),
        ("(rank - step) % N", "step % N", "the number of the step"),
        ("(rank - step) % N", "(rank - step + 1) % N", "one too far"),
        ("[(rank + 1) % N, i]", "[(rank + 1) % N, (i + 1) % N]", NOTHING),
        ("+= pieces[rank, i]", "+= pieces[rank, i]\n        after[rank, i] = 0", "taken away from the rank that sends"),
        ("[(rank + 1) % N, i] += pieces[rank, i]", "[rank, i] += pieces[(rank + 1) % N, i]", "kept by the rank"),
        ("pieces.clone()", "pieces", "it changes its input in place"),
        ("[(rank + 1) % N, i] += pieces[rank, i]", "[(rank + 1) % N] += pieces[rank]", "all pieces are added"),
        ("return after", "return pieces.sum(0, keepdim=True).expand(N, -1, -1)", "the whole sum already"),
        ("return after", "return pieces", "It gives back pieces as it came"),
    ],
    "part_of_rank": [
        ("@ Wo[own]", "@ Wo[:, own].T", "cut by its columns"),
        ("@ Wo[own]", "@ Wo[:width]", "its first rows"),
        ("rank * width, (rank + 1) * width", "0, width", "takes the first heads"),
        ("heads // ranks, -1", "1, -1", "one wide head"),
        ("x.shape[-1] // ranks", "x.shape[-1] // heads; ranks = heads", "each rank has one head"),
        (".transpose(1, 2)", "", "so heads look at heads"),
        ("@ Wo[own]", "@ torch.eye(len(Wo), dtype=Wo.dtype)[own]", "before Wo"),
        ("is_causal=True", "is_causal=False", "the future is not hidden"),
        ("is_causal=True", "is_causal=True, scale=1.0", "not divided by the root"),
        ("is_causal=True", "is_causal=True, scale=width**-0.5", "all columns of the rank"),
        ("x.shape[-1] // ranks", "x.shape[-1]", NOTHING),
        (
            "return out.transpose(1, 2).flatten(2) @ Wo[own]",
            "return out.transpose(1, 2).flatten(2) @ Wo[own] / ranks",
            NOTHING,
        ),
        ("W[:, own]", "W[own].T", "were transposed"),
    ],
    "one_more_token": [
        ("k_kept[:, padding:]", "k_kept", "it raised RuntimeError"),
        ("[:, padding:]", "", "the padding is looked at"),
        ("[:, padding:]", "[:, :padding]", "the padding alone"),
        ("[:, padding:]", "[:, : v_kept.shape[1] - padding]", "the padding stands in front"),
        (" * q.shape[1] ** -0.5", "", "not scaled"),
        ("q.shape[1] ** -0.5", "q.shape[1] ** 0.5", "are multiplied"),
        ("q.shape[1] ** -0.5", "k.shape[1] ** -0.5", "number of keys"),
        ("q.shape[1] ** -0.5", "q.shape[1] ** -1.0", "divided by head_size"),
        ("q.shape[1] ** -0.5", "q.shape[0] ** -0.5", "number of heads"),
        ("[k_kept[:, padding:], k_new[:, None]]", "[k_new[:, None], k_kept[:, padding:]]", "in front of the kept"),
        ("scaled.softmax(-1)", "scaled", "no softmax"),
        ("scaled.softmax(-1)", "scaled.softmax(0)", "over the heads"),
        ("scaled.softmax(-1)", "scaled.sigmoid()", NOTHING),
        ("(scaled.softmax(-1) @ v)[:, 0]", "v_new", "the new value"),
        ("(scaled.softmax(-1) @ v)[:, 0]", "v.mean(1)", NOTHING),
        ("(scaled.softmax(-1) @ v)[:, 0]", "scaled.softmax(-1) @ v", ""),
    ],
    "nucleus": [
        ("likely, order = probabilities.sort(descending=True)", "likely, order = probabilities.sort()", "least likely"),
        (
            "likely, order = probabilities.sort(descending=True)",
            "likely, order = probabilities.clone(), torch.arange(len(probabilities))",
            "order of the vocabulary",
        ),
        ("likely.cumsum(0) - likely >= p", "likely.cumsum(0) >= p", ""),
        ("likely.cumsum(0) - likely >= p", "likely < p", ""),
        ("likely.cumsum(0) - likely >= p", "likely < p * likely[0]", "min-p"),
        ("kept[order] = likely", "kept = likely", "in sorted order"),
        ("kept[order] = likely", "kept = torch.where(likely > 0, probabilities, 0)", "bring it back first"),
        ("kept[order] = likely", "kept = likely[order]", "the wrong way around"),
        ("kept / kept.sum()", "kept", "does not sum to 1"),
        ("kept / kept.sum()", "probabilities", "nothing was cut"),
        ("kept / kept.sum()", "kept.softmax(0)", NOTHING),
    ],
    "accept": [
        (".clamp(max=1)", "", "not capped"),
        ("target[x] / draft[x]", "draft[x] / target[x]", "on its head"),
        ("(target[x] / draft[x]).clamp(max=1)", "target[x]", "probability of x"),
        ("(target[x] / draft[x]).clamp(max=1)", "min(target[x], draft[x])", "min(target, draft)"),
        ("return chance", "return 1 - chance", "that of a refusal"),
        ("(target - draft).clamp(min=0)", "target", "from the target itself"),
        ("(target - draft).clamp(min=0)", "(target - draft).abs()", "without their sign"),
        ("(target - draft)", "(draft - target)", "what the draft has more"),
        ("more / more.sum()", "more", "does not sum to 1"),
        ("more / more.sum()", "(target - draft) / more.sum()", "negative differences"),
        ("more / more.sum()", "(target - draft).softmax(0)", "a softmax was taken"),
        ("more / more.sum()", "torch.minimum(target, draft)", NOTHING),
    ],
    "tokens_that_fit": [
        ("2 * batch", "batch", "only keys or only values"),
        ("2 * batch", "3 * batch", "queries were counted"),
        ("key_heads *", "heads *", "all heads were counted"),
        ("key_heads *", "(heads // key_heads) *", "how many share"),
        ("batch * layers", "layers", "the batch is missing"),
        ("layers * key_heads", "key_heads", "one layer alone"),
        (" * bytes_each", "", "numbers were counted"),
        ("key_heads * head_size", "key_heads", "head_size is missing"),
        ("free // token", "free // token + 1", "rounded up"),
        ("free // token", "free // token * batch", "of all texts together"),
        ("free // token", "round(free / token) * 8", NOTHING),
    ],
}

FINE = {
    "unscaled_head": [
        ("(x, Wq, Wk, Wv)", "(x, Wv, Wk, Wq)"),
        ("(x, Wq, Wk, Wv):", "(x, key, query, value):\n    Wq, Wk, Wv = query, key, value"),
        ("(x, Wq, Wk, Wv):", "(tokens, W_key, W_query, W_value):\n    x, Wq, Wk, Wv = tokens, W_query, W_key, W_value"),
        ('float("-inf")', "-1e9"),
    ],
    "softened": [
        ("(scores, temperature)", "(temperature, scores)"),
        (
            "return (scores / temperature).softmax(dim=-1)",
            "powers = (scores / temperature).exp()\n    return powers / powers.sum(-1, keepdim=True)",
        ),
    ],
    "weighted_sums": [("(weights, x)", "(x, weights)")],
    "accept": [("(target[x] / draft[x]).clamp(max=1)", "min(1, target[x] / draft[x])")],
    "one_number": [("(x, Wq, Wk, Wv, t, h)", "(x, t, h, Wq, Wk, Wv)")],
    "cut_into_heads": [("(q, heads)", "(heads, q)")],
    "all_heads": [("softmax(dim=-1)", "softmax(dim=3)")],
    "masked_weights": [
        ("masked.softmax(dim=-1)", "masked.exp() / masked.exp().sum(-1, keepdim=True)"),
        ('float("-inf")', "-1e9"),
        ('float("-inf")', "torch.finfo(scores.dtype).min"),
        ('scores.masked_fill(tril == 0, float("-inf"))', "scores + tril.log()"),
    ],
    "mean_loss": [("targets.view(B * T)", "targets.flatten()")],
    "normalize_rows": [("/ torch.sqrt(variance + 1e-5)", "* (variance + 1e-5) ** -0.5")],
    "safe_weights": [('float("-inf"))', "-1e9)"), ("~allowed, float", "allowed == 0, float")],
    "hide_padding": [
        ('masked_fill(~real[:, None, None, :], float("-inf"))', "add((real[:, None, None, :].float()).log())")
    ],
    "one_mask": [("hidden = dropped | padded[:, None, :]", "hidden = ~(~dropped & ~padded[:, None, :])")],
    "one_pass": [("torch.zeros_like(m)", "torch.ones_like(m)")],  # the first shrink is 0
}
