"""Notes in the live diagram: where they stand, how they are written, that they last, and that text is only text."""

import re

import pytest
from PIL import Image

from helpers.attention.averages import average_past
from helpers.look import layout
from helpers.look.style import ROLES
from tests.browser.pages import HOSTILE, PIXELS, canvases, head_of, rgb, saved, texts_of

NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
NOTES = {
    "x": "one row a token",
    "Wq": "learned",
    "weights": "rows sum to 1",
    "out": "what the token now knows of its past, and how",
}


@pytest.mark.parametrize("size", [(2, 3, 2), (8, 16, 4), (40, 24, 12)])
def test_notes_make_room_and_move_the_numbers_with_them(show, size):
    T, C, h = size
    shown = show(head_of(T, C, h), notes=NOTES, height=1800)
    assert shown.stage.bounding_box()["height"] == pytest.approx(shown.plan()["height"], abs=1)
    for step in shown.trace:
        shown.point(step.name, T - 1 if step.axes[0] == "t" else C - 1, 0)
        assert shown.formula.startswith(f"{step.name}[")
    assert shown.label == f"{shown.state('forward')['alt']}. " + ". ".join(
        f"Note on {name}: “{text}”" for name, text in NOTES.items()
    )


def test_a_note_is_drawn_over_its_matrix_beside_a_rule_of_its_color(show):
    shown = show(head_of(), notes=NOTES)
    box = shown.plan()["boxes"]["weights"]
    rule = shown.page.evaluate(PIXELS, [0, 0, [(box["x"] + 1, box["top"] + layout.TITLE + layout.LINE / 2)]])[0]
    assert rule[:3] == rgb(ROLES["weights"][0])
    texts = texts_of(shown)
    assert {"one row a token", "learned", "rows sum to 1"} <= set(texts)
    lines = shown.plan()["boxes"]["out"]["note"]
    assert len(lines) > 1 and " ".join(lines) == NOTES["out"] and set(lines) <= set(texts)


def test_a_note_is_written_by_keyboard_and_lasts(show):
    trace = head_of()
    shown = show(trace)
    before = canvases(shown)
    shown.press("Tab", "PageUp")
    shown.write("  rows\tsum to 1 ")
    assert shown.state("notes") == {"weights": "rows sum to 1"}
    assert shown.page.evaluate("models[0].model.sent") == [
        '{"weights":"rows sum to 1"}'
    ]  # to Python, where there is one
    assert shown.label.endswith(". Note on weights: “rows sum to 1”")
    assert shown.spoken == "The note on weights is kept."
    assert shown.stage.evaluate("stage => stage === document.activeElement") and shown.field.count() == 0
    assert canvases(shown) != before and "rows sum to 1" in texts_of(shown)
    for later in (head_of(T=5, seed=1), head_of(T=2)):  # a slider moves
        shown.update(later)
        assert "rows sum to 1" in texts_of(shown) and shown.label.endswith("“rows sum to 1”")
        shown.point("out", 1, 1)
        assert shown.formula == later.why("out", 1, 1)
    shown.update(average_past([[1.0], [2.0]]))
    assert "Note on" not in shown.label and "rows sum to 1" not in texts_of(shown)
    shown.update(trace)  # its matrix is back
    assert shown.label.endswith("“rows sum to 1”")


def test_escape_leaves_a_note_as_it_was_and_an_empty_one_is_gone(show):
    shown = show(head_of(), notes={"out": "first"})
    shown.press("Tab", "n")
    assert shown.field.input_value() == "first"
    shown.field.fill("second")
    shown.press("Escape")
    assert shown.state("notes") == {"out": "first"} and shown.page.evaluate("models[0].model.sent") == []
    assert shown.stage.evaluate("stage => stage === document.activeElement")
    shown.write(" ")
    assert shown.state("notes") == {} and "Note on" not in shown.label and shown.spoken == "No note on out."


def test_the_button_opens_the_field_for_any_matrix(show):
    shown = show(head_of(), pinned=("scores", (1, 1)))
    button = shown.root.get_by_role("button", name="Note", exact=True)
    button.click()
    select = shown.root.get_by_role("combobox", name="Matrix")
    assert select.input_value() == "scores"
    assert set(select.locator("option").all_text_contents()) == set(shown.trace.steps)
    select.select_option("v")
    shown.field.fill("what is passed on")
    shown.root.get_by_role("button", name="Save the note").click()
    assert shown.state("notes") == {"v": "what is passed on"}
    assert button.evaluate("button => button === document.activeElement")
    assert shown.trail == ["scores[1,1]"]  # what the hand does in the field is not done to the diagram
    button.click()
    shown.root.get_by_role("button", name="Leave without saving").click()
    assert shown.field.count() == 0
    button.click()
    button.click()
    assert shown.field.count() == 0


