"""The exercise of notebook 17 on the way back: the gradients of the scores, with the weights made again."""

import math

import numpy as np

from helpers.check.exercise import exercise, numbers


def a_way_forward(rng, sizes):
    """q, k, v and dout, with out and logsumexp as the way forward leaves them."""
    shape = tuple(sizes[axis] for axis in "BTh")
    q, k, v, dout = (numbers(rng, shape) for _ in range(4))
    scores = q @ k.swapaxes(-2, -1) * shape[-1] ** -0.5
    top = scores.max(-1, keepdims=True)
    logsumexp = (top + np.log(np.exp(scores - top).sum(-1, keepdims=True)))[..., 0]
    out = np.exp(scores - logsumexp[..., None]) @ v
    return {"q": q, "k": k, "v": v, "out": out, "logsumexp": logsumexp, "dout": dout}


@exercise(
    "17",
    asks="q: B T h, k: B T h, v: B T h, out: B T h, logsumexp: B T, dout: B T h",
    gives="dscores: B T T",
    scales=(1.0,),
    draw=a_way_forward,
)
def score_gradients(q, k, v, out, logsumexp, dout):
    """The gradients of the scaled scores, with each weight made again from the logsumexp of its row."""
    B, T, h = q.shape
    dscores = np.zeros((B, T, T))
    for b in range(B):
        for t in range(T):
            D = sum(dout[b, t, i] * out[b, t, i] for i in range(h))
            for s in range(T):
                score = sum(q[b, t, i] * k[b, s, i] for i in range(h)) / math.sqrt(h)
                weight = math.exp(score - logsumexp[b, t])
                dscores[b, t, s] = weight * (sum(dout[b, t, i] * v[b, s, i] for i in range(h)) - D)
    return dscores


def gradients(q, k, v, out, logsumexp, dout, scale=None, D=None, saved=lambda logsumexp: logsumexp[..., None]):
    """D: what is taken off, if not the usual; saved: what is taken off the scores."""
    scores = q @ k.swapaxes(-2, -1) * (q.shape[-1] ** -0.5 if scale is None else scale)
    weights = np.exp(scores - saved(logsumexp))
    D = (dout * out).sum(-1, keepdims=True) if D is None else D
    return weights * (dout @ v.swapaxes(-2, -1) - D)


@score_gradients.mistake("no D is taken off: the average of the row must go, so that its gradients sum to 0")
def without_D(*given):
    return gradients(*given, D=0.0)


@score_gradients.mistake("the D is taken off by columns: it belongs to the query, so it is the same along a row")
def D_by_columns(q, k, v, out, logsumexp, dout):
    return gradients(q, k, v, out, logsumexp, dout, D=(dout * out).sum(-1)[..., None, :])


@score_gradients.mistake("the D has lost an axis and meets the wrong one: wanted (B, T, 1), `keepdim=True`")
def D_without_its_axis(q, k, v, out, logsumexp, dout):
    return gradients(q, k, v, out, logsumexp, dout, D=(dout * out).sum(-1))


@score_gradients.mistake("the D is one number for all queries: wanted one for each, summed over its channels alone")
def D_of_all(q, k, v, out, logsumexp, dout):
    return gradients(q, k, v, out, logsumexp, dout, D=(dout * out).sum())


@score_gradients.mistake("the D is not weighted: the average of a row counts each of dout @ v.T by its weight")
def D_not_weighted(q, k, v, out, logsumexp, dout):
    dweights = dout @ v.swapaxes(-2, -1)
    return gradients(q, k, v, out, logsumexp, dout, D=dweights.mean(-1, keepdims=True))


@score_gradients.mistake("the D is taken off behind the weights: wanted weights · (dweights - D)")
def D_outside(q, k, v, out, logsumexp, dout):
    return gradients(q, k, v, out, logsumexp, dout, D=0.0) - (dout * out).sum(-1, keepdims=True)


@score_gradients.mistake("the D is made with v: wanted the sum of dout · out over the channels of the query")
def D_of_values(q, k, v, out, logsumexp, dout):
    return gradients(q, k, v, out, logsumexp, dout, D=(dout * v).sum(-1, keepdims=True))


@score_gradients.mistake("the D is added: wanted taken off")
def D_added(q, k, v, out, logsumexp, dout):
    return gradients(q, k, v, out, logsumexp, dout, D=-(dout * out).sum(-1, keepdims=True))


@score_gradients.mistake(
    "the scores are not divided by the root of head_size, so the weights are others than on the way forward"
)
def not_scaled(*given):
    return gradients(*given, scale=1.0)


@score_gradients.mistake("logsumexp is taken off by columns: it belongs to the query, one number for a row")
def saved_by_columns(*given):
    return gradients(*given, saved=lambda logsumexp: logsumexp[..., None, :])


@score_gradients.mistake("logsumexp lacks an axis and meets the wrong one: wanted `logsumexp[..., None]`, (B, T, 1)")
def saved_without_its_axis(*given):
    return gradients(*given, saved=lambda logsumexp: logsumexp)


@score_gradients.mistake("these are the weights alone: the way back goes on through the product with v, and softmax")
def weights_alone(q, k, v, out, logsumexp, dout):
    return np.exp(q @ k.swapaxes(-2, -1) * q.shape[-1] ** -0.5 - logsumexp[..., None])


@score_gradients.mistake("these are the gradients of the weights, dout @ v.T: softmax is still to be gone back through")
def gradients_of_weights(q, k, v, out, logsumexp, dout):
    return dout @ v.swapaxes(-2, -1)


@score_gradients.mistake("the way back through the scale came already: wanted the gradients of the scaled scores")
def scaled_already(*given):
    return gradients(*given) * given[0].shape[-1] ** -0.5
