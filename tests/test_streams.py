"""Printing never fails: whatever a stream cannot have is spelled, in every encoding that output is given on Windows."""

import io
import os
import subprocess
import sys
import unicodedata
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import check
from helpers.attention import head
from helpers.course.installed import machine
from helpers.inputs import example
from helpers.look.streams import ready, spelled, tell
from helpers.trace import Trace

REPO = Path(__file__).resolve().parent.parent
ENCODINGS = ["cp1252", "ascii", "latin-1", "cp437", "cp850", "cp932", "utf-8"]

OF_A_TRACE = """
from helpers.trace import Trace
trace = Trace("−∞ and √3")
trace.given("x", [[-1.5, float("-inf")], [0.25, 2.0]], "t c")
trace.step("y", "softmax", "t r -> t c", "x")
trace.step("z", "add", "t c, t c -> t c", "x", "x")
print(trace.why("y", 0, 0), trace, trace.shapes(), sep="\\n")
print(f"{trace.why('z', 0, 1)}")
print("Σ → ✓ ● ↵ … “Φ” ³ \\ud800 猫")
"""
OF_THE_COURSE = """
import numpy as np
from helpers import check
from helpers.course import CourseMap, Pulse, machine
from helpers.explore import explore
from helpers.attention import average_past
from helpers.by_hand import puzzle

machine()
check.mean_so_far(lambda x: -x)
check.mean_so_far(lambda x: np.cumsum(x, axis=0) / np.arange(1, len(x) + 1)[:, None])
check.mean_so_far(lambda x: [print("−"), 1 / 0])
print(CourseMap("notebooks"), Pulse(), explore(average_past, T=(1, 8, 4), C=(1, 8, 3)), puzzle("same_word"), sep="\\n")
"""


def run(code, encoding):
    """What Python prints to a pipe when its output has this encoding."""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPO,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(REPO), "PYTHONUTF8": "0"},
        capture_output=True,
    )
    assert ran.returncode == 0, ran.stderr.decode()[-1000:]
    return ran.stdout.decode(encoding.split(":")[0])


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "ascii:surrogateescape"])
def test_a_trace_is_printed_to_a_pipe_of_any_encoding(encoding):
    said = run(OF_A_TRACE, encoding)
    assert "-inf and sqrt 3" in said and "-inf + (-inf) = -inf" in said and "y[0,0] = e^x[0,0]" in said
    assert "sum -> ok * \\n" in said and said.rstrip().endswith("? ?")


def test_all_that_the_course_prints_is_printed_to_a_pipe_without_its_letters():
    said = run(OF_THE_COURSE, "ascii")
    assert "mean_so_far: not yet" in said and "mean_so_far: right" in said and "ZeroDivisionError" in said
    assert "Averaging the past" in said and "Everything is here" in said


# -- streams of every kind --------------------------------------------------------------------------


def stream_of(encoding, errors="strict"):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=errors, newline="")


def written(stream):
    stream.flush()
    return stream.buffer.getvalue().decode(stream.encoding)


def a_trace():
    e = example(T=3, C=2, head_size=2)
    return head(e.x, e.Wq, e.Wk, e.Wv)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_stream_that_comes_later_spells_too(encoding):
    """As with redirect_stdout to a file that was opened without an encoding."""
    trace = a_trace()
    for say in (
        lambda: print(trace),
        lambda: print(f"{trace.why('out', 0, 0)}"),
        lambda: print(trace.why("masked", 0, 1)),
        lambda: tell("√3 → −∞"),
        lambda: check.mean_so_far(lambda x: -x),
        machine,
    ):
        stream = stream_of(encoding)
        with redirect_stdout(stream):
            say()
        assert written(stream)
    with redirect_stdout(stream_of(encoding)) as stream:
        print(trace.why("masked", 0, 1))
    assert written(stream).startswith("masked[0,1] = ")
    infinity = {"utf-8": "−∞", "cp437": "-∞", "cp932": "－∞"}.get(encoding, "-inf")
    assert infinity in written(stream)


@pytest.mark.parametrize("errors", ["ignore", "replace", "backslashreplace", "xmlcharrefreplace", "namereplace"])
def test_a_stream_with_a_way_of_its_own_keeps_it(errors):
    stream = stream_of("ascii", errors)
    ready(stream)
    print("a − b", file=stream)
    assert stream.errors == errors and written(stream) == "a − b\n".encode("ascii", errors).decode()


def test_what_a_stream_could_write_before_it_writes_as_before():
    stream = stream_of("ascii", "surrogateescape")
    ready(stream)
    ready(stream)
    print("\udcff−\udcfe", file=stream)
    stream.flush()
    assert stream.buffer.getvalue() == b"\xff-\xfe\n"


@pytest.mark.parametrize("kind", [io.StringIO, io.BytesIO, object, type(None)])
def test_what_is_no_text_file_stays(kind):
    ready(kind())


def test_a_closed_stream():
    stream = stream_of("ascii")
    stream.close()
    ready(stream)


def test_without_a_stream_nothing_is_printed(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    tell("√")
    assert str(a_trace().why("q", 0, 0)).startswith("q[0,0]")


def test_a_text_is_the_same_text_whatever_the_stream():
    trace = Trace()
    trace.given("x", np.array([[-1.0]]), "t c")
    with redirect_stdout(stream_of("ascii")):
        assert trace.why("x", 0, 0) == str(trace.why("x", 0, 0)) == "x[0,0] = −1"


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_is_spelled_in_ascii(text):
    stream = stream_of("ascii")
    ready(stream)
    stream.write(text)
    said = written(stream)
    assert said.isascii() and said == "".join(letter if letter.isascii() else spelled(letter) for letter in text)


def test_every_letter_of_the_course_has_a_spelling():
    letters = {
        letter
        for pattern in ("helpers/**/*.py", "helpers/**/*.js", "tools/*.py", "bench/*.py", "notebooks/*.ipynb")
        for path in REPO.glob(pattern)
        for letter in path.read_text(encoding="utf-8")
        if not letter.isascii() and unicodedata.category(letter) not in ("Lo", "Mn")
    }
    assert "−" in letters and [letter for letter in sorted(letters) if spelled(letter) == "?"] == []
