"""What a cell of a step is made of: the index rules, read one cell at a time.

A rule names axes as an einsum does: ``"t h, s h -> t s"`` says that cell ``[t,s]`` takes, for every
``h``, the cells ``[t,h]`` and ``[s,h]`` of its two inputs. A guard after a bar leaves terms out:
``"s c -> t c | s <= t"``. ``diagram/rules.js`` is this module again, for the browser; a test holds
the two equal on random traces.

The kinds of step, and the value of a cell from its terms:

    given        a number that you gave
    sum-product  factor · sum over terms of the product of their cells
    mean         the mean of the terms
    add          the sum of one cell from each input
    subtract     the first input's cell minus the second's
    mask         its term, or -inf where the guard fails
    softmax      e^own / sum of e^term, along the axis that the rule sums
    normalize    own / sum of terms, along the axis that the rule sums
    lookup       the row of a table that an id names: ``"v c, t -> t c"``
    relu         its term, or 0 where that is negative
    rsqrt        1 / √(its term + 0.00001)
    reshape      its term: the same numbers in another shape. ``"t c -> t n h -> n t h"`` cuts c into n and
                 h, in the order in which the numbers stand, and then moves n to the front
"""

import math
from functools import lru_cache
from itertools import pairwise, product
from operator import ge, gt, le, lt

from helpers.look.style import cell_name as at
from helpers.look.style import number

KINDS = (
    "given",
    "sum-product",
    "mean",
    "add",
    "subtract",
    "mask",
    "softmax",
    "normalize",
    "lookup",
    "relu",
    "rsqrt",
    "reshape",
)
EPSILON = 1e-5  # what rsqrt adds, so that it never divides by 0; PyTorch's LayerNorm adds the same
ONE = {
    "relu": "t c -> t c",
    "rsqrt": "t -> t",
    "reshape": "t e -> t n h -> n t h",
}  # kinds with one input, and such a rule
AROUND = {"relu": ("max(0, ", ")"), "rsqrt": ("1 / √(", " + 0.00001)")}  # what their formulas write around the term
COMPARE = {"<=": le, "<": lt, ">=": ge, ">": gt}


@lru_cache
def parse(rule):
    """Split a rule: ``parse("t h, s h -> t s")`` gives input axes, output axes, guard (or None)."""
    body, _, guard = rule.partition("|")
    left, *_, right = body.split("->") if "->" in body else (body, "")
    inputs = tuple(tuple(axes.split()) for axes in left.split(",")) if left.strip() else ()
    return inputs, tuple(right.split()), tuple(guard.split()) or None


def check(name, kind, rule, sizes):
    """Raise ValueError for a rule that names two axes of a matrix alike or that its kind cannot read, or for a size
    without an axis.
    """
    inputs, output, guard = parse(rule)
    links = chain(rule) if kind == "reshape" else []
    if any(len({*axes}) < len(axes) for axes in (*inputs, output, *links[1:])):
        raise ValueError(
            f"the rule {rule!r} of {name} names two axes of a matrix alike; wanted a name for each, as in 't "
            "h, s h -> t s'."
        )
    for axis, size in sizes.items():
        if not any(axis in link for link in links):
            raise ValueError(
                f"{name} is given {axis}={size!r}, which a step of kind {kind!r} with the rule {rule!r} has no use for."
            )
    if kind in ONE and (len(inputs) != 1 or guard or (not links and {*inputs[0]} != {*output})):
        raise ValueError(
            f"the rule {rule!r} of {name} is none for {kind}: it reads one matrix and keeps "
            f"{'its numbers' if links else 'its axes'}, as in {ONE[kind]!r}."
        )
    passed = [axis for link in links[1:-1] for axis in link if axis not in links[0] + links[-1]]
    if passed:
        raise ValueError(
            f"the rule {rule!r} of {name} passes through {passed[0]}, which neither its first nor its last shape has: "
            "make it two steps."
        )


def chain(rule):
    """The shapes that a reshape goes through: ``chain("t c -> t n h -> n t h")`` gives three lists of axes."""
    return [part.split() for part in rule.split("->")]


def origin(step, index, source):
    """Where the number stood before a reshape: back through its chain, link by link."""
    links = chain(step.rule)
    sizes = {**dict(zip(links[0], source.value.shape)), **dict(zip(links[-1], step.value.shape))}
    for after, before in pairwise(reversed(links)):
        if set(after) == set(before):
            index = [index[after.index(axis)] for axis in before]
        else:
            flat, index = 0, list(index)
            for axis, at in zip(after, index):
                flat = flat * sizes[axis] + at
            index = []
            for axis in reversed(before):
                flat, at = divmod(flat, sizes[axis])
                index.insert(0, at)
    return tuple(index)


