"""What a scan makes of thin logs, of other frames, and of text it may not keep."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import ibis
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from phalanx.detect import ScanConfig, scan
from phalanx.errors import InputError
from phalanx.formats.json import render
from phalanx.logs.schema import REQUIRED_COLUMNS

UNDECLARED = (
    "no column organisation and no party file: every account counts as a party of its own, and "
    "an honest firm with many accounts as many parties"
)
ONE_SOURCE = (
    "the columns of the log allow one source of evidence of common operation, and two are needed: "
    "no group can be listed, whatever it does"
)


def concluded(result: Any) -> Any:
    """Return what a scan concluded, as plain values."""
    document = json.loads(render(result))
    del document["run"]
    return document


def test_one_step_is_not_judged(small: Any, scanned: Any) -> None:
    """In a single step nothing follows the forming of groups by content."""
    first = pc.min(small.exchanges["timestamp"]).as_py().date()
    days = pc.cast(small.exchanges["timestamp"], pa.date32())
    result = scanned(small.exchanges.filter(pc.equal(days, first)), step_hours=24)
    assert result.population.days == 1
    assert not [*result.campaigns, *result.undeclared_pools, *result.suspicious_parties]
    assert result.not_judged
    assert any("nothing later" in group.reason for group in result.not_judged)


def test_a_log_of_required_columns_names_what_is_off(small: Any, scanned: Any) -> None:
    """Signals without their columns are off, each with the columns it misses."""
    result = scanned(small.exchanges.select(REQUIRED_COLUMNS))
    off = {signal.rule_id: signal.reason for signal in result.signals if not signal.enabled}
    assert set(off) == {"PHX-D002", "PHX-D003", "PHX-D004", "PHX-D005", "PHX-D006", "PHX-D007",
                        "PHX-D009", "PHX-D011", "PHX-D014", "PHX-D022",
                        "PHX-D027", "PHX-D028", "PHX-D030"}  # fmt: skip
    assert ONE_SOURCE in result.run.warnings
    assert "payment_fingerprint" in off["PHX-D002"]
    assert not [signal for signal in result.signals if signal.enabled and signal.reason]
    assert result.population.exchanges == small.exchanges.num_rows


def test_a_log_of_empty_prompts_says_so(small: Any, scanned: Any) -> None:
    """Without any prompt, what is read from prompts is off, with that reason."""
    table = small.exchanges
    blank = pa.array([" "] * table.num_rows)
    result = scanned(table.set_column(table.schema.get_field_index("prompt"), "prompt", blank))
    off = {signal.rule_id: signal.reason for signal in result.signals if not signal.enabled}
    assert off.pop("PHX-D014") == "no marks of other providers were given (--alliance)"
    read = ("PHX-D001", "PHX-D012", "PHX-D020", "PHX-D023", "PHX-D024", "PHX-D025", "PHX-D028")
    assert off == dict.fromkeys(read, "every prompt in the log is empty")


def test_what_was_mended_is_in_the_record_of_the_run() -> None:
    """Notes of the reader reach whoever asked for the scan."""
    row = {"timestamp": "2026-03-02T10:00:00", "account_id": "a", "model": "m", "prompt": "hi",
           "max_tokens": "many"}  # fmt: skip
    result = scan(pd.DataFrame([row]), ScanConfig(threads=1, columns={"asn": "network"}))
    assert result.run.notes == {
        "timestamp without zone, taken as UTC": 1,
        "max_tokens: value of a wrong type or size, left empty": 1,
        "asn: mapped to network, which frame does not have": 1,
        UNDECLARED: 1,
        ONE_SOURCE: 1,
    }
    assert UNDECLARED in result.run.warnings


def test_numbers_that_nothing_can_hold_cost_no_scan() -> None:
    """Counts beyond any exchange are left empty, so that neither casts nor sums overflow."""
    row = {"timestamp": "2026-03-02T10:00:00Z", "account_id": "a", "model": "m", "prompt": "hi"}
    huge = dict.fromkeys(("max_tokens", "input_tokens", "output_tokens"), 10**18)
    result = scan(pd.DataFrame([row | huge] * 300), ScanConfig(threads=1))
    assert result.population.exchanges == 300
    assert result.run.notes == {
        f"{name}: value of a wrong type or size, left empty": 300 for name in huge
    } | {UNDECLARED: 1, ONE_SOURCE: 1}


def test_one_exchange_is_enough_for_a_result() -> None:
    """The smallest log of all gives an empty result, not an error."""
    row = {"timestamp": "2026-03-02T10:00:00Z", "account_id": "a", "model": "m", "prompt": "hi"}
    result = scan(pd.DataFrame([row]), ScanConfig(threads=1))
    assert (result.population.exchanges, result.population.accounts) == (1, 1)
    assert not [*result.campaigns, *result.not_judged]


def test_a_log_without_usable_rows_is_an_error(small: Any, scanned: Any) -> None:
    """When every row is rejected the error says why."""
    empty = small.exchanges.slice(0, 0)
    with pytest.raises(InputError, match="no usable exchange"):
        scanned(empty)


def test_frames_of_all_kinds_agree(small: Any, scanned: Any) -> None:
    """Arrow, pandas, Polars and Ibis hold the same log, so the result is the same."""
    table = small.exchanges
    expected = concluded(scanned(table))
    assert concluded(scanned(table.to_pandas())) == expected
    assert concluded(scanned(pl.from_arrow(table))) == expected
    assert concluded(scanned(ibis.memtable(table))) == expected


def fragments(prompts: list[str]) -> set[str]:
    """Cut prompts into runs of letters and spaces that only they contain."""
    return {prompt[start : start + 24] for prompt in prompts for start in range(0, 160, 8)
            if len(prompt) >= start + 24}  # fmt: skip


def holds(text: str, pieces: set[str]) -> bool:
    """Say whether a text holds one of many fragments, which are 24 characters long."""
    return any(text[start : start + 24] in pieces for start in range(len(text) - 23))


def test_hash_only_keeps_no_text(evasive: Any, evasive_result: Any, scanned: Any) -> None:
    """No fragment of any prompt stands in the document or in a table."""
    members = pa.array(sorted(evasive.members()))
    own = evasive.exchanges.filter(pc.is_in(evasive.exchanges["account_id"], members))
    pieces = fragments(own["prompt"].unique().to_pylist())
    assert holds(render(evasive_result), pieces)
    result = scanned(evasive.exchanges, hash_only=True)
    assert [c.campaign_id for c in result.campaigns] == [
        c.campaign_id for c in evasive_result.campaigns
    ]
    said = render(result) + json.dumps(
        [table.to_pylist() for table in (result.accounts, result.links, result.daily)], default=str
    )
    assert not holds(said, pieces)


def test_excerpts_are_masked_openings(evasive_result: Any) -> None:
    """Shown templates are short, distinct, and hold no number, quotation or address."""
    templates = evasive_result.campaigns[0].facts.templates
    assert 0 < len(templates) <= 5
    assert len(set(templates)) == len(templates)
    for template in templates:
        assert len(template) <= 160
        assert not any(character.isdigit() for character in template)
        assert "://" not in template


def test_settings_do_not_show_the_key() -> None:
    """The key is left out of the settings' representation."""
    assert "kkkk" not in repr(ScanConfig(pseudonym_key=b"k" * 32))


