"""The JSON Schemas of our extension, installed with the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, cast

from phalanx.share.wire.identifiers import Object

SchemaName = Literal["llm-account-fingerprint", "prompt-template-sketch", "properties", "signature"]
FOLDER = Path(__file__).parent / "schemas"
"""Where they lie."""


def schema(name: SchemaName) -> Object:
    """Return a JSON Schema (2020-12).

    Examples:
        >>> schema("prompt-template-sketch")["properties"]["type"]["const"]
        'prompt-template-sketch'
    """
    text = (FOLDER / f"{name}-1.schema.json").read_text(encoding="utf-8")
    return cast("Object", json.loads(text))
