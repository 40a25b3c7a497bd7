"""Right solutions of the exercises that have more than one step, as different hands write them."""

from tests.wrong_solutions import RIGHT

ONE_STEP = {"encode_text", "look_up", "weighted_sums", "all_scores", "drop_weights", "previous_score", "add_positions"}

OTHERS = {
    "mean_so_far": [
        """
def mean_so_far(x):
    T = x.shape[0]
    tril = np.tril(np.ones((T, T)))
    sums = tril.sum(axis=1, keepdims=True)
    weights = tril / sums
    return weights @ x
""",
        """
def mean_so_far(x):
    T = len(x)
    totals = np.cumsum(x, axis=0)
    counts = np.arange(1, T + 1)
    column = counts[:, None]
    return totals / column
""",
    ],
    "running_means": [
        """
def running_means(x):
    B, T, C = x.shape
    totals = x.cumsum(axis=1)
    counts = np.arange(T) + 1
    shares = 1 / counts
    out = totals * shares[:, None]
    return out
""",
        """
def running_means(x):
    T = x.shape[1]
    tril = np.tri(T)
    wei = tril / tril.sum(1, keepdims=True)
    out = wei @ x
    return out
""",
    ],
    "averaging_matrix": [
        """
def averaging_matrix(T):
    ones = torch.ones(T, T)
    tril = ones.tril()
    sums = tril.sum(dim=1, keepdim=True)
    wei = tril / sums
    return wei
""",
        """
def averaging_matrix(T):
    tril = torch.tril(torch.ones(T, T))
    wei = torch.zeros((T, T))
    wei = wei.masked_fill(tril == 0, float("-inf"))
    wei = torch.softmax(wei, dim=-1)
    return wei
""",
    ],
    "softmax_rows": [
        """
def softmax_rows(scores):
    largest = scores.max(dim=-1, keepdim=True).values
    below = scores - largest
    powers = torch.exp(below)
    sums = powers.sum(dim=-1, keepdim=True)
    weights = powers / sums
    return weights
"""
    ],
    "masked_weights": [
        """
def masked_weights(scores):
    B, T, _ = scores.shape
    future = torch.triu(torch.ones(T, T), diagonal=1).bool()
    wei = scores.masked_fill(future, -torch.inf)
    wei = F.softmax(wei, dim=-1)
    return wei
""",
        """
def masked_weights(scores):
    T = scores.size(-1)
    mask = torch.full((T, T), float("-inf"))
    mask = torch.triu(mask, diagonal=1)
    masked = scores + mask
    largest = masked.amax(dim=-1, keepdim=True)
    powers = (masked - largest).exp()
    return powers / powers.sum(dim=-1, keepdim=True)
""",
    ],
    "unscaled_head": [
        """
def unscaled_head(x, Wq, Wk, Wv):
    B, T, C = x.shape
    key = x @ Wk
    query = x @ Wq
    wei = query @ key.transpose(-2, -1)
    mask = torch.tril(torch.ones(T, T))
    wei = wei.masked_fill(mask == 0, float("-inf"))
    wei = F.softmax(wei, dim=-1)
    value = x @ Wv
    out = wei @ value
    return out
""",
        """
def unscaled_head(x, Wq, Wk, Wv):
    T = x.size(1)
    qkv = x @ torch.cat([Wq, Wk, Wv], dim=1)
    q, k, v = qkv.chunk(3, dim=-1)
    att = torch.einsum("bth,bsh->bts", q, k)
    future = torch.triu(torch.ones(T, T), 1).bool()
    att = torch.where(future, -torch.inf, att)
    att = torch.softmax(att, -1)
    return torch.einsum("bts,bsh->bth", att, v)
""",
    ],
    "scaled_scores": [
        """
def scaled_scores(x, Wq, Wk):
    head_size = Wq.shape[-1]
    query = torch.matmul(x, Wq)
    key = torch.matmul(x, Wk)
    scores = torch.matmul(query, key.mT)
    scaled = scores / math.sqrt(head_size)
    return scaled
""",
        """
def scaled_scores(x, Wq, Wk):
    q = x @ Wq
    k = x @ Wk
    q = q * q.shape[-1] ** -0.5
    turned = k.transpose(1, 2)
    return q @ turned
""",
    ],
    "softened": [
        """
def softened(scores, temperature):
    cold = 1 / temperature
    scaled = scores * cold
    weights = F.softmax(scaled, dim=-1)
    return weights
""",
        """
def softened(scores, temperature):
    scaled = scores / temperature
    powers = (scaled - scaled.amax(-1, keepdim=True)).exp()
    sums = powers.sum(-1, keepdim=True)
    return powers / sums
""",
    ],
    "one_number": [
        """
def one_number(x, Wq, Wk, Wv, t, h):
    q = x[t] @ Wq
    k = x[:t + 1] @ Wk
    v = x[:t + 1] @ Wv
    scores = k @ q / np.sqrt(len(q))
    scores = scores - np.max(scores)
    weights = np.exp(scores)
    weights = weights / weights.sum()
    out = weights @ v
    return out[h]
"""
    ],
    "whole_head": [
        """
def whole_head(x, Wq, Wk, Wv):
    T = x.shape[1]
    k = x @ Wk
    q = x @ Wq
    wei = q @ k.transpose(0, 2, 1)
    wei = wei / np.sqrt(k.shape[-1])
    future = np.triu(np.ones((T, T)), 1)
    wei = np.where(future == 1, -np.inf, wei)
    wei = wei - wei.max(-1, keepdims=True)
    wei = np.exp(wei)
    sums = wei.sum(-1, keepdims=True)
    wei = wei / sums
    v = x @ Wv
    return wei @ v
"""
    ],
    "softmax_backward": [
        """
def softmax_backward(weights, dweights):
    products = weights * dweights
    average = np.sum(products, axis=-1, keepdims=True)
    dscores = products - weights * average
    return dscores
""",
        """
def softmax_backward(weights, dweights):
    average = (dweights * weights).sum(axis=1)
    surplus = dweights - average[:, None]
    return surplus * weights
""",
    ],
    "values_backward": [
        """
def values_backward(weights, v, dout):
    turned = weights.T
    dv = turned @ dout
    dweights = np.einsum("th,sh->ts", dout, v)
    return dweights, dv
"""
    ],
    "cut_into_heads": [
        """
def cut_into_heads(q, heads):
    B, T, C = q.shape
    head_size = C // heads
    pieces = q.reshape(B, T, heads, head_size)
    return pieces.permute(0, 2, 1, 3)
"""
    ],
    "join_heads": [
        """
def join_heads(out):
    B, heads, T, h = out.shape
    moved = out.permute(0, 2, 1, 3)
    joined = moved.flatten(2)
    return joined
"""
    ],
    "all_heads": [
        """
def all_heads(x, Wq, Wk, Wv, Wo, heads):
    B, T, C = x.shape
    h = C // heads
    qkv = x @ torch.cat((Wq, Wk, Wv), dim=1)
    q, k, v = qkv.split(C, dim=2)
    k = k.view(B, T, heads, h).transpose(1, 2)
    q = q.view(B, T, heads, h).transpose(1, 2)
    v = v.view(B, T, heads, h).transpose(1, 2)
    att = q @ k.transpose(-2, -1)
    att = att / math.sqrt(h)
    mask = torch.tril(torch.ones(T, T)).view(1, 1, T, T)
    att = att.masked_fill(mask == 0, float("-inf"))
    att = F.softmax(att, dim=-1)
    y = att @ v
    y = y.transpose(1, 2).contiguous().view(B, T, C)
    return y @ Wo
""",
        """
def all_heads(x, Wq, Wk, Wv, Wo, heads):
    B, T, C = x.shape
    q = x @ Wq
    k = x @ Wk
    v = x @ Wv
    q = q.reshape(B, T, heads, C // heads).permute(0, 2, 1, 3)
    k = k.reshape(B, T, heads, C // heads).permute(0, 2, 3, 1)
    v = v.reshape(B, T, heads, C // heads).permute(0, 2, 1, 3)
    q = q * (C // heads) ** -0.5
    scores = q @ k
    future = torch.ones(T, T).triu(1).bool()
    weights = scores.masked_fill(future, -torch.inf).softmax(-1)
    mixed = weights @ v
    side_by_side = mixed.permute(0, 2, 1, 3).reshape(B, T, C)
    return side_by_side @ Wo
""",
    ],
    "waves_at": [
        """
def waves_at(positions, C):
    twice = torch.arange(0, C, 2)
    rates = 10_000.0 ** (twice / C)
    angles = positions[:, None] / rates
    sines = torch.sin(angles)
    cosines = torch.cos(angles)
    both = torch.stack((sines, cosines), dim=-1)
    return both.flatten(1)
"""
    ],
    "turned_at": [
        """
def turned_at(q, positions):
    T, h = q.shape
    half = h // 2
    speeds = 1000.0 ** (-torch.arange(half) / half)
    angles = positions[:, None] * speeds[None, :]
    cos = angles.cos()
    sin = angles.sin()
    a = q[:, :half]
    b = q[:, half:]
    first = a * cos - b * sin
    second = a * sin + b * cos
    return torch.cat((first, second), dim=1)
"""
    ],
    "up_and_down": [
        """
def up_and_down(x, Wup, bup, Wdown, bdown):
    up = x @ Wup
    up = up + bup
    active = torch.clamp(up, min=0)
    down = active @ Wdown
    return down + bdown
"""
    ],
    "normalize_rows": [
        """
def normalize_rows(x, gain, bias):
    C = x.shape[-1]
    mean = x.sum(-1, keepdim=True) / C
    centered = x - mean
    squares = centered ** 2
    variance = squares.mean(-1, keepdim=True)
    spread = (variance + 1e-5).sqrt()
    normal = centered / spread
    stretched = normal * gain
    return stretched + bias
"""
    ],
    "mean_loss": [
        """
def mean_loss(logits, targets):
    B, T, V = logits.shape
    logs = F.log_softmax(logits, dim=-1)
    picked = logs.gather(-1, targets[:, :, None])
    losses = -picked
    return losses.mean()
""",
        """
def mean_loss(logits, targets):
    B, T, V = logits.shape
    flat = logits.reshape(B * T, V)
    goal = targets.reshape(B * T)
    loss = F.cross_entropy(flat, goal)
    return loss
""",
    ],
    "inputs_and_targets": [
        """
def inputs_and_targets(ids, starts, context):
    offsets = torch.arange(context)
    places = starts[:, None] + offsets
    inputs = ids[places]
    targets = ids[places + 1]
    return inputs, targets
"""
    ],
    "without_head": [
        """
def without_head(out, head):
    n, T, h = out.shape
    keep = torch.ones(n, 1, 1)
    keep[head] = 0
    return out * keep
"""
    ],
    "repeated_places": [
        """
def repeated_places(ids):
    T = len(ids)
    alike = ids[:, None] == ids[None, :]
    places = torch.zeros(T, T)
    places[:, 1:] = alike[:, :-1].float()
    return torch.tril(places)
"""
    ],
}

STYLES = {
    name: [code.strip() for code in (RIGHT[name], *OTHERS.get(name, []))] for name in RIGHT if name not in ONE_STEP
}
