"""Texts, tokens, and the download: against a server on this machine that behaves well, badly, or not at all."""

import hashlib
import http.server
import os
import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.inputs import texts as text
from helpers.inputs.texts import Source, Tokenizer, download, load_text, split_words, words

ANY_TEXT = st.text(st.characters(exclude_categories=[]), min_size=1)


def test_the_sentence_names_128_tokens():
    assert words(128) == load_text("sentence").split()[:128]
    assert max(map(len, words(128))) <= 7
    assert words(4) == ["the", "cat", "sat", "by"]


@pytest.mark.parametrize("count", [0, 129, 2.5])
def test_words_out_of_range(count):
    with pytest.raises(ValueError, match=f"{count} words; wanted a whole number from 1 to 128"):
        words(count)


@given(ANY_TEXT)
def test_characters_round_trip(string):
    tokenizer = Tokenizer(string)
    ids = tokenizer.encode(string)
    assert tokenizer.decode(ids) == string
    assert tokenizer.decode(np.array(ids)) == tokenizer.decode(torch.tensor(ids)) == string
    assert tokenizer.vocabulary == sorted(set(string))


@given(st.lists(ANY_TEXT, min_size=1))
def test_words_round_trip(tokens):
    tokenizer = Tokenizer(tokens)
    assert tokenizer.decode(tokenizer.encode(tokens)) == tokens


@given(ANY_TEXT)
def test_split_words_loses_nothing_but_space(sentence):
    if sentence.strip() == "" or not "".join(sentence.split()):
        with pytest.raises(ValueError, match="empty"):
            split_words(sentence)
    else:
        assert "".join(split_words(sentence)) == "".join(sentence.split())


@pytest.mark.parametrize("sentence", ["", " \n\t "])
def test_an_empty_sentence(sentence):
    with pytest.raises(ValueError, match="type at least one word"):
        split_words(sentence)


def test_ten_thousand_characters():
    long = "<script>alert('🙂')</script> שלום " * 300
    tokens = split_words(long)
    assert Tokenizer(tokens).encode(tokens)[:3] == Tokenizer(tokens).encode(["<", "script", ">"])


def test_what_a_tokenizer_does_not_know():
    tokenizer = Tokenizer("abc")
    with pytest.raises(ValueError, match=r"'z' \(U\+007A\) is not in the vocabulary of 3 tokens"):
        tokenizer.encode("az")
    with pytest.raises(ValueError, match=r"'\\u200b' \(U\+200B\)"):
        tokenizer.encode("\u200b")
    for bad in (3, -1):
        with pytest.raises(ValueError, match=f"{bad} is no token's id; the ids go from 0 to 2"):
            tokenizer.decode([0, bad])
    with pytest.raises(ValueError, match="empty"):
        Tokenizer("")


def test_load_text_from_a_path(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_bytes("\ufeffone\r\ntwo".encode())
    assert load_text(path) == load_text(str(path)) == "one\ntwo"


def test_load_text_says_what_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "downloads_folder", lambda: tmp_path / "none")
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    with pytest.raises(FileNotFoundError, match=r"'nowhere.txt' is no text of the course"):
        load_text("nowhere.txt")
    with pytest.raises(FileNotFoundError, match=r"download\('tinyshakespeare'\) fetches it"):
        load_text("tinyshakespeare")
    with pytest.raises(ValueError, match="is a folder"):
        load_text(tmp_path)
    with pytest.raises(ValueError, match="is empty"):
        load_text(tmp_path / "empty.txt")
    with pytest.raises(ValueError, match="is not UTF-8 text: byte 0 is 0x89"):
        load_text(tmp_path / "picture.png")


# -- the download ------------------------------------------------------------------------------------

BYTES = b"First Citizen: speak.\n" * 20_000


@pytest.fixture
def server():
    """A server on this machine: /whole, /short (breaks off early) and nothing else."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path not in ("/whole", "/short"):
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(BYTES)))
            self.end_headers()
            self.wfile.write(BYTES if self.path == "/whole" else BYTES[:1000])

        def log_message(self, *args):
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


@pytest.fixture
def offer(monkeypatch, tmp_path):
    """Point the one download at a URL and a checksum, and downloads at an empty folder."""
    monkeypatch.setattr(text, "downloads_folder", lambda: tmp_path)

    def point(url, content=BYTES):
        monkeypatch.setitem(text.DOWNLOADS, "tinyshakespeare", Source(url, hashlib.sha256(content).hexdigest()))

    return point


def test_the_pinned_checksum():
    assert (
        text.DOWNLOADS["tinyshakespeare"].sha256 == "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
    )


def test_download_once(server, offer, tmp_path):
    offer(f"{server}/whole")
    path = download("tinyshakespeare")
    assert path.read_bytes() == BYTES
    assert load_text("tinyshakespeare") == BYTES.decode()
    offer("http://127.0.0.1:9/nobody-listens")
    assert download("tinyshakespeare") == path, "a second call needs no network"
    assert os.listdir(tmp_path) == ["tinyshakespeare.txt"]


def test_a_spoiled_copy_is_fetched_anew(server, offer, tmp_path):
    (tmp_path / "tinyshakespeare.txt").write_bytes(b"spoiled")
    offer(f"{server}/whole")
    assert download("tinyshakespeare").read_bytes() == BYTES


@pytest.mark.parametrize(
    ("page", "content", "error", "says"),
    [
        ("/whole", b"other", ValueError, "is not the text that was wanted"),
        ("/short", BYTES, ConnectionError, "broke off after 1000 of 440000 bytes"),
        ("/missing", BYTES, ConnectionError, "404"),
    ],
)
def test_nothing_is_kept_of_a_bad_download(server, offer, tmp_path, page, content, error, says):
    offer(server + page, content)
    with pytest.raises(error, match=says):
        download("tinyshakespeare")
    assert os.listdir(tmp_path) == []


def test_offline(offer, tmp_path):
    offer("http://127.0.0.1:9/nobody-listens")
    with pytest.raises(ConnectionError, match="If this machine is offline, fetch it elsewhere and put it at"):
        download("tinyshakespeare")
    assert os.listdir(tmp_path) == []


def test_an_interrupted_download_leaves_nothing(server, offer, tmp_path, monkeypatch):
    offer(f"{server}/whole")

    def interrupted(url, file):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(text, "fetch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        download("tinyshakespeare")
    assert os.listdir(tmp_path) == []


def test_an_unknown_download():
    with pytest.raises(ValueError, match="'shakespeare' is no text to download; there is tinyshakespeare"):
        download("shakespeare")
