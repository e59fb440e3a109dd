"""Identifiers: spelling, pseudonyms, keys."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import ConfigError
from phalanx.logs import ReadOptions, open_log
from phalanx.logs.addresses import canonical_address, subnet_of
from phalanx.logs.memo import Memo
from phalanx.logs.pseudonym import (
    PREFIXES,
    key_id,
    load_or_create_key,
    pseudonym,
    pseudonymiser,
    reveal,
)

KEY = bytes(range(32))
Row = Callable[..., dict[str, Any]]
Read = Callable[..., Any]


@given(st.binary(min_size=16, max_size=100), st.sampled_from(sorted(PREFIXES)), st.text())
def test_pseudonyms_are_hmac_sha256(key: bytes, column: str, value: str) -> None:
    """A pseudonym is the first half of an HMAC over a label and the value."""
    if not value.isprintable() or not value.isascii():
        value = value.encode(errors="replace").decode()
    message = b"phalanx pseudonym v1\0" + column.encode() + b"\0" + value.encode()
    expected = PREFIXES[column] + hmac.digest(key, message, "sha256").hex()[:32]
    assert pseudonym(key, column, value) == expected
    assert pseudonymiser(key, column)([value, None]) == [expected, None]


def test_columns_and_keys_are_apart() -> None:
    """One value has another pseudonym in each column and under each key."""
    ends = {pseudonym(KEY, column, "x")[-32:] for column in PREFIXES}
    assert len(ends) == len(PREFIXES)
    assert pseudonym(KEY, "account_id", "x") != pseudonym(bytes(32), "account_id", "x")


def test_unknown_columns_and_short_keys_are_faults() -> None:
    """Misuse is a `ValueError` that does not show the key."""
    with pytest.raises(ValueError, match="prompt has no pseudonyms"):
        pseudonym(KEY, "prompt", "x")
    with pytest.raises(ValueError, match="at least 16 bytes") as caught:
        pseudonym(b"short-key", "account_id", "x")
    assert "short-key" not in str(caught.value)


def test_reveal_finds_candidates() -> None:
    """Those who hold the key can test guesses; what no guess matches stays hidden."""
    hidden = [pseudonym(KEY, "account_id", name) for name in ("alice", "bob")]
    assert reveal(KEY, ["carol", "alice"], hidden) == {hidden[0]: "alice"}
    assert reveal(bytes(32), ["alice", "bob"], hidden) == {}
    assert reveal(KEY, ["alice"], hidden, column="organisation") == {}


def test_identifiers_leave_as_pseudonyms(row: Row, read: Read) -> None:
    """With a key no identifier leaves in clear, and equal ones stay equal."""
    columns = {
        "organisation": "Org",
        "conversation_id": "conv-1",
        "client_ip": "192.0.2.77",
        "payment_fingerprint": "card-1",
        "email_domain": "Ann@Example.org",
        "tls_fingerprint": "ja4",
        "asn": "64500",
    }
    rows = [row(0, **columns), row(1, **{**columns, "client_ip": "192.0.2.78"})]
    table, _ = read(pa.Table.from_pylist(rows), pseudonym_key=KEY)
    first, second = table.to_pylist()
    assert first["account_id"] == pseudonym(KEY, "account_id", "user-0")
    assert first["client_ip"] == pseudonym(KEY, "client_ip", "192.0.2.77")
    assert first["client_ip"] != second["client_ip"]
    assert first["client_subnet"] == pseudonym(KEY, "client_subnet", "192.0.2.0/24")
    assert first["client_subnet"] == second["client_subnet"]
    assert first["email_domain"] == pseudonym(KEY, "email_domain", "example.org")
    assert (first["tls_fingerprint"], first["asn"]) == ("ja4", "64500")
    for clear in ("user-0", "Org", "conv-1", "192.0.2", "card-1", "example"):
        assert clear not in str(table.drop_columns(["prompt"]).to_pylist())


def test_pseudonyms_do_not_depend_on_batches(row: Row) -> None:
    """However the rows are batched, each identifier has one pseudonym."""
    table = pa.Table.from_pylist([row(number % 7, organisation="o") for number in range(100)])
    results = []
    for size in (1, 9, 1000):
        log = open_log(table, ReadOptions(pseudonym_key=KEY, batch_rows=size))
        results.append(pa.Table.from_batches(list(log.batches()))["account_id"].to_pylist())
    assert results[0] == results[1] == results[2]


def test_the_key_is_shown_nowhere(
    row: Row, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the options, nor errors, nor logging show the key."""
    key = b"very-secret-key-of-32-bytes-long"
    options = ReadOptions(pseudonym_key=key, rejects_path=tmp_path / "rejects.jsonl")
    caplog.set_level(logging.DEBUG)
    log = open_log(pa.Table.from_pylist([row(0), row(1, timestamp="x")]), options)
    list(log.batches())
    shown = repr(options) + repr(vars(log)) + caplog.text
    shown += (tmp_path / "rejects.jsonl").read_text()
    assert "secret" not in shown
    assert "secret" not in key_id(key)
    assert key.hex() not in shown


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    """A key file holds 32 random bytes, belongs to its owner alone, and is kept."""
    path = tmp_path / "deep" / "key"
    key = load_or_create_key(path)
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create_key(path) == key
    assert load_or_create_key(tmp_path / "other") != key
    assert sorted(each.name for each in path.parent.iterdir()) == ["key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_keys_that_others_can_read_are_refused(mode: int, tmp_path: Path) -> None:
    """The message says how to put it right, and does not hold the key."""
    path = tmp_path / "key"
    path.write_bytes(b"A" * 32)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="can be read by others") as caught:
        load_or_create_key(path)
    assert caught.value.next_step == f"Run: chmod 600 {path}"
    assert "AAAA" not in caught.value.diagnostics()


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    """Files of another length, folders and pipes are no keys."""
    short = tmp_path / "short"
    short.write_bytes(b"too short")
    short.chmod(0o600)
    with pytest.raises(ConfigError, match="exactly 32 bytes"):
        load_or_create_key(short)
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    with pytest.raises(ConfigError):
        load_or_create_key(folder)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(ConfigError, match="not a regular file"):
        load_or_create_key(pipe)
    blocked = tmp_path / "short" / "key"
    with pytest.raises(ConfigError, match="cannot be read or made"):
        load_or_create_key(blocked)


