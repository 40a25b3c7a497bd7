"""The puzzles: each can be solved by typing, says so, and survives whatever is typed."""

from itertools import count

import numpy as np
import pytest

from helpers.by_hand.puzzles import ENOUGH, PUZZLES, Board, alive, puzzle
from helpers.check import progress

SOLUTIONS = {  # what is typed into which cells
    "average_all": {
        ("scores", (1, 0)): "0",
        ("scores", (2, 1)): "0",
        ("scores", (2, 2)): "0",
        ("scores", (3, 0)): "0",
        ("scores", (3, 2)): "0",
        ("scores", (3, 3)): "0",
    },
    "previous_by_scores": {("scores", (1, 0)): "5", ("scores", (2, 1)): "5", ("scores", (3, 2)): "5"},
    "same_word": {(name, (i, i)): "3" for name in ("Wq", "Wk") for i in (0, 1)},
    "first_token": {("Wq", (0, 0)): "0", ("Wq", (1, 0)): "0", ("Wq", (3, 0)): "3", ("Wk", (0, 0)): "3"},
    "previous_by_place": {
        ("Wq", (0, 0)): "0",
        ("Wq", (0, 1)): "−3",
        ("Wq", (1, 0)): "3",
        ("Wq", (1, 1)): "0",
        ("Wk", (0, 0)): "3",
        ("Wk", (1, 1)): "3",
    },
    "two_jobs": {("Wq", (0, 3, 0)): "3", ("Wq", (1, 3, 0)): "3", ("Wk", (0, 0, 0)): "3", ("Wk", (1, 1, 0)): "3"},
}
counted = count(1)
every_puzzle = pytest.mark.parametrize("name", PUZZLES)


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """Progress of its own, and no puzzle of another test."""
    monkeypatch.setenv(progress.FILE, str(tmp_path / "progress.json"))
    alive.clear()


def arrive(board, name, index, text):
    """What the browser sends when a number was typed."""
    board.diagram.typed = {"name": name, "index": list(index), "text": text, "count": next(counted)}


def by_numpy(weights, name):
    """The share of each row that the puzzle is about, from the weights alone."""
    T = weights.shape[-1]
    if name == "average_all":
        return [1 - sum(abs(weights[t, s] - (s <= t) / (t + 1)) for s in range(T)) / 2 for t in range(T)]
    if name in ("previous_by_scores", "previous_by_place"):
        return [weights[t, t - 1] for t in range(1, T)]
    if name == "same_word":
        words = PUZZLES[name].tokens
        return [sum(weights[t, s] for s in range(t + 1) if words[s] == words[t]) for t in range(T)]
    return [*weights[..., 0].reshape(-1)[:T], *(weights[1, 1:, 1] if name == "two_jobs" else [])]


@every_puzzle
def test_it_is_solved_by_typing(name):
    board = puzzle(name)
    assert board.score < 0.75 and not board.solved and "of 0.900" in board.line.words and progress.solved() == []
    for (matrix, index), text in SOLUTIONS[name].items():
        assert not board.solved and matrix in board.diagram.editable
        arrive(board, matrix, index, text)
        weights = board.trace["weights"].value
        assert board.bar.amount == board.score == pytest.approx(min(by_numpy(weights, name)), abs=1e-12)
    assert board.solved and board.score >= ENOUGH and "Solved" in board.line.words and board.bar.done
    assert progress.solved() == [name] and repr(board) == f"puzzle {name}: solved, {board.score:.3f}"


@every_puzzle
def test_what_was_typed_stays_and_reset_brings_the_start_back(name):
    board = puzzle(name)
    before = {key: value.copy() for key, value in board.matrices.items()}
    (matrix, index), text = next(iter(SOLUTIONS[name].items()))
    arrive(board, matrix, index, text)
    assert puzzle(name) is board and (board.matrices[matrix] != before[matrix]).sum() == 1
    board.close()
    assert puzzle(name) is board and "_repr_mimebundle_" not in vars(board)  # to show it wakes it
    board = Board(name)
    arrive(board, matrix, index, text)
    board.start_again.click()
    assert all(np.array_equal(board.matrices[key], value) for key, value in before.items())
    assert all(np.array_equal(PUZZLES[name].start[key], value) for key, value in before.items())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "three",
        "nan",
        "inf",
        "−∞",
        "1e9",
        "100",
        "<b>7</b>",
        "__import__('os')",
        "9" * 10_000,
        "🙂",
        "שלום",
        "1/0",
    ],
)
def test_what_is_no_number_is_told_and_changes_nothing(text):
    board = puzzle("first_token")
    before = board.matrices["Wq"].copy()
    arrive(board, "Wq", (0, 0), text)
    assert board.diagram.error and len(board.diagram.error) < 450 and np.array_equal(board.matrices["Wq"], before)
    arrive(board, "Wq", (0, 0), "1/2")
    assert board.diagram.error == "" and board.matrices["Wq"][0, 0] == 0.5


def test_a_puzzle_that_is_not_there():
    with pytest.raises(ValueError, match="no puzzle 'nothing'; there are average_all"):
        puzzle("nothing")


def test_beside_the_puzzle_stands_a_still_picture():
    bundle = puzzle("two_jobs")._repr_mimebundle_()[0]
    assert bundle["text/plain"].startswith("puzzle two_jobs: the worst row has") and "<img" in bundle["text/html"]
