"""The walk through a head in a real JupyterLab, by keyboard alone: a wrong number, a right one, and all stages."""

from helpers.attention import head
from helpers.by_hand.slips import slips
from helpers.inputs.examples import by_hand
from tests.browser.lab import write_notebooks

CODE = """
from helpers.attention import head
from helpers.inputs import by_hand
from helpers.by_hand import walk

sheet = by_hand()
walk(head(sheet.x, sheet.Wq, sheet.Wk, sheet.Wv, Wo=sheet.Wo, tokens=sheet.tokens))
"""
SHEET = by_hand()
TRACE = head(SHEET.x, SHEET.Wq, SHEET.Wk, SHEET.Wv, Wo=SHEET.Wo, tokens=SHEET.tokens)
STAGES = ["what you start with", "q", "k", "v", "scores", "scaled", "masked", "weights", "out", "projected"]


class Walked:
    """The page of a walk, and what a learner does on it."""

    def __init__(self, page):
        self.page = page
        self.next = page.get_by_role("button", name="Next")

    def wait_for(self, text):
        self.page.get_by_text(text).first.wait_for(timeout=10_000)

    def on(self, stage):
        self.next.focus()
        self.page.keyboard.press("Enter")
        self.wait_for(f"Stage {STAGES.index(stage) + 1} of {len(STAGES)}: {stage}")

    def type(self, text):
        self.page.get_by_label("Your turn").focus()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")


def test_a_wrong_number_a_right_one_and_all_stages(lab):
    write_notebooks(lab.folder, {"walk": CODE})
    with lab.open("walk") as notebook:
        notebook.run_all()
        walked = Walked(notebook.page)
        walked.wait_for(f"Stage 1 of {len(STAGES)}")
        walked.on("q")
        for stage in STAGES[2:5]:
            walked.on(stage)
        asked = (1, 0)
        wrong = next(slip for slip in slips(TRACE, "scores", asked) if slip.sentence.startswith("That is scores[0,1]"))
        assert notebook.page.get_by_text("Your turn: what is scores[1,0]?").is_visible()
        walked.type(f"{wrong.value:g}")
        walked.wait_for(wrong.sentence)
        assert TRACE.why("scores", *asked) not in notebook.page.content()
        walked.type("<b>three</b>")
        walked.wait_for("<b>three</b>")
        walked.type(f"{TRACE['scores'].value[asked]:g}")
        walked.wait_for("Right. " + TRACE.why("scores", *asked))
        for stage in STAGES[5:]:
            walked.on(stage)
        assert walked.next.is_disabled()
        assert notebook.errors() == [] and notebook.requests == []


def test_what_was_typed_stays_when_the_cell_is_run_again(lab):
    write_notebooks(lab.folder, {"again": CODE.replace("sheet.tokens))", "sheet.tokens), key='again')")})
    with lab.open("again") as notebook:
        notebook.run_all()
        walked = Walked(notebook.page)
        walked.on("q")
        walked.type("17")
        walked.wait_for("17 is not q[1,0]")
        notebook.run_all()
        walked.wait_for("17 is not q[1,0]")
        walked.wait_for("Stage 2 of 10: q")
        assert notebook.page.get_by_label("Your turn").input_value() == "17"
