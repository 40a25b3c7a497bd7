"""A trained model on disk: weights as safetensors, all else as a small JSON. Nothing in it can run.

The JSON names the file of weights and its SHA-256, and is replaced last: whatever happens while a
checkpoint is saved, the old one or the new one is there, whole.
"""

import hashlib
import json
import os
import re
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load as read_weights
from safetensors.torch import save as weights_as_bytes

from helpers.gpt.blueprint import blueprint
from helpers.gpt.readable import is_gpt, tokenizer_of
from helpers.inputs.alone import alone
from helpers.inputs.tokenizer import Tokenizer
from helpers.inputs.whole_file import replace, sweep
from helpers.look.given import told

FORMAT, VERSION = "attention-course checkpoint", 1
HOLDS = {"model": str, "settings": dict, "vocabulary": list, "weights": str, "sha256": str, "facts": dict}
LARGEST = 20_000_000  # bytes of a JSON
DIGITS = 12  # of the SHA-256, in the name of the file of weights


def save(model, path, **facts):
    """Write a model and its tokenizer to ``path``.json and a file of weights beside it; returns the path of the JSON.

    facts: anything JSON can hold, ``step=600``. An earlier checkpoint at this path is replaced, at the last moment; any
    other file stays.
    Raises ValueError for a model that could not be loaded again, and where another kind of JSON has that name,
    OSError where it cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> from helpers.gpt.model import GPT
    >>> model = GPT(vocabulary=2, context=4, C=4, heads=1, layers=1)
    >>> model.tokenizer = Tokenizer("ab")
    >>> with TemporaryDirectory() as folder:
    ...     _ = save(model, f"{folder}/small", step=7)
    ...     again, facts = load(f"{folder}/small")
    >>> facts, again.tokenizer.vocabulary
    ({'step': 7}, ['a', 'b'])
    """
    path = named(path)
    kind, tokenizer, weights = type(model).__name__, tokenizer_of(model), weights_in(model)
    if not is_gpt(model):
        raise ValueError(
            f"you gave {told(model)}, and a checkpoint can only build a GPT or a FastGPT of the course again; keep "
            "yours with torch.save(model.state_dict(), 'mine.pt')."
        )
    blueprint(kind, model.settings, weights)  # what could not be loaded is not saved
    compare(tokenizer.vocabulary, model.settings["vocabulary"])
    weights = weights_as_bytes(weights)
    digest = hashlib.sha256(weights).hexdigest()
    beside = path.with_name(f"{path.stem}-{digest[:DIGITS]}.safetensors")
    described = {
        "format": FORMAT,
        "version": VERSION,
        "model": kind,
        "settings": model.settings,
        "vocabulary": tokenizer.vocabulary,
        "characters": tokenizer.joins,
        "weights": beside.name,
        "sha256": digest,
        "facts": facts,
    }
    content = as_json(described)
    try:
        with alone(path) as held:
            if path.exists():
                read(path)
            try:
                replace(beside, weights)
                replace(path, content)
            finally:
                if held:
                    remove_unused(path)
    except ValueError as error:
        raise ValueError(f"{str(error)[:-1]}, and was not written over: save the model under another name.") from None
    except OSError as error:
        raise type(error)(
            f"{path} could not be written: {error.strerror or str(error)[:-1]}. What was there before is still there."
        ) from None
    return path


def load(path):
    """The model that ``save`` wrote, ready to write text, and its facts.

    Raises FileNotFoundError where there is none, ValueError for a file that is half written, changed, not of this
    course, or of a newer version of it, OSError where it cannot be read. Sizes that its weights do not have are
    refused before anything is built.
    """
    path = named(path)
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no checkpoint {path}.")
    found, weights, raw = both_files(path)
    if hashlib.sha256(raw).hexdigest() != found["sha256"]:
        raise ValueError(
            f"{weights.name} is not the file that {path.name} was written with: it is half written, or was changed."
        )
    try:
        tensors = read_weights(raw)
        model = blueprint(found["model"], found["settings"], tensors)
        model.load_state_dict({name: weight.clone() for name, weight in tensors.items()}, assign=True)
        compare(found["vocabulary"], len(model.tokens.weight))
        tokens = found["vocabulary"]
        as_characters = found.get("characters", max(map(len, tokens)) == 1)
        model.tokenizer = Tokenizer("".join(tokens) if as_characters else tokens)
        if model.tokenizer.vocabulary != tokens:
            raise ValueError("its vocabulary is not in order.")
    except (SafetensorError, RuntimeError, TypeError, ValueError) as error:
        why = " ".join(str(error).split())[:200].rstrip(".")
        raise ValueError(f"{path.name} and {weights.name} do not fit together: {why}.") from None
    return model.eval(), found["facts"]


