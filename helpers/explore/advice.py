"""What would work in place of what failed: tried once, on a copy, and said in a sentence."""

from helpers.explore.own_sizes import FEW, fit
from helpers.inputs.examples import LARGEST
from helpers.look.sentence import one_line, sentence
from helpers.see.numbers import NoNumbers
from helpers.see.own_things import likely_channels, module_of, random_in_training
from helpers.see.sizes import IN_A_BATCH, PARTS, names_of_axes, parts_of, resized, shape_of

ABOUT_AXES = (  # what errors say where there are too few axes, or too many
    "values to unpack",
    "index out of range",
    "Dimension out of range",
    "too many indices",
    "number of dim",
    "number of subscripts",
    "dimensions",
    "axes don't match",
    "out of bounds for array of dimension",
    "D input",
    "D tensor",
)


def hint(subject, error):
    """How the function of a subject would work that failed at the start: a sentence, or nothing."""
    if isinstance(error.__cause__, NoNumbers):  # it did work
        return ""
    if hasattr(subject.build, "cache_info") and "unhashable" in str(error):
        return "Its cache holds no arrays: explore the function inside, .__wrapped__"
    arguments = subject.arguments()
    parts = parts_of(arguments, subject.function.parts)
    found = about_batch(subject, error, arguments, parts) or about_fit(subject, arguments, parts)
    if found or not (about_axes(error) or any(subject.own)):
        return found
    return about_batch(subject, error, arguments, parts, other_sizes=True)


def about_batch(subject, error, arguments, parts, other_sizes=False):
    """Would it work with a batch, or without? other_sizes: and if these were those of its own matrices?"""
    inputs = [name for name, part in parts.items() if part in IN_A_BATCH and names_of_axes(part, arguments[name])]
    if not inputs or any(isinstance(arguments[name], list | tuple) for name in inputs):
        return ""
    name = inputs[0]
    batched = len(shape_of(arguments[name])) > len(PARTS[parts[name]])
    other = {**arguments, **{one: arguments[one][0] if batched else arguments[one][None] for one in inputs}}
    failed = raised(subject, other)
    if failed and other_sizes and not batched and fit(subject, changeable(subject), B=FEW):
        failed = None
    if failed and (not other_sizes or not about_axes(error) or about_axes(failed)):
        return ""
    works = f"comes further, to {one_line(sentence(failed), 200)}" if failed else "works"
    here, there = (f"({', '.join(names_of_axes(parts[name], value[name]))})" for value in (arguments, other))
    if name not in subject.parts:
        return f"{name} is {here} here: {name}[{0 if batched else None}] is {there}, and with that it {works}"
    if batched:
        return f"{name} is {here} here: without B it is {there}, and with that it {works}"
    how = f"explore({as_called(subject)}, B=(1, 8, 4))"
    return f"{name} is {here} here: B=(1, 8, 4) gives a batch, {there}, and with that it {works}: {how}"


def as_called(subject):
    """What was handed over, as it stands in a call: a function by its name, a module as made by its class."""
    if subject.title.startswith("<"):
        return "…"
    return subject.title if hasattr(subject.build, "__name__") else f"{subject.title}(…)"


def alone(subject, name, sizes):
    """A remark on a size that is the only one of its kind that works, with what is raised at a smaller one."""
    less = sizes[name] - 1
    failed = raised(subject, subject.arguments(**{**sizes, name: less}))
    why = f": with {name}={less}, {one_line(sentence(failed), 200)}" if failed else ""
    return f"{subject.title} takes {name}={sizes[name]} alone{why}"


def about_fit(subject, arguments, parts):
    """Would it work at other sizes, which are those of its own matrices?"""
    start, (modules, arrays) = subject.sizes(), subject.own
    found = fit(subject, dict.fromkeys(changeable(subject), LARGEST))
    if found is not None:
        C, T = found.sizes.get("C"), found.limits.get("T", (1, LARGEST))
        wanted = [f"C={C}"] * (start.get("C") != C)
        wanted += [f"T={T[1]}" if T[0] == T[1] else f"at most T={T[1]}"] * (not T[0] <= start.get("T", 1) <= T[1])
        return f"Its own matrices take {' and '.join(wanted)}" if wanted else ""
    for C in [size for size in likely_channels(modules, arrays) if size > LARGEST]:
        if not raised(subject, resized(arguments, {**start, "T": FEW, "C": C}, parts)):
            return f"It takes C={C}, of which at most {LARGEST} can be drawn: make a smaller one"
    return ""


def changeable(subject):
    """The sizes that could be others, each with the highest one to try."""
    return {name: 2 * size for name, size in subject.sizes().items() if name in ("T", "C")}


def raised(subject, arguments):
    """What the function raises for these arguments, tried on a copy; None where it works."""
    made = subject.function.tried(arguments, subject.seed)
    return made if isinstance(made, Exception) else None


def in_training(build, title, modules):
    """A remark, in a list, on a module that draws at random because it is being trained."""
    if not random_in_training(modules):
        return []
    module = module_of(build)
    whose = f"a module of {title}" if module is None else type(module).__name__
    return [f"{whose} is in train mode, and its dropout draws at random: .eval() shows what it does without"]


def about_axes(error):
    """Does it complain about the number of axes?"""
    try:
        return any(words in str(error) for words in ABOUT_AXES)
    except BaseException:  # noqa: BLE001 - the text of a learner's own exception may raise anything
        return False
