"""What is known of a batch of exchanges: grants, indicators and templates at their moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from phalanx.prevent.knowledge.indicators import Indicator, address_of, surest
from phalanx.prevent.knowledge.known import Knowledge
from phalanx.prevent.policy.judging import purposes_mask

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of each exchange besides itself and the state."""

    grants: npt.NDArray[np.int64]
    """Purposes of the grants that cover it, as masks."""

    indicator_confidence: npt.NDArray[np.float64]
    """Of the surest indicator; not a number where none matches."""

    template_jaccard: npt.NDArray[np.float64]
    matches_template: npt.NDArray[np.bool_]
    texts: Mapping[str, pa.Array]
    """`campaign` and `shared_campaign`."""


def looked_up(batch: pa.RecordBatch, at_us: npt.NDArray[np.int64], knowledge: Knowledge) -> Seen:
    """Return what is known of a batch.

    Parameters:
        batch: Of `EXCHANGE_SCHEMA`.
        at_us: When each exchange came in.
        knowledge: All the time.
    """
    confidence, shared = _indicators(batch, at_us, knowledge)
    jaccard, of_template = _templates(batch, at_us, knowledge)
    joined = [one or other for one, other in zip(shared, of_template, strict=True)]
    accounts = batch.column("account_id").dictionary_encode()
    members = map(knowledge.campaigns.of_account.get, accounts.dictionary.to_pylist())
    campaigns = pa.array([None if each is None else each.campaign for each in members], pa.string())
    return Seen(
        _grants(batch, at_us, knowledge),
        confidence,
        jaccard,
        ~np.isnan(jaccard),
        {
            "campaign": campaigns.take(accounts.indices),
            "shared_campaign": pa.array(joined, pa.string()),
        },
    )


def _moment(at_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at_us)


def _grants(
    batch: pa.RecordBatch, at_us: npt.NDArray[np.int64], knowledge: Knowledge
) -> npt.NDArray[np.int64]:
    """Return the grants of each exchange; only those of named accounts and owners are looked at."""
    masks = np.zeros(batch.num_rows, dtype=np.int64)
    index = knowledge.grants
    accounts, owners = batch.column("account_id"), batch.column("organisation")
    named = pc.or_(
        pc.is_in(accounts, value_set=pa.array(list(index.by_account), pa.string())),
        pc.is_in(owners, value_set=pa.array(list(index.by_organisation), pa.string())),
    ).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(named)
    chosen = pa.array(rows)
    names = zip(accounts.take(chosen).to_pylist(), owners.take(chosen).to_pylist(), strict=True)
    for row, (account, owner) in zip(rows.tolist(), names, strict=True):
        covering = index.covering(account, owner, _moment(int(at_us[row])))
        masks[row] = purposes_mask(each.purpose for each in covering)
    return masks


def _indicators(
    batch: pa.RecordBatch, at_us: npt.NDArray[np.int64], knowledge: Knowledge
) -> tuple[npt.NDArray[np.float64], list[str | None]]:
    """Return confidence and campaign of the surest indicator of each exchange."""
    confidence = np.full(batch.num_rows, np.nan)
    campaigns: list[str | None] = [None] * batch.num_rows
    held = knowledge.indicators
    if not (held.exact or held.networks):
        return confidence, campaigns
    by_origin: dict[tuple[str | None, str | None, str | None], tuple[Indicator, ...]] = {}
    columns = (batch.column(name).to_pylist() for name in ("client_ip", "asn", "email_domain"))
    for row, origin in enumerate(zip(*columns, strict=True)):
        found = by_origin.get(origin)
        if found is None:
            found = by_origin[origin] = _of_origin(origin, knowledge)
        best = surest(iter(found), _moment(int(at_us[row]))) if found else None
        if best is not None:
            confidence[row], campaigns[row] = best.confidence, best.campaign
    return confidence, campaigns


def _of_origin(
    origin: tuple[str | None, str | None, str | None], knowledge: Knowledge
) -> tuple[Indicator, ...]:
    client_ip, system, domain = origin
    held = knowledge.indicators
    address = address_of(client_ip)
    return (
        *(held.of_address(address) if address is not None else ()),
        *(held.of_value("network", system) if system else ()),
        *(held.of_value("domain", domain) if domain else ()),
    )


def _templates(
    batch: pa.RecordBatch, at_us: npt.NDArray[np.int64], knowledge: Knowledge
) -> tuple[npt.NDArray[np.float64], list[str | None]]:
    """Return likeness and campaign of the template that each prompt is most alike."""
    jaccard = np.full(batch.num_rows, np.nan)
    campaigns: list[str | None] = [None] * batch.num_rows
    templates = knowledge.templates
    if templates is None:
        return jaccard, campaigns
    for row, prompt in enumerate(batch.column("prompt").to_pylist()):
        match = templates.best(prompt, int(at_us[row]))
        if match is not None:
            jaccard[row], campaigns[row] = match.jaccard, match.campaign
    return jaccard, campaigns
