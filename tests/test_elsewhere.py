"""What would fail on Windows or macOS, as far as Linux can tell: encodings, names, line ends, what only Unix has."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

REPO = Path(__file__).resolve().parent.parent
FILES = subprocess.run(["git", "ls-files"], cwd=REPO, capture_output=True, text=True, check=True).stdout.splitlines()
OF_UNIX = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty"}  # modules
NOT_ON_WINDOWS = {"fork", "getegid", "geteuid", "getgid", "getuid", "killpg", "setsid", "statvfs", "sysconf", "uname"}
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names that Windows keeps for itself
WHERE_ONE_FORKS = {"tools/grading/fences.py", "tools/grading/workshop.py"}  # grade.py asks before it starts them
LOOKED_FOR = re.compile(rf"\b({'|'.join(OF_UNIX | NOT_ON_WINDOWS | {'open', 'read_text', 'write_text'})})\b")
OPEN_OTHER_THINGS = {"Image", "lab", "os", "self", "webbrowser"}
BINARY = {".png", ".safetensors"}


@pytest.fixture(scope="module")
def trees():
    """All that stands in each Python file that a learner may run, and that has a word of those that are looked for."""
    chosen = [name for name in FILES if name.endswith(".py") and name.split("/")[0] in {"helpers", "tools"}]
    texts = {name: (REPO / name).read_text(encoding="utf-8") for name in chosen}
    return {name: [*ast.walk(ast.parse(text))] for name, text in texts.items() if LOOKED_FOR.search(text)}


def opens_text(call):
    """Does a call read or write text, in an encoding of the system's choice?"""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    options = {one.arg for one in call.keywords}
    if name in ("read_text", "write_text"):
        return "encoding" not in options and len(call.args) <= (name == "write_text")
    if name != "open" or {"encoding", None} & options:
        return False
    of_a_path = isinstance(call.func, ast.Attribute)
    if of_a_path and isinstance(call.func.value, ast.Name) and call.func.value.id in OPEN_OTHER_THINGS:
        return False
    modes = [one.value for one in call.keywords if one.arg == "mode"] or call.args[0 if of_a_path else 1 :][:1]
    return not any(isinstance(one, ast.Constant) and "b" in str(one.value) for one in modes)


def test_text_is_opened_in_an_encoding_that_is_named(trees):
    found = [
        f"{name}:{node.lineno}"
        for name, nodes in trees.items()
        for node in nodes
        if isinstance(node, ast.Call) and opens_text(node)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("path.read_text()", True),
        ("path.read_text(encoding='utf-8')", False),
        ("path.write_text('x')", True),
        ("path.write_text('x', 'utf-8')", False),
        ("open(path)", True),
        ("open(path, 'w')", True),
        ("open(path, 'rb')", False),
        ("path.open(mode='ab')", False),
        ("path.open('a')", True),
        ("os.open(path, flags)", False),
    ],
)
def test_an_encoding_that_is_missing_is_found(code, found):
    assert opens_text(ast.parse(code, mode="eval").body) is found


def test_what_only_unix_has_is_asked_for_first(trees):
    """A module is imported in a ``try``, and a function of ``os`` called where ``hasattr`` found it."""
    found = []
    assert "fork" in {one.value for one in trees["tools/grading/grade.py"] if isinstance(one, ast.Constant)}
    for name, nodes in trees.items():
        if name in WHERE_ONE_FORKS:
            continue
        tried = {id(node) for one in nodes if isinstance(one, ast.Try) for node in one.body}
        asked = {one.value for one in nodes if isinstance(one, ast.Constant)}  # hasattr(os, "fork")
        for node in nodes:
            match node:
                case ast.Import(names=names) if id(node) not in tried:
                    found += [f"{name}: {one.name}" for one in names if one.name in OF_UNIX]
                case ast.ImportFrom(module=module) if id(node) not in tried and module in OF_UNIX:
                    found.append(f"{name}: {module}")
                case ast.Attribute(value=ast.Name("os"), attr=attr) if attr in NOT_ON_WINDOWS - asked:
                    found.append(f"{name}: os.{attr}")
    assert found == []


def test_every_file_can_have_its_name_everywhere():
    assert [name for name in FILES if re.search(r'[<>:"|?*\\\x00-\x1f]|[ .](/|$)', name) or not name.isascii()] == []
    assert [name for name in FILES for part in name.split("/") if RESERVED.fullmatch(part)] == []
    places = {place for name in FILES for place in [name, *map(str, Path(name).parents)]}
    assert len({place.casefold() for place in places}) == len(places)  # none differs by case alone
    assert max(map(len, FILES)) < 120  # Windows has 260 for the whole path


def test_line_ends_are_those_of_unix_wherever_git_puts_the_files():
    """A shell stumbles over others, and make; what was shipped is known by its bytes."""
    names = [name for name in FILES if (REPO / name).is_file()]
    asked = ["git", "check-attr", "--stdin", "text", "eol"]
    told = subprocess.run(asked, cwd=REPO, input="\n".join(names), capture_output=True, text=True, check=True).stdout
    told = dict(line.rsplit(": ", 1) for line in told.splitlines())
    assert {told[f"{name}: eol"] for name in names} == {"lf"} and {told[f"{name}: text"] for name in names} == {"auto"}
    crooked = [name for name in names if Path(name).suffix not in BINARY and b"\r" in (REPO / name).read_bytes()]
    assert crooked == []


def test_the_workflow_runs_on_all_systems_and_every_python():
    workflow = yaml.safe_load((REPO / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["tests"]["strategy"]["matrix"]
    assert {one.split("-")[0] for one in matrix["os"]} == {"ubuntu", "macos", "windows"}
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={matrix['python'][0]}" and matrix["python"][-1] == "3.14"
