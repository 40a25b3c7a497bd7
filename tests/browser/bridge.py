"""A widget of the course on a blank page and in Python at once: what the page sends arrives, and what Python says, too,
when the test lets it. So a test decides what crosses what on the way.
"""

import base64
import json

from tests.browser.pages import state_of

# As ipywidgets does it: what was sent is echoed by Python, and until then whatever else comes for that trait is older.
WIRE = """which => {
    const { model } = models[which];
    const [unsent, unheard] = [{}, {}];
    model.outbox = [];
    model.set = (name, value) => { unsent[name] = value; model.update({ [name]: value }); };
    model.save_changes = () => {
        const changes = { ...unsent };
        for (const name of Object.keys(changes)) {
            delete unsent[name];
            unheard[name] = (unheard[name] ?? 0) + 1;
        }
        if (Object.keys(changes).length) model.outbox.push(changes);
    };
    model.send = asked => model.outbox.push({ custom: asked });
    model.hear = messages => {
        for (const { method, state, said, buffers } of messages) {
            const views = buffers?.map(one => new DataView(bytes(one).buffer));
            if (method === "custom") model.tell("msg:custom", said, views);
            else if (method === "echo_update") for (const name of Object.keys(state)) unheard[name]--;
            else model.update(Object.fromEntries(Object.entries(state).filter(([name]) => !unheard[name])));
        }
    };
}"""
TAKE = "which => JSON.stringify(models[which].model.outbox.splice(0))"
HEAR = "([which, messages]) => { models[which].model.hear(JSON.parse(messages)); }"
STATE = """which => {
    const text = view => btoa(Array.from(new Uint8Array(view.buffer), one => String.fromCharCode(one)).join(""));
    const { forward, backward, ...others } = models[which].model.state;
    const packed = sent => sent && (sent.values ? { ...sent, values: text(sent.values) } : sent);
    return JSON.stringify({ ...others, forward: packed(forward), backward: packed(backward) });
}"""


class Bridge:
    """A widget, mounted on a BlankPage, and what is on the way: ``to_python`` and ``to_page``, oldest first."""

    def __init__(self, blank, widget):
        self.page, self.widget = blank.page, widget
        self.to_python, self.to_page = [], []
        widget.wake()
        widget.comm.send = self.said
        self.which = self.page.evaluate("models.length")
        blank.mount(widget)
        self.page.evaluate(WIRE, self.which)

    def said(self, data=None, buffers=None, **_):
        """Python sends a message."""
        if data["method"] == "custom":
            sent = [base64.b64encode(buffer).decode() for buffer in buffers]
            self.to_page.append({"method": "custom", "said": data["content"], "buffers": sent})
        if data["method"] not in ("update", "echo_update"):
            return
        state = json.loads(json.dumps(data["state"]))
        for path, buffer in zip(data["buffer_paths"], buffers or ()):
            place = state
            for name in path[:-1]:
                place = place[name]
            place[path[-1]] = base64.b64encode(buffer).decode()
        self.to_page.append({"method": data["method"], "state": state})

    def collect(self):
        """Take what the page has sent."""
        self.to_python += json.loads(self.page.evaluate(TAKE, self.which))

    def arrive(self, most=None):
        """Let Python hear what the page has sent, or the oldest messages alone."""
        self.collect()
        for sent in self.to_python[:most]:
            if "custom" in sent:
                self.widget._handle_custom_msg(sent["custom"], [])
            else:
                self.widget.set_state(sent)
        del self.to_python[:most]

    def answer(self, most=None):
        """Let the page hear what Python has said, or the oldest messages alone."""
        heard = self.to_page[:most]
        del self.to_page[:most]
        if heard:
            self.page.evaluate(HEAR, [self.which, json.dumps(heard)])

    def settle(self):
        """Deliver all until both are at rest."""
        for _ in range(100):
            self.arrive()
            self.answer()
            self.collect()
            if not self.to_python and not self.to_page:
                return
        raise AssertionError("Python and page do not come to rest.")

    def states(self):
        """What Python holds, and what the page holds."""
        return json.loads(json.dumps(state_of(self.widget))), json.loads(self.page.evaluate(STATE, self.which))
