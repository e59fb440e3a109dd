"""Measuring a scan against labels: what it found, whom it harmed, how late it came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from phalanx.detect.labels import Labels, read_labels
from phalanx.detect.outcome import Outcome, outcome_of
from phalanx.detect.result import ScanResult
from phalanx.errors import InputError
from phalanx.evidence.intervals import clopper_pearson_upper


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassHarm:
    """False flags in one honest traffic class."""

    accounts: int
    """Honest accounts of the class in the log."""

    flagged: int
    """Those that are members of a reported campaign."""

    share: float
    """flagged / accounts."""

    upper: float
    """One-sided 95 % Clopper-Pearson upper bound of the share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignOutcome:
    """What became of one labelled campaign."""

    campaign: str
    """Its label."""

    traffic_class: str
    """What most of its accounts ask for."""

    accounts: int
    """Its accounts in the log."""

    flagged: int
    """Those that are members of any reported campaign."""

    found: bool
    """Whether one reported campaign holds at least half of its accounts and consists mostly
    of them."""

    reported_as: str | None
    """Reported campaign that holds most of its accounts; null where none holds any."""

    in_pools: int
    """Its accounts in undeclared pools: shown to be operated together, not to harvest."""

    pooled_as: str | None
    """Undeclared pool that holds most of them; null where none holds any."""

    discovered_at: datetime | None
    """Moment of the alert; null unless it was found."""

    served_before_alert: float
    """Share of its exchanges up to that moment; 1 unless it was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How good a scan was. Null stands for "nothing to measure"."""

    campaign_recall: float | None
    """Share of the labelled campaigns that were found: one reported campaign holds at least
    half of the accounts, and more than half of its members belong to the labelled one."""

    account_recall: float | None
    """Share of the accounts of labelled campaigns that were flagged. An account is flagged
    when it is a member of a reported campaign."""

    account_fpr: float | None
    """Share of the honest accounts that were flagged."""

    account_fpr_upper: float | None
    """One-sided 95 % Clopper-Pearson upper bound of that share."""

    false_discovery_proportion: float
    """Share of the reported campaigns of whose members fewer than half belong to any one
    labelled campaign; 0 where none was reported."""

    b_cubed_precision: float | None
    """Mean over flagged accounts: share of the members of its reported campaign that belong
    to the same labelled campaign. An honest account is alone in its own."""

    b_cubed_recall: float | None
    """Mean over accounts of labelled campaigns: share of the labelled campaign's accounts
    that are in the same reported campaign; 0 for an account that is in none."""

    served_before_alert: float | None
    """Mean over labelled campaigns of the share of their exchanges that were served before
    the alert. The alert comes when a step is over, so that all of this step counts as
    served. A campaign that was not found counts as 1."""

    harm_by_class: Mapping[str, ClassHarm]
    """Honest traffic class -> false flags."""

    campaigns: tuple[CampaignOutcome, ...]
    """Each labelled campaign, by name."""

    accounts: int
    """Accounts of the log that carry a label: those that were measured."""

    accounts_without_label: int
    """Accounts of the log that carry none and were left out."""


def evaluate(
    scan: Path | ScanResult, labels: pa.Table | Path, *, pseudonym_key: bytes | None = None
) -> Evaluation:
    """Measure a scan against labels.

    Parameters:
        scan: What `phalanx.detect.scan` returned, or the folder that `phalanx scan` wrote.
        labels: Columns `account_id` (as in the log), `campaign` (null or empty if none) and
            `traffic_class`: a table, or a Parquet, CSV or JSONL file.
        pseudonym_key: Key of the scan's pseudonyms; null where it kept identifiers in clear.

    Returns:
        The measures. Accounts without a label are left out of all of them; labels of accounts
        without an exchange in the log as well.

    Raises:
        InputError: If something cannot be read, or no account of the scan carries a label.
    """
    outcome = outcome_of(scan)
    truth = read_labels(labels, pseudonym_key)
    labelled = [account in truth.classes for account in outcome.accounts]
    if not any(labelled):
        message = f"none of the {len(labelled):,} accounts of the scan has a label"
        raise InputError(
            message, next_step="Pass the labels of this log and the scan's pseudonym key."
        )
    measured = outcome.keep(np.array(labelled, dtype=bool))
    return _measure(measured, truth, left_out=len(labelled) - sum(labelled))