# -- what goes into a checkpoint ------------------------------------------------------------------


def weights_in(model):
    """The weights of a model by name, copies of its own on the CPU. Raises ValueError where it has no numbers."""
    try:
        return {name: weight.detach().cpu().contiguous().clone() for name, weight in model.state_dict().items()}
    except (AttributeError, TypeError, RuntimeError) as error:
        raise ValueError(
            f"the weights of {told(model)} cannot be read: {' '.join(str(error).split())[:200]}."
        ) from None


def compare(vocabulary, size):
    """Raises ValueError unless so many tokens are named, each of them a text."""
    if not all(isinstance(token, str) for token in vocabulary):
        raise ValueError("it names tokens that are no texts.")
    if len(vocabulary) != size:
        raise ValueError(f"it names {len(vocabulary)} tokens for a vocabulary of {size}.")


def as_json(described):
    """The bytes of the JSON; raises ValueError for a fact that JSON cannot hold."""
    for name, fact in described["facts"].items():
        try:
            json.dumps(fact)
        except (TypeError, ValueError, RecursionError):
            raise ValueError(
                f"{name} is {told(fact)}, which a checkpoint cannot hold; wanted numbers, texts, or lists of them."
            ) from None
    text = json.dumps(described, indent=1, ensure_ascii=False) + "\n"
    return text.encode(errors="backslashreplace")  # half a surrogate pair, as JSON writes it


# -- files --------------------------------------------------------------------------------------


def named(path):
    """The path of the JSON: ``named("models/tales") == Path("models/tales.json")``. Raises ValueError for no name."""
    if not isinstance(path, str | os.PathLike) or not (name := Path(path).name) or name == ".." or "\0" in name:
        raise ValueError(f"you gave {told(path)}; wanted a name for the checkpoint, as in 'mine'.")
    path = Path(path)
    return path if path.suffix == ".json" else path.with_name(path.name + ".json")


def read(path):
    """What a JSON of this course says, checked no further. Raises ValueError where it is none."""
    try:
        if (size := path.stat().st_size) > LARGEST:
            raise ValueError(f"{path.name} is no checkpoint: it is a file of {size:,} bytes.")
        content = path.read_bytes()
    except OSError as error:
        raise type(error)(f"{path} cannot be read: {error.strerror}.") from None
    try:
        found = json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path.name} is no checkpoint: it is not JSON, or half written ({str(error)[:80]})."
        ) from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"{path.name} is no checkpoint of this course: its format is not {FORMAT!r}.")
    return found


def described(path):
    """What the JSON of a checkpoint says; raises ValueError where it says something else."""
    found = read(path)
    if found.get("version") != VERSION:
        raise ValueError(
            f"{path.name} is of version {told(found.get('version'))}; this course reads version {VERSION}. Update "
            "the course."
        )
    for name, kind in HOLDS.items():
        if not isinstance(found.get(name), kind):
            given = f"is {told(found[name])}" if name in found else "is missing"
            raise ValueError(f"{path.name} is no checkpoint that can be read: {name} {given}.")
    if not re.fullmatch(r"[^\0]{1,255}", Path(found["weights"]).name):
        raise ValueError(f"{path.name} is no checkpoint that can be read: weights is {told(found['weights'])}.")
    return found


def both_files(path):
    """What the JSON says, the path of the weights, and their bytes."""
    found = described(path)
    weights = path.with_name(Path(found["weights"]).name)
    try:
        return found, weights, weights.read_bytes()
    except FileNotFoundError:
        if described(path) != found:  # another kernel has saved since
            return both_files(path)
        raise ValueError(
            f"{path.name} wants its weights in {weights.name}, which is not beside it: copy both files."
        ) from None
    except OSError as error:
        raise type(error)(f"{weights} cannot be read: {error.strerror}.") from None


def remove_unused(path):
    """Remove the files of weights that were saved for this JSON and that none names any longer.

    A file was saved so if the name holds the SHA-256 of its bytes. What cannot be removed stays.
    """
    ours = rf"{re.escape(path.stem)}-([0-9a-f]{{{DIGITS}}})\.safetensors"
    sweep(path.parent, ours)
    with suppress(OSError):
        texts = [one.read_bytes() for one in path.parent.glob("*.json*") if one.stat().st_size <= LARGEST]
        for file in list(path.parent.iterdir()):
            name = re.fullmatch(ours, file.name)
            if not name or any(f"-{name[1]}.safetensors".encode() in text for text in texts):
                continue
            if hashlib.sha256(file.read_bytes()).hexdigest().startswith(name[1]):
                file.unlink()