@given(st.ip_addresses())
def test_addresses_have_one_spelling(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """Long and short spellings meet, and the network is the one of the address."""
    text = str(address)
    mapped = getattr(address, "ipv4_mapped", None)
    spelled = canonical_address(address.exploded)
    assert spelled is not None
    assert ipaddress.ip_address(spelled) == (mapped or address)
    assert canonical_address(spelled) == spelled == canonical_address(text)
    network = subnet_of(text)
    assert network is not None
    assert ipaddress.ip_address(spelled) in ipaddress.ip_network(network)
    assert ipaddress.ip_network(network).prefixlen == (24 if "." in spelled else 48)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("198.51.100.4:443", "198.51.100.4"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("198.51.100.4, 10.0.0.1", "198.51.100.4"),
        (" 198.51.100.4 ", "198.51.100.4"),
        ("localhost", None),
        ("1.2.3", None),
        ("256.1.1.1", None),
        ("1.2.3.4\0", None),
        ("", None),
    ],
)
def test_addresses_as_logged(text: str, address: str | None) -> None:
    """Ports, zones and forwarding chains are dropped; what is no address is null."""
    assert canonical_address(text) == address


@given(st.text(max_size=20))
def test_any_text_is_an_address_or_null(text: str) -> None:
    """No text makes the parsers fail."""
    assert (canonical_address(text) is None) == (subnet_of(text) is None)


def test_texts_that_are_no_address_are_left_empty(row: Row, read: Read) -> None:
    """The word unknown is nobody's address: it must not link those who have it."""
    rows = [row(0, client_ip="unknown"), row(1, client_ip="192.0.2.1"), row(2)]
    table, log = read(pa.Table.from_pylist(rows))
    assert table["client_ip"].to_pylist() == [None, "192.0.2.1", None]
    assert log.notes == {"client_ip: no IP address, left empty": 1}


_cells = st.none() | st.text(st.characters(codec="utf-8"), max_size=12)


@given(st.lists(st.lists(_cells, max_size=30), max_size=6), st.integers(1, 40))
def test_a_memo_is_its_function(columns: list[list[str | None]], capacity: int) -> None:
    """However little it may remember, a memo gives what the function gives."""

    def function(values: list[str]) -> list[str | None]:
        return [None if value.startswith("a") else value[::-1] * 2 for value in values]

    memo = Memo(function, capacity=capacity)
    for cells in columns:
        column = pa.array(["pad", *cells], pa.string()).slice(1)
        (result,) = memo.apply(column)
        result.validate(full=True)
        assert result.to_pylist() == [
            None if cell is None else function([cell])[0] for cell in cells
        ]


def test_a_memo_asks_once_for_each_text() -> None:
    """The function sees each distinct text once while it is remembered."""
    asked: list[str] = []

    def function(values: list[str]) -> list[str | None]:
        asked.extend(values)
        return list(values)

    memo = Memo(function)
    memo.apply(pa.array(["b", "a", "b"]))
    memo.apply(pa.array(["a", "c", "b"]))
    assert asked == ["b", "a", "c"]
