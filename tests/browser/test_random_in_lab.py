"""Fifty things happen to an explorer in a real JupyterLab, a restart among them: the page shows what Python holds."""

import random

from tests.browser.lab import write_notebooks
from tests.browser.test_random_events import KEYS

CODE = """
from helpers.attention.heads import head
from helpers.explore.explorer import explore
e = explore(head, T=(1, 6, 4), C=(1, 6, 3), head_size=2)
e
"""
# What Python holds when it has done all that it was asked so far.
ASK = """async code => {
    const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const told = { held: "__import__('json').dumps([[one.value for one in e.controls.values()], e.readout, e.error])" };
    const reply = await kernel.requestExecute({ code, silent: true, user_expressions: told }).done;
    return JSON.parse(eval(reply.content.user_expressions.held.data["text/plain"]));
}"""
SHOWN = """() => {
    const root = document.querySelector(".attention-live");
    const inputs = Array.from(root.querySelectorAll(".attention-controls input"));
    const value = one => one.type === "checkbox" ? one.checked : Number(one.value);
    const words = name => root.querySelector(name).textContent;
    return [inputs.map(value), words(".attention-shapes"), words(".attention-error")];
}"""
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()"


def test_the_page_shows_what_python_holds(lab):
    write_notebooks(lab.folder, {"events": CODE})
    chance = random.Random(5)
    with lab.open("events", height=900) as sheet:
        page = sheet.page

        def run():
            sheet.run_cell(0)
            page.locator(".attention-diagram[data-paints]").wait_for()

        def at_rest(code=""):
            for _ in range(50):
                held, shown = page.evaluate(ASK, code), page.evaluate(SHOWN)
                if held == shown:
                    return held
                page.wait_for_timeout(100)
            raise AssertionError(f"Python holds {held}, the page shows {shown}")

        def somewhere():
            area = page.locator(".attention-live").first.bounding_box()
            return area["x"] + chance.random() * area["width"], area["y"] + chance.random() * min(area["height"], 500)

        run()
        seen = [at_rest()]
        for number in range(50):
            event = chance.choice(["key", "key", "move", "drag", "button", "python"])
            if event == "key":
                page.locator(".attention-controls input").nth(chance.randrange(3)).focus()
                page.keyboard.press(chance.choice([key for key in KEYS if key not in ("n", "c")]))
            elif event == "move":
                page.mouse.move(*somewhere())
            elif event == "drag":
                slider = page.get_by_role("slider").nth(chance.randrange(2)).bounding_box()
                page.mouse.move(slider["x"] + 5, slider["y"] + slider["height"] / 2)
                page.mouse.down()
                page.mouse.move(slider["x"] + chance.random() * slider["width"], slider["y"] + 4, steps=4)
                page.mouse.up()
            elif event == "button":
                page.get_by_role("button", name=chance.choice(["Reset", "New numbers"])).first.click()
            else:
                at_rest(f"e.T, e.C = {chance.randint(1, 6)}, {chance.randint(1, 6)}; e.seed = {chance.randrange(3)}")
            if number == 25:
                at_rest()
                before = page.evaluate(SHOWN)
                page.evaluate(RESTART)
                page.get_by_text("run this cell again to wake them").wait_for(timeout=20_000)
                assert page.evaluate(SHOWN)[1:] == before[1:]  # the last picture stays
                run()
            if number % 10 == 9:
                seen.append(at_rest())
        assert len({str(one) for one in seen}) > 3 and sheet.errors() == []
