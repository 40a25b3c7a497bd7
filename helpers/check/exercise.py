"""An exercise: the inputs it draws, a slow and plain oracle, and the classic mistakes with what each of them tells."""

import math
import warnings
from dataclasses import dataclass, field

import numpy as np

EXERCISES = {}  # name: Exercise, in the order of the course
# what is tried first: few numbers, no two sizes alike; then the sizes where mistakes hide, and the odd ones out
SIZES = [
    dict(B=1, T=2, C=3, h=1),
    dict(B=2, T=3, C=4, h=2),
    dict(B=3, T=4, C=2, h=5),
    dict(B=2, T=1, C=3, h=2),
    dict(B=1, T=5, C=1, h=1),
    dict(B=2, T=3, C=3, h=2),
    dict(B=2, T=4, C=3, h=3),
    dict(B=3, T=3, C=3, h=3),
    dict(B=2, T=5, C=6, h=4),
    dict(B=1, T=7, C=4, h=3),
]
SCALES = (1.0, 1.0, 1.0, 0.05, 6.0)  # small and large values come round, too
FEW_CHANNELS = 18
MORE = 40  # inputs that are tried beside these where a function is wrong and the cause is not clear
LARGE = 100.0  # a scale above which results are not told less precisely
# what is tried with huge numbers, in exercises that have such: no two sizes alike
OUTSIZED = [
    dict(zip("BTCh", sizes)) for sizes in [(3, 4, 2, 1), (3, 5, 4, 2), (2, 4, 3, 1), (2, 5, 3, 4), (4, 3, 5, 2)]
]


@dataclass
class Case:
    """One input to try a function on. inputs: by parameter, NumPy arrays and plain values; sizes: by axis. wanted: what
    the oracle made of it; mistaken: what mistakes made of it; telling: whether they show there; tensors: the inputs as
    such; told: the lines that a report has of them; altered: the case with other inputs, by the function that made
    these; each once it was asked.
    """

    inputs: dict
    sizes: dict
    scale: float = 1.0
    wanted: dict | None = None
    mistaken: dict = field(default_factory=dict)
    telling: bool | None = None
    tensors: dict | None = None
    told: list | None = None
    altered: dict = field(default_factory=dict)


