"""Texts: the words and texts that the course ships, and one download, only when asked."""

import hashlib
import http.client
import os
import re
import urllib.request
from dataclasses import dataclass
from functools import lru_cache
from numbers import Number
from pathlib import Path

from helpers.inputs.alone import alone
from helpers.inputs.whole_file import whole
from helpers.look.given import told

SHIPPED = ("sentence", "story", "tales")
TIMEOUT = 30  # seconds without a byte


@dataclass(frozen=True)
class Source:
    """Where a text comes from, and the SHA-256 that its bytes must have."""

    url: str
    sha256: str


DOWNLOADS = {
    "tinyshakespeare": Source(
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    )
}


def data_folder():
    """The course's texts: ``data/`` beside ``helpers/``, or ``helpers/data/`` where the course was installed."""
    here = Path(__file__).parent.parent  # helpers/
    return here.parent / "data" if (here.parent / "data" / "sentence.txt").exists() else here / "data"


def downloads_folder():
    """Where downloads are kept: ``data/downloads/``, or a folder of the user's where that cannot be written."""
    data = data_folder()
    return data / "downloads" if os.access(data, os.W_OK) else Path.home() / ".cache" / "attention-course"


@lru_cache
def all_words():
    """Every word of data/sentence.txt."""
    return tuple((data_folder() / "sentence.txt").read_text(encoding="utf-8").split())


def words(count):
    """The first words of the course's sentence, to name tokens with: ``words(3) == ["the", "cat", "sat"]``.

    Raises ValueError for a count outside 1 to 128.
    """
    if not isinstance(count, Number) or count not in range(1, 129):
        raise ValueError(f"you asked for {told(count)} words; wanted a whole number from 1 to 128.")
    return list(all_words()[: int(count)])


def load_text(name):
    """A text by its name (``"story"``, ``"sentence"``, or a download), or the text file at a path.

    Line ends become ``\\n``. Raises FileNotFoundError if there is none, ValueError if it is not text or empty, OSError
    where the file cannot be read.

    >>> load_text("sentence")[:11]
    'the cat sat'
    """
    if not isinstance(name, str | os.PathLike):
        raise ValueError(f"you gave {told(name)}; wanted the name of a text ({known_texts()}) or the path of a file.")
    known = name in SHIPPED or name in DOWNLOADS
    path = (data_folder() if name in SHIPPED else downloads_folder()) / f"{name}.txt" if known else Path(name)
    if name in DOWNLOADS and not path.exists():
        raise FileNotFoundError(f"{name} is not on this machine yet: download({name!r}) fetches it.")
    if not os.path.exists(path):  # Path.exists raises where a name is too long, as that of a whole text
        raise FileNotFoundError(
            f"{told(str(name))} is no text of the course ({known_texts()}) and no file in {Path.cwd()}."
        )
    if path.is_dir():
        raise ValueError(f"{path} is a folder; wanted a text file in it.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise type(error)(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}. "
            "Save it as UTF-8, or name another file."
        ) from None
    if not text:
        raise ValueError(f"{path} is empty; wanted at least one character.")
    return text


def known_texts():
    """The names of the texts: those that are here, and those that can be fetched."""
    return ", ".join([*SHIPPED, *DOWNLOADS])


def split_words(sentence):
    """Words and punctuation marks as tokens: ``split_words("Stop, now!") == ["Stop", ",", "now", "!"]``.

    Raises ValueError where there is none.
    """
    if not isinstance(sentence, str):
        raise ValueError(f"you gave {told(sentence)}; wanted a sentence, in quotes.")
    tokens = re.findall(r"\w+|[^\w\s]", sentence)
    if not tokens:
        raise ValueError("The sentence is empty: type at least one word.")
    return tokens


def download(name):
    """Fetch a text from the internet, once, and return its path. Nothing in the course calls this for you.

    Shows a progress bar. The file appears whole and checked, or not at all. Raises ValueError for an
    unknown name or a wrong checksum, ConnectionError where the text cannot be fetched or kept.
    """
    if not isinstance(name, str) or name not in DOWNLOADS:
        raise ValueError(f"{told(name)} is no text to download; there is {', '.join(DOWNLOADS)}.")
    source, path = DOWNLOADS[name], downloads_folder() / f"{name}.txt"
    try:
        if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == source.sha256:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with alone(path), whole(path) as file:
            found = fetch(source.url, file)
            if found != source.sha256:
                raise ValueError(
                    f"what came from {source.url} is not the text that was wanted: its SHA-256 is {found}, not "
                    f"{source.sha256}. Nothing was kept; try again later."
                )
    except (OSError, http.client.HTTPException) as error:
        raise ConnectionError(
            f"{name} could not be fetched from {source.url} ({error}). If this machine is offline, fetch it "
            f"elsewhere and put it at {path}."
        ) from error
    return path


def fetch(url, file):
    """Copy what a URL gives into an open file; returns its SHA-256. Raises OSError if it breaks off."""
    from tqdm.auto import tqdm

    digest, size = hashlib.sha256(), 0
    with urllib.request.urlopen(url, timeout=TIMEOUT) as reply:
        total = int(reply.headers.get("Content-Length") or 0)
        with tqdm(total=total or None, unit="B", unit_scale=True, desc="download") as bar:
            while chunk := reply.read(65536):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                bar.update(len(chunk))
    if total and size < total:
        raise OSError(f"the connection broke off after {size} of {total} bytes")
    return digest.hexdigest()
