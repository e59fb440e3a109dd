"""What vLLM is told so that it sets a mark that is seen here.

vLLM takes the key as an integer in its configuration. On a command line everybody on the
machine can read it: write it to a file of its owner, and pass it from there in Python:

    with open("watermark.json") as file:
        engine = LLM("MODEL", watermark_config=json.load(file))

Who sends requests must not be able to send `watermarking: false` with them.
"""

from __future__ import annotations

import json
from pathlib import Path

from phalanx.owned import written_whole
from phalanx.watermark.schemes.scheme import Scheme
from phalanx.watermark.schemes.vllm_gumbel import VllmGumbel, integer_key
from phalanx.watermark.schemes.vllm_gumbel_dual import VllmGumbelDual

HIDDEN = "hidden"
"""Stands for the key where it is not asked for."""


def vllm_configuration(scheme: Scheme, key: bytes, *, reveal: bool = False) -> dict[str, object]:
    """Return vLLM's `watermark_config`; the key is in it only if asked for.

    Parameters:
        scheme: `vllm-gumbel-v1` or `vllm-gumbel-dual-v1`.
        key: Its key, 8 bytes.
        reveal: Whether the secret stands in the result.

    Raises:
        ValueError: If vLLM has no such scheme, or the key has another length.

    Examples:
        >>> vllm_configuration(VllmGumbel(), bytes(7) + b"*")
        {'algorithm': 'gumbel', 'key': 'hidden', 'context_width': 4, 'prf': 'philox'}
    """
    shown = integer_key(scheme.setting.name, key) if reveal else HIDDEN
    usual = {"key": shown, "context_width": scheme.setting.context_width, "prf": "philox"}
    if isinstance(scheme, VllmGumbel):
        return {"algorithm": "gumbel", **usual}
    if isinstance(scheme, VllmGumbelDual):
        return {"algorithm": "dual_key_gumbel", **usual, "alpha": scheme.alpha}
    message = f"vLLM sets vllm-gumbel-v1 and vllm-gumbel-dual-v1, not {scheme.setting.name}"
    raise ValueError(message)


def write_vllm_configuration(scheme: Scheme, key: bytes, path: Path) -> None:
    """Write vLLM's `watermark_config` with the key to a file that only its owner may read.

    Raises:
        ValueError: As `vllm_configuration`.
        OSError: If nothing can be written there.
    """
    content = json.dumps(vllm_configuration(scheme, key, reveal=True), indent=2)
    with written_whole(path) as aside:
        aside.write_text(content + "\n", encoding="utf-8")
