"""A sheet of paper: one attention head to fill in by pencil, and the same sheet with its answers."""

import errno
import io
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_pdf import PdfPages

from helpers.attention.heads import head
from helpers.by_hand.own_sheets import head_in
from helpers.by_hand.paper import PAPERS, Page, paint, texts
from helpers.inputs.examples import by_hand
from helpers.pictures.figure import FIXED, FigurePicture
from helpers.trace.trace import Trace

LARGEST = 4  # of T, C and head_size: more does not fit on a page
PRINT = {**FIXED, "text.hinting": "none"}  # hinted letters are wider on a screen than on paper


def worksheet(T=2, C=3, head_size=4, seed=0, level=1, paper="A4"):
    """One attention head on paper: a page to fill in by pencil, and a page with the answers.

    T: tokens, C: channels, head_size: each from 1 to 4. seed: which numbers. level: 1 whole numbers, 2 halves as
    well, 3 larger ones (see ``helpers.inputs.examples.by_hand``). paper: A4 or Letter. In the place of T stands a Trace
    of a head of your own, ``worksheet(see(head, x, Wq, Wk, Wv))``: the sheet has its numbers, to two decimals. Returns
    a Worksheet; ``save`` it, and print it. Raises ValueError for a size, seed, level or paper that is not there, and
    for a Trace of something else.

    >>> worksheet(seed=3)
    Worksheet: T=2, C=3, head_size=4, seed 3, level 1, on two pages of A4
    """
    if paper not in tuple(PAPERS):
        raise ValueError(f"paper is {paper!r}; wanted one of {', '.join(PAPERS)}.")
    if isinstance(T, Trace):
        return Worksheet(head_in(T, LARGEST), None, None, paper)
    for name, size in [("T", T), ("C", C), ("head_size", head_size)]:
        if not (hasattr(size, "__index__") and 1 <= size <= LARGEST):
            raise ValueError(
                f"{name} is {size!r}; wanted a whole number from 1 to {LARGEST}: more does not fit on a page."
            )
    tokens, x, Wq, Wk, Wv, Wo = by_hand(T, C, head_size, seed, level)
    return Worksheet(head(x, Wq, Wk, Wv, Wo=Wo, tokens=tokens), seed, level, paper)


@dataclass
class Worksheet:
    """Two pages to print. trace: the head; seed, level, paper: as ``worksheet`` was given them, None for your own."""

    trace: Trace
    seed: int | None
    level: int | None
    paper: str

    @cached_property
    def pages(self):
        """What is drawn: the Page to fill in, and the Page with the answers."""
        return tuple(Page(self.trace, self.paper, self.sizes, answered) for answered in (False, True))

    @cached_property
    def figures(self):
        """The two pages as matplotlib figures."""
        with matplotlib.rc_context(PRINT):
            return tuple(paint(page) for page in self.pages)

    def save(self, path):
        """Write both pages to one ``.pdf``, the same bytes each time; returns the path.

        Raises ValueError for another ending, OSError where the file cannot be written.
        """
        path = Path(path)
        if path.suffix != ".pdf":
            raise ValueError(f"{path.name} ends in {path.suffix!r}; wanted .pdf: a worksheet is two pages to print.")
        try:
            if not path.parent.is_dir():  # told before a second is spent on drawing
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            path.write_bytes(self.pdf)
        except OSError as error:
            raise OSError(
                f"{path} cannot be written: {error.strerror}; choose a folder that is there and is yours."
            ) from error
        return path

    @cached_property
    def pdf(self):
        """Both pages as the bytes of a PDF file."""
        buffer = io.BytesIO()
        about = {
            "Title": f"One attention head, by hand ({self.sizes})",
            **dict.fromkeys(("CreationDate", "Creator", "Producer")),
        }
        with matplotlib.rc_context(PRINT), PdfPages(buffer, metadata=about) as pdf:
            for figure in self.figures:
                pdf.savefig(figure)
        return buffer.getvalue()

    @property
    def sizes(self):
        """What it takes to print the same sheet again."""
        T, C = self.trace["x"].value.shape
        which = "numbers of your own" if self.seed is None else f"seed {self.seed}, level {self.level}"
        return f"T={T}, C={C}, head_size={self.trace['Wq'].value.shape[1]}, {which}"

    @property
    def alt(self):
        """Page 1 in words: what is given, and what is asked."""
        given = [
            f"{step.name} {step.shape} is {'; '.join(' '.join(texts(row, step)) for row in step.value)}"
            for step in self.trace
            if step.kind == "given"
        ]
        asked = [f"{step.name} {step.shape}" for step in self.trace if step.kind != "given"]
        return (
            f"A worksheet, one attention head by hand, tokens {', '.join(self.trace.tokens)}. "
            f"Given: {', '.join(given)}. Boxes to fill in: {', '.join(asked)}."
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        with matplotlib.rc_context(PRINT):
            return {"text/plain": repr(self), "text/html": FigurePicture(self.figures[0], self.alt).html}

    def __repr__(self):
        return f"Worksheet: {self.sizes}, on two pages of {self.paper}"
