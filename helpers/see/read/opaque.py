"""What nobody here can read: which numbers a result is made of, by its derivative.

The function is called again, on float64 copies of its numbers. A number is a source of a cell where the derivative is
not zero. What has no derivative, whole numbers and truth values, is told apart: a comparison of two cells is made of
these two, the place of the largest number of a row is made of the row; of anything else no source is named.
"""

import numpy as np

from helpers.look.again import without_number
from helpers.see.limits import CUT
from helpers.see.read.arguments import argument, as_tensor, of_numpy, tensors
from helpers.see.read.drafts import Draft, joined
from helpers.see.read.operations.labels import LETTERS, along
from helpers.see.record.events import replaced

MOST = 2**29  # derivatives of one call
AT_ONCE = 2**24  # derivatives that are asked for at once
STEP = 1e-4  # by how much a number is changed, beside its size
FEW = 512  # cells that are asked for one by one
POINTWISE = """
    abs absolute cos sin tan acos asin atan cosh sinh asinh acosh atanh arctan arccos arcsin ceil floor round trunc frac
    clamp clip clamp_min clamp_max exp exp2 expm1 log log2 log10 log1p sqrt rsqrt reciprocal square sigmoid logsigmoid
    log_sigmoid tanh relu relu6 leaky_relu elu selu celu gelu silu mish softplus hardtanh hardswish hardsigmoid softsign
    tanhshrink hardshrink softshrink threshold erf erfc erfinv lgamma digamma sign sgn nan_to_num neg negative add radd
    iadd sub subtract rsub isub mul multiply rmul imul div divide true_divide truediv rtruediv floor_divide floordiv
    fmod remainder mod pow rpow maximum minimum fmax fmin max min atan2 arctan2 hypot logaddexp logaddexp2 lerp addcmul
    addcdiv where masked_fill eq ne lt le gt ge isnan isinf isfinite logical_and logical_or logical_not logical_xor and
    or xor not invert bitwise_and bitwise_or bitwise_not bitwise_xor isclose float_power xlogy sinc heaviside i0
    to float double half bfloat16 type type_as long int bool short byte
"""
ROWS = "argmax argmin any all count_nonzero max min median mode sort argsort topk"


def opaque(read, event, wrong):
    """Drafts of kind opaque for some of a call's results. wrong: their numbers. Returns pairs of number and draft."""
    leaves = list(dict.fromkeys(real_leaves(read, event)))
    views = [read.view(matrix) for matrix in leaves]
    total = sum(matrix.value.size for matrix in leaves)
    seen = joined(views, np.arange(total))
    run = (Changed if of_numpy(event.function) else Again)(event, leaves)
    found = []
    for i in wrong:
        result = event.results[i]
        cells = run.sources(i, result)
        table = [mapped(seen.places, one) for one in cells]
        draft = Draft("opaque", result.value, seen.pieces, output=tuple(LETTERS[: result.value.ndim]), table=table)
        draft.word, draft.hidden = event.operation, i > 0 and without_number(result.name) in ("", "_")
        draft.labels = alike(seen, leaves, views, result)
        if run.back:
            draft.pull = lambda dout, i=i: run.back(i, dout, seen)
        found.append((i, read.add(draft)))
    return found


def real_leaves(read, event):
    """The matrices that a call depends on; in the place of complex ones, which have no step, those that made them."""
    for matrix in event.reads:
        if read.alive(matrix) and matrix.value.dtype.kind == "c" and matrix.event:
            yield from real_leaves(read, matrix.event)
        elif read.alive(matrix):
            yield matrix


def mapped(places, positions):
    """Positions in the matrices as positions in the pieces that these are views of."""
    found = np.unique(places[positions])
    return found[found >= 0]


def alike(seen, leaves, views, result):
    """Labels of the pieces' axes: those of the result, where a matrix of its shape is one of them."""
    labels = [tuple(f"p{i}x{at}" for at in range(piece.value.ndim)) for i, piece in enumerate(seen.pieces)]
    for matrix, view in zip(leaves, views):
        if tuple(matrix.shape) == tuple(result.shape) and view.places is None:
            labels[seen.pieces.index(view.pieces[0])] = tuple(LETTERS[: len(result.shape)])
    return tuple(labels)