def allowed(guard, bound):
    """Does the guard hold for these axis indices? ``allowed(("s", "<=", "t"), {"s": 0, "t": 1})``."""
    return guard is None or COMPARE[guard[1]](bound[guard[0]], bound[guard[2]])


def terms(step, index, inputs):
    """The terms of one cell: for each, the index of the cell that each input gives to it."""
    if step.kind == "reshape":
        return [(origin(step, index, inputs[0]),)]
    axes, output, guard = parse(step.rule)
    bound = dict(zip(output, index, strict=True))
    if step.kind == "lookup":
        bound[axes[0][0]] = int(inputs[1].value[tuple(bound[axis] for axis in axes[1])])
    sizes = {a: n for names, source in zip(axes, inputs) for a, n in zip(names, source.value.shape)}
    free = [axis for axis in sizes if axis not in bound]
    found = []
    for values in product(*(range(sizes[axis]) for axis in free)):
        bound.update(zip(free, values))
        if allowed(guard, bound):
            found.append(tuple(tuple(bound[axis] for axis in names) for names in axes))
    return found


def own(step, index):
    """For softmax and normalize: the input cell that stands where this cell stands."""
    (names,), output, _ = parse(step.rule)
    bound = dict(zip(output, index))
    new = [axis for axis in output if axis not in names]
    return tuple(bound[axis] if axis in bound else bound[new[0]] for axis in names)


def cell(step, index, inputs):
    """The value of one cell, computed from its rule alone."""
    if step.kind == "given":
        return step.value[tuple(index)]
    found = terms(step, index, inputs)
    values = [[source.value[where] for source, where in zip(inputs, term)] for term in found]
    first = [term[0] for term in values if term]
    match step.kind:
        case "sum-product":
            return step.factor * sum(math.prod(term) for term in values)
        case "mean":
            return sum(first) / len(first) if first else math.nan
        case "add":
            return sum(values[0])
        case "subtract":
            return values[0][0] - values[0][1]
        case "mask":
            return first[0] if first else -math.inf
        case "lookup" | "reshape":
            return first[0]
        case "relu":
            return max(first[0], 0.0)
        case "rsqrt":
            return (first[0] + EPSILON) ** -0.5 if first[0] > -EPSILON else math.nan
        case "softmax":
            top = max(first)
            if not math.isfinite(top):
                return math.nan
            return math.exp(inputs[0].value[own(step, index)] - top) / sum(math.exp(f - top) for f in first)
        case "normalize":
            total = sum(first)
            return inputs[0].value[own(step, index)] / total if total else math.nan
    raise ValueError(f"a step of kind {step.kind!r} is unknown: wanted one of {', '.join(KINDS)}.")


def sources(step, index, inputs):
    """The cells that this cell depends on: (input name, index), those with a non-zero derivative."""
    if step.kind == "given":
        return []
    found = terms(step, index, inputs)
    if step.kind == "sum-product":
        # A cell may stand in several terms, and these may cancel.
        slopes = {}
        for term in found:
            values = [float(source.value[where]) for source, where in zip(inputs, term)]
            for i, (source, where) in enumerate(zip(inputs, term)):
                slope = step.factor * math.prod(values[:i] + values[i + 1 :])
                slopes[source.name, where] = slopes.get((source.name, where), 0) + slope
        cells = [where for where, slope in slopes.items() if slope != 0]
    elif step.kind == "softmax":
        # A masked cell is 0 whatever the scores; a lone cell is 1 whatever its score.
        value = inputs[0].value
        seen = [where for (where,) in found if value[where] != -math.inf]
        alone = len(seen) < 2 or value[own(step, index)] == -math.inf
        cells = [] if alone else [(inputs[0].name, where) for where in seen]
    elif step.kind == "normalize":
        value, mine = inputs[0].value, own(step, index)
        total = sum(value[where] for (where,) in found)
        cells = [(inputs[0].name, where) for (where,) in found if (total if where == mine else 0) != value[mine]]
    elif step.kind == "lookup":
        cells = [(inputs[0].name, found[0][0])]
    elif step.kind == "relu" and step.value[tuple(index)] == 0:
        cells = []
    elif step.kind == "subtract" and inputs[0].name == inputs[1].name and found[0][0] == found[0][1]:
        cells = []  # a number minus itself is 0 whatever the number
    else:
        cells = [(source.name, where) for term in found for source, where in zip(inputs, term)]
    return list(dict.fromkeys(cells))