@pytest.mark.parametrize(
    "setting", [{"false_discovery_rate": 0.0}, {"false_discovery_rate": 1.0},
                {"min_group_parties": 1}, {"seed": -1}, {"seed": 2**64}],
)  # fmt: skip
def test_settings_outside_their_range_are_refused(setting: dict[str, Any]) -> None:
    """Rates lie strictly between 0 and 1, and a group has at least two parties."""
    with pytest.raises(ValueError, match="must"):
        ScanConfig(**setting)


def test_one_wrong_clock_does_not_stretch_a_scan(small: Any, scanned: Any) -> None:
    """An exchange of another decade is left out and told; a gap of months costs no steps."""
    rows = small.exchanges.slice(0, 2)
    old = [datetime(2003, 1, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)]
    position = rows.schema.get_field_index("timestamp")
    stamps = pa.array(old, rows.schema.field("timestamp").type)
    ids = pa.array(["wrong-clock-1", "wrong-clock-2"])
    rows = rows.set_column(position, "timestamp", stamps)
    rows = rows.set_column(rows.schema.get_field_index("exchange_id"), "exchange_id", ids)
    result = scanned(pa.concat_tables([small.exchanges, rows]))
    assert result.population.exchanges == small.exchanges.num_rows + 1
    assert result.run.notes["exchange over 400 days before the last one, left out"] == 1
    assert 60 < result.population.days < 400
