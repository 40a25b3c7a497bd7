"""The axes of a Trace: each has one size in all its matrices, a name for that size, and perhaps words along it."""

from helpers.look.style import TOKENS, shape_text, size_name


class AxisSizes:
    """The sizes of a trace's axes, learned step by step.

    names: what the sizes are called in this trace, where that is another name than usual.
    """

    def __init__(self, trace):
        self.trace, self.sizes, self.names = trace, {}, {}
        self.first = {}  # the first step that has the axis

    def learn(self, step):
        """The sizes of a step's axes, and what they are called."""
        new = {axis: size for axis, size in zip(step.axes, step.value.shape) if axis not in self.sizes}
        if new:
            self.sizes.update(new)
            self.first.update(dict.fromkeys(new, step))
            self.names.update(self.called(self.sizes))

    def called(self, sizes):
        """The size of the keys' axis is called S where it is not the T of the queries, or where it has other words."""
        others = [axis for axis in TOKENS[1:] if "t" in sizes and axis in sizes]
        return {
            a: a.upper()
            for a in others
            if sizes[a] != sizes["t"] or self.own_words(a) not in (None, self.own_words("t"))
        }

    @property
    def tokens(self):
        return self.trace.tokens

    def own_words(self, axis):
        return self.tokens.get(axis) if isinstance(self.tokens, dict) else None

    def words(self, axis):
        """The words along an axis, one for each of its places, or None where it has none."""
        if isinstance(self.tokens, list):
            return self.tokens if axis in TOKENS and self.sizes.get(axis) == len(self.tokens) else None
        return self.own_words(axis)

    def check(self, name, shape, axes, parameter=False, made=False):
        """Raise ValueError where a matrix of this shape does not fit what is known of its axes.

        parameter, made: what it is; the sentence says what is likely then.
        """
        tokens = self.tokens
        for axis, size in zip(axes, shape):
            if size == 0:
                raise ValueError(f"{self.told(name, axes, shape)}; {size_name(axis)} must be at least 1.")
            if self.sizes.get(axis, size) != size:
                known, other = self.sizes[axis], self.first[axis]
                hint = f" It looks transposed: try {name}.T." if parameter and known in shape else ""
                hint = " Axes of different sizes need different names." if made else hint
                raise ValueError(
                    f"{self.told(name, axes, shape)}, but {other.name} has shape {other.shape}: both must have "
                    f"{size_name(axis)}={known}.{hint}"
                )
            if tokens is None:
                continue
            words = tokens.get(axis) if isinstance(tokens, dict) else tokens if axis == "t" else None
            if words is not None and len(words) != size:
                whose = "tokens" if words is tokens else f"tokens[{axis!r}]"
                raise ValueError(
                    f"{whose} has length {len(words)}, but {self.told(name, axes, shape)}: wanted one token a row."
                )

    def told(self, name, axes, shape):
        """What shape a matrix has, in words."""
        return f"{name} has shape {shape_text(axes, shape, self.called({**dict(zip(axes, shape)), **self.sizes}))}"
