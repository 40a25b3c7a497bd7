"""The puzzles: each can be solved by typing, says so, and survives whatever is typed."""

from itertools import count

import numpy as np
import pytest
import torch

from helpers.by_hand.puzzle_catalog import PUZZLES
from helpers.by_hand.puzzles import ENOUGH, Board, alive, puzzle
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
    "other_order": {("Wk", (1, 2)): "5", ("Wk", (2, 1)): "5"},
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
    if name == "other_order":
        return [weights[0, 0], weights[1, 2], weights[2, 1]]
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


# -- with a head of your own --------------------------------------------------------------------------


def unscaled(x, Wk, Wq, Wv):
    """In another order, and without a mask: the weights of what comes later are 0 in the end."""
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = np.where(np.tril(np.ones((len(x), len(x)))) == 0, -np.inf, q @ k.T)
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    wei = powers / powers.sum(-1, keepdims=True)
    return wei @ v


def in_torch(x, asks, offers, tells, factor=None):
    T = x.shape[-2]
    wei = (x @ asks) @ (x @ offers).transpose(-2, -1) * (factor or asks.shape[-1] ** -0.5)
    wei = wei.masked_fill(torch.tril(torch.ones(T, T)) == 0, float("-inf")).softmax(-1)
    return wei @ (x @ tells)


def of_another_text(x, source, asks, offers, tells):
    wei = (x @ asks) @ (source @ offers).transpose(-2, -1) * asks.shape[-1] ** -0.5
    return wei.softmax(-1) @ (source @ tells)


def of_scores(mine):
    return torch.softmax(mine.masked_fill(torch.ones(mine.shape).tril() == 0, float("-inf")), -1)


OWN = {"average_all": of_scores, "previous_by_scores": of_scores, "same_word": unscaled, "two_jobs": in_torch}
OWN |= {"first_token": in_torch, "previous_by_place": in_torch, "other_order": of_another_text}


@every_puzzle
def test_a_head_of_your_own_solves_it_as_well(name):
    board = puzzle(name, OWN[name])
    assert not board.solved and {*board.names.values()} == {*PUZZLES[name].start}
    own = {other: called for called, other in board.names.items()}
    for (matrix, index), text in SOLUTIONS[name].items():
        assert not board.solved and own[matrix] in board.diagram.editable and own[matrix] in board.trace
        arrive(board, own[matrix], index, text)
        assert board.diagram.error == ""
    assert board.solved and "Solved" in board.line.words and progress.solved() == [name]
    assert board.trace.title == OWN[name].__name__ and repr(board).startswith(f"puzzle {name}: solved")


def test_a_cell_with_the_function_that_is_run_again_keeps_what_was_typed():
    board = puzzle("first_token", in_torch)
    arrive(board, "asks", (0, 0), "7")
    assert puzzle("first_token", lambda x, a, b, c: in_torch(x, a, b, c)) is board and list(board.names) == [
        "a",
        "b",
        "c",
    ]
    assert board.matrices["Wq"][0, 0] == 7 and board.trace["a"].value[0, 0] == 7
    assert "You may change a, b and c:" in board.how.words and board.diagram.editable == ["a", "b", "c"]
    assert puzzle("first_token") is not board and puzzle("first_token").matrices["Wq"][0, 0] != 7


def test_weights_from_elsewhere_solve_nothing():
    def cheat(scores):
        return torch.softmax(50 * torch.ones(4, 4).tril(-1).triu(-1) + 0 * scores, -1)

    board = puzzle("previous_by_scores", cheat)
    assert board.solved and progress.solved() == []


def test_a_number_that_your_head_does_not_take_is_told_and_changes_nothing():
    def picky(scores):
        if (scores > 3).any():
            raise RuntimeError("no more than 3")
        return of_scores(scores)

    board = puzzle("previous_by_scores", picky)
    arrive(board, "scores", (1, 0), "5")
    assert "RuntimeError: no more than 3" in board.diagram.error and board.matrices["scores"][1, 0] == 0
    arrive(board, "scores", (1, 0), "2")
    assert board.diagram.error == "" and board.matrices["scores"][1, 0] == 2


@pytest.mark.parametrize(
    ("name", "function", "said"),
    [
        ("same_word", of_scores, "you gave a function; wanted a function of x, Wq, Wk, Wv."),
        ("average_all", in_torch, "you gave a function; wanted a function of scores."),
        ("average_all", max, "you gave a builtin_function_or_method; wanted a function of scores."),
        ("average_all", lambda scores: scores * 2, "lambda makes no weights, rows of 4 shares that sum to 1"),
        ("average_all", lambda scores: scores @ torch.ones(3, 3), "lambda stopped in line"),
        ("first_token", lambda x, a, b, c: x @ a, "lambda makes no weights"),
    ],
)
def test_what_is_no_head_is_told_in_a_sentence(name, function, said):
    with pytest.raises(ValueError) as told:
        puzzle(name, function)
    assert str(told.value).startswith(said) and "\n" not in str(told.value) and alive == {}