def formula(step, index, inputs):
    """The cell's formula with names, then with numbers: a list of (text, name of the step it comes from)."""
    named, counted = [], []
    index = tuple(index)
    cut = step.kind == "relu" and step.value[index] == 0  # exactly 0, whatever the decimals of the others
    result = [(" = ", ""), (number(step.value[index], 0 if cut else step.digits), step.name)]
    head = [(at(step.name, index), step.name)]
    if step.kind == "given":
        return head + result
    found = terms(step, index, inputs)

    def name(i, where):
        return at(inputs[i].name, where), inputs[i].name

    def value(i, where):
        found = inputs[i].value[where]
        return number(found, inputs[i].digits if found else 0), inputs[i].name

    def products(chosen, show):
        return [[show(i, where) for i, where in enumerate(term)] for term in chosen]

    if not found and step.kind in ("sum-product", "mean"):
        return [*head, (f" = the {'mean' if step.kind == 'mean' else 'sum'} of no terms", ""), *result]
    if step.kind == "sum-product":
        live = [term for term in found if all(s.value[w] != 0 for s, w in zip(inputs, term))]
        zeros = len(found) - len(live)
        folded = [[(f"{zeros} × 0", "")]] if zeros > 2 else []
        named = some(products(found, name), 3)
        counted = join((some_terms(products(live if folded else found, value), 8)) + folded)
        if len(found) == len(found[0]) == 1 and step.factor == 1:
            counted = []  # it is the result
        if step.factor != 1:
            factor = number(step.factor, 3)
            wrap = len(found) > 1
            named = [(f"{factor}·" + "(" * wrap, ""), *named, (")" * wrap, "")]
            counted = [
                (f"{factor}·" + "(" * (wrap or counted[0][0].startswith("−")), ""),
                *counted,
                (")" * (wrap or counted[0][0].startswith("−")), ""),
            ]
    elif step.kind == "mean":
        count = f") / {len(found)}"
        named = [("(", ""), *some(products(found, name), 3), (count, "")]
        counted = [("(", ""), *join(some_terms(products(found, value), 8)), (count, "")]
    elif step.kind in ("add", "subtract"):
        sign = " + " if step.kind == "add" else " − "
        named = join([[name(i, where)] for i, where in enumerate(found[0])], sign)
        counted = join([[value(i, where)] for i, where in enumerate(found[0])], sign)
    elif step.kind == "mask":
        if not found:
            _, output, guard = parse(step.rule)
            bound = dict(zip(output, index))
            left, sign, right = guard
            sign = sign.replace("<=", "≤").replace(">=", "≥")
            why = f", because {left}={bound[left]} {sign} {right}={bound[right]} is false"
            return [*head, *result, (why, "")]
        named = [name(0, found[0][0])]
    elif step.kind in AROUND:
        before, after = AROUND[step.kind]
        named, counted = ([(before, ""), show(0, found[0][0]), (after, "")] for show in (name, value))
    elif step.kind == "reshape":
        named = [name(0, found[0][0])]
    elif step.kind == "lookup":
        ids = inputs[1]
        table, rest = found[0][0], "".join(f",{place}" for place in found[0][0][1:]) + "]"
        named = [(f"{inputs[0].name}[", inputs[0].name), (at(ids.name, found[0][1]), ids.name), (rest, inputs[0].name)]
        counted = [(at(inputs[0].name, table), inputs[0].name)]
    else:
        named, counted = quotients(step, index, inputs[0], found)
    return head + [(" = ", ""), *named] + ([(" = ", ""), *counted] if counted else []) + result


def quotients(step, index, source, found):
    """The two middle parts of a softmax's or a normalization's formula."""
    power = "e^" if step.kind == "softmax" else ""
    mine = own(step, index)
    seen = [where for (where,) in found if not (power and source.value[where] == -math.inf)]
    below = seen or [where for (where,) in found]

    def name(where):
        return [(power + at(source.name, where), source.name)]

    def value(where):
        return [(power + number(source.value[where], source.digits), source.name)]

    def bracket(parts):
        return [("(", ""), *parts, (")", "")] if len(below) > 1 or parts[0][0].startswith("−") else parts

    named = [*name(mine), (" / ", ""), *bracket(some([name(where) for where in below], 3))]
    if not seen:
        return named, [("0 / 0", "")]
    counted = [*value(mine), (" / ", ""), *bracket(join(some_terms([value(where) for where in seen], 8)))]
    return named, counted


def some_terms(parts, most):
    """The terms, or the first ones, an ellipsis and the last when there are more than ``most``."""
    return parts if len(parts) <= most else [*parts[: most - 1], [("…", "")], parts[-1]]


def join(parts, sign=" + "):
    """Put · between factors and a sign between terms, and brackets around negative numbers after the first."""
    pieces = []
    for term in parts:
        pieces += [(sign, "")] if pieces else []
        for i, (text, name) in enumerate(term):
            pieces += [("·", "")] if i else []
            pieces.append((f"({text})" if text.startswith("−") and pieces else text, name))
    return pieces


def some(parts, most):
    """``join`` after ``some_terms``."""
    return join(some_terms(parts, most))
