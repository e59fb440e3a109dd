"""Measuring one peer, or the scan, in this process."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from peers.measure import Truth, choose_threshold, delay, highest, measure
from peers.peer import Peer, Scored, learns_nothing
from results import peak_memory_bytes

SCAN = "scan"

PEERS = {
    "volume": "volume:PEER",
    "hydra": "hydra:PEER",
    "prada": "prada:PEER",
    "mmd-1500": "mmd:PEER",
    "mmd-100": "mmd:PEER_SMALL",
    "mahalanobis": "mahalanobis:PEER",
    "forest": "isolation_forest:PEER",
    "svm": "one_class_svm:PEER",
    "minhash": "minhash_components:PEER",
    "synchrotrap": "synchrotrap:PEER",
    "evilcohort": "evilcohort:PEER",
    "fraudar": "fraudar:PEER",
    "splink": "splink_linkage:PEER",
}
"""Short name -> module below `peers` and name in it; imported only where it runs."""

SOME_EVENINGS = (0, 1, 2, 4, 6, 8, 10, 12)
"""Evenings on which slower peers are asked, beside the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    rung: str
    name: str
    unit: str
    campaign_recall: float
    account_recall: float
    account_fpr: float
    account_fpr_upper: float
    false_discovery_proportion: float
    flagged_groups: int
    served_before_alert: float | None
    """Of a run evening by evening, at a threshold that keeps the false flags of all evenings
    together within the budget on the validation population; null where the peer sees only
    whole logs."""

    account_fpr_any_evening: float | None
    """Share of the honest accounts that such a run flagged; null as above, and for the scan,
    whose result lists only what it ends with."""

    exchanges: int
    exchanges_per_cpu_second: float
    """Reading included, learning and tuning not; processor time of all threads, so that what
    else the machine does counts little."""

    peak_memory_gb: float
    scored: float
    """Share of the campaigns' accounts that have a score: enough queries, or a group at all."""

    setting: str
    threshold: float | None
    note: str


def truth_of(folder: Path, accounts: Sequence[str]) -> Truth:
    """Read what is true of these accounts."""
    labels = pq.read_table(folder / "labels.parquet")
    label = dict(zip(labels["account_id"].to_pylist(), labels["campaign"].to_pylist(), strict=True))
    names = sorted({name for name in label.values() if name})
    number = {name: at for at, name in enumerate(names)}
    log = pq.read_table(folder / "exchanges.parquet", columns=["account_id", "timestamp"])
    at = {account: row for row, account in enumerate(accounts)}
    account = np.array([at[name] for name in log["account_id"].to_pylist()])
    day = log["timestamp"].cast(pa.int64()).to_numpy() // 86_400_000_000
    day -= day.min()
    days = int(day.max()) + 1
    daily = np.bincount(account * days + day, minlength=len(accounts) * days)
    campaign = [number[name] if (name := label[account]) else -1 for account in accounts]
    return Truth(campaign=np.array(campaign), daily=daily.reshape(-1, days))


def measure_scan(rung: str, test: Path) -> Row:
    """Scan with default settings."""
    from phalanx.detect import ScanConfig, scan
    from phalanx.detect.evaluate import evaluate

    start = time.process_time()
    result = scan(test / "exchanges.parquet", ScanConfig())
    seconds = time.process_time() - start
    judged = evaluate(result, test / "labels.parquet")
    names = result.accounts["account_id"].to_pylist()
    reported = result.accounts["campaign_id"].to_pylist()
    number = {name: at for at, name in enumerate(sorted({name for name in reported if name}))}
    group = np.array([number.get(name, len(number)) for name in reported])
    flags = Scored(score=np.where(group < len(number), 1.0, 0.0), group=group)
    measured = measure(flags, 1.0, truth_of(test, names), "groups")
    if measured.campaign_recall != judged.campaign_recall:
        message = "the yardstick of the peers differs from `evaluate`"
        raise RuntimeError(message)
    return Row(
        rung=rung,
        name="Phalanx scan",
        unit="groups",
        **asdict(measured),
        served_before_alert=judged.served_before_alert,
        account_fpr_any_evening=None,
        exchanges=result.population.exchanges,
        exchanges_per_cpu_second=result.population.exchanges / seconds,
        peak_memory_gb=peak_memory_bytes() / 1e9,
        scored=1.0,
        setting="defaults",
        threshold=None,
        note="not tuned; false discovery rate 1 %",
    )


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Tuned:
    """What was chosen on the validation population."""

    setting: Any
    model: Any
    threshold: float
    """For a whole log."""

    daily_threshold: float
    """For a run evening by evening, all of whose false flags count together."""


