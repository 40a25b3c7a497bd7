"""Two ways to the same, side by side: two Traces, or two functions under one set of sliders."""

from helpers.explore.comparison import SIDES, Comparison
from helpers.explore.controlled import Controlled
from helpers.explore.controls import SIZES
from helpers.explore.subject import Subject
from helpers.live.live import with_choices
from helpers.live.pieces import Slider
from helpers.see.contained import contained
from helpers.trace.trace import Trace


def compare(a, b, **ranges):
    """Two Traces in one picture, or two functions under one set of sliders: where do they first differ?

    a, b: two Traces, or two functions as ``explore`` takes them. Matrices of one name are compared; the cursor and the
    pinned cell move in both. The button "Difference" shows a − b in the place of b, with the largest difference of each
    matrix framed. What has other shapes, or is in one of them alone, is told and shown all the same.
    ranges: of sliders, ``T=(1, 16, 8)``, and other values, as for ``explore``. Each function gets those that it takes;
    both have the same seed and the same inputs.

    Returns a Comparison, which is one widget. Its ``first_difference`` is the first matrix that differs by more than
    rounding, with the largest difference and its cell, or None; the controls are traits. Raises ValueError for anything
    but two Traces or two functions, for a range that neither has a use for, and for sizes that do not suit both.

    >>> from helpers.attention import head
    >>> from helpers.inputs import example
    >>> e = example(T=2, C=3)
    >>> right, wrong = (head(e.x, e.Wq, e.Wk, e.Wv, temperature=temperature) for temperature in (1, 2))
    >>> found = compare(right, wrong).first_difference
    >>> found.name, found.index, found.size
    ('scaled', (1, 0), '0.186')
    >>> compare(head, head, T=(1, 8, 2)).told
    'x, Wq, Wk, Wv, q and 7 more are equal.'
    """
    kinds = [isinstance(one, Trace) for one in (a, b)]
    if all(kinds):
        if ranges:
            raise ValueError(
                f"compare was given {', '.join(ranges)} and two Traces, which are made already: sliders need "
                "functions, as in compare(average_past, average_matmul, T=(1, 16, 6))."
            )
        return Comparison(a, b)
    if any(kinds):
        raise ValueError(
            "compare was given a Trace and something else: wanted two Traces, or two functions that make them."
        )
    subjects = shared((a, b), ranges)
    names = dict.fromkeys(one.trait for subject in subjects for one in subject.controls.values())
    return with_choices(ComparedFunctions, tuple(names))(subjects)


class ComparedFunctions(Controlled, Comparison):
    """What ``compare`` returns for two functions: a Comparison under one set of ``controls``."""

    def __init__(self, subjects):
        self.subjects, self.remarks, self.errors = subjects, [[], []], ["", ""]
        titles = [one.title for one in subjects]
        super().__init__(subjects, *map(Trace, titles), titles=titles)

    def update(self):
        """Build both anew; an error becomes a sentence, and then both pictures stay, for they belong together."""
        made, errors = [], []
        for subject in self.subjects:
            subject.seed = self.seed
            try:
                with contained():
                    made.append(subject.seen())
                errors.append("")
            except Exception as error:  # noqa: BLE001 - whatever a learner's own function raises, the page lives on
                made.append(None)
                errors.append(subject.explained(error))
        with self.hold_sync():
            if not any(errors):
                self._show(made)
            elif not any(map(len, self.traces)):  # nothing is shown yet
                self.traces = [seen.trace if seen else one for seen, one in zip(made, self.traces)]
            self.errors = errors
            self.error_a, self.error_b = errors

    def _show(self, made):
        self.traces = [one.trace for one in made]
        self.remarks = [subject.remarks(one) for subject, one in zip(self.subjects, made)]
        self.readout_a, self.readout_b = map(" ".join, self.remarks)

    def __repr__(self):
        said = [
            f"{side}: {line}"
            for side, remarks, error in zip(SIDES, self.remarks, self.errors)
            for line in ([error] if error else remarks)
        ]
        return "\n".join([f"compare({self.settings})", *said, super().__repr__()])


def shared(builds, ranges):
    """The two Subjects of two functions, which have the same controls where these have the same name.

    Raises ValueError for a range that neither has a use for, and where no value suits both.
    """
    subjects = [Subject(build, ranges, strict=False) for build in builds]
    one, other = subjects
    if unused := [name for name in one.unused if name in other.unused]:
        raise ValueError(f"Neither {one.title} nor {other.title} has a use for {', '.join(unused)}.")
    for name in [*dict.fromkeys([*one.controls, *other.controls])]:
        if name in one.controls and name in other.controls:
            one.controls[name] = other.controls[name] = joined(name, subjects, ranges)
    for here, there in (subjects, subjects[::-1]):
        for name in [name for name in SIZES if name in here.fixed and name not in ranges]:
            agree(name, here, there)
    order = {name: place for place, name in enumerate(SIZES)}
    for subject in subjects:
        subject.controls = dict(sorted(subject.controls.items(), key=lambda pair: order.get(pair[0], len(order))))
        subject.tell_ranges()
    return subjects


def joined(name, subjects, ranges):
    """The control that both have: a slider shows what both take."""
    one, other = (subject.controls[name] for subject in subjects)
    if type(one) is not type(other):
        raise ValueError(
            f"{name} is {one.value!r} in {subjects[0].title} and {other.value!r} in {subjects[1].title}: one control "
            "cannot stand for both. Give them different names."
        )
    if not isinstance(one, Slider):
        return one
    low, high = max(one.min, other.min), min(one.max, other.max)
    if low > high:
        raise ValueError(
            f"{subjects[0].title} takes {name} from {one.min} to {one.max}, {subjects[1].title} from {other.min} to "
            f"{other.max}: no {name} suits both."
        )
    whole = one if one.digits == 0 else other
    whole.min, whole.max = low, high
    whole.value = min(max(one.value, low), high)
    return whole


def agree(name, here, there):
    """Let the other function have the one size that this one takes."""
    size = here.fixed[name]
    if name in there.fixed and there.fixed[name] != size:
        raise ValueError(
            f"{here.title} takes {name}={size} alone, {there.title} {name}={there.fixed[name]} alone: no {name} suits "
            "both."
        )
    control = there.controls.pop(name, None)
    if control is None:
        return
    if not control.min <= size <= control.max:
        raise ValueError(
            f"{here.title} takes {name}={size} alone, {there.title} from {control.min} to {control.max}: no {name} "
            "suits both."
        )
    there.fixed[name] = size
