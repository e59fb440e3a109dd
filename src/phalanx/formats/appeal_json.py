"""The page about one account as one JSON document."""

from __future__ import annotations

from pydantic import TypeAdapter

from phalanx.detect.appeals import Appeal
from phalanx.formats.json import to_text

_APPEAL: TypeAdapter[Appeal] = TypeAdapter(Appeal)


def render(appeal: Appeal) -> str:
    """Write all that the page rests on.

    Parameters:
        appeal: What it says.
    """
    return to_text(_APPEAL.dump_python(appeal, mode="json"))
