"""Refusals, and the pool that sends elsewhere what one of its accounts was refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from phalanx.detect.simulate.accounts import Accounts
from phalanx.detect.simulate.exchanges import Exchanges, concatenated
from phalanx.detect.simulate.grammar.hashing import Seeds, key_of, mix, pick, unit
from phalanx.detect.simulate.span import Span

_SOONEST_SECONDS = 1.0
_LATEST_SECONDS = 9.0
_CODES = np.array([200, 429, 400, 500, 529], dtype=np.int32)
_EDGES = np.array([0.962, 0.987, 0.992, 0.996])
_TURNED_AWAY = 429
_DAY_US = 86_400_000_000


def draw_statuses(noise: Seeds) -> NDArray[np.int32]:
    """Draw status codes: mostly success, some limits and failures.

    Examples:
        >>> drawn = draw_statuses(mix(np.arange(10_000, dtype=np.uint64), key_of("example")))
        >>> bool(0.02 < (drawn == 429).mean() < 0.03)
        True
    """
    return _CODES[np.searchsorted(_EDGES, unit(noise, key_of("status")), side="right")]


def failed_over(exchanges: Exchanges, accounts: Accounts, span: Span) -> Exchanges:
    """Let a pool send on another account, within seconds, what it was refused on one.

    Parameters:
        exchanges: What the pool sends; cover traffic is sent by no pool.
        accounts: Its accounts.
        span: The time that the log covers.

    Returns:
        The exchanges with their statuses, and after them those that are sent again.
    """
    status = draw_statuses(mix(exchanges.seed, key_of("refusal")))
    given = replace(exchanges, status=status.astype(np.int64))
    rows = np.flatnonzero(exchanges.harvest & (status >= _TURNED_AWAY))
    if len(accounts) < 2:
        return given
    seed = mix(exchanges.seed[rows], key_of("failover"))
    other = exchanges.account[rows] + 1 + pick(seed, key_of("other"), len(accounts) - 1)
    other %= len(accounts)
    waited = _SOONEST_SECONDS + unit(seed, key_of("wait")) * (_LATEST_SECONDS - _SOONEST_SECONDS)
    time_us = exchanges.time_us[rows] + (waited * 1e6).astype(np.int64)
    kept = (time_us < span.start_us + span.days * _DAY_US) & (time_us >= accounts.created_us[other])
    rows, seed = rows[kept], seed[kept]
    again = {name: getattr(given, name)[rows] for name in Exchanges.__dataclass_fields__}
    again |= {
        "account": other[kept],
        "time_us": time_us[kept],
        "seed": seed,
        "conversation": np.where(again["conversation"] > 0, mix(seed, key_of("talk")), 0),
        "status": np.zeros(len(rows), dtype=np.int64),
        "repeats": len(exchanges) + np.arange(len(rows)) - rows,
    }
    return concatenated([given, Exchanges(**again)])
