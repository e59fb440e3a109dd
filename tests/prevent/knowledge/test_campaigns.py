"""Campaigns of a store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from phalanx.errors import InputError
from phalanx.prevent.knowledge.campaigns import read_campaigns
from phalanx.store import database_of
from phalanx.store.tables import CAMPAIGNS, MEMBERS, METADATA, SCANS

NOW = datetime(2026, 6, 1, tzinfo=UTC).isoformat()


def _scan(number: int) -> dict[str, object]:
    moments = ("started_at", "first_exchange", "last_exchange", "kept_until")
    counts = ("exchanges", "exchanges_in_all", "rejected", "skipped", "waiting")
    texts = ("phalanx_version", "key_id", "parameters", "manifest_sha256")
    return {
        "number": number,
        **dict.fromkeys(moments, NOW),
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(texts, ""),
    }


def _campaign(name: str, verdict: str, log10_e: float, last_scan: int) -> dict[str, object]:
    return {
        "campaign_id": name, "verdict": verdict, "formed_at": NOW, "discovered_at": NOW,
        "log10_e": log10_e, "exchanges": 1, "first_scan": 1, "last_scan": last_scan,
    }  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a database in which two scans listed groups."""
    path = tmp_path / "store.db"
    engine = create_engine(f"sqlite:///{path}")
    METADATA.create_all(engine)
    with engine.begin() as connection:
        connection.execute(SCANS.insert(), [_scan(1), _scan(2)])
        connection.execute(
            CAMPAIGNS.insert(),
            [
                _campaign("strong", "campaign", 9.0, 2),
                _campaign("weak", "campaign", 4.0, 2),
                _campaign("over", "campaign", 9.0, 1),
                _campaign("granted", "authorised", 9.0, 2),
            ],
        )
        members = [
            ("strong", "a", 2), ("weak", "a", 2), ("weak", "b", 2), ("weak", "left", 1),
            ("over", "c", 1), ("granted", "d", 2),
        ]  # fmt: skip
        connection.execute(
            MEMBERS.insert(),
            [
                {"campaign_id": name, "account_id": account, "first_scan": 1, "last_scan": last}
                for name, account, last in members
            ],
        )
    engine.dispose()
    return path


def test_members_of_campaigns_are_those_that_the_last_scan_saw(path: Path) -> None:
    """Not of groups that are authorised, over, or left; of two campaigns the surer one."""
    found = read_campaigns(database_of(str(path)))
    assert found.scan == 2
    assert {account: each.campaign for account, each in found.of_account.items()} == {
        "a": "strong",
        "b": "weak",
    }


def test_a_store_without_a_new_scan_is_not_read_again(path: Path) -> None:
    """What is held stays, as the same object."""
    held = read_campaigns(database_of(str(path)))
    assert read_campaigns(database_of(str(path)), held) is held


def test_a_file_that_is_no_store_is_bad_input(tmp_path: Path) -> None:
    """Told by its path."""
    path = tmp_path / "letter.db"
    path.write_text("Dear all, " * 100)
    with pytest.raises(InputError, match=r"letter\.db"):
        read_campaigns(database_of(str(path)))
