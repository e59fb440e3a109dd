"""The two scripts that a server runs: what both do, with the numbers of the state before it."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from phalanx.prevent.state.kernel import CANDIDATES, LATELY_US
from phalanx.prevent.state.layout import (
    CONTINUATIONS,
    COUNTERS,
    DISTINCT_CONTENTS,
    HORIZON_US,
    NEW_CONTENTS,
    REGISTERS,
    REQUESTS,
    TEMPLATE_MATCHES,
    TOKENS,
    VALUE,
)
from phalanx.prevent.state.turned_away import WAYS, WINDOW_US

FORMAT = "phalanx.gateway-shared-state/1"


@dataclass(frozen=True, slots=True)
class Script:
    """A script, and the name under which a server knows it."""

    text: str
    digest: str
    """SHA-1, as EVALSHA wants it."""


def layout_id() -> str:
    """Name what records hold: gateways that count other things keep states of their own.

    Examples:
        >>> len(layout_id())
        4
    """
    said = ",".join((FORMAT, *COUNTERS, str(REGISTERS)))
    return hashlib.blake2b(said.encode(), digest_size=2).hexdigest()


@cache
def script(name: str) -> Script:
    """Return a script.

    Parameters:
        name: `arrive` or `settle`.
    """
    folder = Path(__file__).parent
    parts = (_numbers(), *((folder / f"{each}.lua").read_text() for each in ("rows", name)))
    text = "\n".join(parts)
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def _numbers() -> str:
    """Return the numbers of the state in Lua, whose places are counted from 1."""
    horizons = (0.0 if math.isinf(each) else float(each) for each in HORIZON_US)
    said = {
        "HORIZON": _table(*horizons),
        "REQUESTS": _table(*(place + 1 for place in REQUESTS)),
        "TOKENS": _table(*(place + 1 for place in TOKENS)),
        "VALUE": _table(*(place + 1 for place in VALUE)),
        "CONTINUATIONS": _table(CONTINUATIONS + 1),
        "TEMPLATE_MATCHES": _table(TEMPLATE_MATCHES + 1),
        "NEW_CONTENTS": _table(NEW_CONTENTS + 1),
        "DISTINCT_CONTENTS": _table(DISTINCT_CONTENTS + 1),
        "MONTH_VALUE": str(VALUE[-1] + 1),
        "REGISTERS": str(REGISTERS),
        "CANDIDATES": str(CANDIDATES),
        "LATELY": str(LATELY_US),
        "WINDOW": str(WINDOW_US),
        "WAYS": str(WAYS),
    }
    return "\n".join(f"local {name} = {value}" for name, value in said.items())


def _table(*numbers: float) -> str:
    return "{" + ", ".join(f"{each:.17g}" for each in numbers) + "}"
