"""A threshold on the volume of an account: what rate limits and usage alarms do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from peers.observed import Observed, observe
from peers.peer import Peer, Scored, learns_nothing, one_by_one

Setting = Literal["total", "busiest day"]


def _judge(view: Observed, _model: None, setting: Setting, evenings: Sequence[int]) -> list[Scored]:
    cell = view.account * view.days + view.day
    counts = np.bincount(cell, minlength=len(view.accounts) * view.days)
    daily = counts.reshape(-1, view.days)
    so_far = (
        np.cumsum(daily, axis=1) if setting == "total" else np.maximum.accumulate(daily, axis=1)
    )
    return [one_by_one(so_far[:, evening].astype(float)) for evening in evenings]


def _read(path: Path) -> Observed:
    return observe(path)


PEER = Peer[Observed, Setting, None](
    name="volume threshold",
    source="rate limits and usage alarms",
    unit="accounts",
    note="",
    settings=("total", "busiest day"),
    evenings="every",
    read=_read,
    learn=learns_nothing,
    judge=_judge,
)
