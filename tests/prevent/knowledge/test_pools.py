"""Undeclared pools of a store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine

from phalanx.prevent.knowledge.pools import NO_POOLS, read_pools
from phalanx.store import database_of
from phalanx.store.tables import CAMPAIGNS, MEMBERS, METADATA, SCANS

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _store(path: Path) -> Path:
    engine = create_engine(f"sqlite:///{path}")
    METADATA.create_all(engine)
    moments = ("started_at", "first_exchange", "last_exchange", "kept_until")
    counts = ("exchanges", "exchanges_in_all", "rejected", "skipped", "waiting")
    texts = ("phalanx_version", "key_id", "parameters", "manifest_sha256")
    with engine.begin() as connection:
        connection.execute(
            SCANS.insert(),
            [
                {
                    "number": number, **dict.fromkeys(moments, NOW.isoformat()),
                    **dict.fromkeys(counts, 0), **dict.fromkeys(texts, ""),
                }
                for number in (1, 2)
            ],
        )  # fmt: skip
        listed = [
            ("pool-1", "undeclared_pool", 2), ("old", "undeclared_pool", 1),
            ("found", "campaign", 2),
        ]  # fmt: skip
        connection.execute(
            CAMPAIGNS.insert(),
            [
                {
                    "campaign_id": name, "verdict": verdict, "formed_at": "", "log10_e": 0.0,
                    "discovered_at": None, "exchanges": 1, "first_scan": 1, "last_scan": scan,
                }
                for name, verdict, scan in listed
            ],
        )  # fmt: skip
        members = [("pool-1", "b", 2), ("pool-1", "a", 2), ("pool-1", "left", 1),
                   ("old", "c", 1), ("found", "d", 2)]  # fmt: skip
        connection.execute(
            MEMBERS.insert(),
            [
                {"campaign_id": pool, "account_id": account, "first_scan": 1, "last_scan": scan}
                for pool, account, scan in members
            ],
        )
    engine.dispose()
    return path


def test_the_last_scan_says_which_pools_there_are_and_what_it_had_counted(tmp_path: Path) -> None:
    """Campaigns, pools of earlier scans, and accounts that left are none of them."""
    pools = read_pools(database_of(str(_store(tmp_path / "s.db"))))
    assert (pools.scan, pools.members) == (2, {"pool-1": ("a", "b")})
    assert pools.of_account == {"a": "pool-1", "b": "pool-1"}
    assert pools.seen_until_us == NOW.timestamp() * 1_000_000


def test_nothing_is_read_again_before_another_scan_was_kept(tmp_path: Path) -> None:
    """What is held is returned, the very same."""
    place = database_of(str(_store(tmp_path / "s.db")))
    held = read_pools(place, NO_POOLS)
    assert read_pools(place, held) is held
