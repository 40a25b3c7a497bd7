"""The exercises' checks: every solution passes, every mistake is told as itself, and no answer makes a check fail."""

import inspect
import subprocess
import sys
import threading
import time
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers import check
from helpers.check import calls, progress
from helpers.check.judge import judge
from helpers.check.tries import same
from helpers.course.course_map import number_of
from tests.strategies import CHARACTER
from tools.notebooks import course_notebooks, load
from tools.solutions import solutions, solved

EXERCISES = check.exercises()
NOTEBOOKS = {number_of(path): load(path) for path in course_notebooks()}
PAIRS = [(name, mistake) for name, exercise in EXERCISES.items() for mistake in exercise.mistakes]
every_exercise = pytest.mark.parametrize("name", EXERCISES)


def as_learner(exercise, function):
    """A function of NumPy arrays as a learner would hand it in: of tensors, where the exercise works with these."""

    def handed_in(*arguments):
        with np.errstate(all="ignore"):
            found = function(
                *(
                    one.numpy().astype(float if one.is_floating_point() else int)
                    if isinstance(one, torch.Tensor)
                    else one
                    for one in arguments
                )
            )
        return tuple(map(answer, found)) if len(exercise.gives) > 1 else answer(found)

    def answer(found):
        found = np.asarray(found)
        if exercise.tensors:
            return torch.tensor(found, dtype=torch.float32 if found.dtype.kind == "f" else torch.int64)
        return found

    handed_in.__signature__ = inspect.Signature(
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in exercise.asks]
    )
    return handed_in


@every_exercise
def test_an_exercise_has_six_mistakes_or_more(name):
    exercise = EXERCISES[name]
    sentences = [sentence for sentence, _ in exercise.mistakes.values()]
    assert len(sentences) >= 6 and len({*sentences}) == len(sentences)
    assert not any(
        (sentence[0].isupper() and sentence.split()[0] not in ("B", "T", "C", "Wq", "Wk", "Wv", "Wo"))
        or sentence.endswith(".")
        for sentence in sentences
    )


@pytest.mark.parametrize(("name", "mistake"), PAIRS)
def test_a_mistake_is_told_as_itself(name, mistake):
    exercise = EXERCISES[name]
    sentence, function = exercise.mistakes[mistake]

    def seconds():
        began = time.perf_counter()
        verdict = judge(exercise, as_learner(exercise, function))
        assert verdict.solved is False and f"It looks as if {sentence}." in verdict.text, verdict.text
        return time.perf_counter() - began

    assert any(seconds() < 1 for _ in range(3))  # the other tests, which run beside it, hold one up now and then


@every_exercise
def test_no_two_mistakes_are_alike(name):
    exercise = EXERCISES[name]
    cases = exercise.cases(count=4)
    made = {
        mistake: [exercise.mistaken(case, function) for case in cases]
        for mistake, (_, function) in exercise.mistakes.items()
    }
    for one, other in combinations(made, 2):
        pairs = zip(made[one], made[other], cases)
        assert not all(a is not None and b is not None and same(a, b, case.scale) for a, b, case in pairs), (
            f"{one} is {other}"
        )


# -- the notebooks' own solutions -------------------------------------------------------------------


def names_of(notebook):
    return [
        cell.source.splitlines()[-1].partition("(")[0].removeprefix("check.")
        for cell in notebook.cells
        if "exercise" in cell.metadata.get("tags", [])
    ]


def test_every_exercise_stands_in_its_notebook():
    found = {number: names_of(notebook) for number, notebook in NOTEBOOKS.items()}
    assert [name for names in found.values() for name in names] == [*EXERCISES]
    assert all(EXERCISES[name].notebook == number for number, names in found.items() for name in names)
    together = {}  # what is divided, 05 and 05b, counts its exercises through: 5.1, 5.2
    for number, names in found.items():
        together.setdefault(number[:2], []).extend(names)
    assert all(2 <= len(names) <= 4 for number, names in together.items() if number != "00")


