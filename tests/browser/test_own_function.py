"""A function of your own in JupyterLab: what it does to its input, prints and raises arrives on the page, as text."""

from tests.browser.lab import write_notebooks

OWN = """
from helpers.explore import explore

def own(x, leave=False, note="<b>bold</b>"):
    print(note)
    x[0] = 0
    if leave:
        exit()
    return x

own.__name__ = "<i>own</i>"
explore(own, T=(1, 8, 3), C=(1, 8, 2))
"""


def test_what_an_own_function_does_is_told_as_text(lab):
    write_notebooks(lab.folder, {"own": OWN})
    with lab.open("own") as notebook:
        notebook.run_all()
        page = notebook.page
        shapes, error = page.locator(".attention-shapes"), page.locator(".attention-error")
        told = "<i>own</i> writes into x: it got a copy, and x is drawn as it was. It printed: <b>bold</b>. Shapes: "
        shapes.filter(has_text=told + "x (T=3, C=2), out (T=3, C=2).").wait_for()
        page.get_by_role("checkbox", name="leave").check()
        error.filter(has_text="SystemExit: the function asked Python to end; it goes on").wait_for()
        page.get_by_role("checkbox", name="leave").uncheck()
        error.wait_for(state="hidden")
        page.locator(".noUi-handle").first.press("ArrowRight")  # the kernel lives
        shapes.filter(has_text="Shapes: x (T=4, C=2), out (T=4, C=2).").wait_for()
        field = page.locator(".widget-text input")
        field.fill("<img src=x onerror=alert(1)> שלום 🙂")
        shapes.filter(has_text="It printed: <img src=x onerror=alert(1)> שלום 🙂. Shapes").wait_for()
        assert page.locator(".attention-diagram b, .attention-diagram i, .attention-diagram img").count() == 0
        assert notebook.errors() == []
