"""Opening a causal language model that lies in a folder, by transformers.

Weights as safetensors alone, and no code of the folder: a pickle would run what it says. Nothing is
fetched.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from phalanx.errors import InputError, MissingExtraError, reason_of


def open_causal_model(folder: Path) -> Any:  # noqa: ANN401 - of a library without types
    """Return a model of transformers, ready to be asked.

    Parameters:
        folder: With `config.json` and weights as safetensors.

    Raises:
        MissingExtraError: If torch or transformers is not installed.
        InputError: If there is no model that can be opened.
    """
    missing = [name for name in ("torch", "transformers") if find_spec(name) is None]
    if missing:
        message = f"a model needs {' and '.join(missing)}, which is not installed"
        raise MissingExtraError(message, next_step="In the clone: pip install '.[torch]'")
    if not (folder / "config.json").is_file():
        message = f"{folder}: no folder of a model: it has no config.json"
        raise InputError(message, next_step="Name a folder with config.json and safetensors.")
    from transformers import AutoModelForCausalLM  # noqa: PLC0415 - of an extra
    from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415 - of an extra

    # It would be drawn into logs as well.
    disable_progress_bar()
    try:
        made: Any = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )
    # The library and those below it raise what they like on a broken folder.
    except Exception as error:
        message = f"{folder}: the model cannot be opened: {reason_of(error)}"
        raise InputError(message, next_step="Save it with `save_pretrained`.") from error
    return made.eval()
