"""Lines of PyTorch for what a step does."""

from itertools import pairwise


def reshapes(links, sizes=None):
    """The calls of PyTorch that go through a chain of shapes: ``.transpose(0, 1).reshape(8, 6)``."""
    calls = ""
    for before, after in pairwise(links):
        moved = [at for at, axis in enumerate(after) if axis != before[at]] if set(before) == set(after) else None
        if moved is None:
            calls += f".reshape({', '.join(str(sizes[axis]) for axis in after)})"
        elif len(moved) == 2:
            calls += f".transpose({moved[0]}, {moved[1]})"
        elif moved:
            calls += f".permute({', '.join(str(before.index(axis)) for axis in after)})"
    return calls


def product(inputs, *lists):
    """A product of matrices as PyTorch writes it: with @ where two matrices allow it, else with einsum."""
    *axes, output = lists
    summed = {axis for part in axes for axis in part} - set(output)
    batch, plain = output[:-2], all(part[:-2] in (output[:-2], []) and len(part) >= 2 for part in axes)
    if len(axes) == 2 and len(output) >= 2 and plain and len(summed) == 1 and batch in (part[:-2] for part in axes):
        row, column = output[-2:]
        for left, right in [(0, 1), (1, 0)]:
            a, b = axes[left][-2:], axes[right][-2:]
            if {*a} == {row, *summed} and {*b} == {column, *summed}:
                turned = [".transpose(-2, -1)" * flip for flip in (a[0] != row, b[1] != column)]
                return f"{inputs[left]}{turned[0]} @ {inputs[right]}{turned[1]}"
    names = {axis for part in lists for axis in part}
    free = iter(sorted({*"abcdefghijklmnopqrstuvwxyz"} - names))
    # einsum knows axes of one letter alone
    letters = {axis: axis if len(axis) == 1 else next(free) for axis in sorted(names)}
    *read, made = ("".join(letters[axis] for axis in part) for part in lists)
    return f'torch.einsum("{",".join(read)}->{made}", {", ".join(inputs)})'


def where(guard, axes, sizes):
    """Ones where a guard holds, zeros elsewhere: ``(torch.arange(3) <= torch.arange(2)[:, None]).double()``."""

    def side(one):
        if not one.axis:
            return str(one.offset)
        after = len(axes) - 1 - axes.index(one.axis)
        shift = f" {'+' if one.offset > 0 else '-'} {abs(one.offset)}" if one.offset else ""
        return f"torch.arange({sizes[one.axis]}){'[:' + ', None' * after + ']' if after else ''}{shift}"

    said = [" | ".join(f"({side(left)} {sign} {side(right)})" for left, sign, right in clause) for clause in guard]
    joined = " & ".join(f"({clause})" if len(said) > 1 and " | " in clause else clause for clause in said)
    return f"({joined}).double()" if len(said) > 1 or " | " in joined else f"{joined}.double()"


def times(factor, line):
    """A line of PyTorch, multiplied by a factor: ``x @ W / 3``."""
    if factor == 1:
        return line
    parts = round(1 / factor) if factor else 0
    if abs(parts) > 1 and factor == 1 / parts:
        return f"{line} / {parts}"
    return f"-{line}" if factor == -1 and "@" not in line else f"{factor!r} * {bracket(line)}"


def bracket(line):
    """A product by ``@`` in brackets, for what stands before it would be multiplied with its first matrix."""
    return f"({line})" if " @ " in line else line
