"""Muon, an optimizer for matrices (Jordan et al. 2024): momentum, then a step that is equally long in every
direction.
"""

import torch

from helpers.look.given import told

# X -> aX + b(XXᵀ)X + c(XXᵀ)²X takes every singular value of X toward 1 (Newton and Schulz; Jordan's numbers).
A, B, C = 3.4445, -4.7750, 2.0315
ROUNDS = 3


def orthogonalize(matrices):
    """Matrices with the same singular vectors, and singular values near 1: (many, rows, columns), rows <= columns.

    Raises ValueError for what is no tensor of matrices.

    >>> orthogonalize(torch.diag(torch.tensor([5.0, 3.0]))[None]).round(decimals=1).abs().gt(0.5).tolist()
    [[[True, False], [False, True]]]
    """
    if not isinstance(matrices, torch.Tensor) or matrices.ndim < 2 or not matrices.is_floating_point():
        raise ValueError(f"you gave {told(matrices)}; wanted a tensor of matrices, (many, rows, columns), of floats.")
    X = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(ROUNDS):
        square = X @ X.mT  # (many, rows, columns) @ (many, columns, rows) -> (many, rows, rows)
        X = A * X + (B * square + C * square @ square) @ X
    return X


class Muon(torch.optim.Optimizer):
    """Moves each matrix by ``lr`` in every direction that its gradient has, however small there.

    parameters: matrices alone; those of one shape are moved together, which is what makes it fast.
    """

    def __init__(self, parameters, lr=0.02, momentum=0.93):
        super().__init__(parameters, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            by_shape = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    by_shape.setdefault(tuple(sorted(weight.shape)), []).append(weight)
            for weights in by_shape.values():
                self.move(weights, group["lr"], group["momentum"])

    def move(self, weights, lr, momentum):
        """One step of all the matrices of one shape, or its transpose."""
        flat = [weight.mT if weight.shape[0] > weight.shape[1] else weight for weight in weights]
        gradients = torch.stack(
            [weight.grad.mT if weight.shape[0] > weight.shape[1] else weight.grad for weight in weights]
        )
        state = self.state[weights[0]]
        mean = state.setdefault("mean", torch.zeros_like(gradients))
        mean.lerp_(gradients, 1 - momentum)
        steps = orthogonalize(gradients.lerp(mean, momentum))  # (many, rows, columns)
        for weight, view, step in zip(weights, flat, steps):
            view.sub_(step, alpha=lr * max(1, weight.shape[0] / weight.shape[1]) ** 0.5)
