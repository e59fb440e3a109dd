"""The match list: one row for each value that an indicator in force matches.

For the gateway, which matches inline, and for `match`, which matches logs. It is a view that is
written anew from what is held, whole or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from phalanx.errors import InputError, reason_of
from phalanx.owned import written_whole
from phalanx.share.exchange.reading import observables_in
from phalanx.share.exchange.standing import Held, Standing
from phalanx.share.wire import (
    AccountFingerprint,
    Address,
    AutonomousSystem,
    Domain,
    Object,
    Observable,
    PromptTemplateSketch,
    valid_until,
)
from phalanx.sketches.templates.list_rows import LIST_SCHEMA, list_parts

MATCH_LIST_FILE = "match_list.parquet"
"""Name of the list in the alliance folder."""

MOST_SKETCHES = 16
"""That one SimHash of one member and epoch stands for: honest members have one, or few."""

MOST_ROWS = 500_000
"""Of one member on the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchList:
    """The list, and what is not on it."""

    table: pa.Table
    expired: int
    """Indicators that are over."""

    quarantined: int
    """Indicators that members disagree with, and nobody agrees."""

    unreadable: int
    """Indicators whose pattern says more than "any of these", whose sketches are missing or too
    many, or whose author has filled its part of the list."""


def match_list(standing: Standing, own: str, now: datetime) -> MatchList:
    """Return what others' indicators match now.

    Parameters:
        standing: What was received.
        own: The member, whose own indicators are not matched.
        now: When.
    """
    rows: list[Object] = []
    counted = {"expired": 0, "quarantined": 0, "unreadable": 0}
    left: dict[str, int] = defaultdict(lambda: MOST_ROWS)
    campaign_of, sketches = standing.campaign_of(), _sketches(standing)
    for each in standing.of("indicator"):
        campaign = campaign_of.get((each.member, each.id))
        if each.member == own or campaign is None or "valid_until" not in each.item:
            continue
        seen = observables_in(each.item["pattern"])
        end = _end(each, seen)
        if end <= now:
            counted["expired"] += 1
            continue
        summary = standing.verdict((each.id, campaign), each.member)
        if summary.is_quarantined:
            counted["quarantined"] += 1
            continue
        made = list(islice(_rows(each, seen, end, sketches), left[each.member] + 1))
        if not 0 < len(made) <= left[each.member]:
            counted["unreadable"] += 1
            continue
        left[each.member] -= len(made)
        head = {"campaign": campaign, "verdict": summary.verdict.lower()}
        rows += ({**row, **head} for row in made)
    return MatchList(table=pa.Table.from_pylist(rows, schema=LIST_SCHEMA), **counted)


def write_match_list(table: pa.Table, folder: Path) -> Path:
    """Write the list into the alliance folder, whole or not at all, for its owner alone.

    Raises:
        InputError: If it cannot be written.
    """
    path = folder / MATCH_LIST_FILE
    try:
        with written_whole(path) as aside:
            pq.write_table(table, aside, compression="zstd")
    except OSError as error:
        message = f"{path}: cannot be written: {reason_of(error)}"
        raise InputError(message, next_step="Make room, or name another folder.") from error
    return path


def read_match_list(folder: Path) -> pa.Table:
    """Read the list of an alliance folder.

    Raises:
        InputError: If there is none, or it is damaged.
    """
    path = folder / MATCH_LIST_FILE
    if not path.exists():
        message = f"{folder}: nothing was pulled yet, so there is no match list"
        raise InputError(message, next_step="Run `phalanx share pull` first.")
    return pa.concat_tables([LIST_SCHEMA.empty_table(), *list_parts(path)])


Sketches = Mapping[tuple[str, int, str], tuple[Object, ...]]
"""Member, epoch and SimHash -> sketches that the member's groupings name."""


def _sketches(standing: Standing) -> Sketches:
    """Return the sketches that each member stands behind.

    A pattern names a sketch by its SimHash alone. Its grouping, signed by the same member, names
    it by an identifier that follows from all that the sketch says, whoever sent the sketch. A
    SimHash of more than `MOST_SKETCHES` names none: many rules that name it would each match all.
    """
    sent = {each.id: each.item for each in standing.of("prompt-template-sketch")}
    found: dict[tuple[str, int, str], dict[str, Object]] = {}
    for grouping in standing.of("grouping"):
        for name in grouping.item["object_refs"]:
            sketch = sent.get(name)
            if sketch is not None and _is_sketch(sketch):
                key = (grouping.member, sketch["epoch"], sketch["simhash"])
                found.setdefault(key, {})[name] = sketch
    return {
        key: tuple(several.values())
        for key, several in found.items()
        if len(several) <= MOST_SKETCHES
    }


def _is_sketch(item: Object) -> bool:
    """Tell whether an observable is what its type says: nobody checked its values so far."""
    names = PromptTemplateSketch.__dataclass_fields__
    numbers = (item[name] for name in ("epoch", "minhash_bits", "shingle_size", "length_bucket"))
    if not all(type(number) is int for number in numbers):
        return False
    try:
        PromptTemplateSketch(**{name: item[name] for name in names if name in item})
    except (TypeError, ValueError):
        return False
    return item["minhash_bits"] in {1, 2, 4, 8, 16}


def _end(held: Held, seen: tuple[Observable, ...]) -> datetime:
    """Return until when an indicator counts: not beyond the lifetime of what it matches.

    Its author vouches for a last sight, which was not after the indicator was received.
    """
    stated = _moment(held.item["valid_until"])
    return min(stated, valid_until(seen, held.received_at)) if seen else stated


def _rows(
    held: Held, observables: tuple[Observable, ...], end: datetime, sketches: Sketches
) -> Iterator[Object]:
    head = {
        "indicator": held.id,
        "confidence": _confidence(held.item.get("confidence")),
        "valid_until": end,
        "valid_from": _moment(held.item["valid_from"]),
    }
    for seen in observables:
        if isinstance(seen, PromptTemplateSketch):
            for sketch in sketches.get((held.member, seen.epoch, seen.simhash), ()):
                yield {**head, **_template(sketch)}
        else:
            yield {**head, **_value(seen)}


def _template(sketch: Object) -> Object:
    return {
        "kind": "template",
        "epoch": sketch["epoch"],
        "minhash": bytes.fromhex(sketch["minhash"]),
        "minhash_bits": sketch["minhash_bits"],
        "simhash": int(sketch["simhash"], 16),
        "shingle_size": sketch["shingle_size"],
        "canonicaliser": sketch["canonicaliser"],
        "length_bucket": sketch["length_bucket"],
    }


def _value(seen: Observable) -> Object:
    match seen:
        case AccountFingerprint():
            return {"kind": seen.kind, "epoch": seen.epoch, "value": seen.value}
        case Address():
            return {"kind": "network" if "/" in seen.value else "address", "value": seen.value}
        case AutonomousSystem():
            return {"kind": "network", "value": f"AS{seen.number}"}
        case Domain():
            return {"kind": "domain", "value": seen.value}
        case _:
            message = "a template has no value"
            raise ValueError(message)


def _confidence(value: Any) -> int:  # noqa: ANN401 - whatever the author wrote
    is_one = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100
    return value if is_one else 0


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
