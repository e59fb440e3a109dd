"""What `phalanx share pull` and `match` say, as JSON for programs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

from phalanx.cli.share_exchange_lists import PulledAll
from phalanx.formats.json import to_text
from phalanx.share.exchange.pulling import HeardOf, OwnCampaign
from phalanx.share.exchange.standing import Held, Standing
from phalanx.share.wire import attribution_of

PULL_SCHEMA = "phalanx.share.pull/1"
"""Identifier of what a pull came to, with its major version."""

MATCHES_SCHEMA = "phalanx.share.matches/1"
"""Identifier of what matched, with its major version."""


def pulled_json(done: PulledAll) -> str:
    """Return what came in, what stands, and what others say.

    Parameters:
        done: What a pull came to.
    """
    pulled, received, matches = done.pulled, done.pulled.received, done.pulled.matches
    counted, padding = done.new
    own = {each.object_id for each in pulled.own}
    return to_text(
        {
            "schema": PULL_SCHEMA,
            "new": {
                "objects": counted.total(),
                "by_type": dict(sorted(counted.items())),
                "padding": padding,
            },
            "rejected": [{"id": name, "reason": reason} for name, reason in received.rejected],
            "taken_back": [name for name in received.retracted if name.startswith("campaign--")],
            "removed": len(received.retracted),
            "acknowledged": done.acknowledged,
            "match_list": {
                "path": str(done.match_list),
                "values": matches.table.num_rows,
                "over": matches.expired,
                "quarantined": matches.quarantined,
                "unreadable": matches.unreadable,
            },
            "profiles": str(done.profiles),
            "counts_no_longer": [
                {
                    "member": each.member,
                    "objects": each.objects,
                    "values": each.values,
                    "reason": each.reason,
                }
                for each in pulled.uncounted
            ],
            "campaigns": [
                _campaign(each, pulled.standing)
                for each in pulled.standing.of("campaign")
                if each.id not in own
            ],
            "yours": [_own(each) for each in pulled.own],
            "taken_back_by_you": [
                _heard(each) for each in done.heard if each.object_id.startswith("campaign--")
            ],
        }
    )


def matches_json(found: pa.Table, path: Path) -> str:
    """Return how many accounts match each campaign, by kind; the file names the accounts.

    Parameters:
        found: In `ALLIANCE_SCHEMA`.
        path: Into which they were written.
    """
    counted = Counter((row["campaign"], row["kind"]) for row in found.to_pylist())
    return to_text(
        {
            "schema": MATCHES_SCHEMA,
            "path": str(path),
            "matches": [
                {"campaign": campaign, "kind": kind, "accounts": number}
                for (campaign, kind), number in sorted(counted.items())
            ],
        }
    )


def _campaign(each: Held, standing: Standing) -> dict[str, Any]:
    said = standing.verdict([each.id], each.member)
    behind = attribution_of(each.item)
    return {
        "id": each.id,
        "member": each.member,
        "name": str(each.item["name"]),
        "verdict": said.verdict,
        "agreeing": said.agreeing,
        "disagreeing": said.disagreeing,
        "attribution": behind
        and {
            "grade": behind.grade,
            "kinds": [
                {"kind": kind, "probability": probability}
                for kind, probability in behind.hypotheses
            ],
        },
    }


def _own(each: OwnCampaign) -> dict[str, Any]:
    return {
        "id": each.object_id,
        "name": each.name,
        "verdict": each.summary.verdict,
        "agreeing": each.summary.agreeing,
        "disagreeing": each.summary.disagreeing,
        "seen_by": each.sightings,
    }


def _heard(each: HeardOf) -> dict[str, Any]:
    told = each.told
    return {
        "id": each.object_id,
        "readers": told.readers,
        "removed": told.removed,
        "kept": told.kept,
        "never_held": told.not_held,
    }
