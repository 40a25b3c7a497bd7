"""Texts, tokens, and the download: against a server on this machine that behaves well, badly, or not at all."""

import hashlib
import http.server
import os
import threading
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.inputs import texts as text
from helpers.inputs.alone import alone
from helpers.inputs.texts import Source, download, load_text, split_words, words
from helpers.inputs.tokenizer import Tokenizer

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
        with pytest.raises(ValueError, match=f"{bad} is no token's id; the ids are whole numbers from 0 to 2"):
            tokenizer.decode([0, bad])
    with pytest.raises(ValueError, match="empty"):
        Tokenizer("")


def one_sentence(error):
    """What an error says, if it is one sentence."""
    said = str(error.value)
    assert said.endswith(".") and "\n" not in said and len(said) < 400
    return said


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        ([[0, 1], [2, 0]], r"decode takes one sequence of ids, \(T\); you gave \[\[0, 1\], \[2, 0\]\]: decode one row"),
        (torch.tensor([[0, 1], [2, 0]]), r"you gave a Tensor of shape \(2, 2\): decode one row at a time"),
        (np.array([[0, 1]]), r"you gave a ndarray of shape \(1, 2\): decode one row"),
        ([torch.tensor([0, 1])], "decode one row at a time"),
        (1, "decode takes a list of ids; you gave 1"),
        (torch.tensor(1), r"decode takes a list of ids; you gave a Tensor of shape \(\)"),
        (None, "decode takes a list of ids; you gave None"),
        ("12", "decode takes a list of ids; you gave '12'"),
        (b"12", "decode takes a list of ids; you gave b'12'"),
        (["1"], "'1' is no token's id; the ids are whole numbers from 0 to 2"),
        ([0.9], "0.9 is no token's id"),
        (torch.tensor([0.0, 1.0]), "0.0 is no token's id"),
        (np.array([np.nan]), "nan is no token's id"),
        ([True], "True is no token's id"),
        ([None], "None is no token's id"),
        ([10**60], "is no token's id"),
        ([10**6000], "a number that fills more than a line is no token's id"),
        (torch.tensor([-1]), "-1 is no token's id"),
    ],
)
def test_what_holds_no_ids_of_a_sequence(ids, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        Tokenizer("abc").decode(ids)
    one_sentence(error)


def test_ids_of_any_kind():
    words, letters = Tokenizer(["b", "a"]), Tokenizer("ab")
    for ids in ((0, 1), iter([0, 1]), range(2), np.array([0, 1], np.uint8), [torch.tensor(0), np.int64(1)]):
        assert letters.decode(ids) == "ab"
    assert words.decode([0, 1]) == ["a", "b"] and letters.decode([]) == "" and words.decode([]) == []
    assert letters.encode("") == [] and letters.encode(("b", "a")) == letters.encode(np.array(["b", "a"])) == [1, 0]


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        ([0, 1], r"encode takes a text, or a list of words; you gave \[0, 1\]: decode turns ids into tokens"),
        (torch.tensor([0, 1]), r"you gave a Tensor of shape \(2,\): decode turns ids into tokens"),
        (5, "you gave 5: decode turns ids into tokens"),
        (None, "you gave None: each token is a string"),
        (b"ab", "you gave b'ab': each token is a string"),
        ([["a", "b"]], r"you gave \[\['a', 'b'\]\]: one sequence at a time"),
        (["a", None], "each token is a string"),
        (["ab", "ba"], "'ab' is not in the vocabulary of 3 tokens: the tokens are characters, so give it one text"),
    ],
)
def test_what_holds_no_tokens(tokens, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        Tokenizer("abc").encode(tokens)
    one_sentence(error)


def test_words_and_a_text():
    with pytest.raises(ValueError, match=r"'t' \(U\+0074\) is not .*: the tokens are words, so give it a list of them"):
        Tokenizer(["the", "cat"]).encode("the cat")


@pytest.mark.parametrize("tokens", [5, None, b"abc", [1, 2], ["a", 1], [["a"], ["b"]], torch.tensor([1.0]), [None]])
def test_what_no_tokenizer_is_made_from(tokens):
    with pytest.raises(ValueError, match="a tokenizer is made from a text, or a list of words; you gave") as error:
        Tokenizer(tokens)
    one_sentence(error)


@pytest.mark.parametrize("given", [None, 5, b"text", ["a"], 1.5, Tokenizer])
def test_what_is_no_text(given):
    for function in (split_words, load_text, download):
        with pytest.raises(ValueError, match=r"wanted|no text to download") as error:
            function(given)
        one_sentence(error)


@pytest.mark.parametrize("count", [None, "x", "3", [3], float("nan"), float("inf"), 1j, -1, 10**100])
def test_what_is_no_count_of_words(count):
    with pytest.raises(ValueError, match="wanted a whole number from 1 to 128") as error:
        words(count)
    one_sentence(error)


def test_a_whole_text_for_a_name_of_one():
    with pytest.raises(FileNotFoundError, match="is no text of the course") as error:
        load_text("Once upon a time there was. " * 500)
    one_sentence(error)
    with pytest.raises(FileNotFoundError, match="is no text of the course"):
        load_text("a\0b")


def test_a_file_that_cannot_be_read(tmp_path, monkeypatch):
    path = tmp_path / "mine.txt"
    path.write_text("a")

    def refused(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "read_text", refused)
    with pytest.raises(PermissionError, match=r"mine.txt cannot be read: Permission denied\.$"):
        load_text(path)


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


def test_what_a_killed_download_left_is_removed_and_a_living_one_is_not(server, offer, tmp_path, monkeypatch):
    offer(f"{server}/whole")
    (tmp_path / "tinyshakespeare.txt.0123abcd.part").write_bytes(b"half")
    known, both = text.fetch, []

    def fetch(url, file):
        both.append(sorted(os.listdir(tmp_path)))
        monkeypatch.setattr(text, "fetch", known)
        monkeypatch.setattr(text, "alone", partial(alone, patience=0.05))
        with pytest.raises(ConnectionError, match="another program is writing to it"):
            download("tinyshakespeare")
        both.append(sorted(os.listdir(tmp_path)))
        return known(url, file)

    monkeypatch.setattr(text, "fetch", fetch)
    assert download("tinyshakespeare").read_bytes() == BYTES
    assert both[0] == both[1] and len(both[0]) == 2 and "tinyshakespeare.txt.0123abcd.part" not in both[0]
    assert os.listdir(tmp_path) == ["tinyshakespeare.txt"]


def test_a_folder_for_downloads_that_cannot_be_made(offer, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(text, "downloads_folder", lambda: tmp_path / "file" / "downloads")
    with pytest.raises(ConnectionError, match="tinyshakespeare could not be fetched"):
        download("tinyshakespeare")


def test_an_unknown_download():
    with pytest.raises(ValueError, match="'shakespeare' is no text to download; there is tinyshakespeare"):
        download("shakespeare")
