"""The notebooks for a graded class: no solution in them, and all else as it was."""

import copy

import pytest
from nbformat.v4 import new_code_cell, new_output

from tools.grading.release import FOLDED, main, released
from tools.notebooks import course_notebooks, load
from tools.solutions import CODE, solutions

# The exercises that have a hint whose code is a good part of the solution's.
TOO_MUCH = [
    "look_up",
    "averaging_matrix",
    "softmax_rows",
    "all_scores",
    "softmax_backward",
    "cut_into_heads",
    "inputs_and_targets",
    "mean_loss",
    "previous_score",
    "without_head",
    "repeated_places",
    "one_mask",
]


@pytest.fixture(scope="module")
def notebooks():
    return {path.name: load(path) for path in course_notebooks()}


def filled_in(notebook):
    """A notebook whose exercises are solved, with the outputs that tell it."""
    made = copy.deepcopy(notebook)
    for place, code in solutions(notebook).items():
        made.cells[place].source = code
        made.cells[place].outputs = [new_output("stream", name="stdout", text="right"), new_output("display_data")]
    return made


def test_no_solution_is_left_and_nothing_else_is_missing(notebooks):
    left_out = {}
    for notebook in notebooks.values():
        made, sentences = released(notebook)
        places = solutions(notebook)
        assert not sentences and len(made.cells) == len(notebook.cells)
        for place, (cell, before) in enumerate(zip(made.cells, notebook.cells)):
            if place + 1 in places:
                name = notebook.cells[place + 1].id.removeprefix("exercise-")
                hints = [inner for summary, inner in FOLDED.findall(before.source) if summary.startswith("Hint")]
                kept = [inner for _, inner in FOLDED.findall(cell.source)]
                left_out[name] = [hint for hint in hints if hint not in kept]
                task = FOLDED.sub("", before.source)
                assert FOLDED.sub("", cell.source) == task and not CODE.search(cell.source)
                assert [summary for summary, _ in FOLDED.findall(cell.source)] == (
                    [f"Hint {i + 1}" for i in range(len(kept))] if len(kept) > 1 else ["Hint"] * len(kept)
                )
            elif cell.cell_type == "markdown":
                assert cell.source == before.source.replace("Hints and a solution are", "Hints are")
            else:
                assert cell == before
        assert all("A solution" not in cell.source for cell in made.cells if cell.cell_type == "markdown")
    assert {name: len(hints) for name, hints in left_out.items() if hints} == dict.fromkeys(TOO_MUCH, 1)


def test_exercises_that_are_solved_are_empty_again(notebooks):
    """But for the shapes that a comment tells behind the head of an empty one."""
    for notebook in notebooks.values():
        wanted, made = released(notebook)[0], released(filled_in(notebook))[0]
        for place in solutions(notebook):
            wanted.cells[place].source = made.cells[place].source
            head, rest = made.cells[place].source.split("\n", 1)
            assert head in notebook.cells[place].source and rest == notebook.cells[place].source.split("\n", 1)[1]
        assert made == wanted


def test_cells_of_ones_own_stay_and_those_that_may_tell_are_named(notebooks):
    notebook = copy.deepcopy(notebooks["02_averaging_the_past.ipynb"])
    own = [new_code_cell("mine = 1"), new_code_cell("check.mean_so_far(mine)")]
    notebook.cells += own
    made, (sentence,) = released(notebook)
    assert made.cells[-2:] == own and "check.mean_so_far" in sentence


@pytest.mark.parametrize(
    "source",
    [
        "def mean_so_far(x):\n    # the mean of x[: t + 1]\n    return x",
        "import numpy\ndef mean_so_far(x):\n    ...\n\ncheck.mean_so_far(mean_so_far)",
        "def mean_so_far(x): return x\ncheck.mean_so_far(mean_so_far)",
        "mean_so_far = lambda x: x\n\ncheck.mean_so_far(mean_so_far)",
        "def mean_so_far(x) return\n\ncheck.mean_so_far(mean_so_far)",
    ],
)
def test_whatever_stands_in_an_exercise_goes(notebooks, source):
    notebook = copy.deepcopy(notebooks["02_averaging_the_past.ipynb"])
    (place, *_) = solutions(notebook)
    notebook.cells[place].source = source if "check." in source else f"{source}\n\ncheck.mean_so_far(mean_so_far)"
    wanted = "def mean_so_far(x):\n    ...\n\ncheck.mean_so_far(mean_so_far)"
    assert released(notebook)[0].cells[place].source == wanted


def test_the_command_writes_what_is_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["release", "--notebooks", "02", "05b", "--out", str(tmp_path)])
    main()
    assert capsys.readouterr().out.split() == [str(one) for one in sorted(tmp_path.iterdir())]
    assert [path.name[:4] for path in sorted(tmp_path.iterdir())] == ["02_a", "05b_"]
    assert all("A solution" not in path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
    monkeypatch.setattr("sys.argv", ["release", "--notebooks", "02", "77", "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"There is no notebook 77\."):
        main()
