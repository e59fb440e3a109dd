"""Files that a scan is given beside the logs."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.cli import inputs
from phalanx.cli.inputs import (
    check_prices,
    parse_columns,
    read_grants,
    read_names,
    read_parties,
    read_prices,
)
from phalanx.errors import ConfigError, InputError, PhalanxError

GRANT = {
    "grant_id": "G-1",
    "purpose": "evaluation",
    "organisations": ["Evaluations Ltd"],
    "valid_from": "2026-01-01T00:00:00Z",
    "valid_until": "2026-12-31T00:00:00Z",
    "issued_by": "partnerships",
}


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_trusted_skips_comments_and_empty_lines(tmp_path: Path) -> None:
    """One name a line; what is no name is skipped."""
    path = _write(tmp_path, "trusted.txt", "# ours\nacme\n\n  beta  \n")
    assert read_names(path) == {"acme", "beta"}


def test_trusted_that_names_nobody_is_refused(tmp_path: Path) -> None:
    """An empty reference would silently mean the default one."""
    with pytest.raises(InputError, match="names no account"):
        read_names(_write(tmp_path, "trusted.txt", "# nobody\n"))


def test_parties(tmp_path: Path) -> None:
    """A CSV with a header maps accounts to parties; empty lines are skipped."""
    path = _write(tmp_path, "p.csv", 'account_id,party\na1,"Some, University"\n\na2,Other\n')
    assert read_parties(path) == {"a1": "Some, University", "a2": "Other"}


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """What spreadsheets put before the first character belongs to no name."""
    mark = "\ufeff"
    assert read_names(_write(tmp_path, "t.txt", f"{mark}acme\n")) == {"acme"}
    assert read_parties(_write(tmp_path, "p.csv", f"{mark}account_id,party\na,X\n")) == {"a": "X"}
    assert read_prices(_write(tmp_path, "p.json", f'{mark}{{"*": [1, 2]}}')) == {"*": (1.0, 2.0)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "row 1"),
        ("a1,Some\n", "header"),
        ("account_id,party\na1\n", "row 2"),
        ("account_id,party\na1,\n", "row 2"),
        ("account_id,party\na1,X\na1,Y\n", "another party"),
    ],
)
def test_parties_mistakes_are_told(tmp_path: Path, text: str, told: str) -> None:
    """A wrong line is told with its number."""
    with pytest.raises(InputError, match=told):
        read_parties(_write(tmp_path, "p.csv", text))


def test_grants_in_both_notations(tmp_path: Path) -> None:
    """JSON and TOML say the same."""
    toml = """
        [[grants]]
        grant_id = "G-1"
        purpose = "evaluation"
        organisations = ["Evaluations Ltd"]
        valid_from = 2026-01-01T00:00:00Z
        valid_until = 2026-12-31T00:00:00Z
        issued_by = "partnerships"
    """
    (from_json,) = read_grants(_write(tmp_path, "g.json", json.dumps([GRANT])))
    (from_toml,) = read_grants(_write(tmp_path, "g.toml", toml))
    assert from_json == from_toml
    assert from_json.organisations == ("Evaluations Ltd",)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"purpose": "anything"}, "purpose"),
        ({"issued_by": None}, "issued_by"),
        ({"valid_from": "2026-01-01T00:00:00"}, "time zone"),
        ({"valid_until": "2025-01-01T00:00:00Z"}, "not after"),
        ({"organisations": []}, "covers no account"),
        ({"organizations": ["X"]}, "organizations"),
    ],
)
def test_grant_mistakes_are_told(tmp_path: Path, change: dict[str, object], told: str) -> None:
    """A grant that does not mean what it says is refused."""
    path = _write(tmp_path, "g.json", json.dumps([GRANT | change]))
    with pytest.raises(InputError, match=told):
        read_grants(path)


def test_a_grant_that_stands_alone_is_told_how(tmp_path: Path) -> None:
    """One grant without a list around it is the likeliest mistake."""
    with pytest.raises(InputError, match="expected a list of grants"):
        read_grants(_write(tmp_path, "g.json", json.dumps(GRANT)))


@pytest.mark.parametrize("text", ["", "{", "[1]", '"x"', "[[]]", "[" * 100_000])
def test_grants_that_are_no_list_of_grants(tmp_path: Path, text: str) -> None:
    """Anything else is a told error, never a traceback."""
    with pytest.raises(InputError):
        read_grants(_write(tmp_path, "g.json", text))


def test_prices_in_both_notations(tmp_path: Path) -> None:
    """A price list is TOML or JSON, with or without the table `[prices]`."""
    expected = {"small": (0.1, 0.4), "*": (3.0, 15.0)}
    toml = '[prices]\nsmall = [0.1, 0.4]\n"*" = [3, 15]\n'
    assert read_prices(_write(tmp_path, "p.toml", toml)) == expected
    text = json.dumps({"small": [0.1, 0.4], "*": [3, 15]})
    assert read_prices(_write(tmp_path, "p.json", text)) == expected


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"*": 3},
        {"*": [3]},
        {"*": [3, -1]},
        {"*": ["3", "15"]},
        {"a": [1, 2]},
        [1],
        {"*": [True, 1]},
    ],
)
def test_wrong_prices_are_refused(table: object) -> None:
    """A price is two non-negative numbers, and there is a fallback."""
    with pytest.raises(ConfigError):
        check_prices(table, "phalanx.toml")


@pytest.mark.parametrize("pair", ["", "account_id", "account_id=", "=user.id"])
def test_wrong_column_pairs_are_refused(pair: str) -> None:
    """`--map` needs a column and a field."""
    with pytest.raises(ConfigError, match="column=field"):
        parse_columns([pair])


def test_column_mapped_twice_is_refused() -> None:
    """Of two mappings of one column, neither is silently dropped."""
    with pytest.raises(ConfigError, match="twice"):
        parse_columns(["prompt=a", "prompt=b"])


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(sorted(GRANT)) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(content=st.binary(max_size=200) | _VALUES.map(lambda value: json.dumps(value).encode()))
@pytest.mark.parametrize("read", [read_names, read_parties, read_grants, read_prices])
def test_any_bytes_are_read_or_told(
    read: object, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No file makes a reader fail in a way that was not meant."""
    assert callable(read)
    path = tmp_path_factory.mktemp("fuzz") / "file.json"
    path.write_bytes(content)
    with suppress(PhalanxError):
        read(path)


@pytest.mark.parametrize("read", [read_names, read_parties, read_grants, read_prices])
def test_a_file_without_end_is_not_read_to_it(
    read: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told by its size."""
    monkeypatch.setattr(inputs, "_MOST_BYTES", 1_000)
    with pytest.raises(InputError, match="more than 1,000 bytes"):
        read(Path("/dev/zero"))


@pytest.mark.parametrize("read", [read_names, read_parties, read_grants, read_prices])
def test_absent_file_is_told(read: object, tmp_path: Path) -> None:
    """A path that leads nowhere is named."""
    assert callable(read)
    with pytest.raises(InputError, match=r"absent\.txt"):
        read(tmp_path / "absent.txt")
