"""The README's Python runs, and prints what stands below it."""

import contextlib
import io
import re
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```python\n(.*?)```\n+```\n(.*?)```", README, re.DOTALL)
ONLY_IN_A_CELL = {"np": "import numpy as np\n", "check": "from helpers import check\n"}


@pytest.mark.parametrize(("code", "printed"), SHOWN, ids=[code.split("\n")[0] for code, _ in SHOWN])
def test_it_prints_what_stands_below(tmp_path, code, printed):
    before = "".join(line for name, line in ONLY_IN_A_CELL.items() if f"{name}." in code and line not in code)
    *lines, last = code.strip().split("\n")
    told, cell = io.StringIO(), tmp_path / "cell.py"
    cell.write_text(before + "\n".join(lines), encoding="utf-8")  # names come from the source, which has to be there
    with contextlib.redirect_stdout(told):
        names = {}
        exec(compile(cell.read_text(encoding="utf-8"), cell, "exec"), names)
        value = eval(last, names)
        if value is not None:
            print(value)
    assert told.getvalue().strip() == printed.strip()


def test_there_is_something_to_run():
    assert len(SHOWN) >= 3
