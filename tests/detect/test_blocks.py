"""Nobody gets others accused by imitating them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

SENT_BY_THE_TOOL = "[change log 3.2] Summarise the diff of {} in one sentence: {}"
VICTIMS = 30


def framed(log: Any, share: float) -> tuple[pa.Table, frozenset[str]]:
    """Return a log whose campaign poses as users of a tool, and those users.

    Parameters:
        log: With one campaign.
        share: Of its traffic that it gives to the tool's prompt; it registers when they did.
    """
    generator = np.random.default_rng(3)
    rows, members = log.exchanges.to_pylist(), log.members()
    births = sorted({row["account_created_at"] for row in rows if row["account_id"] in members})
    single = sorted(
        {
            row["account_id"]
            for row in rows
            if row["organisation"] is None and row["account_id"] not in members
        }
    )
    victims = [str(account) for account in generator.permutation(single)[:VICTIMS]]
    born = {account: births[n % len(births)] for n, account in enumerate(victims)}
    for row in rows:
        account = row["account_id"]
        row["account_created_at"] = born.get(account, row["account_created_at"])
        if account in born or (account in members and generator.random() < share):
            number = int(generator.integers(10**9))
            row["prompt"] = SENT_BY_THE_TOOL.format(number, f"{number % 977} lines")
            row["system_prompt"] = "You write change logs."
    return pa.Table.from_pylist(rows, log.exchanges.schema), frozenset(victims)


@pytest.mark.parametrize("share", [0.15, 0.35])
def test_a_campaign_that_poses_as_a_tools_users_stands_alone(
    share: float, naive: Any, scanned: Any
) -> None:
    """They share its texts and its hours of registration, and use the model as honest people do."""
    exchanges, victims = framed(naive, share)
    result = scanned(exchanges)
    listed = {m.account_id for c in result.campaigns for m in c.facts.members}
    assert not listed & victims
    assert len(listed & naive.members()) > 0.8 * len(naive.members())