def measure_peer(rung: str, name: str, validation: Path, test: Path) -> Row:
    """Tune a peer on the validation population and measure it on the test population."""
    module, attribute = PEERS[name].split(":")
    peer: Peer[Any, Any, Any] = getattr(import_module(f"peers.{module}"), attribute)
    tuned = _tune(peer, validation)
    start = time.process_time()
    view = peer.read(test / "exchanges.parquet")
    scored = peer.judge(view, tuned.model, tuned.setting, [view.days - 1])[0]
    seconds = time.process_time() - start
    peak = peak_memory_bytes()
    truth = truth_of(test, view.accounts)
    alerts = None
    if peer.evenings != "last":
        evenings = _evenings(peer, view.days)
        daily = peer.judge(view, tuned.model, tuned.setting, evenings)
        alerts = delay(daily, evenings, tuned.daily_threshold, truth, peer.unit)
    return Row(
        rung=rung,
        name=peer.name,
        unit=peer.unit,
        **asdict(measure(scored, tuned.threshold, truth, peer.unit)),
        served_before_alert=alerts.served_before_alert if alerts else None,
        account_fpr_any_evening=alerts.account_fpr_any_evening if alerts else None,
        exchanges=view.rows,
        exchanges_per_cpu_second=view.rows / seconds,
        peak_memory_gb=peak / 1e9,
        scored=float(np.isfinite(scored.score[~truth.honest]).mean()),
        setting=str(tuned.setting),
        threshold=tuned.threshold if math.isfinite(tuned.threshold) else None,
        note=peer.note,
    )


def _evenings(peer: Peer[Any, Any, Any], days: int) -> tuple[int, ...]:
    """Return the evenings on which a peer is asked, the last among them."""
    if peer.evenings == "every":
        return tuple(range(days))
    return (*(day for day in SOME_EVENINGS if day < days - 1), days - 1)


def _tune(peer: Peer[Any, Any, Any], validation: Path) -> Tuned:
    """Choose the setting and the thresholds."""
    view = peer.read(validation / "exchanges.parquet")
    truth = truth_of(validation, view.accounts)
    # Who was learned from does not choose the threshold: fitted scores are too small.
    learned = np.zeros(truth.campaign.size, dtype=bool)
    if peer.learn is not learns_nothing:
        half = np.random.default_rng(0).random(int(view.party.max()) + 1) < 0.5
        learned = truth.honest & half[view.party]
    measured = Truth(campaign=truth.campaign[~learned], daily=truth.daily[~learned])
    best: tuple[tuple[float, float, float], Tuned] | None = None
    for setting in peer.settings:
        model = peer.learn(view, learned, setting)
        scored = peer.judge(view, model, setting, [view.days - 1])[0].keep(~learned)
        threshold = choose_threshold(scored, measured)
        got = measure(scored, threshold, measured, peer.unit)
        merit = (got.campaign_recall, got.account_recall, -got.account_fpr)
        if best is None or merit > best[0]:
            tuned = Tuned(
                setting=setting, model=model, threshold=threshold, daily_threshold=threshold
            )
            best = merit, tuned
    if best is None:
        message = f"{peer.name} has no settings"
        raise ValueError(message)
    if peer.evenings == "last":
        return best[1]
    chosen = best[1]
    daily = peer.judge(view, chosen.model, chosen.setting, _evenings(peer, view.days))
    return replace(
        chosen, daily_threshold=choose_threshold(highest(daily).keep(~learned), measured)
    )
