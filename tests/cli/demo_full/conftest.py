"""A house of the story in small: logs of a day, a model, and a store in which a scan listed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import create_engine

from phalanx.cli.demo_full.acts import begin_acts
from phalanx.cli.demo_full.places import Places, new_places
from phalanx.cli.demo_full.teaching import teach
from phalanx.detect.simulate import CampaignPlan, SimulationConfig, simulate
from phalanx.logs.pseudonym import load_or_create_key, pseudonymiser
from phalanx.store.tables import CAMPAIGNS, MEMBERS, METADATA, SCANS

NOW = datetime(2026, 6, 1, tzinfo=UTC).isoformat()
CAMPAIGN = "campaign-0123456789ab"


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the log of a day, and its labels."""
    folder = tmp_path_factory.mktemp("day")
    plan = CampaignPlan(name="planted", accounts=12, attack_class="reasoning")
    config = SimulationConfig(benign_accounts=60, days=2, campaigns=(plan,), seed=1)
    simulate(config).write(folder)
    return folder


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, day: Path) -> Places:
    """Return the houses: a scan has listed the planted campaign, and a model is served."""
    places = new_places(tmp_path_factory.mktemp("houses") / "out")
    log, labels = (pq.read_table(day / f"{name}.parquet") for name in ("exchanges", "labels"))
    for provider in places.providers:
        begin_acts(provider)
        for path in (provider.early, provider.live):
            pq.write_table(log, path)
    pq.write_table(labels, places.labels)
    hide = pseudonymiser(load_or_create_key(places.a.pseudonym_key), "account_id")
    rows = labels.to_pylist()
    _keep_scan(places, hide([row["account_id"] for row in rows if row["campaign"]]))
    teach(places)
    return places


def _keep_scan(places: Places, accounts: list[str | None]) -> None:
    moments = ("started_at", "first_exchange", "last_exchange", "kept_until")
    counts = ("exchanges", "exchanges_in_all", "rejected", "skipped", "waiting")
    texts = ("phalanx_version", "key_id", "parameters", "manifest_sha256")
    scan = {"number": 1, **dict.fromkeys(moments, NOW), **dict.fromkeys(counts, 0)}
    listed = {
        "campaign_id": CAMPAIGN, "verdict": "campaign", "formed_at": NOW, "discovered_at": NOW,
        "log10_e": 3.0, "exchanges": 1, "first_scan": 1, "last_scan": 1,
    }  # fmt: skip
    member = {"campaign_id": CAMPAIGN, "first_scan": 1, "last_scan": 1}
    engine = create_engine(f"sqlite:///{places.a.store}")
    METADATA.create_all(engine)
    with engine.begin() as connection:
        connection.execute(SCANS.insert(), [scan | dict.fromkeys(texts, "")])
        connection.execute(CAMPAIGNS.insert(), [listed])
        connection.execute(MEMBERS.insert(), [member | {"account_id": each} for each in accounts])
    engine.dispose()