@every_exercise
def test_an_exercise_as_shipped_says_what_it_should(name):
    """A stub with the parameters that the check wants, not tried yet; hints, a solution and its reasons are folded
    above it.
    """
    notebook = NOTEBOOKS[EXERCISES[name].notebook]
    place = next(i for i, cell in enumerate(notebook.cells) if cell.id == f"exercise-{name}")
    task, cell = notebook.cells[place - 1].source, notebook.cells[place]
    assert cell.source.startswith(f"def {name}({', '.join(EXERCISES[name].asks)}):") and cell.source.endswith(
        f"\n    ...\n\ncheck.{name}({name})"
    )
    assert [output.text for output in cell.outputs] == [f"{name}: not tried yet.\n"]
    assert task.startswith(f"### Exercise {int(EXERCISES[name].notebook[:2])}.") and any(
        f"*{level} · " in task for level in ("Easy", "Medium", "Hard")
    )
    assert task.count("<details>") == task.count("</details>") >= 2 and "<summary>Hint" in task
    folded = task.rpartition("<details>")[2]
    assert "```python" in folded and len(folded.rpartition("```")[2].split()) > 15  # it says why, too


@every_exercise
def test_a_solution_passes_on_two_hundred_random_shapes(name, monkeypatch):
    monkeypatch.setattr("helpers.check.judge.SECONDS", 60)  # of a check with four random shapes it is 3
    notebook = NOTEBOOKS[EXERCISES[name].notebook]
    names = {}
    exec(next(cell.source for cell in notebook.cells if cell.id == "imports"), names)
    code = next(code for code in solutions(notebook).values() if code.endswith(f"check.{name}({name})"))
    exec(code.rpartition("\n")[0], names)
    verdict = judge(EXERCISES[name], names[name], seed=2, count=200)
    assert verdict.solved and "on 210 shapes" in verdict.text, verdict.text  # the ten chosen ones, too


@pytest.mark.parametrize("number", [number for number in NOTEBOOKS if number != "00"])
def test_a_solved_copy_differs_in_its_exercises_alone(number, tmp_path, monkeypatch):
    """So the tests need not run its other cells again."""
    monkeypatch.setenv(progress.FILE, str(tmp_path / "progress.json"))
    notebook = NOTEBOOKS[number]
    copy = solved(notebook)
    pairs = list(zip(notebook.cells, copy.cells, strict=True))
    changed = [
        cell.id for cell, other in pairs if (cell.source, cell.get("outputs")) != (other.source, other.get("outputs"))
    ]
    assert changed == [f"exercise-{name}" for name in names_of(notebook)] and progress.solved() == names_of(notebook)
    run = [
        cell.id for cell in copy.cells if cell.cell_type == "code" and "nbval-skip" not in cell.metadata.get("tags", [])
    ]
    assert run == ["imports", *changed] and all(
        "right, on" in cell.outputs[0].text for cell in copy.cells if cell.id in changed
    )


# -- whatever a learner hands in --------------------------------------------------------------------

TENSOR = st.builds(torch.zeros, st.lists(st.integers(0, 4), max_size=3))
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(CHARACTER),
    st.binary(),
    st.complex_numbers(),
    TENSOR,
    TENSOR.map(torch.Tensor.numpy),
    st.sampled_from(
        [
            print,
            np,
            torch,
            object(),
            {},
            {1},
            (),
            [],
            [[1.0], [1.0, 2.0]],
            range(3),
            NotImplemented,
            ...,
            iter("ab"),
            torch.float32,
        ]
    ),
    st.builds(lambda: (n for n in range(3))),
    st.builds(lambda: torch.zeros(2, 3, requires_grad=True)),
    TENSOR.map(torch.Tensor.to_sparse),
    st.sampled_from(["float16", "bfloat16", "int64", "bool", "complex64"]).map(
        lambda kind: torch.zeros(2, 3, dtype=getattr(torch, kind))
    ),
    st.sampled_from(["float16", "int8", "bool", "U3", "O", "complex128", "M8[D]"]).map(
        lambda kind: np.zeros((2, 3), kind)
    ),
    st.lists(st.lists(st.floats())),
    st.tuples(TENSOR, st.none()),
    st.just(np.ma.masked_all((2, 3))),
    st.just(torch.zeros(2, 3).to("meta")),
)