def _measure(outcome: Outcome, truth: Labels, *, left_out: int) -> Evaluation:
    """Measure an outcome all of whose accounts carry a label."""
    named = [truth.campaigns.get(account) for account in outcome.accounts]
    reported = outcome.campaigns
    attack = np.array([name is not None for name in named])
    flagged = np.array([name is not None for name in reported])
    joint = Counter(zip(named, reported, strict=True))
    size_named, size_reported = Counter(named), Counter(reported)
    rows = _campaign_rows(outcome, truth, named, joint)
    false_flags = int((flagged & ~attack).sum())
    honest = int((~attack).sum())
    return Evaluation(
        campaign_recall=_mean([row.found for row in rows]),
        account_recall=_mean(flagged[attack].tolist()),
        account_fpr=_mean(flagged[~attack].tolist()),
        account_fpr_upper=clopper_pearson_upper(false_flags, honest) if honest else None,
        false_discovery_proportion=_false_discoveries(joint, size_reported),
        b_cubed_precision=_mean(
            [
                (joint[name, group] if name is not None else 1) / size_reported[group]
                for name, group in zip(named, reported, strict=True)
                if group is not None
            ]
        ),
        b_cubed_recall=_mean(
            [
                joint[name, group] / size_named[name] if group is not None else 0.0
                for name, group in zip(named, reported, strict=True)
                if name is not None
            ]
        ),
        served_before_alert=_mean([row.served_before_alert for row in rows]),
        harm_by_class=_harm(outcome, truth, attack, flagged),
        campaigns=rows,
        accounts=len(named),
        accounts_without_label=left_out,
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _false_discoveries(
    joint: Counter[tuple[str | None, str | None]], size_reported: Counter[str | None]
) -> float:
    """Return the share of reported campaigns that are mostly not one labelled campaign."""
    groups = [group for group in size_reported if group is not None]
    wrong = 0
    for group in groups:
        largest = max(
            (count for (name, other), count in joint.items() if other == group and name),
            default=0,
        )
        wrong += 2 * largest < size_reported[group]
    return wrong / max(1, len(groups))


def _campaign_rows(
    outcome: Outcome,
    truth: Labels,
    named: Sequence[str | None],
    joint: Counter[tuple[str | None, str | None]],
) -> tuple[CampaignOutcome, ...]:
    """Describe what became of each labelled campaign."""
    members: dict[str, list[int]] = {}
    for row, name in enumerate(named):
        if name is not None:
            members.setdefault(name, []).append(row)
    size_reported = Counter(outcome.campaigns)
    rows = []
    for name, accounts in sorted(members.items()):
        held = {g: n for (other, g), n in joint.items() if other == name and g is not None}
        matches = [
            group
            for group, count in held.items()
            if 2 * count >= len(accounts) and 2 * count > size_reported[group]
        ]
        pools = Counter(pool for row in accounts if (pool := outcome.pools[row]) is not None)
        found_at = min((outcome.discovered_at[group] for group in matches), default=None)
        classes = Counter(truth.classes[outcome.accounts[row]] for row in accounts)
        rows.append(
            CampaignOutcome(
                campaign=name,
                traffic_class=classes.most_common(1)[0][0],
                accounts=len(accounts),
                flagged=sum(held.values()),
                found=bool(matches),
                reported_as=max(held, key=lambda g: (held[g], g)) if held else None,
                in_pools=pools.total(),
                pooled_as=max(pools, key=lambda g: (pools[g], g)) if pools else None,
                discovered_at=found_at,
                served_before_alert=_served(outcome, accounts, found_at),
            )
        )
    return tuple(rows)


def _served(outcome: Outcome, accounts: Sequence[int], found_at: datetime | None) -> float:
    """Return the share of the accounts' exchanges in steps up to the alert."""
    if found_at is None:
        return 1.0
    exchanges = outcome.exchanges[np.asarray(accounts)].sum(axis=0)
    before = np.array([end <= found_at for end in outcome.step_ends])
    return float(exchanges[before].sum() / exchanges.sum()) if exchanges.sum() else 1.0


def _harm(
    outcome: Outcome, truth: Labels, attack: NDArray[np.bool_], flagged: NDArray[np.bool_]
) -> dict[str, ClassHarm]:
    """Count the false flags of each honest class."""
    classes = np.array([truth.classes[account] for account in outcome.accounts])
    harm = {}
    for name in sorted(set(classes[~attack].tolist())):
        rows = ~attack & (classes == name)
        count, hit = int(rows.sum()), int((rows & flagged).sum())
        harm[name] = ClassHarm(
            accounts=count, flagged=hit, share=hit / count, upper=clopper_pearson_upper(hit, count)
        )
    return harm