@dataclass
class Exercise:
    """What ``exercise`` makes of an oracle. mistakes: name to (sentence, function).

    notebook: its number, "02". asks: parameter to axes; gives: axes of each result. tensors: PyTorch's, not NumPy's
    arrays.
    loops: may the learner's function have a Python loop? causal: may no row depend on a later row of x?
    scales: how large the numbers are, case by case, in turn. outsized: how large they are in a few more cases, which no
    constant should be, but any score may; 0: there are none.
    weighing: gives the results of its inputs with another way from scores to weights, a function called ``weigh``.
    """

    oracle: object
    notebook: str
    asks: dict
    gives: dict
    tensors: bool = True
    loops: bool = True
    causal: bool = False
    scales: tuple = SCALES
    outsized: float = 0.0
    draw: object = None
    weighing: object = None
    mistakes: dict = field(default_factory=dict)
    drawn: dict = field(default_factory=dict)  # the cases that were drawn already
    fixed: dict = field(default_factory=dict)  # sizes that a module has of its own; of tokens it may take fewer

    @property
    def name(self):
        return self.oracle.__name__

    def mistake(self, sentence):
        """Register a classic wrong version, as it would be written; the sentence says what was done and what was
        wanted.
        """

        def register(function):
            self.mistakes[function.__name__] = (sentence, function)
            return function

        return register

    def cases(self, seed=0, count=0):
        """Inputs to try, those with the fewest numbers first, a lone token or channel last; ``count`` more at random
        sizes.
        """
        if (seed, count) in self.drawn:
            return self.drawn[seed, count]
        rng = np.random.default_rng(seed)
        random = [dict(zip("BTCh", (int(rng.integers(1, most + 1)) for most in (3, 8, 7, 6)))) for _ in range(count)]
        made = [self.case(rng, sizes, self.scales[i % len(self.scales)]) for i, sizes in enumerate(SIZES + random)]
        self.drawn[seed, count] = sorted(
            made,
            key=lambda case: (
                1 in (case.sizes["T"], case.sizes["C"]),
                sum(np.size(value) for value in case.inputs.values()),
            ),
        )
        return self.drawn[seed, count]

    def outsized_cases(self):
        """The same few inputs in each check, with numbers so large that every score outgrows what is merely large."""
        if "outsized" not in self.drawn:
            rng = np.random.default_rng(2)
            self.drawn["outsized"] = [self.case(rng, one, self.outsized) for one in OUTSIZED if self.outsized]
            for case in self.drawn["outsized"]:
                case.scale = min(case.scale, LARGE)  # that of weights does not grow with the scores
        return self.drawn["outsized"]

    def more_cases(self):
        """Small inputs in which any two sizes are alike now and then: what is tried in search of a cause."""
        if "more" not in self.drawn:
            rng = np.random.default_rng(1)
            sizes = [dict(zip("BTCh", rng.integers(1, 5, 4).tolist())) for _ in range(MORE)]
            self.drawn["more"] = [self.case(rng, one, 1.0) for one in sizes]
        return self.drawn["more"]

    def case(self, rng, sizes, scale):
        """One input of these sizes: numbers of one decimal, or whatever the exercise draws for itself."""
        sizes = {**sizes, **self.fixed, "T": min(sizes["T"], self.fixed.get("T", sizes["T"]))}
        own = self.draw(rng, sizes) if self.draw else {}
        inputs = {
            name: own[name]
            if name in own
            else numbers(rng, [sizes[axis] for axis in axes.split()], scale * evened(name, sizes))
            for name, axes in self.asks.items()
        }
        return Case(inputs, sizes, scale)

    def wanted(self, case):
        """The results of the oracle by name, computed once."""
        if case.wanted is None:
            case.wanted = self.answer(case)
        return case.wanted

    def mistaken(self, case, mistake):
        """The results of one of the mistakes by name, computed once."""
        if mistake not in case.mistaken:
            case.mistaken[mistake] = self.answer(case, mistake)
        return case.mistaken[mistake]

    def answer(self, case, function=None):
        """The results of the oracle, or of one of the mistakes, by name. What it raises counts as no answer: None."""
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a mean of nothing is one of the mistakes
            try:
                found = (function or self.oracle)(
                    *(np.array(value) if np.ndim(value) else value for value in case.inputs.values())
                )
            except (ValueError, IndexError, TypeError, ZeroDivisionError, OverflowError):
                if function is None:
                    raise
                return None
        return self.named(found)

    def named(self, found):
        """Results by name: a function that gives several returns a tuple of them."""
        return dict(zip(self.gives, found if len(self.gives) > 1 else (found,)))


def exercise(notebook, asks, gives, **options):
    """Make an exercise of its oracle: a function of NumPy arrays in plain loops, which shows what is wanted.

    asks: "x: B T C, Wq: C h"; gives: "out: B T h". The axes name sizes: B, T, C, h and those that ``draw(rng, sizes)``
    adds to
    sizes; draw returns those inputs that are not plain numbers, by name. Options are those of Exercise.

    >>> @exercise("00", asks="x: T C", gives="out: T C", tensors=False)
    ... def twice(x):
    ...     return [[2 * number for number in row] for row in x]
    >>> twice.asks, EXERCISES.pop("twice").name
    ({'x': 'T C'}, 'twice')
    """

    def make(oracle):
        made = Exercise(oracle, notebook, parts(asks), parts(gives), **options)
        EXERCISES[made.name] = made
        return made

    return make


def evened(name, sizes):
    """How much smaller the numbers of a matrix are where it has many rows, so that no score outdoes all others."""
    return min(1.0, math.sqrt(FEW_CHANNELS / sizes["C"])) if name.startswith("W") and "C" in sizes else 1.0


def parts(text):
    """Axes by name: ``parts("x: T C, heads:")`` is ``{"x": "T C", "heads": ""}``."""
    return {name.strip(): axes.strip() for name, axes in (part.split(":") for part in text.split(","))}


def numbers(rng, shape, scale=1.0):
    """Numbers around 0 with one decimal more than their scale: easy to check by hand."""
    return (
        np.round(scale * rng.normal(size=shape), 1 if scale >= 1 else 3).astype(np.float32).astype(np.float64) + 0.0
    )  # no -0
