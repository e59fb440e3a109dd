"""What a scan says about one account that many principals seem to use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedAccount:
    """An account that mixes programs more than accounts of like volume: no accusation.

    A resold key is one, and so is a firm's gateway.
    """

    account_id: str
    """Account, as a pseudonym unless the scan ran with clear identifiers."""

    party_id: str
    """Declared party that the account belongs to."""

    group_id: str | None
    """Listed group that it stands in; null for none."""

    exchanges: int
    """Exchanges in the log."""

    principals: float
    """The number of programs in equal parts that would mix as much. A program is a combination
    of client, request settings and system prompt."""

    p_value: float
    """Rank among accounts of like volume that were not tested, in (0, 1]."""

    reference_size: int
    """How many those were."""
