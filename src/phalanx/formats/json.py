"""JSON for programs: one versioned document with a published schema.

The schema is `schemas/campaigns-2.schema.json` beside this module. Logarithms are finite by
contract; should an infinite one ever arise, it is written as the largest double with its
sign, so that order is kept and every JSON parser reads it. NaN is refused.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

from pydantic import TypeAdapter

from phalanx.detect.result import RunRecord, ScanResult
from phalanx.formats.document import ScanDocument, document_of, public_run
from phalanx.printable import printable_json

_DOCUMENT: TypeAdapter[ScanDocument] = TypeAdapter(ScanDocument)
_RUN: TypeAdapter[RunRecord] = TypeAdapter(RunRecord)


def render(result: ScanResult) -> str:
    """Write the result as one JSON document.

    Parameters:
        result: What the scan found.

    Raises:
        ValueError: If a number is NaN, which no computation may return.
    """
    return to_text(_DOCUMENT.dump_python(document_of(result), mode="json"))


def render_run(run: RunRecord) -> str:
    """Write what is needed to repeat a scan as one JSON document."""
    return to_text(_RUN.dump_python(public_run(run), mode="json"))


def to_text(value: object) -> str:
    """Write plain JSON values indented, with finite numbers only.

    Parameters:
        value: Dictionaries, lists, text, numbers, booleans and null.

    Examples:
        >>> print(to_text({"log10_e": 14.5, "names": ["é"]}), end="")
        {
          "log10_e": 14.5,
          "names": [
            "é"
          ]
        }
    """
    text = json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)
    return printable_json(text) + "\n"


def to_line(value: object) -> str:
    """Write plain JSON values on one line, with finite numbers only."""
    text = json.dumps(_finite(value), ensure_ascii=False, allow_nan=False)
    return printable_json(text) + "\n"


def _finite(value: Any) -> Any:  # noqa: ANN401 - walks JSON values of any kind
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            message = "a number of this result is NaN"
            raise ValueError(message)
        return math.copysign(sys.float_info.max, value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