def test_a_click_on_a_note_writes_it_anew(show):
    shown = show(head_of(), notes={"weights": "rows sum to 2"})
    box, (left, top, _) = shown.plan()["boxes"]["weights"], shown.area()
    shown.page.mouse.click(left + box["x"] + 20, top + box["top"] + layout.TITLE + 5)
    assert shown.field.input_value() == "rows sum to 2" and shown.trail == []
    shown.page.keyboard.type("rows sum to 1")  # what was there is selected
    shown.press("Enter")
    assert shown.state("notes") == {"weights": "rows sum to 1"}


def test_keys_in_the_field_are_the_fields(show):
    shown = show(head_of())
    shown.page.evaluate("() => { window.heard = []; document.onkeydown = event => heard.push(event.key); }")
    shown.press("Tab", "n")
    shown.page.keyboard.type("n b 0")
    shown.press("ArrowLeft", "PageUp", "Backspace", "Enter")
    assert shown.page.evaluate("[...new Set(heard)]") == ["Tab"]
    assert shown.state("notes") == {"out": "n b0"} and shown.formula == shown.trace.why("out", 0, 0)


def test_a_note_too_long_is_cut_and_whole_where_one_looks(show):
    text = (
        "each row of the weights sums to one, because softmax divides every power by the sum of all the "
        "powers in its row"
    )
    shown = show(head_of(), notes={"weights": text})
    lines = shown.plan()["boxes"]["weights"]["note"]
    assert len(lines) == 3 and lines[-1].endswith("…")
    remark = shown.root.locator(".attention-remark")
    assert remark.is_hidden()
    box, (left, top, _) = shown.plan()["boxes"]["weights"], shown.area()
    shown.page.mouse.move(left + box["x"] + 20, top + box["top"] + layout.TITLE + 5)
    assert remark.text_content() == f"weights: {text}"
    shown.point("scores", 0, 0)
    assert remark.is_hidden()
    shown.point("weights", 1, 1)
    assert remark.text_content() == f"weights: {text}"
    shown.press("Tab", "ArrowDown")
    assert shown.spoken == f"weights, t 2 “sat”, s 1 “cat”: {shown.trace.why('weights', 2, 1)}. Note: “{text}”"
    shown.press("ArrowUp")
    assert "Note:" not in shown.spoken  # said once, on the way in


@pytest.mark.parametrize(
    "text", [*HOSTILE, "$x_1$ \\foo", "\u202eright to left\u202c", "👩‍👩‍👧‍👦" * 40], ids=lambda text: repr(text[:20])
)
def test_a_note_is_text_whatever_it_holds(show, text):
    shown = show(head_of(T=2))
    shown.press("Tab")
    shown.write(text)
    kept = shown.state("notes")["out"]
    assert kept == text and shown.label.endswith(f"Note on out: “{kept}”")
    shown.press("Escape", "ArrowDown")
    assert f"Note: “{kept}”" in shown.spoken
    shown.point("out", 1, 1)
    assert shown.formula == shown.trace.why("out", 1, 1)
    assert NOT_IN_XML.sub("\ufffd", shown.plan()["boxes"]["out"]["note"][0]) in texts_of(shown)
    assert shown.page.evaluate("window.hacked") is None and shown.root.locator("script, img, svg").count() == 0
    assert shown.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [320, 1040])
def test_the_field_stays_inside_the_drawing(show, width):
    shown = show(head_of(tokens=["w" * 50] * 3), width=width, device_scale_factor=2)
    names = list(shown.trace.steps)
    shown.press("Tab", "n")
    for name in names:
        shown.root.get_by_role("combobox", name="Matrix").select_option(name)
        field, stage = shown.root.locator(".attention-editor").bounding_box(), shown.stage.bounding_box()
        assert field["x"] >= stage["x"] and field["x"] + field["width"] <= stage["x"] + stage["width"]
        assert field["y"] >= stage["y"] and field["y"] + field["height"] <= stage["y"] + stage["height"]
    assert shown.page.evaluate("document.scrollingElement.scrollWidth") <= width


def test_the_field_goes_where_its_matrix_goes(show):
    shown = show(head_of())
    shown.press("Tab", "PageUp", "n")
    shown.page.keyboard.type("half a thou")
    shown.update(head_of(T=6))
    box, field = shown.plan()["boxes"]["weights"], shown.root.locator(".attention-editor").bounding_box()
    assert shown.field.input_value() == "half a thou" and field["x"] == pytest.approx(shown.area()[0] + box["x"], abs=1)
    shown.update(average_past([[1.0], [2.0]]))
    assert shown.field.count() == 0


def test_a_saved_png_holds_the_notes(show):
    shown = show(head_of(), notes=NOTES)
    with Image.open(saved(shown, "PNG").path()) as image:
        plan = shown.plan()
        assert image.size == (round(2 * plan["width"]), round(2 * plan["height"]))
        box = plan["boxes"]["Wq"]
        rule = image.convert("RGB").getpixel((round(2 * box["x"] + 2), round(2 * (box["top"] + layout.TITLE + 7))))
        assert list(rule) == rgb(ROLES["query"][0])
