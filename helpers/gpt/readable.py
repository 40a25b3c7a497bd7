"""What is read of a model: its attentions, its tokenizer, and the ids that it can see.

A model, a text or ids of another kind get a sentence.
"""

import copy
from collections import OrderedDict
from contextlib import contextmanager

import torch

from helpers.gpt.own_model import OwnModel, is_own_model
from helpers.look.given import listed, told, whole_number

ATTENTION = ("heads", "scale", "value", "projection", "split", "queries_and_keys", "weights")


def is_gpt(model):
    """Is it a GPT of this course, or one that is built like it?"""
    parts = ("settings", "context", "tokens", "blocks", "loss", "generate")
    return not isinstance(model, type) and all(hasattr(model, name) for name in parts)


def readable(model):
    """The model as this room reads it: itself, if it is a GPT of this course; one of your own as such a GPT.

    All that reads a model asks here, and nowhere else, what kind it is. Raises ValueError for what is no such model.
    """
    if is_gpt(model) or isinstance(model, OwnModel):
        return model
    if is_own_model(model):
        return OwnModel(model)
    raise ValueError(
        f"you gave {told(model)}; wanted a model of the course, a GPT or a FastGPT, or one of your own, which "
        "looks ids up in a table of tokens and makes logits of them; of any other module, helpers.see.see(module, x) "
        "shows what it does."
    )


def attentions(model):
    """The attention of each layer of a GPT of the course. Raises ValueError for a model of another kind."""
    found = [getattr(block, "attention", None) for block in readable(model).blocks]
    if not found or not all(hasattr(one, name) for one in found for name in ATTENTION):
        raise ValueError(f"you gave {told(model)} without attention; wanted a layer at least, as a GPT's are.")
    return found


def is_tokenizer(tokenizer):
    """Is it a Tokenizer of this course, or another that can do the same?"""
    return not isinstance(tokenizer, type) and all(
        hasattr(tokenizer, name) for name in ("encode", "decode", "vocabulary", "__len__")
    )


def tokenizer_of(model):
    """The tokenizer of a model. Raises ValueError where it has none, and for a model of another kind."""
    tokenizer = getattr(readable(model), "tokenizer", None)
    if not is_tokenizer(tokenizer):
        raise ValueError(
            "the model has no tokenizer: train it, or set model.tokenizer = Tokenizer(text), so that texts can be read "
            "with it."
        )
    return tokenizer


def ids_of(model, text):
    """A text as ids that the model can see, (T), where the model is.

    text: a string, or a list of words where the tokens are words. Raises ValueError where it is empty, too long, or
    holds a token that the model does not know.
    """
    model, tokenizer = readable(model), tokenizer_of(model)
    if not isinstance(text, str | list | tuple):
        raise ValueError(f"you gave {told(text)}; wanted a text for the model to read.")
    if not 1 <= len(text) <= model.context:
        unit = "characters" if isinstance(text, str) else "tokens"
        raise ValueError(
            f"the text has {len(text)} {unit}; wanted 1 to {model.context}, which the model can see at once."
        )
    return known_ids(model, tokenizer.encode(text))


def known_ids(model, ids, least=1, most=None):
    """One sequence of ids, (T), where the model is. ids: a tensor, an array or a list of whole numbers.

    Raises ValueError for a batch, numbers that are not whole, fewer or more than so many, and ids out of range.

    >>> from helpers.gpt.model import GPT
    >>> known_ids(GPT(vocabulary=5, context=4, C=4, heads=1, layers=1), [0, 5])
    Traceback (most recent call last):
    ValueError: 5 is no id that the model knows; its ids go from 0 to 4, and ids[1] is 5.
    """
    model = readable(model)
    if listed(ids) is None:
        raise ValueError(f"you gave {told(ids)}; wanted ids, (T): model.tokenizer.encode(text) makes them.")
    try:
        found = torch.as_tensor(ids)
    except (ValueError, TypeError, RuntimeError, OverflowError):
        raise ValueError(f"you gave {told(ids)}; wanted ids, (T), which are whole numbers.") from None
    if found.ndim != 1:
        raise ValueError(f"ids has shape {tuple(found.shape)}; wanted one sequence, (T), such as ids[0] of a batch.")
    if not least <= len(found) or (most is not None and len(found) > most):
        wanted = f"{least} or more" if most is None else f"{least} to {most}, which the model can see at once"
        raise ValueError(f"there are {len(found)} ids; wanted {wanted}.")
    if found.is_floating_point() or found.is_complex() or found.dtype == torch.bool:
        raise ValueError(f"ids holds {str(found.dtype).removeprefix('torch.')}; ids are whole numbers, int64.")
    found, vocabulary = found.long(), model.tokens.num_embeddings
    if len(unknown := ((found < 0) | (found >= vocabulary)).nonzero()):
        at = unknown[0].item()
        raise ValueError(
            f"{found[at]} is no id that the model knows; its ids go from 0 to {vocabulary - 1}, and ids[{at}] is "
            f"{found[at]}."
        )
    return found.to(next(model.parameters()).device)


def copy_of(model):
    """A copy of a model to read in, as this room reads it, without dropout: what is done with it leaves the model as
    it was.

    Raises ValueError for a model of another kind, and one that cannot be copied.
    """
    if isinstance(model := readable(model), OwnModel):
        model = model.model
    else:
        attentions(model)
    held = [value for module in model.modules() for value in vars(module).values()]
    kept = {  # what a module holds of an earlier call is no part of the copy's own
        id(value): value.detach() for value in held if isinstance(value, torch.Tensor) and not value.is_leaf
    }
    kept |= {  # a module has a dozen dictionaries, most of them empty, over which deepcopy would spend most of its time
        id(value): type(value)() for value in held if type(value) in (dict, OrderedDict, set) and not value
    }
    try:
        return readable(copy.deepcopy(model, kept)).eval()
    except (RuntimeError, TypeError) as error:
        why = " ".join(str(error).split())[:80]
        raise ValueError(f"{told(model)} is read in a copy, and holds what cannot be copied ({why}).") from None


@contextmanager
def resting(model):
    """In here, a model drops nothing out; after it, each part of it is in training or not as it was before."""
    before = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield model
    finally:
        for part, training in before:
            part.training = training


def one_of(name, value, count, there):
    """The value as an int, if it is one of so many that are counted from 0; raises ValueError where it is not.

    >>> one_of("layer", 1, 2, "the model has layers")
    1
    """
    try:
        return whole_number(name, value, 0, count - 1)
    except ValueError:
        raise ValueError(f"{name} is {told(value)}; {there} 0 to {count - 1}.") from None
