"""Speculative decoding: a small model proposes several tokens, the large one reads them all at once.

What comes out is drawn from the large model's distribution exactly (Leviathan, Kalman and Matias 2023; Chen et al.
2023).
"""

from dataclasses import dataclass

import torch

from helpers.gpt.cache import Cache
from helpers.gpt.sampling import probabilities
from helpers.look.given import told, whole_number


def residual(target, draft):
    """What the target has more of than the draft, brought to a sum of 1: (..., vocabulary) -> (..., vocabulary).

    Where the two are equal nothing is left, and nothing is ever refused; the target itself stands in.

    >>> residual(torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.2, 0.6, 0.2])).tolist()
    [1.0, 0.0, 0.0]
    """
    more = (target - draft).clamp(min=0)
    total = more.sum(-1, keepdim=True)
    return torch.where(total > 0, more / total, target)


def verify(proposed, draft, target, chance):
    """How many proposed tokens are accepted, and the token that follows them: 2 × (B).

    proposed: (B, K) ids, each drawn from its row of draft, (B, K, vocabulary). target: (B, K+1, vocabulary), what the
    large model expects there, and after the last. A token x is accepted with the probability min(1, target[x] /
    draft[x]). At the first that is not, the token is drawn from the residual; if all are, from target's last row.

    >>> sure = torch.tensor([[[0.0, 1.0], [0.0, 1.0]]])
    >>> verify(torch.tensor([[1]]), sure[:, :1], sure, torch.Generator())
    (tensor([1]), tensor([1]))
    """
    B, K = proposed.shape
    p, q = (
        one[:, :K].gather(-1, proposed[..., None])[..., 0] for one in (target, draft)
    )  # (B, K, vocabulary) -> (B, K)
    accepted = torch.rand(B, K, generator=chance, dtype=p.dtype) * q < p  # u < p / q
    count = accepted.long().cumprod(dim=1).sum(dim=1)  # (B, K) -> (B), up to the first refusal
    rest = torch.cat([residual(target[:, :K], draft), target[:, K:]], dim=1)  # (B, K+1, vocabulary)
    following = torch.multinomial(rest[torch.arange(B), count], 1, generator=chance)[:, 0]
    return count, following


@dataclass
class Speculation:
    """What ``speculate`` found. ids: (1, T+count); rounds: how often the target read; proposed, accepted: tokens."""

    ids: torch.Tensor
    rounds: int = 0
    proposed: int = 0
    accepted: int = 0

    @property
    def rate(self):
        """The share of the proposed tokens that was accepted."""
        return self.accepted / max(1, self.proposed)


@torch.no_grad()
def speculate(target, draft, ids, count, *, guess=4, temperature=1.0, seed=0, **sampling):
    """Go on with a text, as ``generate`` does, with a draft model's help: (1, T) -> a ``Speculation``.

    target, draft: models of one vocabulary. guess: so many tokens are proposed in a round. With temperature 0 the text
    is that of the target alone; else it is drawn from the same distribution, though not with the same dice.
    sampling: as ``helpers.gpt.sampling.probabilities`` takes it, for both models; no penalty.
    Raises ValueError for a batch, vocabularies that differ, and a text that would not fit into both contexts.

    >>> from helpers.gpt.model import GPT
    >>> large, small = (GPT(vocabulary=5, context=32, C=C, heads=2, layers=1) for C in (16, 4))
    >>> speculate(large, small, torch.tensor([[0, 4, 2]]), 9).ids.shape
    torch.Size([1, 12])
    """
    guess, most = whole_number("guess", guess, 1), min(target.context, draft.context)
    if ids.ndim != 2 or len(ids) != 1 or not ids.shape[1]:
        raise ValueError(f"ids has shape {tuple(ids.shape)}; wanted (1, T): texts would come apart after one round.")
    if target.settings["vocabulary"] != draft.settings["vocabulary"]:
        raise ValueError(
            f"the target knows {told(target.settings['vocabulary'])} tokens and the draft "
            f"{told(draft.settings['vocabulary'])}: they must be the same ones."
        )
    if ids.shape[1] + count + guess > most:
        raise ValueError(
            f"{ids.shape[1]} tokens, {count} more and a guess of {guess} do not fit into a context of {most}."
        )
    chance, end, found = torch.Generator().manual_seed(seed), ids.shape[1] + count, Speculation(ids)
    large, small = Cache(target), Cache(draft)
    while ids.shape[1] < end:
        proposed, rows = ids, []
        for _ in range(guess):
            logits = small.read(proposed[:, small.length :])[:, -1:]
            rows.append(probabilities(logits.cpu(), temperature, **sampling))  # (1, 1, vocabulary)
            proposed = torch.cat([proposed, torch.multinomial(rows[-1][0], 1, generator=chance)], dim=1)
        logits = large.read(proposed[:, large.length :])[:, -guess - 1 :]
        wanted = probabilities(logits.cpu(), temperature, **sampling)  # (1, K+1, vocabulary)
        accepted, following = verify(proposed[:, -guess:], torch.cat(rows, dim=1), wanted, chance)
        ids = torch.cat([proposed[:, : ids.shape[1] + accepted], following[:, None]], dim=1)
        large.cut(min(large.length, ids.shape[1] - 1)), small.cut(min(small.length, ids.shape[1] - 1))
        found.rounds, found.proposed, found.accepted = (
            found.rounds + 1,
            found.proposed + guess,
            found.accepted + accepted.item(),
        )
    found.ids = ids[:, :end]
    return found
