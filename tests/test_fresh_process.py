"""A fresh process, in which parts of the course are used one after another: what is heavy is not imported before it is
needed, and what is drawn there is what is drawn here.
"""

import json
import os
import subprocess
import sys

import pytest

from helpers.inputs import by_hand, example

DIGESTS = """
import hashlib, json, sys
import numpy as np
from helpers.attention import head
from helpers.pictures import curves, picture

rng = np.random.default_rng(0)
trace = head(rng.standard_normal((4, 3)), *rng.standard_normal((3, 3, 2)), tokens=["the", "cat", "sat", "by"])
drawn = [f(kind) for kind in ("png", "svg", "pdf") for f in (picture(trace).encoded, curves([1, 2], {"a": [1, 2]},
alt="up").encoded)]
digests = [hashlib.sha256(one).hexdigest() for one in (*drawn, picture(trace).html.encode())]
"""
HEAVY = {"torch", "matplotlib", "matplotlib.pyplot", "pandas"}
USED = {  # what may be imported by then; and what is done, in this order
    "a check of the first exercises": ([], "from helpers import check; check.mean_so_far(lambda x: x)"),
    "seeing": ([], "import helpers.see; helpers.see.see"),
    "traces": ([], "import helpers.trace.trace, helpers.attention.heads, helpers.inputs.examples"),
    "an explorer": (
        [],
        "from helpers.explore import explore; from helpers.attention import head\n"
        "explore(head).controls['T'].value = 3",
    ),
    "a walk": (
        [],
        "from helpers.by_hand import walk; from helpers.inputs import by_hand, example\n"
        "w = walk(head(*by_hand()[1:5])); w.next.click(); w.check.click(); w.reveal.click()",
    ),
    "a worksheet": (["matplotlib"], "from helpers.by_hand import worksheet; worksheet().figures"),
    "pictures": (["matplotlib"], DIGESTS),
}
CODE = f"""
import json, sys
found, names = {{}}, {{}}
for part, (_, code) in {USED}.items():
    exec(code, names)
    found[part] = sorted({HEAVY} & {{*sys.modules}})
example, by_hand = ([part.tolist() for part in names[draw](seed=5)[1:]] for draw in ("example", "by_hand"))
print()
print(json.dumps(dict(found=found, digests=names["digests"], example=example, by_hand=by_hand)))
"""


@pytest.fixture(scope="module")
def told():
    env = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ran = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False, env=env)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize("part", USED)
def test_nothing_heavy_is_imported_before_it_is_needed(told, part):
    assert told["found"][part] == USED[part][0]


def digests():
    exec(DIGESTS, names := {})
    return names["digests"]


def test_a_picture_is_the_same_bytes_each_time_and_there(told):
    assert digests() == digests() == told["digests"]


@pytest.mark.parametrize("draw", [example, by_hand])
def test_the_same_numbers_are_drawn_there(told, draw):
    assert told[draw.__name__] == [part.tolist() for part in draw(seed=5)[1:]]