@pytest.mark.parametrize(
    "name", ["mean_so_far", *[name for name, one in EXERCISES.items() if len(one.gives) > 1][:1], [*EXERCISES][-1]]
)
@given(value=ODD)
def test_whatever_is_returned_gets_a_sentence(name, value):
    exercise = EXERCISES[name]
    verdict = judge(exercise, as_given(exercise, lambda *_: value))
    assert (
        verdict.solved is False
        and verdict.text.startswith(f"{name}: ")
        and "Traceback" not in verdict.text
        and "helpers/check" not in verdict.text
    )


def as_given(exercise, function):
    function.__signature__ = inspect.Signature(
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in exercise.asks]
    )
    return function


def text_of(function, name="mean_so_far"):
    verdict = judge(EXERCISES[name], function)
    assert verdict.solved is False
    return verdict.text


@pytest.mark.parametrize(
    "handed_in", [None, 3, "mean", [], np.zeros((2, 3)), torch.zeros(2, 3), (lambda: 1), (lambda x, y: x), int, print]
)
def test_what_is_no_such_function_gets_a_sentence(handed_in):
    assert text_of(handed_in).startswith("mean_so_far: ")


def test_a_stub_was_not_tried_yet(capsys):
    def empty(x): ...

    def told(x):
        """Some day."""

    def passed(x):
        pass

    for stub in (empty, told, passed):
        assert judge(EXERCISES["mean_so_far"], stub).solved is None
    check.mean_so_far(empty)
    assert capsys.readouterr().out == "mean_so_far: not tried yet.\n"


def test_an_error_is_told_with_the_learners_own_line():
    def broken(x):
        helper = np.zeros(2)
        return x + helper[10]

    text = text_of(broken)
    assert (
        "IndexError" in text
        and "`return x + helper[10]`" in text
        and "index 10 is out of bounds" in text
        and "x (T=" in text
    )
    assert "calls.py" not in text


@pytest.mark.parametrize(
    "error", [SystemExit(3), RecursionError(), MemoryError(), StopIteration(), Exception("<b>" * 5000), BaseException()]
)
def test_any_error_is_told(error):
    def broken(x):
        raise error

    assert f"it raised {type(error).__name__} in line" in text_of(broken) and len(text_of(broken)) < 800


class Wordless(Exception):
    """Its text cannot be had."""

    def __str__(self):
        raise self.args[0]


@pytest.mark.parametrize("inner", [ValueError("no"), SystemExit(1), BaseException()])
def test_an_exception_whose_text_raises_is_told(inner):
    def broken(x):
        raise Wordless(inner)

    text = text_of(broken)
    assert (
        "it raised Wordless in line" in text
        and f"its text cannot be shown, since it raises {type(inner).__name__}" in text
    )


def test_an_exception_whose_text_does_not_end_is_stopped(monkeypatch):
    monkeypatch.setattr("helpers.check.judge.SECONDS", 0.3)

    class Endless(Exception):
        def __str__(self):
            while True:
                pass

    def broken(x):
        raise Endless

    assert "did not end" in text_of(broken)


