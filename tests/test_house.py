"""The rooms of the helpers: arrows one way, no circle, each with its promise."""

import sys
from graphlib import CycleError
from io import BytesIO, TextIOWrapper

import pytest

from tools import house


def test_rooms_and_files_go_in_no_circle(capsys):
    print(house.drawing())
    drawn = capsys.readouterr().out
    rooms = house.between_rooms(house.arrows(house.files()))
    assert len(rooms) == 14 and all(f"{room}/  " in drawn for room in rooms)
    assert not rooms["look"] and rooms["inputs"] <= {"look"}  # the ground


def test_a_circle_is_told(monkeypatch):
    trees = house.files()
    monkeypatch.setattr(
        house,
        "arrows",
        lambda _: {"helpers.look.style": {"helpers.trace.rules"}, "helpers.trace.rules": {"helpers.look.style"}},
    )
    with pytest.raises(CycleError, match=r"helpers.look.style"):
        house.drawing()
    assert trees


def test_imports_inside_functions_count():
    arrows = house.arrows(house.files())
    assert "helpers.pictures.still" in arrows["helpers.trace.trace"]  # imported when a picture is asked for


def test_the_tool_prints_the_house_in_plain_letters(monkeypatch):
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(BytesIO(), encoding="ascii", write_through=True))
    house.main()
    said = sys.stdout.buffer.getvalue().decode()
    assert said.startswith("floor ") and "course/" in said.splitlines()[0] and "look/" in said


@pytest.mark.parametrize("room", sorted(path.parent.name for path in house.HELPERS.glob("*/__init__.py")))
def test_a_room_says_what_is_inside(room):
    import ast

    promise = ast.get_docstring(house.files()[f"helpers.{room}"])
    assert promise and len(promise.splitlines()[0]) < 130
