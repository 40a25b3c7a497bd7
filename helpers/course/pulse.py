"""A sign of life: does the page draw live pictures, and does the kernel hear it?"""

from html import escape

import anywidget
import traitlets

TROUBLES = [
    (
        "You read this on GitHub, or in a file that was not run.",
        "Open the notebook in JupyterLab (make lab) and run this cell: click it, press Shift and Enter.",
    ),
    (
        "JupyterLab runs in another environment than the kernel, one without anywidget.",
        "Start it with make lab, or pip install anywidget ipywidgets where JupyterLab lives, restart it "
        "and load the page anew.",
    ),
    ("JupyterLab was open while the packages were installed.", "Save, load the page anew, and run the cell again."),
    (
        "In VS Code, widgets were not allowed.",
        "Press the button it shows, or choose “Widget Script Sources” in the settings; then run the cell again.",
    ),
    (
        "On Colab, widgets of other makers are off.",
        "Run: from google.colab import output; output.enable_custom_widget_manager()",
    ),
]


class Pulse(anywidget.AnyWidget):
    """A sign of life: the page says that it draws live pictures, and the kernel that it hears the page.

    Where no widget lives, its place is taken by the known troubles, each with its mend.
    """

    _esm = """
    export default {
      render({ model, el }) {
        const line = document.createElement("p");
        line.setAttribute("role", "status");
        const tell = () => {
          line.textContent = model.get("answer") || "This page draws live pictures. Waiting for the kernel to answer …";
        };
        model.on("change:answer", tell);
        el.append(line);
        tell();
        model.set("beat", model.get("beat") + 1);
        model.save_changes();
        return () => model.off("change:answer", tell);
      },
    };
    """
    beat = traitlets.Int(0).tag(sync=True)
    answer = traitlets.Unicode().tag(sync=True)

    @traitlets.observe("beat")
    def _hear(self, change):
        self.answer = "✓ This page draws live pictures, and the kernel hears it."

    def __repr__(self):
        return "No live picture here. " + " ".join(f"{trouble} {mend}" for trouble, mend in TROUBLES)

    def _repr_mimebundle_(self, **options):
        """The widget, and beside it what to do where it does not show."""
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        items = "".join(f"<li>{escape(trouble)} <b>{escape(mend)}</b></li>" for trouble, mend in TROUBLES)
        return {
            **data,
            "text/plain": repr(self),
            "text/html": f"<p>No live picture here. Which of these is it?</p><ul>{items}</ul>",
        }, metadata
