"""What is said when an account or a pool is raised."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from phalanx.printable import printable_json

ALERT_SCHEMA_ID: Literal["phalanx.gateway-online-alert/1"] = "phalanx.gateway-online-alert/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An account or a pool that was raised between two scans."""

    kind: Literal["account", "pool"]
    name: str
    """As the gateway's requests, or the store, name it."""

    at: datetime
    """Of the answer after which its evidence reached the level."""

    log10_e: float
    """Evidence against "used honestly", spread over the epochs of the reference."""

    level_log10_e: float
    """That it had to reach, with as many as were listed by then."""

    listed: int
    """Of its kind, itself included."""

    hypotheses: int
    """Of its kind, in all."""

    statistics: Mapping[str, float]
    """Statistic -> evidence of it alone, log10."""

    accounts: int
    """Of the pool; 1 for an account."""

    answers: int
    """On which the evidence rests."""

    scan: int | None
    """Number of the scan that listed the pool; null for an account."""

    reference: str
    """Digest of the reference."""

    list_rate: float
    """False discovery rate of its list."""

    code: Literal["PHX-G012"] = "PHX-G012"
    schema: Literal["phalanx.gateway-online-alert/1"] = ALERT_SCHEMA_ID


def alert_json(alert: Alert) -> str:
    """Return an alert as one line of JSON."""
    said = asdict(alert) | {"at": alert.at.isoformat()}
    return printable_json(json.dumps(said, ensure_ascii=False, allow_nan=False))