def test_a_check_ends_under_a_profiler():
    code = (
        "import cProfile; from helpers import check; profile = cProfile.Profile(); profile.enable(); "
        "check.mean_so_far(lambda x: x)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


def test_what_runs_under_a_tracer_after_a_function_that_was_stopped_ends_too():
    """A debugger, coverage: they trace every function that is called."""
    code = (
        "import sys; from helpers.check.calls import call\n"
        "def endless():\n    while True: pass\n"
        "def stubborn():\n"
        "    for _ in range(3):\n"
        "        try: endless()\n"
        "        except BaseException: pass\n"
        "for function in (endless, stubborn, lambda: 1): call(function, (), seconds=0.1)\n"
        "sys.settrace(lambda *_: None); sys.setprofile(lambda *_: None); (lambda: None)(); print('ended')"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
    assert done.stdout == b"ended\n"


@pytest.mark.parametrize(
    ("handed_in", "said"),
    [
        (lambda scores: scores, "your function takes scores; wanted scores, temperature."),
        (lambda *, scores, temperature: scores, "takes *, scores, temperature; wanted"),
        (lambda a, b, c: a, "your function takes a, b, c; wanted scores, temperature."),
        (lambda: 1, "your function takes nothing; wanted"),
    ],
)
def test_other_parameters_are_told(handed_in, said):
    assert said in text_of(handed_in, "softened")


def test_parameters_in_another_order_are_known_by_their_names():
    def tempered(temperature, scores):
        return (scores / temperature).softmax(-1)

    assert judge(EXERCISES["softened"], tempered).solved

    def number(x, h, t, Wq, Wk, Wv):
        return EXERCISES["one_number"].oracle(x, Wq, Wk, Wv, t, h)

    assert judge(EXERCISES["one_number"], number).solved
    text = text_of(lambda x, t, one, two, three, four: x, "one_number")
    assert (
        text
        == "one_number: your function takes x, t, one, two, three, four; wanted x, Wq, Wk, Wv, t, h, in this order."
    )


def test_the_learners_own_interrupt_goes_through():
    def stopped(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(EXERCISES["mean_so_far"], stopped)


def test_an_endless_loop_is_stopped(monkeypatch):
    monkeypatch.setattr("helpers.check.judge.SECONDS", 0.3)

    def endless(x):
        while True:
            pass

    def stubborn(x):
        while True:
            try:
                time.sleep(0.01)
            except BaseException:
                stubborn.caught += 1
                if stubborn.caught > 2:
                    raise

    stubborn.caught = 0
    for function in (endless, stubborn):
        began = time.monotonic()
        assert "did not end within" in text_of(function) and time.monotonic() - began < 3
    time.sleep(0.3)  # nothing strikes afterwards


@pytest.mark.parametrize("seconds", [5, 0.002])
def test_many_calls_leave_no_thread_and_no_interrupt(seconds):
    """Not even calls that end just when their time is over."""

    def busy():
        until = time.perf_counter() + 0.002
        while time.perf_counter() < until:
            pass
        return 1

    before = threading.active_count()
    for _ in range(200):
        made = calls.call(busy, (), seconds)
        assert made.value == 1 or (seconds < 1 and "did not end" in made.problem)
    assert threading.active_count() == before
    time.sleep(0.3)  # nothing strikes afterwards


def test_changed_in_place_random_and_other_slips():
    def in_place(x):
        x[0] = 0
        return x

    def changing_shape(x):
        x.resize((1, x.size), refcheck=False)
        return x

    assert "in place: x[0,0] was" in text_of(in_place)
    assert "changes the shape of x" in text_of(changing_shape)
    assert "drawn at random in each call" in text_of(lambda x: np.random.default_rng().normal(size=x.shape))
    assert "int64" in text_of(lambda x: x.astype(int)) and "float16" in text_of(lambda x: x.astype(np.float16))
    right = EXERCISES["mean_so_far"].oracle
    assert "right, but transposed" in text_of(lambda x: right(x).T)
    assert "right only where T equals C" in text_of(lambda x: right(x) if x.shape[0] == x.shape[1] else right(x) + 1)
    assert "No mistake that is known" in text_of(lambda x: right(x) + x**2)
    assert "wanted a NumPy array" in text_of(lambda x: torch.tensor(x))


def test_a_loop_where_none_is_wanted():
    name = next(name for name, one in EXERCISES.items() if not one.loops)
    exercise = EXERCISES[name]
    answer = as_learner(exercise, exercise.oracle)

    def with_a_loop(*arguments):
        for _ in range(1):
            found = answer(*arguments)
        return found

    assert (
        text_of(as_given(exercise, with_a_loop), name) == f"{name}: it is right, but with a Python loop: now without."
    )


def test_what_is_solved_is_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(progress.FILE, str(tmp_path / "progress.json"))
    check.mean_so_far(lambda x: x)
    assert progress.solved() == []
    check.mean_so_far(EXERCISES["mean_so_far"].oracle)
    assert progress.solved() == ["mean_so_far"] and capsys.readouterr().out.endswith(" shapes.\n")


def test_the_checks_can_be_listed():
    assert dir(check) == sorted(EXERCISES)
    with pytest.raises(AttributeError, match="no exercise 'nothing'; there are "):
        check.nothing  # noqa: B018
