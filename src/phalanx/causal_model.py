"""Opening a causal language model and its tokenizer that lie in a folder, by transformers.

Weights as safetensors alone, and no code of the folder: a pickle would run what it says. Nothing is
fetched.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from phalanx.errors import InputError, MissingExtraError, reason_of
from phalanx.tensor_layout import LENGTH_BYTES, header_length, parse_layout

_MOST_TIMES = 8
"""Bytes that a number takes in memory, over those of its four bits on disk."""

_SPARE_BYTES = 1 << 28


def open_causal_model(folder: Path) -> Any:  # noqa: ANN401 - of a library without types
    """Return a model of transformers, ready to be asked.

    Parameters:
        folder: With `config.json` and weights as safetensors.

    Raises:
        MissingExtraError: If torch or transformers is not installed.
        InputError: If there is no model that can be opened, or not all of its weights are there.
    """
    missing = [name for name in ("torch", "transformers") if find_spec(name) is None]
    if missing:
        message = f"a model needs {' and '.join(missing)}, which is not installed"
        raise MissingExtraError(message, next_step="In the clone: pip install '.[torch]'")
    if not (folder / "config.json").is_file():
        message = f"{folder}: no folder of a model: it has no config.json"
        raise InputError(message, next_step="Name a folder with config.json and safetensors.")
    from transformers import AutoConfig, AutoModelForCausalLM  # noqa: PLC0415 - of an extra
    from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415 - of an extra

    # It would be drawn into logs as well.
    disable_progress_bar()
    try:
        config: Any = AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        _refuse_larger_than_files(folder, config)
        made, loading = AutoModelForCausalLM.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
        _refuse_invented(folder, loading)
    except InputError:
        raise
    # The library and those below it raise what they like on a broken folder.
    except Exception as error:
        message = f"{folder}: the model cannot be opened: {reason_of(error)}"
        raise InputError(message, next_step="Save it with `save_pretrained`.") from error
    return made.eval()


def model_digest(folder: Path) -> str:
    """Return what tells a model and its tokenizer from any other: SHA-256 over their files.

    Parameters:
        folder: As of `open_causal_model` and `open_tokenizer`.

    Raises:
        InputError: If a file cannot be read.
    """
    found = hashlib.sha256()
    names = [folder / "config.json", folder / "tokenizer.json", *folder.glob("*.safetensors")]
    for path in sorted(names):
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            message = f"{path}: cannot be read: {reason_of(error)}"
            step = "Name a folder with config.json, tokenizer.json and safetensors."
            raise InputError(message, next_step=step) from error
        found.update(f"{path.name} {digest}\n".encode())
    return found.hexdigest()


def _refuse_invented(folder: Path, loading: Any) -> None:  # noqa: ANN401 - as above
    """Raise if weights were missing.

    The library draws them at random, others each time: one folder, one digest, and as many models
    as somebody has patience to open it.

    Raises:
        InputError: If one was.
    """
    missing = sorted(loading["missing_keys"])
    if missing:
        message = f"{folder}: the weights lack {missing[0]}, and {len(missing):,} tensors in all"
        raise InputError(message, next_step="Save all of it with `save_pretrained`.")


def open_tokenizer(folder: Path) -> Any:  # noqa: ANN401 - of a library without types
    """Return the tokenizer of transformers that lies beside a model.

    Parameters:
        folder: With `tokenizer.json`; of a model that could be opened.

    Raises:
        InputError: If there is none that can be read.
    """
    import transformers  # noqa: PLC0415 - of an extra, which is there by now

    try:
        return transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    # The library below raises plain `Exception`.
    except Exception as error:
        message = f"{folder} holds no tokenizer that can be read: {reason_of(error)}"
        step = "Name a folder with config.json, tokenizer.json and safetensors."
        raise InputError(message, next_step=step) from error


def _refuse_larger_than_files(folder: Path, config: Any) -> None:  # noqa: ANN401 - as above
    """Raise if settings describe a model that its files cannot hold.

    The library would fill the rest with random numbers, as many as memory has: a line of JSON is
    enough for that. What the model takes is counted before anything is made of it.

    Raises:
        InputError: If it takes more than four bits a number would.
    """
    import torch  # noqa: PLC0415 - of an extra
    from transformers import AutoModelForCausalLM  # noqa: PLC0415 - of an extra

    stored, tensors = 0, 0
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        stored += size
        tensors += _tensors_in(path, size)
    if not stored:
        message = f"{folder}: the model cannot be opened: it has no safetensors"
        raise InputError(message, next_step="Save it with `save_pretrained`.")
    advice = "Fetch config.json and the weights again, together."
    layers = getattr(config, "num_hidden_layers", 0)
    # Even empty layers take their time, and each has a tensor at least.
    if type(layers) is int and layers > tensors:
        message = (
            f"{folder}: config.json has {layers:,} layers, and the weights {tensors:,} tensors"
        )
        raise InputError(message, next_step=advice)
    with torch.device("meta"):
        empty: Any = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    needed = sum(
        each.numel() * each.element_size() for each in (*empty.parameters(), *empty.buffers())
    )
    if needed > _MOST_TIMES * stored + _SPARE_BYTES:
        message = (
            f"{folder}: config.json describes a model that takes {needed:,} bytes, and the weights "
            f"have {stored:,}"
        )
        raise InputError(message, next_step=advice)


def _tensors_in(path: Path, size: int) -> int:
    with path.open("rb") as file:
        length = header_length(file.read(LENGTH_BYTES), size, str(path))
        return len(parse_layout(file.read(length), size, str(path)))
