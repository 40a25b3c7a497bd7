"""What goes in: texts, tokens, tales, and numbers to try things on."""

from helpers.inputs.corpus import floor, repeated_names, tales
from helpers.inputs.examples import by_hand, example
from helpers.inputs.texts import data_folder, download, load_text, split_words, words
from helpers.inputs.tokenizer import Tokenizer

__all__ = [
    "Tokenizer",
    "by_hand",
    "data_folder",
    "download",
    "example",
    "floor",
    "load_text",
    "repeated_names",
    "split_words",
    "tales",
    "words",
]