class Again:
    """A call, made again in float64, with derivatives."""

    def __init__(self, event, leaves):
        self.event, self.leaves = event, leaves
        self.starts = np.cumsum([0, *(matrix.value.size for matrix in leaves)])

    def call(self, numbers):
        """The results for these tensors in the place of the leaves' numbers."""
        return self.results(self.event, dict(zip(self.leaves, numbers)))

    def results(self, event, made):
        def new(matrix):
            if matrix in made:
                return made[matrix].clone()
            if matrix.depends and matrix.value.dtype.kind == "c" and matrix.event:
                return self.results(matrix.event, made)[matrix.event.results.index(matrix)]
            return as_tensor(matrix)

        args, kwargs = replaced(event.args, new), replaced(event.kwargs, new)
        found = tensors(event.function(*args, **kwargs))
        return found if found or event.in_place is None else [args[0]]

    def fresh(self):
        import torch

        numbers = [as_tensor(matrix) for matrix in self.leaves]
        with torch.enable_grad():
            return [one.requires_grad_() if one.is_floating_point() else one for one in numbers]

    def sources(self, i, result):
        """For each cell of a result its sources: positions in the leaves' numbers, put one after the other."""
        import torch  # the function that was called is one of its own

        count = result.value.size
        try:
            with torch.enable_grad():
                if self.event.operation in POINTWISE.split() and self.meets(result):
                    return self.same_places(i, result)
                numbers = self.fresh()
                out = self.call(numbers)[i]
                if out.requires_grad and out.is_floating_point():
                    return self.by_derivative(out, numbers)
        except TooMany:
            raise
        except Exception:  # noqa: BLE001 - what cannot be called again, or has no derivative, names no source
            return [np.zeros(0, int)] * count
        if self.event.operation in ROWS.split():
            return self.rows(result)
        return [np.zeros(0, int)] * count

    def meets(self, result):
        """Do the matrices spread over each other to the shape of the result?"""
        try:
            return np.broadcast_shapes(*(matrix.shape for matrix in self.leaves)) == tuple(result.shape) or (
                np.broadcast_shapes(*(matrix.shape for matrix in self.event.reads)) == tuple(result.shape)
            )
        except ValueError:
            return False

    def same_places(self, i, result):
        """An operation cell by cell: only numbers in the same place count, those with a derivative."""
        import torch

        shape = tuple(result.shape)
        numbers = [torch.from_numpy(np.broadcast_to(m.value, shape).copy()) for m in self.leaves]
        numbers = [one.requires_grad_() if one.is_floating_point() else one for one in numbers]
        out = self.call(numbers)[i]
        moving = [np.ones(shape, bool)] * len(numbers)
        if out.requires_grad and out.is_floating_point():
            wanted = [one for one in numbers if one.requires_grad]
            slopes = iter(torch.autograd.grad(out.sum(), wanted, allow_unused=True))
            moving = []
            for one in numbers:
                slope = next(slopes) if one.requires_grad else None
                moving.append(np.zeros(shape, bool) if slope is None else slope.numpy() != 0)
        places = [
            np.broadcast_to(np.arange(m.value.size).reshape(m.shape) + start, shape).reshape(-1)
            for m, start in zip(self.leaves, self.starts)
        ]
        places, moving = np.stack(places, 1), np.stack([one.reshape(-1) for one in moving], 1)
        return [row[kept] for row, kept in zip(places, moving)]

    def by_derivative(self, out, numbers):
        """The pattern of the Jacobian, row by row."""

        wanted = [one for one in numbers if one.requires_grad]
        starts = [start for one, start in zip(numbers, self.starts) if one.requires_grad]
        if sum(one.numel() for one in wanted) * out.numel() > MOST:
            raise TooMany(self.event, out)
        flat, size = out.reshape(-1), sum(one.numel() for one in wanted)
        step = max(1, AT_ONCE // max(size, flat.numel())) if flat.numel() > FEW else 1
        found = []
        for first in range(0, flat.numel(), step):
            parts = slopes(flat, wanted, first, min(step, flat.numel() - first))
            moving = zip(*(part.reshape(len(part), -1).numpy() != 0 for part in parts))
            found += [np.concatenate([np.flatnonzero(p) + s for p, s in zip(row, starts)]) for row in moving]
        return found

    def rows(self, result):
        """Whole numbers and truth values that come from a row each."""
        (leaf, *_), event = self.leaves, self.event
        dim = argument(event, 2 if event.operation == "topk" else 1, "dim", "axis")
        if event.operation in ("sort", "argsort", "topk") and (dim is None or isinstance(dim, bool)):
            dim = -1
        numbers = np.arange(leaf.value.size).reshape(leaf.shape)
        gone = along(dim, numbers.ndim)
        kept = [at for at in range(numbers.ndim) if at not in gone]
        rows = numbers.transpose(*kept, *gone).reshape(*(numbers.shape[at] for at in kept), -1)
        if rows[..., 0].size == result.value.size:
            return list(rows.reshape(result.value.size, -1))
        spread_out = np.broadcast_to(
            np.expand_dims(rows, gone[0]), (*result.shape, rows.shape[-1])
        )  # a row of places for each row of numbers
        return list(spread_out.reshape(result.value.size, -1))

    def back(self, i, dout, seen):
        """The gradient of each piece, from that of a result."""
        import torch

        with torch.enable_grad():
            numbers = self.fresh()
            out = self.call(numbers)[i]
            wanted = [one for one in numbers if one.requires_grad]
            parts = torch.autograd.grad(out, wanted, torch.as_tensor(dout).to(out.dtype), allow_unused=True)
        slopes_of, parts = np.zeros(self.starts[-1]), iter(parts)
        for one, start in zip(numbers, self.starts):
            part = next(parts) if one.requires_grad else None
            if part is not None:
                slopes_of[start : start + one.numel()] = part.reshape(-1).numpy()
        total = np.zeros(sum(piece.value.size for piece in seen.pieces))
        known = seen.places >= 0
        np.add.at(total, seen.places[known], slopes_of[known])
        ends = np.cumsum([piece.value.size for piece in seen.pieces])
        return [part.reshape(piece.shape) for part, piece in zip(np.split(total, ends[:-1]), seen.pieces)]


class Changed(Again):
    """A call of NumPy, made again with one number after the other changed a little: what changes is made of it."""

    back = None  # the way back is not known

    def call(self, numbers):
        event, made = self.event, dict(zip(self.leaves, numbers))

        def new(matrix):
            return np.array(made.get(matrix, matrix.value))

        args, kwargs = replaced(event.args, new), replaced(event.kwargs, new)
        with np.errstate(all="ignore"):
            returned = event.function(*args, **kwargs)
        return [args[0]] if event.in_place is not None else tensors(returned)

    def sources(self, i, result):
        found, numbers = [[] for _ in range(result.value.size)], [matrix.value for matrix in self.leaves]
        if self.starts[-1] * result.value.size > MOST // 16:
            raise TooMany(self.event, result)
        try:
            before = np.asarray(self.call(numbers)[i])
            for leaf, start in enumerate(self.starts[:-1]):
                for cell in range(numbers[leaf].size if numbers[leaf].dtype.kind == "f" else 0):
                    other = numbers[leaf].copy()
                    other.flat[cell] += STEP * max(1.0, abs(other.flat[cell]))
                    after = np.asarray(self.call([*numbers[:leaf], other, *numbers[leaf + 1 :]])[i])
                    for changed in np.flatnonzero((after != before) & ~(np.isnan(after) & np.isnan(before))):
                        found[changed].append(start + cell)
        except Exception:  # noqa: BLE001 - what cannot be called again names no source
            return [np.zeros(0, int)] * result.value.size
        return [np.array(cells, int) for cells in found]


class TooMany(ValueError):
    """A call that has more derivatives than can be looked at."""

    def __init__(self, event, out):
        super().__init__(
            f"{event.operation} in line {event.place.line} makes {tuple(out.shape)} numbers: which of the inputs each "
            f"comes from is found one by one, and these are too many: {CUT}."
        )


def slopes(flat, wanted, first, count):
    """The derivatives of some numbers by all of ``wanted``: (count, …) for each of these.

    Those of one number are asked for alone: PyTorch loads a package that takes seconds before it does several at once.
    """
    import torch

    ones = torch.zeros(count, flat.numel(), dtype=flat.dtype)
    ones[torch.arange(count), torch.arange(first, first + count)] = 1
    try:
        several = {"grad_outputs": ones, "is_grads_batched": True} if count > 1 else {"grad_outputs": ones[0]}
        parts = torch.autograd.grad(flat, wanted, retain_graph=True, allow_unused=True, **several)
    except RuntimeError:  # no rule for several at once
        rows = [torch.autograd.grad(flat, wanted, one, retain_graph=True, allow_unused=True) for one in ones]
        parts = [None if part[0] is None else torch.stack(part) for part in zip(*rows)]
    shapes = [(count, *one.shape) for one in wanted]
    return [torch.zeros(shape) if part is None else part.reshape(shape) for part, shape in zip(parts, shapes)]
