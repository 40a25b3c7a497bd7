"""A check says in which line a function goes wrong: rightly, or less."""

from collections import Counter

import numpy as np
import pytest
import torch

from bench.placing import outcome, wrong_programs
from helpers import check
from helpers.check.calls import Deadline
from helpers.check.handed_in import order
from helpers.check.judge import judge
from helpers.check.placing import placed
from helpers.check.shown import picture
from helpers.check.tries import Trials
from tests.first_difference import typed
from tests.small_changes import versions
from tests.styles import STYLES
from tests.wrong_solutions import RIGHT

HEAD = STYLES["unscaled_head"][1]
SHARE = 0.005  # of all wrong programs


def place(name, code):
    exercise, function = check.exercises()[name], typed(name, code.strip())
    with Deadline(5) as deadline:
        return placed(Trials(exercise, function, order(function, exercise.asks), deadline))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("F.softmax(wei, dim=-1)", "torch.sigmoid(wei)", "key, query and wei are right; `wei`, as line 8 leaves it,"),
        ("x @ Wq", "x @ Wq / T", "key is right; `query` in line 4 is the first that differs."),
        ("x @ Wq", "x @ Wk", "key is right; `query` in line 4 is the first that differs."),
        ("wei @ value", "wei @ value + 1", "key, query, wei and value are right; `out` in line 10 is the first"),
        ("    return out", "    return out.exp()", "and out are right; what line 11 makes, `return out.exp()`, is the"),
        ("    return out", "    return value", "out is right; line 11 returns something else than the right result"),
        ("torch.ones(T, T)", "torch.ones(T, T) * 0.5", "`mask` in line 6"),
    ],
)
def test_the_line_is_said(old, new, sentence):
    if "mask" in sentence:
        old, new = "torch.tril(torch.ones(T, T))", "torch.tril(torch.ones(T, T), -2)"
    assert sentence in place("unscaled_head", HEAD.replace(old, new)).sentence


@pytest.mark.parametrize(
    ("name", "style", "old", "new", "sentence"),
    [
        ("softmax_rows", 1, "powers / sums", "sums", "powers and sums are right; `weights` in line 6 is the first"),
        ("softened", 2, "return powers / sums", "return sums", "and sums are right; what line 5 returns is the first"),
        ("mean_so_far", 2, "totals / column", "x / column", "what line 6 makes, `return x / column`, is the first"),
        ("values_backward", 0, "return dweights", "return dout", "dweights is right; line 4 returns something else"),
        (
            "normalize_rows",
            1,
            "squares.mean(-1, keepdim=True)",
            "squares",
            "squares are right; `variance` in line 6 is",
        ),
        (
            "turned_at",
            1,
            "angles.sin()",
            "angles",
            "angles and cos are right; `sin` in line 7 is the first that differs.",
        ),
        ("up_and_down", 1, "    up = up + bup\n", "", "the mistake is in line 2 or 3."),
        ("without_head", 1, "out * keep", "out / keep", "what line 5 makes, `return out / keep`, is the first"),
    ],
)
def test_names_and_what_no_line_reads_say_more_and_nothing_wrong(name, style, old, new, sentence):
    assert old in STYLES[name][style] and sentence in place(name, STYLES[name][style].replace(old, new)).sentence


def test_less_is_said_where_several_lines_could_be_it():
    """Is the scale missing where the scores are made, or after that?"""
    code = STYLES["all_heads"][1].replace("    att = att / math.sqrt(h)\n", "")
    found = place("all_heads", code)
    assert not found.is_certain and "the mistake is in line" in found.sentence


def test_nothing_is_said_of_what_leaves_no_trail():
    code = "def unscaled_head(x, Wq, Wk, Wv):\n    out = torch.tensor((x @ Wq).tolist())\n    return out"
    assert place("unscaled_head", code) is None


def test_a_right_function_has_no_place():
    assert place("unscaled_head", HEAD) is None


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_sample_of_mistakes_that_nobody_foresaw():
    """Most are named or placed, and none at a wrong line: a witness that watches the variables knows the right one."""
    count = Counter()
    for name, right, code, dropped in wrong_programs(SHARE, seed=3):
        found = outcome(name, right, code, dropped, names_first=False)
        if found:
            count[found[0]] += 1
            assert found[0] != "wrong", f"{found[1]}\n{code}"
    assert sum(count.values()) >= 10 and count["named"] + count["placed"] >= 0.8 * sum(count.values()), count


def test_the_report_has_the_line_and_no_verdict_is_changed_by_it(capsys):
    function = typed("unscaled_head", HEAD.replace("F.softmax(wei, dim=-1)", "torch.sigmoid(wei)"))
    check.unscaled_head(function)
    said = capsys.readouterr().out
    assert said.startswith(judge(check.exercises()["unscaled_head"], function).text)
    assert said.splitlines()[-1].endswith("`wei`, as line 8 leaves it, is the first that differs.")


def test_a_function_of_one_line_is_told_nothing_more(capsys):
    check.mean_so_far(typed("mean_so_far", "def mean_so_far(x):\n    return x + x**2"))
    assert "differs" not in capsys.readouterr().out


def test_the_run_is_shown_with_its_first_wrong_cell():
    found = place("unscaled_head", HEAD.replace("F.softmax(wei, dim=-1)", "F.softmax(wei, dim=-1).round()"))
    shown = picture(found)
    name, index = shown.pinned
    yours, mended = shown.traces
    wei = yours[name].value
    assert name == "wei₃" and shown.notes == {name: "the first that differs"}
    with np.errstate(all="ignore"):
        masked = yours["wei₂"].value
    right = torch.tensor(masked).softmax(-1).numpy()
    first = np.argwhere(~np.isclose(wei, right, atol=1e-4))[0]
    assert index == first.tolist()
    assert shown.first_difference.name == name and np.allclose(mended[name].value, right, atol=1e-6)
    wanted = found.run.wanted(0)
    assert np.allclose(mended["out"].value, wanted, atol=1e-5) and not np.allclose(
        yours["out"].value, wanted, atol=1e-3
    )


def test_the_function_is_called_once_more_for_each_run():
    calls = []
    exercise, right = check.exercises()["mean_so_far"], typed("mean_so_far", RIGHT["mean_so_far"].strip())

    def mean_so_far(x):
        calls.append(1)
        return right(x) + 1

    verdict = judge(exercise, mean_so_far)
    before = len(calls)
    assert verdict.find() is not None or len(calls) > before
    assert len(calls) - before == 3


def test_nothing_that_goes_wrong_in_the_search_reaches_the_learner(monkeypatch, capsys):
    monkeypatch.setattr("helpers.check.judge.placed", lambda *_: 1 / 0)
    check.mean_so_far(typed("mean_so_far", RIGHT["mean_so_far"].replace("mean(0)", "max(0)").strip()))
    assert "not yet" in capsys.readouterr().out


def test_every_style_is_right():
    for name, codes in STYLES.items():
        for code in codes:
            verdict = judge(check.exercises()[name], typed(name, code), count=0)
            assert verdict.solved, verdict.text
            assert next(versions(code))
