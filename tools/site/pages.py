"""Notebooks that were run, as pages: their words, their code, and the JavaScript that keeps their pictures alive."""

import json
import re
from functools import cache
from html import escape, unescape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from nbconvert import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML, markdown2html

from helpers.attention import head
from helpers.course.course_map import heading
from helpers.diagram.diagram import DRAWING
from helpers.diagram.diagram import HERE as DIAGRAM
from helpers.explore import explore
from helpers.explore.comparison import CSS
from helpers.explore.comparison import HERE as EXPLORE
from helpers.live.bundle import HERE as LIVE
from helpers.live.bundle import sent
from tools.notebooks import REPO
from tools.site.colors import colors
from tools.site.exported import KIND, exported
from tools.site.formulas import formulas

HERE = Path(__file__).parent
PICTURES = ("typed.js", "tables.js", "by_hand.js", "player.js")
FACE = ("storage.js", "search.js", "reading.js", "frames.js", "paper.js", "waking.js", "page.js")
MODULES = [
    *DRAWING,
    DIAGRAM / "without_kernel" / "values.js",
    DIAGRAM / "one.js",
    LIVE / "alone.js",
    EXPLORE / "comparison.js",
    *(HERE / name for name in PICTURES + FACE),
]
ROW = re.compile(r"^\|(?P<part>[^|]*)\| \[`(?P<name>\w+)`\]\([^)]*\) \|(?P<idea>.*)\|$", re.MULTILINE)
LINK = re.compile(r'<a href="([^":]*)\.ipynb([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)


def script():
    """All JavaScript of a page as one plain script: a page that is opened from a folder cannot load modules."""
    one = "\n".join(re.sub(r"^import [^;]*;\n", "", sent(path), flags=re.MULTILINE) for path in MODULES)
    named = r'WIDGETS.\2 = widget(\1, "\2"'
    one = re.sub(r"^export default widget\(([^,]+), \"(\w+)\"", named, one, flags=re.MULTILINE)
    one = re.sub(r"^export ", "", one, flags=re.MULTILINE)
    return f'(() => {{\n"use strict";\nconst WIDGETS = {{}};\n{one}\n}})();\n'


def style():
    """All CSS: that of the widgets, the colors, and that of the page."""
    return "\n".join([CSS, colors(), (HERE / "page.css").read_text(encoding="utf-8")])


def listed(paths):
    """The pages of notebooks: each with its name, title, minutes, part of the course and idea, which README has."""
    rows, part, told = ROW.finditer((REPO / "README.md").read_text(encoding="utf-8")), "", {}
    for row in rows:
        part = row["part"].strip() or part  # it stands beside its first notebook
        told[row["name"]] = {"part": part, "idea": row["idea"].strip()}
    found = []
    for path in paths:
        title, minutes = heading(path)
        more = told.get(path.stem, {"part": "", "idea": ""})
        found.append({"name": path.stem, "title": title, "minutes": minutes, **more})
    return found


def alive(bundle):
    """What a page holds of an output: of a widget, what brings it to life there."""
    if KIND not in bundle:
        return bundle
    shown = {name: value for name, value in bundle[KIND].items() if name != "tried"}
    held = json.dumps(shown, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")  # no tag ends it
    made = f'<script type="application/json">{held}</script><noscript>This picture needs JavaScript.</noscript>'
    return {"text/html": f'<div class="alive">{made}</div>'}


def needs_a_kernel(bundle):
    """Is it a widget that is nothing here but its name? What has come of it is shown at the end of its cell."""
    return "application/vnd.jupyter.widget-view+json" in bundle and not {KIND, "text/html"} & bundle.keys()


def page(name, notebook, pages):
    """The page of a notebook that was run; ``pages`` as ``listed`` has them."""
    at = next(i for i, one in enumerate(pages) if one["name"] == name)
    course = {
        **pages[at],
        "before": pages[at - 1] if at else None,
        "after": pages[at + 1] if at + 1 < len(pages) else None,
        "headings": [(anchor, words) for anchor, words, _ in sections(notebook) if anchor],
    }
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not needs_a_kernel(output.get("data", {}))]
        for output in cell.get("outputs", []):
            if "data" in output:
                output.data = alive(output.data)
    # HTMLExporter would parse the page once more, for alternative texts that ours have.
    text, _ = TemplateExporter.from_notebook_node(exporter(), notebook, resources={"course": course})
    names = {one["name"] for one in pages}
    return LINK.sub(lambda to: f'<a href="{to[1]}.html{to[2]}">{to[3]}</a>' if to[1] in names else to[3], text)


@cache
def exporter():
    """What writes the words, code and outputs of a notebook into the template."""
    made = HTMLExporter(
        template_name="page",
        extra_template_basedirs=[str(HERE)],
        filters={"formulas": formulas},
        preprocessors=["nbconvert.preprocessors.CoalesceStreamsPreprocessor"],
        optimistic_validation=True,  # once, and not after each of the preprocessors
    )
    made.register_filter("highlight_code", Highlight2HTML(parent=made))
    return made


def sections(notebook):
    """The sections of a notebook: for each its anchor, its heading, and its words."""
    found = [("", "", [])]
    for cell in notebook.cells:
        for line in cell.source.splitlines() if cell.cell_type == "markdown" else []:
            if line.startswith("## "):
                found.append((*anchored(line), []))
            else:
                found[-1][-1].append(plain(line))
    return [(anchor, words, " ".join(" ".join(lines).split())) for anchor, words, lines in found]


def anchored(line):
    """The anchor that nbconvert gives a heading, and its words.

    >>> anchored("## Not `C**2`")
    ('Not-C**2', 'Not C**2')
    """
    anchor, words = re.match(r'<h2 id="([^"]*)">(.*?)<a class="anchor-link"', markdown2html(line)).groups()
    return unescape(anchor), unescape(re.sub("<[^>]*>", "", words))


def plain(line):
    """A line of Markdown without its signs."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)|<[^>]*>|[`*#]", lambda match: match[1] or "", line)


def searched(notebooks, pages):
    """What search reads: the sections of all pages, as a script. notebooks: by name."""
    titles = {one["name"]: one["title"] for one in pages}
    every = [
        {"page": name, "title": titles[name], "anchor": anchor, "heading": words, "text": text}
        for name, notebook in notebooks.items()
        for anchor, words, text in sections(notebook)
    ]
    return f"window.courseSections = {json.dumps(every, ensure_ascii=False)};\n"


def index(notebooks, pages):
    """The front page: a head to play with, and the way through the course. notebooks: by name."""
    for one in pages:
        one["sections"] = len(sections(notebooks[one["name"]])) - 1 if one["name"] in notebooks else 0
        one["idea"] = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(one["idea"]))
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=False, trim_blocks=True)
    return environment.get_template("front.html.j2").render(pages=pages, picture=first_picture())


@cache
def first_picture():
    """A head to play with, alive: the same on each front page."""
    first = explore(head, T=(1, 8, 6), C=(1, 6, 4), head_size=(1, 4, 2), causal=True, scale=True, temperature=1.0)
    return alive({KIND: exported(first)})["text/html"]
