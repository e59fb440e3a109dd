"""A member's own files: read, or refused in words that give no identifier away."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.share.blinding.carriers import read_identifiers
from phalanx.share.pool.scanned import read_groups

_ROWS = [("a1", "email", "Ada@Example.com"), ("a2", "phone", "no phone"), ("a1", "payment", " c ")]
_BIRTH, _OTHER = [{"key": "birth", "value": 1.0}], [{"key": "tarot", "value": 1.0}]
_shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def _written(folder: Path, form: str) -> Path:
    path = folder / f"identifiers.{form}"
    names = ["account_id", "kind", "value"]
    if form == "parquet":
        pq.write_table(pa.table(dict(zip(names, zip(*_ROWS, strict=True), strict=True))), path)
    elif form == "jsonl":
        lines = [
            "{" + ", ".join(f'"{n}": "{v}"' for n, v in zip(names, row, strict=True)) + "}\n"
            for row in _ROWS
        ]
        path.write_text("".join(lines))
    else:
        path.write_text("\n".join(",".join(row) for row in [tuple(names), *_ROWS]) + "\n")
    return path


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_marks_are_read_in_their_one_form(tmp_path: Path, form: str) -> None:
    """Each format gives the same marks, and what is none of its kind is counted."""
    read = read_identifiers(_written(tmp_path, form))
    assert read.by_account() == {"a1": {("email", "ada@example.com"), ("payment", "c")}}
    assert read.unusable == {"phone": 1}


@_shared_folder
@given(st.binary(max_size=200), st.sampled_from(["csv", "jsonl", "parquet"]))
def test_any_bytes_are_marks_or_refused(tmp_path: Path, content: bytes, form: str) -> None:
    """What is no table of identifiers is refused plainly."""
    path = tmp_path / f"any.{form}"
    path.write_bytes(content)
    with suppress(InputError):
        read_identifiers(path)


@_shared_folder
@given(st.binary(max_size=200))
def test_any_bytes_are_groups_or_refused(tmp_path: Path, content: bytes) -> None:
    """What is no table of groups is refused plainly."""
    path = tmp_path / "groups.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_groups(path)


@pytest.mark.parametrize(
    "columns",
    [
        {"parties": [], "log10_e_of_sources": [], "log10_e_honest": []},
        {"parties": [None], "log10_e_of_sources": [_BIRTH], "log10_e_honest": [1.0]},
        {"parties": [[["a"]]], "log10_e_of_sources": [None], "log10_e_honest": [1.0]},
        {"parties": [[["a"]]], "log10_e_of_sources": ["x"], "log10_e_honest": [1.0]},
        {"parties": [[["a"]]], "log10_e_of_sources": [1.0], "log10_e_honest": [1.0]},
        {"parties": [[["a"]]], "log10_e_of_sources": [_OTHER], "log10_e_honest": [1.0]},
        {"parties": [[["a"]]], "log10_e_of_sources": [_BIRTH]},
    ],
)
def test_tables_of_other_things_are_refused(tmp_path: Path, columns: dict[str, object]) -> None:
    """Columns that are missing, empty or of other types are refused with the next step."""
    path = tmp_path / "groups.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises(InputError) as caught:
        read_groups(path)
    assert "--for-pool" in caught.value.next_step
