"""What is told of a campaign: what its accounts alone carry, came from and wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from phalanx.errors import ConfigError, InputError
from phalanx.logs import open_log
from phalanx.model import Attribution, Hypothesis
from phalanx.share.blinding.carriers import Identifiers, read_identifiers
from phalanx.share.exchange.findings import Selection, carried_by, told_attribution
from phalanx.share.exchange.seen import Membership, places_of
from phalanx.share.exchange.settings import load_settings
from phalanx.share.exchange.templates import templates_of
from phalanx.share.wire import Address, AutonomousSystem, Domain
from phalanx.sketches.templates import GroupKey

START = datetime(2026, 3, 2, tzinfo=UTC)
TEXT = "Explain step {} of the derivation with care, name each law, then give the result for {}. "


def _membership(**campaigns: str) -> Membership:
    return Membership(campaigns, list)


def _batches(rows: list[dict[str, Any]]) -> Any:
    empty = {"client_ip": None, "email_domain": None, "model": "m", "prompt": "p"}
    table = pa.Table.from_pylist([empty | {"timestamp": START} | row for row in rows])

    def read() -> Iterator[pa.RecordBatch]:
        return open_log(table).batches()

    return read


def test_a_place_that_others_came_from_is_not_told() -> None:
    """One account, an outsider or a second campaign on a place keeps it in the house."""
    of = _membership(a="c1", b="c1", c="c1", d="c2")
    rows: list[dict[str, Any]] = [
        *({"account_id": name, "client_ip": "203.0.113.1"} for name in "ab"),
        *({"account_id": name, "client_ip": "203.0.113.2"} for name in "ab"),
        {"account_id": "outsider", "client_ip": "203.0.113.2"},
        *({"account_id": name, "client_ip": "198.51.100.3"} for name in "ad"),
        {"account_id": "a", "client_ip": "198.51.100.4"},
        *({"account_id": name, "client_ip": "10.0.0.5"} for name in "ab"),
        *({"account_id": name, "email_domain": "Mail.example"} for name in "abc"),
        *({"account_id": name, "email_domain": "no domain"} for name in "abc"),
        {"account_id": "b", "client_ip": "203.0.113.1", "timestamp": START + timedelta(days=2)},
    ]
    (found,) = places_of(_batches(rows), of).values()
    assert [(each.part, each.accounts) for each in found] == [
        (Address(value="203.0.113.1"), 2),
        (Domain(value="mail.example"), 3),
    ]
    assert (found[0].first_seen, found[0].last_seen) == (START, START + timedelta(days=2))


def test_an_autonomous_system_of_a_campaign_alone_is_told() -> None:
    """However it is written; one that others use, for private use or none at all stays."""
    of = _membership(a="c1", b="c1")
    rows: list[dict[str, Any]] = [
        {"account_id": name, "asn": asn}
        for name in "ab"
        for asn in ("AS64500", "64501", "as64513", "AS0", "none", "AS99999999999")
    ]
    rows.append({"account_id": "outsider", "asn": "64501"})
    (found,) = places_of(_batches([{"asn": None} | row for row in rows]), of).values()
    assert [each.part for each in found] == [AutonomousSystem(number=64500)]


def test_an_attribution_is_told_without_names() -> None:
    """Of all that a scan says of who stands behind a campaign, the grade and the kinds leave."""
    attribution = Attribution(
        grade="B", reason="a profile matched", named="Northwind", roles=(), related=(),
        hypotheses=(
            Hypothesis(kind="reseller", prior=0.2, log10_likelihood=1.0, probability=0.8612),
            Hypothesis(kind="distiller", prior=0.2, log10_likelihood=0.0, probability=0.1388),
        ),
        features=(), tempering=0.5, contamination=0.1, hours_of_week=(), profiles=(),
    )  # fmt: skip
    told = told_attribution(attribution)
    assert told is not None
    assert told.properties == {
        "attribution_grade": "B",
        "operator_hypotheses": [
            {"kind": "reseller", "probability": 0.86}, {"kind": "distiller", "probability": 0.14},
        ],
    }  # fmt: skip
    assert told_attribution(None) is None


def test_a_network_is_told_where_it_says_more_than_an_address() -> None:
    """Accounts spread over addresses of one network make the network a place."""
    of = _membership(a="c1", b="c1", c="c1")
    rows = [{"account_id": n, "client_ip": f"203.0.113.{i}"} for i, n in enumerate("abc", 1)]
    (found,) = places_of(_batches(rows), of).values()
    assert [each.part for each in found] == [Address(value="203.0.113.0/24")]


def test_what_an_outsider_carries_too_is_not_told() -> None:
    """An identifier accuses only if nobody outside of one campaign carries it."""
    selection = Selection(
        campaigns=(), membership=_membership(a="c1", b="c1", d="c2"), confidence={}
    )
    carriers = {
        ("payment", "own"): frozenset("ab"),
        ("payment", "shared"): frozenset("ax"),
        ("payment", "both"): frozenset("ad"),
        ("email", "other"): frozenset("d"),
    }
    found = carried_by(selection, Identifiers(carriers=carriers, unusable={}))
    assert found == {"c1": (("payment", "own"),), "c2": (("email", "other"),)}


def test_a_template_needs_enough_accounts_and_no_others() -> None:
    """Seen on fewer than k accounts it stays; so it does where outsiders send it too."""
    key = GroupKey(1, date(2026, 1, 1), bytes(range(32)))
    names = [f"m{number}" for number in range(30)]
    of = _membership(**dict.fromkeys(names, "c1"))
    rows = [
        {"account_id": name, "prompt": TEXT.format(number, "x") * 2}
        for name in names
        for number in range(3)
    ]
    others = [
        {"account_id": f"o{n}", "prompt": f"A question of my own about {n} things, as people ask."}
        for n in range(40)
    ]
    after = {"c1": "reasoning"}
    (found,) = templates_of(_batches(rows + others), of, key, 20, after).values()
    assert [(each.accounts, each.sketch.capability) for each in found] == [(30, "reasoning")]
    assert templates_of(_batches(rows + others), of, key, 31, after) == {"c1": ()}
    public = [{"account_id": f"o{n}", "prompt": TEXT.format(n, "y") * 2} for n in range(5)]
    assert templates_of(_batches(rows + public), of, key, 20, after) == {"c1": ()}


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_records_are_read_from_any_form(ending: str, tmp_path: Path) -> None:
    """The three forms of a table say the same."""
    path = tmp_path / f"records.{ending}"
    values = ["+1 555 0100 00", "x"]
    table = pa.table({"account_id": ["1", "2"], "kind": ["phone"] * 2, "value": values})
    if ending == "parquet":
        pq.write_table(table.append_column("more", [["a", "b"]]), path)
    elif ending == "csv":
        path.write_text("kind,account_id,value\nphone,1,+1 555 0100 00\nphone,2,x\n")
    else:
        path.write_text(
            "\n".join(map(json.dumps, table.append_column("more", [[1, 2]]).to_pylist()))
        )
    found = read_identifiers(path)
    assert found.carriers == {("phone", "+1555010000"): frozenset("1")}
    assert found.unusable == {"phone": 1}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(content=b"account\rkind", ending="csv")
@example(content=b"[" * 100_000, ending="jsonl")
@given(content=st.binary(max_size=300), ending=st.sampled_from(["csv", "jsonl", "parquet"]))
def test_no_bytes_crash_the_reader_of_records(content: bytes, ending: str, tmp_path: Path) -> None:
    """What is no table of records is refused with a message."""
    path = tmp_path / f"records.{ending}"
    path.write_bytes(content)
    with suppress(InputError):
        read_identifiers(path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_crash_the_reader_of_settings(content: bytes, tmp_path: Path) -> None:
    """What is no file of settings is refused with a message."""
    path = tmp_path / "alliance.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="alliance"):
        load_settings(path)
