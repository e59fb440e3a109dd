"""Sharing: what the gate lets leave goes to the hub, and the other provider looks at home."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq

from phalanx.cli.demo_full.acts import record
from phalanx.cli.demo_full.chapter import Chapter, write_lines
from phalanx.cli.demo_full.places import Places
from phalanx.cli.share_exchange_json import departure_json
from phalanx.cli.share_exchange_lists import match_all, pull_all
from phalanx.cli.share_exchange_scan import Wanted, publishable
from phalanx.cli.share_exchange_work import Left, let_leave, opened_house
from phalanx.cli.terminal import Common
from phalanx.formats.notation import plural
from phalanx.owned import written_whole
from phalanx.share.exchange.matching import write_matches

_ANALYST = "ada"
_MOST_TYPES = 3


def share_campaign(places: Places) -> Chapter:
    """Publish the campaign through the disclosure gate, and let the other provider match it.

    Parameters:
        places: With the scan and the settings of both members; the alliance runs.
    """
    left = _published(places)
    campaigns = [str(each["id"]) for each in left.sent.campaigns]
    matches, taken = _matched(places)
    accounts = set(matches.column("account_id").to_pylist())
    kinds = Counter(matches.column("kind").to_pylist())
    found = ", ".join(f"{count} by {kind}" for kind, count in sorted(kinds.items()))
    return Chapter(
        title="The campaign leaves through the disclosure gate, and provider-b looks at home",
        lines=(
            *_gate_said(left),
            (
                f"provider-b: takes {plural(taken, 'object')}, each verified under the key that "
                "the agreement names"
            ),
            (
                f"provider-b: {plural(len(accounts), 'account')} of its own match ({found}): "
                "leads, and no verdicts"
            ),
            _labelled(places, accounts),
        ),
        artefacts=(
            places.a.folder / "published.json",
            places.a.folder / "alliance",
            places.b.folder / "alliance" / "match_list.parquet",
            places.b.folder / "matches.parquet",
        ),
        commands=(
            "phalanx share publish SCAN --identifiers identifiers.parquet",
            "phalanx share pull",
            "phalanx share match LOG --identifiers identifiers.parquet",
        ),
        lacks="" if campaigns and accounts else "nothing of the campaign arrived at the other one",
    )


def _published(places: Places) -> Left:
    provider = places.a
    house = opened_house(provider.alliance)
    wanted = Wanted(
        scan=provider.scan, logs=(), column_map=(), identifiers=provider.identifiers,
        campaigns=(), key=provider.pseudonym_key, description="",
    )  # fmt: skip
    made = publishable(house, wanted, Common(quiet=True), is_shown_only=False)
    left = let_leave(house, made, _ANALYST)
    path = provider.folder / "published.json"
    write_lines(path, departure_json(left))
    for item in left.sent.campaigns:
        record(
            provider, "disclosure", _ANALYST, str(item["id"]), path,
            objects=left.sent.stored, padding=left.departure.padding,
            held=len(left.departure.staying),
        )  # fmt: skip
    return left


def _matched(places: Places) -> tuple[pa.Table, int]:
    provider = places.b
    done = pull_all(opened_house(provider.alliance), from_start=False)
    new, _ = done.new
    record(
        provider, "receipt", "analyst", "what others shared", done.match_list,
        objects=new.total(), rejected=len(done.pulled.received.rejected),
    )  # fmt: skip
    logs = (str(provider.early), str(provider.late))
    house = opened_house(provider.alliance)
    found = match_all(house, logs, (), provider.identifiers, Common(quiet=True))
    path = provider.folder / "matches.parquet"
    with written_whole(path) as aside:
        write_matches(found, aside)
    return found, new.total()


def _gate_said(left: Left) -> tuple[str, ...]:
    departure = left.departure
    types = Counter(each.type for each in departure.leaving)
    usual = ", ".join(f"{count} {kind}" for kind, count in types.most_common(_MOST_TYPES))
    lines = [
        (
            f"the gate lets leave {plural(types.total(), 'object')} ({usual}, and others), and "
            f"{departure.padding:,} of padding"
        ),
        f"the gate keeps back: {plural(len(departure.staying), 'object')}",
    ]
    for each in departure.staying[:3]:
        reasons = "; ".join(finding.reason for finding in each.decision.findings)
        lines.append(f"  {each.prepared.item['type']}: {reasons}")
    lines += [f"the hub takes {left.sent.stored:,}: {item['id']}" for item in left.sent.campaigns]
    return tuple(lines)


def _labelled(places: Places, accounts: set[str]) -> str:
    labels = pq.read_table(places.labels)
    names, planted = (labels[each].to_pylist() for each in ("account_id", "campaign"))
    theirs = {name for name, campaign in zip(names, planted, strict=True) if campaign}
    return f"as it was planted: {len(accounts & theirs)} of these accounts are the campaign's"
