"""The worksheet: its answers are right, page 1 gives none away, and both pages are fit to print."""

import math
import re
import shlex
import subprocess
from functools import cache
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

import tools.worksheet
from helpers.by_hand.paper import GRID, PAPERS, STAGES, Page
from helpers.by_hand.worksheets import PRINT, worksheet
from helpers.inputs.examples import by_hand
from helpers.pictures.outlines import text_width

REPO = Path(__file__).resolve().parent.parent
SIZES = list(product(range(1, 5), range(1, 5)))
GIVEN = ("x", "Wq", "Wk", "Wv", "Wo")
DESCENDER, ASCENDER = 0.6, 0.42  # how far a letter reaches below and above the middle of its line, in sizes


kept = cache(worksheet)  # several tests read the pages of the same sheets


def sheets(seeds, make=kept):
    """A worksheet of every T and C for every seed; head_size, level and paper take turns."""
    for seed, (T, C) in product(seeds, SIZES):
        yield make(T, C, 1 + (seed + T + C) % 4, seed, 1 + seed % 3, list(PAPERS)[seed // 3 % 2])


def by_numpy(x, Wq, Wk, Wv, Wo):
    """Every matrix that the sheet asks for, without a Trace."""
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = q @ k.T
    scaled = scores / math.sqrt(Wq.shape[1])
    masked = scaled + np.triu(np.full(scores.shape, -math.inf), 1)
    powers = np.exp(masked)
    sums = powers.sum(axis=1, keepdims=True)
    weights = powers / sums
    out = weights @ v
    return {
        "q": q,
        "k": k,
        "v": v,
        "scores": scores,
        "scaled": scaled,
        "masked": masked,
        "powers": powers,
        "sums": sums,
        "weights": weights,
        "out": out,
        "projected": out @ Wo,
    }


def extents(page):
    """Left, top, right and bottom of every label."""
    return np.array(
        [
            (
                label.x,
                label.y - ASCENDER * label.size,
                label.x + text_width(label.text, label.size, label.bold),
                label.y + DESCENDER * label.size,
            )
            for label in page.labels
        ]
    )


def written(page):
    """The labels in each cell: {(name, row, column): [labels]}."""
    left, _, right, _ = extents(page).T
    x, y = (left + right) / 2, np.array([label.y for label in page.labels])
    box = np.array([(box.x, box.y, box.x + box.width, box.y + box.height) for box in page.cells.values()])
    found = {cell: [] for cell in page.cells}
    cells = list(found)
    inside = (box[:, :1] < x) & (x < box[:, 2:3]) & (box[:, 1:2] < y) & (y < box[:, 3:])
    for at, i in np.argwhere(inside):
        found[cells[at]].append(page.labels[i])
    return found


def value_of(text):
    return float(text.replace("–", "-").replace("∞", "inf"))


# -- numbers --------------------------------------------------------------------------------------


def test_every_answer_is_right_and_page_1_has_none(monkeypatch):
    for part in (
        "header",
        "title",
        "legend",
        "jot",
        "powers_of_e",
        "footer",
    ):  # what holds no cells is left out, to save time
        monkeypatch.setattr(Page, part, lambda *_: None)
    for sheet in sheets(range(24), worksheet):  # twice every head_size, level and paper, at every T and C
        blank, solved = sheet.pages
        given = {name: sheet.trace[name].value for name in GIVEN}
        wanted = by_numpy(**given)
        assert blank.cells.keys() == solved.cells.keys()
        asked, answers = written(blank), written(solved)
        assert {name for name, _, _ in answers} == {*wanted, *GIVEN}
        for name, value in {**wanted, **given}.items():
            labels = [answers[name, *index] for index in np.ndindex(value.shape)]
            assert all(len(one) == 1 and re.fullmatch(r"–?(\d+(\.\d\d?)?|∞)", one[0].text) for one in labels), name
            shown = np.array([value_of(one[0].text) for one in labels]).reshape(value.shape)
            finite = np.isfinite(value)
            assert (shown[~finite] == value[~finite]).all() and (
                abs(shown[finite] - value[finite]) <= 0.005 + 1e-9
            ).all(), name
            assert name not in sheet.trace or np.allclose(sheet.trace[name].value, value, rtol=0, atol=1e-9)
            assert [asked[name, *index] for index in np.ndindex(value.shape)] == (
                [[one[0]] for one in labels] if name in GIVEN else [[]] * value.size
            ), name


def test_the_given_numbers_are_those_by_hand():
    for (T, C), level in product([(2, 3), (4, 1)], (1, 2, 3)):
        sheet = worksheet(T, C, 2, 7, level)
        given = by_hand(T, C, 2, 7, level)
        assert sheet.trace.tokens == given.tokens
        for name, *index in [cell for cell in sheet.pages[0].cells if cell[0] in GIVEN]:
            [label] = written(sheet.pages[0])[name, *index]
            assert value_of(label.text) == getattr(given, name)[*index]


def test_page_1_says_nothing_of_its_answers():
    """Two sheets of the same size differ in the given numbers, the seed and the powers that they need, and in nothing
    else.
    """

    def rest(page):
        box = list(page.cells.values())
        inside = {label for labels in written(page).values() for label in labels}
        return [label for label in page.labels if label not in inside and label.y < page.table_top], box, page.dots

    for T, C in SIZES:
        one, other = (worksheet(T, C, 4, seed) for seed in (0, 1))
        assert len(one.pages[0].table) == len(other.pages[0].table)
        assert rest(one.pages[0]) == rest(other.pages[0])
        assert written(one.pages[0]) != written(other.pages[0])


def test_a_masked_cell_is_hatched_with_the_answers_alone():
    blank, solved = worksheet(T=4, C=2).pages
    hatched = {(box.x, box.y) for box in solved.boxes if box.hatched}
    for (name, row, column), box in solved.cells.items():
        assert ((box.x, box.y) in hatched) == (name == "masked" and column > row)
    assert len([box for box in blank.boxes if box.hatched]) == 1  # in the legend


@pytest.mark.parametrize(("head_size", "level"), [(4, 1), (3, 1), (2, 2), (1, 3), (4, 3)])
def test_the_table_holds_the_powers_that_are_needed(head_size, level):
    for seed in range(5):
        sheet = worksheet(T=4, head_size=head_size, seed=seed, level=level)
        table = sheet.pages[0].table
        if len(table) == 2:
            pairs = [(value_of(x), float(power)) for x, power in zip(table[0][1:], table[1][1:])]
            apart = 0.0
        else:
            pairs = [
                (math.copysign(abs(value_of(row[at])) + tenth / 10, sign), float(row[at + 1 + tenth]))
                for row in table[1:]
                for at, sign in ((0, 1), (11, -1))
                for tenth in range(10)
            ]
            apart = 0.1
        assert all(abs(power - math.exp(x)) <= 0.005 + 1e-9 for x, power in pairs)
        for x in sheet.trace["masked"].value.ravel():
            assert x == -math.inf or min(abs(x - known) for known, _ in pairs) <= apart / 2 + 1e-9


def test_the_answers_show_how_a_number_is_made():
    sheet = worksheet(T=3, seed=2)
    text = "".join(label.text for label in sheet.pages[1].labels)
    assert str(sheet.trace.why("q", 2, 0)).replace("−", "–") in text


# -- on paper -------------------------------------------------------------------------------------


def test_no_label_overlaps_another_or_leaves_its_box_or_the_page():
    for sheet in sheets(range(6)):
        for page in sheet.pages:
            found = extents(page)
            assert found.min() > 8 and (found[:, 2:] < [page.width - 8, page.height - 8]).all()
            left, top, right, bottom = found.T
            near = 1e-6
            meet = (
                (left[:, None] < right - near)
                & (left + near < right[:, None])
                & (top[:, None] < bottom - near)
                & (top + near < bottom[:, None])
            )
            pairs = [(page.labels[a].text, page.labels[b].text) for a, b in np.argwhere(np.triu(meet, 1))]
            assert pairs == [], (repr(sheet), page.answered)
            box = np.array([(box.x, box.y, box.x + box.width, box.y + box.height) for box in page.boxes])
            touch = (
                (left[:, None] < box[:, 2])
                & (box[:, 0] < right[:, None])
                & (top[:, None] < box[:, 3])
                & (box[:, 1] < bottom[:, None])
            )
            # Digits have no descender, so a number may fill its cell further down than other words would.
            within = (
                (left[:, None] > box[:, 0])
                & (right[:, None] < box[:, 2])
                & (top[:, None] > box[:, 1])
                & (bottom[:, None] - 0.2 * (bottom - top)[:, None] < box[:, 3])
            )
            crossed = [(page.labels[a].text, page.boxes[b]) for a, b in np.argwhere(touch & ~within)]
            assert crossed == [], (repr(sheet), page.answered)
            assert all(top > y or y > bottom for y in {y for _, y in page.dots} for top, bottom in found[:, 1::2])


@pytest.mark.parametrize("paper", PAPERS)
def test_a_box_has_room_for_a_pencil(paper):
    for (T, C), head_size, level in product(SIZES, (1, 4), (1, 3)):
        width, height = Page(worksheet(T, C, head_size, level=level).trace, paper, "", answered=False).cell
        assert width >= 6 and height >= 5
    width, height = worksheet(paper=paper).pages[0].cell
    assert width >= 9 and height >= 7


def test_boxes_stand_apart_and_on_the_page():
    for sheet in sheets(range(4)):
        page = sheet.pages[0]
        assert all(
            box.x >= 8 and box.x + box.width <= page.width - 8 and box.y >= 8 and box.y + box.height <= page.height - 8
            for box in page.boxes
        )
        box = np.array([(box.x, box.y, box.x + box.width, box.y + box.height) for box in page.cells.values()])
        left, top, right, bottom = (side[:, None] for side in box.T)
        meet = (left < right.T - 1e-6) & (right > left.T + 1e-6) & (top < bottom.T - 1e-6) & (bottom > top.T + 1e-6)
        assert not np.triu(meet, 1).any()
        assert bottom.max() < page.jot_top < page.table_top - 20


def test_every_matrix_bears_its_name_its_shape_and_its_stage():
    sheet = worksheet(T=3, C=2, head_size=4)
    for page in sheet.pages:
        texts = [label.text for label in page.labels]
        assert {step.name for step in sheet.trace} <= set(texts)
        assert {"T=3", "C=2", "head_size=4", *sheet.trace.tokens, *map(str, range(1, 11))} <= set(texts)
        joined = "".join(texts)
        for line in (
            "= x @ Wq",
            "= q @ kᵀ",
            "= scores · 1/√4",
            "1/√4 = 0.5",
            "= weights @ v",
            "= out @ Wo",
            "seed 0, level 1",
        ):
            assert line in joined
    assert {name for row in GRID for name in row} - {"legend", *GIVEN} == set(STAGES)


def test_the_figures_show_what_the_pages_say_where_they_say_it():
    sheet = worksheet(T=2, C=3)
    for page, figure in zip(sheet.pages, sheet.figures):
        assert figure.get_size_inches() * 25.4 == pytest.approx((page.width, page.height))
        axes = figure.axes[0]
        assert [text.get_text() for text in axes.texts] == [label.text for label in page.labels]
        assert [to_hex(text.get_color()).upper() for text in axes.texts] == [
            label.color.upper() for label in page.labels
        ]
        with matplotlib.rc_context(PRINT):
            drawn = [axes.transData.inverted().transform(text.get_window_extent()) for text in axes.texts]
        for ((left, bottom), (right, top)), label, extent in zip(drawn, page.labels, extents(page)):
            assert left == pytest.approx(extent[0], abs=0.4) and right == pytest.approx(extent[2], abs=0.6), label
            assert extent[1] - 0.4 < top < bottom < extent[3] + 0.4


def test_answers_have_an_ink_of_their_own():
    blank, solved = worksheet().pages
    answers = {label.color for (name, *_), labels in written(solved).items() if name not in GIVEN for label in labels}
    assert len(answers) == 1 and answers.isdisjoint(label.color for label in blank.labels)


# -- files and display ----------------------------------------------------------------------------


SMALLEST = dict(T=1, C=1, head_size=1)  # whose pages are drawn soonest


@pytest.mark.parametrize("paper", PAPERS)
def test_save_writes_two_pages(tmp_path, paper):
    path = kept(**SMALLEST, paper=paper).save(tmp_path / "sheet.pdf")
    data = path.read_bytes()
    assert (
        path == tmp_path / "sheet.pdf"
        and data.startswith(b"%PDF-")
        and len(re.findall(rb"/Type /Page\b(?!s)", data)) == 2
    )
    assert b"Date" not in data and b"One attention head, by hand" in data
    sides = [float(side) for side in re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", data).groups()]
    assert [side / 72 * 25.4 for side in sides] == pytest.approx(PAPERS[paper], abs=0.01)


def test_save_writes_the_same_bytes_each_time(tmp_path):
    with matplotlib.rc_context(
        {"savefig.bbox": "tight", "figure.facecolor": "red", "hatch.linewidth": 4, "figure.dpi": 50}
    ):
        again = worksheet(**SMALLEST, paper="A4").save(str(tmp_path / "again.pdf"))
    assert again.read_bytes() == kept(**SMALLEST, paper="A4").pdf


@pytest.mark.parametrize("name", ["sheet.png", "sheet", "sheet.PDF"])
def test_another_ending_gives_a_sentence(tmp_path, name):
    with pytest.raises(ValueError, match=rf"^{name} ends in .*; wanted \.pdf: "):
        worksheet().save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_gives_a_sentence(tmp_path):
    (tmp_path / "folder.pdf").mkdir()
    sheet = kept(**SMALLEST, paper="A4")
    for path in (tmp_path / "nowhere" / "sheet.pdf", tmp_path / "folder.pdf"):
        with pytest.raises(OSError) as error:
            sheet.save(path)
        assert str(error.value).startswith(f"{path} cannot be written: ")


def test_page_1_is_displayed_with_its_numbers_in_words():
    sheet = worksheet(seed=5)
    bundle = sheet._repr_mimebundle_()
    assert bundle.keys() == {"text/plain", "text/html"} and bundle["text/plain"] == repr(sheet)
    assert repr(sheet) == "Worksheet: T=2, C=3, head_size=4, seed 5, level 1, on two pages of A4"
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(bundle["text/html"])
    [(tag, image)] = found
    assert tag == "img" and image["alt"] == sheet.alt and image["src"].startswith("data:image/png;base64,")
    assert "Boxes to fill in: q (T=2, head_size=4), k" in sheet.alt
    shown, hidden = sheet.alt.split("Boxes to fill in")
    for name in GIVEN:
        step = sheet.trace[name]
        numbers = re.search(rf"{name} \([^)]*\) is ([^,.]*(?:\.\d[^,.]*)*)", shown).group(1)
        assert [value_of(text) for text in numbers.replace(";", "").split()] == step.value.ravel().tolist()
    assert re.sub(r"\([^)]*\)", "", hidden).strip(": .").split(", ") == [
        "q ",
        "k ",
        "v ",
        "scores ",
        "scaled ",
        "masked ",
        "weights ",
        "out ",
        "projected",
    ]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"T": 5}, "T is 5; wanted a whole number from 1 to 4"),
        ({"T": 0}, "T is 0"),
        ({"C": 2.5}, "C is 2.5"),
        ({"C": "3"}, "C is '3'"),
        ({"head_size": 8}, "head_size is 8"),
        ({"head_size": None}, "head_size is None"),
        ({"paper": "A5"}, "paper is 'A5'; wanted one of A4, Letter."),
        ({"paper": ["A4"]}, "paper is ['A4']"),
        ({"level": 4}, "level is 4"),
        ({"level": "hard"}, "level is 'hard'"),
        ({"seed": 0.5}, "seed is 0.5"),
        ({"seed": "x"}, "seed is 'x'"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_what_is_not_there_gives_a_sentence(wrong, words):
    with pytest.raises(ValueError) as error:
        worksheet(**wrong)
    assert str(error.value).startswith(words) and "\n" not in str(error.value)


# -- make worksheet -------------------------------------------------------------------------------


def test_make_worksheet_writes_the_sheet_that_is_asked_for(tmp_path, monkeypatch, capsys):
    dry = subprocess.run(
        [
            "make",
            "--dry-run",
            "--no-print-directory",
            "worksheet",
            "SEED=3",
            "T=3",
            "C=2",
            "ARGS=--level=2 --paper=Letter",
        ],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    arguments = shlex.split(dry.stdout.splitlines()[-1])[1:]
    assert arguments.pop(0) == "tools/worksheet.py"
    made = []
    monkeypatch.setattr(tools.worksheet, "worksheet", lambda **asked: made.append(worksheet(**asked)) or made[-1])
    monkeypatch.chdir(tmp_path)
    tools.worksheet.main(arguments)
    assert capsys.readouterr().out == "worksheet.pdf\n"
    [sheet] = made
    assert repr(sheet) == "Worksheet: T=3, C=2, head_size=4, seed 3, level 2, on two pages of Letter"
    assert (tmp_path / "worksheet.pdf").read_bytes() == sheet.pdf


def test_the_tool_says_what_is_wrong_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments, words in [
        (["--T=9"], "T is 9"),
        (["sheet.png"], "sheet.png ends in"),
        (["--T=1", "--C=1", "--head-size=1", "nowhere/sheet.pdf"], "nowhere/sheet.pdf cannot"),
    ]:
        with pytest.raises(SystemExit) as ended:
            tools.worksheet.main(arguments)
        assert str(ended.value.code).startswith(words)
    assert list(tmp_path.iterdir()) == []
