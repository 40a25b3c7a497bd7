"""A trained model on disk: weights as safetensors, all else as a small JSON. Nothing in it can run.

The JSON names the file of weights and its SHA-256, and is replaced last: whatever happens while a
checkpoint is saved, the old one or the new one is there, whole.
"""

import hashlib
import json
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load as read_weights
from safetensors.torch import save as weights_as_bytes

from helpers.gpt.fast import FastGPT
from helpers.gpt.model import GPT
from helpers.inputs.tokenizer import Tokenizer
from helpers.inputs.whole_file import replace

FORMAT, VERSION = "attention-course checkpoint", 1
MODELS = {"GPT": GPT, "FastGPT": FastGPT}


def save(model, path, **facts):
    """Write a model and its tokenizer to ``path``.json and a file of weights beside it; returns the path of the JSON.

    facts: anything JSON can hold, ``step=600``. An earlier checkpoint at this path is replaced, at the last moment.
    Raises ValueError for a model without a tokenizer.

    >>> from tempfile import TemporaryDirectory
    >>> model = GPT(vocabulary=2, context=4, C=4, heads=1, layers=1)
    >>> model.tokenizer = Tokenizer("ab")
    >>> with TemporaryDirectory() as folder:
    ...     _ = save(model, f"{folder}/small", step=7)
    ...     again, facts = load(f"{folder}/small")
    >>> facts, again.tokenizer.vocabulary
    ({'step': 7}, ['a', 'b'])
    """
    if getattr(model, "tokenizer", None) is None:
        raise ValueError(
            "the model has no tokenizer: train it, or set model.tokenizer, so that a reader of the file can use it."
        )
    path = named(path)
    weights = weights_as_bytes(
        {name: weight.detach().cpu().contiguous() for name, weight in model.state_dict().items()}
    )
    digest = hashlib.sha256(weights).hexdigest()
    beside = path.with_name(f"{path.stem}-{digest[:12]}.safetensors")
    facts = {
        "format": FORMAT,
        "version": VERSION,
        "model": type(model).__name__,
        "settings": model.settings,
        "vocabulary": model.tokenizer.vocabulary,
        "weights": beside.name,
        "sha256": digest,
        "facts": facts,
    }
    replace(beside, weights)
    replace(path, (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode())
    for old in path.parent.glob(f"{path.stem}-{'?' * 12}.safetensors"):
        if old != beside:
            old.unlink()
    return path


def load(path):
    """The model that ``save`` wrote, ready to write text, and its facts.

    Raises FileNotFoundError where there is none, ValueError for a file that is half written, changed, not of this
    course, or of a newer version of it.
    """
    path = named(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no checkpoint {path}.")
    found = described(path)
    weights = path.with_name(Path(str(found["weights"])).name)
    if not weights.exists():
        raise ValueError(f"{path.name} wants its weights in {weights.name}, which is not beside it: copy both files.")
    raw = weights.read_bytes()
    if hashlib.sha256(raw).hexdigest() != found["sha256"]:
        raise ValueError(
            f"{weights.name} is not the file that {path.name} was written with: it is half written, or was changed."
        )
    try:
        model = MODELS[found["model"]](**found["settings"])
        model.load_state_dict(read_weights(raw))
        if len(found["vocabulary"]) != found["settings"]["vocabulary"]:
            raise ValueError(
                f"it names {len(found['vocabulary'])} tokens for a vocabulary of {found['settings']['vocabulary']}"
            )
    except (SafetensorError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path.name} and {weights.name} do not fit together: {' '.join(str(error).split())[:200]}."
        ) from None
    tokens = found["vocabulary"]
    model.tokenizer = Tokenizer("".join(tokens) if max(map(len, tokens)) == 1 else tokens)
    return model.eval(), found["facts"]


def described(path):
    """What the JSON of a checkpoint says; raises ValueError where it says something else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path.name} is no checkpoint: it is not JSON, or half written ({error}).") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"{path.name} is no checkpoint of this course: its format is not {FORMAT!r}.")
    if found.get("version") != VERSION:
        raise ValueError(
            f"{path.name} is of version {found.get('version')!r}; this course reads version {VERSION}. Update "
            "the course."
        )
    missing = [key for key in ("model", "settings", "vocabulary", "weights", "sha256", "facts") if key not in found]
    if missing or found["model"] not in MODELS:
        raise ValueError(
            f"{path.name} is no checkpoint that can be read: "
            + (
                f"{missing[0]} is missing."
                if missing
                else f"its model is {found['model']!r}; wanted one of {', '.join(MODELS)}."
            )
        )
    return found


def named(path):
    """The path of the JSON: ``named("models/tales") == Path("models/tales.json")``."""
    path = Path(path)
    return path if path.suffix == ".json" else path.with_name(path.name + ".json")
